//! Commands that a person will paste: the words are ours, the values may be anybody's.
//!
//! [`line`] is the only way in which a value becomes part of a command. It quotes for POSIX shells (POSIX.1-2017,
//! XCU 2.2.2, single quotes), which sh, bash, zsh and ksh share; `PowerShell` and cmd have other rules, so a
//! command with quotes in it says which rules it follows ([`is_quoted`]).

use std::borrow::Cow;

use crate::visible::is_hidden;

/// Where a value goes in a template.
const SLOT: &str = "{}";

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
}

/// A command: `template` with each `{}` replaced by a value, quoted where a shell needs it. A command with a
/// value that cannot be made safe is not given at all: [`WITHHELD`] stands in its place.
///
/// Slots stand outside quotes; a text such as JSON is one value.
pub fn line(template: &str, values: &[&str]) -> String {
    try_line(template, values).unwrap_or_else(|_| WITHHELD.to_owned())
}

/// As [`line`], with the reason where no command can be given.
pub fn try_line(template: &str, values: &[&str]) -> Result<String, Unfit> {
    debug_assert_eq!(template.matches(SLOT).count(), values.len(), "one value for each slot of `{template}`");
    let aws = template.starts_with("aws ");
    let mut out = String::with_capacity(template.len() + values.iter().map(|v| v.len() + 2).sum::<usize>());
    let mut values = values.iter();
    let mut rest = template;
    while let Some((head, tail)) = rest.split_once(SLOT) {
        out.push_str(head);
        let value = values.next().copied().unwrap_or_default();
        if value.chars().any(is_hidden) {
            return Err(Unfit::Hidden);
        }
        let stands_alone = out.is_empty() || out.ends_with(' ');
        if stands_alone && value.starts_with('-') {
            return Err(Unfit::Option);
        }
        let of_file = |scheme: &str| value.get(..scheme.len()).is_some_and(|v| v.eq_ignore_ascii_case(scheme));
        if aws && (of_file("file://") || of_file("fileb://")) {
            return Err(Unfit::File);
        }
        out.push_str(&quote(value));
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// One word for a POSIX shell. Says nothing of what cannot be seen in it: [`line`] does.
pub fn quote(value: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("'{}'", value.replace('\'', "'\\''")))
}

/// Whether a command of [`line`] has quotes whose meaning depends on the shell.
pub fn is_quoted(command: &str) -> bool {
    command.contains('\'')
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

    /// Splits as a POSIX shell does what is made of plain words and single quotes.
    fn words(command: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
        let mut chars = command.chars();
        while let Some(c) = chars.next() {
            match (quoted, c) {
                (false | true, '\'') => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                (false, ' ') => words.extend(word.take()),
                (false, '\\') => word.get_or_insert_default().extend(chars.next()),
                (_, other) => word.get_or_insert_default().push(other),
            }
        }
        words.extend(word);
        words
    }

    proptest! {
        #[test]
        fn a_value_reads_back_whole(value in "[ -~äß…]{0,40}") {
            match try_line("cmd --x {} end", &[&value]) {
                Ok(command) => prop_assert_eq!(words(&command), ["cmd", "--x", value.as_str(), "end"]),
                Err(why) => prop_assert_eq!((why, value.starts_with('-')), (Unfit::Option, true)),
            }
        }
    }
}
