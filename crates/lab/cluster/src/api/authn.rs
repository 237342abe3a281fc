//! Who is calling: bearer tokens from the configuration, and service-account tokens.

use http::{HeaderMap, header::AUTHORIZATION};

use crate::{
    api::shared::Shared,
    contract::VerifiedToken,
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
    },
    rbac::User,
};

/// The owner of a service-account token that is genuine, unexpired, and whose
/// account (and pod, when bound) still exists under the same UID.
pub(crate) fn service_account_token(shared: &Shared, token: &str) -> Option<VerifiedToken> {
    let owner = shared.issued.find(token, shared.store.now()).or_else(|| shared.config.minter.verify(token))?;
    let lives = |resource: &str, name: &str, uid: &str| {
        let key = Key::new(Gvr::core(resource), Some(&owner.namespace), name);
        shared.store.get(&key).is_some_and(|object| crate::objects::json::uid(&object) == uid)
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
    let Some(owner) = service_account_token(shared, token) else {
        return shared.config.minter.login(token).ok_or_else(ApiError::unauthorized);
    };
    // The API server takes only tokens meant for it: its audience is its issuer.
    let issuer = shared.config.minter.issuer();
    if !owner.audiences.contains(&issuer) {
        return Err(ApiError::unauthorized());
    }
    Ok(user_of(&owner))
}
