//! What several walks of one run would ask alike, asked once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, OnceCell};
use trustwalk_core::evidence::{
    Caller, EksCluster, NetworkPolicy, Observed, PodIdentityAssociation, PodSpec, Provider, Role, RolePolicy,
    ServiceAccount, Webhook,
};

use super::world::{GivenLogs, World};
use crate::issuer::{IssuerFacts, read_issuer};
use crate::kube_api::{KubeApi, SelectingPolicy};
use crate::tls::DialOptions;

/// Answers by key, each computed by whoever asks first.
type Keyed<T> = Mutex<BTreeMap<String, Arc<OnceCell<T>>>>;

/// The cache of one run.
#[derive(Debug, Default)]
pub(super) struct Cache {
    issuers: Keyed<IssuerFacts>,
    roles: Keyed<(Observed<Role>, Observed<Vec<RolePolicy>>)>,
    providers: Keyed<Observed<Provider>>,
    associations: Keyed<Observed<Vec<PodIdentityAssociation>>>,
    /// Service accounts, network policies and events of pods, by namespace.
    service_accounts: Keyed<Observed<Vec<ServiceAccount>>>,
    network_policies: Keyed<Observed<Vec<SelectingPolicy>>>,
    provider_list: OnceCell<Observed<Vec<String>>>,
    cluster: OnceCell<Observed<EksCluster>>,
    caller: OnceCell<Observed<Caller>>,
    webhooks: OnceCell<Observed<Vec<Webhook>>>,
    agent: OnceCell<Observed<i64>>,
    pub(super) logs: OnceLock<GivenLogs>,
}

async fn cell<T>(map: &Keyed<T>, key: &str) -> Arc<OnceCell<T>> {
    map.lock().await.entry(key.to_owned()).or_default().clone()
}

fn no_cluster<T>(why: &str) -> Observed<T> {
    Observed::NotCollected { reason: why.to_owned() }
}

impl World {
    /// What an issuer shows. `ours` tells that the user or the user's cluster named it.
    pub(super) async fn issuer_facts(&self, url: &str, ours: bool) -> IssuerFacts {
        let slot = cell(&self.cache.issuers, &format!("{ours} {url}")).await;
        let dialer = if ours { self.dialer.clone() } else { self.dialer.on_a_strangers_word(None) };
        let dial = DialOptions { dialer, ..DialOptions::default() };
        slot.get_or_init(|| read_issuer(&dial, url, self.options.now)).await.clone()
    }

    /// A role with its policies; both are asked for together, the boundary once the role tells it.
    pub(super) async fn role_facts(&self, name: &str) -> (Observed<Role>, Observed<Vec<RolePolicy>>) {
        let slot = cell(&self.cache.roles, name).await;
        slot.get_or_init(|| async {
            let (role, policies) = tokio::join!(self.aws.role(name), self.aws.role_policies(name, None));
            let boundary = role.known().and_then(|r| r.boundary.clone());
            match boundary {
                Some(arn) => (role, self.aws.role_policies(name, Some(&arn)).await),
                None => (role, policies),
            }
        })
        .await
        .clone()
    }

    pub(super) async fn provider_facts(&self, arn: &str) -> Observed<Provider> {
        let slot = cell(&self.cache.providers, arn).await;
        slot.get_or_init(|| self.aws.provider(arn)).await.clone()
    }

    pub(super) async fn provider_list(&self) -> Observed<Vec<String>> {
        self.cache.provider_list.get_or_init(|| self.aws.providers()).await.clone()
    }

    pub(super) async fn caller(&self) -> Observed<Caller> {
        self.cache.caller.get_or_init(|| self.aws.caller()).await.clone()
    }

    pub(super) async fn cluster(&self) -> Observed<EksCluster> {
        self.cache
            .cluster
            .get_or_init(|| async {
                let named = self.options.cluster.as_deref();
                match &self.kube {
                    Ok(kube) => self.aws.cluster(named.or(kube.cluster_name.as_deref()), &kube.server).await,
                    Err(_) if named.is_some() => self.aws.cluster(named, "").await,
                    Err(why) => no_cluster(why),
                }
            })
            .await
            .clone()
    }

    pub(super) async fn associations(&self, namespace: &str) -> Observed<Vec<PodIdentityAssociation>> {
        let cluster = self.cluster().await;
        let Some(cluster) = cluster.known() else {
            return no_cluster("the EKS cluster is not known");
        };
        let slot = cell(&self.cache.associations, namespace).await;
        slot.get_or_init(|| self.aws.associations(&cluster.name, namespace)).await.clone()
    }

    pub(super) async fn service_accounts(&self, kube: &KubeApi, namespace: &str) -> Observed<Vec<ServiceAccount>> {
        let slot = cell(&self.cache.service_accounts, namespace).await;
        slot.get_or_init(|| kube.service_accounts(Some(namespace))).await.clone()
    }

    /// Network policies whose selector takes the pods in.
    pub(super) async fn network_policies(
        &self,
        kube: &KubeApi,
        namespace: &str,
        template: &PodSpec,
    ) -> Observed<Vec<NetworkPolicy>> {
        let slot = cell(&self.cache.network_policies, namespace).await;
        let all = slot.get_or_init(|| kube.network_policies(namespace)).await;
        all.clone().map(|all| all.iter().filter_map(|p| p.taking_in(template)).collect())
    }

    pub(super) async fn webhooks(&self) -> Observed<Vec<Webhook>> {
        let ask = || async {
            match &self.kube {
                Ok(kube) => kube.webhooks().await,
                Err(why) => no_cluster(why),
            }
        };
        self.cache.webhooks.get_or_init(ask).await.clone()
    }

    pub(super) async fn pod_identity_agent(&self) -> Observed<i64> {
        let ask = || async {
            match &self.kube {
                Ok(kube) => kube.pod_identity_agent().await,
                Err(why) => no_cluster(why),
            }
        };
        self.cache.agent.get_or_init(ask).await.clone()
    }
}
