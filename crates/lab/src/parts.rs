//! A cluster's parts: made, or made again as they were, and set in motion.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
};
use trustwalk_lab_cluster::{Cluster, ClusterConfig, FnResolver, NodeSpec, Store, TlsMaterial, TokenMinter, User};
use trustwalk_lab_issuer::{Issuer, IssuerServer};
use trustwalk_lab_node::{NodeAgent, NodeConfig, Settings, WebhookServer, WebhookSettings};
use trustwalk_lab_serve::keep;

use crate::{
    LabError,
    account::AccountSide,
    clock::LabClock,
    config::loopback,
    kept::{Before, Keeper, KeptSite, KeptTls},
    minter::Minter,
    push,
    site::{Applied, Authorities, Site},
    webhook,
    world::{Place, World},
};

/// How often agents repeat their AWS call: often enough that a demonstration is
/// never waiting.
pub(crate) const CALL_PERIOD: Duration = Duration::from_secs(1);
/// How long a failed container waits at first before it restarts.
const RESTART_PERIOD: Duration = Duration::from_millis(300);
/// Bytes of randomness in a bearer token.
const TOKEN_BYTES: usize = 32;

pub(crate) fn random_token() -> Result<String, LabError> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| LabError::Control("the system gives no randomness".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) async fn listen(port: u16) -> Result<TcpListener, LabError> {
    TcpListener::bind(loopback(port)).await.map_err(LabError::io(format!("listen on port {port}")))
}

pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, LabError> {
    listener.local_addr().map_err(LabError::io("read an address"))
}

/// A future that completes when the lab is asked to stop, or is gone.
pub(crate) fn asked(down: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut asked = down.subscribe();
    async move {
        // An error means that the lab itself is gone, which is a reason to stop too.
        let _gone = asked.wait_for(|asked| *asked).await;
    }
}

/// Last part of a node's address.
fn tail(number: u8) -> u8 {
    number.wrapping_mul(7).wrapping_add(10)
}

pub(crate) fn nodes(count: u8, region: &str) -> Vec<NodeSpec> {
    (1..=count)
        .map(|number| NodeSpec {
            name: format!("ip-10-0-{number}-{}.{region}.compute.internal", tail(number)),
            internal_ip: format!("10.0.{number}.{}", tail(number)),
            labels: vec![
                ("topology.kubernetes.io/region".to_owned(), region.to_owned()),
                ("node.kubernetes.io/instance-type".to_owned(), "m6i.large".to_owned()),
            ],
            provider_id: Some(format!("aws:///{region}a/i-0{number:x}5c2e9d71ab3f4{number:03x}")),
        })
        .collect()
}

/// The API server's certificate, as it was if it was.
pub(crate) fn api_tls(before: Option<&KeptSite>) -> Result<TlsMaterial, LabError> {
    match before {
        Some(before) => before.api.again(),
        None => TlsMaterial::self_made(&["127.0.0.1", "localhost", "kubernetes.default.svc"])
            .map_err(|e| LabError::Cluster(e.to_string())),
    }
}

/// The webhook's listener and certificate.
pub(crate) struct WebhookSide {
    pub(crate) settings: WebhookSettings,
    pub(crate) tls: TlsMaterial,
    pub(crate) foreign_ca: String,
    listener: TcpListener,
}

async fn webhook_side(before: Option<&KeptSite>) -> Result<WebhookSide, LabError> {
    let (settings, listener) = (WebhookSettings::default(), listen(0).await?);
    if let Some(before) = before {
        let foreign_ca = before.foreign_ca.clone();
        return Ok(WebhookSide { settings, tls: before.webhook.again()?, foreign_ca, listener });
    }
    let name = format!("{}.{}.svc", webhook::NAME, webhook::NAMESPACE);
    let wrong = |error: trustwalk_lab_cluster::TlsError| LabError::Cluster(error.to_string());
    let tls = TlsMaterial::self_made(&[name.as_str()]).map_err(wrong)?;
    Ok(WebhookSide { settings, tls, foreign_ca: TlsMaterial::self_made(&["foreign"]).map_err(wrong)?.ca_pem, listener })
}

/// What a cluster is made of.
pub(crate) struct Plan<'p> {
    pub(crate) place: &'p Place,
    pub(crate) aws: SocketAddr,
    pub(crate) account: &'p AccountSide,
    pub(crate) clock: &'p LabClock,
    pub(crate) issuer: &'p Issuer,
    pub(crate) tls: TlsMaterial,
    /// Whether it has an API server.
    pub(crate) served: bool,
    pub(crate) nodes: Vec<NodeSpec>,
    /// What never changed of it, if it was kept, and where the rest is.
    pub(crate) site: Option<&'p KeptSite>,
    pub(crate) before: Option<&'p mut Before>,
}

/// What a cluster hangs on.
pub(crate) struct Given {
    pub(crate) place: Place,
    pub(crate) clock: LabClock,
    pub(crate) account: AccountSide,
    pub(crate) server: IssuerServer,
    pub(crate) issuer: Issuer,
    pub(crate) authorities: Authorities,
    pub(crate) registered: Vec<String>,
    pub(crate) world: Applied,
    pub(crate) keeper: Option<Keeper>,
}

/// A cluster's parts, before they run.
pub(crate) struct Parts {
    pub(crate) cluster: Cluster,
    pub(crate) agent: NodeAgent,
    pub(crate) settings: Settings,
    pub(crate) minter: Arc<dyn TokenMinter>,
    pub(crate) webhook: WebhookSide,
    /// What never changes of it.
    pub(crate) fixed: KeptSite,
}

impl Parts {
    /// Makes them.
    pub(crate) async fn make(plan: Plan<'_>, at: Option<SocketAddr>, registered: &[String]) -> Result<Self, LabError> {
        let settings = node_settings(plan.aws, plan.account, plan.clock);
        let webhook = webhook_side(plan.site).await?;
        plan.account.lead(webhook.settings.clone());
        let minter = Minter::new(plan.issuer.clone(), plan.clock.shared()).with_logins(plan.account);
        let minter: Arc<dyn TokenMinter> = Arc::new(minter);
        let agent = NodeAgent::prepare(settings.clone());
        let token = plan.site.map_or_else(random_token, |site| Ok(site.token.clone()))?;
        let fixed = KeptSite {
            port: at.map_or(0, |at| at.port()),
            endpoint: at.map(|at| format!("https://{at}")).unwrap_or_default(),
            token: token.clone(),
            api: KeptTls::of(&plan.tls),
            webhook: KeptTls::of(&webhook.tls),
            foreign_ca: webhook.foreign_ca.clone(),
            registered: registered.to_vec(),
        };
        let store = match plan.before {
            Some(before) if plan.served => {
                Store::again(plan.clock.shared_outside(), &plan.place.cluster, &mut before.restored)?
            }
            _ => None,
        };
        let to = address(&webhook.listener)?;
        let resolver = FnResolver(move |namespace: &str, name: &str, _port: u16| {
            (namespace == webhook::NAMESPACE && name == webhook::NAME).then(|| (to, format!("{name}.{namespace}.svc")))
        });
        let config = ClusterConfig {
            // As `aws eks update-kubeconfig` names it.
            name: plan.place.cluster_arn(),
            version: "v1.36.2".to_owned(),
            tls: plan.tls,
            tokens: BTreeMap::from([(token, User::admin("lab-admin"))]),
            runtime: agent.runtime(),
            minter: Arc::clone(&minter),
            resolver: Arc::new(resolver),
            clock: plan.clock.shared_outside(),
            nodes: plan.nodes,
        };
        let cluster = match store {
            Some(store) => Cluster::again(config, store),
            None => Cluster::new(config),
        };
        Ok(Self { cluster, agent, settings, minter, webhook, fixed })
    }

    /// The cluster with what it hangs on; `at` is where its API server listens, if it has one.
    pub(crate) fn site(&self, given: Given, at: Option<SocketAddr>) -> Site {
        Site {
            place: given.place,
            served: at.is_some(),
            clock: given.clock,
            account: given.account,
            store: self.cluster.store(),
            runtime: self.agent.runtime(),
            agent: self.agent.clone(),
            settings: self.settings.clone(),
            webhook: self.webhook.settings.clone(),
            webhook_ca: self.webhook.tls.ca_pem.clone(),
            foreign_ca: self.webhook.foreign_ca.clone(),
            server: given.server,
            issuer: given.issuer,
            authorities: given.authorities,
            registered: given.registered,
            kubeconfig: at.map(|at| self.cluster.kubeconfig(at)).unwrap_or_default(),
            world: Mutex::new(given.world),
            keeper: given.keeper,
        }
    }

    /// Makes in a cluster what the world has, before anything runs; without a world it is there already.
    pub(crate) async fn admit(
        self,
        site: &Site,
        world: Option<&World>,
        end: &watch::Sender<bool>,
    ) -> Result<Admitted, LabError> {
        let Self { cluster, agent, minter, webhook, .. } = self;
        let store = cluster.store();
        let TlsMaterial { chain, key, .. } = webhook.tls;
        let served = WebhookServer::start(store, webhook.settings, chain, key, webhook.listener, asked(end))
            .map_err(|e| LabError::Cluster(e.to_string()))?;
        tokio::spawn(served);
        // Before the controllers run, so that no pod misses the webhook.
        furnish(site, world).await?;
        Ok(Admitted { cluster, agent, minter })
    }
}

/// A cluster that has a webhook, and nothing else that runs.
pub(crate) struct Admitted {
    cluster: Cluster,
    agent: NodeAgent,
    minter: Arc<dyn TokenMinter>,
}

impl Admitted {
    /// Sets it in motion.
    pub(crate) fn serve(self, api: TcpListener, end: &watch::Sender<bool>) {
        let Self { cluster, agent, minter } = self;
        let store = cluster.store();
        let (stop_api, stop_nodes) = (asked(end), asked(end));
        tokio::spawn(async move { cluster.serve(api, stop_api).await });
        tokio::spawn(async move {
            tokio::select! {
                () = keep(move || agent.clone().run(store.clone(), Arc::clone(&minter))) => {}
                () = stop_nodes => {}
            }
        });
    }
}

/// Makes a world, or leaves it as it was.
pub(crate) async fn furnish(site: &Site, world: Option<&World>) -> Result<(), LabError> {
    let Some(world) = world else {
        site.set_anew().await;
        return Ok(());
    };
    push::push(site, None, world).await
}

fn node_settings(aws: SocketAddr, account: &AccountSide, clock: &LabClock) -> Settings {
    let mut config = NodeConfig::new(aws, &account.place().region);
    config.cluster_name.clone_from(&account.place().cluster);
    config.restart_period = RESTART_PERIOD;
    config.call_period = CALL_PERIOD;
    config.clock = clock.shared_outside();
    config.node_role = Some(account.node_role());
    Settings::from(config)
}
