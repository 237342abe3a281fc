//! The commands of `kubectl exec`: what somebody troubleshooting types.

use std::fmt::Write as _;

use trustwalk_lab_cluster::{ExecResult, json as j};

use super::{
    archive, aws,
    files::{Entry, File},
    filework,
    inside::{Shell, failed, printed, reason},
};

/// Lines `head` and `tail` print unless told otherwise (POSIX).
const DEFAULT_LINES: usize = 10;

/// Runs one command.
pub(super) fn command(shell: &Shell<'_>, name: &str, arguments: &[String], stdin: &[u8]) -> ExecResult {
    let container = shell.container;
    match name {
        "cat" => each(shell, "cat", arguments, stdin, |data, _| data),
        "head" => cut(shell, "head", arguments, stdin),
        "tail" => cut(shell, "tail", arguments, stdin),
        "grep" => grep(shell, arguments, stdin),
        "ls" => ls(shell, arguments),
        "stat" => stat(shell, arguments),
        "env" | "printenv" => env(shell, arguments),
        "id" => {
            let user = &container.user;
            let mut groups = vec![user.gid];
            groups.extend(user.groups.iter().copied().filter(|group| *group != user.gid));
            let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
            printed(format!("uid={} gid={} groups={}\n", user.uid, user.gid, groups.join(",")))
        }
        "whoami" if container.user.uid == 0 => printed("root\n"),
        "whoami" => failed(&format!("whoami: cannot find name for user ID {}\n", container.user.uid), 1),
        "echo" => printed(format!("{}\n", arguments.join(" "))),
        "date" => printed(format!("{}\n", shell.now.strftime("%a %b %e %H:%M:%S UTC %Y"))),
        "wc" => each(shell, "wc", arguments, stdin, |data, _| {
            let lines = data.split(|byte| *byte == b'\n').count().saturating_sub(1);
            format!("{lines}\n").into_bytes()
        }),
        "true" | ":" | "cd" | "export" | "trap" | "wait" => ExecResult::default(),
        "false" => failed("", 1),
        "pwd" => printed("/\n"),
        "hostname" => printed(format!("{}\n", j::name(shell.pod.object()))),
        // Time passes at once, but for a program that has nothing else to do.
        "sleep" if shell.program.is_none() => ExecResult::default(),
        "test" | "[" => filework::test(shell, arguments),
        "touch" | "mkdir" | "rm" => filework::change(shell, name, arguments),
        "tar" => archive::run(shell, arguments, stdin),
        "aws" => aws::run(shell, arguments),
        _ => shell.unknown(name),
    }
}

/// Applies a filter to every file named, or to standard input.
fn each(
    shell: &Shell<'_>,
    name: &str,
    arguments: &[String],
    stdin: &[u8],
    filter: impl Fn(Vec<u8>, &str) -> Vec<u8>,
) -> ExecResult {
    let paths: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    if paths.is_empty() {
        return printed(filter(stdin.to_vec(), ""));
    }
    let mut result = ExecResult::default();
    for path in paths {
        let container = shell.container;
        match container.files.read(path, &container.user) {
            Ok(data) => result.stdout.extend(filter(data, path)),
            Err(error) => {
                let directory = matches!(container.files.entry(path), Some(Entry::Directory));
                let why = if directory { "Is a directory" } else { reason(error) };
                result.stderr.extend(format!("{name}: {path}: {why}\n").into_bytes());
                result.code = 1;
            }
        }
    }
    result
}

/// `head` and `tail`, by lines (`-n N`, `-N`) or bytes (`-c N`).
fn cut(shell: &Shell<'_>, name: &str, arguments: &[String], stdin: &[u8]) -> ExecResult {
    let mut amount = DEFAULT_LINES;
    let mut bytes = false;
    let mut paths = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            paths.push(word.clone());
            continue;
        };
        bytes |= flag.starts_with('c');
        let number = flag.trim_start_matches(['n', 'c', '=']);
        let number = match number {
            "" if flag.starts_with(['n', 'c']) => words.next().map_or("", String::as_str),
            given => given,
        };
        if let Ok(number) = number.trim_start_matches('+').parse() {
            amount = number;
        }
    }
    let tail = name == "tail";
    each(shell, name, &paths, stdin, |data, _| {
        if bytes {
            let skip = if tail { data.len().saturating_sub(amount) } else { 0 };
            return data.into_iter().skip(skip).take(amount).collect();
        }
        let lines: Vec<&[u8]> = data.split_inclusive(|byte| *byte == b'\n').collect();
        let skip = if tail { lines.len().saturating_sub(amount) } else { 0 };
        lines.into_iter().skip(skip).take(amount).flatten().copied().collect()
    })
}

/// `grep` for plain text; `-E` splits alternatives at `|`.
fn grep(shell: &Shell<'_>, arguments: &[String], stdin: &[u8]) -> ExecResult {
    let mut words = arguments.iter().filter(|word| !word.starts_with('-'));
    let Some(pattern) = words.next() else {
        return failed("usage: grep [OPTION]... PATTERN [FILE]...\n", 2);
    };
    let has = |flag| arguments.iter().any(|a| a.starts_with('-') && !a.starts_with("--") && a.contains(flag));
    let (fold, invert, count) = (has('i'), has('v'), has('c'));
    let case = |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
    let wanted: Vec<String> = if has('E') { pattern.split('|').map(case).collect() } else { vec![case(pattern)] };
    let paths: Vec<String> = words.cloned().collect();
    let mut result = each(shell, "grep", &paths, stdin, |data, _| {
        let text = String::from_utf8_lossy(&data);
        let found: Vec<&str> = text
            .lines()
            .filter(|line| {
                let line = case(line);
                wanted.iter().any(|part| line.contains(part)) != invert
            })
            .collect();
        if count {
            return format!("{}\n", found.len()).into_bytes();
        }
        found.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
    });
    if result.code == 0 && result.stdout.is_empty() {
        result.code = 1;
    }
    result
}

fn letters(file: &File) -> String {
    let mut text = String::from("-");
    for (bit, letter) in
        [0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001].into_iter().zip("rwxrwxrwx".chars())
    {
        text.push(if file.mode & bit == 0 { '-' } else { letter });
    }
    text
}

fn owner(id: i64) -> String {
    if id == 0 { "root".into() } else { id.to_string() }
}

fn long(name: &str, entry: &Entry) -> String {
    match entry {
        Entry::Directory => format!("drwxr-xr-x 2 root root 4096 {name}\n"),
        Entry::File(file) => format!(
            "{} 1 {} {} {} {} {name}\n",
            letters(file),
            owner(file.uid),
            owner(file.gid),
            file.data.len(),
            file.modified.strftime("%b %e %H:%M")
        ),
    }
}

fn ls(shell: &Shell<'_>, arguments: &[String]) -> ExecResult {
    let detailed = arguments.iter().any(|a| a.starts_with('-') && a.contains('l'));
    let mut paths: Vec<&str> = arguments.iter().filter(|a| !a.starts_with('-')).map(String::as_str).collect();
    if paths.is_empty() {
        paths.push("/");
    }
    let files = &shell.container.files;
    let mut result = ExecResult::default();
    let mut show = |name: &str, entry: &Entry| {
        let line = if detailed { long(name, entry) } else { format!("{name}\n") };
        result.stdout.extend(line.into_bytes());
    };
    let mut missing = String::new();
    for path in paths {
        match files.entry(path) {
            Some(Entry::Directory) => {
                for name in files.names(path) {
                    let below = format!("{path}/{name}");
                    show(&name, &files.entry(&below).unwrap_or(Entry::Directory));
                }
            }
            Some(file) => show(path, &file),
            None => {
                // Writing into a String does not fail.
                let _ = writeln!(missing, "ls: cannot access '{path}': No such file or directory");
            }
        }
    }
    if !missing.is_empty() {
        result.stderr = missing.into_bytes();
        result.code = 2;
    }
    result
}

/// `stat`, with `-c FORMAT` for the usual letters.
fn stat(shell: &Shell<'_>, arguments: &[String]) -> ExecResult {
    let mut format = None;
    let mut paths = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "-c" {
            format = words.next().cloned();
        } else if let Some(given) = word.strip_prefix("--format=") {
            format = Some(given.to_owned());
        } else if !word.starts_with('-') {
            paths.push(word);
        }
    }
    let mut result = ExecResult::default();
    for path in paths {
        let Some(entry) = shell.container.files.entry(path) else {
            let line = format!("stat: cannot statx '{path}': No such file or directory\n");
            result.stderr.extend(line.into_bytes());
            result.code = 1;
            continue;
        };
        let (kind, mode, uid, gid, size, time) = match &entry {
            Entry::Directory => ("directory", 0o755, 0, 0, 4096, shell.now),
            Entry::File(file) => ("regular file", file.mode, file.uid, file.gid, file.data.len(), file.modified),
        };
        let line = match &format {
            Some(format) => format
                .replace("%a", &format!("{mode:o}"))
                .replace("%u", &uid.to_string())
                .replace("%g", &gid.to_string())
                .replace("%U", &owner(uid))
                .replace("%G", &owner(gid))
                .replace("%s", &size.to_string())
                .replace("%F", kind)
                .replace("%Y", &time.as_second().to_string())
                .replace("%n", path),
            None => format!(
                "  File: {path}\n  Size: {size}\t{kind}\nAccess: (0{mode:o})  Uid: ({uid}/{})   Gid: \
                 ({gid}/{})\nModify: {time}",
                owner(uid),
                owner(gid)
            ),
        };
        result.stdout.extend(format!("{line}\n").into_bytes());
    }
    result
}

fn env(shell: &Shell<'_>, arguments: &[String]) -> ExecResult {
    let env = &shell.container.env;
    let Some(name) = arguments.iter().find(|word| !word.starts_with('-')) else {
        let all: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        return printed(all.concat());
    };
    match env.get(name) {
        Some(value) => printed(format!("{value}\n")),
        None => failed("", 1),
    }
}
