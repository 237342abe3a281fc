//! The annotation of a service account that names its role, as a cure.

use trustwalk_foreign::shell;

use super::Draft;
use super::facts::arn_parts;
use crate::evidence::{ROLE_ANNOTATION, ServiceAccount, View};
use crate::plan::{Action, ways};

/// Whether a text is the ARN of a role: partition, twelve digits, a name of the characters IAM takes.
pub(super) fn well_formed(arn: &str) -> bool {
    arn_parts(arn).is_some_and(|(partition, account, resource)| {
        partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && arn.contains(":iam::")
            && resource.strip_prefix("role/").is_some_and(|n| {
                !n.is_empty()
                    && !n.contains(":role/")
                    && n.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
            })
            // A comma may stand in a name, a second ARN may not.
            && arn.matches("arn:").count() == 1
    })
}

/// Whether a role is one the user has to give: of the account of the credentials, or of the cluster. Whoever may
/// write on a workload can name any other, and its pods would work in a stranger's account.
fn of_ours(e: &View<'_>, arn: &str) -> bool {
    let Some((_, account, _)) = arn_parts(arn).filter(|_| well_formed(arn)) else { return false };
    // Its trust policy was read where the account's roles are listed, or where the user's files declare it.
    if e.trusting().known().is_some_and(|roles| roles.iter().any(|role| role.arn == arn)) {
        return true;
    }
    let cluster = e.cluster().known().and_then(|c| arn_parts(&c.arn)).map(|(_, a, _)| a);
    e.caller().known().is_some_and(|c| c.account == account) || cluster == Some(account)
}

/// Has the service account name a role, where that is one of ours.
pub(super) fn annotate(e: &View<'_>, draft: Draft, sa: &ServiceAccount, arn: &str) -> Draft {
    let (namespace, name) = (&sa.namespace, &sa.name);
    let action = Action::Annotate {
        namespace: namespace.clone(),
        service_account: name.clone(),
        key: ROLE_ANNOTATION.to_owned(),
        value: Some(arn.to_owned()),
    };
    if !of_ours(e, arn) {
        return draft.cure(
            "annotate the service account with a role of yours",
            &[(
                "note",
                format!(
                    "`{arn}` is of no account that these credentials or the cluster belong to: find out \
                whose it is first"
                ),
            )],
        );
    }
    let by_hand = ways(e, &action);
    draft.act("annotate the service account with the role, then recreate its pods", vec![action], &by_hand)
}

/// The command that has a service account name a role.
pub(super) fn annotation(namespace: &str, name: &str, option: &str, role: &str) -> String {
    let template = ["kubectl annotate serviceaccount -n {} {}", option, " {}={}"].concat();
    shell::line(&template, &[namespace, name, ROLE_ANNOTATION, role])
}
