//! Reports as they look on terminals: kept for a reviewer, row by row; colour, signs and pager as they are asked for.
//! `TRUSTWALK_WRITE` rewrites what is kept.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::screen::{Screen, on_screen, usual};
use crate::support::{LabProcess, trustwalk};
use serde_json::json;
use trustwalk_testkit::Scenario;

/// The founding story and nine other faults, one of each kind of report.
const KEPT: [&str; 10] = [
    "thumbprint-mismatch/violated-library",
    "annotation-missing-on-service-account/violated",
    "wildcard-with-stringequals/violated",
    "audience-not-in-provider-client-ids/violated",
    "gha-sub-environment-vs-ref/violated",
    "app-configured-for-another-credential-source/violated",
    "app-does-not-refresh-session-credentials/violated",
    "thumbprint-mismatch/violated-provider-unread",
    "annotation-key-wrong/undetermined",
    "association-outranked-by-annotation/warning-not-yet",
];
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 24)];
/// Rows of a terminal that are left to a report: the last one is the prompt's.
const ROOM: usize = 23;
/// Thumbprints that the scenarios name; the others are of certificates made on the spot.
const OURS: [&str; 2] = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280", "6938fd4d98bab03faadb97b34396831e3780aea1"];
/// Digits in a row that are taken for a thumbprint, or what is left of one.
const DIGITS: usize = 7;
/// Signs that stand for what is veiled, at most.
const VEIL: usize = 16;

fn bundle(dir: &Path, scenarios: &[&str]) -> PathBuf {
    let evidence: Vec<_> = scenarios
        .iter()
        .map(|name| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/causes").join(name).with_extension("toml");
            Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap().evidence().unwrap()
        })
        .collect();
    let path = dir.join("bundle.json");
    let document = json!({"version": 1, "tool": "trustwalk", "evidence": evidence});
    std::fs::write(&path, document.to_string()).unwrap();
    path
}

fn diagnose(dir: &Path, words: &[&str]) -> Command {
    let mut command = trustwalk();
    command.args(["diagnose", "--bundle", "bundle.json"]).args(words).current_dir(dir);
    usual(&mut command);
    command
}

/// `#` for the digits of thumbprints that are others in each run.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() || c == '\u{2026}' {
            run.push(c);
            continue;
        }
        let digits = run.chars().filter(char::is_ascii_hexdigit).count();
        let numbers = run.chars().any(|c| c.is_ascii_digit());
        let of_ours = |t: &&str| run.split('\u{2026}').all(|part| t.contains(part));
        if digits >= DIGITS && numbers && run.chars().count() > 12 && !OURS.iter().any(of_ours) {
            out.extend(run.chars().map(|c| if c.is_ascii_hexdigit() { '#' } else { c }));
        } else {
            out.push_str(&run);
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// What changes from run to run and keeps its length: digits of times and ports.
fn timeless(text: &str) -> String {
    let veiled = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let time = digits >= 6 && word.contains(':') && word.ends_with('Z');
        let day = digits == 8 && word.matches('-').count() == 2;
        let port = word.contains("127.0.0.1:");
        if time || day || port { word.replace(|c: char| c.is_ascii_digit(), "#") } else { word.to_owned() }
    };
    text.split(' ').map(veiled).collect::<Vec<_>>().join(" ")
}

/// Compares what is shown with what is kept, or keeps it anew; what is stale, whole.
fn keep(name: &str, made: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(name).with_extension("txt");
    if std::env::var_os("TRUSTWALK_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    (made != kept).then(|| format!("{}\n{made}", path.display()))
}

/// The rows, with what changes from run to run veiled, and without who did it from where. What goes on in the next
/// row is veiled before it is broken again: only whole values can be told from others.
fn lines_of(screen: &Screen, columns: usize) -> Vec<String> {
    let mut whole: Vec<String> = vec![String::new()];
    for (row, wraps) in screen.rows.iter().zip(&screen.wrapped) {
        let line = whole.last_mut().unwrap();
        if *wraps {
            write!(line, "{row:<columns$}").unwrap();
        } else {
            line.push_str(row);
            whole.push(String::new());
        }
    }
    whole.pop();
    let by = |line: &String| line.starts_with("    by:");
    let from = whole.iter().position(by).unwrap_or(whole.len());
    let to = whole.iter().position(|line| line.starts_with("    where:")).unwrap_or(from);
    whole.drain(from..to.max(from));
    // A number that begins with a zero is shorter by it.
    let veiled = |line: &String| {
        let mut out: Vec<char> = Vec::new();
        for c in steady(&timeless(line)).chars() {
            if c != '#' || out.iter().rev().take(VEIL).any(|before| *before != '#') || out.len() < VEIL {
                out.push(c);
            }
        }
        out
    };
    let veiled = whole.iter().map(veiled);
    let rows = veiled.flat_map(|line| match line.as_slice() {
        [] => vec![String::new()],
        line => line.chunks(columns).map(|row| row.iter().collect()).collect(),
    });
    rows.collect()
}

/// A command on two terminals, as it is kept under this name.
fn looks(name: &str, command: impl Fn() -> Command) -> Option<String> {
    let mut made = String::new();
    for size in [SIZES[0], SIZES[2]] {
        let screen = on_screen(usual(&mut command()), size, "");
        let rows = lines_of(&screen, size.0.into());
        writeln!(made, "--- {} columns, {} rows, exit {:?}", size.0, rows.len(), screen.code.unwrap()).unwrap();
        writeln!(made, "{}", rows.join("\n")).unwrap();
    }
    keep(name, &made)
}

#[test]
fn the_engines_look_on_terminals_as_they_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
        "Condition": {"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:acme/shop:*"}}}]});
    std::fs::write(dir.path().join("policy.json"), policy.to_string()).unwrap();
    let log = "2026-11-23T10:00:03Z starting\n2026-11-23T10:00:04Z ERROR InvalidIdentityToken: OpenIDConnect \
               provider's HTTPS certificate doesn't match configured thumbprint\n2026-11-23T10:00:05Z ERROR \
               AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\n";
    std::fs::write(dir.path().join("app.log"), log).unwrap();
    let issuer = ["--issuer", "https://token.actions.githubusercontent.com"];
    let trust = [&["trust", "policy.json", "--subject", "repo:acme/shop:ref:refs/heads/main"], &issuer[..]].concat();
    let cases: [(&str, &[&str]); 5] = [
        ("trust", &trust),
        ("logs", &["logs", "app.log"]),
        ("explain-text", &["explain", "Not authorized to perform sts:AssumeRoleWithWebIdentity"]),
        ("explain-code", &["explain", "tw22"]),
        ("explain-unknown", &["explain", "TW999"]),
    ];
    let command = |words: &[&str]| {
        let mut command = trustwalk();
        command.args(words).current_dir(dir.path());
        command
    };
    let stale: Vec<String> = cases.iter().filter_map(|(name, words)| looks(name, || command(words))).collect();
    assert!(stale.is_empty(), "these look otherwise than they are kept:\n{}", stale.join("\n"));
}

#[test]
fn reports_look_on_three_terminals_as_they_are_kept() {
    let mut stale = Vec::new();
    for name in KEPT {
        let dir = tempfile::tempdir().unwrap();
        bundle(dir.path(), &[name]);
        let mut made = String::new();
        for (columns, rows) in SIZES {
            let screen = on_screen(&mut diagnose(dir.path(), &[]), (columns, rows), "");
            if columns >= 80 {
                assert!(screen.rows.len() <= ROOM, "{name} has {} rows:\n{}", screen.rows.len(), screen.text());
            }
            writeln!(made, "--- {columns} columns, {} rows\n{}", screen.rows.len(), steady(&screen.text())).unwrap();
        }
        stale.extend(keep(&name.replace('/', "-"), &made));
    }
    assert!(stale.is_empty(), "these look otherwise than they are kept:\n{}", stale.join("\n"));
}

#[test]
fn many_identities_fit_a_terminal_too() {
    let dir = tempfile::tempdir().unwrap();
    // Who has no identity is not told among those who have one.
    let all: Vec<&str> = KEPT.into_iter().filter(|name| !name.contains("annotation-")).cycle().take(40).collect();
    bundle(dir.path(), &all);
    let screen = on_screen(&mut diagnose(dir.path(), &[]), (80, 24), "");
    assert!(screen.rows.len() <= ROOM, "{} rows:\n{}", screen.rows.len(), screen.text());
    assert!(screen.rows.iter().rev().take(4).any(|r| r.starts_with("Next: ")), "{}", screen.text());
}

fn shown(command: &mut Command) -> Screen {
    on_screen(command, (80, 24), "")
}

/// Words, variables, whether on a terminal, and whether coloured then.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], bool, bool);

#[test]
fn colour_is_there_where_it_is_asked_for_and_of_the_sixteen() {
    let dir = tempfile::tempdir().unwrap();
    bundle(dir.path(), &[KEPT[0]]);
    let coloured = |words: &[&str], set: &[(&str, &str)], terminal: bool| {
        let mut command = diagnose(dir.path(), words);
        command.envs(set.iter().copied());
        let bytes = if terminal { shown(&mut command).bytes } else { command.output().unwrap().stdout };
        bytes.contains(&0x1b)
    };
    let cases: [Case; 12] = [
        (&[], &[], true, true),
        (&[], &[], false, false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], true, false),
        (&["--color", "always"], &[("NO_COLOR", "1")], false, true),
        (&[], &[("NO_COLOR", "1")], true, false),
        (&[], &[("NO_COLOR", "")], true, true),
        (&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false, false),
        (&[], &[("CLICOLOR", "0")], true, false),
        (&[], &[("CLICOLOR_FORCE", "1")], false, true),
        (&[], &[("CLICOLOR_FORCE", "0")], false, false),
        (&[], &[("TERM", "dumb")], true, false),
        (&["--color=auto"], &[], true, true),
    ];
    for (words, set, terminal, wanted) in cases {
        assert_eq!(coloured(words, set, terminal), wanted, "{words:?} {set:?} {terminal}");
    }
    // White, black and what is only dim are not read on every background.
    let bytes = shown(&mut diagnose(dir.path(), &["-v"])).bytes;
    let text = String::from_utf8(bytes).unwrap();
    for code in text.split('\u{1b}').skip(1).filter_map(|rest| rest.strip_prefix('[')?.split_once('m')) {
        assert!(["0", "1", "31", "32", "33", "36"].contains(&code.0), "{:?}", code.0);
    }
}

#[test]
fn a_locale_without_utf_8_gets_ascii() {
    let dir = tempfile::tempdir().unwrap();
    bundle(dir.path(), &[KEPT[0]]);
    let cases: [(&[(&str, &str)], bool); 6] = [
        (&[("LC_ALL", "C")], true),
        (&[("LC_CTYPE", "POSIX")], true),
        (&[("LANG", "de_DE.ISO-8859-1@euro")], true),
        (&[("LC_ALL", "en_US.utf8"), ("LANG", "C")], false),
        (&[("LC_ALL", ""), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C")], false),
        (&[], false),
    ];
    for (set, ascii) in cases {
        let screen = shown(diagnose(dir.path(), &[]).envs(set.iter().copied()));
        assert_eq!(screen.bytes.is_ascii(), ascii, "{set:?}: {}", screen.text());
    }
}

#[test]
fn what_is_longer_than_the_terminal_goes_through_the_pager() {
    let dir = tempfile::tempdir().unwrap();
    bundle(dir.path(), &[KEPT[0]]);
    let through = "echo paged with $LESS; cat >/dev/null";
    let paged = |words: &[&str], set: &[(&str, &str)]| {
        let screen = shown(diagnose(dir.path(), words).envs(set.iter().copied()));
        screen.text().contains("paged with FRX")
    };
    assert!(paged(&["-v"], &[("TRUSTWALK_PAGER", through)]));
    assert!(paged(&["-v"], &[("TRUSTWALK_PAGER", ""), ("PAGER", through)]));
    assert!(!paged(&[], &[("TRUSTWALK_PAGER", through)]), "it fits");
    assert!(!paged(&["-v", "--no-pager"], &[("TRUSTWALK_PAGER", through)]));
    assert!(!paged(&["-v", "-o", "json"], &[("TRUSTWALK_PAGER", through)]));
    let piped = diagnose(dir.path(), &["-v"]).env("TRUSTWALK_PAGER", through).output().unwrap();
    assert!(!String::from_utf8(piped.stdout).unwrap().contains("paged"));
    let gone = shown(diagnose(dir.path(), &["-v"]).env("TRUSTWALK_PAGER", "no-such-pager"));
    assert!(gone.last().starts_with("Next: "), "{}", gone.text());
}

#[test]
fn wide_signs_do_not_move_a_column() {
    let dir = tempfile::tempdir().unwrap();
    let path = bundle(dir.path(), &[KEPT[0], KEPT[2]]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"name\":\"aws-node\"", "\"name\":\"\u{5be9}\u{67fb}\u{5be9}\"", 1)).unwrap();
    let screen = shown(&mut diagnose(dir.path(), &[]));
    let columns: Vec<usize> = screen
        .rows
        .iter()
        .filter_map(|row| row.strip_prefix("  \u{d7} ")?.split_once(" TW"))
        .map(|(target, _)| trustwalk_render::columns(target))
        .collect();
    assert_eq!(columns.len(), 2, "{}", screen.text());
    assert_eq!(columns.first(), columns.last(), "{}", screen.text());
}

#[test]
fn a_fix_on_a_terminal_asks_and_only_yes_applies() {
    let lab = LabProcess::up(&["--broken"]);
    let target = ["daemonset/aws-node", "-n", "kube-system"];
    let run = |words: &[&str], typed: &str| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        command.args(words).args(target);
        on_screen(usual(&mut command), (80, 24), typed)
    };
    let calls = String::from_utf8(lab.trustwalk(&[&["diagnose", "-vv"], &target[..]].concat()).stdout).unwrap();
    assert!(calls.contains("Calls made: ") && calls.contains("sts:GetCallerIdentity"), "{calls}");
    let json = lab.trustwalk(&[&["diagnose", "-o", "json"], &target[..]].concat()).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    for (what, name) in
        [("context", "lab"), ("cluster", "harbour"), ("account", "111122223333"), ("region", "us-west-2")]
    {
        let looked = json!({"what": what, "name": name});
        assert!(json[0]["looked"].as_array().unwrap().contains(&looked), "{what}: {}", json[0]["looked"]);
    }
    shows_what_the_readme_says("diagnose daemonset/aws-node -n kube-system", &run(&["diagnose"], ""));
    let refused = run(&["fix"], "y\n");
    assert_eq!(refused.code, Some(3), "{}", refused.text());
    assert!(refused.text().contains("Only `yes`"), "{}", refused.text());
    assert!(refused.text().contains("No changes were made"), "{}", refused.text());
    assert!(refused.last().starts_with("Next: trustwalk fix daemonset/aws-node"), "{}", refused.text());
    let mut piped = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
    let out = piped.arg("fix").args(target).output().unwrap();
    assert_eq!(out.status.code(), Some(3));
    assert!(!String::from_utf8(out.stdout).unwrap().contains("Only `yes`"));
    let done = run(&["fix", "--receipt", "r.json"], "yes\n");
    assert_eq!(done.code, Some(0), "{}", done.text());
    let receipt = done.rows.iter().rev().find(|r| !r.starts_with(' '));
    assert!(receipt.is_some_and(|r| r.starts_with("Ok: ")), "{}", done.text());
    shows_what_the_readme_says("fix daemonset/aws-node -n kube-system", &done);
    others_look_as_they_are_kept(&lab);
}

/// What the README says that a command shows on a terminal of 80 columns; `…` stands for what is other each time, and
/// on a line of its own for lines.
fn told_by_the_readme(command: &str) -> Vec<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let sample = page.split("\n## What it looks like\n\n```\n").nth(1).unwrap().split("```").next().unwrap();
    let parts = sample.split("$ trustwalk ").find_map(|part| part.strip_prefix(command)?.strip_prefix('\n'));
    parts.unwrap_or_else(|| panic!("no `{command}`")).lines().map(str::to_owned).collect()
}

/// Whether a row is as it is told.
fn as_told(row: &str, told: &str) -> bool {
    let mut parts = told.split('\u{2026}');
    let Some(mut rest) = row.strip_prefix(parts.next().unwrap()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let found = if parts.peek().is_none() { rest.strip_suffix(part).map(|_| "") } else { after(rest, part) };
        let Some(left) = found else { return false };
        rest = left;
    }
    rest.is_empty()
}

fn after<'t>(text: &'t str, part: &str) -> Option<&'t str> {
    text.split_once(part).map(|(_, rest)| rest)
}

fn shows_what_the_readme_says(command: &str, screen: &Screen) {
    let mut rows = screen.rows.iter();
    let mut skips = false;
    for told in told_by_the_readme(command) {
        if told.trim() == "\u{2026}" {
            skips = true;
            continue;
        }
        let found =
            if skips { rows.any(|row| as_told(row, &told)) } else { rows.next().is_some_and(|r| as_told(r, &told)) };
        assert!(found, "README.md has `{told}`, which is not what {command} shows:\n{}", screen.text());
        skips = false;
    }
    assert!(rows.next().is_none() || skips, "README.md leaves out the end of {command}:\n{}", screen.text());
}

/// What is shown of the account, and after a repair.
fn others_look_as_they_are_kept(lab: &LabProcess) {
    let issuer = "https://token.actions.githubusercontent.com";
    let cases: [(&str, &[&str]); 4] = [
        ("thumbprint", &["thumbprint", issuer]),
        ("access", &["access"]),
        ("receipts", &["receipts"]),
        ("rollback", &["rollback", "r.json"]),
    ];
    let command = |words: &[&str]| {
        let mut command = lab.command(env!("CARGO_BIN_EXE_trustwalk"));
        command.args(words);
        command
    };
    let stale: Vec<String> = cases.iter().filter_map(|(name, words)| looks(name, || command(words))).collect();
    assert!(stale.is_empty(), "these look otherwise than they are kept:\n{}", stale.join("\n"));
}
