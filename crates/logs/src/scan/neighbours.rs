//! What stands around a failure in the same log: successes, starts, and how they lie to its occurrences.
//!
//! INVARIANT: everything here can be joined from the parts of a log to what the whole log gives.

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::{Failure, Success, SuccessKind, Symptom};

/// Distinct successes kept; later ones are only counted.
pub const MAX_SUCCESSES: usize = 256;

/// A place in a log: its time, where the record has one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moment {
    /// UTC in ISO 8601.
    pub at: Option<String>,
}

impl Moment {
    pub(crate) fn of(ts: Option<&String>) -> Self {
        Self { at: ts.cloned() }
    }
}

/// How the occurrences of one failure lie to successes of the same kind and to starts of the program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbours {
    /// The start of the program before the first occurrence, where the log shows one.
    pub started: Option<Moment>,
    /// Seconds from the program's start, or else from the log's first line, to the first occurrence.
    pub after_start_seconds: Option<i64>,
    /// The last success before the first occurrence.
    pub succeeded_before: Option<Moment>,
    /// The first success after the last occurrence.
    pub recovered: Option<Moment>,
    /// The success after which it came again, if it did: the last one of them.
    pub again_after: Option<Moment>,
    /// The first start of the program after the last occurrence.
    pub restarted: Option<Moment>,
    /// The first success before the first occurrence: needed only to join parts.
    #[serde(skip)]
    pub(super) lead: Option<Moment>,
}

impl Neighbours {
    /// Joins what a later part of the same log says of the same failure.
    pub(super) fn append(&mut self, later: Self) {
        let between = self.recovered.take().or(later.lead);
        self.again_after = later.again_after.or(between).or(self.again_after.take());
        self.recovered = later.recovered;
        self.restarted = later.restarted;
    }

    /// Joins what another log says of the same failure: it is over only where every log shows that.
    pub(super) fn beside(&mut self, other: Self) {
        let both = |a: Option<Moment>, b: Option<Moment>| a.zip(b).map(|(a, b)| if a.at >= b.at { a } else { b });
        self.recovered = both(self.recovered.take(), other.recovered);
        self.restarted = both(self.restarted.take(), other.restarted);
        self.succeeded_before = self.succeeded_before.take().or(other.succeeded_before);
        self.again_after = self.again_after.take().or(other.again_after);
        self.started = self.started.take().or(other.started);
        self.after_start_seconds = self.after_start_seconds.or(other.after_start_seconds);
    }
}

/// One distinct success and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSuccess {
    /// How often.
    pub count: u64,
    /// The first one in the log.
    pub first: Moment,
    /// The last one in the log.
    pub last: Moment,
    /// What succeeded, as the first one tells it.
    pub success: Success,
    /// The number of the last one among all successes.
    #[serde(skip)]
    pub(super) order: u64,
}

/// Starts of the program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Starts {
    /// How many.
    pub count: u64,
    /// The first one.
    pub first: Option<Moment>,
    /// The last one.
    pub last: Option<Moment>,
}

impl Starts {
    pub(super) fn saw(&mut self, moment: &Moment) {
        self.count += 1;
        self.first.get_or_insert_with(|| moment.clone());
        self.last = Some(moment.clone());
    }

    pub(super) fn append(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
        self.last = later.last.or(self.last.take());
    }
}

/// Whether the success shows that what failed works.
pub(super) fn cures(success: &Success, failure: &Failure) -> bool {
    match success.kind {
        SuccessKind::Identified => identified(success, failure),
        // That it was given is no sign that it was used.
        SuccessKind::WebIdentityGiven | SuccessKind::PodIdentityGiven => false,
        SuccessKind::Exchange | SuccessKind::AssumedRole | SuccessKind::PodIdentity | SuccessKind::Refreshed => {
            is_of_kind(success.kind, failure.symptom) && same_role(success, failure) && same_call(success, failure)
        }
    }
}

/// A call made in the role's session shows that the client has the role's credentials, and of the action that it names
/// that it is allowed.
fn identified(success: &Success, failure: &Failure) -> bool {
    let Some((_, session)) = success.principal_arn.as_deref().and_then(|arn| arn.split_once(":assumed-role/")) else {
        return false;
    };
    let Some((role, session)) = session.split_once('/') else { return false };
    if let Some(action) = failure.denied_action.as_deref() {
        let caller = failure.caller_arn.as_deref().and_then(role_name);
        let operation = action.rsplit(':').next().unwrap_or(action);
        let mut words = success.message.split(|c: char| !c.is_ascii_alphanumeric());
        return caller == Some(role) && words.any(|word| word == operation);
    }
    // A session of a node is named by its instance (EC2 User Guide, "Retrieve security credentials from instance
    // metadata"): that its role is used cures nothing.
    let of_node = session.strip_prefix("i-").is_some_and(|id| id.bytes().all(|b| b.is_ascii_hexdigit()));
    let asked = failure.role_arn.as_deref().and_then(role_name);
    let same = asked.map_or(!of_node, |asked| asked == role);
    same && is_of_kind(SuccessKind::Exchange, failure.symptom)
}

/// The first of them, and the last.
pub(super) fn first_and_last(all: &[SeenSuccess], failure: &Failure) -> (Option<Moment>, Option<Moment>) {
    let fitting = || all.iter().filter(|s| cures(&s.success, failure));
    let last = fitting().max_by_key(|s| s.order).map(|s| s.last.clone());
    (fitting().next().map(|s| s.first.clone()), last)
}

/// An exchange cures what kept from an exchange, not what a policy or the API server refused.
#[expect(clippy::wildcard_enum_match_arm, reason = "most failures keep a client from its credentials")]
fn is_of_kind(kind: SuccessKind, symptom: Symptom) -> bool {
    use Symptom as S;
    match symptom {
        S::AccessDeniedAction
        | S::MalformedPolicy
        | S::FederatedInvalid
        | S::ProviderExists
        | S::QuotaExceeded
        | S::DocumentsDenied
        | S::WebhookUntrusted
        | S::WebhookReviewVersion
        | S::WebhookCallFailed
        | S::WebhookFailedOpen
        | S::WebhookDidNotMutate
        | S::WebhookMissing
        | S::ApiTokenInvalid
        | S::ApiTokenRefused
        | S::NodeRoleUsed
        | S::GhaCallerLacksIdToken => false,
        s if s.is_of_pod_identity() => matches!(kind, SuccessKind::PodIdentity | SuccessKind::Refreshed),
        _ => true,
    }
}

/// Whether both are about one role, or one of them names none.
fn same_role(success: &Success, failure: &Failure) -> bool {
    let of = |arn: &Option<String>| arn.as_deref().and_then(role_name).map(str::to_owned);
    let succeeded = of(&success.role_arn).or_else(|| of(&success.principal_arn));
    match (succeeded, of(&failure.role_arn)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// Whether both are of one subject, audience and region, as far as both tell.
fn same_call(success: &Success, failure: &Failure) -> bool {
    fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
        a.zip(b).is_none_or(|(a, b)| a == b)
    }
    same(success.subject.as_ref(), failure.subject.as_ref())
        && same(success.audience.as_ref(), failure.audience.as_ref())
        && same(success.region.as_ref(), failure.region.as_ref())
}

/// `NAME` of `…:role/path/NAME` and of `…:assumed-role/NAME/session`.
fn role_name(arn: &str) -> Option<&str> {
    if let Some((_, rest)) = arn.split_once(":assumed-role/") {
        return rest.split('/').next();
    }
    arn.split_once(":role/").and_then(|(_, rest)| rest.rsplit('/').next())
}
