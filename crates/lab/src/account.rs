//! The account's side of the world: what it starts with, and how roles, providers
//! and the add-on are changed in process.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpListener;
use trustwalk_lab_aws::{Account, AccountConfig, Addon, AddonIssue, Association, Cluster, Login, Look, Provider};
use trustwalk_lab_cluster::Clock;
use trustwalk_lab_keep::{Journal, Restored};
use trustwalk_lab_node::{Credentials, NodeRole, WebhookSettings};

use crate::{
    LabError, TrustModel,
    outside::Hosts,
    world::{
        Place, Role,
        names::{CNI_ROLE, bare},
    },
};

/// How long the instances' session lasts: longer than any lab runs.
const NODE_SESSION_SECONDS: i64 = 30 * 86_400;
/// When cluster and provider were made: April 2020, as in the story.
const CREATED: i64 = 1_586_944_800;
/// How long before the lab's start the roles of the workloads were made.
const ROLE_AGE: SignedDuration = SignedDuration::from_hours(30);
/// How long before the cluster a role was made that outlived another one.
const BEFORE_CLUSTER: SignedDuration = SignedDuration::from_hours(24 * 200);
/// Longest session of a role, seconds: the default of IAM.
const LONGEST_SESSION: i64 = 3600;
/// The add-on of the story.
const ADDON: &str = "vpc-cni";

/// The add-on of the Pod Identity Agent.
const AGENT: &str = "eks-pod-identity-agent";

/// The agent's add-on. What EKS says of one whose pods do not run is reported.
fn agent_addon(runs: bool) -> Addon {
    let issue = || AddonIssue {
        code: "InsufficientNumberOfReplicas".to_owned(),
        message: "The add-on is unhealthy because it doesn't have the desired number of replicas.".to_owned(),
    };
    Addon {
        name: AGENT.to_owned(),
        version: "v1.3.8-eksbuild.2".to_owned(),
        role_arn: None,
        issues: (!runs).then(issue).into_iter().collect(),
        created: created(),
        modified: created(),
    }
}

/// What the account starts with.
pub(crate) struct Setup<'s> {
    pub(crate) listener: TcpListener,
    pub(crate) clock: Clock,
    pub(crate) trust_model: TrustModel,
    pub(crate) roots: Vec<CertificateDer<'static>>,
    /// Hosts of the outside world and where they are.
    pub(crate) hosts: Hosts,
    /// Whether the account has a history.
    pub(crate) history: bool,
    /// The cluster whose account it is.
    pub(crate) place: Place,
    /// URL of the cluster's API.
    pub(crate) endpoint: String,
    /// Base64 of its authority.
    pub(crate) ca: String,
    /// What was kept of it, if it was.
    pub(crate) before: Option<&'s mut Restored>,
    /// Where it is kept.
    pub(crate) journal: Option<Arc<Journal>>,
}

fn created() -> Timestamp {
    Timestamp::from_second(CREATED).unwrap_or_default()
}

/// The account of the lab.
#[derive(Debug, Clone)]
pub(crate) struct AccountSide {
    account: Account,
    place: Place,
    started: Timestamp,
    address: SocketAddr,
    endpoint: String,
    ca: String,
}

impl AccountSide {
    /// Starts the account, tells its history, and serves until `shutdown`.
    pub(crate) fn start(
        setup: Setup<'_>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self, LabError> {
        let address = setup.listener.local_addr().map_err(LabError::io("read the endpoint's address"))?;
        let hosts = setup.hosts;
        let account = Account::new(AccountConfig {
            account_id: setup.place.account.clone(),
            partition: "aws".to_owned(),
            region: setup.place.region.clone(),
            trust_model: match setup.trust_model {
                TrustModel::LibraryFirst => trustwalk_lab_aws::TrustModel::LibraryFirst,
                TrustModel::ThumbprintOnly => trustwalk_lab_aws::TrustModel::ThumbprintOnly,
            },
            library_roots: setup.roots,
            dialer: std::sync::Arc::new(move |host: &str, port: u16| hosts.find(host, port)),
            clock: setup.clock,
        });
        let history = setup.history && setup.before.is_none();
        if let Some(before) = setup.before {
            account.restore(before)?;
        }
        if let Some(journal) = setup.journal {
            account.keep_in(journal);
        }
        let started = account.started();
        let side = Self {
            account: account.clone(),
            place: setup.place,
            started,
            address,
            endpoint: setup.endpoint,
            ca: setup.ca,
        };
        if history {
            side.tell_history();
        }
        tokio::spawn(account.serve(setup.listener, shutdown));
        Ok(side)
    }

    fn tell_history(&self) {
        let role_made = self.roles_made();
        let events = [
            (created(), "eks.amazonaws.com", "CreateCluster", "grace", self.place.cluster.clone()),
            (created(), "iam.amazonaws.com", "CreateOpenIDConnectProvider", "grace", self.place.provider_arn()),
            (role_made, "iam.amazonaws.com", "CreateRole", "ada", CNI_ROLE.to_owned()),
        ];
        for (at, source, name, who, resource) in events {
            self.account.record(at, source, name, who, &[resource]);
        }
    }

    fn roles_made(&self) -> Timestamp {
        self.started.checked_sub(ROLE_AGE).unwrap_or(self.started)
    }

    /// Has the webhook act on associations that callers make, and no more on those that they delete.
    pub(crate) fn lead(&self, webhook: WebhookSettings) {
        self.account.follow_associations(
            &self.place.cluster,
            std::sync::Arc::new(move |all| {
                webhook.update(|config| config.associations.clone_from(all));
            }),
        );
    }

    /// Has the webhook hear of the associations as they are.
    pub(crate) fn tell_associations(&self) {
        self.account.tell_associations(&self.place.cluster);
    }

    /// Gives clusters whose API was elsewhere the address that it has now.
    pub(crate) fn move_clusters(&self, from: &str) {
        self.account.move_clusters(from, &self.endpoint);
    }

    /// Whom of Kubernetes a token of `aws eks get-token` stands for in the cluster.
    pub(crate) fn login(&self, token: &str) -> Option<Login> {
        self.account.login(&self.place.cluster, token)
    }

    /// Chooses the words in which a wrong audience is refused.
    pub(crate) fn refuse_audiences_as_before_2026(&self, before: bool) {
        self.account.refuse_audiences_as_before_2026(before);
    }

    /// Tags a role or a provider as a stack's; whether there is one of that ARN.
    pub(crate) fn give_to_stack(&self, arn: &str, stack: &str) -> bool {
        self.account.give_to_stack(arn, stack)
    }

    /// Looks at an issuer as STS would.
    pub(crate) async fn look_at(&self, issuer: &str) -> Result<Look, String> {
        self.account.look_at(issuer).await
    }

    /// The cluster whose account it is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The account itself.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The same for another cluster, of this account or of another one behind the endpoint.
    pub(crate) fn for_cluster(&self, account: &Account, place: Place, endpoint: String, ca: String) -> Self {
        Self { account: account.clone(), place, endpoint, ca, ..self.clone() }
    }

    /// Where the endpoint listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Key id and secret of the administrator.
    pub(crate) fn admin_keys(&self) -> (String, String) {
        let keys = self.account.admin_credentials();
        (keys.access_key_id, keys.secret_access_key)
    }

    /// Makes or changes a role.
    pub(crate) fn put_role(&self, name: &str, role: &Role) {
        let known = self.account.role(name);
        let made = match (name == self.place.node_role, role.predates_cluster) {
            (_, true) => created().checked_sub(BEFORE_CLUSTER).unwrap_or_default(),
            (true, false) => created(),
            (false, false) => self.roles_made(),
        };
        self.account.put_role(trustwalk_lab_aws::Role {
            name: name.to_owned(),
            path: "/".to_owned(),
            trust_policy: role.trust.document().to_string(),
            max_session: LONGEST_SESSION,
            created: made,
            attached: role.policies.clone(),
            boundary: role.boundary.clone(),
            inline: role.inline.iter().map(|policy| ("own".to_owned(), policy.to_string())).collect(),
            tags: BTreeMap::new(),
            last_used: known.and_then(|role| role.last_used),
        });
    }

    /// Takes a role away.
    pub(crate) fn remove_role(&self, name: &str) {
        self.account.delete_role(name);
    }

    /// Makes or changes a managed policy.
    pub(crate) fn put_policy(&self, arn: &str, document: &serde_json::Value) {
        self.account.put_policy(arn, &document.to_string());
    }

    /// Takes a managed policy away.
    pub(crate) fn remove_policy(&self, arn: &str) {
        self.account.delete_policy(arn);
    }

    /// Makes a provider with these thumbprints, or changes the client ids of one.
    pub(crate) fn put_provider(&self, url: &str, client_ids: &[String], thumbprints: &[String]) {
        let mut provider = self.account.provider(bare(url)).unwrap_or_else(|| Provider {
            url: bare(url).to_owned(),
            client_ids: Vec::new(),
            thumbprints: thumbprints.to_vec(),
            created: created(),
            tags: BTreeMap::new(),
        });
        client_ids.clone_into(&mut provider.client_ids);
        self.account.put_provider(provider);
    }

    /// Puts a provider's thumbprints back to what was registered at first.
    pub(crate) fn reset_thumbprints(&self, url: &str, thumbprints: &[String]) {
        if let Some(mut provider) = self.account.provider(bare(url)) {
            provider.thumbprints = thumbprints.to_vec();
            self.account.put_provider(provider);
        }
    }

    /// Removes a provider.
    pub(crate) fn remove_provider(&self, url: &str) {
        self.account.delete_provider(bare(url));
    }

    /// The change of the story, as history tells it: somebody gives the add-on a role.
    pub(crate) fn tell_change(&self, now: Timestamp) {
        let resources = [self.place.cluster.clone(), CNI_ROLE.to_owned()];
        self.account.record(now, "eks.amazonaws.com", "UpdateAddon", "ada", &resources);
    }

    /// Makes the cluster as the world has it: the role of its add-on, its Pod Identity
    /// associations with the role of each, and with the first of them the
    /// agent's add-on, which is degraded while the agent does not run.
    pub(crate) fn put_cluster(
        &self,
        addon_role: Option<String>,
        associations: &BTreeMap<(String, String), String>,
        agent_runs: bool,
        now: Timestamp,
    ) {
        let modified = if addon_role.is_some() { now } else { created() };
        let addon = Addon {
            name: ADDON.to_owned(),
            version: "v1.11.2-eksbuild.1".to_owned(),
            role_arn: addon_role,
            issues: Vec::new(),
            created: created(),
            modified,
        };
        let mut addons = BTreeMap::from([(ADDON.to_owned(), addon)]);
        if !associations.is_empty() {
            addons.insert(AGENT.to_owned(), agent_addon(agent_runs));
        }
        let associations = associations.iter().map(|((namespace, name), role)| Association {
            id: format!("a-{namespace}-{name}"),
            namespace: namespace.clone(),
            service_account: name.clone(),
            role_arn: self.place.role_arn(role),
            created: now,
            modified: now,
        });
        self.account.put_cluster(Cluster {
            name: self.place.cluster.clone(),
            version: "1.36".to_owned(),
            created: created(),
            issuer: self.place.issuer.clone(),
            endpoint: self.endpoint.clone(),
            ca: self.ca.clone(),
            addons,
            associations: associations.collect(),
        });
    }

    /// The instances' role with its session, as the metadata service hands it out.
    pub(crate) fn node_role(&self) -> NodeRole {
        let name = self.place.node_role.clone();
        let keys = self.account.session_for(&name, "i-0b5c2e9d71ab3f400", NODE_SESSION_SECONDS);
        let credentials = Credentials {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
            expires: keys.expires,
        };
        NodeRole { name, credentials }
    }
}
