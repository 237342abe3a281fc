//! From a whole cluster, or one namespace of it, to the workloads that use web identity.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use trustwalk_core::evidence::{ROLE_ANNOTATION, ServiceAccount, Variable, Workload};

use super::Collected;
use super::workload::walk;
use super::world::World;
use crate::error::CollectError;
use crate::kube_api::{WorkloadRef, resource};
use crate::limits::PARALLEL_TARGETS;

/// Walks from every workload that uses web identity: its service account names a role, or its
/// containers hold the variables, or its namespace has an association for it.
pub(super) async fn everything(world: &World, namespace: Option<&str>) -> Result<Collected, CollectError> {
    let kube = world.kube.as_ref().map_err(|why| CollectError::Kubeconfig(why.clone()))?;
    let (accounts, controllers) = tokio::join!(kube.service_accounts(namespace), kube.controllers(namespace));
    if let Some(gap) = accounts.gap() {
        return Err(CollectError::Kubeconfig(format!("cannot list service accounts: {gap}")));
    }
    let accounts = accounts.known().cloned().unwrap_or_default();
    let mut targets = Vec::new();
    let mut used = HashSet::new();
    let mut missed = Vec::new();
    for (resource, found) in controllers {
        // A kind that this cluster does not serve has no objects.
        if !found.is_absent() {
            missed.extend(found.gap().map(|gap| format!("{} were not looked at: {gap}", resource.plural)));
        }
        for workload in found.known().cloned().into_iter().flatten() {
            if uses_web_identity(&workload, &accounts) {
                used.insert((workload.namespace.clone(), workload.template.service_account));
                targets.push(WorkloadRef { resource, namespace: workload.namespace, name: workload.name });
            }
        }
    }
    // An annotated account that no controller uses is still somebody's: a bare pod's, or tomorrow's.
    for sa in accounts.iter().filter(|s| s.role_arn().is_some()) {
        if !used.contains(&(sa.namespace.clone(), sa.name.clone()))
            && let Some(resource) = resource("serviceaccount")
        {
            targets.push(WorkloadRef { resource, namespace: sa.namespace.clone(), name: sa.name.clone() });
        }
    }
    kube.widen(PARALLEL_TARGETS.min(targets.len()));
    let evidence =
        futures_util::stream::iter(&targets).map(|t| walk(world, t)).buffered(PARALLEL_TARGETS).collect().await;
    Ok(Collected { evidence, missed })
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
