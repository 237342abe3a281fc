//! Pushing the difference between two worlds into the running parts.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;
use trustwalk_lab_cluster::{Gvr, Key, json as j};
use trustwalk_lab_issuer::pki::{LeafKey, days_after};

use crate::{
    LabError,
    clock::LEAF_AGE_DAYS,
    pods,
    site::Site,
    webhook,
    world::{Generation, WorkloadId, World},
};

/// Objects of one kind by namespace and name.
type Objects = BTreeMap<(String, String), Value>;
/// Longest wait for pods to be replaced: a roll-out of the lab takes about a second.
const ROLLOUT: Duration = Duration::from_secs(20);

/// Makes the running lab go from `old` to `new`. `None` as `old` means that nothing
/// has been made yet.
pub(crate) async fn push(site: &Site, old: Option<&World>, new: &World) -> Result<(), LabError> {
    account(site, old, new);
    if old.is_none_or(|old| old.issuer != new.issuer) {
        issuer(site, new)?;
    }
    site.settings.update(|config| {
        config.network = new.network.clone();
        config.kubernetes_minor = new.kubernetes_minor;
    });
    site.webhook.update(|config| *config = new.webhook.clone());
    if old.is_none_or(|old| old.registration != new.registration) {
        let (ca, foreign) = (&site.webhook_ca, &site.foreign_ca);
        webhook::register(&site.store, new.registration, ca, foreign)?;
    }
    webhook::agent(&site.store, new.network.pod_identity_agent && !new.webhook.associations.is_empty())?;
    versions(site, new)?;
    network_policies(site, old, new)?;
    files(site, "configmaps", old.map(|old| &old.config_maps), &new.config_maps)?;
    files(site, "secrets", old.map(|old| &old.secrets), &new.secrets)?;
    let mut late = BTreeSet::new();
    accounts(site, old, new, &mut late)?;
    let restart = workloads(site, old, new)?;
    for id in restart {
        pods::restart(&site.store, id)?;
    }
    cache_late(site, old, new).await?;
    for id in late {
        annotate_late(site, new, id).await?;
    }
    Ok(())
}

fn account(site: &Site, old: Option<&World>, new: &World) {
    let account = &site.account;
    for (arn, document) in &new.policies {
        account.put_policy(arn, document);
    }
    for (name, role) in &new.roles {
        if old.and_then(|old| old.roles.get(name)) != Some(role) {
            account.put_role(name, role);
        }
    }
    for name in old.into_iter().flat_map(|old| old.roles.keys()) {
        if !new.roles.contains_key(name) {
            account.remove_role(name);
        }
    }
    for arn in old.into_iter().flat_map(|old| old.policies.keys()) {
        if !new.policies.contains_key(arn) {
            account.remove_policy(arn);
        }
    }
    for url in old.into_iter().flat_map(|old| old.providers.keys()) {
        if !new.providers.contains_key(url) {
            account.remove_provider(url);
        }
    }
    for (url, provider) in &new.providers {
        if old.and_then(|old| old.providers.get(url)) != Some(provider) {
            account.put_provider(url, &provider.client_ids, &site.registered);
        }
    }
    let said =
        |world: &World| (world.addon_role(), world.webhook.associations.clone(), world.network.pod_identity_agent);
    if site.served && old.is_none_or(|old| said(old) != said(new)) {
        let (role, associations, agent) = said(new);
        let roles =
            associations.into_iter().map(|place| (role_in(new, &place.0), place)).map(|(role, place)| (place, role));
        account.put_cluster(role, &roles.collect(), agent, site.clock.now());
    }
    // Whoever mended by hand in the meantime pinned the other hierarchy: going from
    // one to the other is a new beginning, with what was registered at first.
    if old.is_some_and(|old| old.issuer.generation != new.issuer.generation) {
        account.reset_thumbprints(&site.place.issuer, &site.registered);
    }
}

/// The role that an association in a namespace gives: its workload's.
fn role_in(world: &World, namespace: &str) -> String {
    let found = world.workloads.iter().find(|(id, _)| id.namespace == namespace);
    found.map(|(_, workload)| workload.role.clone()).unwrap_or_default()
}

/// Chain and documents of the EKS issuer.
pub(crate) fn issuer(site: &Site, new: &World) -> Result<(), LabError> {
    let wanted = &new.issuer;
    let hierarchy = match wanted.generation {
        Generation::Old => &site.authorities.old,
        Generation::New => &site.authorities.new,
    };
    let from = days_after(site.clock.now(), -LEAF_AGE_DAYS);
    let chain = hierarchy.present(&[site.place.issuer_host.as_str()], from, wanted.presentation, LeafKey::P256)?;
    site.server.set_chain(&site.place.issuer_host, &chain, wanted.tls13_only)?;
    site.issuer.set_faults(|faults| *faults = wanted.faults.clone());
    Ok(())
}

/// The nodes say which kubelet they run.
fn versions(site: &Site, new: &World) -> Result<(), LabError> {
    let version = format!("v1.{}.2", new.kubernetes_minor);
    let gvr = Gvr::core("nodes");
    for node in site.store.list(&gvr, None).1 {
        let key = Key::of(&gvr, &node);
        site.store
            .update(&key, |node| j::put(node, "/status/nodeInfo/kubeletVersion", version.as_str().into()))
            .map_err(|e| LabError::Cluster(e.message))?;
    }
    Ok(())
}

fn network_policies(site: &Site, old: Option<&World>, new: &World) -> Result<(), LabError> {
    let gvr = Gvr::new("networking.k8s.io", "v1", "networkpolicies");
    let mut names: BTreeSet<_> = new.network_policies.keys().collect();
    names.extend(old.into_iter().flat_map(|old| old.network_policies.keys()));
    for place in names {
        let object = new.network_policies.get(place);
        pods::put(&site.store, &gvr, Some(&place.0), &place.1, object)?;
    }
    Ok(())
}

/// Config maps or secrets. One that changed is made anew.
fn files(site: &Site, resource: &str, old: Option<&Objects>, new: &Objects) -> Result<(), LabError> {
    let gvr = Gvr::core(resource);
    for (place, object) in old.into_iter().flatten() {
        if new.get(place) != Some(object) {
            pods::put(&site.store, &gvr, Some(&place.0), &place.1, None)?;
        }
    }
    for (place, object) in new {
        if old.and_then(|old| old.get(place)) != Some(object) {
            pods::namespace(&site.store, &place.0)?;
            pods::put(&site.store, &gvr, Some(&place.0), &place.1, Some(object))?;
        }
    }
    Ok(())
}

/// Service accounts; those annotated late are left bare here and named in `late`.
fn accounts(site: &Site, old: Option<&World>, new: &World, late: &mut BTreeSet<WorkloadId>) -> Result<(), LabError> {
    for place in old.into_iter().flat_map(|old| old.annotations.keys()) {
        if !new.annotations.contains_key(place) {
            pods::put(&site.store, &Gvr::core("serviceaccounts"), Some(&place.0), &place.1, None)?;
        }
    }
    for (place, annotations) in &new.annotations {
        let (namespace, name) = place;
        pods::namespace(&site.store, namespace)?;
        let was_late = old.is_some_and(|old| old.annotated_late.contains(place));
        if new.annotated_late.contains(place) {
            if !was_late {
                pods::annotate(&site.store, namespace, name, &std::collections::BTreeMap::new())?;
                late.extend(new.workloads.keys().filter(|id| id.namespace == namespace && id.name == name));
            }
        } else if was_late || old.and_then(|old| old.annotations.get(place)) != Some(annotations) {
            pods::annotate(&site.store, namespace, name, annotations)?;
        }
    }
    Ok(())
}

/// Applies changed workloads and names the ones whose pods have to be made anew,
/// because injection or identity would now come out differently.
fn workloads(site: &Site, old: Option<&World>, new: &World) -> Result<BTreeSet<WorkloadId>, LabError> {
    let mut restart = BTreeSet::new();
    for (id, workload) in &new.workloads {
        let changed = old.and_then(|old| old.workloads.get(id)) != Some(workload);
        if changed {
            pods::apply(&site.store, *id, workload)?;
        }
        let Some(old) = old else { continue };
        let place = (id.namespace.to_owned(), id.name.to_owned());
        if old.registration != new.registration
            || old.webhook != new.webhook
            || old.kubernetes_minor != new.kubernetes_minor
            || old.annotations.get(&place) != new.annotations.get(&place)
            || old.annotated_late.contains(&place) != new.annotated_late.contains(&place)
        {
            restart.insert(*id);
        }
    }
    Ok(restart)
}

/// Replaces the pods of workloads whose service accounts are missing from the
/// webhook's cache at that moment, and in it afterwards.
async fn cache_late(site: &Site, old: Option<&World>, new: &World) -> Result<(), LabError> {
    let fresh = |place: &&(String, String)| old.is_none_or(|old| !old.cached_late.contains(*place));
    let places: BTreeSet<_> = new.cached_late.iter().filter(fresh).cloned().collect();
    if places.is_empty() {
        return Ok(());
    }
    site.webhook.update(|config| config.not_in_cache.extend(places.iter().cloned()));
    for place in &places {
        // What a cache has not heard of yet is new.
        let annotations = new.annotations.get(place).cloned().unwrap_or_default();
        pods::recreate(&site.store, &place.0, &place.1, &annotations)?;
    }
    let ids = new.workloads.keys().filter(|id| places.contains(&(id.namespace.to_owned(), id.name.to_owned())));
    for id in ids {
        pods::restart(&site.store, *id)?;
        site.replaced(*id, ROLLOUT).await?;
    }
    site.webhook.update(|config| *config = new.webhook.clone());
    Ok(())
}

/// Replaces the pods of a workload while its service account is bare, then annotates.
async fn annotate_late(site: &Site, new: &World, id: WorkloadId) -> Result<(), LabError> {
    site.replaced(id, ROLLOUT).await?;
    let place = (id.namespace.to_owned(), id.name.to_owned());
    let annotations = new.annotations.get(&place).cloned().unwrap_or_default();
    pods::annotate(&site.store, id.namespace, id.name, &annotations)
}
