//! Tokens of the providers that IAM knows without registration (IAM User Guide, "Available keys for AWS OIDC
//! federation"): anybody can have an application, or an identity pool, at each.

use trustwalk_trust_policy::Identity;

use super::{MADE_UP, Token, Whose};
use crate::wanted::Wanted;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    /// `accounts.google.com`.
    Google,
    /// `cognito-identity.amazonaws.com`.
    Cognito,
    /// `www.amazon.com`.
    Amazon,
    /// `graph.facebook.com`.
    Facebook,
}

impl BuiltIn {
    /// By its name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "accounts.google.com" => Some(Self::Google),
            "cognito-identity.amazonaws.com" => Some(Self::Cognito),
            "www.amazon.com" => Some(Self::Amazon),
            "graph.facebook.com" => Some(Self::Facebook),
            _ => None,
        }
    }

    /// The claims that name application and person.
    pub(crate) fn claims(self) -> (&'static str, &'static str) {
        match self {
            Self::Google | Self::Cognito => ("aud", "sub"),
            Self::Amazon => ("app_id", "user_id"),
            Self::Facebook => ("app_id", "id"),
        }
    }
}

/// Tokens of strangers.
pub(super) fn tokens(base: &Identity, kind: BuiltIn, wanted: &Wanted<'_>, all: &mut Vec<Token>) {
    let (application, person) = kind.claims();
    let mut add = |identity: Identity, whose| all.push(Token::whole(identity, whose));
    let stranger = |application_of: &str| {
        let mut identity = Identity::new(base.provider_arn.as_str());
        identity = identity.with_claim(application, application_of).with_claim(person, MADE_UP);
        // Those of their own pool are whatever the policy asks for.
        if kind == BuiltIn::Cognito { identity.with_claim("amr", "authenticated") } else { identity }
    };
    add(stranger(MADE_UP), Whose::Application);
    match kind {
        BuiltIn::Cognito => {
            let named = wanted.values("amr").any(|v| v.contains("unauthenticated"));
            for pool in wanted.values(application).filter(|_| !named).take(1) {
                let guest = Identity::new(base.provider_arn.as_str()).with_claim(application, pool);
                add(guest.with_claim(person, MADE_UP).with_claim("amr", "unauthenticated"), Whose::Guest);
            }
        }
        // A service account's token has any audience that it asks for; who asks stands in `azp`, which IAM compares as
        // `aud` (Google Cloud, "Get an ID token"; IAM User Guide, "Available keys for AWS OIDC federation").
        BuiltIn::Google => {
            for audience in wanted.values("oaud").take(1) {
                add(stranger(audience).with_claim("azp", MADE_UP), Whose::Asked);
            }
        }
        BuiltIn::Amazon | BuiltIn::Facebook => {}
    }
}
