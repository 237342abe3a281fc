//! What is kept of what one run has asked.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, OnceCell};
use trustwalk_core::evidence::{
    Addon, AgentPod, Caller, EksCluster, LogsRead, NetworkPolicy, Observed, Pod, PodIdentityAssociation, Provider,
    Role, RolePolicy, Run, ServiceAccount, Shared, TokenClaims, Webhook,
};

use super::options::WalkOptions;
use crate::aws::Looked;
use crate::issuer::IssuerFacts;
use crate::kube_api::SelectingPolicy;
use crate::log_files;

/// Answers by key, each computed by whoever asks first.
pub(super) type Keyed<T> = Mutex<BTreeMap<String, Arc<OnceCell<T>>>>;

/// The cache of one run.
#[derive(Debug, Default)]
pub(super) struct Cache {
    pub(super) issuers: Keyed<IssuerFacts>,
    pub(super) roles: Keyed<RoleFacts>,
    /// Documents of managed policies, which many roles share, by ARN.
    pub(super) documents: Keyed<Observed<String>>,
    /// Roles whose trust policy names an issuer, by issuer.
    pub(super) trusting: Keyed<Observed<Vec<Role>>>,
    /// Those of them that could be of a namespace, by namespace and issuer.
    pub(super) fitting: Keyed<Shared<Observed<Vec<Role>>>>,
    pub(super) looked: Keyed<Observed<Looked>>,
    pub(super) look_ups: AtomicUsize,
    pub(super) providers: Keyed<Shared<Observed<Provider>>>,
    pub(super) associations: Keyed<Shared<Observed<Vec<PodIdentityAssociation>>>>,
    /// Service accounts, network policies and events of pods, by namespace.
    pub(super) service_accounts: Keyed<Shared<Observed<Vec<ServiceAccount>>>>,
    /// Pods, by namespace: read where there are many to walk from.
    pub(super) pods: Keyed<Observed<Vec<Pod>>>,
    pub(super) network_policies: Keyed<Observed<Vec<SelectingPolicy>>>,
    /// Those that select the same pods, by namespace and their places among all.
    pub(super) selected: Keyed<Shared<Observed<Vec<NetworkPolicy>>>>,
    pub(super) provider_list: OnceCell<Observed<Vec<String>>>,
    pub(super) cluster: OnceCell<Observed<EksCluster>>,
    pub(super) caller: OnceCell<Observed<Caller>>,
    pub(super) webhooks: OnceCell<Observed<Vec<Webhook>>>,
    pub(super) addons: OnceCell<Observed<Vec<Addon>>>,
    pub(super) agent: OnceCell<Observed<i64>>,
    pub(super) agent_pods: OnceCell<Observed<Vec<AgentPod>>>,
    /// What one token of the cluster says, from which those of other accounts are foretold.
    pub(super) sample: OnceCell<Observed<TokenClaims>>,
    pub(super) logs: OnceLock<GivenLogs>,
    /// What runs were found to be: one, unless a walk could not see what others saw.
    pub(super) runs: std::sync::Mutex<Vec<Shared<Run>>>,
}

/// A role and its policies.
pub(super) type RoleFacts = (Shared<Observed<Role>>, Shared<Observed<Vec<RolePolicy>>>);

pub(super) async fn cell<T>(map: &Keyed<T>, key: &str) -> Arc<OnceCell<T>> {
    map.lock().await.entry(key.to_owned()).or_default().clone()
}

/// What the logs say that the user gave.
#[derive(Debug, Clone)]
pub(super) struct GivenLogs {
    pub(super) found: Observed<LogsRead>,
    pub(super) unread: Vec<String>,
}

impl GivenLogs {
    pub(super) fn read(options: &WalkOptions) -> Self {
        let (paths, now, since) = (&options.logs, options.now, options.since);
        let piped = options.piped.as_deref();
        let (read, unread): (Vec<_>, Vec<_>) =
            paths.iter().map(|path| log_files::scan_given(path, piped, now)).partition(|one| one.known().is_some());
        let mut read = read.into_iter();
        let Some(first) = read.next() else {
            return Self { found: unread.into_iter().next().unwrap_or_default(), unread: Vec::new() };
        };
        let found = first.map(|mut all| {
            for more in read.filter_map(|one| one.known().cloned()) {
                all.join(more);
            }
            all
        });
        let found = match since {
            Some(seconds) => found.map(|read| log_files::newer(read, now.saturating_sub(seconds))),
            None => found,
        };
        Self { found, unread: unread.iter().filter_map(Observed::gap).map(|gap| format!("{gap}; not read")).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_read_does_not_hide_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let line =
            "An error occurred (ExpiredToken) when calling the AssumeRoleWithWebIdentity operation: Token expired";
        std::fs::write(path("a"), line).unwrap();
        std::fs::write(path("b"), "nothing").unwrap();
        let of = |logs: &[String]| GivenLogs::read(&WalkOptions { logs: logs.to_vec(), ..WalkOptions::default() });
        let given = of(&[path("none"), path("a"), path("b")]);
        assert_eq!(given.found.known().map(|r| r.failures.len()), Some(1));
        assert!(given.unread.len() == 1 && given.unread[0].contains("none"), "{:?}", given.unread);
        let given = of(&[path("none")]);
        assert!(given.found.gap().is_some() && given.unread.is_empty());
    }
}
