//! What the annotations of a service account ask for, beside what a dry run of a pod was given: the token's audience
//! and its life.

use super::ignored::rewritten;
use super::{Draft, Judged, webhook};
use crate::cause::Cause;
use crate::evidence::{InjectionProbe, LIFE_ANNOTATION as LIFE, ServiceAccount, View};
use crate::finding::Confidence;

const AUDIENCE: &str = "eks.amazonaws.com/audience";
/// The webhook raises a shorter life to this, the shortest that an API server grants
/// (amazon-eks-pod-identity-webhook, `pkg/constants.go` and `pkg/validation.go`).
const SHORTEST: i64 = 600;

/// Annotations without effect on a pod that is injected all the same.
pub(super) fn causes(e: &View<'_>, sa: &ServiceAccount) -> Judged {
    let mut judged = Judged::default();
    let Some(probe) = e.injection_probe().known().filter(|p| p.error.is_none() && p.role_arn.is_some()) else {
        return judged;
    };
    for draft in [audience(e, sa, probe), life(e, sa, probe)].into_iter().flatten() {
        judged.push(Cause::WebhookVersionIgnoresAnnotation, draft);
    }
    judged
}

fn audience(e: &View<'_>, sa: &ServiceAccount, probe: &InjectionProbe) -> Option<Draft> {
    let (wanted, got) = (sa.annotations.get(AUDIENCE)?, probe.audience.as_ref()?);
    let too_old = || ignored(sa, AUDIENCE, wanted, &format!("audience {got}"), TOO_OLD);
    (wanted != got).then(|| updated(e, too_old(), TOO_OLD.1))
}

fn life(e: &View<'_>, sa: &ServiceAccount, probe: &InjectionProbe) -> Option<Draft> {
    let (text, got) = (sa.annotations.get(LIFE)?, probe.expiration_seconds?);
    let given = format!("expirationSeconds {got}");
    // As Go's strconv.ParseInt reads it, which takes no blanks; what it cannot read leaves the default (pkg/cache).
    let Ok(seconds) = text.parse::<i64>() else { return Some(no_number(e, sa, text, &given)) };
    let too_old = || ignored(sa, LIFE, text, &given, TOO_OLD);
    (seconds.max(SHORTEST) != got).then(|| updated(e, too_old(), TOO_OLD.1))
}

/// With the command that updates the webhook.
fn updated(e: &View<'_>, mut draft: Draft, title: &str) -> Draft {
    draft.cures.clear();
    draft.cure(title, &[("kubectl", webhook::update(e))])
}

/// A life that the webhook cannot read, as seconds where it says how many.
fn no_number(e: &View<'_>, sa: &ServiceAccount, text: &str, given: &str) -> Draft {
    let mut draft = ignored(sa, LIFE, text, given, NO_NUMBER);
    let Some(seconds) = seconds(text) else { return draft };
    draft.cures.clear();
    rewritten(e, draft, sa, (LIFE, &seconds.to_string()), NO_NUMBER.1)
}

/// `3600s`, `60m` or `1h`, as people write them.
fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let units = [('s', 1), ('m', 60), ('h', 3_600)];
    let (digits, unit) = units.iter().find_map(|(c, n)| Some((text.strip_suffix(*c)?, *n))).unwrap_or((text, 1));
    digits.trim().parse::<i64>().ok().filter(|n| *n > 0)?.checked_mul(unit)
}

/// Why, and what to do.
type Why = (&'static str, &'static str);
const TOO_OLD: Why = (
    "as by a webhook that does not know this annotation, or that has another value for the service account in its \
     cache",
    "update the webhook, then recreate the pods",
);
const NO_NUMBER: Why =
    ("it is no whole number of seconds, and the webhook passes over what it cannot read", "write whole seconds");

fn ignored(sa: &ServiceAccount, key: &str, value: &str, given: &str, (why, cure): Why) -> Draft {
    let who = format!("{}/{}", sa.namespace, sa.name);
    let draft = Draft::new(format!(
        "the annotation {key}={} of the service account {who} has no effect: a new pod gets {given}, {why}",
        value.escape_debug()
    ))
    .show("annotation", format!("{key}={value}"), format!("ServiceAccount {who}"))
    .show("token volume of a dry run", given, "kubectl create --dry-run=server")
    .cure(cure, &[])
    .warns();
    draft.unsure(Confidence::Likely, "the version of the webhook's image, or its own log")
}
