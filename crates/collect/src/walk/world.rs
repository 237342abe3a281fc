//! The three places evidence comes from, each of which may be out of reach.

use std::sync::Arc;
use std::time::Duration;

use trustwalk_core::evidence::{Evidence, Reached, Repair, Roots, Run, Shared, Target};

use super::kept::{Cache, GivenLogs};
use super::options::WalkOptions;
use crate::aws::AwsClient;
use crate::dial::Dialer;
use crate::error::{CollectError, NoCluster};
use crate::kube_api::KubeApi;
use crate::proxy::Proxies;
use crate::retry::Teller;
use crate::roots;

/// Cluster, account and issuers, as they can be reached from here.
#[derive(Debug)]
pub struct World {
    /// The cluster, or why there is none.
    pub kube: Result<KubeApi, String>,
    /// Why there is none, where there is none.
    pub no_cluster: Option<NoCluster>,
    /// The account.
    pub aws: AwsClient,
    /// Connections to issuers.
    pub dialer: Dialer,
    /// Roots for verdicts.
    pub roots: Shared<Roots>,
    /// What was said.
    pub options: WalkOptions,
    pub(super) cache: Cache,
}

impl World {
    /// Reads configuration; sends nothing yet.
    pub async fn new(options: WalkOptions) -> Result<Self, CollectError> {
        let proxies = Proxies::from_environment()?;
        let dialer = Dialer::new(options.connect_to.clone()).through(proxies.clone());
        let (kube, aws) = tokio::join!(
            // Boxed: each holds what a program that gives credentials is asked with.
            Box::pin(KubeApi::new(&options.kube, &proxies, options.now)),
            Box::pin(AwsClient::new(&options.aws, dialer.clone(), options.roots.clone(), options.now)),
        );
        // Half of the account's services would refuse it, and the rest would answer as if nothing were wrong.
        if !aws.region().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(CollectError::Region(aws.region().to_owned()));
        }
        let roots = roots::for_evidence(&options.roots)?.into();
        if let Some(gone) = aws.without_profile() {
            return Err(gone);
        }
        let aws = aws.noting(options.calls.clone());
        let (kube, no_cluster) = match kube {
            Ok(kube) => (Ok(kube.noting(options.calls.clone())), None),
            Err(CollectError::NoCluster(why)) => (Err(why.to_string()), Some(why)),
            // A context that was named and is not there is no way to a cluster at all.
            Err(other) => return Err(other),
        };
        Ok(Self { kube, no_cluster, aws, dialer, roots, options, cache: Cache::default() })
    }

    /// The same places, looked at anew after a repair: nothing is remembered of the walk before, and the logs that
    /// were given tell of the time before it.
    #[must_use]
    pub fn after(&self, repair: Repair, now: i64) -> Self {
        let options = WalkOptions { logs: Vec::new(), repair: Some(repair), now, ..self.options.clone() };
        Self {
            kube: self.kube.as_ref().map(|kube| kube.at(now)).map_err(Clone::clone),
            no_cluster: self.no_cluster.clone(),
            aws: self.aws.at(now),
            dialer: self.dialer.clone(),
            roots: self.roots.clone(),
            options,
            cache: Cache::default(),
        }
    }

    /// The same places, looked at anew: nothing is remembered of the walk before but the logs that were given.
    #[must_use]
    pub fn anew(&self, now: i64) -> Self {
        let cache = Cache::default();
        if let Some(logs) = self.cache.logs.get() {
            let _ = cache.logs.set(logs.clone());
        }
        Self {
            kube: self.kube.as_ref().map(|kube| kube.at(now)).map_err(Clone::clone),
            no_cluster: self.no_cluster.clone(),
            aws: self.aws.at(now),
            dialer: self.dialer.clone(),
            roots: self.roots.clone(),
            options: WalkOptions { now, ..self.options.clone() },
            cache,
        }
    }

    /// From now on, as something is being changed, calls that a service turns down for coming too often are made again
    /// for longer. `tell` is given who asks for a pause, and how long each is.
    pub fn be_patient(&self, tell: impl Fn(&'static str, Duration) + Clone + Send + Sync + 'static) {
        let of = |who: &'static str| {
            let tell = tell.clone();
            Arc::new(move |wait| tell(who, wait)) as Teller
        };
        self.aws.be_patient(of("AWS"));
        if let Ok(kube) = &self.kube {
            kube.be_patient(of("the API server"));
        }
    }

    /// Where cluster and logs are.
    fn reached(&self) -> Reached {
        let kube = self.kube.as_ref();
        Reached {
            context: kube.ok().and_then(|k| k.context.clone()),
            server: kube.ok().map(|k| k.server.trim_end_matches('/').to_owned()),
            no_cluster: kube.err().cloned(),
            folder: self.options.job.as_ref().map(|path| path.display().to_string()),
            logs: self.options.logs.clone(),
        }
    }

    /// Evidence about which nothing is known yet.
    pub(super) fn blank(&self, target: Target) -> Evidence {
        let run = Run {
            now: self.options.now,
            trust_model: self.options.trust_model,
            roots: self.roots.clone(),
            region: Some(self.aws.region().to_owned()),
            repair: self.options.repair.clone(),
            reached: self.reached(),
            ..Run::default()
        };
        let mut evidence = Evidence::of(run.into(), target);
        if !self.options.logs.is_empty() {
            evidence.hear(self.given_logs().found.clone());
            evidence.logs_given = true;
        }
        evidence
    }

    /// The cluster, or why there is none to ask.
    pub fn cluster_to_ask(&self) -> Result<&KubeApi, CollectError> {
        self.kube.as_ref().map_err(|why| {
            let none = self.no_cluster.clone();
            none.unwrap_or_else(|| NoCluster::Unusable(why.clone())).into()
        })
    }

    /// Failures in the logs the user gave, read once: standard input can be read only once.
    fn given_logs(&self) -> &GivenLogs {
        self.cache.logs.get_or_init(|| GivenLogs::read(&self.options))
    }

    /// Logs the user gave that could not be read, beside others that could.
    pub(super) fn unread_logs(&self) -> Vec<String> {
        if self.options.logs.is_empty() { Vec::new() } else { self.given_logs().unread.clone() }
    }
}
