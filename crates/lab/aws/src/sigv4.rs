//! Verifying Signature Version 4, header form (AWS General Reference, "Signing AWS API requests").

use aws_lc_rs::{digest, hmac};
use http::HeaderMap;
use jiff::Timestamp;

use crate::account::Account;
use crate::origin::Origin;
use crate::outcome::{AwsFault, TIME_OFF};
use crate::query::{decode, encode};
use crate::state::Principal;

/// A signature older or newer than this is refused (AWS: five minutes; signing clients drift).
const SKEW_SECONDS: i64 = 15 * 60;

/// Who signed, and for which service.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) service: String,
    /// Access key id.
    pub(crate) key: String,
    pub(crate) origin: Origin,
}

/// A request as it was signed.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// The service of a request's credential scope, without verifying anything.
pub(crate) fn scope_service(headers: &HeaderMap) -> Option<String> {
    let parts = Authorization::parse(headers)?;
    Some(parts.scope.get(2)?.clone())
}

/// The access key id a request names, without verifying anything.
pub(crate) fn access_key(headers: &HeaderMap) -> Option<String> {
    Some(Authorization::parse(headers)?.key)
}

struct Authorization {
    key: String,
    scope: Vec<String>,
    signed: Vec<String>,
    signature: String,
}

impl Authorization {
    fn parse(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("authorization")?.to_str().ok()?;
        let rest = text.strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            rest.split(',')
                .map(str::trim)
                .find_map(|p| p.strip_prefix(name))
                .map(|v| v.trim_start_matches('=').to_owned())
        };
        let credential = field("Credential")?;
        let mut scope = credential.split('/').map(str::to_owned);
        let key = scope.next()?;
        Some(Self {
            key,
            scope: scope.collect(),
            signed: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature")?,
        })
    }
}

/// Verifies a request's signature.
pub(crate) fn verify(account: &Account, request: &Signed<'_>) -> Result<Caller, AwsFault> {
    let missing = || AwsFault::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    let auth = Authorization::parse(request.headers).ok_or_else(missing)?;
    let [date, region, service, end] = auth.scope.as_slice() else { return Err(missing()) };
    let invalid =
        || AwsFault::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let (keys, principal) = account.state().keys.get(&auth.key).cloned().ok_or_else(invalid)?;
    // Sessions end with their role (IAM User Guide, "Delete roles or instance profiles"); in which words is reported.
    if matches!(&principal, Principal::Session(session) if !account.lives(session)) {
        return Err(invalid());
    }
    let header = |name: &str| request.headers.get(name).and_then(|v| v.to_str().ok());
    if keys.session_token.as_deref() != header("x-amz-security-token") {
        return Err(invalid());
    }
    let stamp = header("x-amz-date").ok_or_else(missing)?;
    check_time(account, keys.expires, stamp)?;
    let canonical = canonical(request, &auth.signed);
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{stamp}\n{date}/{region}/{service}/{end}\n{}", sha256(canonical.as_bytes()));
    let key = [date, region, service, end]
        .iter()
        .fold(format!("AWS4{}", keys.secret_access_key).into_bytes(), |key, part| mac(&key, part));
    if hex(&mac(&key, &to_sign)) != auth.signature {
        return Err(AwsFault::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    Ok(Caller { principal, service: service.clone(), key: auth.key, origin: Origin::of(request.headers) })
}

/// A presigned URL (AWS General Reference, "Signing AWS API requests", "Query string").
pub(crate) struct Presigned<'a> {
    pub(crate) url: &'a str,
    /// Headers that have to be signed, with the values that they have to have.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// Longest that it counts, seconds, whatever it says itself.
    pub(crate) longest: i64,
}

/// What the query of a presigned URL says of its signature.
pub(crate) struct Query {
    pub(crate) key: String,
    scope: String,
    signed: Vec<String>,
    token: Option<String>,
    stamp: String,
    life: i64,
    signature: String,
}

/// Takes the query of a presigned URL apart, without verifying anything.
pub(crate) fn presigned(query: &str) -> Option<Query> {
    let all = crate::query::Parameters::parse(query);
    let text = |name: &str| all.get(name).map(str::to_owned);
    if all.get("X-Amz-Algorithm") != Some("AWS4-HMAC-SHA256") || all.get("Action") != Some("GetCallerIdentity") {
        return None;
    }
    let credential = text("X-Amz-Credential")?;
    let (key, scope) = credential.split_once('/')?;
    Some(Query {
        key: key.to_owned(),
        scope: scope.to_owned(),
        signed: text("X-Amz-SignedHeaders")?.split(';').map(str::to_owned).collect(),
        token: text("X-Amz-Security-Token"),
        stamp: text("X-Amz-Date")?,
        life: text("X-Amz-Expires")?.parse().ok()?,
        signature: text("X-Amz-Signature")?,
    })
}

impl Presigned<'_> {
    /// Who signed it, if it is signed soundly, for STS, and not too long ago.
    pub(crate) fn verify(&self, account: &Account) -> Option<Caller> {
        let (place, query) = self.url.split_once('?')?;
        let (host, path) = place.split_once("://")?.1.split_once('/').unwrap_or((place.split_once("://")?.1, ""));
        let said = presigned(query)?;
        let (keys, principal) = account.state().keys.get(&said.key).cloned()?;
        let alive = !matches!(&principal, Principal::Session(session) if !account.lives(session));
        if keys.session_token != said.token || !alive || keys.expires.is_some_and(|end| end <= account.now()) {
            return None;
        }
        let text = said.stamp.replace('Z', "+0000");
        let at = jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", &text).and_then(|t| t.to_timestamp()).ok()?;
        let age = Timestamp::now().as_second() - at.as_second();
        // Tokens say a minute and are good for fifteen: the authenticator goes by the date alone.
        if age > self.longest.max(said.life) || age > self.longest || age < -SKEW_SECONDS {
            return None;
        }
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().ok()?);
        for (name, value) in self.headers {
            if !said.signed.iter().any(|signed| signed == name) {
                return None;
            }
            headers.insert(http::HeaderName::from_bytes(name.as_bytes()).ok()?, value.parse().ok()?);
        }
        let unsigned: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
        let (path, query) = (format!("/{path}"), unsigned.join("&"));
        let request = Signed { method: "GET", path: &path, query: &query, headers: &headers, body: b"" };
        let canonical = canonical(&request, &said.signed);
        let parts: Vec<&str> = said.scope.split('/').collect();
        let [date, region, "sts", end] = parts.as_slice() else { return None };
        let digest = sha256(canonical.as_bytes());
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{digest}", said.stamp, said.scope);
        let start = format!("AWS4{}", keys.secret_access_key).into_bytes();
        let key = [*date, *region, "sts", *end].iter().fold(start, |key, part| mac(&key, part));
        let caller = Caller { principal, service: "sts".to_owned(), key: said.key, origin: Origin::of(&headers) };
        (hex(&mac(&key, &to_sign)) == said.signature).then_some(caller)
    }
}

/// A signature's time that is too far from the account's.
fn check_time(account: &Account, expires: Option<Timestamp>, stamp: &str) -> Result<(), AwsFault> {
    let now = account.now();
    if expires.is_some_and(|e| e <= now) {
        return Err(AwsFault::new(403, "ExpiredToken", "The security token included in the request is expired"));
    }
    let signed = jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", stamp.to_string().replace('Z', "+0000"))
        .and_then(|t| t.to_timestamp())
        .map_err(|_| {
            AwsFault::new(
                400,
                "IncompleteSignature",
                format!("Date must be in ISO-8601 'basic format'. Got '{stamp}'."),
            )
        })?;
    // The wall clock or the lab's: clients sign by theirs, and the lab's own nodes by its.
    let off = |at: &Timestamp| at.as_second() - signed.as_second();
    let nearer = [now, Timestamp::now()].into_iter().min_by_key(|at| off(at).abs()).unwrap_or(now);
    let age = off(&nearer);
    if age.abs() <= SKEW_SECONDS {
        return Ok(());
    }
    let told = |by: i64| {
        let at = Timestamp::from_second(nearer.as_second() + by).unwrap_or(nearer);
        at.strftime("%Y%m%dT%H%M%SZ").to_string()
    };
    // In which words AWS tells it is reported.
    let words = if age > 0 {
        format!("Signature expired: {stamp} is now earlier than {} ({} - 15 min.)", told(-SKEW_SECONDS), told(0))
    } else {
        format!("Signature not yet current: {stamp} is still later than {} ({} + 15 min.)", told(SKEW_SECONDS), told(0))
    };
    // Each service has a code and words of its own for it (`AwsFault::worded_by`).
    Err(AwsFault::new(403, TIME_OFF, words))
}

fn canonical(request: &Signed<'_>, signed: &[String]) -> String {
    // The path's own escapes are escaped once more for every service but S3.
    let path = encode(request.path, true);
    let mut pairs: Vec<(String, String)> = request
        .query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| p.split_once('=').unwrap_or((p, "")))
        .map(|(k, v)| (encode(&decode(k), false), encode(&decode(v), false)))
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let headers: Vec<String> = signed
        .iter()
        .map(|name| {
            let values: Vec<String> = request
                .headers
                .get_all(name.as_str())
                .iter()
                .filter_map(|v| v.to_str().ok())
                .map(|v| v.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            format!("{name}:{}\n", values.join(","))
        })
        .collect();
    let given = request.headers.get("x-amz-content-sha256").and_then(|v| v.to_str().ok());
    let payload = if given == Some("UNSIGNED-PAYLOAD") { "UNSIGNED-PAYLOAD".to_owned() } else { sha256(request.body) };
    format!("{}\n{path}\n{}\n{}\n{}\n{payload}", request.method, query.join("&"), headers.concat(), signed.join(";"))
}
