//! Tokens as STS reads them: shape, key choice, signature, claims.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::outcome::AwsFault;

/// A token taken apart; not yet believed.
pub(crate) struct Jwt {
    header: Value,
    pub(crate) claims: Value,
    signed: String,
    signature: Vec<u8>,
}

/// Clock skew STS allows (IAM User Guide: five minutes).
const SKEW: i64 = 300;
/// Keys of one type in a set that STS reads (IAM User Guide, "Create an OIDC provider").
const KEYS_PER_TYPE: usize = 100;

fn not_a_jwt() -> AwsFault {
    AwsFault::token("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
}

/// "Couldn't retrieve verification key…", two spaces and all (reported verbatim).
pub(crate) fn keys_unavailable() -> AwsFault {
    AwsFault::token(
        "Couldn't retrieve verification key from your identity provider,  please reference \
         AssumeRoleWithWebIdentity documentation for requirements",
    )
}

/// Reported since 2026; before, the words were "Incorrect token audience".
fn not_validated() -> AwsFault {
    AwsFault::token(
        "The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation \
         for requirements.",
    )
}

impl Jwt {
    /// Takes a token apart.
    pub(crate) fn parse(token: &str) -> Result<Self, AwsFault> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else { return Err(not_a_jwt()) };
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| not_a_jwt());
        let json = |part: &str| {
            let value: Value = serde_json::from_slice(&bytes(part)?).map_err(|_| not_a_jwt())?;
            if value.is_object() { Ok(value) } else { Err(not_a_jwt()) }
        };
        let jwt = Self {
            header: json(header)?,
            claims: json(claims)?,
            signed: format!("{header}.{claims}"),
            signature: bytes(signature)?,
        };
        if jwt.header.get("crit").is_some() { Err(not_a_jwt()) } else { Ok(jwt) }
    }

    /// A claim as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.claims.get(name)? {
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Issuer, subject and audience must be there before anything is looked up.
    pub(crate) fn required(&self) -> Result<(), AwsFault> {
        for name in ["iss", "sub", "aud", "iat", "exp"] {
            // Of all claims that are null this one alone is too much for STS (reported).
            if name == "sub" && self.claims.get(name).is_some_and(Value::is_null) {
                return Err(AwsFault::new(500, "InternalFailure", "Unknown error validating third-party token"));
            }
            if self.claims.get(name).is_none_or(Value::is_null) {
                return Err(AwsFault::token(format!("Missing a required claim: {name}")));
            }
        }
        Ok(())
    }

    fn time(&self, name: &str) -> Result<Option<i64>, AwsFault> {
        let bad = || AwsFault::token("Invalid timestamp in token claims.");
        match self.claims.get(name) {
            None => Ok(None),
            Some(Value::Number(n)) => n.as_i64().map(Some).ok_or_else(bad),
            Some(Value::String(s)) => s.parse().map(Some).map_err(|_| bad()),
            Some(_) => Err(bad()),
        }
    }

    /// `exp`, `iat` and `nbf`, with five minutes' grace.
    pub(crate) fn check_times(&self, now: i64) -> Result<(), AwsFault> {
        if let Some(exp) = self.time("exp")?
            && now - SKEW >= exp
        {
            let text = format!(
                "Token expired: current date/time {} must be before the expiration date/time {exp}",
                now - SKEW
            );
            return Err(AwsFault::new(400, "ExpiredTokenException", text));
        }
        if let Some(iat) = self.time("iat")?
            && iat > now + SKEW
        {
            return Err(AwsFault::token(format!("Token issued in the future: {iat}")));
        }
        if let Some(nbf) = self.time("nbf")?
            && nbf > now + SKEW
        {
            let text = format!(
                "Token not yet valid: current date/time {} must be after or equal to the not-before date/time {nbf}",
                now + SKEW
            );
            return Err(AwsFault::token(text));
        }
        Ok(())
    }

    /// The audience that counts: `azp` when it is there, else the only `aud`.
    pub(crate) fn audience(&self) -> Result<String, AwsFault> {
        if let Some(azp) = self.text("azp") {
            return Ok(azp);
        }
        let all = crate::language::one_or_many(self.claims.get("aud"));
        match all.as_slice() {
            [one] if !one.is_empty() => Ok(one.clone()),
            [] | [_] => Err(AwsFault::token("Claim is not allowed to be empty: aud")),
            _ => Err(AwsFault::token(
                "Token audience contains more than one audience while authorized party is not present",
            )),
        }
    }

    /// The audience must be registered. `briefly` is the wording of before July 2026.
    pub(crate) fn check_audience(audience: &str, client_ids: &[String], briefly: bool) -> Result<(), AwsFault> {
        if client_ids.iter().any(|c| c == audience) {
            return Ok(());
        }
        Err(if briefly { AwsFault::token("Incorrect token audience") } else { not_validated() })
    }

    /// A token may be meant for some roles alone: claim `https://aws.amazon.com/roles`, a list, or a text with
    /// semicolons between ARNs, blanks around them. Says whether it is there; null is as if it were not (all
    /// of it reported).
    pub(crate) fn check_roles(&self, role_arn: &str) -> Result<bool, AwsFault> {
        let claim = self.claims.get("https://aws.amazon.com/roles").filter(|claim| !claim.is_null());
        let Some(claim) = claim else { return Ok(false) };
        let listed: Vec<&str> = match claim {
            Value::String(text) => text.split(';').collect(),
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(AwsFault::token("The roles claim is not in a supported format"));
            }
        };
        let plain = |arn: &&str| crate::validate::is_role_arn(arn) && !arn.contains(['*', '?']);
        let roles: Vec<&str> = listed.into_iter().map(str::trim).filter(plain).collect();
        if roles.is_empty() {
            return Err(AwsFault::token("The roles claim contains no valid role ARNs"));
        }
        if roles.contains(&role_arn) {
            return Ok(true);
        }
        Err(AwsFault::token("The target role ARN is not present in the roles claim of the identity token"))
    }

    /// The signature, by the key the header names.
    pub(crate) fn check_signature(&self, jwks: &Value) -> Result<(), AwsFault> {
        let unavailable = keys_unavailable;
        let all: Vec<&Value> = jwks.get("keys").and_then(Value::as_array).ok_or_else(unavailable)?.iter().collect();
        // "At most 100 RSA and 100 EC keys" (IAM User Guide, "Create an OIDC provider").
        let of = |kind: &str| all.iter().filter(|k| k.get("kty").and_then(Value::as_str) == Some(kind)).count();
        let alg = self.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        // Too many of one type stop the tokens of that type alone (reported).
        if of(if alg.starts_with("ES") { "EC" } else { "RSA" }) > KEYS_PER_TYPE {
            return Err(unavailable());
        }
        let keys: Vec<&Value> = all
            .into_iter()
            .filter(|k| k.get("use").and_then(Value::as_str) != Some("enc") && k.get("kid").is_some())
            .collect();
        let kid = self.header.get("kid").and_then(Value::as_str);
        let chosen = keys.iter().rev().find(|k| k.get("kid").and_then(Value::as_str) == kid);
        let key = match (chosen, keys.as_slice()) {
            (Some(k), _) => *k,
            (None, [only]) => *only,
            _ => return Err(unavailable()),
        };
        // A key with `key_ops` fails as a bad signature does (reported).
        let ok = key.get("key_ops").is_none() && verify(alg, key, self.signed.as_bytes(), &self.signature);
        if ok { Ok(()) } else { Err(not_validated()) }
    }
}

fn verify(alg: &str, key: &Value, signed: &[u8], sig: &[u8]) -> bool {
    let part = |name: &str| {
        key.get(name).and_then(Value::as_str).and_then(|t| URL_SAFE_NO_PAD.decode(t).ok()).unwrap_or_default()
    };
    let kind = key.get("kty").and_then(Value::as_str).unwrap_or_default();
    let rsa = |p: &'static signature::RsaParameters| {
        kind == "RSA" && signature::RsaPublicKeyComponents { n: part("n"), e: part("e") }.verify(p, signed, sig).is_ok()
    };
    let ec = |curve: &str, a: &'static dyn VerificationAlgorithm| {
        let point = [vec![4], part("x"), part("y")].concat();
        kind == "EC"
            && key.get("crv").and_then(Value::as_str) == Some(curve)
            && UnparsedPublicKey::new(a, point).verify(signed, sig).is_ok()
    };
    match alg {
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "ES256" => ec("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => ec("P-384", &signature::ECDSA_P384_SHA384_FIXED),
        "ES512" => ec("P-521", &signature::ECDSA_P521_SHA512_FIXED),
        _ => false,
    }
}
