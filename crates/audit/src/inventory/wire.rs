//! Answers of IAM as `aws iam … --output json` writes them (IAM API Reference, `RoleDetail`, `Role`,
//! `GetOpenIDConnectProvider`, `ListOpenIDConnectProviders`). Parts are kept raw, so that one that cannot be read costs
//! no other.

use serde::Deserialize;
use serde_json::value::RawValue;

/// One answer, whichever it is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer<'a> {
    /// `get-account-authorization-details`.
    #[serde(borrow, rename = "RoleDetailList")]
    pub(super) details: Option<&'a RawValue>,
    /// `list-roles`.
    #[serde(borrow, rename = "Roles")]
    pub(super) roles: Option<&'a RawValue>,
    /// `get-role`.
    #[serde(borrow, rename = "Role")]
    pub(super) role: Option<&'a RawValue>,
    /// `list-open-id-connect-providers`.
    #[serde(borrow, rename = "OpenIDConnectProviderList")]
    pub(super) listed: Option<&'a RawValue>,
    /// `get-open-id-connect-provider`.
    #[serde(borrow, rename = "Url")]
    pub(super) url: Option<&'a RawValue>,
    #[serde(borrow, rename = "ClientIDList")]
    pub(super) client_ids: Option<&'a RawValue>,
    #[serde(borrow, rename = "ThumbprintList")]
    pub(super) thumbprints: Option<&'a RawValue>,
    /// Which provider it is, where a script added that: IAM's answer does not say.
    #[serde(borrow, rename = "Arn", alias = "OpenIDConnectProviderArn")]
    pub(super) arn: Option<&'a RawValue>,
    /// A policy by itself.
    #[serde(borrow, rename = "Statement")]
    pub(super) statement: Option<&'a RawValue>,
    /// A role by itself.
    #[serde(borrow, rename = "AssumeRolePolicyDocument")]
    pub(super) trust: Option<&'a RawValue>,
    #[serde(borrow, rename = "IsTruncated")]
    pub(super) truncated: Option<&'a RawValue>,
    /// What `--max-items` leaves to be asked for.
    #[serde(borrow, rename = "NextToken")]
    pub(super) next: Option<&'a RawValue>,
    #[serde(borrow, rename = "UserDetailList")]
    pub(super) users: Option<&'a RawValue>,
    #[serde(borrow, rename = "Policies")]
    pub(super) policies: Option<&'a RawValue>,
}

/// A role of any of the answers.
#[derive(Debug, Deserialize)]
pub(super) struct WireRole<'a> {
    #[serde(rename = "Arn")]
    pub(super) arn: Option<String>,
    #[serde(rename = "RoleName")]
    pub(super) name: Option<String>,
    #[serde(borrow, rename = "AssumeRolePolicyDocument")]
    pub(super) trust: Option<&'a RawValue>,
    #[serde(rename = "CreateDate")]
    pub(super) created: Option<String>,
    #[serde(rename = "RoleLastUsed")]
    pub(super) used: Option<WireUsed>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireUsed {
    #[serde(rename = "LastUsedDate")]
    pub(super) at: Option<String>,
}

/// A provider in a listing.
#[derive(Debug, Deserialize)]
pub(super) struct WireListed {
    #[serde(rename = "Arn")]
    pub(super) arn: Option<String>,
}
