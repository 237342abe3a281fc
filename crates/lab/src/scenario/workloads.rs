//! The world of a cluster's workloads in the short form, which faults can change piece by piece.

use super::{
    Scenario, WorkloadKind,
    form::{ClusterForm, RoleForm, TrustForm},
    inline_of,
};
use crate::{
    LabError,
    world::{
        AUDIENCE_ANNOTATION, Generation, IssuerState, Place, Provider, ROLE_ANNOTATION, Registration, Role, Trust,
        Workload, WorkloadId, World, names::STS_AUDIENCE,
    },
};

/// Audiences of a provider that names none: STS's.
pub(super) fn client_ids(listed: Option<&Vec<String>>) -> Vec<String> {
    listed.cloned().unwrap_or_else(|| vec![STS_AUDIENCE.to_owned()])
}

/// The world of a cluster's workloads: what faults can change.
pub(super) fn world(scenario: &Scenario, form: &ClusterForm, place: &Place) -> Result<World, LabError> {
    let mut world = World::empty();
    world.place = place.clone();
    world.registration = Registration::Sound;
    world.webhook.region = Some(place.region.clone());
    world.issuer = IssuerState {
        generation: if form.chain.rotated { Generation::New } else { Generation::Old },
        presentation: form.chain.presented.into(),
        tls13_only: form.chain.tls13_only,
        faults: form.documents.faults(),
    };
    world.roles.insert(place.node_role.clone(), node_role());
    let account = scenario.form.accounts.iter().find(|account| account.id.value == place.account);
    if let Some(provider) =
        account.and_then(|account| account.providers.iter().find(|p| p.issuer.value == form.name.value))
    {
        let client_ids = client_ids(provider.client_ids.as_ref());
        world.providers.insert(place.issuer.clone(), Provider { client_ids });
    }
    for one in &form.workloads {
        let (namespace, name) = one.name.value.split_once('/').unwrap_or_default();
        let resource = if one.kind == WorkloadKind::Daemonset { "daemonsets" } else { "deployments" };
        let id = WorkloadId::named(resource, namespace, name);
        let role = one.role.as_ref().map(|role| scenario.names.role(role, &place.account)).transpose()?;
        let mut workload = Workload::new(id, role.as_ref().map_or("", |(_, role)| role), &one.image);
        workload.replicas = one.replicas.unwrap_or(workload.replicas);
        workload.host_network = one.host_network;
        workload.env.clone_from(&one.env);
        world.workloads.insert(id, workload);
        let annotations = world.annotations.entry(id.place()).or_default();
        let Some((owner, role)) = role else { continue };
        annotations.insert(ROLE_ANNOTATION.to_owned(), format!("arn:aws:iam::{owner}:role/{role}"));
        let found = account.filter(|a| a.id.value == owner).and_then(|a| a.roles.iter().find(|r| r.name.value == role));
        if let Some((audience, role_form, kept)) = found.and_then(|found| editable(found, form, place)) {
            if audience != STS_AUDIENCE {
                annotations.insert(AUDIENCE_ANNOTATION.to_owned(), audience);
            }
            world.roles.insert(role_form.name.value.clone(), kept);
        }
    }
    Ok(world)
}

/// A role that faults can change piece by piece: one statement for one service account of this cluster.
fn editable<'f>(role: &'f RoleForm, cluster: &ClusterForm, place: &Place) -> Option<(String, &'f RoleForm, Role)> {
    let [one] = role.trust.as_slice() else { return None };
    let TrustForm { issuer: Some(issuer), service_account: Some(account), audience, .. } = &one.value else {
        return None;
    };
    let whole = role.max_session.is_none() && role.inline.len() + usize::from(!role.allow.is_empty()) <= 1;
    if issuer.value != cluster.name.value || account.contains(['*', '?']) || !whole {
        return None;
    }
    let (namespace, name) = account.split_once('/')?;
    let audience = audience.clone().unwrap_or_else(|| STS_AUDIENCE.to_owned());
    let subject = format!("system:serviceaccount:{namespace}:{name}");
    let kept = Role {
        trust: Trust::web_identity(&place.account, &place.issuer, &audience, &subject),
        policies: role.attached.clone(),
        inline: inline_of(role).values().next().and_then(|text| serde_json::from_str(text).ok()),
        boundary: role.boundary.clone(),
        predates_cluster: false,
    };
    Some((audience, role, kept))
}

fn node_role() -> Role {
    let managed = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    Role {
        trust: Trust::service("ec2.amazonaws.com"),
        policies: ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"].map(managed).to_vec(),
        inline: None,
        boundary: None,
        predates_cluster: false,
    }
}
