//! Judges one text. Rows of wordings come first, then what needs more than a substring: network
//! errors, token files, refused actions.

use trustwalk_foreign::redact;

use std::borrow::Cow;

use crate::failure::Failure;
use crate::rules::{GENERIC, GENERIC_CODE, Row, SPECIFIC, SPECIFIC_CODES};
use crate::symptom::Symptom;
use crate::text::{extract, normal::Normal, normal::normalise};

/// A message is cut to this many bytes: enough for AWS's longest sentence and two ARNs.
const MAX_MESSAGE: usize = 700;
/// Bytes kept before the words that decided, so that the wrapper's first words show.
const MESSAGE_LEAD: usize = 240;
/// More text than this is not judged: no failure's words are longer, but lines can be.
const MAX_JUDGED: usize = 64 * 1024;

/// The most telling failure in a text: one line or several, plain, JSON, logrus, with container
/// runtime prefixes or colours. `None` if it tells of none.
pub fn classify(text: &str) -> Option<Failure> {
    classify_all(text).into_iter().next()
}

/// Every distinct failure in a text, most telling first.
pub fn classify_all(text: &str) -> Vec<Failure> {
    let cut = floor(text, MAX_JUDGED);
    // Before names are parted from values and lines are joined, and once more where both made another text.
    let raw = redact(text.get(..cut).unwrap_or_default());
    let Normal { text: plain, ts } = normalise(&raw);
    let plain = if plain == raw.trim_end() { Cow::Borrowed(plain.as_str()) } else { redact(&plain) };
    let lower = plain.to_ascii_lowercase();
    symptoms(&plain, &lower)
        .into_iter()
        .map(|(symptom, at)| {
            let mut failure = describe(symptom, at, &plain, &lower);
            failure.ts = ts.map(|t| t.to_string());
            failure
        })
        .collect()
}

/// The symptoms and where in the text the words of each begin.
fn symptoms(text: &str, lower: &str) -> Vec<(Symptom, usize)> {
    let mut out: Vec<(Symptom, usize)> = Vec::new();
    let mut add = |found: Option<(Symptom, usize)>| {
        if let Some((s, at)) = found
            && !out.iter().any(|(seen, _)| overshadows(*seen, s))
        {
            out.push((s, at));
        }
    };
    // A chain of providers tells why each of them, the default profile's too, had nothing.
    let chain = lower.contains("unable to load credentials from any of the providers")
        && lower.contains("for profile 'default'");
    for r in SPECIFIC {
        if !(chain && r.symptom == Symptom::ProfileMissing) {
            add(fits(r, lower));
        }
    }
    for (symptom, code) in SPECIFIC_CODES {
        add(answered(*symptom, code, lower));
    }
    add(token_file(lower));
    add(network(lower));
    add(refused_action(text, lower));
    if out.is_empty() {
        let coded = answered(GENERIC_CODE.0, GENERIC_CODE.1, lower);
        let worded = || GENERIC.iter().find_map(|r| fits(r, lower));
        return coded.or_else(worded).into_iter().collect();
    }
    out
}

/// Whether a symptom already found makes another, less exact one superfluous.
fn overshadows(seen: Symptom, new: Symptom) -> bool {
    use Symptom::{
        AccessDeniedAction, ClockSkew, DocumentsDenied, ExpiredSession, ExpiredToken, FederatedInvalid,
        MalformedPolicy, PodIdentityAccessDenied, PodIdentityAgentError, PodIdentityNoAssociation,
        PodIdentityTokenExpired, PodIdentityWrongAddress, SignatureMismatch, SignatureScope, TokenFileMissing,
        TokenFileUnreadable, WrongTokenFile,
    };
    seen == new
        || matches!(
            (seen, new),
            (ExpiredToken | PodIdentityTokenExpired, ExpiredSession)
                | (SignatureScope | ClockSkew, SignatureMismatch)
                | (FederatedInvalid, MalformedPolicy)
                | (DocumentsDenied | TokenFileUnreadable, AccessDeniedAction)
                | (WrongTokenFile, TokenFileMissing | TokenFileUnreadable)
                | (
                    PodIdentityTokenExpired
                        | PodIdentityNoAssociation
                        | PodIdentityAccessDenied
                        | PodIdentityWrongAddress,
                    PodIdentityAgentError | AccessDeniedAction
                )
        )
}

fn fits(r: &Row, lower: &str) -> Option<(Symptom, usize)> {
    let first = lower.find(r.parts.first()?)?;
    r.parts.iter().skip(1).all(|p| lower.contains(p)).then_some((r.symptom, first))
}

/// A code as an answer's, not in a list of codes, an import or a counter's name.
fn answered(symptom: Symptom, code: &str, lower: &str) -> Option<(Symptom, usize)> {
    let at = lower.match_indices(code).find_map(|(at, _)| {
        let after = lower.get(at + code.len()..)?;
        let after = after.strip_prefix("exception").unwrap_or(after);
        [": ", ")", "'", "\"", "</", "; ", " ("].iter().any(|end| after.starts_with(end)).then_some(at)
    })?;
    Some((symptom, at))
}

fn any(lower: &str, parts: &[&str]) -> bool {
    parts.iter().any(|p| lower.contains(p))
}

/// Trouble with the projected token's file.
fn token_file(lower: &str) -> Option<(Symptom, usize)> {
    let at = [
        "/serviceaccount/token",
        "eks-pod-identity-token",
        "webidentity token",
        "web identity token",
        "web_identity_token_file",
        "webidentitytokenfile",
    ]
    .iter()
    .find_map(|m| lower.find(m))?;
    if any(lower, &["permission denied", "eacces", "errno 13", "accessdeniedexception: /", "access to the path"]) {
        return Some((Symptom::TokenFileUnreadable, at));
    }
    any(
        lower,
        &[
            "no such file or directory",
            "enoent",
            "errno 2]",
            "nosuchfileexception",
            "cannot find the path",
            "could not find file",
            "does not exist",
        ],
    )
    .then_some((Symptom::TokenFileMissing, at))
}

/// A call to STS, the metadata service or the Pod Identity agent that got no answer.
fn network(lower: &str) -> Option<(Symptom, usize)> {
    let host = extract::host(lower);
    let web_identity =
        any(lower, &["assumerolewithwebidentity", "webidentityerr", "could not assume role with oidc", "web identity"]);
    // A proxy refuses tunnels to many hosts; only one to AWS is meant here.
    let aws = web_identity || host.is_some() || any(lower, &["aws", "boto", "credential"]);
    let refused = lower.contains("code for connect: 4")
        || lower.contains("proxyconnect tcp: ")
        || lower.contains("tunnel connection failed: 4")
        || lower.contains("failed to connect to proxy url")
        || lower.contains("unable to tunnel through proxy")
        // The words of https-proxy-agent, which the JavaScript SDK's users put before it.
        || lower.contains(") !== 200 when http tunneling")
        || (lower.contains("proxy tunnel request to proxy") && lower.contains("failed with status code"));
    if refused && aws {
        let at = lower.find("connect").unwrap_or(0);
        return Some((Symptom::StsProxyRefused, at));
    }
    let Some(cause) = unreachable_cause(lower) else {
        let sts = web_identity || host.as_deref().is_some_and(extract::is_sts_host);
        return sts.then(|| server_error(lower)).flatten();
    };
    let at = cause.1;
    match host.as_deref() {
        Some("169.254.170.23") => Some((Symptom::PodIdentityAgentUnreachable, at)),
        Some("169.254.169.254") => Some((Symptom::ImdsUnreachable, at)),
        Some("sts.amazonaws.com") if matches!(cause.0, Symptom::StsTimeout | Symptom::StsUnreachable) => {
            Some((Symptom::StsGlobalEndpoint, at))
        }
        Some(h) if extract::is_sts_host(h) => Some(cause),
        _ => web_identity.then_some(cause),
    }
}

/// STS answered, and with a failure of its own (STS API reference, common errors).
fn server_error(lower: &str) -> Option<(Symptom, usize)> {
    let words =
        ["serviceunavailable", "service unavailable", "internalfailure", "internal failure", "internal server error"];
    let named = words.iter().find_map(|w| lower.find(w));
    let at = named.or_else(|| extract::http_status(lower).filter(|s| *s >= 500).map(|_| 0))?;
    Some((Symptom::StsServerError, at))
}

fn unreachable_cause(lower: &str) -> Option<(Symptom, usize)> {
    const CAUSES: &[(Symptom, &[&str])] = &[
        (
            Symptom::StsDns,
            &[
                "no such host",
                "enotfound",
                "name or service not known",
                "temporary failure in name resolution",
                "unknownhostexception",
                "failed to resolve '",
                "failed to resolve \"",
                "failed to resolve: ",
                "failed to resolve host",
                "eai_again",
                "server misbehaving",
                "name resolution",
                "dns error",
                "nodename nor servname",
                // Go names the address once it has one: without, the time ran out while resolving (net.OpError).
                "dial tcp: i/o timeout",
                "dial tcp: lookup ",
            ],
        ),
        (
            Symptom::StsTlsUntrusted,
            &[
                "x509: certificate signed by unknown authority",
                "certificate_verify_failed",
                "certificate verify failed",
                "unable to get local issuer certificate",
                "self signed certificate",
                "self-signed certificate",
                "pkix path building failed",
                "unknownissuer",
                "x509: failed to load system roots",
                "invalid peer certificate",
                "sslhandshakeexception",
            ],
        ),
        (Symptom::StsRefused, &["connection refused", "econnrefused"]),
        (
            Symptom::StsTimeout,
            &[
                "i/o timeout",
                "etimedout",
                "timed out",
                "context deadline exceeded",
                "connect timeout",
                "read timeout",
                "then timeout",
                "client.timeout exceeded",
                "timeoutexception",
            ],
        ),
        (
            Symptom::StsUnreachable,
            &[
                "could not connect to the endpoint url",
                "network is unreachable",
                "no route to host",
                "enetunreach",
                "ehostunreach",
                "connection reset",
                "dispatch failure",
                "unable to execute http request",
                "request send failed",
            ],
        ),
    ];
    CAUSES.iter().find_map(|(s, words)| words.iter().find_map(|w| lower.find(w)).map(|at| (*s, at)))
}

/// `is not authorized to perform`, and what the caller's name says about it.
fn refused_action(text: &str, lower: &str) -> Option<(Symptom, usize)> {
    let at = [
        "is not authorized to perform",
        "unauthorizedoperation",
        "you are not authorized to perform",
        "accessdenied",
        "access denied",
    ]
    .iter()
    .find_map(|m| lower.find(m))?;
    if lower.contains("assumerolewithwebidentity") && !lower.contains("is not authorized to perform: ") {
        return None;
    }
    let action = extract::denied_action(text);
    if let Some(name) = extract::assumed_role(text) {
        let (role, session) = name.split_once('/').unwrap_or((name, ""));
        if action.as_deref() == Some("sts:AssumeRole") {
            let same = extract::role_arn(text).is_some_and(|r| r.rsplit('/').next() == Some(role));
            return Some((
                if same { Symptom::AssumeRoleSelf } else { node_or(session, Symptom::AssumeRoleDenied) },
                at,
            ));
        }
        return Some((node_or(session, Symptom::AccessDeniedAction), at));
    }
    let named =
        action.is_some() || lower.contains("unauthorizedoperation") || lower.contains("is not authorized to perform");
    let aws = any(lower, &["aws", "sts.", "sts:", "api error", "(accessdenied", "accessdenied: "]);
    (named || aws && lower.contains("accessdenied")).then_some((Symptom::AccessDeniedAction, at))
}

/// An instance's session is named by its id: `i-` and hexadecimal digits.
fn node_or(session: &str, other: Symptom) -> Symptom {
    let id = session.strip_prefix("i-").unwrap_or_default();
    let hex = id.len() >= 2 && id.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b'*' | b'x'));
    if hex { Symptom::NodeRoleUsed } else { other }
}

fn describe(symptom: Symptom, at: usize, text: &str, lower: &str) -> Failure {
    Failure {
        symptom,
        sts_code: extract::sts_code(text),
        message: message(text, at),
        detail: detail(symptom, text, lower),
        role_arn: extract::role_arn(text),
        issuer: extract::issuer(text),
        provider: extract::provider(text),
        audience: extract::audience(text),
        request_id: extract::request_id(text, lower),
        http_status: extract::http_status(lower),
        host: extract::host(text),
        denied_action: is_refusal(symptom).then(|| extract::denied_action(text)).flatten(),
        caller_arn: extract::caller_arn(text),
        sdk: extract::sdk(text),
        ts: None,
    }
}

fn is_refusal(symptom: Symptom) -> bool {
    matches!(
        symptom,
        Symptom::AccessDeniedAction
            | Symptom::NodeRoleUsed
            | Symptom::AssumeRoleDenied
            | Symptom::AssumeRoleSelf
            | Symptom::PodIdentityAccessDenied
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "few symptoms have a detail")]
fn detail(symptom: Symptom, text: &str, lower: &str) -> Option<String> {
    let word_after = |marker: &str| {
        let at = lower.find(marker)? + marker.len();
        let rest = text.get(at..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':')))
            .unwrap_or(rest.len());
        rest.get(..end).map(|w| w.trim_end_matches(['.', ':']).to_owned()).filter(|w| !w.is_empty())
    };
    match symptom {
        Symptom::MissingClaim => word_after("missing a required claim: "),
        Symptom::EmptyClaim => word_after("not allowed to be empty: "),
        Symptom::QuotaExceeded => word_after("cannot exceed quota for "),
        Symptom::TokenFileUnreadable | Symptom::TokenFileMissing => {
            let quoted = || text.find("'/").or_else(|| text.find("\"/")).map(|at| at + 1);
            let at = text.find("/var/run/secrets/").or_else(|| text.find("/run/secrets/")).or_else(quoted)?;
            let rest = text.get(at..)?;
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ':' | ')'))
                .unwrap_or(rest.len());
            rest.get(..end).map(str::to_owned)
        }
        _ => None,
    }
}

/// The words around `at`, on one line and of bounded length.
pub(crate) fn message(text: &str, at: usize) -> String {
    let start = floor(text, at.saturating_sub(MESSAGE_LEAD));
    let end = floor(text, start + MAX_MESSAGE);
    let window = text.get(start..end).unwrap_or_default();
    let mut out = String::with_capacity(window.len());
    for word in window.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
