//! Rules of the link `service-account`.

pub(crate) mod addon_annotates_one_of_several_service_accounts;
pub(crate) mod annotation_key_wrong;
pub(crate) mod annotation_missing_on_service_account;
pub(crate) mod annotation_on_pod_not_service_account;
pub(crate) mod role_arn_malformed_or_not_a_role;
pub(crate) mod role_arn_wrong_account;
pub(crate) mod role_to_assume_empty;
