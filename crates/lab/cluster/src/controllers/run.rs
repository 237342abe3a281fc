//! The loops that wake the controllers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::task::JoinSet;
use trustwalk_lab_serve::keep;

use super::{
    common::{Context, owner_uid},
    cronjob, daemonset, deployment, disruption, endpoints, events, gc, job, quota, replicaset, scheduler, statefulset,
};
use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
    },
    seed,
    store::{Event, EventKind, Store},
    writes::pipeline::Pipeline,
};

/// Wait before a refused creation is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Starts all controllers; they end when the returned set is dropped.
pub(crate) fn start(store: &Store, pipeline: &Pipeline, ca_pem: &str) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let (own, ca_pem) = (store.clone(), ca_pem.to_owned());
    let context = Context { store: store.clone(), pipeline: pipeline.clone() };
    tasks.spawn(keep(move || furnish_namespaces(own.clone(), ca_pem.clone())));
    tasks.spawn(keep(move || reconcile_workloads(context.clone())));
    let own = store.clone();
    tasks.spawn(keep(move || collect_garbage(own.clone())));
    let own = store.clone();
    tasks.spawn(keep(move || bind_pods(own.clone())));
    let own = store.clone();
    tasks.spawn(keep(move || keep_budgets(own.clone())));
    let own = store.clone();
    tasks.spawn(keep(move || keep_endpoints(own.clone())));
    let own = store.clone();
    tasks.spawn(keep(move || expire_events(own.clone())));
    let own = store.clone();
    tasks.spawn(keep(move || keep_quotas(own.clone())));
    tasks
}

/// Budgets follow their pods, whatever became of them.
async fn keep_budgets(store: Store) {
    let (pods, budgets) = (Gvr::core("pods"), super::budgets());
    loop {
        let mut watch = store.watch();
        for namespace in store.list(&Gvr::core("namespaces"), None).1 {
            disruption::reconcile_all(&store, j::name(&namespace));
        }
        while let Some(event) = watch.next().await {
            if event.key.gvr == pods || (event.key.gvr == budgets && event.kind != EventKind::Deleted) {
                disruption::reconcile_all(&store, j::namespace(&event.object));
            }
        }
    }
}

/// What is taken of quotas follows everything in their namespaces.
async fn keep_quotas(store: Store) {
    loop {
        let mut watch = store.watch();
        for namespace in store.list(&Gvr::core("namespaces"), None).1 {
            quota::reconcile_all(&store, j::name(&namespace));
        }
        while let Some(event) = watch.next().await {
            if let Some(namespace) = &event.key.namespace {
                quota::reconcile_all(&store, namespace);
            }
        }
    }
}

/// Endpoints follow services and their pods. Changes that come together are followed once.
async fn keep_endpoints(store: Store) {
    let services = Gvr::core("services");
    loop {
        let mut watch = store.watch();
        for namespace in store.list(&Gvr::core("namespaces"), None).1 {
            endpoints::reconcile_all(&store, j::name(&namespace));
        }
        while let Some(event) = watch.next().await {
            if event.key.gvr == services && event.kind == EventKind::Deleted {
                endpoints::forget(&store, j::namespace(&event.object), &event.key.name);
            }
            for namespace in endpoints::concerned(&event.key) {
                endpoints::reconcile_all(&store, &namespace);
            }
        }
    }
}

/// How often events are looked through.
const EXPIRE_EVERY: Duration = Duration::from_mins(1);

async fn expire_events(store: Store) {
    loop {
        tokio::time::sleep(EXPIRE_EVERY).await;
        events::expire(&store);
    }
}

async fn collect_garbage(store: Store) {
    loop {
        let mut watch = store.watch();
        while let Some(event) = watch.next().await {
            gc::collect(&store, &event);
        }
    }
}

/// Every namespace has its default service account and CA bundle, also after
/// somebody deleted them (Kubernetes docs, "Managing Service Accounts").
async fn furnish_namespaces(store: Store, ca_pem: String) {
    let namespaces = Gvr::core("namespaces");
    loop {
        let mut watch = store.watch();
        for namespace in store.list(&namespaces, None).1 {
            seed::namespace_contents(&store, j::name(&namespace), &ca_pem);
        }
        while let Some(event) = watch.next().await {
            let created = event.key.gvr == namespaces && event.kind == EventKind::Added;
            let furniture = matches!(event.key.gvr.resource.as_str(), "serviceaccounts" | "configmaps");
            let name = match &event.key.namespace {
                None if created => event.key.name.as_str(),
                Some(name) if furniture && event.kind == EventKind::Deleted => name,
                _ => continue,
            };
            let key = Key::new(namespaces.clone(), None, name);
            let lives = |namespace: &Value| j::at(namespace, "/metadata/deletionTimestamp").is_null();
            if store.get(&key).is_some_and(|namespace| lives(&namespace)) {
                seed::namespace_contents(&store, name, &ca_pem);
            }
        }
    }
}

async fn bind_pods(store: Store) {
    let pods = Gvr::core("pods");
    loop {
        let mut watch = store.watch();
        scheduler::schedule_all(&store);
        while let Some(event) = watch.next().await {
            if event.key.gvr == pods && event.kind == EventKind::Added {
                scheduler::schedule(&store, &event.object);
            } else if event.key.gvr.resource == "nodes" {
                scheduler::schedule_all(&store);
            }
        }
    }
}

fn workload_kinds() -> Vec<Gvr> {
    let mut kinds: Vec<Gvr> =
        ["deployments", "replicasets", "daemonsets", "statefulsets"].into_iter().map(Gvr::apps).collect();
    kinds.push(Gvr::new("batch", "v1", "jobs"));
    kinds.push(cronjob::crons());
    kinds
}

fn all_workloads(store: &Store) -> BTreeSet<Key> {
    workload_kinds()
        .iter()
        .flat_map(|gvr| {
            let objects = store.list(gvr, None).1;
            objects.into_iter().map(|object| Key::of(gvr, &object)).collect::<Vec<_>>()
        })
        .collect()
}

/// The workloads an event may concern.
fn concerned(store: &Store, event: &Event) -> BTreeSet<Key> {
    let gvr = &event.key.gvr;
    let mut keys = BTreeSet::new();
    if gvr.resource == "nodes" {
        return all_workloads(store);
    }
    if workload_kinds().contains(gvr) {
        keys.insert(event.key.clone());
    }
    if matches!(gvr.resource.as_str(), "pods" | "replicasets" | "jobs") {
        keys.extend(owner_key(&event.object));
    }
    keys
}

fn owner_key(object: &Value) -> Option<Key> {
    let uid = owner_uid(object);
    let owner = j::items(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| j::text(owner, "/uid") == uid && !uid.is_empty())?;
    let gvr = match j::text(owner, "/kind") {
        "DaemonSet" => Gvr::apps("daemonsets"),
        "Deployment" => Gvr::apps("deployments"),
        "ReplicaSet" => Gvr::apps("replicasets"),
        "StatefulSet" => Gvr::apps("statefulsets"),
        "Job" => Gvr::new("batch", "v1", "jobs"),
        "CronJob" => cronjob::crons(),
        _ => return None,
    };
    Some(Key::new(gvr, Some(j::namespace(object)), j::text(owner, "/name")))
}

async fn reconcile_workloads(ctx: Context) {
    loop {
        let mut watch = ctx.store.watch();
        let mut due = all_workloads(&ctx.store);
        let mut failed = BTreeSet::new();
        loop {
            while let Some(key) = due.pop_first() {
                if reconcile(&ctx, &key).await.is_err() {
                    failed.insert(key);
                }
            }
            tokio::select! {
                event = watch.next() => {
                    let Some(event) = event else { break };
                    due.extend(concerned(&ctx.store, &event));
                }
                () = tokio::time::sleep(RETRY_AFTER), if !failed.is_empty() => {
                    due.append(&mut failed);
                }
                () = deployment::until_a_deadline(&ctx.store) => {
                    due.extend(deployment::all(&ctx.store));
                }
                () = cronjob::until_due(&ctx.store) => {
                    due.extend(cronjob::all(&ctx.store));
                }
                () = cronjob::until(&ctx.store, job::next(&ctx.store)) => {
                    due.extend(job::due(&ctx.store));
                }
            }
        }
    }
}

async fn reconcile(ctx: &Context, key: &Key) -> Result<(), ApiError> {
    let Some(object) = ctx.store.get(key) else {
        return Ok(());
    };
    let object: Arc<Value> = object;
    match key.gvr.resource.as_str() {
        "daemonsets" => daemonset::reconcile(ctx, &object).await,
        "deployments" => deployment::reconcile(ctx, &object).await,
        "replicasets" => replicaset::reconcile(ctx, &object).await,
        "statefulsets" => statefulset::reconcile(ctx, &object).await,
        "jobs" => job::reconcile(ctx, &object).await,
        "cronjobs" => cronjob::reconcile(ctx, &object).await,
        _ => Ok(()),
    }
}
