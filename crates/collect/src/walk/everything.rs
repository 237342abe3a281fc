//! From a whole cluster, or one namespace of it, to the workloads that use web identity.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use trustwalk_core::evidence::{ROLE_ANNOTATION, ServiceAccount, Variable, Workload};

use super::Collected;
use super::workload::{Depth, walk};
use super::world::World;
use crate::error::CollectError;
use crate::kube_api::{WorkloadRef, resource};
use crate::limits::PARALLEL_TARGETS;

/// Walks from every workload that uses web identity: its service account names a role, or its
/// containers hold the variables, or an association or a role's trust policy names it.
pub(super) async fn everything(world: &World, namespace: Option<&str>) -> Result<Collected, CollectError> {
    let kube = world.kube.as_ref().map_err(|why| CollectError::Kubeconfig(why.clone()))?;
    let (accounts, controllers) = tokio::join!(kube.service_accounts(namespace), kube.controllers(namespace));
    if let Some(gap) = accounts.gap() {
        return Err(CollectError::Kubeconfig(format!("cannot list service accounts: {gap}")));
    }
    let accounts = accounts.known().cloned().unwrap_or_default();
    let mut found = Found::default();
    let named = accounts_with_a_role(world, namespace, &accounts).await;
    for (resource, listed) in controllers {
        // A kind that this cluster does not serve has no objects.
        if !listed.is_absent() {
            found.missed.extend(listed.gap().map(|gap| format!("{} were not looked at: {gap}", resource.plural)));
        }
        for workload in listed.known().cloned().into_iter().flatten() {
            let key = (workload.namespace.clone(), workload.template.service_account.clone());
            if named.contains(&key) || uses_web_identity(&workload, &accounts) {
                let failing = workload.ready < workload.desired;
                found.used.insert(key);
                let target = WorkloadRef { resource, namespace: workload.namespace, name: workload.name };
                found.targets.push((target, failing));
            }
        }
    }
    // An annotated account that no controller uses is still somebody's: a bare pod's, or tomorrow's.
    for sa in &accounts {
        let key = (sa.namespace.clone(), sa.name.clone());
        if (sa.role_arn().is_some() || named.contains(&key))
            && !found.used.contains(&key)
            && let Some(resource) = resource("serviceaccount")
        {
            found.targets.push((WorkloadRef { resource, namespace: key.0, name: key.1 }, false));
        }
    }
    kube.widen(PARALLEL_TARGETS.min(found.targets.len()));
    let walks = with_depths(&found.targets, world.options.exchange);
    let evidence = futures_util::stream::iter(&walks)
        .map(|(target, depth)| async { world.of_this_run(Box::pin(walk(world, target, depth)).await) })
        .buffered(PARALLEL_TARGETS)
        .collect()
        .await;
    Ok(Collected { evidence, missed: found.missed })
}

/// What is walked from.
#[derive(Default)]
struct Found {
    /// Each with whether its pods fail.
    targets: Vec<(WorkloadRef, bool)>,
    /// Service accounts that a target uses.
    used: HashSet<(String, String)>,
    missed: Vec<String>,
}

/// How far each walk goes: one alone all the way; of many, those that fail, in their order.
fn with_depths(targets: &[(WorkloadRef, bool)], asked: bool) -> Vec<(&WorkloadRef, Depth)> {
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
    let depths: Vec<Depth> = targets.iter().map(|(_, fails)| *fails).map(depth).collect();
    targets.iter().map(|(target, _)| target).zip(depths).collect()
}

/// Accounts without the annotation that get a role all the same, or are meant to: by a Pod Identity association, or by
/// the trust policy of a role, which names them to the letter.
async fn accounts_with_a_role(
    world: &World,
    namespace: Option<&str>,
    accounts: &[ServiceAccount],
) -> HashSet<(String, String)> {
    let (associations, cluster) = tokio::join!(world.associations(None), world.cluster());
    let inside = |ns: &str| namespace.is_none_or(|wanted| wanted == ns);
    let associated = associations.known().into_iter().flatten().filter(|a| inside(&a.namespace));
    let mut found: HashSet<_> = associated.map(|a| (a.namespace.clone(), a.service_account.clone())).collect();
    let issuer = world.options.issuer.clone().or_else(|| cluster.known().and_then(|c| c.issuer.clone()));
    let Some(issuer) = issuer else { return found };
    let bare: Vec<&ServiceAccount> = accounts.iter().filter(|s| s.role_arn().is_none()).collect();
    let subjects: Vec<String> =
        bare.iter().map(|s| format!("system:serviceaccount:{}:{}", s.namespace, s.name)).collect();
    let named = world.is_named(issuer.strip_prefix("https://").unwrap_or(&issuer), &subjects).await;
    let named = bare.iter().zip(named).filter(|(_, named)| *named);
    found.extend(named.map(|(s, _)| (s.namespace.clone(), s.name.clone())));
    found
}

fn uses_web_identity(workload: &Workload, accounts: &[ServiceAccount]) -> bool {
    let annotated = accounts.iter().any(|s| {
        s.namespace == workload.namespace && s.name == workload.template.service_account && s.role_arn().is_some()
    });
    let told = workload.template.annotations.contains_key(ROLE_ANNOTATION)
        || workload
            .template
            .containers
            .iter()
            .any(|c| c.has_env(Variable::AwsRoleArn) || c.has_env(Variable::AwsWebIdentityTokenFile));
    annotated || told
}
