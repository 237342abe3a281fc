//! The views of `thumbprint`: people, JSON, PEM, bare.

use serde_json::{Value, json};
use trustwalk_x509::{
    Assessment, Candidates, Certificate, Dials, Model, Need, Verdict, Why, needs_thumbprint, to_pem, tools,
};

use trustwalk_render::{Ink, Next, Page, Pen, Shown, ending, time};

use crate::style;

/// One host's chain with everything said about it.
#[derive(Debug)]
pub(crate) struct HostView {
    pub(crate) host: String,
    pub(crate) tls: Option<String>,
    pub(crate) tls13_only: Option<bool>,
    pub(crate) serves_issuer: bool,
    pub(crate) serves_keys: bool,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) candidates: Candidates,
    pub(crate) assessment: Assessment,
    pub(crate) library_name: String,
    pub(crate) model: Model,
    pub(crate) problems: Vec<String>,
}

/// What the account has to say.
#[derive(Debug)]
pub(crate) enum Account {
    /// A provider for the issuer.
    Registered { arn: String, thumbprints: Vec<String> },
    /// It was asked and has none.
    None { looked_for: String },
    /// It was not asked, or did not answer.
    NotRead { why: String },
}

impl Account {
    fn configured(&self) -> Option<&[String]> {
        match self {
            Self::Registered { thumbprints, .. } => Some(thumbprints),
            Self::None { .. } | Self::NotRead { .. } => None,
        }
    }
}

impl HostView {
    fn need(&self) -> Need {
        needs_thumbprint(self.model, Some(self.assessment.in_library), self.tls13_only, false)
    }

    fn root(&self) -> Option<String> {
        self.assessment.path.as_ref().map(|p| p.anchor.subject().to_string())
    }

    /// As it is called where no host was given.
    fn name(&self) -> &str {
        if self.host.is_empty() { "the chain" } else { &self.host }
    }

    /// Whether what it shows may be registered at all.
    pub(crate) fn may_be_registered(&self) -> bool {
        match self.assessment.verdict {
            Verdict::Verified | Verdict::VerifiedByBundle => true,
            Verdict::NotVerified | Verdict::Undetermined => false,
        }
    }

    /// What everybody is told of it who does not read the report.
    pub(crate) fn aside(&self) -> Option<String> {
        let name = self.name();
        match self.assessment.verdict {
            Verdict::Verified => None,
            Verdict::VerifiedByBundle => Some(format!(
                "{name} is verified by your bundle alone, to `{}`: no public root knows it",
                self.root().unwrap_or_default()
            )),
            Verdict::NotVerified => Some(format!("{name} does not verify: {}", self.assessment.words())),
            Verdict::Undetermined => {
                Some(format!("whether {name} verifies cannot be told: {}", self.assessment.words()))
            }
        }
    }

    fn serves(&self) -> &'static str {
        match (self.serves_issuer, self.serves_keys) {
            (true, true) => "discovery document and keys",
            (true, false) => "discovery document",
            (false, true) => "keys",
            (false, false) => "",
        }
    }
}

/// The thumbprints AWS wants, one per distinct host and value; of chains that verify only.
pub(crate) fn wanted(hosts: &[HostView]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for t in hosts.iter().filter_map(|h| h.assessment.to_register()) {
        let text = t.to_string();
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// The certificates as presented, each with what its chain is worth.
pub(crate) fn pem(hosts: &[HostView]) -> Shown {
    let mut out = style::pen().page();
    for h in hosts {
        let verdict = h.assessment.verdict.text();
        for c in &h.certificates {
            out.line(format_args!("# {} ({verdict}) {}", h.name(), c.subject()));
            out.block(&to_pem(c.der()), "");
        }
    }
    out.shown()
}

/// What each tool would take, by the host it dials.
fn by_tool(hosts: &[HostView]) -> Vec<(&'static str, &'static str, Vec<String>)> {
    tools()
        .iter()
        .map(|tool| {
            let host = match tool.dials {
                Dials::JwksUri => hosts.iter().find(|h| h.serves_keys),
                Dials::Issuer | Dials::Undocumented => hosts.iter().find(|h| h.serves_issuer),
                Dials::Nobody => hosts.first(),
            };
            let dials = match tool.dials {
                Dials::Issuer => "issuer's host",
                Dials::JwksUri => "keys' host",
                Dials::Undocumented => "not documented which",
                Dials::Nobody => "dials nobody",
            };
            let taken = host.map(|h| tool.thumbprints(&h.candidates)).unwrap_or_default();
            (tool.name, dials, taken.iter().map(ToString::to_string).collect())
        })
        .collect()
}

/// The machine's view.
pub(crate) fn json(hosts: &[HostView], account: &Account) -> Value {
    let configured = account.configured();
    let account = match account {
        Account::Registered { arn, .. } => json!({"state": "registered", "provider": arn}),
        Account::None { looked_for } => json!({"state": "none", "looked_for": looked_for}),
        Account::NotRead { why } => json!({"state": "not-read", "why": why}),
    };
    let host = |h: &HostView| {
        let certificates: Vec<Value> = h
            .certificates
            .iter()
            .enumerate()
            .map(|(position, c)| {
                json!({
                    "position": position, "subject": c.subject().to_string(), "issuer": c.issuer().to_string(),
                    "serial": c.serial(), "not_before": c.not_before(), "not_after": c.not_after(),
                    "sha1": c.sha1().to_string(), "sha256": c.sha256().to_string(),
                    "configured": configured.map(|all| all.iter().any(|t| *c.sha1() == **t)),
                })
            })
            .collect();
        json!({
            "host": h.host, "serves_discovery": h.serves_issuer, "serves_keys": h.serves_keys, "tls": h.tls,
            "tls13_only": h.tls13_only, "certificates": certificates, "candidates": h.candidates,
            "root": h.root(), "verifies_to_library": h.assessment.in_library, "library": h.library_name,
            "trusted_by_user": h.assessment.path.is_some(), "verdict": h.assessment.verdict,
            "reasons": h.assessment.doubts.iter()
                .map(|d| json!({"code": d.code(), "message": d.text()})).collect::<Vec<_>>(),
            "thumbprint": h.need(), "aws_takes": h.assessment.to_register(),
            "problems": h.problems,
        })
    };
    let tools: Vec<Value> = by_tool(hosts)
        .into_iter()
        .map(|(tool, dials, taken)| json!({"tool": tool, "dials": dials, "takes": taken}))
        .collect();
    json!({
        "schema": 1, "hosts": hosts.iter().map(host).collect::<Vec<_>>(), "aws_wants": wanted(hosts),
        "configured": configured, "account": account, "tools": tools,
    })
}

/// People's view.
pub(crate) fn human(hosts: &[HostView], account: &Account) -> Shown {
    let pen = style::pen();
    let configured = account.configured();
    let mut out = pen.page();
    for h in hosts {
        show_host(&mut out, h, configured, pen);
    }
    // Of a host that was not reached no tool takes anything.
    if hosts.iter().any(|h| !h.certificates.is_empty()) {
        tools_take(&mut out, hosts, pen);
    }
    out.line(pen.ink(Ink::Strong, "What the account has registered"));
    match account {
        Account::Registered { arn, thumbprints } => registered(&mut out, hosts, arn, thumbprints, pen),
        Account::None { looked_for } => {
            out.line(format_args!("  {} nothing: {looked_for} does not exist", pen.ink(Ink::Bad, "\u{d7}")));
        }
        Account::NotRead { why } => {
            out.line(format_args!("  not read: {why}"));
        }
    }
    out.gap();
    out.shown()
}

fn tools_take(out: &mut Page, hosts: &[HostView], pen: Pen) {
    out.line(pen.ink(Ink::Strong, "Which one each tool takes"));
    if let Some(h) = hosts.iter().find(|h| !h.may_be_registered()) {
        let warning = format!("none of these is to be registered: {}", verdict_words(h));
        out.line(format_args!("  {} {warning}", pen.ink(Ink::Bad, "\u{d7}")));
    }
    for (tool, dials, taken) in by_tool(hosts) {
        let taken = if taken.is_empty() { "nothing from this chain".to_owned() } else { taken.join(", ") };
        out.line(format_args!("  {tool:<28} {taken}  {}", pen.ink(Ink::Faint, dials)));
    }
    out.gap();
}

/// What AWS takes and the account has not registered, though it asks for it: every exchange is refused.
pub(crate) fn lacking(hosts: &[HostView], account: &Account) -> bool {
    let Some(registered) = account.configured() else { return false };
    let asked = hosts.iter().filter(|h| matches!(h.need(), Need::Consulted(_)));
    let mut wanted = asked.filter_map(|h| h.assessment.to_register());
    wanted.any(|t| !registered.iter().any(|have| *t == **have))
}

/// What it comes to: whether every chain verifies, what AWS takes of them, and whether that is registered.
pub(crate) fn verdict(hosts: &[HostView], account: &Account, failures: usize, look: Option<String>) -> Shown {
    let look = look.map(Next::command).unwrap_or_default();
    if let Some(bad) = hosts.iter().find(|h| h.assessment.verdict == Verdict::NotVerified) {
        return ending(Ink::Bad, "Not verified", &verdict_words(bad), &look, style::pen());
    }
    let unsure = hosts.iter().find(|h| !h.may_be_registered());
    if unsure.is_some() || failures > 0 || hosts.is_empty() {
        let text = unsure.map_or_else(|| "not every host could be read".to_owned(), verdict_words);
        return ending(Ink::Odd, "Undetermined", &text, &look, style::pen());
    }
    let wanted = wanted(hosts);
    let missing: Vec<&String> = match account {
        Account::Registered { thumbprints, .. } => {
            wanted.iter().filter(|t| !thumbprints.iter().any(|have| have.eq_ignore_ascii_case(t))).collect()
        }
        Account::None { .. } | Account::NotRead { .. } => Vec::new(),
    };
    let registered = match account {
        Account::Registered { .. } if missing.is_empty() => ", which is registered",
        Account::Registered { .. } => ", and not all of it is registered",
        Account::None { .. } => ", and no provider is registered for the issuer",
        Account::NotRead { .. } => "",
    };
    let consulted = hosts.iter().any(|h| matches!(h.need(), Need::Consulted(_)));
    let need = if consulted { "" } else { "; thumbprints are not consulted" };
    let text = format!("every chain verifies; AWS takes {}{registered}{need}", wanted.join(", "));
    if lacking(hosts, account) {
        let text = format!("{text}: STS refuses every exchange");
        return ending(Ink::Bad, "Not registered", &text, &look, style::pen());
    }
    let open = matches!(account, Account::None { .. });
    ending(Ink::Good, "Ok", &text, &if open { look } else { Next::default() }, style::pen())
}

/// Each registered thumbprint by what it is, then what is wanted and missing.
fn registered(out: &mut Page, hosts: &[HostView], arn: &str, thumbprints: &[String], pen: Pen) {
    out.line(format_args!("  {arn}"));
    if thumbprints.is_empty() {
        out.line("  no thumbprint");
    }
    for t in thumbprints {
        let owners: Vec<(&HostView, Vec<String>)> =
            hosts.iter().map(|h| (h, names_of(h, t))).filter(|(_, names)| !names.is_empty()).collect();
        let names: Vec<&str> = owners.iter().flat_map(|(_, names)| names).map(String::as_str).collect();
        let (mark, names) = if names.is_empty() {
            (pen.ink(Ink::Odd, "\u{203c}"), "no certificate that was presented".to_owned())
        } else if owners.iter().all(|(h, _)| h.may_be_registered()) {
            (pen.ink(Ink::Good, "\u{221a}"), names.join("; "))
        } else {
            (pen.ink(Ink::Odd, "\u{203c}"), format!("{}, of a chain that is not verified", names.join("; ")))
        };
        out.line(format_args!("  {mark} {t}  {names}"));
    }
    for t in wanted(hosts).into_iter().filter(|t| !thumbprints.iter().any(|have| have.eq_ignore_ascii_case(t))) {
        let consulted = hosts
            .iter()
            .any(|h| h.assessment.to_register().is_some_and(|c| *c == *t) && matches!(h.need(), Need::Consulted(_)));
        let (ink, words) = if consulted {
            (Ink::Bad, "is not among them")
        } else {
            (Ink::Faint, "is not among them, and not consulted")
        };
        out.line(format_args!("  {} {t}  AWS's choice {words}", pen.ink(ink, "\u{d7}")));
    }
}

/// Which readings of "the thumbprint" of a host a value is.
fn names_of(h: &HostView, thumbprint: &str) -> Vec<String> {
    let c = &h.candidates;
    let readings = [
        ("leaf", &c.leaf),
        ("last presented", &c.last_presented),
        ("top intermediate", &c.top_intermediate),
        ("below the root", &c.below_root),
        ("root", &c.built_root),
    ];
    let names: Vec<&str> =
        readings.iter().filter(|(_, t)| t.as_ref().is_some_and(|t| *t == *thumbprint)).map(|(name, _)| *name).collect();
    match (c.position_of(thumbprint), names.is_empty()) {
        (Some(position), true) => vec![format!("{} certificate {position}", h.host)],
        (None, true) => Vec::new(),
        (_, false) => vec![format!("{} {}", h.host, names.join(", "))],
    }
}

fn show_host(out: &mut Page, h: &HostView, configured: Option<&[String]>, pen: Pen) {
    let tls = h.tls.as_deref().unwrap_or("from a file");
    out.line(format_args!(
        "{}  {}",
        pen.ink(Ink::Strong, h.name()),
        pen.ink(Ink::Faint, format_args!("{} ({tls})", h.serves()))
    ));
    for (position, c) in h.certificates.iter().enumerate() {
        out.part(format_args!("  {position}  SHA-1 {}", c.sha1()));
        if h.assessment.to_register() == Some(c.sha1()) {
            out.part(format_args!("  {}", pen.ink(Ink::Good, "\u{25c4} AWS takes this one")));
        }
        if configured.is_some_and(|all| all.iter().any(|t| *c.sha1() == **t)) {
            out.part(format_args!("  {}", pen.ink(Ink::Good, "\u{25c4} configured")));
        }
        out.line("");
        out.line(format_args!("     SHA-256 {}", c.sha256()));
        out.line(format_args!("     subject {}", c.subject()));
        out.line(format_args!("     issuer  {}", c.issuer()));
        out.line(format_args!(
            "     serial {}, valid {} to {}",
            c.serial(),
            time::date(c.not_before()),
            time::date(c.not_after())
        ));
    }
    show_verdict(out, h, pen);
    if h.may_be_registered() {
        out.line(format_args!("  {}", need_words(h.need())));
    }
    for p in &h.problems {
        out.line(format_args!("  {} {p}", pen.ink(Ink::Odd, "\u{203c}")));
    }
    out.gap();
}

fn show_verdict(out: &mut Page, h: &HostView, pen: Pen) {
    let root = h.root().unwrap_or_default();
    match h.assessment.verdict {
        Verdict::Verified => out.line(format_args!("  verifies to {root} in {}", h.library_name)),
        Verdict::VerifiedByBundle => out.line(format_args!(
            "  {} verified by your bundle alone, to {root}; not by {}: if that authority inspects TLS, AWS sees \
             another chain",
            pen.ink(Ink::Odd, "\u{203c}"),
            h.library_name
        )),
        Verdict::NotVerified | Verdict::Undetermined => {
            let words = verdict_words(h);
            out.line(format_args!("  {} {words}: do not register any of it", pen.ink(Ink::Bad, "\u{d7}")));
            for doubt in &h.assessment.doubts {
                out.line(format_args!("    {}", doubt.text()));
            }
            return;
        }
    }
    out.line(format_args!("  {}", pen.ink(Ink::Faint, CHECKED)));
}

/// What a verdict rests on, and what it does not.
const CHECKED: &str = "checked: signatures, dates, name, uses; not checked: revocation, certificates not presented";

fn verdict_words(h: &HostView) -> String {
    let state = if h.assessment.verdict == Verdict::NotVerified { "not verified" } else { "not known to verify" };
    format!("{} is {state}", h.name())
}

fn need_words(need: Need) -> &'static str {
    match need {
        Need::Consulted(Why::OnlyThumbprints) => {
            "the thumbprint is consulted: this account's trust model asks for nothing else"
        }
        Need::Consulted(Why::NotInLibrary) => "the thumbprint is consulted: the chain ends at no root of AWS's library",
        Need::Consulted(Why::Tls13Only) => "the thumbprint is consulted: the host requires TLS 1.3",
        Need::Consulted(Why::NotRetrieved) => "the thumbprint is consulted: AWS cannot retrieve the certificate",
        Need::NotConsulted => {
            "the thumbprint is not consulted: AWS trusts the chain by its own library (since 2024-08-15)"
        }
        Need::Unknown => "whether the thumbprint is consulted is not known: the host's TLS versions could not be told",
    }
}
