//! Whose a failure is, and whether the workload itself has succeeded since.

use trustwalk_symptoms::{Failure, SuccessKind, Symptom, TrailRecord};

use super::facts::{arn_parts, bare, moment};
use super::sts::from_symptom;
use crate::evidence::{LogFailure, LogSuccess, Pod, Target, TrailEvent, View, at_work};
use crate::observation::Witness;

/// Seconds after which the pods of before are gone, once the newest is there: a pod has 30 to end unless it says
/// otherwise (Kubernetes documentation, "Termination of Pods").
pub(super) const HANDED_OVER: i64 = 60;

/// Why a failure is not of what was asked about. What the pods themselves say is theirs, whatever it names; a file that
/// was given may be of others, and a trail is of a whole account.
pub(super) fn foreign(view: &View<'_>, line: &LogFailure) -> Option<String> {
    let record = line.witness == Witness::Trail;
    if matches!(view.target(), Target::Log { .. } | Target::Issuer { .. }) || !(view.logs_given() || record) {
        return None;
    }
    let f = &line.failure;
    another_subject(view, f)
        .or_else(|| another_object(view, f))
        .or_else(|| another_issuer(view, f))
        .or_else(|| another_role(view, f).filter(|_| record))
        .or_else(|| another_session(view, f))
}

fn another_subject(view: &View<'_>, f: &Failure) -> Option<String> {
    let (theirs, ours) = (f.subject.as_ref()?.as_str(), subject(view)?);
    (theirs != ours).then(|| format!("its subject is {theirs}, not {ours}"))
}

/// A record of the API server, its webhook or a consumer of accounts, about another account or another pod.
fn another_object(view: &View<'_>, f: &Failure) -> Option<String> {
    let (namespace, account) = super::facts::service_account(view)?;
    if let Some(theirs) = f.service_account.as_ref().map(trustwalk_symptoms::ServiceAccount::as_str) {
        let ours = format!("{namespace}/{account}");
        let other = if theirs.contains('/') { theirs != ours } else { theirs != account };
        if other {
            return Some(format!("it is about the service account {theirs}, not {ours}"));
        }
    }
    let audited = matches!(f.symptom, Symptom::WebhookDidNotMutate | Symptom::WebhookFailedOpen);
    let (theirs, pod) = f.detail.as_deref().filter(|_| audited)?.split_once('/')?;
    if theirs != namespace {
        return Some(format!("it is about a pod of namespace {theirs}, not {namespace}"));
    }
    // A service account's pods may be anybody's.
    let Target::Workload { resource, name, .. } = view.target() else { return None };
    let known = view.pods().known().is_some_and(|all| all.iter().any(|p| p.name == pod));
    let own = known || pod.is_empty() || may_be_of(resource, name, pod);
    (!own).then(|| format!("it is about the pod {pod}, not of {name}"))
}

/// Letters that a controller's name gives its pods' names at most: what follows is put behind them (Kubernetes source,
/// `apiserver/pkg/storage/names/generate.go`).
const KEPT_OF_A_NAME: usize = 47;

/// Whether a pod of this name may be one of a controller's, by how each kind names its pods: a stateful set by a
/// number, a deployment by a hash of its template and five letters, the others by five letters (Kubernetes
/// documentation, "Stateful Sets", "Deployments"; `apimachinery/pkg/util/rand`).
fn may_be_of(kind: &str, name: &str, pod: &str) -> bool {
    let Some(rest) = pod.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')) else {
        return pod == name || name.len() > KEPT_OF_A_NAME;
    };
    let made = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let parts: Vec<&str> = rest.split('-').collect();
    match (kind.to_ascii_lowercase().as_str(), parts.as_slice()) {
        ("deployment", [hash, end]) => made(hash) && made(end) && end.len() == SUFFIX,
        ("daemonset" | "replicaset", [end]) => made(end) && end.len() <= SUFFIX,
        ("statefulset", [number]) => number.bytes().all(|b| b.is_ascii_digit()),
        ("deployment" | "daemonset" | "replicaset" | "statefulset" | "pod", _) => false,
        _ => true,
    }
}

/// Letters behind a name that is made up.
const SUFFIX: usize = 5;

/// What shows that the webhook acts on the workload's pods, after it was seen not to act on one: a pod that it injected
/// since, or that every pod has the identity and so has a pod made now.
pub(super) fn injected_since(view: &View<'_>, line: &LogFailure) -> Option<String> {
    if !matches!(line.failure.symptom, Symptom::WebhookDidNotMutate | Symptom::WebhookFailedOpen) {
        return None;
    }
    let pods: Vec<&Pod> = at_work(view.pods().known()?).collect();
    let identity = |p: &Pod| {
        p.spec
            .containers
            .iter()
            .any(|c| super::facts::has_web_identity(c) || c.has_env(super::facts::CONTAINER_VARIABLE))
    };
    if pods.is_empty() || !pods.iter().all(|p| identity(p)) {
        return None;
    }
    let at = line.last.as_deref().or(line.failure.ts.as_deref()).and_then(moment);
    let newest = pods.iter().max_by_key(|p| p.created)?;
    if at.is_some_and(|at| at < newest.created) {
        return Some(format!("the webhook has injected the pod {} since", newest.name));
    }
    let named = line.failure.detail.as_deref().and_then(|d| d.split_once('/')).map(|(_, pod)| pod);
    if named.is_some_and(|name| pods.iter().any(|p| p.name == name)) {
        return Some("that pod has the identity".to_owned());
    }
    let probe = view.injection_probe().known().filter(|p| p.error.is_none())?;
    let acts = probe.role_arn.is_some() || probe.container_credentials;
    acts.then(|| "every pod has the identity, and a pod made now gets it".to_owned())
}

/// The subject that was asked about: that of its token, or the one its service account has.
pub(super) fn subject(view: &View<'_>) -> Option<String> {
    let told = view.token().known().and_then(|t| t.sub.clone());
    told.or_else(|| {
        let (namespace, name) = super::facts::service_account(view)?;
        Some(format!("system:serviceaccount:{namespace}:{name}"))
    })
}

/// Two issuers of one cluster end alike.
fn another_issuer(view: &View<'_>, f: &Failure) -> Option<String> {
    let theirs = f.issuer.as_deref()?;
    let end = |url: &str| bare(url).trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let own = view.token().known().and_then(|t| t.iss.as_deref());
    let cluster = view.cluster().known().and_then(|c| c.issuer.as_deref());
    let ours = own.or(cluster)?;
    let other = [own, cluster].into_iter().flatten().all(|iss| end(iss) != end(theirs));
    other.then(|| format!("its issuer is {theirs}, not {ours}"))
}

fn another_role(view: &View<'_>, f: &Failure) -> Option<String> {
    let (theirs, ours) = (f.role_arn.as_deref()?, view.role_arn().known()?.trim());
    (role(theirs)? != role(ours)?).then(|| format!("its role is {theirs}, not {ours}"))
}

/// An action refused to the session of another role. One of the node's role is the workload's, which has no other.
fn another_session(view: &View<'_>, f: &Failure) -> Option<String> {
    let theirs = f.caller_arn.as_deref().filter(|a| a.contains(":assumed-role/"))?;
    let node = theirs.rsplit('/').next().is_some_and(|session| session.starts_with("i-"));
    let ours = view.role_arn().known()?.trim();
    let associated = view.associations().known().into_iter().flatten().filter_map(|a| a.role_arn.as_deref());
    let known = std::iter::once(ours).chain(associated).any(|arn| role(arn) == role(theirs));
    let acts = f.symptom == Symptom::AccessDeniedAction;
    (acts && !node && !known).then(|| format!("its session is {theirs}, and the role is {ours}"))
}

/// Account and name of a role, of its ARN or of a session's.
fn role(arn: &str) -> Option<(&str, &str)> {
    let (_, account, resource) = arn_parts(arn)?;
    let name = match resource.strip_prefix("assumed-role/") {
        Some(session) => session.split('/').next(),
        None => resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()),
    };
    name.map(|name| (account, name))
}

/// Whether a record is of the same audience and region as a failure, as far as both tell.
pub(super) fn same_place(record: &TrailRecord, failure: &Failure) -> bool {
    fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
        a.zip(b).is_none_or(|(a, b)| a == b)
    }
    same(record.audience.as_ref(), failure.audience.as_ref()) && same(record.region.as_ref(), failure.region.as_ref())
}

/// What shows that the workload itself has got credentials since its last failure: an exchange of its own in the
/// account's trail, or a session in its log that was not there before.
pub(super) fn works_since(view: &View<'_>, line: &LogFailure) -> Option<String> {
    let kept_from = from_symptom(line.failure.symptom).is_some() || is_of_the_way(line.failure.symptom);
    let last = line.last.as_deref().or(line.failure.ts.as_deref())?;
    let at = moment(last)?;
    if !kept_from || line.witness != Witness::Log {
        return None;
    }
    let session = view.besides().successes.iter().filter(|s| s.origin == line.origin);
    let renewed = session.filter(|s| acts_as_the_role(view, s)).filter_map(|s| s.first.as_deref());
    if let Some(when) = renewed.filter(|t| is_later(t, last)).min() {
        return Some(format!("a session made after it is in use since {when}"));
    }
    let exchanged = own_success(view, at)?;
    Some(format!("CloudTrail has an exchange of the workload's own that succeeded at {}", super::told(exchanged.at)))
}

/// Whether a time of a log is later than another, to the fraction of a second that both tell.
fn is_later(a: &str, b: &str) -> bool {
    let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
    read(a).zip(read(b)).is_some_and(|(a, b)| a > b)
}

/// The newest exchange of the workload's own, and not of ours, that succeeded at a time or later. Where the pods are
/// up, one of the same second came after a failure.
fn own_success<'a>(view: &View<'a>, since: i64) -> Option<&'a TrailEvent> {
    let newest = own_exchanges(view).max_by_key(|t| t.at)?;
    (newest.at > since || newest.at == since && view.pods_up()).then_some(newest)
}

/// Exchanges of the workload's own that succeeded, as the account's trail remembers them. Which pod asked it does not
/// tell: those of before did not, once the ones that are there have long been.
pub(super) fn own_exchanges<'a>(view: &View<'a>) -> impl Iterator<Item = &'a TrailEvent> + use<'a> {
    let subject = subject(view);
    let ours = view.role_arn().known().map(|arn| arn.trim().to_owned());
    let request = view.exchange().known().and_then(|x| x.request_id.clone());
    let born = view.pods().known().and_then(|all| all.iter().map(|p| p.created).max());
    let since = born.map_or(i64::MIN, |born| born + HANDED_OVER);
    view.trail().known().into_iter().flatten().filter(move |t| {
        t.name == "AssumeRoleWithWebIdentity"
            && t.error.is_none()
            && subject.is_some()
            && t.subject == subject
            && t.role == ours
            && !t.is_our_own()
            && t.at >= since
            && (request.is_none() || t.request_id != request)
    })
}

/// Whether a success names a session of the role.
pub(super) fn acts_as_the_role(view: &View<'_>, success: &LogSuccess) -> bool {
    let ours = view.role_arn().known().and_then(|arn| role(arn.trim()));
    let theirs = success.success.principal_arn.as_deref().and_then(role);
    success.success.kind == SuccessKind::Identified && ours.is_some() && ours == theirs
}

/// A job's log tells of a run that is over: that STS accepts the job's token now says that the next run may work,
/// unless the log names another role or audience than are asked for now.
pub(super) fn over_with_its_run(view: &View<'_>, line: &LogFailure) -> Option<String> {
    if !matches!(view.target(), Target::Job { .. }) || another_role(view, &line.failure).is_some() {
        return None;
    }
    let aud = view.token().known().and_then(super::facts::effective_audience);
    let other = line.failure.audience.as_deref().zip(aud).is_some_and(|(theirs, ours)| theirs != ours);
    (!other).then(|| "STS accepted the job's token just now: run the job again".to_owned())
}

/// Failures on the way to STS, which keep a client from a new session.
fn is_of_the_way(symptom: Symptom) -> bool {
    matches!(
        symptom,
        Symptom::StsTimeout
            | Symptom::StsUnreachable
            | Symptom::StsDns
            | Symptom::StsRefused
            | Symptom::StsProxyRefused
            | Symptom::StsTlsUntrusted
            | Symptom::StsServerError
            | Symptom::StsGlobalEndpoint
            | Symptom::NoCredentials
            | Symptom::WebIdentityNotAsked
    )
}

/// Whether a call was made as the role that the workload is to have, by web identity or by an association.
pub(super) fn acts_as_meant(view: &View<'_>, success: &LogSuccess) -> bool {
    let made = || success.success.principal_arn.as_deref().and_then(role);
    let by_association = || super::acting_role(view).and_then(role);
    acts_as_the_role(view, success) || by_association().is_some_and(|meant| made() == Some(meant))
}

/// What shows that the workload's own exchange succeeds now: its log or the account's trail, since the role's trust
/// policy was changed last.
pub(crate) fn succeeds_now(view: &View<'_>) -> Option<String> {
    let role = view.role_arn().known().and_then(|arn| role(arn.trim()))?;
    let edits = view.trail().known().into_iter().flatten().filter(|t| {
        let of_it = t.role.as_deref().unwrap_or(&t.resource);
        t.error.is_none()
            && t.name == "UpdateAssumeRolePolicy"
            && (of_it == role.1 || self::role(of_it).is_some_and(|r| r == role))
    });
    let edited = edits.map(|t| t.at).max().unwrap_or_default();
    if let Some(own) = own_exchanges(view).filter(|t| t.at > edited).max_by_key(|t| t.at) {
        return Some(format!("CloudTrail has an exchange of the workload's own at {}", super::told(own.at)));
    }
    // A session that is older than the change says nothing of it.
    let pods = view.pods().known()?;
    let anew = pods.iter().flat_map(|p| &p.runs).all(|r| r.started.is_some_and(|s| s > edited));
    let whole = view.trail().known().is_some() && view.trail_since().is_none_or(|since| since < view.now());
    if view.logs_given() || !view.pods_up() || !anew || !whole {
        return None;
    }
    let acting = view.besides().successes.iter().filter(|s| acts_as_the_role(view, s));
    let first = acting.filter_map(|s| s.first.as_deref()).filter(|t| moment(t).is_some_and(|m| m > edited)).max()?;
    Some(format!("a session of the role is in use in its log since {first}"))
}
