//! What several walks of one run would ask alike, asked once.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use trustwalk_core::evidence::{
    Addon, AgentPod, Caller, EksCluster, Evidence, NetworkPolicy, Observed, PodIdentityAssociation, PodSpec, Provider,
    Role, RolePolicy, ServiceAccount, Shared, TokenClaims, TokenSource, Webhook,
};

use super::kept::{RoleFacts, cell};
use super::world::World;
use crate::aws::{LookUp, Looked, with_document};
use crate::claims;
use crate::issuer::{IssuerFacts, read_issuer};
use crate::kube_api::KubeApi;
use crate::limits::TRAIL_LOOK_UPS;
use crate::tls::DialOptions;

fn not_asked<T>(why: &str) -> Observed<T> {
    Observed::NotCollected { reason: why.to_owned() }
}

impl World {
    /// What an issuer shows. `ours` tells that the user or the user's cluster named it.
    pub(super) async fn issuer_facts(&self, url: &str, ours: bool) -> IssuerFacts {
        let slot = cell(&self.cache.issuers, &format!("{ours} {url}")).await;
        let dialer = if ours { self.dialer.clone() } else { self.dialer.on_a_strangers_word(None) };
        let dial = DialOptions { dialer, calls: self.options.calls.clone(), ..DialOptions::default() };
        slot.get_or_init(|| read_issuer(&dial, url, self.options.now)).await.clone()
    }

    /// A role with its policies and their documents. The names of both are asked for together, the boundary once the
    /// role tells it.
    pub(super) async fn role_facts(&self, name: &str) -> RoleFacts {
        let slot = cell(&self.cache.roles, name).await;
        slot.get_or_init(|| async {
            let (role, names) = tokio::join!(self.aws.role(name), self.aws.policy_names(name));
            let Observed::Known { value: mut policies, source } = names else { return (role.into(), names.into()) };
            if let Some(arn) = role.known().and_then(|r| r.boundary.clone()) {
                policies.push(RolePolicy {
                    name: arn.clone(),
                    arn: Some(arn),
                    boundary: true,
                    ..RolePolicy::default()
                });
            }
            let reads = policies.into_iter().map(|policy| async move {
                let document = match &policy.arn {
                    Some(arn) => self.document(arn).await,
                    None => self.aws.inline_document(name, &policy.name).await,
                };
                with_document(policy, &document)
            });
            let policies = Observed::Known { value: futures_util::future::join_all(reads).await, source };
            (role.into(), policies.into())
        })
        .await
        .clone()
    }

    async fn document(&self, arn: &str) -> Observed<String> {
        let slot = cell(&self.cache.documents, arn).await;
        slot.get_or_init(|| self.aws.managed_document(arn)).await.clone()
    }

    /// Roles that name an issuer in their trust policies, but those that name service accounts of other namespaces and
    /// no others: a whole cluster may have thousands.
    pub(super) async fn trusting(&self, issuer: &str, namespace: &str) -> Shared<Observed<Vec<Role>>> {
        let slot = cell(&self.cache.fitting, &format!("{namespace} {issuer}")).await;
        let fitting = || async {
            let slot = cell(&self.cache.trusting, issuer).await;
            let all = slot.get_or_init(|| self.aws.roles_trusting(issuer)).await;
            let Observed::Known { value, source } = all else { return Shared::from(all.clone()) };
            let own = format!("system:serviceaccount:{namespace}:");
            let may = |policy: &str| {
                policy.contains(&own) || policy.contains(['*', '?']) || !policy.contains("system:serviceaccount:")
            };
            let value = value.iter().filter(|r| may(&r.trust_policy)).cloned().collect();
            Observed::Known { value, source: source.clone() }.into()
        };
        slot.get_or_init(fitting).await.clone()
    }

    /// The subjects that the trust policies of roles name which trust an issuer, read as text: which account to look
    /// at, not whether it is admitted. Where the roles could not be read, why not.
    pub(super) async fn is_named(&self, issuer: &str, subjects: &[String]) -> Result<Vec<bool>, String> {
        let slot = cell(&self.cache.trusting, issuer).await;
        let all = slot.get_or_init(|| self.aws.roles_trusting(issuer)).await;
        if let Some(gap) = all.gap().filter(|_| all.is_refused()) {
            return Err(gap);
        }
        let policies: Vec<&str> = all.known().into_iter().flatten().map(|r| r.trust_policy.as_str()).collect();
        let named = |subject: &String| {
            let quoted = format!("\"{subject}\"");
            policies.iter().any(|policy| policy.contains(&quoted))
        };
        Ok(subjects.iter().map(named).collect())
    }

    /// One look-up in `CloudTrail`.
    pub(super) async fn look_up(&self, asked: &LookUp) -> Observed<Looked> {
        let slot = cell(&self.cache.looked, &format!("{} {} {}", asked.global, asked.key, asked.value)).await;
        let look = || async {
            if self.cache.look_ups.fetch_add(1, Ordering::Relaxed) >= TRAIL_LOOK_UPS {
                return not_asked(&format!("no more than {TRAIL_LOOK_UPS} look-ups are made in one run"));
            }
            self.aws.look_up(asked).await
        };
        slot.get_or_init(look).await.clone()
    }

    /// What a token of the cluster says. It is minted for the first account that asks.
    pub(super) async fn sample(
        &self,
        kube: &KubeApi,
        namespace: &str,
        account: &str,
        audience: &str,
    ) -> Observed<TokenClaims> {
        let ask = || async {
            let token = kube.mint(namespace, account, audience).await;
            token.map(|t| claims::read(&t, ("TokenRequest", TokenSource::Cluster), None))
        };
        self.cache.sample.get_or_init(ask).await.clone()
    }

    pub(super) async fn provider_facts(&self, arn: &str) -> Shared<Observed<Provider>> {
        let slot = cell(&self.cache.providers, arn).await;
        slot.get_or_init(|| async { self.aws.provider(arn).await.into() }).await.clone()
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
                    Err(why) => not_asked(why),
                }
            })
            .await
            .clone()
    }

    pub(super) async fn addons(&self) -> Observed<Vec<Addon>> {
        let ask = || async {
            match self.cluster().await.known() {
                Some(cluster) => self.aws.addons(&cluster.name).await,
                None => not_asked("the EKS cluster is not known"),
            }
        };
        self.cache.addons.get_or_init(ask).await.clone()
    }

    /// Associations of a namespace; of the whole cluster without one, as the listing tells them.
    pub(super) async fn associations(&self, namespace: Option<&str>) -> Shared<Observed<Vec<PodIdentityAssociation>>> {
        let cluster = self.cluster().await;
        let cluster = match cluster.then(|c, source| Observed::Known { value: c.name, source }) {
            Observed::Known { value, .. } => value,
            // Whoever may not see the cluster cannot tell whether it has associations.
            gap @ (Observed::Denied { .. } | Observed::Unreachable { .. }) => return gap.map(|_| Vec::new()).into(),
            Observed::Absent { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {
                return not_asked("the EKS cluster is not known").into();
            }
        };
        let slot = cell(&self.cache.associations, namespace.unwrap_or_default()).await;
        slot.get_or_init(|| async { self.aws.associations(&cluster, namespace).await.into() }).await.clone()
    }

    pub(super) async fn service_accounts(
        &self,
        kube: &KubeApi,
        namespace: &str,
    ) -> Shared<Observed<Vec<ServiceAccount>>> {
        let slot = cell(&self.cache.service_accounts, namespace).await;
        slot.get_or_init(|| async { kube.service_accounts(Some(namespace)).await.into() }).await.clone()
    }

    /// Network policies whose selector takes the pods in.
    pub(super) async fn network_policies(
        &self,
        kube: &KubeApi,
        namespace: &str,
        template: &PodSpec,
    ) -> Shared<Observed<Vec<NetworkPolicy>>> {
        let slot = cell(&self.cache.network_policies, namespace).await;
        let all = slot.get_or_init(|| kube.network_policies(namespace)).await;
        let each = all.known().into_iter().flatten().enumerate();
        let (places, selected): (Vec<usize>, Vec<NetworkPolicy>) =
            each.filter_map(|(at, p)| Some((at, p.taking_in(template)?))).unzip();
        let slot = cell(&self.cache.selected, &format!("{namespace} {places:?}")).await;
        slot.get_or_init(|| async { all.clone().map(|_| selected).into() }).await.clone()
    }

    pub(super) async fn webhooks(&self) -> Observed<Vec<Webhook>> {
        let ask = || async {
            match &self.kube {
                Ok(kube) => kube.webhooks().await,
                Err(why) => not_asked(why),
            }
        };
        self.cache.webhooks.get_or_init(ask).await.clone()
    }

    pub(super) async fn pod_identity_agent(&self) -> Observed<i64> {
        let ask = || async {
            match &self.kube {
                Ok(kube) => kube.pod_identity_agent().await,
                Err(why) => not_asked(why),
            }
        };
        self.cache.agent.get_or_init(ask).await.clone()
    }

    /// Pods of the agent on these nodes.
    pub(super) async fn agent_pods(&self, nodes: &[String]) -> Observed<Vec<AgentPod>> {
        let ask = || async {
            match &self.kube {
                Ok(kube) => kube.agent_pods().await,
                Err(why) => not_asked(why),
            }
        };
        let all = self.cache.agent_pods.get_or_init(ask).await;
        if all.known().is_some_and(Vec::is_empty) {
            return not_asked("no pod of kube-system has the label of the agent");
        }
        let here = |p: &&AgentPod| p.node.as_ref().is_some_and(|node| nodes.contains(node));
        all.clone().map(|all| all.iter().filter(here).cloned().collect())
    }

    /// Evidence that refers to the run it has in common with others.
    pub(super) fn of_this_run(&self, mut evidence: Evidence) -> Evidence {
        let mut runs = self.cache.runs.lock().unwrap_or_else(PoisonError::into_inner);
        match runs.iter().find(|run| **run == evidence.run) {
            Some(run) => evidence.run = run.clone(),
            None => runs.push(evidence.run.clone()),
        }
        evidence
    }
}
