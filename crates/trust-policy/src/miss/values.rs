//! What is wrong with a condition's values.

use super::issuer::request_issuer;
use super::likeness::nearest;
use super::{AudienceDifference, Miss, subject};
use crate::glob::{matches, units};
use crate::operator::Comparison;
use crate::request::Request;
use crate::statement::Condition;

/// Mistakes in a condition's values, for a key that the request has.
pub(crate) fn value_misses(condition: &Condition, comparison: Comparison, request: &Request, misses: &mut Vec<Miss>) {
    let actual = request.context.get(&condition.key).unwrap_or_default();
    let other_claim = |name: &str| {
        let issuer = condition.key.rsplit_once(':').map_or("", |(issuer, _)| issuer);
        request.context.get(&format!("{issuer}:{name}")).unwrap_or_default()
    };
    let is_sub = condition.is_claim("sub");
    let is_aud = condition.is_claim("aud");
    let before = misses.len();
    for value in condition.values.iter().map(|v| &*v.text) {
        for found in actual {
            misses.extend(text_miss(value, found, comparison));
        }
        let glob = |text: &String| text == value || matches(&units(value).collect::<Vec<_>>(), text, |a, b| a == b);
        if is_aud && (other_claim("sub").iter().any(glob) || value.starts_with("system:serviceaccount:")) {
            misses.push(Miss::SubValueUnderAud { value: value.to_owned() });
        } else if is_sub && other_claim("aud").iter().any(|aud| aud == value) {
            misses.push(Miss::AudValueUnderSub { value: value.to_owned() });
        }
    }
    let compares = [Comparison::StringEquals, Comparison::StringEqualsIgnoreCase, Comparison::StringLike];
    let (true, [actual, ..]) = (misses.len() == before && compares.contains(&comparison), actual) else { return };
    let likes = comparison == Comparison::StringLike;
    let values: Vec<&str> = condition.values.iter().map(|v| &*v.text).collect();
    if is_sub {
        misses.extend(subject::differs(&values, actual, likes, request_issuer(request)));
    } else if is_aud {
        misses.extend(nearest(&values, actual).map(|value| Miss::AudienceDiffers {
            value: value.to_owned(),
            expected: actual.clone(),
            difference: AudienceDifference::between(value, actual),
        }));
    }
}

impl AudienceDifference {
    /// What tells an audience that is wanted from the actual one (DOC: the audiences of AWS's integrations;
    /// `sts.REGION.amazonaws.com` is an endpoint and no audience).
    pub fn between(value: &str, actual: &str) -> Self {
        const GLOBAL: &str = "sts.amazonaws.com";
        const CHINA: &str = "sts.amazonaws.com.cn";
        let endpoint = |text: &str| {
            let host = text.strip_prefix("https://").unwrap_or(text);
            let region = host.strip_prefix("sts.").and_then(|rest| rest.split_once(".amazonaws.com"));
            region.is_some_and(|(region, _)| region.contains('-'))
        };
        if [(GLOBAL, CHINA), (CHINA, GLOBAL)].contains(&(value, actual)) {
            Self::Partition
        } else if endpoint(value) || endpoint(actual) {
            Self::Endpoint
        } else {
            Self::Other
        }
    }
}

fn text_miss(value: &str, found: &str, comparison: Comparison) -> Option<Miss> {
    let literal = matches!(comparison, Comparison::StringEquals | Comparison::StringEqualsIgnoreCase);
    if !literal && comparison != Comparison::StringLike {
        return None;
    }
    let pattern: Vec<_> = units(value).collect();
    let same = |text: &str, other: &str| {
        text == other || (!literal && matches(&units(text).collect::<Vec<_>>(), other, |a, b| a == b))
    };
    let (value_owned, expected) = (value.to_owned(), found.to_owned());
    if literal && value.contains(['*', '?']) && matches(&pattern, found, |a, b| a == b) {
        return Some(Miss::WildcardUnderEquals { value: value_owned });
    }
    if value.to_lowercase() == found.to_lowercase() || (!literal && matches(&pattern, found, crate::glob::same_letter))
    {
        return Some(Miss::CaseDiffers { value: value_owned, expected });
    }
    if same(value.trim_end_matches('/'), found.trim_end_matches('/')) {
        return Some(Miss::TrailingSlash { value: value_owned, expected });
    }
    let bare = |t: &str| t.replace(is_unseen, "");
    same(&bare(value), &bare(found)).then_some(Miss::ExtraWhitespace { value: value_owned, expected })
}

/// White space, control characters, and characters that take no room (Unicode, "Default ignorable code points").
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Whether a placeholder of some tool was left as it is: `${NAME}`, `$(NAME)`, `{{ NAME }}`.
pub(crate) fn has_placeholder(text: &str) -> bool {
    [("${", "}"), ("$(", ")"), ("{{", "}}")]
        .iter()
        .any(|(open, close)| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close)))
}

/// Whether a value holds a variable that is none of IAM's: theirs are keys, which have a colon, and `${*}`, `${?}` and
/// `${$}` (DOC: IAM User Guide, "Policy variables").
pub(crate) fn has_foreign_variable(value: &str) -> bool {
    value.split("${").skip(1).filter_map(|rest| rest.split_once('}')).any(|(name, _)| {
        let name = name.split(',').next().unwrap_or_default().trim();
        !name.contains(':') && !["*", "?", "$"].contains(&name)
    })
}
