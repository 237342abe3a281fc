//! Looking up a text: the causes that can print it, else those whose pages have its words.

mod sentence;
mod separate;
mod words;

pub use sentence::{Printed, bare, printed_with};
pub use separate::Reading;

use trustwalk_symptoms::{Failure, Sdk, Symptom};

use super::{Cause, Home};

/// More of a text is not compared with the pages: no sentence is longer.
pub const MAX_TEXT: usize = 64 << 10;

/// Why a cause answers a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// The text has this sentence of its page, or is a part of it.
    Says(&'static str),
    /// A failure in the text is one that it shows.
    Shows(Symptom),
    /// Its name is the text, but for a slip or two.
    Name,
    /// Its page has these words of the text, as the text writes them.
    Words(Vec<String>),
}

/// A cause that answers a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The cause.
    pub cause: Cause,
    /// Why.
    pub ground: Ground,
}

/// What answers a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The causes, best first: those that say it, then those that show its failures, in the order of the codes, which
    /// is how often they were met; only where there is none, those whose words fit.
    pub hits: Vec<Hit>,
    /// What tells them apart, what decides most of them first.
    pub readings: Vec<Reading>,
}

/// The causes that answer a text in which these failures were read.
pub fn look_up(text: &str, failures: &[Failure]) -> Found {
    let text = text.get(..floor(text, MAX_TEXT)).unwrap_or_default();
    let mut hits = sentence::said(text, failures);
    for failure in failures {
        for cause in Cause::of(failure.symptom) {
            if !hits.iter().any(|h| h.cause == cause) {
                hits.push(Hit { cause, ground: Ground::Shows(failure.symptom) });
            }
        }
    }
    if hits.iter().any(|h| fits(h.cause.home(), failures)) {
        hits.retain(|h| fits(h.cause.home(), failures));
    }
    if hits.is_empty() {
        hits = words::near_names(text);
    }
    if hits.is_empty() && !is_name(text) {
        hits = words::by_words(text);
    }
    let causes: Vec<Cause> = hits.iter().map(|h| h.cause).collect();
    Found { readings: separate::readings(&causes), hits }
}

/// Whether it is written as causes are named: one that is near none of the names is no sentence to look for.
fn is_name(text: &str) -> bool {
    let text = text.trim();
    text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The causes that show a failure which is known by its code or name alone.
pub fn look_up_symptom(symptom: Symptom) -> Found {
    let hits: Vec<Hit> = Cause::of(symptom).map(|cause| Hit { cause, ground: Ground::Shows(symptom) }).collect();
    let causes: Vec<Cause> = hits.iter().map(|h| h.cause).collect();
    Found { readings: separate::readings(&causes), hits }
}

/// The causes of the sentences that are printed with a code, and those that show the failure which it names.
pub fn look_up_code(printed: &[Printed], symptom: Option<Symptom>) -> Found {
    let mut hits: Vec<Hit> = Vec::new();
    for one in printed {
        for cause in one.causes.iter().filter(|c| !hits.iter().any(|h| h.cause == **c)).copied().collect::<Vec<_>>() {
            hits.push(Hit { cause, ground: Ground::Says(one.sentence) });
        }
    }
    hits.sort_by_key(|h| h.cause);
    let shown = symptom.map(look_up_symptom).map(|found| found.hits).unwrap_or_default();
    hits.extend(shown.into_iter().filter(|h| !printed.iter().any(|p| p.causes.contains(&h.cause))));
    let causes: Vec<Cause> = hits.iter().map(|h| h.cause).collect();
    Found { readings: separate::readings(&causes), hits }
}

/// Whether a cause of this home can be met where these failures were printed, as far as they tell it.
fn fits(home: Home, failures: &[Failure]) -> bool {
    let printed_by = |sdk: Sdk| failures.iter().any(|f| f.sdk == Some(sdk));
    let (github, buildkite) = (printed_by(Sdk::GithubAction), printed_by(Sdk::BuildkiteAgent));
    let cluster = failures.iter().any(|f| f.service_account.is_some() || f.webhook.is_some());
    match home {
        Home::Anywhere => true,
        Home::Cluster => !github && !buildkite,
        Home::Ci => !cluster,
        Home::Github => !cluster && !buildkite,
    }
}

/// The greatest place at or below `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Ground, MAX_TEXT, look_up};
    use crate::cause::Cause;
    use trustwalk_symptoms::classify_all;

    fn causes(text: &str) -> Vec<Cause> {
        look_up(text, &classify_all(text)).hits.into_iter().map(|h| h.cause).collect()
    }

    #[test]
    fn a_sentence_is_found_whatever_stands_around_it_and_whoever_is_named_in_it() {
        for text in [
            "Incorrect token audience",
            "2026-01-01T00:00:00Z ERROR boto: An error occurred (InvalidIdentityToken) when calling the \
             AssumeRoleWithWebIdentity operation: Incorrect token audience",
            "WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: Incorrect token \
             audience\n\tstatus code: 400, request id: 1",
        ] {
            let found = look_up(text, &classify_all(text));
            let first = found.hits.first().unwrap();
            assert_eq!(first.cause, Cause::AudienceNotInProviderClientIds, "{text}");
            assert!(matches!(first.ground, Ground::Says(_)), "{text}: {first:?}");
        }
        let other = "botocore.exceptions.ProfileNotFound: The config profile (tide) could not be found";
        assert_eq!(causes(other).first(), Some(&Cause::AppConfiguredForAnotherCredentialSource));
    }

    #[test]
    fn what_says_it_goes_before_what_shows_its_failure() {
        let text = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
            authorized to perform sts:AssumeRoleWithWebIdentity";
        let found = look_up(text, &classify_all(text));
        let grounds: Vec<u8> = found.hits.iter().map(|h| u8::from(!matches!(h.ground, Ground::Says(_)))).collect();
        assert!(grounds.is_sorted() && grounds.len() > 20, "{grounds:?}");
        assert!(!found.readings.is_empty());
    }

    #[test]
    fn a_refused_role_is_not_told_of_the_nodes_role() {
        let text = "User: arn:aws:sts::111122223333:assumed-role/tide/s is not authorized to perform: s3:PutObject on \
            resource: arn:aws:s3:::b";
        assert!(causes(text).contains(&Cause::RoleLacksPermission));
        assert!(!causes(text).contains(&Cause::AnnotationKeyWrong), "{:?}", causes(text));
    }

    #[test]
    fn a_job_of_github_is_not_told_of_service_accounts() {
        let text = "Error: Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity";
        let all = causes(text);
        assert!(all.contains(&Cause::GhaSubCaseMismatch) && !all.contains(&Cause::SubWrongNamespace), "{all:?}");
    }

    #[test]
    fn words_and_slips_find_pages() {
        assert_eq!(causes("thumbprint").first(), Some(&Cause::ThumbprintMismatch));
        assert_eq!(causes("thumbprnt-missmatch"), [Cause::ThumbprintMismatch]);
        assert!(causes("audeince").iter().any(|c| c.name().contains("audience")));
        assert!(
            causes("audience").iter().all(|c| c.name().contains("audience") || c.meta().summary.contains("audience"))
        );
        assert!(
            causes("the issuer's certificate changed and the thumbprint is old").contains(&Cause::ThumbprintMismatch)
        );
    }

    #[test]
    fn what_no_page_speaks_of_finds_nothing() {
        for text in
            ["", " \n", "lorem ipsum dolor sit amet", "the quick brown fox jumps over the lazy dog", "☃ ☃", "=="]
        {
            assert_eq!(causes(text), [], "{text}");
        }
        // Most of a text that is long and about something else is not known, whatever single words are.
        assert_eq!(causes("segmentation fault in kernel module foobar while rendering a purple umbrella"), []);
    }

    #[test]
    fn a_sentence_that_shares_words_with_a_page_is_not_about_it() {
        let text = "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must \
                    be \
                    defined";
        assert_eq!(causes(text), []);
        let expired = causes("InvalidIdentityToken: Provided Token is expired");
        assert_eq!(expired.first(), Some(&Cause::TokenFileReadOnce));
        assert!(!causes("Provided Token is expired").contains(&Cause::PartitionAudienceMismatch));
        let hint = "Did you mean to set the id-token permission";
        assert_eq!(causes(hint).first(), Some(&Cause::GhaIdTokenPermissionMissing));
        assert_eq!(causes("thumbprint"), [Cause::ThumbprintMismatch]);
    }

    #[test]
    fn a_text_without_an_end_is_read_to_its_bound() {
        let long = "ünknown ".repeat(MAX_TEXT / 4);
        assert_eq!(causes(&long), []);
        let later = format!("{long} Incorrect token audience");
        assert!(look_up(&later, &[]).hits.is_empty());
    }
}
