//! Building the lab's parts and wiring them together.

use std::{
    sync::{Arc, OnceLock},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
};
use trustwalk_lab_issuer::{
    Issuer, IssuerError, IssuerServer, ServerConfig, SigningKey,
    pki::{Hierarchy, LeafKey, Presentation, days_after, thumbprint},
};
use trustwalk_lab_keep::{Journal, Restored};

use crate::{
    Lab, LabConfig, LabError, Ports, Scenario, Story,
    account::{AccountSide, Setup},
    again,
    clock::{CI_LEAF_DAYS, LabClock},
    config::{Addresses, loopback},
    control,
    hold::Hold,
    kept::{self, Before, COURSE, Course, Fixed, HIERARCHIES, Hours, Keeper, Kept, Stand},
    lookout,
    outside::{self, Hosts, Standings},
    parts::{Given, Parts, Plan, address, api_tls, asked, furnish, listen, nodes, random_token},
    running::Inner,
    scenario,
    site::{Applied, Authorities},
    world::{
        Base, Place, World,
        names::{CI_ISSUER, CI_ISSUER_HOST, EKS_ISSUER_HOST, ISSUER, REGION},
    },
};

/// Nodes of the story.
const NODES: u8 = 6;
/// Days ago the first hierarchy began: before the provider of April 2020.
const OLD_HIERARCHY_DAYS: i64 = 3600;
/// Days ago the second hierarchy began.
const NEW_HIERARCHY_DAYS: i64 = 300;

/// Signing keys made side by side, as RSA keys take a noticeable time each.
fn signing_keys() -> Result<[SigningKey; 3], LabError> {
    let made = thread::scope(|scope| {
        let tasks = [(); 3].map(|()| scope.spawn(SigningKey::generate));
        tasks.map(|task| task.join().unwrap_or(Err(IssuerError::SigningKey)))
    });
    let [first, second, third] = made;
    Ok([first?, second?, third?])
}

/// The issuers with their chains, served.
struct Issuers {
    server: IssuerServer,
    eks: Issuer,
    ci: Issuer,
    authorities: Authorities,
    registered: Vec<String>,
}

async fn issuer_server(port: u16) -> Result<IssuerServer, LabError> {
    let started = IssuerServer::start(ServerConfig { bind: loopback(port) }).await;
    started.map_err(|error| {
        if let IssuerError::Listen(source) = error {
            LabError::io(format!("listen on port {port}"))(source)
        } else {
            error.into()
        }
    })
}

async fn issuers(port: u16, clock: &LabClock) -> Result<Issuers, LabError> {
    let now = clock.now();
    let [eks_key, ci_key, foreign] = signing_keys()?;
    let authorities = Authorities {
        old: Arc::new(Hierarchy::new("2019", days_after(now, -OLD_HIERARCHY_DAYS))?),
        new: Arc::new(Hierarchy::new("2026", days_after(now, -NEW_HIERARCHY_DAYS))?),
    };
    let server = issuer_server(port).await?;
    let eks = Issuer::new(ISSUER, eks_key)?;
    eks.set_foreign_key(foreign);
    let ci = Issuer::new(CI_ISSUER, ci_key)?;
    server.serve_issuer(eks.clone());
    server.serve_issuer(ci.clone());
    let from = days_after(now, -CI_LEAF_DAYS);
    let chain = authorities.old.present(&[CI_ISSUER_HOST], from, Presentation::Full, LeafKey::P256)?;
    server.set_chain(CI_ISSUER_HOST, &chain, false)?;
    let registered = chain.certificates.last().map(thumbprint).into_iter().collect();
    Ok(Issuers { server, eks, ci, authorities, registered })
}

/// The issuers as they were.
async fn issuers_again(port: u16, before: &mut Before) -> Result<Issuers, LabError> {
    let [old, new] = before.hierarchies.clone().map(Hierarchy::again);
    let authorities = Authorities { old: Arc::new(old?), new: Arc::new(new?) };
    let server = issuer_server(port).await?;
    let eks = again_or_lost(ISSUER, &mut before.restored)?;
    let ci = again_or_lost(CI_ISSUER, &mut before.restored)?;
    server.restore(&mut before.restored)?;
    server.serve_issuer(eks.clone());
    server.serve_issuer(ci.clone());
    Ok(Issuers { server, eks, ci, authorities, registered: before.fixed.site.registered.clone() })
}

/// An issuer as it was.
fn again_or_lost(url: &str, kept: &mut Restored) -> Result<Issuer, LabError> {
    Issuer::again(url, kept)?.ok_or_else(|| kept::damaged(&format!("the keys of `{url}` are not there")))
}

/// What has been built but does not run yet.
struct Idle {
    parts: Parts,
    /// Where the API is served; nowhere in an account alone.
    api: Option<TcpListener>,
    control: TcpListener,
}

/// The start of a story: what it is made from.
fn base(story: Story) -> Base {
    match story {
        Story::Healthy => Base::Healthy,
        Story::BeforeTheChange => Base::BeforeTheChange,
        Story::AccountAlone => Base::Empty,
    }
}

/// The configuration with what goes on as it was: ports that nobody asked for, and what a lab cannot change.
fn as_before(config: LabConfig, asked: Option<&Scenario>, fixed: &Fixed) -> Result<LabConfig, LabError> {
    let dir = || config.terms.state.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default();
    let other = |what, option| Err(LabError::OtherState { dir: dir(), what, option });
    let alone = fixed.story == Story::AccountAlone && fixed.scenario.is_none();
    match (asked, &fixed.scenario) {
        (Some(_), None) => return other("a lab without a scenario", "--scenario"),
        (Some(asked), Some(kept)) if !kept.is_of(asked) => return other("a lab with another scenario", "--scenario"),
        (Some(_), Some(_)) | (None, _) => {}
    }
    match config.story {
        // A scenario begins with an account alone.
        Story::AccountAlone if asked.is_none() && !alone => return other("a lab with more", "--account-only"),
        Story::BeforeTheChange if alone => return other("a lab without a cluster", "--broken"),
        Story::BeforeTheChange if fixed.scenario.is_some() => return other("a lab with a scenario", "--broken"),
        Story::BeforeTheChange if fixed.story != config.story => {
            return other("a lab whose story began well", "--broken");
        }
        Story::AccountAlone | Story::BeforeTheChange | Story::Healthy => {}
    }
    if !config.terms.model_as_before && config.trust_model != fixed.trust_model {
        return other("a lab with the other trust model", "--model");
    }
    let (asked, kept) = (config.ports, fixed.ports);
    let either = |asked: u16, kept: u16| if asked == 0 { kept } else { asked };
    let ports = Ports {
        aws: either(asked.aws, kept.aws),
        kubernetes: either(asked.kubernetes, kept.kubernetes),
        issuer: either(asked.issuer, kept.issuer),
        control: either(asked.control, kept.control),
    };
    Ok(LabConfig { story: fixed.story, trust_model: fixed.trust_model, ports, ..config })
}

/// Builds, wires and starts; see [`Lab::start`] and [`Lab::start_scenario`].
pub(crate) async fn start(config: LabConfig, asked: Option<&Scenario>) -> Result<Lab, LabError> {
    let opened = config.terms.state.as_deref().map(kept::open).transpose()?;
    let (kept, mut before) = opened.map_or((None, None), |(kept, before)| (Some(Arc::new(kept)), before));
    let config = match &before {
        Some(before) => as_before(config, asked, &before.fixed)?,
        None => config,
    };
    let went = before.as_ref().and_then(|before| before.fixed.scenario.as_ref());
    let went = went.map(scenario::KeptScenario::again).transpose()?;
    let begun = went.as_ref().or(asked);
    let world = again::based(base(config.story), false, None);
    let (lab, idle) = build(config, begun, kept, before.as_mut()).await?;
    let done = run(&lab, idle, before.is_none().then_some(&world), begun, before.as_mut()).await;
    if let Err(error) = done {
        lab.ask_down();
        return Err(error);
    }
    Ok(lab)
}

/// What a lab stands on before there is an account.
struct Ground {
    hold: Hold,
    clock: LabClock,
    issuers: Issuers,
    hosts: Hosts,
    api: Option<TcpListener>,
    control: TcpListener,
}

async fn ground(
    config: &LabConfig,
    before: Option<&mut Before>,
    journal: Option<&Arc<Journal>>,
) -> Result<Ground, LabError> {
    // Before there is anything to clean up.
    let places = outside::places(&config.outside).await?;
    let hold = Hold::take(&config.state_dir)?;
    let clock = LabClock::default();
    if let Some(before) = &before {
        clock.set_moved(before.hours.moved);
    }
    let issuers = match before {
        Some(before) => issuers_again(config.ports.issuer, before).await?,
        None => issuers(config.ports.issuer, &clock).await?,
    };
    if let Some(journal) = journal {
        issuers.server.keep_in(Arc::clone(journal));
        issuers.eks.keep_in(Arc::clone(journal));
        issuers.ci.keep_in(Arc::clone(journal));
    }
    let api = match config.story {
        Story::AccountAlone => None,
        Story::Healthy | Story::BeforeTheChange => Some(listen(config.ports.kubernetes).await?),
    };
    let control = listen(config.ports.control).await?;
    let hosts = Hosts::own([EKS_ISSUER_HOST, CI_ISSUER_HOST], issuers.server.address());
    for (host, port, address) in &places {
        hosts.put(host, *port, *address);
    }
    Ok(Ground { hold, clock, issuers, hosts, api, control })
}

async fn build(
    config: LabConfig,
    scenario: Option<&Scenario>,
    kept: Option<Arc<Kept>>,
    mut before: Option<&mut Before>,
) -> Result<(Lab, Idle), LabError> {
    let place = scenario.map_or_else(Place::story, Scenario::first);
    let journal = kept.as_ref().map(|kept| Arc::clone(&kept.journal));
    let Ground { hold, clock, issuers, hosts, api, control } =
        ground(&config, before.as_deref_mut(), journal.as_ref()).await?;
    let alone = config.story == Story::AccountAlone;
    let kubernetes = api.as_ref().map(address).transpose()?;
    let endpoint = kubernetes.map(|address| format!("https://{address}")).unwrap_or_default();
    let site = before.as_ref().map(|before| before.fixed.site.clone());
    let tls = api_tls(site.as_ref())?;
    let down = watch::Sender::new(false);
    let restored = before.as_mut().map(|before| &mut before.restored);
    let own = (endpoint, STANDARD.encode(&tls.ca_pem));
    let setup =
        account_setup(&config, &clock, &issuers, &hosts, (place.clone(), own), (restored, journal.clone())).await?;
    let account = AccountSide::start(setup, asked(&down))?;
    if let Some(site) = &site {
        account.move_clusters(&site.endpoint);
    }
    let plan = Plan {
        place: &place,
        aws: account.address(),
        account: &account,
        clock: &clock,
        issuer: &issuers.eks,
        tls,
        served: !alone,
        nodes: if alone { Vec::new() } else { nodes(NODES, REGION) },
        site: site.as_ref(),
        before: before.as_deref_mut(),
    };
    let parts = Parts::make(plan, kubernetes, &issuers.registered).await?;
    if let Some(journal) = journal.filter(|_| !alone) {
        parts.cluster.store().keep_in(journal, &place.cluster);
    }
    let addresses =
        Addresses { aws: account.address(), kubernetes, issuer: issuers.server.address(), control: address(&control)? };
    let begun = base(config.story);
    let applied = match &before {
        Some(before) => again::applied(&before.course, None)?,
        None => Applied::new(&again::based(begun, false, None), begun),
    };
    let renewals = before.as_ref().map_or_else(|| Hours::at(clock.now()).renewals, |before| before.hours.renewals);
    if let Some(kept) = &kept {
        kept.put("fixed", &fixed(&config, &addresses, scenario, &parts));
    }
    let given = Given {
        place,
        clock: clock.clone(),
        account,
        server: issuers.server,
        issuer: issuers.eks,
        authorities: issuers.authorities,
        registered: issuers.registered,
        world: applied,
        keeper: kept.as_ref().map(|kept| Keeper::new(kept, COURSE.to_owned())),
    };
    let story = parts.site(given, kubernetes);
    let course = before.as_ref().map_or_else(|| Course::at(Stand::at(begun)), |before| before.course.clone());
    story.keep_course(&course.now, course.towards.as_ref());
    let inner = Inner {
        addresses,
        renewals: Mutex::new(renewals),
        clock,
        hosts,
        standings: Standings::default(),
        story,
        ci_issuer: issuers.ci,
        scene: OnceLock::new(),
        down,
        hold,
        goes_on: before.is_some(),
        kept,
        config,
    };
    let lab = Lab { inner: Arc::new(inner) };
    lab.keep_hours(renewals);
    Ok((lab, Idle { parts, api, control }))
}

/// What never changes of a lab.
fn fixed(config: &LabConfig, addresses: &Addresses, scenario: Option<&Scenario>, parts: &Parts) -> Fixed {
    Fixed {
        story: config.story,
        trust_model: config.trust_model,
        ports: ports(addresses),
        scenario: scenario.map(Into::into),
        site: parts.fixed.clone(),
        hierarchies: HIERARCHIES.map(str::to_owned),
    }
}

/// The ports in use.
fn ports(addresses: &Addresses) -> Ports {
    Ports {
        aws: addresses.aws.port(),
        kubernetes: addresses.kubernetes.map_or(0, |address| address.port()),
        issuer: addresses.issuer.port(),
        control: addresses.control.port(),
    }
}

/// Sets everything in motion, in a new world or in the one that is there.
async fn run(
    lab: &Lab,
    idle: Idle,
    world: Option<&World>,
    scenario: Option<&Scenario>,
    mut before: Option<&mut Before>,
) -> Result<(), LabError> {
    let Idle { parts, api, control } = idle;
    let story = &lab.inner.story;
    match api {
        Some(api) => parts.admit(story, world, &lab.inner.down).await?.serve(api, &lab.inner.down),
        None => furnish(story, world).await?,
    }
    let token = random_token()?;
    control::State { address: address(&control)?, token: token.clone() }.write(lab.dir())?;
    tokio::spawn(control::serve(lab.clone(), control, token));
    if let Some(scenario) = scenario {
        scenario::begin(lab, scenario, before.as_deref_mut()).await?;
    }
    if before.is_some() {
        lab.go_on().await?;
    }
    lab.begin_keeping().await?;
    // What is there at the start everybody sees.
    let terms = &lab.inner.config.terms;
    for account in lab.accounts() {
        account.set_propagation(terms.propagation);
        for (service, rate) in &terms.rates {
            account.set_rate(service, Some(*rate));
        }
    }
    lab.write_files(lab.dir())?;
    lookout::watch(lab).await;
    if lab.has_cluster() {
        lab.rerun_job().await?;
    }
    Ok(())
}

async fn account_setup<'s>(
    config: &LabConfig,
    clock: &LabClock,
    issuers: &Issuers,
    hosts: &Hosts,
    (place, (endpoint, ca)): (Place, (String, String)),
    (before, journal): (Option<&'s mut Restored>, Option<Arc<Journal>>),
) -> Result<Setup<'s>, LabError> {
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
        before,
        journal,
    })
}
