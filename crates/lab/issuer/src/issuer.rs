//! One issuer: URL, signing keys, faults; mints tokens and answers for its documents.

use std::{
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trustwalk_lab_keep::{Batch, Journal, Restored, Snapshot};

use crate::{
    GithubJob, IssuerError, KubernetesSubject, SigningKey,
    documents::{DocumentFault, Faults, KeySetFault, eks_discovery},
};

/// A signed token. Its text is a secret and appears in no output.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedToken(String);

impl SignedToken {
    /// The compact JWT.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedToken(<redacted>)")
    }
}

struct State {
    /// The key that signs, once it is made.
    signing: Option<Arc<SigningKey>>,
    published: Vec<Arc<SigningKey>>,
    foreign: Option<Arc<SigningKey>>,
    faults: Faults,
}

/// Where issuers' keys are kept, by URL.
const KEYS: &str = "issuer/keys";

/// The keys of an issuer as they are kept. Secrets.
#[derive(Serialize, Deserialize)]
struct KeptKeys {
    /// Those that are published; the last one signs.
    published: Vec<String>,
    foreign: Option<String>,
}

/// An OIDC issuer. Cloning shares it.
#[derive(Clone)]
pub struct Issuer {
    url: Arc<str>,
    host: Arc<str>,
    state: Arc<RwLock<State>>,
    journal: Arc<OnceLock<Arc<Journal>>>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Which document a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    Discovery,
    Keys,
}

impl Document {
    /// Where it is, after the issuer's own path.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Discovery => "/.well-known/openid-configuration",
            Self::Keys => "/keys",
        }
    }
}

impl Issuer {
    /// An issuer at `url` (https, host, optional path, no trailing slash) signing
    /// with `key`.
    pub fn new(url: &str, key: SigningKey) -> Result<Self, IssuerError> {
        Self::with(url, Some(Arc::new(key)))
    }

    /// An issuer whose key is made when it is asked for: one takes a noticeable time, and a fleet has a thousand.
    pub fn unmade(url: &str) -> Result<Self, IssuerError> {
        Self::with(url, None)
    }

    /// Makes the key, if there is none.
    pub fn make(&self) -> Result<(), IssuerError> {
        self.signing().map(drop)
    }

    /// Whether there is a key.
    pub(crate) fn is_made(&self) -> bool {
        self.read(|state| state.signing.is_some())
    }

    fn signing(&self) -> Result<Arc<SigningKey>, IssuerError> {
        if let Some(key) = self.read(|state| state.signing.clone()) {
            return Ok(key);
        }
        let fresh = Arc::new(SigningKey::generate()?);
        self.write_keys(|state| {
            // Somebody else may have been faster.
            if state.signing.is_none() {
                state.signing = Some(Arc::clone(&fresh));
                state.published.push(fresh);
            }
        });
        self.read(|state| state.signing.clone()).ok_or(IssuerError::SigningKey)
    }

    fn with(url: &str, key: Option<Arc<SigningKey>>) -> Result<Self, IssuerError> {
        let rest = url.strip_prefix("https://").ok_or_else(|| IssuerError::Url(url.to_owned()))?;
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() {
            return Err(IssuerError::Url(url.to_owned()));
        }
        Ok(Self {
            url: url.into(),
            host: host.into(),
            state: Arc::new(RwLock::new(State {
                signing: key.clone(),
                published: key.into_iter().collect(),
                foreign: None,
                faults: Faults::default(),
            })),
            journal: Arc::default(),
        })
    }

    /// Another issuer, at `url`, that signs with this one's present key: making one takes a noticeable time.
    pub fn beside(&self, url: &str) -> Result<Self, IssuerError> {
        Self::with(url, Some(self.signing()?))
    }

    /// The issuer at `url` with the keys that were kept of it, if there are any.
    pub fn again(url: &str, kept: &mut Restored) -> Result<Option<Self>, IssuerError> {
        let Some(keys) = kept.take_one::<KeptKeys>(KEYS, url)? else { return Ok(None) };
        let all =
            keys.published.iter().map(|key| SigningKey::again(key).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        let signing = all.last().cloned();
        let foreign = keys.foreign.as_deref().map(SigningKey::again).transpose()?.map(Arc::new);
        let issuer = Self::with(url, signing.clone())?;
        issuer.write(|state| *state = State { signing, published: all, foreign, faults: Faults::default() });
        Ok(Some(issuer))
    }

    /// Has its keys kept whenever they change.
    pub fn keep_in(&self, journal: Arc<Journal>) {
        // One who keeps it already goes on.
        let _known = self.journal.set(journal);
    }

    /// Tells what is to be kept.
    pub fn tell(&self, snapshot: &mut Snapshot) {
        // A key that was never made is made by whoever asks first.
        if self.is_made()
            && let Ok(keys) = self.read(kept)
        {
            snapshot.put(KEYS, &self.url, &keys);
        }
    }

    /// Claims of a token that a published key has signed for this issuer, whenever that was.
    pub fn verify(&self, token: &str) -> Option<Value> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let (header, claims) = (read(header)?, read(claims)?);
        let kid = header.get("kid")?.as_str()?;
        let key = self.read(|state| state.published.iter().find(|key| key.kid() == kid).cloned())?;
        let genuine = header.get("alg")?.as_str()? == "RS256"
            && claims.get("iss")?.as_str()? == self.url()
            && key.signed(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?);
        genuine.then_some(claims)
    }

    /// The `iss` of its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Host name of the URL.
    pub fn host(&self) -> &str {
        &self.host
    }

    fn read<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        f(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes keys, and keeps them before anybody sees them.
    fn write_keys(&self, change: impl FnOnce(&mut State)) {
        self.write(|state| {
            change(state);
            if let (Some(journal), Ok(keys)) = (self.journal.get(), kept(state)) {
                let mut batch = Batch::default();
                batch.put(KEYS, &self.url, &keys);
                journal.keep(batch);
            }
        });
    }

    /// The faults in force.
    pub fn faults(&self) -> Faults {
        self.read(|state| state.faults.clone())
    }

    /// Changes the faults; takes effect with the next request.
    pub fn set_faults(&self, change: impl FnOnce(&mut Faults)) {
        self.write(|state| change(&mut state.faults));
    }

    /// Signs with a new key from now on; the old public key stays published, as
    /// EKS keeps it until the tokens it signed have expired.
    pub fn rotate_key(&self, key: SigningKey) {
        self.write_keys(|state| {
            let signing = Arc::new(key);
            state.signing = Some(Arc::clone(&signing));
            state.published.push(signing);
        });
    }

    /// Publishes the present key and the one before it alone: what older ones signed has ended.
    pub fn retire_keys(&self) {
        self.write_keys(|state| {
            let old = state.published.len().saturating_sub(2);
            state.published.drain(..old);
        });
    }

    /// The key a [`KeySetFault::Foreign`] key set shows instead of the real one.
    pub fn set_foreign_key(&self, key: SigningKey) {
        self.write_keys(|state| state.foreign = Some(Arc::new(key)));
    }

    /// The key set as served now.
    pub fn jwks(&self) -> Value {
        // Without randomness there is no key, and none is shown.
        let _made = self.make();
        self.read(|state| {
            let keys: Vec<Value> = match state.faults.key_set {
                KeySetFault::None => state.published.iter().map(|key| key.jwk()).collect(),
                KeySetFault::Empty => Vec::new(),
                KeySetFault::Unnamed => state.published.iter().map(|key| unnamed(key.jwk())).collect(),
                KeySetFault::Foreign => state.foreign.iter().map(|key| key.jwk()).collect(),
            };
            json!({"keys": keys})
        })
    }

    /// The `jwks_uri` as published now.
    pub fn jwks_uri(&self) -> String {
        self.read(|state| state.faults.jwks_uri.clone()).unwrap_or_else(|| format!("{}/keys", self.url))
    }

    /// The discovery document as served now.
    pub fn discovery(&self) -> Value {
        let issuer = self.read(|state| state.faults.issuer_member.clone());
        eks_discovery(issuer.as_deref().unwrap_or(&self.url), &self.jwks_uri())
    }

    /// Signs claims as they are, with Kubernetes' header (`alg`, `kid`, no `typ`).
    pub fn mint(&self, claims: &Value) -> Result<SignedToken, IssuerError> {
        let key = self.signing()?;
        key.sign(&json!({"alg": "RS256", "kid": key.kid()}), claims).map(SignedToken)
    }

    /// Signs claims under a header given in full, for tokens nobody should accept.
    pub fn mint_with_header(&self, header: &Value, claims: &Value) -> Result<SignedToken, IssuerError> {
        let key = self.signing()?;
        key.sign(header, claims).map(SignedToken)
    }

    /// A service-account token.
    pub fn mint_kubernetes(
        &self,
        subject: &KubernetesSubject,
        audiences: &[String],
        issued: Timestamp,
        expires: Timestamp,
    ) -> Result<SignedToken, IssuerError> {
        self.mint(&subject.claims(&self.url, audiences, issued, expires, &random_uuid()))
    }

    /// A GitHub Actions ID token.
    pub fn mint_github(
        &self,
        job: &GithubJob,
        audience: &str,
        issued: Timestamp,
        expires: Timestamp,
    ) -> Result<SignedToken, IssuerError> {
        let key = self.signing()?;
        let claims = job.claims(&self.url, audience, issued, expires, &random_uuid());
        key.sign(&json!({"typ": "JWT", "alg": "RS256", "kid": key.kid()}), &claims).map(SignedToken)
    }

    /// The fault of a document for this request; counts down [`DocumentFault::Flaky`].
    pub(crate) fn fault_now(&self, document: Document) -> DocumentFault {
        self.write(|state| {
            let fault = match document {
                Document::Discovery => &mut state.faults.discovery,
                Document::Keys => &mut state.faults.keys,
            };
            match fault {
                DocumentFault::Flaky(0) => DocumentFault::None,
                DocumentFault::Flaky(left) => {
                    *left -= 1;
                    DocumentFault::Status(503)
                }
                other @ (DocumentFault::None
                | DocumentFault::Status(_)
                | DocumentFault::Slow(_)
                | DocumentFault::Hang
                | DocumentFault::Huge
                | DocumentFault::InvalidJson
                | DocumentFault::Redirect(_)) => other.clone(),
            }
        })
    }
}

fn kept(state: &State) -> Result<KeptKeys, IssuerError> {
    let published = state.published.iter().map(|key| key.kept()).collect::<Result<_, _>>()?;
    Ok(KeptKeys { published, foreign: state.foreign.as_ref().map(|key| key.kept()).transpose()? })
}

/// A key as one publishes it who leaves out what RFC 7517 makes optional.
fn unnamed(mut jwk: Value) -> Value {
    if let Some(members) = jwk.as_object_mut() {
        members.retain(|name, _| !["kid", "alg"].contains(&name.as_str()));
    }
    jwk
}

/// A random version-4 UUID, as `jti` holds. Bytes stay zero if the system has no
/// randomness, which signing would already have reported.
fn random_uuid() -> String {
    let mut bytes = [0_u8; 16];
    SystemRandom::new().fill(&mut bytes).unwrap_or_default();
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf << 76)) | (0x4 << 76);
    let number = (number & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let mut uuid = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}
