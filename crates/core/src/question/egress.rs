//! What network policies together let out (Kubernetes documentation, "Network Policies": they are additive, and what
//! no policy that restricts egress allows is not let out).

use std::net::IpAddr;

use crate::evidence::{NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule};

/// What the policies say of one way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// No policy restricts egress.
    Free,
    /// A policy lets it out, in words.
    Open(String),
    /// No policy lets it out.
    Shut { policies: Vec<String>, allowed: String },
    /// Whether one does depends on an address that is not known.
    Unsure { policies: Vec<String>, allowed: String },
}

/// Whether one rule fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Maybe,
    Yes,
}

/// Judges the way to a port of an address, or of an address that is not known. The way to the cluster's own name
/// server may be a selector of pods; an address outside the cluster never is one.
pub(super) fn restricted(policies: &[NetworkPolicy], to: Option<IpAddr>, port: u16, dns: bool) -> Way {
    let strict: Vec<&NetworkPolicy> = policies.iter().filter(|p| p.restricts_egress).collect();
    if strict.is_empty() {
        return Way::Free;
    }
    let mut best = (Fit::No, String::new());
    let mut allowed = Vec::new();
    for policy in &strict {
        for rule in rules(policy) {
            let fit = peers(&rule, to, dns).min(ports(&rule, port, dns));
            if fit > best.0 {
                best = (fit, format!("the NetworkPolicy {} lets out {}", policy.name, said(&rule)));
            }
            allowed.push(said(&rule));
        }
    }
    let policies = strict.iter().map(|p| p.name.clone()).collect();
    let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join("; ") };
    match best {
        (Fit::Yes, by) => Way::Open(by),
        (Fit::Maybe, _) => Way::Unsure { policies, allowed },
        (Fit::No, _) => Way::Shut { policies, allowed },
    }
}

/// The rules; of evidence that has but networks, one of these.
fn rules(policy: &NetworkPolicy) -> Vec<NetworkRule> {
    if !policy.egress.is_empty() || policy.egress_cidrs.is_empty() {
        return policy.egress.clone();
    }
    let block = |cidr: &String| NetworkPeer::Block { cidr: cidr.clone(), except: Vec::new() };
    vec![NetworkRule { peers: policy.egress_cidrs.iter().map(block).collect(), ports: Vec::new() }]
}

fn peers(rule: &NetworkRule, to: Option<IpAddr>, dns: bool) -> Fit {
    if rule.peers.is_empty() {
        return Fit::Yes;
    }
    let fit = |peer: &NetworkPeer| match (peer, to) {
        (NetworkPeer::Pods { .. }, _) => {
            if dns {
                Fit::Maybe
            } else {
                Fit::No
            }
        }
        (NetworkPeer::Block { cidr, except }, Some(address)) => {
            let out = except.iter().any(|c| holds(c, address));
            if holds(cidr, address) && !out { Fit::Yes } else { Fit::No }
        }
        (NetworkPeer::Block { cidr, except }, None) => {
            if except.is_empty() && matches!(cidr.as_str(), "0.0.0.0/0" | "::/0") { Fit::Yes } else { Fit::Maybe }
        }
    };
    rule.peers.iter().map(fit).max().unwrap_or(Fit::No)
}

fn ports(rule: &NetworkRule, port: u16, dns: bool) -> Fit {
    if rule.ports.is_empty() {
        return Fit::Yes;
    }
    let fit = |p: &NetworkPort| {
        // Names are asked for by UDP first, and by TCP where the answer is long (RFC 7766).
        let protocol = p.protocol == "TCP" || p.protocol.is_empty() || (dns && p.protocol == "UDP");
        match (p.port, &p.name) {
            _ if !protocol => Fit::No,
            (Some(first), _) if (first..=p.end.unwrap_or(first)).contains(&port) => Fit::Yes,
            // A named port is one of pods reached.
            (None, Some(_)) if dns => Fit::Maybe,
            (Some(_), _) | (None, Some(_)) => Fit::No,
            (None, None) => Fit::Yes,
        }
    };
    rule.ports.iter().map(fit).max().unwrap_or(Fit::No)
}

/// A rule in words.
fn said(rule: &NetworkRule) -> String {
    let peer = |p: &NetworkPeer| match p {
        NetworkPeer::Block { cidr, except } if except.is_empty() => cidr.clone(),
        NetworkPeer::Block { cidr, except } => format!("{cidr} except {}", except.join(", ")),
        NetworkPeer::Pods { .. } => "some pods".to_owned(),
    };
    let to = if rule.peers.is_empty() {
        "everything".to_owned()
    } else {
        rule.peers.iter().map(peer).collect::<Vec<_>>().join(", ")
    };
    let port = |p: &NetworkPort| match (p.port, p.end, &p.name) {
        (Some(first), Some(last), _) => format!("{} {first}-{last}", p.protocol),
        (Some(only), None, _) => format!("{} {only}", p.protocol),
        (None, _, Some(name)) => format!("{} {name}", p.protocol),
        (None, _, None) => p.protocol.clone(),
    };
    if rule.ports.is_empty() {
        return to;
    }
    format!("{to} on {}", rule.ports.iter().map(port).collect::<Vec<_>>().join(", "))
}

/// Whether a network holds an address. What is no network holds none.
fn holds(cidr: &str, address: IpAddr) -> bool {
    let Some((network, length)) = cidr.split_once('/') else { return false };
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    let high = |bits: u128, width: u32| bits.checked_shr(width.saturating_sub(length)).unwrap_or(0);
    match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => {
            length <= 32 && high(u128::from(n.to_bits()), 32) == high(u128::from(a.to_bits()), 32)
        }
        (IpAddr::V6(n), IpAddr::V6(a)) => length <= 128 && high(n.to_bits(), 128) == high(a.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Vec<NetworkPolicy> {
        let egress: Vec<NetworkRule> = serde_json::from_str(json).unwrap();
        vec![NetworkPolicy { name: "p".to_owned(), restricts_egress: true, egress, ..NetworkPolicy::default() }]
    }

    #[test]
    fn address_exceptions_and_port_decide() {
        let to = |json: &str, address: &str, port: u16| restricted(&policy(json), address.parse().ok(), port, false);
        let https = r#"[{"peers":[{"kind":"block","cidr":"13.43.48.0/23","except":["13.43.49.0/24"]}],
            "ports":[{"protocol":"TCP","port":443}]}]"#;
        assert!(matches!(to(https, "13.43.48.12", 443), Way::Open(_)));
        assert!(matches!(to(https, "13.43.49.12", 443), Way::Shut { .. }));
        assert!(matches!(to(https, "13.43.48.12", 8443), Way::Shut { .. }));
        assert!(matches!(to(https, "", 443), Way::Unsure { .. }));
        let http = r#"[{"peers":[{"kind":"block","cidr":"0.0.0.0/0","except":[]}],
            "ports":[{"protocol":"TCP","port":80}]}]"#;
        assert!(matches!(to(http, "", 443), Way::Shut { .. }));
        assert!(matches!(to("[]", "10.0.0.1", 443), Way::Shut { .. }));
        let ranged = r#"[{"peers":[],"ports":[{"protocol":"TCP","port":400,"end":500}]}]"#;
        assert!(matches!(to(ranged, "2001:db8::1", 443), Way::Open(_)));
        assert!(matches!(restricted(&[], None, 443, false), Way::Free));
    }

    #[test]
    fn policies_add_up_and_names_have_a_way_of_their_own() {
        let mut both = policy(r#"[{"peers":[],"ports":[{"protocol":"TCP","port":443}]}]"#);
        assert!(matches!(restricted(&both, None, 53, true), Way::Shut { .. }));
        both.extend(policy(r#"[{"peers":[],"ports":[{"protocol":"UDP","port":53}]}]"#));
        assert!(matches!(restricted(&both, None, 53, true), Way::Open(_)));
        let pods = policy(r#"[{"peers":[{"kind":"pods","namespaces":null,"pods":"{}"}],"ports":[]}]"#);
        assert!(matches!(restricted(&pods, None, 53, true), Way::Unsure { .. }));
        assert!(matches!(restricted(&pods, None, 443, false), Way::Shut { .. }));
    }
}
