//! The API server's side of the issuer: service-account tokens, signed by the key
//! that the EKS issuer publishes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trustwalk_lab_cluster::{Clock, Minted, TokenMinter, TokenSpec, User, VerifiedToken};
use trustwalk_lab_issuer::{Issuer, KubernetesSubject};

use crate::account::AccountSide;

/// Longest life of a service-account token on EKS, seconds: 24 hours (EKS User
/// Guide, "Kubernetes service accounts").
const LONGEST_SECONDS: i64 = 86_400;

/// Tokens remembered at a time: each pod has one or two. The one that would end first gives way.
const MOST_TOKENS: usize = 5000;

/// Signs tokens and remembers whose they are.
pub(crate) struct Minter {
    issuer: Issuer,
    clock: Clock,
    account: Option<AccountSide>,
    issued: Mutex<BTreeMap<String, (VerifiedToken, Timestamp)>>,
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Minter {
    pub(crate) fn new(issuer: Issuer, clock: Clock) -> Self {
        Self { issuer, clock, account: None, issued: Mutex::default() }
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
            namespace: spec.namespace.clone(),
            service_account: spec.service_account.clone(),
            uid: spec.sa_uid.clone(),
            pod: spec.bound_pod.clone(),
        };
        // Signing fails only without randomness or memory; an empty token is then
        // refused by everybody who reads it.
        let token = self
            .issuer
            .mint_kubernetes(&subject, &spec.audiences, now, expires)
            .map(|token| token.expose().to_owned())
            .unwrap_or_default();
        let owner = VerifiedToken {
            namespace: spec.namespace,
            service_account: spec.service_account,
            sa_uid: spec.sa_uid,
            audiences: spec.audiences,
            bound_pod: spec.bound_pod,
        };
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, (_, end)| *end > now);
        if issued.len() >= MOST_TOKENS
            && let Some(first) = issued.iter().min_by_key(|(_, (_, end))| *end).map(|(token, _)| token.clone())
        {
            issued.remove(&first);
        }
        issued.insert(token.clone(), (owner, expires));
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
        let now = (self.clock)();
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.get(token).filter(|(_, end)| *end > now).map(|(owner, _)| owner.clone())
    }

    fn login(&self, token: &str) -> Option<User> {
        self.account.as_ref()?.login(token).map(crate::login::user)
    }
}
