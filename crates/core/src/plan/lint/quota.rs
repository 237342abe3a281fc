//! IAM's quotas (IAM User Guide, "IAM and AWS STS quotas"; `UpdateOpenIDConnectProviderThumbprint` for thumbprints).

use trustwalk_trust_policy::{Document, TRUST_POLICY_QUOTA};

use super::{Refusal, Rule};
use crate::evidence::{Evidence, View};
use crate::plan::action::Action;
use crate::plan::applied::applied;
use crate::question::{MAX_THUMBPRINTS, acts_by_association};

/// A quota of IAM.
#[derive(Debug, Clone, Copy)]
struct Quota {
    what: &'static str,
    default: usize,
    /// The most that an account can raise it to; `None` where it cannot be raised.
    raised: Option<usize>,
}

const THUMBPRINTS: Quota = Quota { what: "thumbprints of a provider", default: MAX_THUMBPRINTS, raised: None };
const CLIENT_IDS: Quota = Quota { what: "audiences of a provider", default: 100, raised: None };
const PROVIDERS: Quota = Quota { what: "providers of an account", default: 100, raised: Some(700) };
const TRUST_POLICY: Quota = Quota {
    what: "characters of a trust policy without white space",
    default: TRUST_POLICY_QUOTA,
    raised: Some(4_096),
};
/// It was 20 at most before it was 25.
const POLICIES: Quota = Quota { what: "managed policies of a role", default: 10, raised: Some(25) };

impl Quota {
    /// Whether so many are too many. Where there are more than the default already, it was raised.
    fn refuses(self, before: usize, after: usize) -> Option<Refusal> {
        let most = if before > self.default { self.raised.unwrap_or(self.default) } else { self.default };
        // What is over it and does not grow is not this step's doing.
        if after <= most || after <= before {
            return None;
        }
        let Self { what, default, raised } = self;
        let may = match raised {
            Some(raised) if most == default => {
                format!("by default; this account's quota is perhaps higher, up to {raised}: see Service Quotas")
            }
            Some(_) => "however far the quota is raised".to_owned(),
            None => "and this quota cannot be raised".to_owned(),
        };
        let words = format!("it would make {after} {what}, and IAM takes {most} {may}");
        Some(Refusal::new(Rule::ExceedsQuota, words))
    }
}

/// Whether a step would write more than IAM takes.
pub(super) fn exceeded(before: &Evidence, action: &Action) -> Option<Refusal> {
    match action {
        Action::SetThumbprints { thumbprints, .. } => {
            THUMBPRINTS.refuses(before.provider.known().map_or(0, |p| p.thumbprints.len()), thumbprints.len())
        }
        Action::AddClientId { .. } => {
            let count = |e: &Evidence| e.provider.known().map_or(0, |p| p.client_ids.len());
            CLIENT_IDS.refuses(count(before), count(&applied(before, action)))
        }
        Action::CreateProvider { client_ids, thumbprints, .. } => {
            let there = before.providers.known().map_or(0, Vec::len);
            THUMBPRINTS
                .refuses(0, thumbprints.len())
                .or_else(|| CLIENT_IDS.refuses(0, client_ids.len()))
                .or_else(|| PROVIDERS.refuses(there, there + 1))
        }
        Action::SetTrustPolicy { document, .. } => {
            let length = |text: &str| Document::parse(text).map_or(0, |d| d.counted_length);
            let old = before.role.known().map_or(0, |r| length(&r.trust_policy));
            TRUST_POLICY.refuses(old, length(document))
        }
        Action::AttachPolicy { .. } => {
            let by_association = acts_by_association(&View::new(before));
            let policies = if by_association { &before.association_policies } else { &before.policies };
            let managed = policies.known().into_iter().flatten().filter(|p| p.arn.is_some() && !p.boundary).count();
            POLICIES.refuses(managed, managed + 1)
        }
        Action::Annotate { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => None,
    }
}
