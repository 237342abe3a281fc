//! The one rule more with which a network policy lets its pods reach what they asked, and what that rule lets besides.

use std::net::IpAddr;

use serde_json::{Value, json};
use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom as S;

use super::names;
use super::symptoms::recent;
use crate::evidence::{LogFailure, View};

/// The port asked: the one that the line names, else that of HTTPS.
pub(super) fn port(line: &LogFailure) -> u16 {
    line.failure.port.unwrap_or(443)
}

/// Addresses that VPC endpoints have: private ones (RFC 1918), the shared range (RFC 6598), which VPCs may use too,
/// and unique local ones (RFC 4193).
pub(super) fn in_vpc(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

/// A name server on the node itself (Kubernetes documentation, "Using `NodeLocal` `DNSCache` in Kubernetes Clusters"):
/// no pod, and reached by its address.
fn on_the_node(resolver: Option<IpAddr>) -> Option<IpAddr> {
    resolver.filter(|address| match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    })
}

/// The addresses of the VPC endpoint that lines tell were dialled in vain, on the port of this one.
fn of_the_endpoint(e: &View<'_>, line: &LogFailure) -> Vec<IpAddr> {
    let same = |l: &&LogFailure| l.failure.host == line.failure.host && port(l) == port(line);
    let lines = recent(e).into_iter().filter(same).chain([line]);
    let mut all: Vec<IpAddr> = lines.filter_map(|l| l.failure.address).filter(|a| in_vpc(*a)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn block(address: IpAddr) -> Value {
    let length = if address.is_ipv4() { 32 } else { 128 };
    json!({"ipBlock": {"cidr": format!("{address}/{length}")}})
}

/// Whom the rule lets reach: the name servers, or the endpoint; none where any address may be asked. A policy that
/// names a service's address does not meet its pods (Kubernetes documentation, "Network Policies"), so that those of
/// the name servers are told by their labels (the deployment of `CoreDNS` that EKS and kubeadm make).
fn peers(e: &View<'_>, line: &LogFailure) -> Vec<Value> {
    if line.failure.symptom != S::StsDns {
        return of_the_endpoint(e, line).into_iter().map(block).collect();
    }
    let servers = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    });
    std::iter::once(servers).chain(on_the_node(line.failure.resolver).map(block)).collect()
}

/// One more rule of a policy, for the port, and for the addresses alone where these are known.
pub(super) fn let_out(e: &View<'_>, name: &str, line: &LogFailure) -> String {
    let on = |protocol: &str, port: u16| json!({"protocol": protocol, "port": port});
    let dns = line.failure.symptom == S::StsDns;
    let ports = if dns { vec![on("UDP", 53), on("TCP", 53)] } else { vec![on("TCP", port(line))] };
    let to = peers(e, line);
    let rule = if to.is_empty() { json!({"ports": ports}) } else { json!({"ports": ports, "to": to}) };
    let all = e.network_policies().known().into_iter().flatten();
    let has_rules = all.filter(|p| p.name == name).any(|p| !p.egress.is_empty() || !p.egress_cidrs.is_empty());
    let (path, value) = if has_rules { ("/spec/egress/-", rule) } else { ("/spec/egress", json!([rule])) };
    let change = json!([{"op": "add", "path": path, "value": value}]).to_string();
    let (namespace, _) = names::account(e);
    shell::line("kubectl patch networkpolicy {} -n {} --type=json -p {}", &[name, &namespace, &change])
}

/// What that rule lets besides, or leaves out.
pub(super) fn risk(e: &View<'_>, line: &LogFailure) -> &'static str {
    if line.failure.symptom == S::StsDns {
        return "the rule is for CoreDNS as EKS labels it: where other name servers are asked, name those instead";
    }
    if of_the_endpoint(e, line).is_empty() {
        return "STS has no fixed addresses: this rule lets the pods reach every address on that port; a VPC endpoint \
                for STS has addresses that a rule can name";
    }
    "the endpoint has an address in each of its subnets, and the log names those of the rule: add the others, which \
     `aws ec2 describe-network-interfaces` tells"
}
