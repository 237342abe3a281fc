//! The views of `thumbprint`: people, JSON, PEM, bare.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trustwalk_x509::{Candidates, Certificate, Dials, Model, Need, Why, needs_thumbprint, to_pem, tools};

use crate::style::{Ink, Pen, harmless};
use crate::time;

/// One host's chain with everything said about it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate answer that the report prints")]
pub(crate) struct HostView {
    pub(crate) host: String,
    pub(crate) tls: Option<String>,
    pub(crate) tls13_only: Option<bool>,
    pub(crate) serves_issuer: bool,
    pub(crate) serves_keys: bool,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) candidates: Candidates,
    pub(crate) root: Option<String>,
    pub(crate) in_library: bool,
    pub(crate) library_name: String,
    pub(crate) trusted: bool,
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
        needs_thumbprint(self.model, Some(self.in_library), self.tls13_only, false)
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

/// The thumbprints AWS wants, one per distinct host and value.
pub(crate) fn wanted(hosts: &[HostView]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for t in hosts.iter().filter_map(|h| h.candidates.for_iam()) {
        let text = t.to_string();
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// The certificates as presented.
pub(crate) fn pem(hosts: &[HostView]) -> String {
    hosts
        .iter()
        .flat_map(|h| {
            h.certificates
                .iter()
                .map(|c| format!("# {} {}\n{}", h.host, harmless(&c.subject().to_string()), to_pem(c.der())))
        })
        .collect()
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
            "root": h.root, "verifies_to_library": h.in_library, "library": h.library_name,
            "trusted_by_user": h.trusted, "thumbprint": h.need(), "aws_takes": h.candidates.for_iam().map(ToString::to_string),
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
pub(crate) fn human(hosts: &[HostView], account: &Account) -> String {
    let pen = Pen::stdout();
    let configured = account.configured();
    let mut out = String::new();
    for h in hosts {
        show_host(&mut out, h, configured, pen);
    }
    let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "Which one each tool takes"));
    for (tool, dials, taken) in by_tool(hosts) {
        let taken = if taken.is_empty() { "nothing from this chain".to_owned() } else { taken.join(", ") };
        let _ = writeln!(out, "  {tool:<29}{taken}  {}", pen.ink(Ink::Faint, dials));
    }
    let _ = writeln!(out);
    let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "What the account has registered"));
    match account {
        Account::Registered { arn, thumbprints } => registered(&mut out, hosts, arn, thumbprints, pen),
        Account::None { looked_for } => {
            let _ = writeln!(out, "  {} nothing: {} does not exist", pen.ink(Ink::Bad, "\u{d7}"), harmless(looked_for));
        }
        Account::NotRead { why } => {
            let _ = writeln!(out, "  not read: {}", harmless(why));
        }
    }
    out
}

/// Each registered thumbprint by what it is, then what is wanted and missing.
fn registered(out: &mut String, hosts: &[HostView], arn: &str, thumbprints: &[String], pen: Pen) {
    let _ = writeln!(out, "  {}", harmless(arn));
    if thumbprints.is_empty() {
        let _ = writeln!(out, "  no thumbprint");
    }
    for t in thumbprints {
        let names: Vec<String> = hosts.iter().flat_map(|h| names_of(h, t)).collect();
        let (mark, names) = if names.is_empty() {
            (pen.ink(Ink::Odd, "\u{203c}"), "no certificate that was presented".to_owned())
        } else {
            (pen.ink(Ink::Good, "\u{221a}"), names.join("; "))
        };
        let _ = writeln!(out, "  {mark} {}  {names}", harmless(t));
    }
    for t in wanted(hosts).into_iter().filter(|t| !thumbprints.iter().any(|have| have.eq_ignore_ascii_case(t))) {
        let consulted = hosts
            .iter()
            .any(|h| h.candidates.for_iam().is_some_and(|c| *c == *t) && matches!(h.need(), Need::Consulted(_)));
        let (ink, words) = if consulted {
            (Ink::Bad, "is not among them")
        } else {
            (Ink::Faint, "is not among them, and not consulted")
        };
        let _ = writeln!(out, "  {} {t}  AWS's choice {words}", pen.ink(ink, "\u{d7}"));
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

fn show_host(out: &mut String, h: &HostView, configured: Option<&[String]>, pen: Pen) {
    let tls = h.tls.as_deref().unwrap_or("from a file");
    let _ =
        writeln!(out, "{}  {}", pen.ink(Ink::Strong, &h.host), pen.ink(Ink::Faint, &format!("{} ({tls})", h.serves())));
    for (position, c) in h.certificates.iter().enumerate() {
        let mut marks = Vec::new();
        if h.candidates.for_iam() == Some(c.sha1()) {
            marks.push(pen.ink(Ink::Good, "\u{25c4} AWS takes this one"));
        }
        if configured.is_some_and(|all| all.iter().any(|t| *c.sha1() == **t)) {
            marks.push(pen.ink(Ink::Good, "\u{25c4} configured"));
        }
        let _ = writeln!(out, "  {position}  SHA-1 {}  {}", c.sha1(), marks.join(" "));
        let _ = writeln!(out, "     SHA-256 {}", c.sha256());
        let _ = writeln!(out, "     subject {}", harmless(&c.subject().to_string()));
        let _ = writeln!(out, "     issuer  {}", harmless(&c.issuer().to_string()));
        let _ = writeln!(
            out,
            "     serial {}, valid {} to {}",
            c.serial(),
            time::date(c.not_before()),
            time::date(c.not_after())
        );
    }
    match (&h.root, h.in_library) {
        (Some(root), true) => {
            let _ = writeln!(out, "  verifies to {} in {}", harmless(root), h.library_name);
        }
        (Some(root), false) => {
            let _ = writeln!(out, "  verifies to {}, which you trust; not to {}", harmless(root), h.library_name);
        }
        (None, _) => {
            let _ = writeln!(out, "  {} verifies to no root you trust: do not pin it", pen.ink(Ink::Bad, "\u{d7}"));
        }
    }
    let _ = writeln!(out, "  {}", need_words(h.need()));
    for p in &h.problems {
        let _ = writeln!(out, "  {} {}", pen.ink(Ink::Odd, "\u{203c}"), harmless(p));
    }
    let _ = writeln!(out);
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
