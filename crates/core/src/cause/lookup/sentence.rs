//! Comparing a text with the sentences that pages print, whatever wraps them and whatever values stand in them.

use std::sync::LazyLock;

use trustwalk_symptoms::{Failure, Symptom, classify};

use super::{Ground, Hit};
use crate::cause::Cause;

/// A shorter run of words is in too many sentences to mean one.
const LEAST_WORDS: usize = 3;
/// Words between two of a sentence that may be somebody's value.
const MOST_BETWEEN: usize = 2;
/// What pages call anybody's own things, and so says nothing of a text.
const ANYBODY: [&str; 5] = ["ledger", "payments", "acme", "deploy", "harbour"];

/// What SDKs and tools put before the sentence of a service, up to where it begins.
const BEFORE: [&str; 4] = [" operation: ", "Could not assume role with OIDC: ", "api error ", "caused by: "];
/// What they call values of their own, and so no code.
const LABELS: [&str; 2] = ["RequestID", "StatusCode"];
/// What they put after it.
const AFTER: [&str; 2] = [" (Service: ", " status code: "];

/// A sentence without what the SDK or the tool that printed it put around it.
pub fn bare(sentence: &str) -> &str {
    let end = AFTER.iter().filter_map(|mark| sentence.find(mark)).min().unwrap_or(sentence.len());
    let cut = sentence.get(..end).unwrap_or(sentence);
    let begin = BEFORE.iter().filter_map(|mark| Some(cut.rfind(mark)? + mark.len())).max();
    // The SDK for Go 2 writes the id of the request before the code.
    let after_id = cut.rfind("RequestID: ").and_then(|at| Some(at + cut.get(at..)?.find(", ")? + 2));
    let mut rest = cut.get(begin.max(after_id).unwrap_or(0)..).unwrap_or(cut);
    while let Some((code, after)) = rest.split_once(": ")
        && !code.contains(' ')
        && code != "User"
        && code.starts_with(|c: char| c.is_ascii_alphabetic() || c == '#')
        && after.split(' ').count() >= LEAST_WORDS
    {
        rest = after;
    }
    rest
}

/// The causes that say this text, or say what is in it, in the order of the codes. A sentence that means another
/// failure than those which were read in the text has only words in common with it.
pub(super) fn said(text: &str, failures: &[Failure]) -> Vec<Hit> {
    let given = words(text);
    if given.len() < LEAST_WORDS {
        return Vec::new();
    }
    let fits = |s: &&Sentence| (s.bare.len() >= LEAST_WORDS && holds(&given, &s.bare)) || is_run(&s.whole, &given);
    let means =
        |s: &&Sentence| failures.is_empty() || s.means.is_none_or(|means| failures.iter().any(|f| f.symptom == means));
    let mut out: Vec<Hit> = Vec::new();
    for sentence in SENTENCES.iter().filter(fits).filter(means) {
        if out.last().is_none_or(|hit| hit.cause != sentence.cause) {
            out.push(Hit { cause: sentence.cause, ground: Ground::Says(sentence.printed) });
        }
    }
    out
}

/// A sentence that is printed with a code, and the causes whose pages print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The sentence, without what an SDK or a tool puts around it.
    pub sentence: &'static str,
    /// The causes, in the order of the codes.
    pub causes: Vec<Cause>,
}

/// Every sentence that pages print with a code of AWS, each once: those that most causes print first.
pub fn printed_with(code: &str) -> Vec<Printed> {
    let wanted = stripped(code.trim());
    if wanted.is_empty() || !code.trim().bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Vec::new();
    }
    let mut out: Vec<(Vec<String>, Printed)> = Vec::new();
    for sentence in SENTENCES.iter().filter(|s| codes(s.printed).any(|c| stripped(c) == wanted)) {
        match out.iter_mut().find(|(words, _)| *words == sentence.bare) {
            Some((_, printed)) if printed.causes.last() == Some(&sentence.cause) => {}
            Some((_, printed)) => printed.causes.push(sentence.cause),
            None => {
                let printed = Printed { sentence: bare(sentence.printed), causes: vec![sentence.cause] };
                out.push((sentence.bare.clone(), printed));
            }
        }
    }
    out.sort_by_key(|(_, printed)| std::cmp::Reverse(printed.causes.len()));
    out.into_iter().map(|(_, printed)| printed).collect()
}

/// The words of a sentence that stand where a code does: in parentheses, or before a colon.
fn codes(printed: &str) -> impl Iterator<Item = &str> {
    let is_code = |word: &&str| {
        let mut letters = word.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.any(|c| c.is_ascii_uppercase())
            && word.bytes().any(|b| b.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
            && !LABELS.contains(word)
    };
    let placed = |raw: &'_ str| raw.starts_with('(') && raw.ends_with(')') || raw.ends_with(':');
    printed
        .split_whitespace()
        .filter(move |raw| placed(raw))
        .map(|raw| raw.trim_matches(['(', ')', ':']))
        .filter(is_code)
}

/// A code in small letters, without the ending that libraries give it.
fn stripped(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    let text = lower.strip_suffix("exception").unwrap_or(&lower);
    text.strip_suffix("error").unwrap_or(text).to_owned()
}

/// A sentence that a page prints.
struct Sentence {
    cause: Cause,
    printed: &'static str,
    means: Option<Symptom>,
    whole: Vec<String>,
    bare: Vec<String>,
}

/// Every sentence, in the order of the codes.
static SENTENCES: LazyLock<Vec<Sentence>> = LazyLock::new(|| {
    let says = |cause: &Cause| {
        let cause = *cause;
        let words = move |printed: &&'static str| Sentence {
            cause,
            printed,
            means: classify(printed).map(|f| f.symptom),
            whole: words(printed),
            bare: words(bare(printed)),
        };
        cause.meta().says.iter().map(words)
    };
    Cause::ALL.iter().flat_map(says).collect()
});

/// The words of a text in order, without values: numbers, ARNs, addresses, other services' actions.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for raw in text.split_whitespace().filter(|raw| !is_value(raw)) {
        for part in raw.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
            let word = part.to_lowercase();
            if !has_value(&word) && !ANYBODY.contains(&word.as_str()) {
                out.push(word);
            }
        }
    }
    out
}

/// Whether a word as it was written is somebody's value.
fn is_value(raw: &str) -> bool {
    let raw = raw.trim_matches(|c: char| !c.is_alphanumeric());
    let action = raw.split_once(':').is_some_and(|(service, action)| {
        service != "sts"
            && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && is_name(action)
    });
    action || raw.starts_with("arn:") || raw.contains("://") || raw.contains(".amazonaws.com")
}

/// `GetObject`.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a digit makes it a value; a code such as `AADSTS50001` is none.
fn has_value(word: &str) -> bool {
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let code = letters.len() >= 4 && !letters.contains(|c: char| c.is_ascii_digit());
    word.contains(|c: char| c.is_ascii_digit()) && !code
}

/// Whether the words of a sentence stand in a text in their order, with little between two of them.
fn holds(text: &[String], sentence: &[String]) -> bool {
    (0..text.len()).any(|start| {
        let mut left = text.get(start..).unwrap_or_default();
        sentence.iter().enumerate().all(|(n, word)| {
            let most = if n == 0 { 1 } else { 1 + MOST_BETWEEN };
            let Some(at) = left.iter().take(most).position(|have| have == word) else { return false };
            left = left.get(at + 1..).unwrap_or_default();
            true
        })
    })
}

/// Whether a text is a piece of a sentence.
fn is_run(sentence: &[String], text: &[String]) -> bool {
    sentence.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::{bare, words};
    use crate::cause::Cause;

    #[test]
    fn what_sdks_put_around_a_sentence_is_taken_off() {
        for whole in [
            "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect \
             token audience",
            "Error: Could not assume role with OIDC: Incorrect token audience",
            "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 400, RequestID: \
             15810d8a, InvalidIdentityToken: Incorrect token audience",
            "WebIdentityErr: failed to retrieve credentials caused by: InvalidIdentityToken: Incorrect token audience \
             status code: 400, request id: 3714365f",
            "software.amazon.awssdk.services.sts.model.StsException: Incorrect token audience (Service: Sts, Status \
             Code: 400, Request ID: 1)",
            "Incorrect token audience",
        ] {
            assert_eq!(bare(whole), "Incorrect token audience");
        }
        assert_eq!(bare("ExpiredToken: x"), "ExpiredToken: x");
        assert_eq!(bare(""), "");
    }

    #[test]
    fn every_sentence_is_found_by_itself() {
        for cause in Cause::ALL {
            for sentence in &cause.meta().says {
                let hits = super::said(sentence, &[]);
                assert!(words(sentence).len() < 3 || hits.iter().any(|h| h.cause == *cause), "{sentence}");
            }
        }
    }

    #[test]
    fn a_code_alone_gives_every_sentence_that_is_printed_with_it() {
        let all = super::printed_with("InvalidIdentityToken");
        for part in ["Incorrect token audience", "No OpenIDConnect provider found", "verification key", "thumbprint"] {
            let found = all.iter().find(|p| p.sentence.contains(part));
            assert!(found.is_some_and(|p| !p.causes.is_empty() && p.causes.is_sorted()), "{part}: {all:?}");
        }
        let once: std::collections::BTreeSet<_> = all.iter().map(|p| words(p.sentence)).collect();
        assert_eq!(once.len(), all.len(), "{all:?}");
        assert_eq!(super::printed_with("invalididentitytokenexception"), all);
        for word in ["", "User", "STS", "RequestID", "operation", "error", "TW007", "Incorrect token audience"] {
            assert_eq!(super::printed_with(word), [], "{word}");
        }
    }

    #[test]
    fn values_are_no_words() {
        let text = "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: s3:GetObject on resource: \
            https://x.example/y 42 10.0.0.1 sts:AssumeRole AADSTS50001";
        assert_eq!(
            words(text),
            ["user", "is", "not", "authorized", "to", "perform", "on", "resource", "sts", "assumerole", "aadsts50001"]
        );
    }
}
