//! Everything that STS asks a trust policy when it exchanges a token.

use crate::call::Call;
use crate::claims::Identity;
use crate::request::{Principal, Request, WEB_IDENTITY_ACTION};
use serde::Serialize;

/// The action that is needed beside when the token carries session tags (DOC: IAM User Guide, "Pass session tags in
/// AWS STS").
pub const TAG_SESSION_ACTION: &str = "sts:TagSession";
/// The action that is needed beside when the token carries a source identity (DOC: IAM User Guide, "Monitor and
/// control actions taken with assumed roles").
pub const SET_SOURCE_IDENTITY_ACTION: &str = "sts:SetSourceIdentity";

/// The requests of one exchange: all must be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Exchange {
    requests: Vec<Request>,
}

impl Exchange {
    /// The exchange of an identity's token, called so.
    pub fn new(identity: &Identity, call: &Call) -> Self {
        let first = Request::of_call(identity, call);
        let tagged = identity.tags().is_some_and(|tags| !tags.is_empty()).then_some(TAG_SESSION_ACTION);
        let named = identity.source_identity().map(|_| SET_SOURCE_IDENTITY_ACTION);
        let beside = |action: &str| Request { action: action.to_owned(), ..first.clone() };
        let mut requests: Vec<Request> = [tagged, named].into_iter().flatten().map(beside).collect();
        requests.insert(0, first);
        Self { requests }
    }

    /// The requests: that for [`WEB_IDENTITY_ACTION`] first.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }
}

impl Request {
    /// The request that STS makes of a role's trust policy for `AssumeRoleWithWebIdentity`: the provider's ARN (in
    /// the role's account) as federated principal, the claims that IAM turns into condition keys, and what is known
    /// of the call; what is not known of it is unknown, and not absent.
    pub fn of_call(identity: &Identity, call: &Call) -> Self {
        let mut context = identity.context();
        for (key, values) in call.keys() {
            context.set(key, values);
        }
        Self::new(WEB_IDENTITY_ACTION, Principal::Federated(identity.provider_arn.clone()), context)
    }
}
