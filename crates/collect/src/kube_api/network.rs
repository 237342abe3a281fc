//! Network policies: which pods they take in, and what they let out.

use serde_json::Value;
use trustwalk_core::evidence::{NetworkPeer, NetworkPolicy, NetworkPort, NetworkRule, PodSpec};

use super::values::{array, map, opt, text};

/// A network policy, and the pods that it takes in.
#[derive(Debug, Clone)]
pub(crate) struct SelectingPolicy {
    selector: Value,
    policy: NetworkPolicy,
}

impl SelectingPolicy {
    /// The policy, if its selector takes in pods with these labels.
    pub(crate) fn taking_in(&self, template: &PodSpec) -> Option<NetworkPolicy> {
        takes(&self.selector, template).then(|| self.policy.clone())
    }
}

/// Whether a label selector takes in a pod. One that is empty takes in all, and all its requirements must hold
/// (Kubernetes API reference, `LabelSelector`).
fn takes(selector: &Value, template: &PodSpec) -> bool {
    let label = |key: &str| template.labels.get(key);
    let equal = map(selector, "/matchLabels").iter().all(|(k, v)| label(k) == Some(v));
    let expressions = array(selector, "/matchExpressions").all(|e| {
        let value = label(&text(e, "/key"));
        let listed = || value.is_some_and(|v| array(e, "/values").any(|w| w.as_str() == Some(v)));
        match text(e, "/operator").as_str() {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            // The API server stores no other: what it means nobody knows, and a policy that is shown can be looked at.
            _ => true,
        }
    });
    equal && expressions
}

/// A network policy.
pub(super) fn network_policy(v: &Value) -> SelectingPolicy {
    let restricts_egress = array(v, "/spec/policyTypes").any(|t| t == "Egress") || v.pointer("/spec/egress").is_some();
    let egress: Vec<NetworkRule> = array(v, "/spec/egress").map(rule).collect();
    let egress_cidrs = egress.iter().flat_map(cidrs).collect();
    let policy = NetworkPolicy { name: text(v, "/metadata/name"), restricts_egress, egress_cidrs, egress };
    SelectingPolicy { selector: v.pointer("/spec/podSelector").cloned().unwrap_or_default(), policy }
}

fn cidrs(rule: &NetworkRule) -> Vec<String> {
    if rule.peers.is_empty() {
        return vec!["0.0.0.0/0".to_owned()];
    }
    let block = |peer: &NetworkPeer| match peer {
        NetworkPeer::Block { cidr, .. } => Some(cidr.clone()),
        NetworkPeer::Pods { .. } => None,
    };
    rule.peers.iter().filter_map(block).collect()
}

fn rule(v: &Value) -> NetworkRule {
    NetworkRule { peers: array(v, "/to").map(peer).collect(), ports: array(v, "/ports").map(port).collect() }
}

fn peer(v: &Value) -> NetworkPeer {
    if let Some(block) = v.get("ipBlock") {
        let except = array(block, "/except").filter_map(Value::as_str).map(str::to_owned).collect();
        return NetworkPeer::Block { cidr: text(block, "/cidr"), except };
    }
    let selector = |name: &str| v.get(name).map(ToString::to_string);
    NetworkPeer::Pods { namespaces: selector("namespaceSelector"), pods: selector("podSelector") }
}

fn port(v: &Value) -> NetworkPort {
    let number = |name: &str| v.get(name).and_then(Value::as_i64).and_then(|n| u16::try_from(n).ok());
    NetworkPort {
        // TCP is what a port without a protocol means (Kubernetes API reference, `NetworkPolicyPort`).
        protocol: opt(v, "/protocol").unwrap_or_else(|| "TCP".to_owned()),
        port: number("port"),
        end: number("endPort"),
        name: opt(v, "/port"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(labels: &[(&str, &str)]) -> PodSpec {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        PodSpec { labels, ..PodSpec::default() }
    }

    #[test]
    fn selectors_are_read_whole() {
        let expression = |operator: &str, values: &[&str]| {
            let one = json!({"key": "app", "operator": operator, "values": values});
            json!({"matchExpressions": [one]})
        };
        let pod = template(&[("app", "cart")]);
        for (selector, taken) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "cart"}}), true),
            (json!({"matchLabels": {"app": "cart", "x": "y"}}), false),
            (expression("In", &["a", "cart"]), true),
            (expression("In", &["a"]), false),
            (expression("NotIn", &["cart"]), false),
            (expression("Exists", &[]), true),
            (expression("DoesNotExist", &[]), false),
        ] {
            assert_eq!(takes(&selector, &pod), taken, "{selector}");
        }
        assert!(takes(&expression("NotIn", &["cart"]), &template(&[])));
    }

    #[test]
    fn addresses_and_ports_are_kept_as_they_are_written() {
        let policy = network_policy(&json!({
            "metadata": {"name": "p"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [
                {"to": [{"ipBlock": {"cidr": "13.43.48.0/23", "except": ["13.43.48.9/32"]}}], "ports": [{"port": 443}]},
                {"to": [{"podSelector": {"matchLabels": {"a": "b"}}}], "ports": [{"protocol": "UDP", "port": "dns"}]},
                {"ports": [{"protocol": "TCP", "port": 80, "endPort": 90}]},
            ]},
        }));
        let policy = policy.taking_in(&template(&[])).unwrap();
        assert_eq!(policy.egress_cidrs, ["13.43.48.0/23", "0.0.0.0/0"]);
        let [first, second, third] = policy.egress.as_slice() else { panic!("{:?}", policy.egress) };
        let block = NetworkPeer::Block { cidr: "13.43.48.0/23".to_owned(), except: vec!["13.43.48.9/32".to_owned()] };
        assert_eq!((first.peers.as_slice(), first.ports[0].port), (&[block][..], Some(443)));
        assert_eq!((second.ports[0].name.as_deref(), second.ports[0].protocol.as_str()), (Some("dns"), "UDP"));
        assert!(matches!(&second.peers[0], NetworkPeer::Pods { namespaces: None, pods: Some(_) }));
        assert_eq!((third.peers.len(), third.ports[0].port, third.ports[0].end), (0, Some(80), Some(90)));
    }
}
