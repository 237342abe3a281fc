//! The way of every write into the store: validation, built-in admission,
//! webhooks, field ownership, storage.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    contract::{Clock, Resolve},
    objects::{
        address::{Gvr, Key},
        definition,
        errors::ApiError,
        fields, json as j,
        kinds::Kind,
        meta,
        names::new_suffix,
        schema::structural,
    },
    rbac::User,
    store::Store,
    writes::{escalation, limits, review::Review, validation, warnings::Warnings, webhooks::Webhooks},
};

/// Who writes, and how it is recorded.
#[derive(Debug, Clone)]
pub(crate) struct Writer<'a> {
    pub(crate) user: &'a User,
    /// Field manager.
    pub(crate) manager: &'a str,
    /// Nothing is stored.
    pub(crate) dry_run: bool,
    /// What there is to be warned of.
    pub(crate) warnings: Warnings,
}

impl Writer<'_> {
    /// What admission sees of a request of this writer's.
    fn review<'r>(&'r self, operation: &'static str, kind: &'r Kind, subresource: &'r str) -> Review<'r> {
        let (user, dry_run, warnings) = (self.user, self.dry_run, &self.warnings);
        Review { operation, kind, subresource, user, dry_run, warnings }
    }
}

/// Shared by request handlers and controllers.
#[derive(Clone)]
pub(crate) struct Pipeline {
    store: Store,
    webhooks: Webhooks,
}

impl Pipeline {
    pub(crate) fn new(store: Store, resolver: Arc<dyn Resolve>, clock: Clock) -> Self {
        let webhooks = Webhooks::new(store.clone(), resolver, clock);
        Self { store, webhooks }
    }

    /// Creates an object under the user's own name as field manager.
    pub(crate) async fn create(
        &self,
        gvr: &Gvr,
        object: Value,
        user: &User,
        dry_run: bool,
    ) -> Result<Arc<Value>, ApiError> {
        let manager = user.name.clone();
        let writer = Writer { user, manager: &manager, dry_run, warnings: Warnings::default() };
        self.create_as(gvr, object, &writer).await
    }

    /// Creates an object as a writer.
    pub(crate) async fn create_as(
        &self,
        gvr: &Gvr,
        mut object: Value,
        writer: &Writer<'_>,
    ) -> Result<Arc<Value>, ApiError> {
        let kind = self.store.kind(&gvr.group, &gvr.version, &gvr.resource).ok_or_else(ApiError::no_such_path)?;
        if kind.namespaced {
            j::put_default(&mut object, "/metadata/namespace", "default".into());
            let namespace = j::namespace(&object).to_owned();
            let key = Key::new(Gvr::core("namespaces"), None, &namespace);
            let Some(found) = self.store.get(&key) else {
                return Err(ApiError::not_found(&key.gvr, &namespace));
            };
            if !j::at(&found, "/metadata/deletionTimestamp").is_null() {
                return Err(going(gvr, j::name(&object), &namespace));
            }
        }
        // Status belongs to controllers: what a creator sends is dropped.
        if kind.subresources.contains(&"status") {
            j::remove(&mut object, "/status");
        }
        j::put_default(&mut object, "/apiVersion", kind.api_version().into());
        j::put_default(&mut object, "/kind", kind.kind.into());
        let custom = self.custom_schema(kind);
        if let Some(schema) = &custom {
            structural::default(schema, &mut object);
        }
        for member in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
            j::remove(&mut object, &format!("/metadata/{member}"));
        }
        validation::create(kind, &object, custom.as_ref())?;
        escalation::check(&self.store, kind, writer.user, None, &object)?;
        let already_set = !j::at(&object, "/metadata/managedFields").is_null();
        if !already_set {
            fields::record(None, &mut object, writer.manager, "", self.store.now());
        }
        if kind.kind == "Pod" {
            self.priority_admission(&mut object)?;
            self.service_account_admission(&mut object)?;
            limits::limit(&self.store, &mut object)?;
        }
        let review = writer.review("CREATE", kind, "");
        object = self.webhooks.admit(&review, object, None).await?;
        if kind.namespaced {
            limits::count(&self.store, kind, &object)?;
        }
        if kind.kind == "CustomResourceDefinition" {
            definition::complete(&mut object, self.store.now());
        }
        if writer.dry_run {
            meta::prepare_create(kind, &mut object, self.store.now())?;
            let key = Key::of(gvr, &object);
            if self.store.get(&key).is_some() {
                return Err(ApiError::already_exists(gvr, &key.name));
            }
            return Ok(Arc::new(object));
        }
        self.store.create(gvr, object)
    }

    /// Replaces an object by what `change` makes of its current state, retrying
    /// when somebody else was faster and the caller named no version.
    pub(crate) async fn update_as(
        &self,
        kind: &'static Kind,
        key: &Key,
        subresource: &str,
        writer: &Writer<'_>,
        mut change: impl FnMut(&Value) -> Result<Value, ApiError>,
    ) -> Result<Arc<Value>, ApiError> {
        /// Attempts before giving up; the API server's own patch retries five times.
        const ATTEMPTS: usize = 5;
        for _ in 0..ATTEMPTS {
            let old = self.store.get(key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
            let mut new = change(&old)?;
            let wanted = j::text(&new, "/metadata/resourceVersion").to_owned();
            let current = j::text(&old, "/metadata/resourceVersion").to_owned();
            if !wanted.is_empty() && wanted != current {
                return Err(ApiError::conflict(&key.gvr, &key.name));
            }
            let named_uid = j::uid(&new);
            if !named_uid.is_empty() && named_uid != j::uid(&old) {
                return Err(ApiError::other_uid(&key.gvr, &key.name, named_uid, j::uid(&old)));
            }
            keep_other_half(kind, subresource, &old, &mut new);
            meta::prepare_update(&old, &mut new);
            if j::at(&old, "/metadata/deletionTimestamp").is_null() {
                j::remove(&mut new, "/metadata/deletionTimestamp");
            }
            crate::objects::defaults::keep(kind, &old, &mut new);
            crate::objects::defaults::apply(kind, &mut new);
            let custom = self.custom_schema(kind);
            if let Some(schema) = &custom {
                structural::default(schema, &mut new);
            }
            validation::update(kind, subresource, (&old, &new), custom.as_ref())?;
            escalation::check(&self.store, kind, writer.user, Some(&old), &new)?;
            if kind.kind == "CustomResourceDefinition" && subresource.is_empty() {
                definition::complete(&mut new, self.store.now());
            }
            let fresh = j::at(&new, "/metadata/managedFields") == j::at(&old, "/metadata/managedFields")
                || j::at(&new, "/metadata/managedFields").is_null();
            if fresh {
                let before = j::at(&old, "/metadata/managedFields").clone();
                j::put(&mut new, "/metadata/managedFields", before);
                fields::record(Some(&old), &mut new, writer.manager, subresource, self.store.now());
            }
            let review = writer.review("UPDATE", kind, subresource);
            new = self.webhooks.admit(&review, new, Some(&old)).await?;
            if writer.dry_run {
                return Ok(Arc::new(new));
            }
            let stored = self.store.try_update(key, |object| {
                if j::text(object, "/metadata/resourceVersion") != current {
                    return Err(ApiError::conflict(&key.gvr, &key.name));
                }
                *object = new;
                Ok(())
            });
            match stored {
                Err(error) if error.reason == "Conflict" && wanted != current => {}
                other => return other,
            }
        }
        Err(ApiError::conflict(&key.gvr, &key.name))
    }

    /// The schema of a custom resource.
    fn custom_schema(&self, kind: &Kind) -> Option<Value> {
        let definition = self.store.definition(kind.group, kind.resource).filter(|_| kind.custom)?;
        Some(definition::schema(&definition, kind.version).clone())
    }

    /// Asks the webhooks about a deletion.
    pub(crate) async fn admit_delete(
        &self,
        kind: &'static Kind,
        old: &Value,
        writer: &Writer<'_>,
    ) -> Result<(), ApiError> {
        let review = writer.review("DELETE", kind, "");
        self.webhooks.admit(&review, Value::Null, Some(old)).await.map(drop)
    }

    /// The `Priority` admission plugin: the class that a pod names gives it its number (Kubernetes documentation, "Pod
    /// Priority and Preemption").
    fn priority_admission(&self, pod: &mut Value) -> Result<(), ApiError> {
        let gvr = Gvr::new("scheduling.k8s.io", "v1", "priorityclasses");
        let named = j::text(pod, "/spec/priorityClassName").to_owned();
        let found = if named.is_empty() {
            self.store.list(&gvr, None).1.into_iter().find(|class| j::at(class, "/globalDefault") == true)
        } else {
            let found = self.store.get(&Key::new(gvr, None, &named));
            if found.is_none() {
                let name = match j::name(pod) {
                    "" => j::text(pod, "/metadata/generateName"),
                    name => name,
                };
                let message = format!("pods \"{name}\" is forbidden: no PriorityClass with name {named} was found");
                return Err(ApiError::forbidden(&Gvr::core("pods"), name, message));
            }
            found
        };
        let Some(class) = found else {
            j::put_default(pod, "/spec/priority", 0.into());
            j::put_default(pod, "/spec/preemptionPolicy", "PreemptLowerPriority".into());
            return Ok(());
        };
        j::put(pod, "/spec/priorityClassName", j::name(&class).into());
        j::put(pod, "/spec/priority", j::at(&class, "/value").clone());
        let policy = match j::text(&class, "/preemptionPolicy") {
            "" => "PreemptLowerPriority",
            policy => policy,
        };
        j::put_default(pod, "/spec/preemptionPolicy", policy.into());
        Ok(())
    }

    /// The `ServiceAccount` admission plugin: default account, existence, and the
    /// `kube-api-access` volume (Kubernetes docs, "Managing Service Accounts").
    fn service_account_admission(&self, pod: &mut Value) -> Result<(), ApiError> {
        j::put_default(pod, "/spec/serviceAccountName", "default".into());
        let account = j::text(pod, "/spec/serviceAccountName").to_owned();
        let namespace = j::namespace(pod).to_owned();
        let key = Key::new(Gvr::core("serviceaccounts"), Some(&namespace), &account);
        let Some(object) = self.store.get(&key) else {
            let name = match j::name(pod) {
                "" => j::text(pod, "/metadata/generateName"),
                name => name,
            };
            return Err(ApiError::forbidden(
                &Gvr::core("pods"),
                name,
                format!(
                    "pods \"{name}\" is forbidden: error looking up service account {namespace}/{account}: \
                     serviceaccount \"{account}\" not found"
                ),
            ));
        };
        let automount = j::at(pod, "/spec/automountServiceAccountToken")
            .as_bool()
            .or_else(|| j::at(&object, "/automountServiceAccountToken").as_bool())
            .unwrap_or(true);
        if automount {
            mount_api_token(pod);
        }
        Ok(())
    }
}

/// 403 for what would be made in a namespace that is going.
fn going(gvr: &Gvr, name: &str, namespace: &str) -> ApiError {
    let why = format!("namespace {namespace} is being terminated");
    let message = format!(
        "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being \
         terminated",
        gvr.qualified()
    );
    let mut error = ApiError::forbidden(gvr, name, message);
    if let Some(details) = &mut error.details {
        j::put(
            details,
            "/causes",
            json!([{"reason": "NamespaceTerminating", "message": why, "field": "metadata.namespace"}]),
        );
    }
    error
}

/// Where in-cluster clients look for their token.
const API_TOKEN_DIR: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn mount_api_token(pod: &mut Value) {
    let volume = format!("kube-api-access-{}", new_suffix());
    let mut mounted = false;
    for list in ["/spec/initContainers", "/spec/containers"] {
        let containers = pod.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let has = j::items(container, "/volumeMounts").iter().any(|m| j::text(m, "/mountPath") == API_TOKEN_DIR);
            if has {
                continue;
            }
            mounted = true;
            push(container, "volumeMounts", json!({"name": volume, "readOnly": true, "mountPath": API_TOKEN_DIR}));
        }
    }
    if mounted && let Some(spec) = pod.get_mut("spec") {
        push(
            spec,
            "volumes",
            json!({"name": volume, "projected": {"defaultMode": 420, "sources": [
                // 3607 s is what the admission plugin writes (Kubernetes source).
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
            ]}}),
        );
    }
}

fn push(object: &mut Value, list: &str, item: Value) {
    let slot = j::object(object).entry(list).or_insert(Value::Null);
    if let Some(items) = slot.as_array_mut() {
        items.push(item);
    } else {
        *slot = Value::Array(vec![item]);
    }
}

/// A write to `status` leaves everything else, and the other way round.
fn keep_other_half(kind: &Kind, subresource: &str, old: &Value, new: &mut Value) {
    if subresource == "status" {
        let status = new.get("status").cloned();
        let wanted = j::at(new, "/metadata/resourceVersion").clone();
        *new = old.clone();
        j::put(new, "/metadata/resourceVersion", wanted);
        match status {
            Some(status) => j::put(new, "/status", status),
            None => drop(j::remove(new, "/status")),
        }
    } else if subresource == "ephemeralcontainers" {
        let added = j::at(new, "/spec/ephemeralContainers").clone();
        let wanted = j::at(new, "/metadata/resourceVersion").clone();
        *new = old.clone();
        j::put(new, "/metadata/resourceVersion", wanted);
        j::put(new, "/spec/ephemeralContainers", added);
    } else if kind.subresources.contains(&"status") {
        match old.get("status") {
            Some(status) => j::put(new, "/status", status.clone()),
            None => drop(j::remove(new, "/status")),
        }
    }
}
