//! The three places evidence comes from, each of which may be out of reach.

use trustwalk_core::evidence::{Evidence, Observed, Roots, Target};

use super::cache::Cache;
use super::options::WalkOptions;
use crate::aws::AwsClient;
use crate::dial::Dialer;
use crate::error::CollectError;
use crate::kube_api::KubeApi;
use crate::proxy::Proxies;
use crate::roots;

/// Cluster, account and issuers, as they can be reached from here.
#[derive(Debug)]
pub struct World {
    /// The cluster, or why there is none.
    pub kube: Result<KubeApi, String>,
    /// The account.
    pub aws: AwsClient,
    /// Connections to issuers.
    pub dialer: Dialer,
    /// Roots for verdicts.
    pub roots: Roots,
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
            KubeApi::new(&options.kube, &proxies, options.now),
            AwsClient::new(&options.aws, dialer.clone(), options.roots.clone(), options.now),
        );
        let roots = roots::for_evidence(&options.roots)?;
        Ok(Self { kube: kube.map_err(|e| e.to_string()), aws, dialer, roots, options, cache: Cache::default() })
    }

    /// Evidence about which nothing is known yet.
    pub(super) fn blank(&self, target: Target) -> Evidence {
        let mut evidence = Evidence::new(target, self.options.now);
        evidence.trust_model = self.options.trust_model;
        evidence.roots = self.roots.clone();
        evidence.region = Some(self.aws.region().to_owned());
        if !self.options.logs.is_empty() {
            evidence.logs = self.given_logs();
        }
        evidence
    }

    /// Failures in the logs the user gave.
    pub(super) fn given_logs(&self) -> Observed<Vec<trustwalk_core::evidence::LogFailure>> {
        let mut all: Option<Observed<Vec<_>>> = None;
        for path in &self.options.logs {
            let one = crate::log_files::scan(path, self.options.now);
            all = Some(match (all, one) {
                (Some(Observed::Known { mut value, source }), Observed::Known { value: more, .. }) => {
                    value.extend(more);
                    Observed::Known { value, source }
                }
                // A log that cannot be read must not hide behind one that can.
                (Some(known @ Observed::Known { .. }), other) | (Some(other), known @ Observed::Known { .. }) => {
                    drop(known);
                    other
                }
                (Some(first), _) => first,
                (None, one) => one,
            });
        }
        all.unwrap_or_default()
    }
}
