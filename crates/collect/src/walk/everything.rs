//! From a whole cluster, or one namespace of it, to the workloads that use web identity, and to those that should: a
//! workload that fails may do so because it was given none.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt as _;
use trustwalk_core::evidence::{Evidence, Observed, ROLE_ANNOTATION, ServiceAccount, Variable, Workload};
use trustwalk_foreign::shell;

use super::Taker;
use super::listed::Listed;
use super::nearest;
use super::targets::Choice;
use super::workload::{Depth, walk};
use super::world::World;
use crate::error::CollectError;
use crate::kube_api::{KubeApi, Resource, WorkloadRef, kinds, read_logs, resource};
use crate::limits::{FULL_WALKS, PARALLEL_TARGETS};

/// Walks from every workload that uses web identity: its service account names a role, or its
/// containers hold the variables, or an association or a role's trust policy names it. Walks too from those that do
/// not and fail, or whose log speaks of credentials: what they lack may be the identity. Each is given away as it
/// comes; tells how many there were and what could not be listed.
pub(super) async fn everything(
    world: &World,
    namespace: Option<&str>,
    kinds: &[Resource],
    give: Taker<'_>,
) -> Result<(usize, Vec<String>), CollectError> {
    let kube = world.cluster_to_ask()?;
    // A pod is judged as the workload that controls it: whoever asks for pods asks for all of those.
    let pods = kinds.iter().any(|kind| kind.kind == "Pod");
    let wanted = |resource: &Resource| {
        kinds.is_empty() || kinds.contains(resource) || (pods && resource.kind != "ServiceAccount")
    };
    let (accounts, controllers, pods) =
        tokio::join!(kube.service_accounts(namespace), kube.controllers(namespace), kube.failing_pods(namespace));
    let gap = accounts.gap().unwrap_or_default();
    let Observed::Known { value: accounts, .. } = accounts else {
        return Err(CollectError::Unlisted(gap));
    };
    let mut found = Found::default();
    let named = accounts_with_a_role(world, namespace, &accounts, &mut found.missed).await;
    let annotated: HashSet<(&str, &str)> =
        accounts.iter().filter(|s| s.role_arn().is_some()).map(|s| (s.namespace.as_str(), s.name.as_str())).collect();
    for (resource, listed) in controllers.into_iter().chain([pods]).filter(|(resource, _)| wanted(resource)) {
        // A kind that this cluster does not serve has no objects.
        if !listed.is_absent() {
            found.missed.extend(listed.gap().map(|gap| format!("{} were not looked at: {gap}", resource.plural)));
        }
        let Observed::Known { value: listed, .. } = listed else { continue };
        for workload in listed {
            let key = (workload.namespace.clone(), workload.template.service_account.clone());
            let failing = workload.ready < workload.desired;
            let (namespace, name) = (workload.namespace.clone(), workload.name.clone());
            let target = WorkloadRef { resource, namespace, name };
            let uses = named.contains(&key) || uses_web_identity(&workload, &annotated);
            let workload = Observed::Known { value: workload, source: kube.source_of_object(&target) };
            let one = One { target, failing, workload: Some(workload) };
            if uses {
                found.used.insert(key);
                found.targets.push(one);
            } else {
                found.bare.push(one);
            }
        }
    }
    // An annotated account that no controller uses is still somebody's: a bare pod's, or tomorrow's.
    let accounts_too = resource("serviceaccount").is_some_and(|r| wanted(&r));
    for sa in accounts.iter().filter(|_| accounts_too) {
        let key = (sa.namespace.clone(), sa.name.clone());
        if (sa.role_arn().is_some() || named.contains(&key))
            && !found.used.contains(&key)
            && let Some(resource) = resource("serviceaccount")
        {
            found.used.insert(key.clone());
            let target = WorkloadRef { resource, namespace: key.0, name: key.1 };
            found.targets.push(One { target, failing: false, workload: None });
        }
    }
    let bare = Box::pin(in_want(kube, std::mem::take(&mut found.bare), world.options.since)).await;
    let many = found.targets.len() + bare.len();
    if many > 1 {
        world.know_accounts(kube, accounts).await;
    }
    let mut targets = with_depths(found.targets, world.options.exchange);
    targets.extend(bare.into_iter().enumerate().map(|(place, one)| (one, Depth::among(many, Some(place), false))));
    let walked = targets.len();
    walks(world, kube, targets, give).await;
    Ok((walked, found.missed))
}

/// Walks from each, and gives each away as it comes.
async fn walks(world: &World, kube: &KubeApi, targets: Vec<(One, Depth)>, give: Taker<'_>) {
    kube.widen(PARALLEL_TARGETS.min(targets.len()));
    let together = targets.len() > 1;
    let mut left = Left::of(targets.iter().map(|(one, _)| one));
    let mut walks = futures_util::stream::iter(targets)
        .map(|(one, depth)| async move {
            let listed = Listed { workload: one.workload, together };
            let namespace = one.target.namespace.clone();
            (namespace, Box::pin(walk(world, &one.target, &depth, listed)).await)
        })
        .buffered(PARALLEL_TARGETS);
    while let Some((namespace, evidence)) = walks.next().await {
        give(world.of_this_run(evidence));
        if left.is_last(&namespace) {
            // Each identity has its own; what is left is other people's.
            world.cache.pods.lock().await.remove(&namespace);
        }
    }
}

/// Walks from each of several that were named: all the way, as from one alone, up to a number. Each must be there.
pub(super) async fn several(world: &World, targets: &[WorkloadRef]) -> Result<Vec<Evidence>, CollectError> {
    let kube = world.cluster_to_ask()?;
    let mut seen = Vec::new();
    for target in targets {
        if !seen.contains(&target) {
            seen.push(target);
        }
    }
    let one = |target: &&WorkloadRef| One { target: (*target).clone(), failing: true, workload: None };
    let (targets, mut evidence) = (seen.iter().map(one).collect(), Vec::new());
    walks(world, kube, with_depths(targets, world.options.exchange), &mut |one| evidence.push(one)).await;
    for (found, target) in evidence.iter().zip(seen) {
        if is_gone(found, target) {
            return Err(nearest::object(world, target).await);
        }
    }
    Ok(evidence)
}

/// Whether a target that was named is not there.
pub(super) fn is_gone(found: &Evidence, target: &WorkloadRef) -> bool {
    found.workload.is_absent() || found.service_account.is_absent() && target.resource.kind == "ServiceAccount"
}

/// The objects of a choice, and the kinds that could not be listed. Nothing that has the labels is no comfort.
pub(super) async fn chosen(world: &World, choice: &Choice) -> Result<(Vec<WorkloadRef>, Vec<String>), CollectError> {
    let kube = world.cluster_to_ask()?;
    let all = if choice.kinds.is_empty() { runners() } else { choice.kinds.clone() };
    let (namespace, selector) = (choice.namespace.as_deref(), choice.selector.as_deref().unwrap_or_default());
    let lists = all.iter().map(|r| async move {
        let listed = if choice.kinds.is_empty() {
            kube.own_names(*r, namespace, selector).await
        } else {
            kube.names(*r, namespace, selector).await
        };
        (*r, listed)
    });
    let (mut targets, mut missed) = (Vec::new(), Vec::new());
    for (resource, listed) in futures_util::future::join_all(lists).await {
        if !listed.is_absent() {
            missed.extend(listed.gap().map(|gap| format!("{} were not looked at: {gap}", resource.plural)));
        }
        for (namespace, name) in listed.known().into_iter().flatten() {
            if choice.names.is_empty() || choice.names.contains(name) {
                targets.push(WorkloadRef { resource, namespace: namespace.clone(), name: name.clone() });
            }
        }
    }
    if !targets.is_empty() {
        return Ok((targets, missed));
    }
    if !missed.is_empty() {
        return Err(CollectError::Unlisted(missed.join("; ")));
    }
    Err(none_chosen(world, choice, &all).await)
}

/// Whatever controls pods.
fn runners() -> Vec<Resource> {
    kinds().into_iter().filter_map(resource).filter(|r| !matches!(r.kind, "Pod" | "ServiceAccount")).collect()
}

async fn none_chosen(world: &World, choice: &Choice, all: &[Resource]) -> CollectError {
    if let (Some(name), true) = (choice.names.first(), choice.kinds.is_empty()) {
        return nearest::named(world, name, choice.namespace.as_deref()).await;
    }
    if let (Some(name), Some(resource)) = (choice.names.first(), all.first()) {
        let (resource, name) = (*resource, name.clone());
        return nearest::object(world, &WorkloadRef { resource, namespace: String::new(), name }).await;
    }
    let namespace = choice.namespace.as_deref();
    if let Some(name) = namespace
        && let Some(gone) = nearest::namespace(world, name).await
    {
        return gone;
    }
    let kinds: Vec<&str> = all.iter().map(|r| r.plural).collect();
    let list = match namespace {
        Some(namespace) => shell::line("kubectl get {} --show-labels -n {}", &[&kinds.join(","), namespace]),
        None => shell::line("kubectl get {} --show-labels -A", &[&kinds.join(",")]),
    };
    CollectError::Gone {
        what: match &choice.selector {
            Some(labels) => format!("a workload with the labels {labels}"),
            None => "such a workload".to_owned(),
        },
        within: namespace.map(|n| format!(" in namespace {n}")).unwrap_or_default(),
        near: Vec::new(),
        list: Some(list),
    }
}

/// How many are still to be walked from in each namespace.
struct Left(HashMap<String, usize>);

impl Left {
    fn of<'a>(targets: impl Iterator<Item = &'a One>) -> Self {
        let mut left = HashMap::new();
        for one in targets {
            *left.entry(one.target.namespace.clone()).or_default() += 1;
        }
        Self(left)
    }

    /// Takes one off, and tells whether it was the last.
    fn is_last(&mut self, namespace: &str) -> bool {
        let Some(left) = self.0.get_mut(namespace) else { return false };
        *left -= 1;
        *left == 0
    }
}

/// Those of the workloads without an identity that fail, or whose log speaks of credentials; of more than a few, only
/// those that fail.
async fn in_want(kube: &KubeApi, bare: Vec<One>, since: Option<i64>) -> Vec<One> {
    let few = bare.len() <= FULL_WALKS;
    let looked = futures_util::stream::iter(bare)
        .map(|one| async move {
            let wanted = one.failing || (few && Box::pin(speaks_of_credentials(kube, &one, since)).await);
            wanted.then_some(one)
        })
        .buffered(PARALLEL_TARGETS);
    looked.filter_map(std::future::ready).collect().await
}

/// Whether the log of a workload's pods tells of trouble with credentials.
async fn speaks_of_credentials(kube: &KubeApi, one: &One, since: Option<i64>) -> bool {
    let Some(workload) = one.workload.as_ref().and_then(Observed::known).filter(|w| w.ready > 0) else { return false };
    let pods = kube.pods_of(workload).await;
    let pods = pods.known().map(Vec::as_slice).unwrap_or_default();
    let logs = read_logs(kube, &one.target.namespace, pods, since).await;
    logs.known().is_some_and(|read| !read.failures.is_empty() || !read.besides.unclear.is_empty())
}

/// One to walk from.
struct One {
    target: WorkloadRef,
    /// Whether its pods fail.
    failing: bool,
    /// The workload as it was listed.
    workload: Option<Observed<Workload>>,
}

/// What is walked from.
#[derive(Default)]
struct Found {
    targets: Vec<One>,
    /// Workloads that use no identity as far as is seen.
    bare: Vec<One>,
    /// Service accounts that a target uses.
    used: HashSet<(String, String)>,
    missed: Vec<String>,
}

/// How far each walk goes: one alone all the way; of many, those that fail, in their order.
fn with_depths(targets: Vec<One>, asked: bool) -> Vec<(One, Depth)> {
    let many = targets.len();
    let mut failing = 0;
    let depth = |fails: bool| {
        if many == 1 {
            return Depth::full();
        }
        let place = fails.then_some(failing);
        failing += usize::from(fails);
        Depth::among(many, place, asked)
    };
    let depths: Vec<Depth> = targets.iter().map(|one| one.failing).map(depth).collect();
    targets.into_iter().zip(depths).collect()
}

/// Accounts without the annotation that get a role all the same, or are meant to: by a Pod Identity association, or by
/// the trust policy of a role, which names them to the letter. What could not be read of either goes to `missed`: it
/// may name some.
async fn accounts_with_a_role(
    world: &World,
    namespace: Option<&str>,
    accounts: &[ServiceAccount],
    missed: &mut Vec<String>,
) -> HashSet<(String, String)> {
    let (associations, cluster) = tokio::join!(world.associations(None), world.cluster());
    if let Some(gap) = associations.gap().filter(|_| associations.is_refused()) {
        missed.push(format!("workloads that have a Pod Identity association were not looked for: {gap}"));
    }
    let inside = |ns: &str| namespace.is_none_or(|wanted| wanted == ns);
    let associated = associations.known().into_iter().flatten().filter(|a| inside(&a.namespace));
    let mut found: HashSet<_> = associated.map(|a| (a.namespace.clone(), a.service_account.clone())).collect();
    let issuer = world.options.issuer.clone().or_else(|| cluster.known().and_then(|c| c.issuer.clone()));
    let Some(issuer) = issuer else { return found };
    let bare: Vec<&ServiceAccount> = accounts.iter().filter(|s| s.role_arn().is_none()).collect();
    let subjects: Vec<String> =
        bare.iter().map(|s| format!("system:serviceaccount:{}:{}", s.namespace, s.name)).collect();
    let named = match world.is_named(issuer.strip_prefix("https://").unwrap_or(&issuer), &subjects).await {
        Ok(named) => named,
        Err(gap) => {
            missed.push(format!("workloads that a role trusts, and that name none, were not looked for: {gap}"));
            return found;
        }
    };
    let named = bare.iter().zip(named).filter(|(_, named)| *named);
    found.extend(named.map(|(s, _)| (s.namespace.clone(), s.name.clone())));
    found
}

fn uses_web_identity(workload: &Workload, annotated: &HashSet<(&str, &str)>) -> bool {
    let named = annotated.contains(&(workload.namespace.as_str(), workload.template.service_account.as_str()));
    let told = workload.template.annotations.contains_key(ROLE_ANNOTATION)
        || workload
            .template
            .containers
            .iter()
            .any(|c| c.has_env(Variable::AwsRoleArn) || c.has_env(Variable::AwsWebIdentityTokenFile));
    named || told
}
