//! How two issuers differ.

use super::IssuerDifference;
use crate::claims::issuer_path;
use crate::request::Request;

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
    if written.contains('.') && expected.strip_prefix(written).is_some_and(|rest| rest.starts_with('/')) {
        return IssuerDifference::PathMissing;
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

pub(super) fn scheme_less(text: &str) -> Option<&str> {
    text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))
}

/// The issuer of a request by a federated provider.
pub(super) fn request_issuer(request: &Request) -> &str {
    let name = request.principal.name();
    issuer_path(name).unwrap_or(name)
}
