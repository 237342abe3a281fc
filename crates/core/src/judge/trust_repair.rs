//! A repair of a trust policy that cures everything at once and lets nobody else in.

use trustwalk_trust_policy::{Decision, Document, Identity, Policy, Request};

use super::facts::effective_audience;
use super::trust::{Case, decision, lacks};
use super::{Judged, trust_principal};
use crate::plan::Action;

/// Mends after which a policy that still refuses is left to people.
const ROUNDS: usize = 6;

/// Subjects that nobody has; a repair that admits one of them opened the role.
const STRANGERS: [&str; 3] = [
    "system:serviceaccount:trustwalk-stranger:trustwalk-stranger",
    "repo:trustwalk-stranger/trustwalk-stranger:ref:refs/heads/main",
    "trustwalk-stranger",
];

/// Gives every cause the document that cures all of them, or, where there is none, its commands only.
pub(super) fn complete(case: &Case<'_>, judged: &mut Judged) {
    let changes = |d: &super::Draft| d.cures.iter().any(|c| !c.actions.is_empty());
    if !judged.found.iter().any(|c| changes(&c.draft)) {
        return;
    }
    let document = mended(case, judged).or_else(|| {
        let statement = judged.found.iter().all(|c| OWN_STATEMENT.contains(&c.rule));
        statement.then(|| trust_principal::own_statement(case)).flatten().filter(|d| cures(case, d))
    });
    for cause in judged.found.iter_mut().filter(|c| changes(&c.draft)) {
        let mut draft = cause.draft.clone();
        let title = draft.cures.first().map(|c| c.title.clone()).unwrap_or_default();
        draft.cures.clear();
        cause.draft = case.repaired(draft, &title, document.clone());
    }
}

/// Causes that a statement of its own cures as well: nothing restricts the identity that would thus be evaded.
const OWN_STATEMENT: [&str; 2] = ["trust-policy-wrong-action", "federated-arn-wrong-provider"];

fn mended(case: &Case<'_>, judged: &Judged) -> Option<String> {
    let mut document = judged.found.iter().find_map(|c| proposal(&c.draft))?;
    for _ in 0..ROUNDS {
        if cures(case, &document) {
            return Some(document);
        }
        let mut role = case.role.clone();
        role.trust_policy.clone_from(&document);
        let next = Case {
            e: case.e,
            role: &role,
            token: case.token,
            path: case.path,
            provider_arn: case.provider_arn.clone(),
            document: Document::parse(&document).ok()?,
        };
        document = lacks(&next).found.iter().find_map(|c| proposal(&c.draft))?;
    }
    None
}

fn proposal(draft: &super::Draft) -> Option<String> {
    draft.cures.iter().flat_map(|c| &c.actions).find_map(|a| match a {
        Action::SetTrustPolicy { document, .. } => Some(document.clone()),
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::Restart { .. } => None,
    })
}

/// Whether a policy admits the identity, and no stranger that the present one keeps out.
fn cures(case: &Case<'_>, text: &str) -> bool {
    let Ok(document) = Document::parse(text) else { return false };
    let (new, old) = (Policy::compile(&document), Policy::compile(&case.document));
    let stranger = |sub: &str| {
        let aud = effective_audience(case.token).unwrap_or("sts.amazonaws.com");
        let identity = Identity::new(&case.provider_arn).with_claim("sub", sub).with_claim("aud", aud);
        Request::web_identity(&identity)
    };
    decision(case, &document) == Decision::Allow
        && !STRANGERS
            .iter()
            .map(|s| stranger(s))
            .any(|r| new.evaluate(&r) == Decision::Allow && old.evaluate(&r) != Decision::Allow)
}
