//! Building the lab's parts and wiring them together.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
};
use trustwalk_lab_cluster::{Cluster, ClusterConfig, FnResolver, NodeSpec, TlsMaterial, TokenMinter, User};
use trustwalk_lab_issuer::{
    Issuer, IssuerError, IssuerServer, ServerConfig, SigningKey,
    pki::{Hierarchy, LeafKey, Presentation, days_after, thumbprint},
};
use trustwalk_lab_node::{NodeAgent, NodeConfig, Settings, WebhookServer, WebhookSettings};
use trustwalk_lab_serve::keep;

use crate::{
    Lab, LabConfig, LabError, Story,
    account::{AccountSide, Setup},
    clock::{CI_LEAF_DAYS, LabClock, Renewals},
    config::{Addresses, loopback},
    control,
    hold::Hold,
    lookout,
    minter::Minter,
    outside::{self, Hosts, Standings},
    push,
    running::Inner,
    site::{Applied, Authorities, Site},
    webhook,
    world::{
        Place, World,
        names::{CI_ISSUER, CI_ISSUER_HOST, EKS_ISSUER_HOST, ISSUER, REGION},
    },
};

/// How often agents repeat their AWS call: often enough that a demonstration is
/// never waiting.
pub(crate) const CALL_PERIOD: Duration = Duration::from_secs(1);
/// How long a failed container waits at first before it restarts.
const RESTART_PERIOD: Duration = Duration::from_millis(300);
/// Nodes of the story.
const NODES: u8 = 6;
/// Days ago the first hierarchy began: before the provider of April 2020.
const OLD_HIERARCHY_DAYS: i64 = 3600;
/// Days ago the second hierarchy began.
const NEW_HIERARCHY_DAYS: i64 = 300;
/// Bytes of randomness in a bearer token.
const TOKEN_BYTES: usize = 32;

/// Signing keys made side by side, as RSA keys take a noticeable time each.
fn signing_keys() -> Result<[SigningKey; 3], LabError> {
    let made = thread::scope(|scope| {
        let tasks = [(); 3].map(|()| scope.spawn(SigningKey::generate));
        tasks.map(|task| task.join().unwrap_or(Err(IssuerError::SigningKey)))
    });
    let [first, second, third] = made;
    Ok([first?, second?, third?])
}

fn random_token() -> Result<String, LabError> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| LabError::Control("the system gives no randomness".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) async fn listen(port: u16) -> Result<TcpListener, LabError> {
    TcpListener::bind(loopback(port)).await.map_err(LabError::io(format!("listen on port {port}")))
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

/// The issuers with their chains, served.
struct Issuers {
    server: IssuerServer,
    eks: Issuer,
    ci: Issuer,
    authorities: Authorities,
    registered: String,
}

async fn issuers(port: u16, clock: &LabClock) -> Result<Issuers, LabError> {
    let now = clock.now();
    let [eks_key, ci_key, foreign] = signing_keys()?;
    let authorities = Authorities {
        old: Arc::new(Hierarchy::new("2019", days_after(now, -OLD_HIERARCHY_DAYS))?),
        new: Arc::new(Hierarchy::new("2026", days_after(now, -NEW_HIERARCHY_DAYS))?),
    };
    let server = IssuerServer::start(ServerConfig { bind: loopback(port) }).await?;
    let eks = Issuer::new(ISSUER, eks_key)?;
    eks.set_foreign_key(foreign);
    let ci = Issuer::new(CI_ISSUER, ci_key)?;
    server.serve_issuer(eks.clone());
    server.serve_issuer(ci.clone());
    let from = days_after(now, -CI_LEAF_DAYS);
    let chain = authorities.old.present(&[CI_ISSUER_HOST], from, Presentation::Full, LeafKey::P256)?;
    server.set_chain(CI_ISSUER_HOST, &chain, false)?;
    let registered = chain.certificates.last().map(thumbprint).unwrap_or_default();
    Ok(Issuers { server, eks, ci, authorities, registered })
}

/// The webhook's listener and certificate.
pub(crate) struct WebhookSide {
    pub(crate) settings: WebhookSettings,
    pub(crate) tls: TlsMaterial,
    pub(crate) foreign_ca: String,
    pub(crate) listener: TcpListener,
}

pub(crate) async fn webhook_side() -> Result<WebhookSide, LabError> {
    let name = format!("{}.{}.svc", webhook::NAME, webhook::NAMESPACE);
    let wrong = |error: trustwalk_lab_cluster::TlsError| LabError::Cluster(error.to_string());
    Ok(WebhookSide {
        settings: WebhookSettings::default(),
        tls: TlsMaterial::self_made(&[name.as_str()]).map_err(wrong)?,
        foreign_ca: TlsMaterial::self_made(&["foreign"]).map_err(wrong)?.ca_pem,
        listener: listen(0).await?,
    })
}

/// What has been built but does not run yet.
struct Idle {
    parts: Parts,
    /// Where the API is served; nowhere in an account alone.
    api: Option<TcpListener>,
    control: TcpListener,
}

/// Builds, wires and starts; see [`Lab::start`].
pub(crate) async fn start(config: LabConfig, place: Place) -> Result<Lab, LabError> {
    let world = match config.story {
        Story::Healthy => World::healthy(),
        Story::BeforeTheChange => World::before_the_change(),
        Story::AccountAlone => World::empty(),
    };
    let (lab, idle) = build(config, &world, place).await?;
    run(&lab, idle, &world).await?;
    lab.write_files(lab.dir())?;
    lookout::watch(&lab).await;
    if lab.has_cluster() {
        lab.run_job(&world).await?;
    }
    Ok(lab)
}

async fn build(config: LabConfig, world: &World, place: Place) -> Result<(Lab, Idle), LabError> {
    // Before there is anything to clean up.
    let places = outside::places(&config.outside).await?;
    let hold = Hold::take(&config.state_dir)?;
    let clock = LabClock::default();
    let issuers = issuers(config.ports.issuer, &clock).await?;
    let alone = config.story == Story::AccountAlone;
    let api = if alone { None } else { Some(listen(config.ports.kubernetes).await?) };
    let control = listen(config.ports.control).await?;
    let kubernetes = api.as_ref().map(address).transpose()?;
    let endpoint = kubernetes.map(|address| format!("https://{address}")).unwrap_or_default();
    let hosts = Hosts::own([EKS_ISSUER_HOST, CI_ISSUER_HOST], issuers.server.address());
    for (host, port, address) in &places {
        hosts.put(host, *port, *address);
    }
    let tls = TlsMaterial::self_made(&["127.0.0.1", "localhost", "kubernetes.default.svc"])
        .map_err(|e| LabError::Cluster(e.to_string()))?;
    let down = watch::Sender::new(false);
    let setup =
        account_setup(&config, &clock, &issuers, &hosts, (endpoint, STANDARD.encode(&tls.ca_pem)), place.clone())
            .await?;
    let account = AccountSide::start(setup, asked(&down))?;
    let aws = account.address();
    let settings = node_settings(aws, &account, &clock);
    let webhook = webhook_side().await?;
    account.lead(webhook.settings.clone());
    let minter: Arc<dyn TokenMinter> = Arc::new(Minter::new(issuers.eks.clone(), clock.shared()).with_logins(&account));
    let agent = NodeAgent::prepare(settings.clone());
    let cluster = cluster(
        &agent,
        &minter,
        &webhook,
        (tls, &clock),
        if alone { Vec::new() } else { nodes(NODES, REGION) },
        &place,
    )?;
    let addresses = Addresses { aws, kubernetes, issuer: issuers.server.address(), control: address(&control)? };
    let story = Site {
        place,
        served: !alone,
        clock: clock.clone(),
        account,
        store: cluster.store(),
        runtime: agent.runtime(),
        agent: agent.clone(),
        settings,
        webhook: webhook.settings.clone(),
        webhook_ca: webhook.tls.ca_pem.clone(),
        foreign_ca: webhook.foreign_ca.clone(),
        server: issuers.server,
        issuer: issuers.eks,
        authorities: issuers.authorities,
        registered: vec![issuers.registered],
        kubeconfig: kubernetes.map(|address| cluster.kubeconfig(address)).unwrap_or_default(),
        world: Mutex::new(Applied::new(world)),
    };
    let inner = Inner {
        addresses,
        renewals: Mutex::new(Renewals::at(clock.now())),
        clock,
        hosts,
        standings: Standings::default(),
        story,
        ci_issuer: issuers.ci,
        scene: OnceLock::new(),
        down,
        hold,
        config,
    };
    Ok((Lab { inner: Arc::new(inner) }, Idle { parts: Parts { cluster, agent, minter, webhook }, api, control }))
}

/// A cluster's parts, before they run.
pub(crate) struct Parts {
    pub(crate) cluster: Cluster,
    pub(crate) agent: NodeAgent,
    pub(crate) minter: Arc<dyn TokenMinter>,
    pub(crate) webhook: WebhookSide,
}

/// Sets a cluster in motion, and makes in it what the world has.
pub(crate) async fn put_up(
    site: &Site,
    parts: Parts,
    api: TcpListener,
    world: &World,
    end: &watch::Sender<bool>,
) -> Result<(), LabError> {
    let Parts { cluster, agent, minter, webhook } = parts;
    let store = cluster.store();
    let TlsMaterial { chain, key, .. } = webhook.tls;
    let served = WebhookServer::start(store.clone(), webhook.settings, chain, key, webhook.listener, asked(end))
        .map_err(|e| LabError::Cluster(e.to_string()))?;
    tokio::spawn(served);
    // Before the controllers run, so that no pod misses the webhook.
    push::push(site, None, world).await?;
    let (stop_api, stop_nodes) = (asked(end), asked(end));
    tokio::spawn(async move { cluster.serve(api, stop_api).await });
    tokio::spawn(async move {
        tokio::select! {
            () = keep(move || agent.clone().run(store.clone(), Arc::clone(&minter))) => {}
            () = stop_nodes => {}
        }
    });
    Ok(())
}

/// Sets everything in motion.
async fn run(lab: &Lab, idle: Idle, world: &World) -> Result<(), LabError> {
    let Idle { parts, api, control } = idle;
    let story = &lab.inner.story;
    match api {
        Some(api) => put_up(story, parts, api, world, &lab.inner.down).await?,
        None => push::push(story, None, world).await?,
    }
    let token = random_token()?;
    control::State { address: address(&control)?, token: token.clone() }.write(lab.dir())?;
    tokio::spawn(control::serve(lab.clone(), control, token));
    Ok(())
}

pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, LabError> {
    listener.local_addr().map_err(LabError::io("read an address"))
}

async fn account_setup(
    config: &LabConfig,
    clock: &LabClock,
    issuers: &Issuers,
    hosts: &Hosts,
    (endpoint, ca): (String, String),
    place: Place,
) -> Result<Setup, LabError> {
    let mut roots = issuers.authorities.old.roots();
    roots.extend(issuers.authorities.new.roots());
    roots.extend(config.outside.roots.iter().cloned());
    Ok(Setup {
        listener: listen(config.ports.aws).await?,
        clock: clock.shared(),
        trust_model: config.trust_model,
        roots,
        hosts: hosts.clone(),
        history: config.story != Story::AccountAlone,
        place,
        endpoint,
        ca,
    })
}

pub(crate) fn cluster(
    agent: &NodeAgent,
    minter: &Arc<dyn TokenMinter>,
    webhook: &WebhookSide,
    (tls, clock): (TlsMaterial, &LabClock),
    nodes: Vec<NodeSpec>,
    place: &Place,
) -> Result<Cluster, LabError> {
    let at = address(&webhook.listener)?;
    let resolver = FnResolver(move |namespace: &str, name: &str, _port: u16| {
        (namespace == webhook::NAMESPACE && name == webhook::NAME).then(|| (at, format!("{name}.{namespace}.svc")))
    });
    Ok(Cluster::new(ClusterConfig {
        // As `aws eks update-kubeconfig` names it.
        name: place.cluster_arn(),
        version: "v1.36.2".to_owned(),
        tls,
        tokens: BTreeMap::from([(random_token()?, User::admin("lab-admin"))]),
        runtime: agent.runtime(),
        minter: Arc::clone(minter),
        resolver: Arc::new(resolver),
        clock: clock.shared_outside(),
        nodes,
    }))
}

/// A future that completes when the lab is asked to stop, or is gone.
pub(crate) fn asked(down: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut asked = down.subscribe();
    async move {
        // An error means that the lab itself is gone, which is a reason to stop too.
        let _gone = asked.wait_for(|asked| *asked).await;
    }
}

pub(crate) fn node_settings(aws: SocketAddr, account: &AccountSide, clock: &LabClock) -> Settings {
    let mut config = NodeConfig::new(aws, &account.place().region);
    config.cluster_name.clone_from(&account.place().cluster);
    config.restart_period = RESTART_PERIOD;
    config.call_period = CALL_PERIOD;
    config.clock = clock.shared_outside();
    config.node_role = Some(account.node_role());
    Settings::from(config)
}
