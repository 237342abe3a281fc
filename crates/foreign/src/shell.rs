//! Commands that a person will paste: the words are ours, the values may be anybody's.
//!
//! [`line()`] is the only way in which a value becomes part of a command. It quotes for POSIX shells (POSIX.1-2017,
//! XCU 2.2.2, single quotes), which sh, bash, zsh and ksh share; `PowerShell` and cmd have other rules, so a
//! command with quotes in it says which rules it follows ([`is_quoted`]).

use std::borrow::Cow;

use crate::template::{SLOT, fill};
use crate::visible::is_hidden;

/// Said in a command's place when a value cannot be part of one.
pub const WITHHELD: &str = "(no command is given: a value in it is not safe to paste)";

/// Why a value cannot be part of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It holds control, direction or invisible characters: what is pasted would not be what is seen.
    Hidden,
    /// It begins with `-` where it would be taken for an option.
    Option,
    /// The AWS CLI reads a value that begins with `file://` or `fileb://` from that file.
    File,
    /// The AWS CLI reads a value of a list that begins with `[` as JSON of the whole list.
    List,
}

/// A command: `template` with each `{}` replaced by a value, quoted where a shell needs it. A command with a
/// value that cannot be made safe is not given at all: [`WITHHELD`] stands in its place.
///
/// Slots stand outside quotes; a text such as JSON is one value.
pub fn line(template: &str, values: &[&str]) -> String {
    try_line(template, values).unwrap_or_else(|_| WITHHELD.to_owned())
}

/// As [`line()`], with the reason where no command can be given.
pub fn try_line(template: &str, values: &[&str]) -> Result<String, Unfit> {
    let aws = template.starts_with("aws ");
    fill(template, values, |value, before| {
        if value.chars().any(is_hidden) {
            return Err(Unfit::Hidden);
        }
        let stands_alone = before.is_empty() || before.ends_with(' ');
        if stands_alone && value.starts_with('-') {
            return Err(Unfit::Option);
        }
        let of_file = |scheme: &str| value.get(..scheme.len()).is_some_and(|v| v.eq_ignore_ascii_case(scheme));
        if aws && (of_file("file://") || of_file("fileb://")) {
            return Err(Unfit::File);
        }
        if aws && stands_alone && value.starts_with('[') && of_list(before) {
            return Err(Unfit::List);
        }
        Ok(quote(value))
    })
}

/// Whether the option that the next value belongs to takes a list, as the AWS CLI names such options.
fn of_list(before: &str) -> bool {
    before.split(' ').rev().find(|word| word.starts_with("--")).is_some_and(|option| option.ends_with("-list"))
}

/// A template for as many values as a list has, each a word of its own.
pub fn with_list(template: &str, values: usize) -> String {
    format!("{template}{}", format!(" {SLOT}").repeat(values))
}

/// One word for a POSIX shell. Says nothing of what cannot be seen in it: [`line()`] does.
pub fn quote(value: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    // zsh takes a word that begins with `=` for the path of a command (zsh manual, "`=' expansion").
    if !value.is_empty() && !value.starts_with('=') && value.bytes().all(plain) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("'{}'", value.replace('\'', "'\\''")))
}

/// The words of a command that does nothing but run one program: `None` where a shell would expand, redirect or
/// go on with another command. The inverse of [`line()`], for commands that others wrote.
pub fn words(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' => words.extend(word.take()),
            '\'' | '"' => {
                let open = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '$' | '`' | '\\' | '!' if c == '"' => return None,
                        other if is_hidden(other) => return None,
                        other => open.push(other),
                    }
                }
            }
            '\\' => match chars.next()? {
                '\'' => word.get_or_insert_default().push('\''),
                _ => return None,
            },
            '=' if word.is_none() => return None,
            plain if plain.is_ascii_alphanumeric() || "_@%+=:,./-".contains(plain) => {
                word.get_or_insert_default().push(plain);
            }
            _ => return None,
        }
    }
    words.extend(word);
    Some(words)
}

/// Whether a text is a command with quotes whose meaning depends on the shell.
pub fn is_quoted(command: &str) -> bool {
    command.contains(['\'', '"', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_one_word_each_and_do_nothing() {
        assert_eq!(line("aws x --a {} --b {}", &["plain/a:b", "it's"]), r"aws x --a plain/a:b --b 'it'\''s'");
        assert_eq!(line("curl {}", &["https://h/$(touch x)`y`"]), "curl 'https://h/$(touch x)`y`'");
        assert_eq!(line("kubectl annotate sa -n {} {} k={}", &["n", "s", ""]), "kubectl annotate sa -n n s k=''");
        assert_eq!(line("x '{\"a\":1}' {}", &["{}"]), "x '{\"a\":1}' '{}'");
        assert_eq!(line("x {} k={}", &["=ls", "a=b"]), "x '=ls' k=a=b");
    }

    #[test]
    fn what_cannot_be_made_safe_is_no_command() {
        assert_eq!(try_line("curl {}", &["https://h/\nrm"]), Err(Unfit::Hidden));
        assert_eq!(try_line("curl {}", &["\u{202e}"]), Err(Unfit::Hidden));
        assert_eq!(try_line("kubectl get sa {}", &["--kubeconfig=x"]), Err(Unfit::Option));
        assert_eq!(try_line("kubectl get sa --x={}", &["-a"]).as_deref(), Ok("kubectl get sa --x=-a"));
        assert_eq!(try_line("aws x --client-id {}", &["FILE:///etc/passwd"]), Err(Unfit::File));
        assert_eq!(line("curl {}", &["-K/etc/x"]), WITHHELD);
    }

    #[test]
    fn a_list_is_as_many_words() {
        let template = with_list("aws iam x --thumbprint-list", 2);
        assert_eq!(line(&template, &["aa", "b b"]), "aws iam x --thumbprint-list aa 'b b'");
        assert_eq!(try_line("aws iam x --client-id-list {}", &["[\"x\"]"]), Err(Unfit::List));
        assert_eq!(try_line("aws iam x --client-id-list a {}", &["[\"x\"]"]), Err(Unfit::List));
        assert_eq!(line("aws iam x --policy-document {}", &["[]"]), "aws iam x --policy-document '[]'");
    }

    #[test]
    fn what_a_shell_would_act_on_has_no_words() {
        assert_eq!(words("a 'b c' d=\"e f\" 'it'\\''s'").unwrap(), ["a", "b c", "d=e f", "it's"]);
        for bad in ["a;b", "a $x", "a \"$x\"", "a `b`", "a >b", "a 'b", "a\nb", "a ~", "a =b", "a *", "a #b", "a \\b"] {
            assert_eq!(words(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_back_whole(value in "[ -~äß…]{0,40}") {
            match try_line("cmd --x {} end", &[&value]) {
                Ok(command) => prop_assert_eq!(words(&command).unwrap(), ["cmd", "--x", value.as_str(), "end"]),
                Err(why) => prop_assert_eq!((why, value.starts_with('-')), (Unfit::Option, true)),
            }
        }
    }
}
