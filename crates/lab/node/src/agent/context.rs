//! What an agent knows about the container it runs in.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    config::{Network, Reach, Settings},
    kubelet::{ContainerLog, Files, NodeLogs, User},
};

/// How an agent speaks to its kubelet.
pub(crate) trait Reports: Send + Sync {
    /// The container passes its probes, or no longer does.
    fn ready(&self, ready: bool);
    /// Whether network policies let the pod's packets out to AWS.
    fn reaches_aws(&self) -> bool;
    /// Writes an Event about the pod.
    fn event(&self, kind: &str, reason: &str, message: &str);
}

/// One running container, from inside.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) image: String,
    /// How it names itself in requests.
    pub(crate) user_agent: &'static str,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) user: User,
    pub(crate) files: Arc<Files>,
    pub(crate) log: Arc<ContainerLog>,
    pub(crate) node: String,
    pub(crate) node_logs: NodeLogs,
    pub(crate) host_network: bool,
    pub(crate) reports: Arc<dyn Reports>,
    /// Who AWS said the container is, or why not: what `aws sts
    /// get-caller-identity` in the container answers.
    pub(crate) identity: Arc<std::sync::Mutex<Option<Result<String, String>>>>,
}

impl Context {
    /// An environment variable; an empty one counts as unset, as in the SDKs.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// How an endpoint of AWS answers the container.
    pub(crate) fn reach(&self, network: &Network, host: &str) -> Reach {
        let proxied = ["HTTPS_PROXY", "https_proxy"].iter().any(|name| self.var(name).is_some());
        match network.reach(host) {
            Reach::ProxyForbidden if !proxied => Reach::Open,
            Reach::Open if !self.reports.reaches_aws() => Reach::Blackholed,
            other @ (Reach::Open | Reach::NoSuchHost | Reach::Blackholed | Reach::ProxyForbidden) => other,
        }
    }

    /// The region the SDK takes from its environment.
    pub(crate) fn region(&self) -> Option<&str> {
        self.var("AWS_REGION").or_else(|| self.var("AWS_DEFAULT_REGION"))
    }

    /// The node's address, which stands in its name, and loopback where it does not.
    pub(crate) fn address(&self) -> String {
        let name = self.node.strip_prefix("ip-").and_then(|rest| rest.split('.').next()).unwrap_or_default();
        let address = name.replace('-', ".");
        if address.parse::<std::net::Ipv4Addr>().is_ok() { address } else { "127.0.0.1".to_owned() }
    }

    /// The time that the container's processes read: a container has its machine's clock, and `LAB_CLOCK_AHEAD` says by
    /// how many minutes that is ahead (behind, with a minus).
    pub(crate) fn by_own_clock(&self, time: jiff::Timestamp) -> jiff::Timestamp {
        let minutes = self.var("LAB_CLOCK_AHEAD").and_then(|text| text.parse::<i32>().ok()).unwrap_or(0);
        time.checked_add(jiff::SignedDuration::from_mins(i64::from(minutes))).unwrap_or(time)
    }

    /// Appends a line to the container's log.
    pub(crate) fn say(&self, line: &str) {
        self.log.line(line, self.settings.now());
    }

    /// Remembers who AWS said this is, or why it would not.
    pub(crate) fn identified(&self, outcome: Result<String, String>) {
        *self.identity.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(outcome);
    }
}
