//! `kubectl exec` without a shell: command lines split, variables filled in, pipes
//! and `;`, `&&`, `||` followed, a handful of commands known.

use trustwalk_lab_cluster::ExecResult;

use super::{
    exec, filework,
    inside::{Shell, failed},
};

/// Most commands taken from one line or script; a script beyond it is a mistake.
const MOST_COMMANDS: usize = 200;
/// What stands between two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    Pipe,
    And,
    Or,
    Then,
}

impl Shell<'_> {
    /// Runs a command as the runtime would exec it.
    pub(super) fn run(&self, command: &[String], stdin: Option<Vec<u8>>) -> ExecResult {
        let Some((program, rest)) = command.split_first() else {
            return failed("no command\n", 126);
        };
        let name = program.rsplit('/').next().unwrap_or(program);
        if !matches!(name, "sh" | "bash" | "ash") {
            return exec::command(self, name, rest, &stdin.unwrap_or_default());
        }
        let script = rest.iter().skip_while(|word| !is_c(word)).nth(1);
        match script {
            Some(script) => self.script(script),
            None => self.script(&String::from_utf8_lossy(&stdin.unwrap_or_default())),
        }
    }

    fn script(&self, script: &str) -> ExecResult {
        let mut all = ExecResult::default();
        let (mut skip, mut strict) = (false, false);
        let mut stdin = Vec::new();
        for (words, joint) in self.split(script).into_iter().take(MOST_COMMANDS) {
            if skip {
                skip = matches!(joint, Joint::And | Joint::Or | Joint::Pipe);
                continue;
            }
            let Some((program, rest)) = words.split_first() else {
                continue;
            };
            if program == "exit" {
                all.code = rest.first().and_then(|code| code.parse().ok()).unwrap_or(all.code);
                return all;
            }
            if program == "set" {
                strict |= rest.iter().any(|word| word.starts_with('-') && word.contains('e'));
                continue;
            }
            // A loop or a condition is more than this shell understands: a program is in it from here on.
            if self.program.is_some() && KEYWORDS.contains(&program.as_str()) {
                self.stays.set(self.program == Some(true));
                return all;
            }
            let (program, rest) = match (program.as_str(), rest.split_first()) {
                ("exec", Some((program, rest))) => (program, rest),
                _ => (program, rest),
            };
            let name = program.rsplit('/').next().unwrap_or(program);
            let quiet = rest.iter().any(|word| word == "2>/dev/null");
            let merged = rest.iter().any(|word| word == "2>&1");
            let (rest, target) = redirected(rest);
            let mut result = exec::command(self, name, &rest, &stdin);
            stdin = Vec::new();
            if merged {
                result.stdout.append(&mut result.stderr);
            }
            if !quiet {
                all.stderr.append(&mut result.stderr);
            }
            if let Some((path, append)) = target {
                let data = std::mem::take(&mut result.stdout);
                if let Err(why) = filework::write(self, &path, data, append) {
                    all.stderr.extend(format!("sh: can't create {path}: {why}\n").into_bytes());
                    result.code = 1;
                }
            }
            all.code = result.code;
            if joint == Joint::Pipe {
                stdin = result.stdout;
            } else {
                all.stdout.append(&mut result.stdout);
            }
            skip = match joint {
                Joint::And => result.code != 0,
                Joint::Or => result.code == 0,
                Joint::Pipe | Joint::Then => false,
            };
            if self.stays.get() || (strict && result.code != 0 && joint == Joint::Then) {
                return all;
            }
        }
        all
    }

    /// Commands with what follows each.
    fn split(&self, script: &str) -> Vec<(Vec<String>, Joint)> {
        let mut commands = Vec::new();
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut letters = script.chars().peekable();
        let mut quote: Option<char> = None;
        while let Some(letter) = letters.next() {
            match (quote, letter) {
                (Some(open), close) if open == close => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(letter);
                    word.get_or_insert_default();
                }
                (None | Some('"'), '$') => {
                    let braced = letters.next_if_eq(&'{').is_some();
                    let mut name = String::new();
                    while let Some(part) = letters.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                        name.push(part);
                    }
                    if braced {
                        letters.next_if_eq(&'}');
                    }
                    let value = self.container.env.get(&name).map_or("", String::as_str);
                    word.get_or_insert_default().push_str(value);
                }
                (None, '|' | '&' | ';' | '\n') if !(letter == '&' && ends_redirect(word.as_ref())) => {
                    words.extend(word.take());
                    let double = letters.next_if_eq(&letter).is_some();
                    let joint = match (letter, double) {
                        ('|', false) => Joint::Pipe,
                        ('|', true) => Joint::Or,
                        ('&', true) => Joint::And,
                        _ => Joint::Then,
                    };
                    commands.push((std::mem::take(&mut words), joint));
                }
                (None, space) if space.is_whitespace() => words.extend(word.take()),
                (_, other) => word.get_or_insert_default().push(other),
            }
        }
        words.extend(word);
        commands.push((words, Joint::Then));
        commands
    }
}

/// Words of compound commands (POSIX, "Shell Command Language").
const KEYWORDS: [&str; 7] = ["while", "until", "for", "if", "case", "{", "("];

/// The words without redirections, and the file that standard output goes to, with whether it is appended to.
fn redirected(words: &[String]) -> (Vec<String>, Option<(String, bool)>) {
    let (mut kept, mut target) = (Vec::new(), None);
    let mut words = words.iter().filter(|word| !word.starts_with("2>"));
    while let Some(word) = words.next() {
        let Some(path) = word.strip_prefix('>') else {
            kept.push(word.clone());
            continue;
        };
        let (append, path) = path.strip_prefix('>').map_or((false, path), |path| (true, path));
        let path = if path.is_empty() { words.next().map_or("", String::as_str) } else { path };
        target = Some((path.to_owned(), append));
    }
    (kept, target)
}

/// `2>` before the `&` of `2>&1`.
fn ends_redirect(word: Option<&String>) -> bool {
    word.is_some_and(|word| word.ends_with('>'))
}

/// `-c`, also as `-lc` or `-ec`.
fn is_c(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}
