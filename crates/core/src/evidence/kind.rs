//! The kinds of facts: what is read, where it was read, and how a person reads it.

use super::{Evidence, Observed, Source};

/// A kind of fact: a field of [`Evidence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of `Evidence` of that name")]
pub enum Kind {
    Clock,
    TrustModel,
    Roots,
    Workload,
    Pods,
    Logs,
    ServiceAccount,
    Siblings,
    Webhooks,
    InjectionProbe,
    Namesake,
    Trusting,
    NetworkPolicies,
    Associations,
    PodIdentityAgent,
    Token,
    Cluster,
    Discovery,
    Keys,
    Chains,
    Provider,
    Providers,
    RoleArn,
    Role,
    Caller,
    Exchange,
    Policies,
    Trail,
    Job,
    Region,
    AssociationRole,
    AssociationTarget,
    AssociationPolicies,
    /// Policies of the association's own role.
    AssociationOwnPolicies,
    AgentPods,
    Addons,
    TrailSince,
}

impl Kind {
    /// Every kind, in the order of the fields.
    pub const ALL: &'static [Self] = &[
        Self::Clock,
        Self::TrustModel,
        Self::Roots,
        Self::Workload,
        Self::Pods,
        Self::Logs,
        Self::ServiceAccount,
        Self::Siblings,
        Self::Webhooks,
        Self::InjectionProbe,
        Self::Namesake,
        Self::Trusting,
        Self::NetworkPolicies,
        Self::Associations,
        Self::PodIdentityAgent,
        Self::Token,
        Self::Cluster,
        Self::Discovery,
        Self::Keys,
        Self::Chains,
        Self::Provider,
        Self::Providers,
        Self::RoleArn,
        Self::Role,
        Self::Caller,
        Self::Exchange,
        Self::Policies,
        Self::Trail,
        Self::Job,
        Self::Region,
        Self::AssociationRole,
        Self::AssociationTarget,
        Self::AssociationPolicies,
        Self::AssociationOwnPolicies,
        Self::AgentPods,
        Self::Addons,
        Self::TrailSince,
    ];
}

impl Kind {
    /// Its name in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::TrustModel => "trust-model",
            Self::Roots => "roots",
            Self::Workload => "workload",
            Self::Pods => "pods",
            Self::Logs => "logs",
            Self::ServiceAccount => "service-account",
            Self::Siblings => "siblings",
            Self::Webhooks => "webhooks",
            Self::InjectionProbe => "injection-probe",
            Self::Namesake => "namesake",
            Self::Trusting => "trusting",
            Self::NetworkPolicies => "network-policies",
            Self::Associations => "associations",
            Self::PodIdentityAgent => "pod-identity-agent",
            Self::Token => "token",
            Self::Cluster => "cluster",
            Self::Discovery => "discovery",
            Self::Keys => "keys",
            Self::Chains => "chains",
            Self::Provider => "provider",
            Self::Providers => "providers",
            Self::RoleArn => "role-arn",
            Self::Role => "role",
            Self::Caller => "caller",
            Self::Exchange => "exchange",
            Self::Policies => "policies",
            Self::Trail => "trail",
            Self::Job => "job",
            Self::Region => "region",
            Self::TrailSince => "trail-since",
            Self::Addons => "addons",
            Self::AssociationPolicies => "association-policies",
            Self::AssociationOwnPolicies => "association-own-policies",
            Self::AgentPods => "agent-pods",
            Self::AssociationTarget => "association-target",
            Self::AssociationRole => "association-role",
        }
    }

    /// What reading this fact would tell, and how it is read by hand.
    pub fn tells(self) -> &'static str {
        match self {
            Self::AssociationRole | Self::AssociationTarget => {
                "see whom the role trusts: `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`"
            }
            Self::Role | Self::RoleArn | Self::Namesake | Self::Trusting => {
                "compare the token's `iss`, `sub` and `aud` with the trust policy: `aws iam get-role --role-name NAME \
                 --query Role.AssumeRolePolicyDocument`; CloudTrail's AssumeRoleWithWebIdentity event shows the subject"
            }
            Self::Provider => {
                "compare `iss`, `aud` and `azp` of the token with the provider: `aws iam \
                 get-open-id-connect-provider --open-id-connect-provider-arn ARN`"
            }
            Self::Providers => "see whether the account has the issuer: `aws iam list-open-id-connect-providers`",
            Self::Token => "read the token's claims: `trustwalk token FILE`",
            Self::Discovery | Self::Keys => {
                "fetch ISSUER/.well-known/openid-configuration and its jwks_uri from outside the network; run it again \
                 unchanged: if that succeeds the failure was passing"
            }
            Self::Chains | Self::Roots | Self::TrustModel => {
                "look at the certificates that the issuer presents: `trustwalk thumbprint ISSUER`"
            }
            Self::Pods | Self::Workload => {
                "look at the pods: `kubectl get pod NAME -o yaml` shows AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE and \
                 whatever else is set"
            }
            Self::ServiceAccount | Self::Siblings => {
                "see which role the service account names: `kubectl get serviceaccount NAME -o yaml`"
            }
            Self::Webhooks | Self::InjectionProbe => {
                "look at the webhook: `kubectl get mutatingwebhookconfiguration pod-identity-webhook -o yaml`"
            }
            Self::NetworkPolicies => "see what the pods may reach: `kubectl get networkpolicy -o yaml`",
            Self::Associations | Self::PodIdentityAgent | Self::AgentPods | Self::Addons => {
                "see whether an association exists: `aws eks list-pod-identity-associations --cluster-name NAME`"
            }
            Self::Cluster | Self::Region | Self::Caller | Self::Clock => {
                "see which cluster, account and region are meant: `aws sts get-caller-identity`"
            }
            Self::Exchange => {
                "a real exchange would decide: `trustwalk diagnose` makes one where it is allowed to create tokens"
            }
            Self::Policies | Self::AssociationPolicies | Self::AssociationOwnPolicies => {
                "see as whom the application acts and what its role may do: `kubectl exec POD -- aws sts \
                 get-caller-identity`, `aws iam list-attached-role-policies --role-name NAME`"
            }
            Self::Trail | Self::TrailSince => {
                "look at what changed: `aws cloudtrail lookup-events --lookup-attributes \
                 AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity`"
            }
            Self::Job => {
                "look at `permissions:` of the job and its caller, the trigger and the role as the run shows them: \
                 `trustwalk diagnose --job FOLDER` reads them"
            }
            Self::Logs => "read the workload's own log: `kubectl logs POD`",
        }
    }
}

impl Evidence {
    /// Why a fact is not known, in words; nothing when it was read, be it as absent.
    pub fn unread(&self, kind: Kind) -> Option<String> {
        let (absent, gap) = match kind {
            Kind::Clock => (self.clock.is_absent(), self.clock.gap()),
            Kind::Workload => (self.workload.is_absent(), self.workload.gap()),
            Kind::Pods => (self.pods.is_absent(), self.pods.gap()),
            Kind::Logs => (self.logs.is_absent(), self.logs.gap()),
            Kind::ServiceAccount => (self.service_account.is_absent(), self.service_account.gap()),
            Kind::Siblings => (self.siblings.is_absent(), self.siblings.gap()),
            Kind::Webhooks => (self.webhooks.is_absent(), self.webhooks.gap()),
            Kind::InjectionProbe => (self.injection_probe.is_absent(), self.injection_probe.gap()),
            Kind::Namesake => (self.namesake.is_absent(), self.namesake.gap()),
            Kind::Trusting => (self.trusting.is_absent(), self.trusting.gap()),
            Kind::NetworkPolicies => (self.network_policies.is_absent(), self.network_policies.gap()),
            Kind::Associations => (self.associations.is_absent(), self.associations.gap()),
            Kind::PodIdentityAgent => (self.pod_identity_agent.is_absent(), self.pod_identity_agent.gap()),
            Kind::Token => (self.token.is_absent(), self.token.gap()),
            Kind::Cluster => (self.cluster.is_absent(), self.cluster.gap()),
            Kind::Discovery => (self.discovery.is_absent(), self.discovery.gap()),
            Kind::Keys => (self.keys.is_absent(), self.keys.gap()),
            Kind::Provider => (self.provider.is_absent(), self.provider.gap()),
            Kind::Providers => (self.providers.is_absent(), self.providers.gap()),
            Kind::RoleArn => (self.role_arn.is_absent(), self.role_arn.gap()),
            Kind::Role => (self.role.is_absent(), self.role.gap()),
            Kind::Caller => (self.caller.is_absent(), self.caller.gap()),
            Kind::Exchange => (self.exchange.is_absent(), self.exchange.gap()),
            Kind::Policies => (self.policies.is_absent(), self.policies.gap()),
            Kind::Trail => (self.trail.is_absent(), self.trail.gap()),
            Kind::Job => (self.job.is_absent(), self.job.gap()),
            Kind::AssociationRole => (self.association_role.is_absent(), self.association_role.gap()),
            Kind::AssociationTarget => (self.association_target.is_absent(), self.association_target.gap()),
            Kind::AgentPods => (self.agent_pods.is_absent(), self.agent_pods.gap()),
            Kind::AssociationPolicies => (self.association_policies.is_absent(), self.association_policies.gap()),
            Kind::AssociationOwnPolicies => {
                (self.association_own_policies.is_absent(), self.association_own_policies.gap())
            }
            Kind::Addons => (self.addons.is_absent(), self.addons.gap()),
            Kind::Chains => (false, self.chains.iter().find_map(Observed::gap)),
            Kind::TrailSince | Kind::Roots | Kind::TrustModel | Kind::Region => return None,
        };
        gap.filter(|_| !absent)
    }

    /// Where a fact was read.
    pub fn read_from(&self, kind: Kind) -> Option<&Source> {
        match kind {
            Kind::Clock => self.clock.source(),
            Kind::Workload => self.workload.source(),
            Kind::Pods => self.pods.source(),
            Kind::Logs => self.logs.source(),
            Kind::ServiceAccount => self.service_account.source(),
            Kind::Siblings => self.siblings.source(),
            Kind::Webhooks => self.webhooks.source(),
            Kind::InjectionProbe => self.injection_probe.source(),
            Kind::Namesake => self.namesake.source(),
            Kind::Trusting => self.trusting.source(),
            Kind::NetworkPolicies => self.network_policies.source(),
            Kind::Associations => self.associations.source(),
            Kind::PodIdentityAgent => self.pod_identity_agent.source(),
            Kind::Token => self.token.source(),
            Kind::Cluster => self.cluster.source(),
            Kind::Discovery => self.discovery.source(),
            Kind::Keys => self.keys.source(),
            Kind::Provider => self.provider.source(),
            Kind::Providers => self.providers.source(),
            Kind::RoleArn => self.role_arn.source(),
            Kind::Role => self.role.source(),
            Kind::Caller => self.caller.source(),
            Kind::Exchange => self.exchange.source(),
            Kind::Policies => self.policies.source(),
            Kind::Trail => self.trail.source(),
            Kind::Job => self.job.source(),
            Kind::AssociationRole => self.association_role.source(),
            Kind::AssociationTarget => self.association_target.source(),
            Kind::AgentPods => self.agent_pods.source(),
            Kind::AssociationPolicies => self.association_policies.source(),
            Kind::AssociationOwnPolicies => self.association_own_policies.source(),
            Kind::Addons => self.addons.source(),
            Kind::Chains => self.chains.iter().find_map(Observed::source),
            Kind::TrailSince | Kind::Roots | Kind::TrustModel | Kind::Region => None,
        }
    }
}
