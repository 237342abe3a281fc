//! New pods in the place of those that are there: what they get, as the dry run shows it or the webhook would do it.

use trustwalk_symptoms::Symptom;

use super::action::OnePod;
use crate::evidence::{
    AUDIENCE_ANNOTATION, Container, ContainerRun, DEFAULT_AUDIENCE, EnvVar, Evidence, Pod, REGIONAL_ANNOTATION,
    TokenVolume, Variable, View,
};
use crate::question::{WITHOUT_IDENTITY, kept_out, left_out};

/// Where the webhook mounts the token, and the volume it mounts it from (amazon-eks-pod-identity-webhook).
const MOUNT: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const VOLUME: &str = "aws-iam-token";
/// The address of the Pod Identity agent (EKS User Guide, "EKS Pod Identity").
const AGENT: &str = "http://169.254.170.23/v1/credentials";
/// The life of a token that the webhook asks for (amazon-eks-pod-identity-webhook, README).
const LIFE: i64 = 86_400;

/// What a new pod is given.
struct Gift {
    /// Role and audience, where the webhook acts on the annotation.
    web: Option<(String, String)>,
    /// Whether container credentials are injected for an association.
    association: bool,
    /// Whether STS's regional endpoints are asked for.
    regional: bool,
}

/// Makes pods anew: all of them, or these.
pub(super) fn renew(e: &mut Evidence, these: Option<&[OnePod]>) {
    let gift = gift(e);
    let now = e.now;
    let own = own(e);
    let meant = |pod: &Pod| these.is_none_or(|these| these.iter().any(|p| p.name == pod.name && p.uid == pod.uid));
    let mut ready = None;
    if let Some(pods) = e.pods.known_mut() {
        for pod in pods.iter_mut().filter(|p| !p.ended() && meant(p)) {
            anew(pod, now);
            give(pod, &own, &gift);
        }
        pods.retain(|p| !p.ended());
        ready = Some(pods.iter().filter(|p| p.ready).count());
    }
    if let Some(w) = e.workload.known_mut() {
        let some = ready.and_then(|n| i64::try_from(n).ok()).filter(|_| these.is_some());
        w.ready = some.map_or(w.desired, |n| n.min(w.desired));
    }
}

/// The containers that the workload's template has.
fn own(e: &Evidence) -> Vec<Container> {
    e.workload.known().map(|w| w.template.containers.clone()).unwrap_or_default()
}

/// The pods that have another identity than new ones would get, or fail.
pub(super) fn needy(e: &Evidence) -> Vec<&Pod> {
    let (gift, own) = (gift(e), own(e));
    let other = |pod: &Pod| {
        let mut new = pod.clone();
        give(&mut new, &own, &gift);
        identity(&new) != identity(pod)
    };
    let all = e.pods.known().into_iter().flatten();
    all.filter(|p| !p.ended() && (!p.ready || other(p))).collect()
}

/// Of each container the role, and whether it has a token file and the agent's address; the token's audience.
type Identity = (Vec<(Option<String>, bool, bool)>, Option<String>);

/// What makes a pod's identity: of each container the role, and whether it has a token and the agent's address; the
/// audience of the token.
fn identity(pod: &Pod) -> Identity {
    let role = |c: &Container| {
        let variable = c.env.iter().find(|v| v.name() == Variable::AwsRoleArn.name());
        variable.map(|v| v.value().unwrap_or_default().to_owned())
    };
    let of = |c: &Container| {
        let file = c.has_env(Variable::AwsWebIdentityTokenFile);
        (role(c), file, c.has_env(Variable::AwsContainerCredentialsFullUri))
    };
    let audience = pod.spec.token_volumes.iter().find(|v| v.name == VOLUME).map(|v| v.audience.clone());
    (pod.spec.containers.iter().map(of).collect(), audience)
}

/// Whether a failure is of pods that lack what new ones have.
pub(super) fn ends(e: &Evidence, symptom: Symptom) -> bool {
    let waits = [Symptom::IpamdWaiting, Symptom::IpamdInitFailure];
    let given = gift(e);
    let has = given.web.is_some() || given.association;
    has && (WITHOUT_IDENTITY.contains(&symptom) || waits.contains(&symptom))
}

fn gift(e: &Evidence) -> Gift {
    let view = View::new(e);
    let probe = e.injection_probe.known();
    let sa = e.service_account.known();
    let associated = e
        .associations
        .known()
        .into_iter()
        .flatten()
        .any(|a| sa.is_some_and(|sa| a.namespace == sa.namespace && a.service_account == sa.name));
    // EKS prefers an association to the annotation (EKS User Guide, "EKS Pod Identity").
    let association = probe.is_some_and(|p| p.container_credentials) || (associated && probe.is_none());
    let role = sa.and_then(|sa| sa.role_arn()).filter(|_| !association);
    let acts = match probe {
        Some(probe) => probe.role_arn.is_some(),
        None => e.webhooks.known().is_some_and(|all| !all.is_empty()),
    };
    let web = role.filter(|_| acts && !kept_out(&view)).map(|role| {
        let audience =
            sa.and_then(|sa| sa.annotations.get(AUDIENCE_ANNOTATION)).map_or(DEFAULT_AUDIENCE, String::as_str);
        (role.to_owned(), audience.to_owned())
    });
    let regional = sa.and_then(|sa| sa.annotations.get(REGIONAL_ANNOTATION)).is_some_and(|v| v == "true");
    Gift { web, association, regional }
}

fn anew(pod: &mut Pod, now: i64) {
    pod.uid.push_str("-anew");
    "Running".clone_into(&mut pod.phase);
    (pod.created, pod.started, pod.restarts) = (now, Some(now), 0);
    (pod.ready, pod.reason) = (true, None);
    for run in &mut pod.runs {
        *run = ContainerRun { name: run.name.clone(), ready: true, started: Some(now), ..ContainerRun::default() };
    }
}

fn give(pod: &mut Pod, own: &[Container], gift: &Gift) {
    let skipped = left_out(pod);
    let mut given = false;
    for container in &mut pod.spec.containers {
        let named = own.iter().find(|c| c.name == container.name);
        let preset =
            named.is_some_and(|c| c.has_env(Variable::AwsRoleArn) || c.has_env(Variable::AwsWebIdentityTokenFile));
        // What another injector adds later the webhook does not see.
        let later = !own.is_empty() && named.is_none();
        if preset || later || skipped.contains(&container.name) {
            continue;
        }
        if let Some((role, _)) = &gift.web {
            set(container, Variable::AwsRoleArn, role);
            set(container, Variable::AwsWebIdentityTokenFile, &format!("{MOUNT}/token"));
            container.mounts.insert(VOLUME.to_owned(), MOUNT.to_owned());
            if gift.regional && !container.has_env(Variable::AwsStsRegionalEndpoints) {
                set(container, Variable::AwsStsRegionalEndpoints, "regional");
            }
            given = true;
        } else {
            unset(container, Variable::AwsRoleArn);
            unset(container, Variable::AwsWebIdentityTokenFile);
        }
        if gift.association {
            set(container, Variable::AwsContainerCredentialsFullUri, AGENT);
        }
    }
    pod.spec.token_volumes.retain(|v| v.name != VOLUME);
    if let Some((_, audience)) = gift.web.as_ref().filter(|_| given) {
        pod.spec.token_volumes.push(TokenVolume {
            name: VOLUME.to_owned(),
            audience: audience.clone(),
            expiration_seconds: LIFE,
            path: "token".to_owned(),
        });
    }
}

fn unset(container: &mut Container, variable: Variable) {
    container.env.retain(|v| v.name() != variable.name());
}

fn set(container: &mut Container, variable: Variable, value: &str) {
    unset(container, variable);
    container.env.push(EnvVar::new(variable.name().to_owned(), Some(value.to_owned()), None));
}
