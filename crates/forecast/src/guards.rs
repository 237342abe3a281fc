//! Webhooks that inject the identity: with the authority in `caBundle` the API server's calls end, and pods made from
//! then on get no role.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::{Evidence, Webhook};
use trustwalk_core::finding::{Confidence, Exhibit};
use trustwalk_core::forthcoming::{Basis, Forthcoming, When};
use trustwalk_x509::parse_any;

use crate::pinned::day;

/// When each authority ends. One that AWS runs outside the cluster is AWS's to renew.
pub(crate) fn ends(e: &Evidence) -> Vec<Forthcoming> {
    let used = e.role_arn.known().is_some() && e.workload.known().is_some();
    let all = e.webhooks.known().filter(|_| used).into_iter().flatten();
    all.filter(|w| !w.endpoint.contains("://")).filter_map(end).collect()
}

fn end(webhook: &Webhook) -> Option<Forthcoming> {
    let pem = STANDARD.decode(&webhook.ca_bundle).ok()?;
    let last = parse_any(&pem).ok()?.into_iter().max_by_key(trustwalk_x509::Certificate::not_after)?;
    let until = day(last.not_after());
    let what = format!("MutatingWebhookConfiguration {} webhook {}", webhook.configuration, webhook.name);
    let sentence = format!(
        "the authority `{}` in caBundle of {what} is valid until {until}: from then on the API server refuses what \
         the webhook serves, and new pods get no role",
        last.subject()
    );
    let when = When::On { at: last.not_after().saturating_add(1) };
    Some(Forthcoming {
        confidence: Confidence::Likely,
        proof: vec![Exhibit::new("caBundle", last.sha256().as_str(), format!("{what}, valid until {until}"))],
        advice: "renew the webhook's certificate and authority, and see that caBundle follows".to_owned(),
        ..Forthcoming::of(Cause::WebhookMisconfiguredCabundle, Basis::Certificate, when, sentence)
    })
}
