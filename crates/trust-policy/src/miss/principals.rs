//! What is wrong with a federated principal.

use super::issuer::{issuer_difference, scheme_less};
use super::{Miss, has_placeholder};
use crate::claims::issuer_path;
use crate::provider::{BUILT_IN_PROVIDERS, is_federated};

/// Mistakes in a statement's federated principals.
pub(crate) fn federated_misses<'a>(written: impl Iterator<Item = &'a str>, expected_arn: &str, misses: &mut Vec<Miss>) {
    let issuer = issuer_path(expected_arn).unwrap_or(expected_arn);
    let expected = || expected_arn.to_owned();
    let other = |value: &str, path: &str| Miss::FederatedOtherProvider {
        value: value.to_owned(),
        expected: expected_arn.to_owned(),
        difference: issuer_difference(path, issuer),
    };
    for value in written {
        let path = issuer_path(value);
        if has_placeholder(value) {
            misses.push(Miss::Unexpanded { text: value.to_owned() });
            continue;
        }
        let miss = match (scheme_less(value), path) {
            (Some(_), _) => Miss::FederatedHasScheme { expected: expected() },
            (None, None) if BUILT_IN_PROVIDERS.contains(&value) => other(value, value),
            (None, None) if value.trim_end_matches('/') == issuer.trim_end_matches('/') => {
                Miss::FederatedIsBareIssuer { expected: expected() }
            }
            (None, Some(p)) if scheme_less(p).is_some() => Miss::FederatedHasScheme { expected: expected() },
            (None, Some(p)) if p == issuer && account(value) != account(expected_arn) => Miss::FederatedOtherAccount {
                account: account(value).to_owned(),
                expected: account(expected_arn).to_owned(),
            },
            (None, p) if is_federated(value) => other(value, p.unwrap_or(value)),
            (None, _) => Miss::FederatedMalformed { value: value.to_owned(), expected: expected() },
        };
        misses.push(miss);
    }
}

fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}
