//! `kubectl exec` without a shell: command lines split, variables filled in, pipes
//! and `;`, `&&`, `||` followed, a handful of commands known.

use trustwalk_lab_cluster::ExecResult;

use super::exec::{self, Shell, failed};

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
        let mut skip = false;
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
                return all;
            }
            let name = program.rsplit('/').next().unwrap_or(program);
            let quiet = rest.iter().any(|word| word == "2>/dev/null");
            let merged = rest.iter().any(|word| word == "2>&1");
            let rest: Vec<String> = rest.iter().filter(|word| !word.starts_with("2>")).cloned().collect();
            let mut result = exec::command(self, name, &rest, &stdin);
            stdin = Vec::new();
            if merged {
                result.stdout.append(&mut result.stderr);
            }
            if !quiet {
                all.stderr.append(&mut result.stderr);
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

/// `2>` before the `&` of `2>&1`.
fn ends_redirect(word: Option<&String>) -> bool {
    word.is_some_and(|word| word.ends_with('>'))
}

/// `-c`, also as `-lc` or `-ec`.
fn is_c(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}
