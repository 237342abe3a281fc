//! Who is calling: bearer tokens from the configuration, and service-account tokens.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::Timestamp;

use crate::{
    cluster::Shared,
    contract::VerifiedToken,
    errors::ApiError,
    rbac::User,
    store::{Gvr, Key},
};

/// Tokens handed out by this API server, kept as digests only.
#[derive(Default)]
pub(crate) struct Issued(Mutex<BTreeMap<Vec<u8>, (VerifiedToken, Timestamp)>>);

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued")
    }
}

impl Issued {
    fn digest(token: &str) -> Vec<u8> {
        digest(&SHA256, token.as_bytes()).as_ref().to_vec()
    }

    /// Remembers a token, for as long as it lives or until there are too many.
    pub(crate) fn remember(&self, token: &str, owner: VerifiedToken, expires: Timestamp, now: Timestamp) {
        /// Tokens at a time: each pod has one or two. The one that would end first gives way.
        const MOST: usize = 5000;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (_, end)| *end > now);
        }
        if known.len() >= MOST
            && let Some(first) = known.iter().min_by_key(|(_, (_, end))| *end).map(|(digest, _)| digest.clone())
        {
            known.remove(&first);
        }
        known.insert(Self::digest(token), (owner, expires));
    }

    fn find(&self, token: &str, now: Timestamp) -> Option<VerifiedToken> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (owner, expires) = known.get(&Self::digest(token))?;
        (now < *expires).then(|| owner.clone())
    }
}

/// The owner of a service-account token that is genuine, unexpired, and whose
/// account (and pod, when bound) still exists under the same UID.
pub(crate) fn service_account_token(shared: &Shared, token: &str) -> Option<VerifiedToken> {
    let owner = shared.issued.find(token, shared.store.now()).or_else(|| shared.config.minter.verify(token))?;
    let lives = |resource: &str, name: &str, uid: &str| {
        let key = Key::new(Gvr::core(resource), Some(&owner.namespace), name);
        shared.store.get(&key).is_some_and(|object| crate::json::uid(&object) == uid)
    };
    let bound = owner.bound_pod.as_ref().is_none_or(|(name, uid)| lives("pods", name, uid));
    (bound && lives("serviceaccounts", &owner.service_account, &owner.sa_uid)).then_some(owner)
}

/// The user behind a verified token.
pub(crate) fn user_of(owner: &VerifiedToken) -> User {
    let mut user = User::service_account(&owner.namespace, &owner.service_account, &owner.sa_uid);
    if let Some((name, uid)) = &owner.bound_pod {
        user.extra = vec![
            ("authentication.kubernetes.io/pod-name".into(), vec![name.clone()]),
            ("authentication.kubernetes.io/pod-uid".into(), vec![uid.clone()]),
        ];
    }
    user
}

/// The caller of a request. No credentials is the anonymous user; wrong ones are 401.
pub(crate) fn authenticate(shared: &Shared, headers: &HeaderMap) -> Result<User, ApiError> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(User::anonymous());
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(ApiError::unauthorized)?;
    if let Some(user) = shared.config.tokens.get(token) {
        return Ok(user.clone());
    }
    let owner = service_account_token(shared, token).ok_or_else(ApiError::unauthorized)?;
    // The API server takes only tokens meant for it: its audience is its issuer.
    let issuer = shared.config.minter.issuer();
    if !owner.audiences.contains(&issuer) {
        return Err(ApiError::unauthorized());
    }
    Ok(user_of(&owner))
}
