//! The whole world as data: healthy, or as the active faults have edited it.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use trustwalk_lab_issuer::{Faults, pki::Presentation};
use trustwalk_lab_node::{Network, WebhookConfig};

use super::{
    job::Job,
    names::{
        ACCOUNT, BATCH_ROLE, CI_ISSUER, CI_ROLE, CNI_ROLE, DNS_ROLE, ISSUER, LEDGER_ROLE, NODE_ROLE, REGION,
        STS_AUDIENCE, role_arn,
    },
    place::Place,
    trust::Trust,
    workload::{AWS_NODE, EXTERNAL_DNS, LEDGER, SETTLEMENT, Workload, WorkloadId},
};

/// Annotation that names a service account's role.
pub const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
/// Annotation that names the token's audience.
pub const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
/// Annotation that chooses regional STS.
pub const REGIONAL_ANNOTATION: &str = "eks.amazonaws.com/sts-regional-endpoints";

/// What the world is made from, before faults edit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Base {
    /// Everything in order.
    Healthy,
    /// The CNI on the instances' role.
    BeforeTheChange,
    /// Nothing.
    Empty,
    /// What a scenario says of a cluster.
    Scenario,
}

/// Which certificate hierarchy stands behind the EKS issuers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// The one of the provider's creation, whose top thumbprint is registered.
    Old,
    /// The one that replaced it.
    New,
}

/// What a role is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Who may assume it.
    pub trust: Trust,
    /// ARNs of attached managed policies.
    pub policies: Vec<String>,
    /// Inline policy.
    pub inline: Option<Value>,
    /// ARN of the policy that bounds it.
    pub boundary: Option<String>,
    /// Whether it is older than the cluster, as roles are that outlive one.
    pub predates_cluster: bool,
}

/// A registered provider. Thumbprints are set at creation, from the hierarchy then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Client ids.
    pub client_ids: Vec<String>,
}

/// The mutating webhook's registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// As the add-on made it.
    Sound,
    /// It lists `v1` before `v1beta1`, as charts and cluster tools have done.
    V1First,
    /// Not there.
    Absent,
    /// Its CA bundle is not the one that signed the serving certificate.
    ForeignCa,
}

/// What the issuers present and publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerState {
    /// Hierarchy in use.
    pub generation: Generation,
    /// How the chain is presented.
    pub presentation: Presentation,
    /// Older TLS versions refused.
    pub tls13_only: bool,
    /// Document faults.
    pub faults: Faults,
}

/// Everything that users or faults change.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Where its cluster is.
    pub place: Place,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Providers by URL.
    pub providers: BTreeMap<String, Provider>,
    /// Annotations of service accounts, by namespace and name.
    pub annotations: BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Service accounts whose annotations came after their pods.
    pub annotated_late: BTreeSet<(String, String)>,
    /// Service accounts the webhook had not heard of when their pods were made.
    pub cached_late: BTreeSet<(String, String)>,
    /// Workloads.
    pub workloads: BTreeMap<WorkloadId, Workload>,
    /// Managed policies of the account's own, by ARN.
    pub policies: BTreeMap<String, Value>,
    /// Config maps by namespace and name.
    pub config_maps: BTreeMap<(String, String), Value>,
    /// Secrets by namespace and name.
    pub secrets: BTreeMap<(String, String), Value>,
    /// Network policies by namespace and name.
    pub network_policies: BTreeMap<(String, String), Value>,
    /// The webhook's registration.
    pub registration: Registration,
    /// The webhook program.
    pub webhook: WebhookConfig,
    /// What pods reach.
    pub network: Network,
    /// Minor version of the kubelets.
    pub kubernetes_minor: u32,
    /// The EKS issuer.
    pub issuer: IssuerState,
    /// The CI job.
    pub job: Job,
}

/// A policy that allows these actions on everything.
pub(crate) fn allow(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn managed(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

impl World {
    /// Everything in order: the CNI and three applications on roles of their own.
    pub fn healthy() -> Self {
        let mut world = Self {
            place: Place::story(),
            roles: roles(),
            providers: BTreeMap::new(),
            annotations: BTreeMap::new(),
            annotated_late: BTreeSet::new(),
            cached_late: BTreeSet::new(),
            workloads: workloads(),
            policies: BTreeMap::new(),
            config_maps: BTreeMap::new(),
            secrets: BTreeMap::new(),
            network_policies: BTreeMap::new(),
            registration: Registration::Sound,
            webhook: WebhookConfig { region: Some(REGION.to_owned()), ..WebhookConfig::default() },
            network: Network::default(),
            kubernetes_minor: 36,
            issuer: IssuerState {
                generation: Generation::Old,
                presentation: Presentation::Full,
                tls13_only: false,
                faults: Faults::default(),
            },
            job: Job::healthy(),
        };
        for url in [ISSUER, CI_ISSUER] {
            world.providers.insert(url.to_owned(), Provider { client_ids: vec![STS_AUDIENCE.to_owned()] });
        }
        for (id, role) in
            [(AWS_NODE, CNI_ROLE), (LEDGER, LEDGER_ROLE), (EXTERNAL_DNS, DNS_ROLE), (SETTLEMENT, BATCH_ROLE)]
        {
            world.annotate(id, ROLE_ANNOTATION, &role_arn(role));
        }
        world
    }

    /// Nothing: an account that is new, and no cluster.
    pub fn empty() -> Self {
        Self {
            roles: BTreeMap::new(),
            providers: BTreeMap::new(),
            annotations: BTreeMap::new(),
            workloads: BTreeMap::new(),
            registration: Registration::Absent,
            ..Self::healthy()
        }
    }

    /// As it was before the story: the CNI on the instances' role.
    pub fn before_the_change() -> Self {
        let mut world = Self::healthy();
        world.unannotate(AWS_NODE, ROLE_ANNOTATION);
        world
    }

    /// Sets an annotation on a workload's service account.
    pub fn annotate(&mut self, id: WorkloadId, name: &str, value: &str) {
        self.account(id).insert(name.to_owned(), value.to_owned());
    }

    /// Removes an annotation from a workload's service account.
    pub fn unannotate(&mut self, id: WorkloadId, name: &str) {
        self.account(id).remove(name);
    }

    /// Whether the fault of a workload lies in what came after its pods were made, so
    /// that making them anew would cure it.
    pub fn is_late(&self, id: WorkloadId) -> bool {
        let place = (id.namespace.to_owned(), id.name.to_owned());
        self.annotated_late.contains(&place) || self.cached_late.contains(&place)
    }

    /// The role the VPC CNI add-on was given: what its service account is annotated with.
    pub fn addon_role(&self) -> Option<String> {
        let place = (AWS_NODE.namespace.to_owned(), AWS_NODE.name.to_owned());
        self.annotations.get(&place)?.get(ROLE_ANNOTATION).cloned()
    }

    fn account(&mut self, id: WorkloadId) -> &mut BTreeMap<String, String> {
        self.annotations.entry((id.namespace.to_owned(), id.name.to_owned())).or_default()
    }

    /// Edits a role's trust.
    pub fn trust(&mut self, role: &str, edit: impl FnOnce(&mut Trust)) {
        if let Some(role) = self.roles.get_mut(role) {
            edit(&mut role.trust);
        }
    }

    /// Lays down a config map with one file.
    pub fn config_map(&mut self, namespace: &str, name: &str, file: &str, text: &str) {
        let object = json!({"metadata": {"name": name, "namespace": namespace}, "data": {file: text}});
        self.config_maps.insert((namespace.to_owned(), name.to_owned()), object);
    }

    /// Lays down a secret with one file.
    pub fn secret(&mut self, namespace: &str, name: &str, file: &str, text: &str) {
        let data = json!({file: STANDARD.encode(text)});
        let object = json!({"metadata": {"name": name, "namespace": namespace}, "type": "Opaque", "data": data});
        self.secrets.insert((namespace.to_owned(), name.to_owned()), object);
    }

    /// Edits a role.
    pub fn role(&mut self, name: &str, edit: impl FnOnce(&mut Role)) {
        if let Some(role) = self.roles.get_mut(name) {
            edit(role);
        }
    }

    /// Edits a workload.
    pub fn workload(&mut self, id: WorkloadId, edit: impl FnOnce(&mut Workload)) {
        if let Some(workload) = self.workloads.get_mut(&id) {
            edit(workload);
        }
    }
}

fn roles() -> BTreeMap<String, Role> {
    let web = |id: WorkloadId| Trust::web_identity(ACCOUNT, ISSUER, STS_AUDIENCE, &id.subject());
    let own = |trust: Trust, actions: &[&str]| Role {
        trust,
        policies: Vec::new(),
        inline: Some(allow(actions)),
        boundary: None,
        predates_cluster: false,
    };
    let ci = Trust::web_identity(ACCOUNT, CI_ISSUER, STS_AUDIENCE, "repo:octo-lab/ledger:ref:refs/heads/main");
    BTreeMap::from([
        (
            NODE_ROLE.to_owned(),
            Role {
                trust: Trust::service("ec2.amazonaws.com"),
                policies: ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy"]
                    .map(managed)
                    .to_vec(),
                inline: None,
                boundary: None,
                predates_cluster: false,
            },
        ),
        (
            CNI_ROLE.to_owned(),
            Role {
                trust: web(AWS_NODE),
                policies: vec![managed("AmazonEKS_CNI_Policy")],
                inline: None,
                boundary: None,
                predates_cluster: false,
            },
        ),
        (LEDGER_ROLE.to_owned(), own(web(LEDGER), &["eks:ListClusters"])),
        (DNS_ROLE.to_owned(), own(web(EXTERNAL_DNS), &["ec2:DescribeRegions"])),
        (BATCH_ROLE.to_owned(), own(web(SETTLEMENT), &["eks:ListClusters"])),
        (CI_ROLE.to_owned(), own(ci, &["eks:DescribeCluster", "eks:ListClusters"])),
    ])
}

fn workloads() -> BTreeMap<WorkloadId, Workload> {
    let app = |id, role, image: &str, action: &str| {
        let mut workload = Workload::new(id, role, image);
        workload.set("LAB_ACTION", action);
        (id, workload)
    };
    let mut cni = Workload::new(
        AWS_NODE,
        CNI_ROLE,
        "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.11.2-eksbuild.1",
    );
    cni.host_network = true;
    BTreeMap::from([
        (AWS_NODE, cni),
        app(LEDGER, LEDGER_ROLE, "registry.lab.example/app-python:1.42.0", "eks:ListClusters"),
        app(EXTERNAL_DNS, DNS_ROLE, "registry.lab.example/app-go:2.31.0", "ec2:DescribeRegions"),
        app(SETTLEMENT, BATCH_ROLE, "registry.lab.example/app-java:2.30.0", "eks:ListClusters"),
    ])
}
