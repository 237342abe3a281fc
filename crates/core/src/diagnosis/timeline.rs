//! What changed, oldest first: the first thing anybody asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_x509::Certificate;

use super::model::Change;
use crate::evidence::Evidence;

/// Most entries shown: enough for a week's changes, and still read in one sitting.
const MOST: usize = 20;

/// The changes the evidence tells of.
pub(super) fn timeline(e: &Evidence) -> Vec<Change> {
    let mut all = Vec::new();
    let mut add = |at: i64, what: String, who: Option<String>, origin: &str| {
        if at > 0 {
            all.push(Change { at, what, who, origin: origin.to_owned() });
        }
    };
    for host in e.chains.iter().filter_map(|c| c.known()) {
        let ders = host.chain.iter().filter_map(|c| STANDARD.decode(c).ok());
        for c in ders.filter_map(|d| Certificate::from_der(&d).ok()) {
            add(c.not_before(), format!("certificate {} of {} valid from", c.subject(), host.host), None, "presented chain");
        }
    }
    if let Some(p) = e.provider.known() {
        add(p.created, format!("OIDC provider {} created", p.arn), None, "iam:GetOpenIDConnectProvider");
    }
    if let Some(c) = e.cluster.known() {
        add(c.created, format!("cluster {} created", c.name), None, "eks:DescribeCluster");
        for a in &c.addons {
            let role = a.role_arn.as_ref().map(|r| format!(", role {r}")).unwrap_or_default();
            add(a.modified, format!("add-on {} last changed{role}", a.name), None, "eks:DescribeAddon");
        }
    }
    if let Some(r) = e.role.known() {
        add(r.created, format!("role {} created", r.arn), None, "iam:GetRole");
    }
    if let Some(w) = e.service_account.known().and_then(|s| s.role_written_by.as_ref()) {
        let who = (!w.manager.is_empty()).then(|| w.manager.clone());
        add(w.at, "role annotation of the service account set".to_owned(), who, "managedFields");
    }
    for t in e.trail.known().into_iter().flatten().filter(|t| t.error.is_none() && t.name != "AssumeRoleWithWebIdentity") {
        add(t.at, format!("{} on {}", t.name, t.resource), Some(t.who.clone()), "CloudTrail");
    }
    if let Some(first) = e.pods.known().and_then(|p| p.iter().map(|p| p.created).min()) {
        add(first, "oldest of the pods created".to_owned(), None, "pods");
    }
    let failed = e.logs.known().into_iter().flatten().filter_map(|l| l.first.as_deref()).min();
    if let Some(at) = failed.and_then(crate::judge::moment) {
        add(at, "first failure in the logs read".to_owned(), None, "logs");
    }
    all.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
    all.dedup_by(|a, b| a.at == b.at && a.what == b.what);
    let skip = all.len().saturating_sub(MOST);
    all.split_off(skip)
}
