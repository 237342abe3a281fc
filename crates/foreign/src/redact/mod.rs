//! Takes secrets out of text: tokens, keys, passwords, cookies and session credentials.
//!
//! Three readings of the same text find them: what tells itself by its own beginning ([`marked`]), what stands after
//! a name that announces a secret ([`named`]), and what is too random to be anybody's word ([`random`]). Whatever
//! one of them finds is withheld, and the reading is repeated until nothing more is found: what was redacted once
//! is not changed by being redacted again.
//!
//! What a person needs stays: ARNs, ids of roles, requests and keys, thumbprints, digests, hosts, class names.

mod class;
mod kinds;
mod marked;
mod named;
mod prose;
mod random;
mod report;
mod scan;
mod value;

use std::borrow::Cow;

/// What stands in a secret's place.
const WITHHELD: &str = "[withheld]";
/// Readings of one text. The second finds nothing in what anybody has met; a text that goes on revealing secrets
/// was made to, and is withheld whole.
const MOST_READINGS: usize = 8;

/// Bytes from, bytes to.
type Cut = (usize, usize);

/// The text without its secrets, each replaced by `[withheld]`.
pub fn redact(text: &str) -> Cow<'_, str> {
    let Some(mut out) = reading(text) else { return Cow::Borrowed(text) };
    for _ in 1..MOST_READINGS {
        match reading(&out) {
            None => return Cow::Owned(out),
            Some(again) => out = again,
        }
    }
    Cow::Owned(WITHHELD.to_owned())
}

/// One reading; nothing when it finds nothing.
fn reading(text: &str) -> Option<String> {
    let mut cuts: Vec<Cut> = Vec::new();
    marked::find(text, &mut cuts);
    named::find(text, &mut cuts);
    random::find(text, &mut cuts);
    cuts.retain(|(from, to)| from < to && text.get(*from..*to).is_some_and(|cut| cut != WITHHELD));
    cuts.retain(|cut| !class::holds(text, *cut));
    if cuts.is_empty() {
        return None;
    }
    cuts.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut cuts = cuts.into_iter().peekable();
    let mut at = 0;
    while let Some((from, mut to)) = cuts.next() {
        // What overlaps or touches is one secret.
        while let Some((_, further)) = cuts.next_if(|(next, _)| *next <= to) {
            to = to.max(further);
        }
        out.push_str(text.get(at..from).unwrap_or_default());
        out.push_str(WITHHELD);
        at = to;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_redacted_once_stays_as_it_is(
            text in "([a-zA-Z0-9+/=._-]{0,50}|password|token|Authorization|cookie|Bearer |Basic |://|@|[:=\"'\\\\ {}\
                     \\[\\],;&%\n]|%22|%3D|\\[withheld\\]|eyJ|PRIVATE KEY-----|-----BEGIN |ß){0,30}",
        ) {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }

        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once), once.as_str());
        }
    }

    /// Bytes for which the square takes minutes, and the length a second or two.
    const LONG: usize = 400_000;

    #[test]
    fn text_made_to_take_long_takes_no_longer() {
        for part in [
            "cookie:",
            "://",
            "password=\"",
            "eyJ ",
            concat!("-----BEGIN ", "PRIVATE KEY"),
            "token[",
            "a=",
            "%22key%22",
            "-u :",
            "x@tcp(",
            "Zq7kTr2LmX9pVb4cYd8EfGh1JkMnQsRtUvWxA:",
            "key\\\"",
            "<a:Assertion ",
            "s.",
            "sk-",
            "-dapi",
            "thin:",
            "xpass:x",
            "bearer+a=b",
            "bearer%20a://",
            " -p x",
            "token: |a ",
            "token=[\"",
            "token=a://",
            "token : ",
            "cookie=a&b=1&",
            "password=[[withheld]",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ",
        ] {
            // Nothing is timed: were one of these the square of its length, the runner would end the test.
            let text = part.repeat(LONG / part.len());
            assert!(!redact(&text).is_empty(), "{part}");
        }
    }
}
