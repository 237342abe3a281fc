//! `trustwalk thumbprint`: every certificate that somebody might mean, and the one AWS means.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::issuer::read_issuer;
use trustwalk_collect::proxy::Proxies;
use trustwalk_collect::tls::DialOptions;
use trustwalk_collect::tls::fleet::Trust;
use trustwalk_collect::{Ask, WalkOptions, World, collect};
use trustwalk_core::evidence::{Evidence, HostRole, Observed, Roots, Target, TrustModel};
use trustwalk_x509::{Candidates, Certificate, Host, Model, PresentedChain, Verdict, assess, parse_any};

use super::thumbprint_view::{self, Account, HostView};
use crate::args::{PlaceArgs, ThumbprintArgs, ThumbprintFormat};
use crate::exit::{Exit, UsageError};
use crate::style;
use trustwalk_render::Shown;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &ThumbprintArgs) -> anyhow::Result<Exit> {
    let format = args.format();
    let raw = matches!(format, ThumbprintFormat::Pem | ThumbprintFormat::Bare);
    if let Some(list) = &args.fleet {
        if raw {
            return Err(UsageError("--fleet writes one JSON line for each host, and nothing else".to_owned()).into());
        }
        return super::fleet::run(place, args, list).await;
    }
    let mut options = place.walk_options(None);
    options.no_exchange = true;
    let views = if let Some(path) = &args.from {
        from_file(path, args, &options)?
    } else {
        let url = args.url.as_deref().ok_or_else(|| UsageError("give an issuer's URL".to_owned()))?;
        super::diagnose::a_url(&issuer_url(url))?;
        // Neither certificates nor what AWS wants depend on what is registered.
        let evidence = if raw || args.no_account {
            Box::pin(without_account(&issuer_url(url), options)).await?
        } else {
            let world = World::new(options).await?;
            let evidence = collect(&world, &Ask::Issuer(issuer_url(url))).await?.evidence;
            evidence.into_iter().next().context("the issuer was not walked")?
        };
        from_evidence(&evidence)
    };
    let Views { hosts, account, failures } = views;
    for failure in &failures {
        style::complain(format_args!("trustwalk: {failure}"));
    }
    for aside in hosts.iter().filter_map(HostView::aside) {
        style::complain(format_args!("trustwalk: {aside}"));
    }
    match format {
        ThumbprintFormat::Pem => style::say(&thumbprint_view::pem(&hosts))?,
        ThumbprintFormat::Bare => bare(&hosts, failures.is_empty())?,
        ThumbprintFormat::Json | ThumbprintFormat::Yaml => {
            style::say(&style::document(&thumbprint_view::json(&hosts, &account))?)?;
        }
        ThumbprintFormat::Human => {
            let mut out = style::pen().page();
            out.append(thumbprint_view::human(&hosts, &account));
            let next =
                args.url.as_deref().map(|url| place.typed.again("diagnose", &Target::Issuer { url: issuer_url(url) }));
            out.append(thumbprint_view::verdict(&hosts, &account, failures.len(), next));
            style::page(&out.shown())?;
        }
    }
    let open = if failures.is_empty() && !hosts.is_empty() { Exit::Sound } else { Exit::Undetermined };
    let known = if !raw && thumbprint_view::lacking(&hosts, &account) { Exit::Findings } else { open };
    Ok(hosts.iter().map(|h| exit_of(h.assessment.verdict)).fold(known, Exit::max))
}

fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Verified | Verdict::VerifiedByBundle => Exit::Sound,
        Verdict::NotVerified => Exit::Findings,
        Verdict::Undetermined => Exit::Undetermined,
    }
}

/// All that is to be registered, or nothing: what is piped on must not be a part of it.
fn bare(hosts: &[HostView], complete: bool) -> std::io::Result<()> {
    if complete && hosts.iter().all(HostView::may_be_registered) {
        style::say(&Shown::block(&thumbprint_view::wanted(hosts).join("\n")))
    } else {
        style::complain(
            "trustwalk: no thumbprint is printed: none of this is to be registered before every chain verifies",
        );
        Ok(())
    }
}

struct Views {
    hosts: Vec<HostView>,
    account: Account,
    failures: Vec<String>,
}

/// The URL as an issuer: a bare host is one too.
fn issuer_url(text: &str) -> String {
    let text = text.trim_end_matches("/.well-known/openid-configuration");
    if text.contains("://") { text.to_owned() } else { format!("https://{text}") }
}

/// The host of an issuer's URL; empty where there is none.
fn host_of(url: &str) -> String {
    let endpoint = issuer_url(url).parse::<trustwalk_collect::tls::fleet::Endpoint>();
    endpoint.map(|e| e.host).unwrap_or_default()
}

/// What the issuer shows, without a word to any account.
async fn without_account(url: &str, options: WalkOptions) -> anyhow::Result<Evidence> {
    let mut evidence = Evidence::new(Target::Issuer { url: url.to_owned() }, options.now);
    evidence.trust_model = options.trust_model;
    evidence.roots = trustwalk_collect::roots::for_evidence(&options.roots)?.into();
    let dial = DialOptions {
        dialer: Dialer::new(options.connect_to).through(Proxies::from_environment()?),
        ..DialOptions::default()
    };
    let facts = read_issuer(&dial, url, options.now).await;
    evidence.discovery = facts.discovery;
    evidence.keys = facts.keys;
    evidence.chains = facts.chains;
    evidence.provider = Observed::NotCollected { reason: "--no-account was given".to_owned() }.into();
    Ok(evidence)
}

/// What the account registered for the issuer, or why that is not known.
fn account_of(evidence: &Evidence) -> Account {
    match &*evidence.provider {
        Observed::Known { value, .. } => {
            Account::Registered { arn: value.arn.clone(), thumbprints: value.thumbprints.clone() }
        }
        Observed::Absent { source } => Account::None { looked_for: source.what.clone() },
        Observed::NotCollected { reason } | Observed::Spared { reason } => {
            // That no account is known is the consequence of what kept the caller unknown.
            let gap = evidence.caller.gap().filter(|_| evidence.caller.source().is_some());
            Account::NotRead { why: gap.unwrap_or_else(|| reason.clone()) }
        }
        gap @ (Observed::Denied { .. } | Observed::Unreachable { .. }) => {
            Account::NotRead { why: gap.gap().unwrap_or_default() }
        }
    }
}

fn from_evidence(evidence: &Evidence) -> Views {
    let stores = Stores::new(&evidence.roots, evidence.trust_model, evidence.now);
    let mut hosts = Vec::new();
    let mut failures = Vec::new();
    for chain in evidence.chains.iter() {
        let Some(value) = chain.known() else {
            failures.push(chain.gap().unwrap_or_default());
            continue;
        };
        let ders = value.chain.iter().filter_map(|c| STANDARD.decode(c).ok());
        let certificates: Vec<Certificate> = ders.filter_map(|d| Certificate::from_der(&d).ok()).collect();
        if certificates.len() != value.chain.len() {
            failures.push(format!("{}: a certificate could not be read", value.host));
        }
        let mut view = stores.view(&value.host, certificates);
        view.tls = Some(value.tls.clone());
        view.tls13_only = value.tls13_only;
        view.serves_issuer = value.roles.contains(&HostRole::Issuer);
        view.serves_keys = value.roles.contains(&HostRole::Jwks);
        hosts.push(view);
    }
    let keys_known = hosts.iter().any(|h| h.serves_keys);
    if !keys_known && let Some(gap) = evidence.keys.gap() {
        failures.push(format!("the keys' host is not known: {gap}"));
    }
    Views { hosts, account: account_of(evidence), failures }
}

fn from_file(path: &std::path::Path, args: &ThumbprintArgs, options: &WalkOptions) -> anyhow::Result<Views> {
    let bytes = trustwalk_collect::read_bounded(path)?;
    let certificates = parse_any(&bytes).with_context(|| format!("`{}` holds no certificates", path.display()))?;
    let roots = trustwalk_collect::roots::for_evidence(&options.roots)?;
    let stores = Stores::new(&roots, options.trust_model, options.now);
    let host = args.url.as_deref().map(host_of).unwrap_or_default();
    let mut view = stores.view(&host, certificates);
    view.serves_issuer = true;
    view.serves_keys = true;
    let account = Account::NotRead { why: "the certificates come from a file".to_owned() };
    Ok(Views { hosts: vec![view], account, failures: Vec::new() })
}

/// Roots to judge by.
struct Stores {
    trust: Trust,
    library_name: String,
    model: Model,
    now: i64,
}

impl Stores {
    fn new(roots: &Roots, model: TrustModel, now: i64) -> Self {
        let model = match model {
            TrustModel::LibraryFirst => Model::LibraryFirst,
            TrustModel::ThumbprintOnly => Model::ThumbprintOnly,
        };
        Self { trust: Trust::new(roots, now), library_name: roots.library_name.clone(), model, now }
    }

    fn view(&self, name: &str, certificates: Vec<Certificate>) -> HostView {
        let host = Host::parse(name).ok();
        let judge = self.trust.judge();
        let assessment = assess(&certificates, host.as_ref(), &judge);
        let candidates = Candidates::new(&certificates, assessment.path.as_ref());
        let problems = PresentedChain::new(certificates.clone(), Some(judge.public))
            .problems(self.now, host.as_ref())
            .iter()
            .filter(|p| !p.is_harmless())
            .map(style::tagged)
            .collect();
        HostView {
            host: name.to_owned(),
            tls: None,
            tls13_only: None,
            serves_issuer: false,
            serves_keys: false,
            certificates,
            candidates,
            assessment,
            library_name: self.library_name.clone(),
            model: self.model,
            problems,
        }
    }
}
