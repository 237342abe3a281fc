//! Rules of the service-account link, one file each.

mod addon_annotates_one_of_several_service_accounts;
mod annotation_key_wrong;
mod annotation_missing_on_service_account;
mod annotation_on_pod_not_service_account;
mod role_arn_malformed_or_not_a_role;

pub(super) use addon_annotates_one_of_several_service_accounts::AddonAnnotatesOneOfSeveralServiceAccounts;
pub(super) use annotation_key_wrong::AnnotationKeyWrong;
pub(super) use annotation_missing_on_service_account::AnnotationMissingOnServiceAccount;
pub(super) use annotation_on_pod_not_service_account::AnnotationOnPodNotServiceAccount;
pub(super) use role_arn_malformed_or_not_a_role::RoleArnMalformedOrNotARole;
