//! EKS Pod Identity to its end: association, agent, role, target role, policies.

use trustwalk_core::evidence::{Evidence, Observed, PodIdentityAssociation, Shared};

use super::account::role_of;
use super::world::World;

/// Fills in what hangs on the association of a service account, whose pods are on these nodes.
pub(super) async fn fill(world: &World, evidence: &mut Evidence, (namespace, account): (&str, &str), nodes: &[String]) {
    let (associations, agent) = tokio::join!(world.associations(Some(namespace)), world.pod_identity_agent());
    let own = associations
        .known()
        .into_iter()
        .flatten()
        .find(|a| a.namespace == namespace && a.service_account == account)
        .cloned();
    evidence.pod_identity_agent = agent;
    evidence.associations = associations;
    match own {
        Some(association) => {
            // Without a DaemonSet there is none to ask for.
            evidence.agent_pods = if let Observed::Absent { source } = &evidence.pod_identity_agent {
                Observed::Absent { source: source.clone() }
            } else {
                world.agent_pods(nodes).await
            };
            roles(world, evidence, &association).await;
        }
        None => none(evidence),
    }
}

async fn roles(world: &World, evidence: &mut Evidence, association: &PodIdentityAssociation) {
    let caller = world.caller().await.known().map(|c| c.account.clone());
    let of = |arn: Option<String>| {
        let caller = caller.as_deref();
        async move {
            let Some(arn) = arn else {
                let reason = "the association names no such role".to_owned();
                return (
                    Observed::NotCollected { reason: reason.clone() }.into(),
                    Observed::NotCollected { reason }.into(),
                );
            };
            role_of(world, caller, Some(&arn)).await
        }
    };
    let (role, target) = tokio::join!(of(association.role_arn.clone()), of(association.target_role_arn.clone()));
    (evidence.association_policies, evidence.association_own_policies) = match association.target_role_arn {
        Some(_) => (target.1, role.1),
        None => (role.1, Observed::NotCollected { reason: "the association names no target role".to_owned() }.into()),
    };
    evidence.association_role = role.0;
    evidence.association_target = target.0;
}

fn none(evidence: &mut Evidence) {
    let reason = match evidence.associations.gap() {
        Some(gap) => gap,
        None => "the service account has no association".to_owned(),
    };
    let none = Shared::from(Observed::NotCollected { reason: reason.clone() });
    evidence.association_role = none.clone();
    evidence.association_target = none;
    evidence.association_own_policies = Observed::NotCollected { reason: reason.clone() }.into();
    evidence.association_policies = Observed::NotCollected { reason }.into();
}
