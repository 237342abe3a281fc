//! Fleets: clusters, roles and pods in numbers, which differ in their names alone. Each stands for what could be
//! written out one by one, and is written out here.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_saphyr::Spanned;
use trustwalk_lab_cluster::{AT_REST, Cluster};

use super::{
    WrongScenario,
    documents::DocumentsForm,
    form::{ClusterForm, FleetForm, Form, ProviderForm, Rest, RoleForm, Thumbprints, TrustForm, Word},
    line,
};
use crate::{
    LabError, pods,
    world::{Place, ROLE_ANNOTATION},
};

/// Most roles of fleets.
const ROLES: u32 = 20_000;
/// Most pods of fleets: 64 MiB of objects in each of sixteen clusters hold more.
const PODS: u32 = 100_000;
/// Most clusters of a fleet.
const CLUSTERS: u32 = 1000;
/// Pods that a node takes; EKS recommends as many for most instance types (EKS Best Practices Guides, "Scalability").
const PODS_A_NODE: u32 = 110;
/// Name of the workload, and of its service account, in each of its namespaces.
const APP: &str = "app";

/// Nodes that a cluster's pods take.
fn nodes(all: &[Rest]) -> Option<u8> {
    let pods: u32 = all.iter().map(|one| one.pods).sum();
    let nodes = pods.div_ceil(PODS_A_NODE).clamp(2, super::NODES.into());
    if all.is_empty() { None } else { u8::try_from(nodes).ok() }
}

/// Writes out every fleet.
pub(super) fn write_out(form: &mut Form) -> Result<(), WrongScenario> {
    for fleet in std::mem::take(&mut form.fleets) {
        fits(&fleet)?;
        let (clusters, roles) = one_by_one(&fleet);
        let own = |word: &Word| word.value == fleet.account.value;
        if let Some(account) = form.accounts.iter_mut().find(|account| own(&account.id) || own(&account.alias)) {
            account.providers.extend(clusters.iter().map(|cluster| ProviderForm {
                issuer: cluster.name.clone(),
                client_ids: None,
                thumbprints: Thumbprints::Auto,
            }));
            account.roles.extend(roles);
        }
        form.clusters.extend(clusters);
    }
    Ok(())
}

fn fits(fleet: &FleetForm) -> Result<(), WrongScenario> {
    let name = &fleet.name.value;
    let wrong = |what: String| Err(WrongScenario::new(line(&fleet.name), format!("the fleet `{name}` {what}")));
    for (count, most, what) in
        [(fleet.clusters, CLUSTERS, "clusters"), (fleet.roles, ROLES, "roles"), (fleet.pods, PODS, "pods")]
    {
        if count > most {
            return wrong(format!("has {count} {what}, more than the {most} that one has at most"));
        }
    }
    if fleet.served > fleet.clusters {
        return wrong("serves more clusters than it has".to_owned());
    }
    if fleet.pods > 0 && (fleet.served == 0 || fleet.roles < fleet.clusters) {
        let wrong = WrongScenario::new(line(&fleet.name), format!("the fleet `{name}` has pods without a place"));
        return Err(wrong.with("write `served`, and as many `roles` as `clusters` at least"));
    }
    Ok(())
}

/// So many of a whole for the part of this number, as even as can be.
fn share(whole: u32, parts: u32, number: u32) -> u32 {
    let parts = parts.max(1);
    whole / parts + u32::from(number < whole % parts)
}

fn one_by_one(fleet: &FleetForm) -> (Vec<ClusterForm>, Vec<RoleForm>) {
    let word = |value: String| Spanned { value, referenced: fleet.name.referenced, defined: fleet.name.defined };
    let (mut clusters, mut roles) = (Vec::new(), Vec::new());
    for number in 0..fleet.clusters {
        let name = word(format!("{}-{:04}", fleet.name.value, number + 1));
        let served = number < fleet.served;
        let pods = if served { share(fleet.pods, fleet.served, number) } else { 0 };
        let own = share(fleet.roles, fleet.clusters, number);
        let mut rest = Vec::new();
        for app in 0..own {
            let namespace = format!("{APP}-{:04}", app + 1);
            let role = format!("{}-{namespace}", name.value);
            let trust = TrustForm {
                issuer: Some(name.clone()),
                service_account: Some(format!("{namespace}/{APP}")),
                ..TrustForm::default()
            };
            roles.push(RoleForm {
                name: word(role.clone()),
                trust: vec![Spanned { value: trust, referenced: name.referenced, defined: name.defined }],
                allow: vec!["eks:ListClusters".to_owned()],
                inline: BTreeMap::new(),
                attached: Vec::new(),
                boundary: None,
                max_session: None,
            });
            if served {
                let (image, pods) = (fleet.image.clone(), share(pods, own, app));
                rest.push(Rest { namespace, role, image, pods });
            }
        }
        clusters.push(ClusterForm {
            name,
            account: fleet.account.clone(),
            served,
            nodes: nodes(&rest),
            chain: fleet.chain,
            documents: DocumentsForm::default(),
            workloads: Vec::new(),
            manifests: Vec::new(),
            manifest_files: Vec::new(),
            rest,
        });
    }
    (clusters, roles)
}

/// Puts a cluster's workloads at rest there, before its controllers run.
pub(super) async fn lay(cluster: &Cluster, place: &Place, all: &[Rest]) -> Result<(), LabError> {
    let refused = |error: trustwalk_lab_cluster::ApiError| LabError::Cluster(error.message);
    let store = cluster.store();
    for one in all {
        pods::namespace(&store, &one.namespace)?;
        let annotations = BTreeMap::from([(ROLE_ANNOTATION.to_owned(), place.role_arn(&one.role))]);
        pods::annotate(&store, &one.namespace, APP, &annotations)?;
        cluster.lay(deployment(one), trustwalk_lab_node::write_well).await.map_err(refused)?;
    }
    Ok(())
}

fn deployment(one: &Rest) -> Value {
    let labels = json!({"app.kubernetes.io/name": APP});
    json!({
        "metadata": {"name": APP, "namespace": one.namespace, "labels": labels},
        "spec": {
            "replicas": one.pods,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {AT_REST: "true"}},
                "spec": {"serviceAccountName": APP, "containers": [{"name": APP, "image": one.image}]},
            },
        },
    })
}
