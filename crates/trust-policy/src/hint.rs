//! The classic mistakes in trust policies, recognised by comparing what is written with what
//! would have matched.

use crate::claims::{claim_becomes_key, issuer_path};
use crate::glob::{matches, units};
use crate::operator::Comparison;
use crate::request::Request;
use crate::statement::Condition;
use serde::Serialize;

/// A recognised mistake. `expected` is what would have matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "hint", rename_all = "kebab-case")]
pub enum Hint {
    /// A value has `*` or `?` under an operator that takes them literally, and would match under
    /// the operator that does not.
    WildcardUnderEquals {
        /// The policy value.
        value: String,
    },
    /// A value differs from the actual one in letter case only.
    CaseDiffers {
        /// The policy value.
        value: String,
        /// The actual value.
        expected: String,
    },
    /// A value matches but for a slash at the end of one of them.
    TrailingSlash {
        /// The policy value.
        value: String,
        /// The actual value.
        expected: String,
    },
    /// A value matches but for white space.
    ExtraWhitespace {
        /// The policy value.
        value: String,
        /// The actual value.
        expected: String,
    },
    /// The key starts with `https://` (or `http://`).
    SchemeInKey {
        /// The key without it.
        expected: String,
    },
    /// The key starts with the provider's ARN instead of the issuer.
    ArnInKey {
        /// The key with the issuer only.
        expected: String,
    },
    /// The key has two claim names, as in `…:sub:aud`.
    DoubledSuffix {
        /// The key with the last of them only.
        expected: String,
    },
    /// The key is the issuer without any claim name.
    MissingSuffix {
        /// Keys that exist in the request.
        expected: Vec<String>,
    },
    /// The key differs from one of the request by a slash at the issuer's end or the like.
    KeyAlmost {
        /// The key that exists in the request.
        expected: String,
    },
    /// An `aud` key carries a value that is the token's subject, or looks like one.
    SubValueUnderAud {
        /// The policy value.
        value: String,
    },
    /// A `sub` key carries the token's audience.
    AudValueUnderSub {
        /// The policy value.
        value: String,
    },
    /// The key belongs to another issuer.
    KeyOfOtherIssuer {
        /// The issuer in the key.
        issuer: String,
        /// The issuer of the token.
        expected: String,
        /// What differs.
        difference: IssuerDifference,
    },
    /// IAM makes no key of this claim, so the key is never present.
    ClaimNotMapped {
        /// The claim.
        claim: String,
    },
    /// `Federated` is the issuer's name instead of the provider's ARN.
    FederatedIsBareIssuer {
        /// The value that would match.
        expected: String,
    },
    /// `Federated` has `https://` in it.
    FederatedHasScheme {
        /// The value that would match.
        expected: String,
    },
    /// `Federated` names the same provider in another account.
    FederatedOtherAccount {
        /// The account in the policy.
        account: String,
        /// The role's account.
        expected: String,
    },
    /// `Federated` names another provider.
    FederatedOtherProvider {
        /// The policy's value.
        value: String,
        /// The value that would match.
        expected: String,
        /// What differs.
        difference: IssuerDifference,
    },
    /// The statement allows another action.
    WrongAction {
        /// The actions in the policy.
        actions: Vec<String>,
        /// The action that would match.
        expected: String,
    },
    /// No statement of the policy names a federated principal.
    NoFederatedStatement,
}

/// What tells two issuers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerDifference {
    /// Same cluster id, another region.
    Region,
    /// Same EKS region, another cluster id.
    ClusterId,
    /// Region and cluster id.
    RegionAndClusterId,
    /// The dual-stack host `oidc-eks.REGION.api.aws`, which tokens never name (REPORTED).
    DualStackHost,
    /// Letter case only: provider URLs are case-sensitive (DOC).
    LetterCase,
    /// A slash at the end, which makes another provider (REPORTED).
    TrailingSlash,
    /// Something else.
    Other,
}

/// Region and cluster id of an EKS issuer, and whether its host is the dual-stack one.
fn eks_parts(issuer: &str) -> Option<(&str, &str, bool)> {
    let (host, id) = issuer.split_once("/id/")?;
    let dual = host.strip_prefix("oidc-eks.");
    let rest = dual.or_else(|| host.strip_prefix("oidc.eks."))?;
    let (region, _) = rest.split_once('.')?;
    Some((region, id, dual.is_some()))
}

/// What tells the written issuer from the expected one.
pub(crate) fn issuer_difference(written: &str, expected: &str) -> IssuerDifference {
    if written.trim_end_matches('/') == expected.trim_end_matches('/') {
        return IssuerDifference::TrailingSlash;
    }
    if written.eq_ignore_ascii_case(expected) {
        return IssuerDifference::LetterCase;
    }
    match (eks_parts(written), eks_parts(expected)) {
        (Some((a, x, dual_a)), Some((b, y, dual_b))) => match (a == b, x == y) {
            (true, true) if dual_a != dual_b => IssuerDifference::DualStackHost,
            (false, true) => IssuerDifference::Region,
            (true, false) => IssuerDifference::ClusterId,
            (false, false) => IssuerDifference::RegionAndClusterId,
            (true, true) => IssuerDifference::Other,
        },
        _ => IssuerDifference::Other,
    }
}

fn scheme_less(text: &str) -> Option<&str> {
    text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))
}

/// The issuer of a request by a federated provider.
fn request_issuer(request: &Request) -> &str {
    let name = request.principal.name();
    issuer_path(name).unwrap_or(name)
}

/// Mistakes in a condition's key, for a key that the request does not have.
pub(crate) fn key_hints(condition: &Condition, request: &Request, hints: &mut Vec<Hint>) {
    let (key, issuer) = (&*condition.key, request_issuer(request));
    let key_lower = key.to_ascii_lowercase();
    if issuer.is_empty() || ["aws:", "sts:", "saml:"].iter().any(|p| key_lower.starts_with(p)) {
        return;
    }
    let (bare, wrapped) = match (scheme_less(key), issuer_path(key)) {
        (Some(rest), _) => (rest, Some(Hint::SchemeInKey { expected: rest.to_owned() })),
        (None, Some(rest)) => {
            let rest = scheme_less(rest).unwrap_or(rest);
            (rest, Some(Hint::ArnInKey { expected: rest.to_owned() }))
        }
        (None, None) => (key, None),
    };
    let unwrapped = wrapped.is_none();
    hints.extend(wrapped);
    if bare.trim_end_matches(['/', ':']).eq_ignore_ascii_case(issuer) {
        let expected = request.context.iter().map(|(k, _)| k).filter(|k| !k.starts_with("aws:"));
        hints.push(Hint::MissingSuffix { expected: expected.map(str::to_owned).collect() });
        return;
    }
    let Some((written, claim)) = bare.rsplit_once(':') else { return };
    if let Some((inner, _)) = written.rsplit_once(':').filter(|(i, c)| !i.is_empty() && claim_becomes_key(i, c)) {
        hints.push(Hint::DoubledSuffix { expected: format!("{inner}:{claim}") });
        return;
    }
    if written.eq_ignore_ascii_case(issuer) {
        if !claim_becomes_key(issuer, claim) {
            hints.push(Hint::ClaimNotMapped { claim: claim.to_owned() });
        }
        return;
    }
    let expected = format!("{issuer}:{claim}");
    let squeezed = |t: &str| t.to_lowercase().replace(char::is_whitespace, "");
    if unwrapped && squeezed(key) == squeezed(&expected) {
        hints.push(Hint::KeyAlmost { expected });
    } else {
        let difference = issuer_difference(written, issuer);
        hints.push(Hint::KeyOfOtherIssuer { issuer: written.to_owned(), expected: issuer.to_owned(), difference });
    }
}

/// Mistakes in a condition's values, for a key that the request has.
pub(crate) fn value_hints(condition: &Condition, comparison: Comparison, request: &Request, hints: &mut Vec<Hint>) {
    let actual = request.context.get(&condition.key).unwrap_or_default();
    let other_claim = |name: &str| {
        let issuer = condition.key.rsplit_once(':').map_or("", |(issuer, _)| issuer);
        request.context.get(&format!("{issuer}:{name}")).unwrap_or_default()
    };
    let is_sub = condition.is_claim("sub");
    let is_aud = condition.is_claim("aud");
    for value in condition.values.iter().map(|v| &*v.text) {
        for found in actual {
            hints.extend(text_hint(value, found, comparison));
        }
        let glob = |text: &String| text == value || matches(&units(value).collect::<Vec<_>>(), text, |a, b| a == b);
        if is_aud && (other_claim("sub").iter().any(glob) || value.starts_with("system:serviceaccount:")) {
            hints.push(Hint::SubValueUnderAud { value: value.to_owned() });
        } else if is_sub && other_claim("aud").iter().any(|aud| aud == value) {
            hints.push(Hint::AudValueUnderSub { value: value.to_owned() });
        }
    }
}

fn text_hint(value: &str, found: &str, comparison: Comparison) -> Option<Hint> {
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
        return Some(Hint::WildcardUnderEquals { value: value_owned });
    }
    if value.to_lowercase() == found.to_lowercase() || (!literal && matches(&pattern, found, crate::glob::same_letter))
    {
        return Some(Hint::CaseDiffers { value: value_owned, expected });
    }
    if same(value.trim_end_matches('/'), found.trim_end_matches('/')) {
        return Some(Hint::TrailingSlash { value: value_owned, expected });
    }
    let bare = |t: &str| t.replace(char::is_whitespace, "");
    same(&bare(value), &bare(found)).then_some(Hint::ExtraWhitespace { value: value_owned, expected })
}

/// Mistakes in a statement's federated principals.
pub(crate) fn federated_hints<'a>(written: impl Iterator<Item = &'a str>, expected_arn: &str, hints: &mut Vec<Hint>) {
    let Some(issuer) = issuer_path(expected_arn) else { return };
    let expected = || expected_arn.to_owned();
    for value in written {
        let path = issuer_path(value);
        let hint = match (scheme_less(value), path) {
            (Some(_), _) => Hint::FederatedHasScheme { expected: expected() },
            (None, None) if !value.starts_with("arn:") => Hint::FederatedIsBareIssuer { expected: expected() },
            (None, Some(p)) if scheme_less(p).is_some() => Hint::FederatedHasScheme { expected: expected() },
            (None, Some(p)) if p == issuer && account(value) != account(expected_arn) => Hint::FederatedOtherAccount {
                account: account(value).to_owned(),
                expected: account(expected_arn).to_owned(),
            },
            (None, p) => Hint::FederatedOtherProvider {
                value: value.to_owned(),
                expected: expected(),
                difference: issuer_difference(p.unwrap_or(value), issuer),
            },
        };
        hints.push(hint);
    }
}

fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}
