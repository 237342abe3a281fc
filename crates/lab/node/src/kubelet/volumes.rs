//! What kubelets put into volumes: projected tokens with rotation, config maps,
//! secrets, pod fields.

use std::{collections::BTreeSet, fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trustwalk_lab_cluster::{Gvr, Key, Store, TokenMinter, TokenSpec, json as j};

use super::{
    env::datum,
    files::{File, Volume, Volumes},
};
use crate::config::Settings;

/// Token lifetime when the volume names none, seconds (Kubernetes API reference).
const DEFAULT_SECONDS: i64 = 3600;
/// Share of its life after which a token is replaced (Kubernetes docs, "Managing
/// Service Accounts": 80 percent, in tenths here).
const ROTATE_AT_TENTHS: i64 = 8;
/// Age after which a token is replaced whatever its life, seconds (same page).
const ROTATE_AT_SECONDS: i64 = 86_400;
/// First minor version whose token files follow `runAsUser` (Kubernetes 1.19).
const MINOR_WITH_OWNER: u32 = 19;

/// A volume that cannot be set up.
#[derive(Debug)]
pub(crate) struct MountError {
    pub(crate) volume: String,
    why: String,
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MountVolume.SetUp failed for volume \"{}\" : {}", self.volume, self.why)
    }
}

/// Sets up and keeps fresh one pod's volumes.
pub(crate) struct Projector {
    pub(crate) store: Store,
    pub(crate) minter: Arc<dyn TokenMinter>,
    pub(crate) settings: Settings,
    pub(crate) volumes: Arc<Volumes>,
}

/// Owner and mode of files in the pod's volumes.
struct Ownership {
    mode: u32,
    uid: i64,
    gid: i64,
}

/// The user all containers run as, when it is one and the same.
fn common_user(pod: &Value) -> Option<i64> {
    let own = j::int(pod, "/spec/securityContext/runAsUser");
    let users: BTreeSet<Option<i64>> = ["/spec/containers", "/spec/initContainers"]
        .iter()
        .flat_map(|list| j::items(pod, list))
        .map(|container| j::int(container, "/securityContext/runAsUser").or(own))
        .collect();
    users.first().copied().flatten().filter(|_| users.len() == 1)
}

/// Token files: readable by root alone before Kubernetes 1.19; since then owned by
/// the containers' common user, or left at the volume's mode when there is none. A
/// file group is added either way (Kubernetes docs, "Configure a Security Context";
/// enhancement 1205).
fn token_ownership(pod: &Value, minor: u32, default_mode: u32) -> Ownership {
    let group = j::int(pod, "/spec/securityContext/fsGroup");
    let user = common_user(pod).filter(|_| minor >= MINOR_WITH_OWNER);
    let private = minor < MINOR_WITH_OWNER || user.is_some() || group.is_some();
    let mode = if private { 0o600 } else { default_mode };
    Ownership {
        mode: if group.is_some() { mode | 0o040 } else { mode },
        uid: user.unwrap_or(0),
        gid: group.unwrap_or(0),
    }
}

fn default_mode(source: &Value) -> u32 {
    j::int(source, "/defaultMode").and_then(|mode| u32::try_from(mode).ok()).unwrap_or(0o644)
}

impl Projector {
    fn now(&self) -> Timestamp {
        self.settings.now()
    }

    /// Sets up every volume. Returns when the first token is due for replacement.
    pub(crate) fn set_up(&self, pod: &Value) -> Result<Option<Timestamp>, MountError> {
        let mut due: Option<Timestamp> = None;
        for volume in j::items(pod, "/spec/volumes") {
            let name = j::text(volume, "/name");
            let failed = |why: String| MountError { volume: name.to_owned(), why };
            let mut files = Volume::new();
            if let Some(projected) = volume.get("projected") {
                for source in j::items(projected, "/sources") {
                    let rotate = self.project(pod, projected, source, &mut files).map_err(failed)?;
                    due = [due, rotate].into_iter().flatten().min();
                }
            } else if let Some(source) = volume.get("configMap") {
                self.copy(pod, source, "configmaps", "/name", &mut files).map_err(failed)?;
            } else if let Some(source) = volume.get("secret") {
                self.copy(pod, source, "secrets", "/secretName", &mut files).map_err(failed)?;
            }
            self.volumes.put(name, files);
        }
        Ok(due)
    }

    fn project(
        &self,
        pod: &Value,
        projected: &Value,
        source: &Value,
        files: &mut Volume,
    ) -> Result<Option<Timestamp>, String> {
        if let Some(request) = source.get("serviceAccountToken") {
            return self.token(pod, projected, request, files).map(Some);
        }
        if let Some(map) = source.get("configMap") {
            self.copy(pod, map, "configmaps", "/name", files)?;
        } else if let Some(secret) = source.get("secret") {
            self.copy(pod, secret, "secrets", "/name", files)?;
        }
        for item in j::items(source, "/downwardAPI/items") {
            let pointer = j::text(item, "/fieldRef/fieldPath").replace('.', "/");
            let data = j::text(pod, &format!("/{pointer}")).as_bytes().to_vec();
            let file = self.plain(data, default_mode(projected));
            files.insert(j::text(item, "/path").to_owned(), file);
        }
        Ok(None)
    }

    fn plain(&self, data: Vec<u8>, mode: u32) -> File {
        File { data, mode, uid: 0, gid: 0, modified: self.now() }
    }

    fn token(&self, pod: &Value, projected: &Value, request: &Value, files: &mut Volume) -> Result<Timestamp, String> {
        let name = match j::text(pod, "/spec/serviceAccountName") {
            "" => "default",
            given => given,
        };
        let namespace = j::namespace(pod);
        let key = Key::new(Gvr::core("serviceaccounts"), Some(namespace), name);
        let account = self
            .store
            .get(&key)
            .ok_or_else(|| format!("failed to fetch token: serviceaccounts \"{name}\" not found"))?;
        let audience = match j::text(request, "/audience") {
            "" => self.minter.issuer(),
            given => given.to_owned(),
        };
        let asked = j::int(request, "/expirationSeconds").unwrap_or(DEFAULT_SECONDS);
        let granted = self.minter.max_expiration_seconds().map_or(asked, |max| asked.min(max));
        let minted = self.minter.mint(TokenSpec {
            namespace: namespace.to_owned(),
            service_account: name.to_owned(),
            sa_uid: j::uid(&account).to_owned(),
            audiences: vec![audience],
            expiration_seconds: granted,
            bound_pod: Some((j::name(pod).to_owned(), j::uid(pod).to_owned())),
        });
        let minor = self.settings.get().kubernetes_minor;
        let owner = token_ownership(pod, minor, default_mode(projected));
        let now = self.now();
        let file =
            File { data: minted.token.into_bytes(), mode: owner.mode, uid: owner.uid, gid: owner.gid, modified: now };
        files.insert(j::text(request, "/path").to_owned(), file);
        let age = (granted * ROTATE_AT_TENTHS / 10).min(ROTATE_AT_SECONDS);
        Ok(now.saturating_add(SignedDuration::from_secs(age)).unwrap_or(Timestamp::MAX))
    }

    fn copy(
        &self,
        pod: &Value,
        source: &Value,
        resource: &str,
        name_at: &str,
        files: &mut Volume,
    ) -> Result<(), String> {
        let name = j::text(source, name_at);
        let key = Key::new(Gvr::core(resource), Some(j::namespace(pod)), name);
        let Some(object) = self.store.get(&key) else {
            // The API server publishes this one itself; without it pods still start here.
            if j::at(source, "/optional") == &Value::Bool(true) || name == "kube-root-ca.crt" {
                return Ok(());
            }
            let singular = resource.trim_end_matches('s');
            return Err(format!("{singular} \"{name}\" not found"));
        };
        let mode = default_mode(source);
        let items = j::items(source, "/items");
        let keys = j::at(&object, "/data").as_object().into_iter().flatten();
        for (key, _) in keys {
            let item = items.iter().find(|item| j::text(item, "/key") == key);
            if !items.is_empty() && item.is_none() {
                continue;
            }
            let path = item.map_or(key.as_str(), |item| j::text(item, "/path"));
            let data = datum(&object, resource == "secrets", key).unwrap_or_default();
            files.insert(path.to_owned(), self.plain(data.into_bytes(), mode));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owned(minor: u32, security: &Value) -> (u32, i64, i64) {
        let pod = json!({"spec": {"securityContext": security, "containers": [{"name": "a"}]}});
        let owner = token_ownership(&pod, minor, 0o644);
        (owner.mode, owner.uid, owner.gid)
    }

    #[test]
    fn token_files_follow_the_kubernetes_version() {
        assert_eq!(owned(18, &json!({"runAsUser": 1000})), (0o600, 0, 0));
        assert_eq!(owned(18, &json!({"fsGroup": 65_534})), (0o640, 0, 65_534));
        assert_eq!(owned(19, &json!({"runAsUser": 1000})), (0o600, 1000, 0));
        assert_eq!(owned(30, &json!({"runAsUser": 1000, "fsGroup": 5})), (0o640, 1000, 5));
        assert_eq!(owned(30, &json!({})), (0o644, 0, 0));
    }
}
