//! The files a container sees, with owner and mode, all in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use jiff::Timestamp;
use serde_json::Value;
use trustwalk_lab_cluster::json as j;

use super::logs::ContainerLog;
use crate::agent::FileError;

/// Where aws-node sees the host's log of ipamd.
pub(crate) const IPAMD_LOG: &str = "/host/var/log/aws-routed-eni/ipamd.log";

/// As whom a container's processes run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: i64,
    pub(crate) gid: i64,
    pub(crate) groups: Vec<i64>,
}

impl User {
    /// From the pod's and the container's security contexts; root when they say
    /// nothing, as most images run.
    pub(crate) fn of(pod: &Value, container: &Value) -> Self {
        let either = |field: &str| {
            let pointer = format!("/securityContext/{field}");
            j::int(container, &pointer).or_else(|| j::int(pod, &format!("/spec{pointer}")))
        };
        let groups = j::items(pod, "/spec/securityContext/supplementalGroups");
        Self {
            uid: either("runAsUser").unwrap_or(0),
            gid: either("runAsGroup").unwrap_or(0),
            groups: groups
                .iter()
                .filter_map(Value::as_i64)
                .chain(j::int(pod, "/spec/securityContext/fsGroup"))
                .collect(),
        }
    }
}

/// One file.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) data: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) uid: i64,
    pub(crate) gid: i64,
    pub(crate) modified: Timestamp,
}

impl File {
    /// Whether `user` may read it.
    fn readable(&self, user: &User) -> bool {
        let group = user.gid == self.gid || user.groups.contains(&self.gid);
        let bit = if user.uid == self.uid {
            0o400
        } else if group {
            0o040
        } else {
            0o004
        };
        user.uid == 0 || self.mode & bit != 0
    }
}

/// Files of a volume by path within it.
pub(crate) type Volume = BTreeMap<String, File>;

/// A pod's volumes by name.
#[derive(Default)]
pub(crate) struct Volumes(RwLock<BTreeMap<String, Volume>>);

impl Volumes {
    /// Puts a volume in place, or replaces it.
    pub(crate) fn put(&self, name: &str, volume: Volume) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), volume);
    }
}

struct Mount {
    path: String,
    volume: String,
}

/// What `ls` shows of one name.
pub(crate) enum Entry {
    Directory,
    File(File),
}

/// One container's view of its pod's volumes.
pub(crate) struct Files {
    mounts: Vec<Mount>,
    volumes: Arc<Volumes>,
    ipamd: Option<Arc<ContainerLog>>,
    /// What commands in the container have written, by absolute path: gone with the container.
    written: RwLock<BTreeMap<String, File>>,
    /// Directories that commands have made.
    made: RwLock<BTreeSet<String>>,
}

/// Most bytes that commands may write in one container; `kubectl cp` of a configuration or a log is far below.
const LARGEST_LAYER: usize = 4 * 1024 * 1024;

/// Directories that every image has.
const USUAL: [&str; 12] =
    ["/", "/bin", "/dev", "/etc", "/home", "/opt", "/proc", "/root", "/sbin", "/tmp", "/usr", "/var"];

/// A path without doubled and trailing separators.
pub(super) fn tidy(path: &str) -> String {
    if path.contains('\\') {
        return path.replace('\\', "/");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

impl Files {
    /// The view of `container`; `ipamd` is the host's log, for aws-node.
    pub(crate) fn new(container: &Value, volumes: Arc<Volumes>, ipamd: Option<Arc<ContainerLog>>) -> Self {
        let mounts = j::items(container, "/volumeMounts")
            .iter()
            .map(|mount| Mount { path: tidy(j::text(mount, "/mountPath")), volume: j::text(mount, "/name").to_owned() })
            .collect();
        Self { mounts, volumes, ipamd, written: RwLock::default(), made: RwLock::default() }
    }

    /// Writes a file, or says why not as the C library does.
    pub(crate) fn write(&self, path: &str, file: File) -> Result<(), &'static str> {
        let path = tidy(path);
        if self.mounts.iter().any(|mount| path == mount.path || path.starts_with(&format!("{}/", mount.path))) {
            return Err("Read-only file system");
        }
        let mut written = self.written.write().unwrap_or_else(PoisonError::into_inner);
        let others: usize = written.iter().filter(|(name, _)| **name != path).map(|(_, file)| file.data.len()).sum();
        if others.saturating_add(file.data.len()) > LARGEST_LAYER {
            return Err("No space left on device");
        }
        written.insert(path, file);
        Ok(())
    }

    /// Takes away whatever commands have written: a container that starts again is a new one.
    pub(crate) fn renew(&self) {
        self.written.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.made.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&self, path: &str) -> Result<(), &'static str> {
        /// Directories at most: somebody's script has gone wrong beyond it.
        const MOST: usize = 1000;
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= MOST {
            return Err("No space left on device");
        }
        made.insert(tidy(path));
        Ok(())
    }

    /// Takes away what was written at a path or below it; whether there was anything.
    pub(crate) fn remove(&self, path: &str) -> bool {
        let path = tidy(path);
        let below = format!("{}/", path.trim_end_matches('/'));
        let mut written = self.written.write().unwrap_or_else(PoisonError::into_inner);
        let before = written.len();
        written.retain(|name, _| *name != path && !name.starts_with(&below));
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        let directories = made.len();
        made.retain(|name| *name != path && !name.starts_with(&below));
        written.len() < before || made.len() < directories
    }

    /// Paths of all files below a directory.
    pub(crate) fn below(&self, directory: &str) -> Vec<String> {
        let prefix = format!("{}/", tidy(directory).trim_end_matches('/'));
        self.all().into_keys().filter(|name| name.starts_with(&prefix)).collect()
    }

    /// Every file by absolute path.
    fn all(&self) -> BTreeMap<String, File> {
        let volumes = self.volumes.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = BTreeMap::new();
        for mount in &self.mounts {
            for (path, file) in volumes.get(&mount.volume).into_iter().flatten() {
                all.insert(format!("{}/{path}", mount.path), file.clone());
            }
        }
        if let Some(log) = &self.ipamd {
            let data = log.bytes();
            if !data.is_empty() {
                let modified = Timestamp::UNIX_EPOCH;
                all.insert(IPAMD_LOG.into(), File { data, mode: 0o644, uid: 0, gid: 0, modified });
            }
        }
        let written = self.written.read().unwrap_or_else(PoisonError::into_inner);
        all.extend(written.iter().map(|(path, file)| (path.clone(), file.clone())));
        all
    }

    /// A file's content, as `user` reads it.
    pub(crate) fn read(&self, path: &str, user: &User) -> Result<Vec<u8>, FileError> {
        let all = self.all();
        let file = all.get(&tidy(path)).ok_or(FileError::NotFound)?;
        if file.readable(user) { Ok(file.data.clone()) } else { Err(FileError::Denied) }
    }

    /// One file or directory.
    pub(crate) fn entry(&self, path: &str) -> Option<Entry> {
        let path = tidy(path);
        let all = self.all();
        if let Some(file) = all.get(&path) {
            return Some(Entry::File(file.clone()));
        }
        let prefix = if path == "/" { path.clone() } else { format!("{path}/") };
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner).contains(&path);
        let there = made || USUAL.contains(&path.as_str()) || self.mounts.iter().any(|mount| mount.path == path);
        (there || all.keys().any(|name| name.starts_with(&prefix))).then_some(Entry::Directory)
    }

    /// Names directly below a directory.
    pub(crate) fn names(&self, directory: &str) -> BTreeSet<String> {
        let path = tidy(directory);
        let prefix = if path == "/" { path } else { format!("{path}/") };
        self.all().keys().filter_map(|name| name.strip_prefix(&prefix)?.split('/').next().map(Into::into)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn modes_decide_who_reads() {
        let volumes = Arc::new(Volumes::default());
        let file = |mode, uid, gid| File { data: b"x".to_vec(), mode, uid, gid, modified: Timestamp::UNIX_EPOCH };
        volumes.put(
            "v",
            [
                ("root".to_owned(), file(0o600, 0, 0)),
                ("group".to_owned(), file(0o640, 0, 65_534)),
                ("own".to_owned(), file(0o600, 1000, 0)),
            ]
            .into(),
        );
        let container = json!({"volumeMounts": [{"name": "v", "mountPath": "/m/"}]});
        let files = Files::new(&container, volumes, None);
        let plain = User { uid: 1000, gid: 1000, groups: vec![] };
        let member = User { groups: vec![65_534], ..plain.clone() };
        assert_eq!(files.read("/m/root", &plain), Err(FileError::Denied));
        assert_eq!(files.read("/m/group", &plain), Err(FileError::Denied));
        assert!(files.read("/m/group", &member).is_ok());
        assert!(files.read("/m//own", &plain).is_ok());
        assert!(files.read("/m/root", &User::default()).is_ok());
        assert_eq!(files.read("/m/none", &plain), Err(FileError::NotFound));
        assert_eq!(files.names("/m").len(), 3);
    }
}
