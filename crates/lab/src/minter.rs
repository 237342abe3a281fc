//! The API server's side of the issuer: service-account tokens, signed by the key
//! that the EKS issuer publishes.

use std::fmt;

use jiff::SignedDuration;
use serde_json::Value;
use trustwalk_lab_cluster::{Clock, Minted, TokenMinter, TokenSpec, User, VerifiedToken};
use trustwalk_lab_issuer::{Issuer, KubernetesSubject};

use crate::account::AccountSide;

/// Longest life of a service-account token on EKS, seconds: 24 hours (EKS User
/// Guide, "Kubernetes service accounts").
const LONGEST_SECONDS: i64 = 86_400;

/// Signs tokens, and tells by their signature whose they are.
pub(crate) struct Minter {
    issuer: Issuer,
    clock: Clock,
    account: Option<AccountSide>,
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Minter {
    pub(crate) fn new(issuer: Issuer, clock: Clock) -> Self {
        Self { issuer, clock, account: None }
    }

    /// Has the account say whom of Kubernetes a login with IAM stands for.
    pub(crate) fn with_logins(self, account: &AccountSide) -> Self {
        Self { account: Some(account.clone()), ..self }
    }
}

impl TokenMinter for Minter {
    fn mint(&self, spec: TokenSpec) -> Minted {
        let now = (self.clock)();
        let life = SignedDuration::from_secs(spec.expiration_seconds);
        let expires = now.checked_add(life).unwrap_or(now);
        let subject = KubernetesSubject {
            namespace: spec.namespace,
            service_account: spec.service_account,
            uid: spec.sa_uid,
            pod: spec.bound_pod,
        };
        // Signing fails only without randomness or memory; an empty token is then
        // refused by everybody who reads it.
        let token = self
            .issuer
            .mint_kubernetes(&subject, &spec.audiences, now, expires)
            .map(|token| token.expose().to_owned())
            .unwrap_or_default();
        Minted { token, expires }
    }

    fn issuer(&self) -> String {
        self.issuer.url().to_owned()
    }

    fn max_expiration_seconds(&self) -> Option<i64> {
        Some(LONGEST_SECONDS)
    }

    fn jwks(&self) -> Value {
        self.issuer.jwks()
    }

    fn jwks_uri(&self) -> Option<String> {
        Some(self.issuer.jwks_uri())
    }

    fn verify(&self, token: &str) -> Option<VerifiedToken> {
        let claims = self.issuer.verify(token)?;
        let text = |pointer: &str| claims.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let lives = claims.get("exp")?.as_i64()? > (self.clock)().as_second();
        let audiences = claims.get("aud")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
        let owner = VerifiedToken {
            namespace: text("/kubernetes.io/namespace")?,
            service_account: text("/kubernetes.io/serviceaccount/name")?,
            sa_uid: text("/kubernetes.io/serviceaccount/uid")?,
            audiences: audiences.collect(),
            bound_pod: text("/kubernetes.io/pod/name").zip(text("/kubernetes.io/pod/uid")),
        };
        lives.then_some(owner)
    }

    fn login(&self, token: &str) -> Option<User> {
        self.account.as_ref()?.login(token).map(crate::login::user)
    }
}
