//! Where a plan is carried out: which account and which cluster, and that nobody else of this
//! machine is at work there.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use trustwalk_collect::World;
use trustwalk_collect::aws::Service;

use crate::error::ApplyError;
use crate::journal::digest;

/// Account and cluster of a run. A receipt is good for these alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Account number; `None` when the caller is not known.
    account: Option<String>,
    /// IAM's endpoint.
    endpoint: String,
    /// The API server's URL; `None` without a cluster.
    cluster: Option<String>,
}

impl Place {
    /// The place this process is configured for.
    pub(crate) async fn here(world: &World) -> Self {
        let caller = world.aws.caller().await;
        Self {
            account: caller.known().map(|c| c.account.clone()),
            endpoint: world.aws.endpoint(Service::Iam),
            cluster: world.kube.as_ref().ok().map(|k| k.server.clone()),
        }
    }

    /// Refuses to act elsewhere. What is unknown now stops the step that needs it, with its own words.
    pub(crate) fn must_be(&self, here: &Self) -> Result<(), ApplyError> {
        let differs = |what: &'static str, then: &Option<String>, now: &Option<String>| match (then, now) {
            (Some(then), Some(now)) if then != now => {
                Err(ApplyError::Elsewhere { what, then: then.clone(), now: now.clone() })
            }
            _ => Ok(()),
        };
        differs("AWS account", &self.account, &here.account)?;
        differs("cluster", &self.cluster, &here.cluster)
    }

    /// Keeps every other run of this user away from this place until the file is dropped, which the
    /// system does for a process that dies.
    pub(crate) fn lock(&self) -> Result<File, ApplyError> {
        let home = std::env::var_os("HOME").unwrap_or_default();
        let name = format!("{}|{:?}|{}", self.endpoint, self.cluster, home.display());
        let dir = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let short: String = digest(name.as_bytes()).chars().take(16).collect();
        let path = dir.join(format!("trustwalk-{short}.lock"));
        let fail = |source| ApplyError::Lock { path: path.clone(), source };
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(ApplyError::Busy),
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: Option<&str>, cluster: Option<&str>) -> Place {
        let own = |s: Option<&str>| s.map(str::to_owned);
        Place { account: own(account), endpoint: format!("http://{}", std::process::id()), cluster: own(cluster) }
    }

    #[test]
    fn another_account_or_cluster_is_refused_and_an_unknown_one_is_left_to_the_step() {
        let then = place(Some("111122223333"), Some("https://a"));
        assert!(then.must_be(&then).is_ok());
        assert!(then.must_be(&place(None, None)).is_ok());
        let other = then.must_be(&place(Some("444455556666"), Some("https://a"))).unwrap_err().to_string();
        assert!(other.contains("`111122223333`") && other.contains("`444455556666`"), "{other}");
        let other = then.must_be(&place(Some("111122223333"), Some("https://b"))).unwrap_err().to_string();
        assert!(other.contains("cluster") && other.contains("`https://b`"), "{other}");
    }

    #[test]
    fn a_place_is_held_by_one_run_at_a_time_and_free_when_it_ends() {
        let here = place(None, Some("https://lock"));
        let held = here.lock().unwrap();
        assert!(matches!(here.lock(), Err(ApplyError::Busy)));
        assert!(place(None, Some("https://elsewhere")).lock().is_ok());
        drop(held);
        assert!(here.lock().is_ok());
    }
}
