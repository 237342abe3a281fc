//! What a token says about itself, for reports. INVARIANT: neither the token nor its signature
//! can be made from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::token::Token;

/// Other claims kept: GitHub sends some thirty.
pub const MAX_EXTRA_CLAIMS: usize = 100;
/// A longer claim is cut: a person reads names and references, not blobs.
const MAX_CLAIM_CHARS: usize = 512;

/// An object the API server bound the token to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[non_exhaustive]
pub struct ObjectRef {
    /// Its name.
    pub name: String,
    /// Its identity across re-creation.
    pub uid: Option<String>,
}

/// The claim `kubernetes.io` (Kubernetes, managing service accounts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[non_exhaustive]
pub struct KubernetesFacts {
    /// Namespace.
    pub namespace: Option<String>,
    /// Service account.
    pub serviceaccount: Option<ObjectRef>,
    /// Pod.
    pub pod: Option<ObjectRef>,
    /// Node, in newer versions.
    pub node: Option<ObjectRef>,
    /// Secret, for tokens bound to one.
    pub secret: Option<ObjectRef>,
    /// When an extended token should have been renewed, Unix seconds.
    pub warnafter: Option<i64>,
}

/// A token without its secret part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenFacts {
    /// Header `alg`.
    pub alg: String,
    /// Header `kid`.
    pub kid: Option<String>,
    /// Header `typ`.
    pub typ: Option<String>,
    /// `iss`.
    pub iss: Option<String>,
    /// `sub`.
    pub sub: Option<String>,
    /// `aud`, one or several.
    pub aud: Vec<String>,
    /// `azp`.
    pub azp: Option<String>,
    /// `exp`, Unix seconds.
    pub exp: Option<i64>,
    /// `iat`, Unix seconds.
    pub iat: Option<i64>,
    /// `nbf`, Unix seconds.
    pub nbf: Option<i64>,
    /// `amr`.
    pub amr: Vec<String>,
    /// The claim `kubernetes.io`.
    pub kubernetes: Option<KubernetesFacts>,
    /// Other claims, as text: GitHub's, `scope`, tags.
    pub extra: BTreeMap<String, String>,
    /// The token's length in bytes.
    pub length: usize,
}

impl TokenFacts {
    /// The facts of a token.
    pub fn of(token: &Token<'_>) -> Self {
        let (header, claims) = (token.header(), token.claims());
        let all = token.all_claims();
        let named = ["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "amr", "kubernetes.io"];
        Self {
            alg: header.alg.clone(),
            kid: header.kid.clone(),
            typ: header.typ.clone(),
            iss: claims.iss.value().map(str::to_owned),
            sub: claims.sub.value().map(str::to_owned),
            aud: claims.aud.values().to_vec(),
            azp: claims.azp.value().map(str::to_owned),
            exp: claims.exp.seconds(),
            iat: claims.iat.seconds(),
            nbf: claims.nbf.seconds(),
            amr: texts(all.get("amr")),
            kubernetes: all.get("kubernetes.io").and_then(Value::as_object).map(kubernetes),
            extra: all
                .iter()
                .filter(|(k, _)| !named.contains(&k.as_str()))
                .take(MAX_EXTRA_CLAIMS)
                .map(|(k, v)| (short(k), short(&plain(v))))
                .collect(),
            length: token.signed().len() + 1 + token.signature().len().saturating_mul(4).div_ceil(3),
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(s)) => vec![short(s)],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).take(MAX_EXTRA_CLAIMS).map(short).collect(),
        _ => Vec::new(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn short(text: &str) -> String {
    text.chars().take(MAX_CLAIM_CHARS).collect()
}

fn kubernetes(claim: &Map<String, Value>) -> KubernetesFacts {
    let object = |name: &str| {
        let o = claim.get(name)?.as_object()?;
        let text = |k: &str| o.get(k).and_then(Value::as_str).map(short);
        Some(ObjectRef { name: text("name")?, uid: text("uid") })
    };
    KubernetesFacts {
        namespace: claim.get("namespace").and_then(Value::as_str).map(short),
        serviceaccount: object("serviceaccount"),
        pod: object("pod"),
        node: object("node"),
        secret: object("secret"),
        warnafter: claim.get("warnafter").and_then(Value::as_i64),
    }
}
