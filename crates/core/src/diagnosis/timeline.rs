//! What changed, oldest first: the first thing anyone asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_x509::Certificate;

use super::model::Change;
use crate::evidence::{Evidence, Observed};
use crate::judge::moment;

/// Every dated fact of the evidence.
pub(super) fn timeline(e: &Evidence) -> Vec<Change> {
    let mut all = Vec::new();
    let mut add = |at: i64, what: String, who: Option<String>, origin: &str| {
        if at > 0 {
            all.push(Change { at, what, who, origin: origin.to_owned() });
        }
    };
    for chain in e.chains.iter().filter_map(Observed::known) {
        for encoded in &chain.chain {
            let parsed = STANDARD.decode(encoded).ok().and_then(|d| Certificate::from_der(&d).ok());
            if let Some(c) = parsed {
                add(
                    c.not_before(),
                    format!("certificate {} issued", c.display_name()),
                    Some(c.issuer().to_string()),
                    &chain.host,
                );
            }
        }
    }
    if let Some(p) = e.provider.known() {
        add(p.created, format!("OIDC provider {} created", p.arn), None, "iam:GetOpenIDConnectProvider");
    }
    if let Some(r) = e.role.known() {
        add(r.created, format!("role {} created", r.arn), None, "iam:GetRole");
    }
    if let Some(c) = e.cluster.known() {
        add(c.created, format!("cluster {} created", c.name), None, "eks:DescribeCluster");
        for a in &c.addons {
            add(a.modified, format!("add-on {} changed", a.name), None, "eks:DescribeAddon");
        }
    }
    if let Some(s) = e.service_account.known()
        && let Some(w) = &s.role_written_by
    {
        let role = s.role_arn().unwrap_or("a role");
        add(
            w.at,
            format!("service account {}/{} told to assume {role}", s.namespace, s.name),
            Some(w.manager.clone()),
            "managedFields",
        );
    }
    if let Some(pods) = e.pods.known()
        && let Some(first) = pods.iter().map(|p| p.created).min()
    {
        add(first, format!("oldest of {} pods created", pods.len()), None, "pods");
    }
    for t in e.trail.known().into_iter().flatten().filter(|t| t.error.is_none()) {
        add(t.at, format!("{} {}", t.name, t.resource), Some(t.who.clone()), "CloudTrail");
    }
    let first = e.logs.known().into_iter().flatten().filter_map(|l| Some((moment(l.first.as_deref()?)?, l)));
    if let Some((at, l)) = first.min_by_key(|(at, l)| (*at, l.origin.clone())) {
        add(at, format!("first failure: {}", l.failure.message), None, &l.origin);
    }
    all.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
    all.dedup();
    all
}
