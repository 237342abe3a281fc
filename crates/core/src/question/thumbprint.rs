//! Whether the registered thumbprints are consulted, whether they match, and whether the issuer's
//! certificates hold at all.

use std::ops::Deref;
use std::sync::Arc;

use crate::cause::Cause;
use crate::moment::date;
use trustwalk_foreign::{address, shell};
use trustwalk_symptoms::Symptom;
use trustwalk_x509::{
    Assessment, Candidates, Certificate, Doubt, Host, Judge, Model, Need, Verdict, Why, assess, interception,
    is_known_public, needs_thumbprint,
};

use super::facts::{bare, issuer, lacking, partition, role_account};
use super::refusals::Refusals;
use super::sts::Refusal;
use super::symptoms::find;
use super::{Draft, Judged};
use crate::evidence::{HostChain, LogFailure, Observed, Provider, Target, TrustModel, View};
use crate::finding::Confidence;
use crate::plan::{Action, ways};

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[Cause::ThumbprintMismatch, Cause::IssuerTlsCertificateInvalidForHost];

/// IAM stores at most five thumbprints (IAM API reference, `ThumbprintList`).
pub(crate) const MAX_THUMBPRINTS: usize = 5;

struct Seen<'a> {
    facts: &'a HostChain,
    look: Arc<Look>,
}

impl Deref for Seen<'_> {
    type Target = Look;

    fn deref(&self) -> &Look {
        &self.look
    }
}

/// What a presented chain comes to by itself, whoever's issuer it is of.
struct Look {
    certificates: Vec<Certificate>,
    candidates: Candidates,
    assessment: Assessment,
    problem: Option<String>,
    /// Whether the problem is one of time.
    timed: bool,
    product: Option<String>,
}

fn look(facts: &HostChain, chain: &[Certificate], judge: &Judge<'_>) -> Look {
    let host = Host::parse(&facts.host).ok();
    let assessment = assess(chain, host.as_ref(), judge);
    let product = interception(chain, None, None, false).map(|i| i.product.map_or(i.name, str::to_owned));
    // What fails whoever is trusted: the leaf's name and times. An unknown root alone is what thumbprints are for.
    let (mut timed, now) = (false, judge.now);
    let problem = chain.first().and_then(|leaf| {
        if host.as_ref().is_some_and(|h| !h.is_named_by(leaf)) {
            Some(format!("it names {}", leaf.hosts().join(", ")))
        } else if leaf.not_after() < now {
            timed = true;
            Some(format!("it expired on {}", date(leaf.not_after())))
        } else {
            timed = leaf.not_before() > now;
            timed.then(|| format!("it is not valid before {}", date(leaf.not_before())))
        }
    });
    let candidates = Candidates::new(chain, assessment.path.as_ref());
    Look { candidates, assessment, problem, timed, product, certificates: chain.to_vec() }
}

/// Every host whose certificates were seen.
fn seen<'a>(e: &View<'a>) -> Vec<Seen<'a>> {
    let now = e.now();
    let chains = || e.chains().iter().filter_map(Observed::known);
    let looks = e.judged_chains(|certificates, stores| {
        let judge = Judge { public: &stores.public, own: &stores.own, now };
        let each = chains().zip(certificates).map(|(facts, chain)| Arc::new(look(facts, chain, &judge)));
        each.collect::<Vec<_>>()
    });
    chains().zip(looks.iter()).map(|(facts, look)| Seen { facts, look: Arc::clone(look) }).collect()
}

/// The thumbprint that IAM would take by itself for a provider of the issuer.
pub(crate) fn thumbprints_to_be(e: &View<'_>) -> Vec<String> {
    seen(e).first().and_then(|host| host.candidates.for_iam().map(|t| t.as_str().to_owned())).into_iter().collect()
}

/// What a chain is worth to whoever decides which thumbprints are registered.
#[derive(Debug, Clone)]
pub(crate) struct Weighed {
    /// The host that it is for.
    pub(crate) host: String,
    /// The thumbprint that AWS takes of it.
    pub(crate) takes: Option<String>,
    /// Why it does not verify for its host; `None` when it does.
    pub(crate) doubt: Option<String>,
    /// Whether AWS compares thumbprints for it.
    pub(crate) consulted: bool,
    /// As presented, leaf first.
    pub(crate) certificates: Vec<Certificate>,
    /// The root of its path, where it verifies.
    pub(crate) root: Option<Certificate>,
}

impl Weighed {
    /// Whether one of its certificates has a thumbprint.
    pub(crate) fn has(&self, thumbprint: &str) -> bool {
        self.of(thumbprint).is_some()
    }

    /// The subject of its certificate that has a thumbprint.
    pub(crate) fn subject_of(&self, thumbprint: &str) -> Option<String> {
        self.of(thumbprint).map(|c| c.subject().to_string())
    }

    /// When its leaf expires, Unix seconds.
    pub(crate) fn expires(&self) -> Option<i64> {
        self.certificates.first().map(Certificate::not_after)
    }

    fn of(&self, thumbprint: &str) -> Option<&Certificate> {
        self.certificates.iter().find(|c| c.sha1().as_str().eq_ignore_ascii_case(thumbprint))
    }
}

/// What each chain that was read is worth.
pub(crate) fn weigh(e: &View<'_>) -> Vec<Weighed> {
    let worth = |host: &Seen<'_>| Weighed {
        host: host.facts.host.clone(),
        takes: host.candidates.for_iam().map(|t| t.as_str().to_owned()),
        doubt: host.assessment.to_register().is_none().then(|| match host.assessment.words() {
            words if words.is_empty() => "it holds no certificate".to_owned(),
            words => words,
        }),
        consulted: matches!(need(e, host), Need::Consulted(_)),
        certificates: host.certificates.clone(),
        root: host.assessment.path.as_ref().and_then(|p| p.root().cloned()),
    };
    seen(e).iter().map(worth).collect()
}

/// Why a thumbprint is not to be registered: no chain that was seen, and verifies for its host, has it.
pub(crate) fn unverified(e: &View<'_>, thumbprint: &str) -> Option<String> {
    let hosts = seen(e);
    let thumbprint = thumbprint.to_ascii_lowercase();
    let has = |h: &&Seen<'_>| h.candidates.position_of(&thumbprint).is_some();
    if hosts.iter().any(|h| has(&h) && h.assessment.to_register().is_some()) {
        return None;
    }
    Some(match hosts.iter().find(has) {
        Some(host) => format!("the chain that {} presents is {}", host.facts.host, host.assessment.words()),
        None => "no chain that was read has it".to_owned(),
    })
}

/// What the registered thumbprints are good for, in a few words: whether AWS looks at them, and whether they match.
pub(crate) fn standing(e: &View<'_>, provider: &Provider) -> Option<&'static str> {
    let hosts = seen(e);
    let consulted = hosts.iter().any(|h| matches!(need(e, h), Need::Consulted(_)));
    let known =
        |h: &Seen<'_>| provider.thumbprints.iter().any(|t| h.candidates.position_of(&t.to_ascii_lowercase()).is_some());
    let matching = hosts.iter().all(known);
    if hosts.is_empty() || provider.thumbprints.is_empty() {
        return None;
    }
    Some(match (consulted, matching) {
        (true, true) => "consulted, and found in what is presented",
        (true, false) => "consulted, and not found in what is presented",
        (false, true) => "not consulted: the public library knows the chain",
        (false, false) => "stale, and not consulted: the public library knows the chain",
    })
}

/// Judges certificates and thumbprints.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    if super::sts::succeeded(view) {
        return Judged::default();
    }
    if e.chains().is_empty() && find(view, &[Symptom::ThumbprintMismatch]).is_some() {
        return answered(view, &[], Vec::new());
    }
    if e.chains().is_empty() {
        return Judged::open("the certificates of the issuer: no host was asked");
    }
    let hosts = seen(e);
    let said = super::refusals::refusals(view);
    if let Some(judged) = invalid(e, &hosts, &said) {
        return judged;
    }
    let Some(provider) = e.provider().known() else {
        if e.provider().is_absent() {
            return Judged::none("no provider is registered");
        }
        let gap = lacking("the provider's thumbprints", e.provider());
        return if said.hold(Refusal::Thumbprint) { answered(view, &hosts, vec![gap]) } else { Judged::open(gap) };
    };
    let told = said.hold(Refusal::Thumbprint);
    let failed = hosts.len() < e.chains().len();
    let bad: Vec<&Seen<'_>> = hosts.iter().filter(|h| mismatched(e, h, provider, told)).collect();
    if !told && let Some(unseen) = bad.iter().find_map(|h| unseen(h)) {
        return Judged::open(unseen);
    }
    if !bad.is_empty() {
        return Judged::one(Cause::ThumbprintMismatch, mismatch(e, provider, &bad, told));
    }
    if told || failed {
        let gaps: Vec<String> =
            e.chains().iter().filter(|c| c.known().is_none()).map(|c| lacking("a host's certificates", c)).collect();
        if told && hosts.is_empty() {
            return answered(view, &hosts, gaps);
        }
        return Judged {
            missing: if gaps.is_empty() {
                vec![
                    "which certificate STS compared: every chain seen from here matches a registered thumbprint; \
                    run trustwalk from another network"
                        .to_owned(),
                ]
            } else {
                gaps
            },
            ..Judged::default()
        };
    }
    Judged::default()
}

/// What a chain leaves open that something between here and a public host made: AWS sees the host's own.
fn unseen(host: &Seen<'_>) -> Option<String> {
    let name = &host.facts.host;
    let made = host.product.is_some() || (is_known_public(name) && !host.assessment.in_library);
    made.then(|| {
        format!(
            "which certificates AWS sees of {name}: those seen from here are not its own ({}); run trustwalk from \
             a network without inspection",
            host.product.clone().unwrap_or_else(|| host.assessment.words())
        )
    })
}

/// STS refused an exchange by this check, and one side of what it compared was not read.
fn answered(view: &View<'_>, hosts: &[Seen<'_>], gaps: Vec<String>) -> Judged {
    let mut draft = match (find(view, &[Symptom::ThumbprintMismatch]), view.exchange().known()) {
        (Some(line), _) => told(view, line),
        (None, Some(x)) => {
            let words = [x.code.as_deref().unwrap_or_default(), x.message.as_deref().unwrap_or_default()].join(": ");
            compared(view).show("STS", words, x.endpoint.clone())
        }
        (None, None) => compared(view),
    };
    if let Some(provider) = view.provider().known() {
        draft = draft.show("registered thumbprints", provider.thumbprints.join(", "), provider.arn.clone());
    }
    let wanted = hosts.iter().find_map(|h| Some((h, h.candidates.for_iam()?)));
    if let Some((host, thumbprint)) = wanted {
        let origin = format!("{}:{}", host.facts.host, host.facts.port);
        draft = draft.show("presented, AWS's", thumbprint.as_str(), origin);
    }
    let unseen = hosts.is_empty() && view.provider().known().is_none() && !matches!(view.target(), Target::Log { .. });
    if unseen {
        draft.confidence = Confidence::Possible;
    }
    let mut judged = Judged::one(Cause::ThumbprintMismatch, draft);
    if unseen {
        judged.push(Cause::IssuerTlsCertificateInvalidForHost, unvouched(view));
    }
    judged.missing = gaps;
    judged
}

/// STS looks at thumbprints where no authority of its own vouches for the host, and nobody has seen what it presents.
fn unvouched(e: &View<'_>) -> Draft {
    let issuer = issuer(e).unwrap_or("ISSUER");
    let look = shell::line("trustwalk thumbprint {}", &[issuer]);
    let draft = Draft::new("the issuer's certificate may be of another host's name, or of no authority that AWS knows")
        .unsure(Confidence::Possible, format!("what the issuer presents: `{look}`"))
        .cure("see what the issuer presents", &[("trustwalk", look)]);
    match find(e, &[Symptom::ThumbprintMismatch]) {
        Some(line) => draft.hear(line),
        None => draft,
    }
}

/// The ARN of the provider: its own, else what the role's account and the issuer make of it.
fn provider_arn(e: &View<'_>) -> Option<String> {
    if let Some(provider) = e.provider().known() {
        return Some(provider.arn.clone());
    }
    let (account, issuer) = (role_account(e)?, bare(issuer(e)?));
    Some(format!("arn:{}:iam::{account}:oidc-provider/{issuer}", partition(e)))
}

/// STS says so itself; which thumbprints differ was not read.
fn told(e: &View<'_>, line: &LogFailure) -> Draft {
    compared(e).hear(line)
}

fn compared(e: &View<'_>) -> Draft {
    let issuer = issuer(e).unwrap_or("ISSUER");
    Draft::new("STS compared the issuer's certificate with the registered thumbprints, and none matched")
        .unsure(
            Confidence::Likely,
            format!(
                "compare the thumbprint that `{}` tells with the provider's ThumbprintList",
                shell::line("trustwalk thumbprint {}", &[issuer])
            ),
        )
        .cure(
            "add the thumbprint of the authority that signs now, keeping those that still match",
            &[
                (
                    "aws",
                    shell::line(
                        "aws iam get-open-id-connect-provider --open-id-connect-provider-arn {} --query ThumbprintList",
                        &[provider_arn(e).as_deref().unwrap_or("PROVIDER-ARN")],
                    ),
                ),
                ("trustwalk", shell::line("trustwalk diagnose --issuer {}", &[issuer])),
            ],
        )
}

/// A certificate that no system would take for this host.
fn invalid(e: &View<'_>, hosts: &[Seen<'_>], said: &Refusals) -> Option<Judged> {
    let contradicted = said.first().is_some_and(|s| s > Refusal::Keys);
    let host = hosts.iter().find(|h| h.problem.is_some() && h.assessment.path.is_none() && !contradicted)?;
    let problem = host.problem.clone().unwrap_or_default();
    let draft = Draft::new(format!("the certificate that {} presents cannot stand for it: {problem}", host.facts.host))
        .show("host", host.facts.host.clone(), "issuer")
        .show(
            "certificate names",
            host.certificates.first().map(|c| c.hosts().join(", ")).unwrap_or_default(),
            format!("{}:{} certificate 0", host.facts.host, host.facts.port),
        )
        .cure(
            "serve a valid certificate for the issuer's host name",
            &[(
                "note",
                address::show_certificates(&host.facts.host, host.facts.port).map_or_else(
                    || "the names in it must cover the host of the issuer's URL".to_owned(),
                    |command| format!("{command} shows what is served"),
                ),
            )],
        );
    let draft = if host.timed { draft.timed(e) } else { draft };
    Some(Judged::one(Cause::IssuerTlsCertificateInvalidForHost, draft))
}

fn need(e: &View<'_>, host: &Seen<'_>) -> Need {
    let model = match e.trust_model() {
        TrustModel::LibraryFirst => Model::LibraryFirst,
        TrustModel::ThumbprintOnly => Model::ThumbprintOnly,
    };
    needs_thumbprint(model, Some(host.assessment.in_library), host.facts.tls13_only, host.certificates.is_empty())
}

fn holds(provider: &Provider, thumbprint: &str) -> bool {
    provider.thumbprints.iter().any(|t| t.eq_ignore_ascii_case(thumbprint))
}

fn mismatched(e: &View<'_>, host: &Seen<'_>, provider: &Provider, told: bool) -> bool {
    let any = provider.thumbprints.iter().any(|t| host.candidates.position_of(&t.to_ascii_lowercase()).is_some());
    if told {
        // STS has spoken: what is not the authority's thumbprint did not help.
        return !host.candidates.for_iam().is_some_and(|t| holds(provider, t.as_str()));
    }
    matches!(need(e, host), Need::Consulted(_)) && !any
}

fn why(e: &View<'_>, host: &Seen<'_>, told: bool) -> String {
    match need(e, host) {
        Need::Consulted(Why::OnlyThumbprints) => "this system consults thumbprints alone".to_owned(),
        Need::Consulted(Why::NotInLibrary) => "its chain ends at no root of the public library, so the thumbprint \
            is consulted"
            .to_owned(),
        Need::Consulted(Why::Tls13Only) => "it speaks TLS 1.3 only, so the thumbprint is consulted".to_owned(),
        Need::Consulted(Why::NotRetrieved) => "its certificate could not be retrieved, so the thumbprint is \
            consulted"
            .to_owned(),
        Need::NotConsulted | Need::Unknown if told => "STS refused with the thumbprint error, so this system \
            consults thumbprints although the public library knows the chain"
            .to_owned(),
        Need::NotConsulted | Need::Unknown => "the thumbprint is not consulted".to_owned(),
    }
}

fn mismatch(e: &View<'_>, provider: &Provider, bad: &[&Seen<'_>], told: bool) -> Draft {
    let names: Vec<&str> = bad.iter().map(|h| h.facts.host.as_str()).collect();
    let registered = if provider.thumbprints.is_empty() { "none".to_owned() } else { provider.thumbprints.join(", ") };
    let served: Vec<String> =
        bad.iter().filter_map(|h| h.candidates.for_iam().map(|t| t.as_str().to_owned())).collect();
    let reasons = bad.first().map(|h| why(e, h, told)).unwrap_or_default();
    let mut draft = Draft::new(format!(
        "no thumbprint registered with {} matches the certificates {} presents ({registered} registered, {} \
         served); {reasons}",
        provider.arn,
        names.join(" and "),
        served.join(", ")
    ))
    .show("registered thumbprints", registered, format!("{} ThumbprintList", provider.arn));
    for host in bad {
        // IAM takes the top certificate presented (IAM User Guide, obtaining the thumbprint): it stands first, beside
        // what is registered.
        let ours = |thumbprint: &str| host.candidates.for_iam().is_some_and(|t| t.as_str() == thumbprint);
        let (first, rest): (Vec<_>, Vec<_>) =
            host.candidates.presented.iter().partition(|c| ours(c.thumbprint.as_str()));
        for c in first.into_iter().chain(rest) {
            let origin = format!(
                "{}:{} certificate {}, {}, valid until {}",
                host.facts.host,
                host.facts.port,
                c.position,
                c.subject,
                date(c.not_after)
            );
            let label = if ours(c.thumbprint.as_str()) { "presented, AWS's" } else { "presented" };
            draft = draft.show(label, c.thumbprint.as_str(), origin);
        }
    }
    repair(e, draft, provider, bad)
}

fn repair(e: &View<'_>, draft: Draft, provider: &Provider, bad: &[&Seen<'_>]) -> Draft {
    if let Some(host) = bad.iter().find(|h| h.assessment.to_register().is_none()) {
        let who = match (&host.product, host.assessment.doubts.iter().find(|d| !matches!(d, Doubt::Fails(_)))) {
            (Some(p), _) => format!("a product between here and the host ({p}) made this chain"),
            (None, Some(doubt)) => doubt.text(),
            (None, None) => "the chain verifies to no root you trust".to_owned(),
        };
        let note = if is_known_public(&host.facts.host) || host.product.is_some() {
            "run from a network without inspection"
        } else {
            "run from a network without inspection, or name the authority with --ca-bundle after checking its \
             fingerprint"
        };
        return draft.cure(format!("nothing is pinned: {who}"), &[("note", note.to_owned())]);
    }
    let list = new_list(e, provider, bad);
    let action = Action::SetThumbprints { provider_arn: provider.arn.clone(), thumbprints: list };
    let by_hand = ways(e, &action);
    let actions = vec![action];
    let by_bundle = bad.iter().find(|h| h.assessment.verdict == Verdict::VerifiedByBundle);
    let root = by_bundle.and_then(|h| h.assessment.path.as_ref()).map(|p| p.anchor.subject().to_string());
    let known = root.map(|r| format!(", verified by your bundle alone (`{r}`)")).unwrap_or_default();
    let title = format!("add the thumbprint of the authority that signs the issuer's certificate now{known}");
    draft.act(title, actions, &by_hand)
}

/// What is needed first, then what still matches something served, then the others, five at most.
fn new_list(e: &View<'_>, provider: &Provider, bad: &[&Seen<'_>]) -> Vec<String> {
    let needed = bad.iter().filter_map(|h| h.candidates.for_iam().map(|t| t.as_str().to_owned()));
    let served: Vec<String> = e.certificates().iter().flatten().map(|c| c.sha1().as_str().to_owned()).collect();
    let old: Vec<String> = provider.thumbprints.iter().map(|t| t.to_ascii_lowercase()).collect();
    let (live, retired): (Vec<String>, Vec<String>) = old.into_iter().partition(|t| served.contains(t));
    let mut list: Vec<String> = Vec::new();
    for t in needed.chain(live).chain(retired) {
        if !list.contains(&t) && list.len() < MAX_THUMBPRINTS {
            list.push(t);
        }
    }
    list
}
