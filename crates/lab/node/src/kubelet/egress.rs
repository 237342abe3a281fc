//! What network policies let out of a pod (Kubernetes documentation, "Network Policies"): the packets themselves, not
//! the look-up of names before them.

use std::net::Ipv4Addr;

use serde_json::Value;
use trustwalk_lab_cluster::{Gvr, Store, json as j, matches_label_selector};

/// Where AWS answers, as a pod's network sees it: a public address. This one is nobody's (RFC 5737).
const AWS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
/// Its port.
const HTTPS: i64 = 443;

/// Whether a pod's packets get to AWS. What shares its node's network is held by no policy.
pub(super) fn reaches_aws(store: &Store, pod: &Value) -> bool {
    if j::at(pod, "/spec/hostNetwork") == &Value::Bool(true) {
        return true;
    }
    let policies = Gvr::new("networking.k8s.io", "v1", "networkpolicies");
    let all = store.list(&policies, Some(j::namespace(pod))).1;
    let mut held = all.iter().filter(|policy| is_of_egress(policy) && selects(policy, pod)).peekable();
    held.peek().is_none() || held.any(|policy| j::items(policy, "/spec/egress").iter().any(lets_out))
}

/// Whether a policy speaks of what leaves: it says so, or says nothing and has rules for it.
fn is_of_egress(policy: &Value) -> bool {
    match j::items(policy, "/spec/policyTypes") {
        [] => !j::items(policy, "/spec/egress").is_empty(),
        named => named.iter().any(|kind| kind == "Egress"),
    }
}

fn selects(policy: &Value, pod: &Value) -> bool {
    matches_label_selector(j::at(policy, "/spec/podSelector"), j::at(pod, "/metadata/labels"))
}

/// Whether a rule lets packets out to AWS. Selectors of pods and namespaces name no address outside the cluster.
fn lets_out(rule: &Value) -> bool {
    let to = j::items(rule, "/to");
    let ports = j::items(rule, "/ports");
    (to.is_empty() || to.iter().any(|peer| holds(j::at(peer, "/ipBlock"))))
        && (ports.is_empty() || ports.iter().any(open))
}

fn holds(block: &Value) -> bool {
    let within = |cidr: &Value| cidr.as_str().is_some_and(contains);
    within(j::at(block, "/cidr")) && !j::items(block, "/except").iter().any(within)
}

fn contains(cidr: &str) -> bool {
    let Some((network, bits)) = cidr.split_once('/') else { return false };
    let (Ok(network), Ok(bits)) = (network.parse::<Ipv4Addr>(), bits.parse::<u32>()) else { return false };
    let shift = 32_u32.saturating_sub(bits);
    let prefix = |address: Ipv4Addr| address.to_bits().checked_shr(shift).unwrap_or(0);
    bits <= 32 && prefix(network) == prefix(AWS)
}

fn open(port: &Value) -> bool {
    let protocol = j::text(port, "/protocol");
    let first = j::int(port, "/port");
    let last = j::int(port, "/endPort").or(first);
    (protocol.is_empty() || protocol == "TCP")
        && (j::at(port, "/port").is_null()
            || first.is_some_and(|first| (first..=last.unwrap_or(first)).contains(&HTTPS)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    /// Whether a pod of `payments` with the label `app: ledger` reaches AWS under one policy.
    fn under(namespace: &str, spec: &Value) -> bool {
        let store = Store::new(Arc::new(jiff::Timestamp::now));
        let policy = json!({"metadata": {"namespace": namespace, "name": "egress"}, "spec": spec});
        store.create(&Gvr::new("networking.k8s.io", "v1", "networkpolicies"), policy).unwrap();
        reaches_aws(&store, &json!({"metadata": {"namespace": "payments", "name": "p", "labels": {"app": "ledger"}}}))
    }

    #[test]
    fn a_policy_holds_the_pods_it_selects_in_its_own_namespace_alone() {
        let none = json!({"podSelector": {}, "policyTypes": ["Egress"]});
        assert!(!under("payments", &none) && under("batch", &none));
        let others = json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]});
        assert!(under("payments", &others));
        assert!(under("payments", &json!({"podSelector": {}, "policyTypes": ["Ingress"]})));
        // Without a list of kinds it is one of egress where it has rules for it.
        assert!(under("payments", &json!({"podSelector": {}})));
        assert!(!under("payments", &json!({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}]}]})));
    }

    #[test]
    fn a_rule_lets_out_by_address_and_port() {
        let rule = |rule: Value| under("payments", &json!({"podSelector": {}, "egress": [rule]}));
        let block = |cidr: &str, except: &[&str]| json!({"to": [{"ipBlock": {"cidr": cidr, "except": except}}]});
        assert!(rule(json!({})) && rule(block("0.0.0.0/0", &["10.0.0.0/8"])));
        assert!(!rule(block("10.0.0.0/16", &[])) && !rule(block("0.0.0.0/0", &["203.0.113.0/24"])));
        assert!(rule(json!({"ports": [{"port": 443}]})) && rule(json!({"ports": [{"port": 1, "endPort": 65535}]})));
        assert!(!rule(json!({"ports": [{"port": 53, "protocol": "UDP"}]})) && !rule(json!({"ports": [{"port": 80}]})));
    }
}
