//! From a workload or a service account to everything behind it.

use serde_json::json;
use trustwalk_core::evidence::{
    Container, Evidence, InjectionProbe, LogsRead, NetworkPolicy, Observed, Pod, PodSpec, ROLE_ANNOTATION,
    ServiceAccount, Shared, Source, Target, TokenSource, TokenVolume, Variable, Webhook, Workload, at_work,
};

use super::account;
use super::bearer::Bearer;
use super::listed::{Listed, carried};
use super::pod_identity;
use super::world::World;
use crate::kube_api::{KubeApi, WorkloadRef, read_logs, read_profiles};
use crate::{claims, limits};

/// The audience of an injected token when no annotation says otherwise (amazon-eks-pod-identity-webhook).
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// Whether an identity's own exchange is made.
#[derive(Debug, Clone)]
enum Exchange {
    /// It is.
    Asked,
    /// Nothing that is seen needs it, and why.
    Needless(String),
    /// It would be needed, and too many are.
    TooMany(String),
}

/// How far a walk goes that leaves traces in the account, or why not so far.
#[derive(Debug, Clone)]
pub(super) struct Depth {
    /// Whether a token is minted for it and shown to STS.
    exchange: Exchange,
    /// Whether `CloudTrail` is asked for its role.
    trail: Result<(), String>,
    /// Whether the logs of its pods are read, which takes requests of its own; else why they are not.
    logs: Option<Observed<LogsRead>>,
}

impl Depth {
    /// All the way, as for one target.
    pub(super) fn full() -> Self {
        Self { exchange: Exchange::Asked, trail: Ok(()), logs: None }
    }

    /// Of one among many: all the way where its pods fail, up to a number; else what is shared, unless an exchange is
    /// asked for.
    pub(super) fn among(many: usize, failing: Option<usize>, asked: bool) -> Self {
        let most = limits::FULL_WALKS;
        let (why, needed) = match failing {
            Some(before) if before < most => return Self::full(),
            Some(_) => (format!("more than {most} of the {many} identities of this run fail"), true),
            None => (format!("no pod of this one of {many} identities fails"), false),
        };
        let told = format!("{why}; --exchange asks for each");
        let logs = if needed {
            Some(Observed::NotCollected { reason: why.clone() })
        } else {
            // Of a few all logs are read.
            (many > most).then(|| Observed::Spared { reason: format!("{why}; walk from it alone to read its logs") })
        };
        let exchange = match (asked, needed) {
            (true, _) => Exchange::Asked,
            (false, true) => Exchange::TooMany(told),
            (false, false) => Exchange::Needless(told),
        };
        Self { exchange, trail: Err(why), logs }
    }
}

/// Walks from one workload.
pub(super) async fn walk(world: &World, target: &WorkloadRef, depth: &Depth, mut listed: Listed) -> Evidence {
    let mut evidence = world.blank(name_of(target));
    let kube = match &world.kube {
        Ok(kube) => kube,
        Err(why) => {
            without_cluster(&mut evidence, why);
            let handed = super::given::token(world, &mut evidence).unwrap_or(Bearer::Nothing);
            Box::pin(account::fill(world, &mut evidence, handed, depth.trail.clone())).await;
            return evidence;
        }
    };
    // What hangs on nothing is asked for at once, and whoever needs it waits for it alone.
    let (_, _, _, ()) = tokio::join!(
        world.caller(),
        world.cluster(),
        world.webhooks(),
        Box::pin(through(world, kube, target, (depth, &mut listed), &mut evidence)),
    );
    evidence
}

/// The walk through the cluster and on to the account.
async fn through(
    world: &World,
    kube: &KubeApi,
    target: &WorkloadRef,
    (depth, listed): (&Depth, &mut Listed),
    evidence: &mut Evidence,
) {
    let namespace = target.namespace.as_str();
    // Whose identity it is stands in the object alone; another account's evidence would be about somebody else.
    let Some(service_account) = read_object(kube, target, listed, evidence).await else {
        if evidence.workload.is_absent() {
            return;
        }
        unread(evidence);
        evidence.siblings = world.service_accounts(kube, namespace).await;
        evidence.webhooks = world.webhooks().await;
        if let Some(role) = &world.options.role {
            evidence.role_arn = given(world, role);
        }
        let handed = super::given::token(world, evidence).unwrap_or(Bearer::Nothing);
        Box::pin(account::fill(world, evidence, handed, depth.trail.clone())).await;
        return;
    };
    let account = service_account.as_str();
    let (sa, pods) = tokio::join!(
        world.account(kube, listed, namespace, account),
        world.pods(kube, listed, target, &evidence.workload, account),
    );
    evidence.role_arn = told_role(world, &sa, &evidence.workload, &pods);
    // Of many, only those are tried that do not show already what a new pod is given.
    let spared = listed.together && carried(&sa, &pods);
    let template = evidence.workload.known().map(|w| w.template.clone()).unwrap_or_default();
    let read = pods.known().cloned().unwrap_or_default();
    (evidence.service_account, evidence.pods) = (sa, pods);
    let has_logs = !world.options.logs.is_empty();
    // Logs take the longest to read and nothing else waits for them.
    let logs = async {
        match &depth.logs {
            _ if has_logs => None,
            Some(spared) => Some(spared.clone()),
            None => Some(read_logs(kube, namespace, &read, world.options.since).await),
        }
    };
    let (logs, beside, ()) = tokio::join!(
        logs,
        beside(world, kube, (namespace, account), &template, spared),
        Box::pin(beyond(world, kube, (namespace, account), depth, evidence)),
    );
    (evidence.siblings, evidence.network_policies, evidence.injection_probe, evidence.webhooks) = beside;
    if let Some(logs) = logs {
        evidence.hear(logs);
    }
}

/// What the cluster says that nothing else waits for: the namespace's other accounts, its network policies, what a new
/// pod would be given, and who would give it.
async fn beside(
    world: &World,
    kube: &KubeApi,
    (namespace, account): (&str, &str),
    template: &PodSpec,
    spared: bool,
) -> (
    Shared<Observed<Vec<ServiceAccount>>>,
    Shared<Observed<Vec<NetworkPolicy>>>,
    Observed<InjectionProbe>,
    Observed<Vec<Webhook>>,
) {
    let labels = json!(template.labels);
    let probe = async {
        if spared {
            return Observed::Spared { reason: "the pods carry what their service account names".to_owned() };
        }
        kube.injection_probe(namespace, account, &labels).await
    };
    tokio::join!(
        world.service_accounts(kube, namespace),
        world.network_policies(kube, namespace, template),
        probe,
        world.webhooks(),
    )
}

/// From the service account to its token and on: the exchange hangs on these answers, one on the other.
async fn beyond(
    world: &World,
    kube: &KubeApi,
    (namespace, account): (&str, &str),
    depth: &Depth,
    evidence: &mut Evidence,
) {
    let nodes: Vec<String> = evidence.pods.known().into_iter().flatten().filter_map(|p| p.node.clone()).collect();
    let audience = audience(&evidence.service_account, &evidence.pods);
    if world.options.token.is_some() {
        // Whether it is of this cluster is asked of a token that was given.
        evidence.cluster = world.cluster().await;
    }
    let handed = super::given::token(world, evidence);
    let (mut workload, mut pods) = (std::mem::take(&mut evidence.workload), std::mem::take(&mut evidence.pods));
    let bearer = async {
        match handed {
            Some(handed) => handed,
            None => bearer(world, kube, (namespace, account), audience, depth).await,
        }
    };
    let ((), (), bearer) = tokio::join!(
        config_files(kube, namespace, &mut workload, &mut pods),
        pod_identity::fill(world, evidence, (namespace, account), &nodes),
        bearer,
    );
    (evidence.workload, evidence.pods) = (workload, pods);
    Box::pin(account::fill(world, evidence, bearer, depth.trail.clone())).await;
}

/// Reads the AWS configuration that the containers take from `ConfigMap`s.
async fn config_files(
    kube: &KubeApi,
    namespace: &str,
    workload: &mut Observed<Workload>,
    pods: &mut Observed<Vec<Pod>>,
) {
    let template = if let Observed::Known { value, .. } = workload { Some(&mut value.template) } else { None };
    let pods = if let Observed::Known { value, .. } = pods { value.as_mut_slice() } else { &mut [] };
    let mut specs: Vec<&mut PodSpec> = template.into_iter().chain(pods.iter_mut().map(|p| &mut p.spec)).collect();
    read_profiles(kube, namespace, &mut specs).await;
}

/// The token of the workload's account, or what one would say.
async fn bearer(
    world: &World,
    kube: &KubeApi,
    (namespace, account): (&str, &str),
    audience: String,
    depth: &Depth,
) -> Bearer {
    // Who is not allowed to mint one knows what it would say all the same. The mint does not wait for the issuer.
    let derive = async |lacks: Option<&str>| {
        let permission = lacks?;
        let why = if world.options.no_exchange { "is not asked for" } else { "is lacking" };
        let source = Source {
            what: format!("what a token of {namespace}/{account} says: to mint one {permission} {why}"),
            at: world.options.now,
            by_hand: None,
        };
        let issuer = match &world.options.issuer {
            Some(given) => Some(given.clone()),
            None => world.cluster().await.known().and_then(|c| c.issuer.clone()),
        };
        let issuer = issuer.filter(|iss| iss.starts_with("https://"))?;
        Some(Observed::Known { value: claims::derived(issuer, (namespace, account), audience.clone()), source })
    };
    if world.options.no_exchange {
        let none = Observed::NotCollected { reason: "--no-exchange was given".to_owned() };
        return match derive(Some("create serviceaccounts/token")).await {
            Some(derived) => Bearer::Foretold(Box::new(derived), none),
            None => Bearer::Token(none, TokenSource::Cluster),
        };
    }
    let none = match &depth.exchange {
        Exchange::Asked => {
            let token = kube.mint(namespace, account, &audience).await;
            return match derive(token.lacks()).await {
                Some(derived) => Bearer::Foretold(Box::new(derived), token),
                None => Bearer::Token(token, TokenSource::Cluster),
            };
        }
        Exchange::Needless(reason) => Observed::Spared { reason: reason.clone() },
        Exchange::TooMany(reason) => Observed::NotCollected { reason: reason.clone() },
    };
    let sample = world.sample(kube, namespace, account, &audience).await;
    let derived = derive(sample.lacks()).await;
    let foretold = derived.unwrap_or_else(|| {
        let own = kube.minting(namespace, account, &audience);
        asked_for_all(sample, own).map(|s| claims::foretold(&s, namespace, account, audience))
    });
    Bearer::Foretold(Box::new(foretold), none)
}

/// What one account of the cluster was refused, as another's: each has a token of its own, by a command of its own.
fn asked_for_all<T>(mut sample: Observed<T>, own: Source) -> Observed<T> {
    match &mut sample {
        Observed::Known { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {}
        Observed::Absent { source } | Observed::Denied { source, .. } | Observed::Unreachable { source, .. } => {
            let asked = std::mem::replace(source, own);
            if asked.what != source.what {
                source.what = format!("{} (asked once for the whole run, as {})", source.what, asked.what);
            }
        }
    }
    sample
}

fn name_of(target: &WorkloadRef) -> Target {
    let (namespace, name) = (target.namespace.clone(), target.name.clone());
    if target.resource.kind == "ServiceAccount" {
        Target::ServiceAccount { namespace, name }
    } else {
        Target::Workload { resource: target.resource.kind.to_owned(), namespace, name }
    }
}

fn without_cluster(evidence: &mut Evidence, why: &str) {
    let source = || Source {
        what: "the Kubernetes API".to_owned(),
        at: evidence.now,
        by_hand: Some("kubectl cluster-info".to_owned()),
    };
    evidence.workload = Observed::Unreachable { source: source(), error: why.to_owned() };
    let open = || "the Kubernetes API was not reached".to_owned();
    evidence.service_account = Observed::NotCollected { reason: open() };
    evidence.pods = Observed::NotCollected { reason: open() };
    evidence.logs = Observed::NotCollected { reason: open() };
    evidence.role_arn = Observed::NotCollected { reason: open() };
}

/// What hangs on a workload that was not read stays unknown, for the same reason.
fn unread(evidence: &mut Evidence) {
    let reason = evidence.workload.gap().unwrap_or_default();
    let open = || reason.clone();
    evidence.service_account = Observed::NotCollected { reason: open() };
    evidence.pods = Observed::NotCollected { reason: open() };
    evidence.role_arn = Observed::NotCollected { reason: open() };
    evidence.logs = Observed::NotCollected { reason: open() };
}

/// Reads the target and tells its service account; nothing when it could not be read.
async fn read_object(
    kube: &KubeApi,
    target: &WorkloadRef,
    listed: &mut Listed,
    evidence: &mut Evidence,
) -> Option<String> {
    if target.resource.kind == "ServiceAccount" {
        evidence.workload = Observed::NotCollected { reason: "the target is a service account".to_owned() };
        return Some(target.name.clone());
    }
    evidence.workload = match listed.workload.take() {
        Some(workload) => workload,
        None => kube.workload(target).await,
    };
    evidence.workload.known().map(|w| w.template.service_account.clone())
}

fn given(world: &World, role: &str) -> Observed<String> {
    let source = Source { what: "--role".to_owned(), at: world.options.now, by_hand: None };
    Observed::Known { value: role.to_owned(), source }
}

/// The role the workload was told, verbatim: its service account's annotation, else what stands in its
/// containers, else what `--role` says.
fn told_role(
    world: &World,
    sa: &Observed<ServiceAccount>,
    workload: &Observed<Workload>,
    pods: &Observed<Vec<Pod>>,
) -> Observed<String> {
    if let Some(role) = &world.options.role {
        return given(world, role);
    }
    let named = |c: &Container| c.env_value(Variable::AwsRoleArn).filter(|arn| !arn.is_empty()).map(str::to_owned);
    let in_env = |spec: &PodSpec| spec.containers.iter().find_map(named);
    let by_hand = |value| {
        let what = "env AWS_ROLE_ARN of the container".to_owned();
        Observed::Known { value, source: Source { what, at: world.options.now, by_hand: None } }
    };
    // What a template sets together with a token of its own, the webhook leaves alone.
    if let Some(w) = workload.known()
        && let Some(arn) = in_env(&w.template)
        && token_volume(&w.template).is_some()
    {
        return by_hand(arn);
    }
    if let Observed::Known { value, source } = sa
        && let Some(arn) = value.role_arn()
    {
        let what = format!("ServiceAccount {}/{} annotation {ROLE_ANNOTATION}", value.namespace, value.name);
        return Observed::Known { value: arn.to_owned(), source: Source { what, ..source.clone() } };
    }
    let template = workload.known().and_then(|w| in_env(&w.template));
    let in_pod = || pods.known().and_then(|all| at_work(all).find_map(|p| in_env(&p.spec)));
    if let Some(arn) = template.or_else(in_pod) {
        return by_hand(arn);
    }
    sa.clone().then(|_, source| Observed::Absent { source })
}

/// The audience of the workload's own token: what its pods mount, else the annotation, else the default. Of pods that
/// differ the one that fails tells it, else the newest: what ran before shows what was asked for before.
fn audience(sa: &Observed<ServiceAccount>, pods: &Observed<Vec<Pod>>) -> String {
    let of_pod = |p: &Pod| {
        let named = || p.spec.token_volumes.iter().find(|v| v.name == "aws-iam-token");
        let volume = token_volume(&p.spec).or_else(named)?;
        (!volume.audience.is_empty()).then(|| volume.audience.clone())
    };
    let mounted = || {
        let mut all: Vec<&Pod> = at_work(pods.known()?).collect();
        all.sort_by_key(|p| (p.ready, std::cmp::Reverse(p.created)));
        all.into_iter().find_map(of_pod)
    };
    let annotated = || sa.known().and_then(|s| s.annotations.get("eks.amazonaws.com/audience").cloned());
    mounted().or_else(annotated).unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned())
}

/// The projected token that a container is told to read.
fn token_volume(spec: &PodSpec) -> Option<&TokenVolume> {
    spec.containers.iter().find_map(|c| {
        let file = c.env_value(Variable::AwsWebIdentityTokenFile)?;
        spec.token_volumes.iter().find(|v| {
            let mount = c.mounts.get(&v.name).map(|m| m.trim_end_matches('/'));
            mount.is_some_and(|m| file.strip_prefix(m).is_some_and(|rest| rest == format!("/{}", v.path)))
        })
    })
}
