//! A token's claims as condition keys.

use crate::claim_keys::claim_becomes_key;
use crate::context::Context;
use crate::tags::{SOURCE_IDENTITY_CLAIM, SessionTags};
use serde_json::{Map, Value};

/// A token's claims together with the provider that IAM takes them under.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The provider's ARN in the role's account, or a built-in provider's name.
    pub provider_arn: String,
    /// The issuer without scheme, as it stands in the ARN and before the colon of keys.
    pub issuer_path: String,
    /// The token's claims.
    pub claims: Map<String, Value>,
    /// Whether the token has further claims that nobody knows: those that IAM makes keys of are then unknown.
    pub partial: bool,
}

impl Identity {
    /// An identity under a provider, without claims. The issuer path is what follows
    /// `oidc-provider/` in the ARN (DOC: IAM User Guide, "IAM identifiers"), or the name itself.
    pub fn new(provider_arn: impl Into<String>) -> Self {
        let provider_arn = provider_arn.into();
        let issuer_path = issuer_path(&provider_arn).unwrap_or(&provider_arn).to_owned();
        Self { provider_arn, issuer_path, claims: Map::new(), partial: false }
    }

    /// Adds a claim, replacing one of that name.
    #[must_use]
    pub fn with_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Replaces all claims.
    #[must_use]
    pub fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self
    }

    /// Says that only these claims are known, and that the token may have others.
    #[must_use]
    pub fn partly_known(mut self) -> Self {
        self.partial = true;
        self
    }

    /// The session tags that the token carries; nothing when it carries none.
    pub fn tags(&self) -> Option<SessionTags> {
        SessionTags::of(&self.claims)
    }

    /// The source identity that the token carries.
    pub fn source_identity(&self) -> Option<&str> {
        self.claims.get(SOURCE_IDENTITY_CLAIM).and_then(Value::as_str)
    }

    /// The condition keys that IAM derives. Keys that the call brings are unknown in it, not absent.
    ///
    /// `aud` is the claim `azp` when present, else `aud` (DOC for accounts.google.com: IAM User
    /// Guide, "IAM and AWS STS condition context keys"; REPORTED for other providers). STS
    /// refuses several audiences without `azp`; here they all become values of the key.
    pub fn context(&self) -> Context {
        let issuer = &self.issuer_path;
        let mut context = Context::of_call(self.partial.then_some(issuer.as_str()));
        // Only a text is an authorized party, as for the audience check.
        let azp = self.claims.get("azp").and_then(text);
        for (claim, value) in &self.claims {
            let name = match claim.as_str() {
                "aud" if azp.is_some() => continue,
                // Claims have letter case, unlike condition keys: `SUB` is another claim (RFC 7519, section 4).
                other if other.bytes().any(|b| b.is_ascii_uppercase()) => continue,
                other if claim_becomes_key(issuer, other) => other,
                _ => continue,
            };
            context.set(&format!("{issuer}:{name}"), texts(value));
        }
        if let Some(azp) = azp {
            context.set(&format!("{issuer}:aud"), [azp]);
        }
        if let Some(aud) = self.claims.get("aud").filter(|_| issuer == "accounts.google.com") {
            context.set("accounts.google.com:oaud", texts(aud));
        }
        // REPORTED: available where a provider vouches for the session.
        context.set("aws:FederatedProvider", [self.provider_arn.as_str()]);
        if let Some(tags) = self.tags() {
            set_tags(&mut context, &tags);
        }
        if let Some(name) = self.source_identity() {
            context.set("sts:SourceIdentity", [name]);
            context.set("aws:SourceIdentity", [name]);
        }
        if self.claims.contains_key(ROLES_CLAIM) {
            // STS refuses a token for other roles than those before it comes to the trust policy.
            context.set("sts:RoleAuthorizedByIdp", ["true"]);
        }
        context
    }
}

/// The claim by which a provider names the roles that a token is for (REPORTED; the key is DOC: Service
/// Authorization Reference, AWS STS).
const ROLES_CLAIM: &str = "https://aws.amazon.com/roles";

/// DOC: IAM User Guide, "Pass session tags in AWS STS": the tags are request tags.
fn set_tags(context: &mut Context, tags: &SessionTags) {
    for (key, value) in &tags.tags {
        context.set(&format!("aws:RequestTag/{key}"), [value.as_str()]);
    }
    context.set("aws:TagKeys", tags.tags.iter().map(|(key, _)| key.as_str()));
    context.set("sts:TransitiveTagKeys", tags.transitive.iter().map(String::as_str));
}

/// What follows `oidc-provider/` in a provider's ARN.
pub(crate) fn issuer_path(arn: &str) -> Option<&str> {
    arn.split_once(":oidc-provider/").map(|(_, path)| path)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            text(value).into_iter().collect()
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
