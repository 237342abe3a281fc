//! Which permission was lacking for a fact.

use super::{Evidence, Gap, Kind, Observed};

impl<T> Observed<T> {
    /// The permission that was lacking, where reading was refused.
    pub fn lacks(&self) -> Option<&str> {
        match self {
            Self::Denied { permission, .. } => Some(permission),
            Self::Known { .. }
            | Self::Absent { .. }
            | Self::Unreachable { .. }
            | Self::NotCollected { .. }
            | Self::Spared { .. } => None,
        }
    }
}

impl Evidence {
    /// Whether nobody gave credentials for the account: what could not be signed, nobody without them can ask by hand.
    pub fn without_credentials(&self) -> bool {
        matches!(&self.caller, Observed::Unreachable { source, .. } if source.by_hand.is_none())
    }

    /// Whether any permission was lacking, be it for a part of a fact.
    pub fn lacks_any(&self) -> bool {
        let denied = |gap: &Option<Gap>| matches!(gap, Some(Gap::Denied { .. }));
        let policies = self.policies.known().is_some_and(|all| all.iter().any(|p| denied(&p.unread)));
        policies || Kind::ALL.iter().any(|kind| self.lacks(*kind).is_some())
    }

    /// The permission that was lacking for a fact: who lacks it is not helped by the command that reads it.
    pub fn lacks(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Clock => self.clock.lacks(),
            Kind::Workload => self.workload.lacks(),
            Kind::Pods => self.pods.lacks(),
            Kind::Logs => self.logs.lacks(),
            Kind::ServiceAccount => self.service_account.lacks(),
            Kind::Siblings => self.siblings.lacks(),
            Kind::Webhooks => self.webhooks.lacks(),
            Kind::InjectionProbe => self.injection_probe.lacks(),
            Kind::Namesake => self.namesake.lacks(),
            Kind::Trusting => self.trusting.lacks(),
            Kind::NetworkPolicies => self.network_policies.lacks(),
            Kind::Associations => self.associations.lacks(),
            Kind::PodIdentityAgent => self.pod_identity_agent.lacks(),
            Kind::Token => self.token.lacks(),
            Kind::Cluster => self.cluster.lacks(),
            Kind::Discovery => self.discovery.lacks(),
            Kind::Keys => self.keys.lacks(),
            Kind::Provider => self.provider.lacks(),
            Kind::Providers => self.providers.lacks(),
            Kind::RoleArn => self.role_arn.lacks(),
            Kind::Role => self.role.lacks(),
            Kind::Caller => self.caller.lacks(),
            Kind::Exchange => self.exchange.lacks(),
            Kind::Policies => self.policies.lacks(),
            Kind::Trail => self.trail.lacks(),
            Kind::Job => self.job.lacks(),
            Kind::AssociationRole => self.association_role.lacks(),
            Kind::AssociationTarget => self.association_target.lacks(),
            Kind::AgentPods => self.agent_pods.lacks(),
            Kind::AssociationPolicies => self.association_policies.lacks(),
            Kind::AssociationOwnPolicies => self.association_own_policies.lacks(),
            Kind::Addons => self.addons.lacks(),
            Kind::Chains => self.chains.iter().find_map(Observed::lacks),
            Kind::TrailSince | Kind::Roots | Kind::TrustModel | Kind::Region => None,
        }
    }
}
