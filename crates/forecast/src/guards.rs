//! Webhooks that inject the identity: with the authority in `caBundle` the API server's calls end, and pods made from
//! then on get no role.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::{Evidence, Webhook};
use trustwalk_core::finding::{Confidence, Exhibit};
use trustwalk_core::forthcoming::{Basis, Forthcoming, When};
use trustwalk_core::moment::date;
use trustwalk_x509::{Certificate, parse_any};

/// When each authority ends. One that AWS runs outside the cluster is AWS's to renew.
pub(crate) fn ends(e: &Evidence) -> Vec<Forthcoming> {
    let used = e.role_arn.known().is_some() && e.workload.known().is_some();
    let all = e.webhooks.known().filter(|_| used).into_iter().flatten();
    all.filter(|w| !w.endpoint.contains("://")).filter_map(end).collect()
}

/// Of a bundle that all identities of a run share, the certificate that ends last, read once.
fn last_of(bundle: &str) -> Option<Certificate> {
    static LAST: Mutex<Option<(String, Option<Certificate>)>> = Mutex::new(None);
    let mut kept = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, last)) = kept.as_ref().filter(|(known, _)| known == bundle) {
        return last.clone();
    }
    let pem = STANDARD.decode(bundle).unwrap_or_default();
    let last = parse_any(&pem).ok().and_then(|all| all.into_iter().max_by_key(Certificate::not_after));
    *kept = Some((bundle.to_owned(), last.clone()));
    last
}

fn end(webhook: &Webhook) -> Option<Forthcoming> {
    let last = last_of(&webhook.ca_bundle)?;
    let until = date(last.not_after());
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
