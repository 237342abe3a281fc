//! Name constraints (RFC 5280, 4.2.1.10): which names a CA may vouch for.

use std::net::IpAddr;

use crate::certificate::Certificate;
use crate::extensions::{GeneralName, NameConstraints};
use crate::host::{MAX_LABEL, MAX_NAME};

/// Comparisons done for one path search: a hostile chain could ask for millions.
pub(crate) const MAX_COMPARISONS: usize = 250_000;

/// Why constraints do not let a certificate pass.
pub(crate) enum Refusal {
    /// They do not allow this name.
    Name(String),
    /// More comparisons than [`MAX_COMPARISONS`] would be needed to tell.
    Exhausted,
}

/// The first name of the certificate that the constraints do not allow.
pub(crate) fn refused(constraints: &NameConstraints, certificate: &Certificate, budget: &mut usize) -> Option<Refusal> {
    let names = names(certificate);
    for name in &names {
        let mut restricted = false;
        let mut permitted = false;
        for base in &constraints.permitted {
            *budget = budget.saturating_sub(1);
            if same_kind(name, base) {
                restricted = true;
                permitted |= within(name, base, false);
            }
        }
        let excluded = constraints.excluded.iter().any(|base| {
            *budget = budget.saturating_sub(1);
            same_kind(name, base) && within(name, base, true)
        });
        if excluded {
            return Some(Refusal::Name(text(name)));
        }
        if *budget == 0 {
            return Some(Refusal::Exhausted);
        }
        if restricted && !permitted {
            return Some(Refusal::Name(text(name)));
        }
    }
    None
}

fn names(certificate: &Certificate) -> Vec<GeneralName> {
    let mut names = certificate.extensions().alternative_names.clone();
    if !certificate.subject().is_empty() {
        names.push(GeneralName::Directory(certificate.subject().clone()));
    }
    if !names.iter().any(|n| matches!(n, GeneralName::Email(_))) {
        names.extend(certificate.subject().emails().map(|e| GeneralName::Email(e.to_owned())));
    }
    names
}

fn text(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(t) | GeneralName::Email(t) | GeneralName::Uri(t) => t.clone(),
        GeneralName::Ip(ip) => ip.to_string(),
        GeneralName::Directory(n) => n.to_string(),
        GeneralName::Range(..) => "an address range".to_owned(),
        GeneralName::Other(tag) => format!("a name of kind {tag}"),
    }
}

fn same_kind(name: &GeneralName, base: &GeneralName) -> bool {
    matches!(
        (name, base),
        (GeneralName::Dns(_), GeneralName::Dns(_))
            | (GeneralName::Ip(_), GeneralName::Range(..))
            | (GeneralName::Email(_), GeneralName::Email(_))
            | (GeneralName::Uri(_), GeneralName::Uri(_))
            | (GeneralName::Directory(_), GeneralName::Directory(_))
    ) || matches!((name, base), (GeneralName::Other(a), GeneralName::Other(b)) if a == b)
}

/// Where it cannot be told, the answer is the one that refuses: in for an exclusion, out for a permission.
fn within(name: &GeneralName, base: &GeneralName, excluding: bool) -> bool {
    match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => dns(name, base, excluding),
        (GeneralName::Ip(ip), GeneralName::Range(address, mask)) => {
            let octets = match ip {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            octets.len() == address.len() && octets.iter().zip(address).zip(mask).all(|((o, a), m)| o & m == a & m)
        }
        (GeneralName::Email(name), GeneralName::Email(base)) => email(name, base).unwrap_or(excluding),
        (GeneralName::Uri(name), GeneralName::Uri(base)) => {
            uri_host(name).and_then(|host| host_or_subdomain(host, base)).unwrap_or(excluding)
        }
        (GeneralName::Directory(name), GeneralName::Directory(base)) => name.is_within(base),
        _ => excluding,
    }
}

fn dns(name: &str, base: &str, excluding: bool) -> bool {
    if !is_host_name(name) {
        return excluding;
    }
    if base.is_empty() {
        return true;
    }
    let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
    let below = |n: &str, b: &str| n.strip_suffix(b).is_some_and(|rest| rest.ends_with('.'));
    if let Some(bare) = base.strip_prefix('.') {
        return below(&name, bare);
    }
    if name == base || below(&name, &base) {
        return true;
    }
    // A wildcard reaches into an excluded name one label below it.
    excluding
        && name.strip_prefix("*.").is_some_and(|suffix| base.split_once('.').is_some_and(|(_, rest)| rest == suffix))
}

/// What can be compared with a base: a name as DNS has them, its first label possibly a wildcard.
fn is_host_name(name: &str) -> bool {
    let plain = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= MAX_NAME && name.strip_prefix("*.").unwrap_or(name).split('.').all(plain)
}

fn email(name: &str, base: &str) -> Option<bool> {
    let (local, host) = name.rsplit_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty())?;
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => (!base_local.is_empty() && is_plain_host(base_host))
            .then(|| local == base_local && host.eq_ignore_ascii_case(base_host)),
        None => host_or_subdomain(host, base),
    }
}

/// A base with a first dot means subdomains only; without, exactly that host. Nothing can be told of a base that
/// is neither, an empty one included: RFC 5280 gives it no meaning for mailboxes and URIs.
fn host_or_subdomain(host: &str, base: &str) -> Option<bool> {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    if !is_plain_host(base.strip_prefix('.').unwrap_or(&base)) {
        return None;
    }
    Some(if base.starts_with('.') { host.ends_with(&base) && host.len() > base.len() } else { host == base })
}

/// A host name without a wildcard.
fn is_plain_host(name: &str) -> bool {
    !name.starts_with('*') && is_host_name(name) && name.parse::<IpAddr>().is_err()
}

/// The host of a URI; addresses and URIs without one cannot be compared.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, after) = uri.split_once("://")?;
    let authority = after.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    if host.starts_with('[') {
        return None;
    }
    let host = host.split(':').next()?;
    (!host.is_empty() && host.parse::<IpAddr>().is_err()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_subtrees() {
        for (name, base, excluding, wanted) in [
            ("a.example.com", "example.com", false, true),
            ("example.com", "example.com", false, true),
            ("badexample.com", "example.com", false, false),
            ("example.com", ".example.com", false, false),
            ("a.example.com", ".example.com", false, true),
            ("anything", "", false, true),
            ("*.example.com", "a.example.com", true, true),
            ("*.example.com", "a.example.com", false, false),
            ("*.example.com", "example.com", false, true),
            ("A.Example.COM", "eXample.com", false, true),
            ("a b", "", false, false),
            ("a..example.com", "example.com", false, false),
            ("a.example.com.", "example.com", false, false),
            ("f*.example.com", "example.org", true, true),
        ] {
            assert_eq!(dns(name, base, excluding), wanted, "{name} {base}");
        }
    }

    #[test]
    fn mailboxes_and_uris() {
        assert_eq!(email("a@x.example", "x.example"), Some(true));
        assert_eq!(email("a@y.x.example", "x.example"), Some(false));
        assert_eq!(email("a@y.x.example", ".x.example"), Some(true));
        assert_eq!(email("A@x.example", "a@x.example"), Some(false));
        for base in ["", ".", "..x.example", "@x.example", "a@", "a@.x.example", "x..example", "*.example", "x example"]
        {
            assert_eq!(email("a@x.example", base), None, "{base:?}");
        }
        for base in ["", ".", "x..example", "https://x.example", "x.example:1", "x.example/", "203.0.113.1"] {
            assert_eq!(host_or_subdomain("x.example", base), None, "{base:?}");
        }
        assert_eq!(uri_host("https://u@h.example:1/p"), Some("h.example"));
        assert_eq!(uri_host("https://[::1]/"), None);
        assert_eq!(uri_host("urn:x"), None);
    }
}
