//! Whether the log shows that the workload is somebody else than it was made to be.

use trustwalk_symptoms::Symptom as S;

use super::facts::{CONTAINER_VARIABLE, FILE_VARIABLE, ROLE_VARIABLE, arn_parts, containers, identity_given};
use super::own_chain::own_chain;
use super::symptoms::{WITHOUT_IDENTITY, find, recent};
use super::{Draft, uses};
use crate::cause::Cause;
use crate::evidence::{LogFailure, View};

/// Whether the containers are told to ask the Pod Identity agent.
pub(super) fn agent_given(e: &View<'_>) -> bool {
    containers(e).any(|c| c.has_env(CONTAINER_VARIABLE))
}

/// An action refused to somebody else than the role that was given: the application is not that role.
pub(super) fn denied_as_another(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let (_, account, resource) = arn_parts(line.failure.caller_arn.as_deref()?)?;
    let session = resource.split('/').nth(1);
    let given = if agent_given(e) && !identity_given(e) {
        let sa = e.service_account().known()?;
        let own =
            |a: &&crate::evidence::PodIdentityAssociation| a.namespace == sa.namespace && a.service_account == sa.name;
        e.associations().known()?.iter().find(own)?.role_arn.as_deref()
    } else {
        Some(e.role_arn().known().filter(|_| identity_given(e))?.trim())
    };
    let same =
        given.and_then(arn_parts).is_some_and(|(_, of, role)| of == account && role.rsplit('/').next() == session);
    if same { None } else { uses(without(e, line), e) }
}

/// Nothing, where what is named is that web identity is not used, and something shows that it is.
pub(super) fn uses(named: (Cause, Draft), e: &View<'_>) -> Option<(Cause, Draft)> {
    let contradicted = named.0 == Cause::AppOrSdkLacksWebIdentitySupport && uses::web_identity(e).is_some();
    (!contradicted).then_some(named)
}

/// The identity is in the container, and the application is without it.
pub(super) fn without(e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    if agent_given(e) && !containers(e).any(|c| c.has_env(ROLE_VARIABLE)) {
        let draft = Draft::new(
            "container credentials are injected and the application does not use them: its SDK does not know Pod \
             Identity",
        )
        .show("injected", CONTAINER_VARIABLE.name(), "pod")
        .cure(
            "use an image with a newer AWS SDK",
            &[(
                "note",
                "EKS User Guide, using EKS Pod Identity with the AWS SDK; or use the role-arn annotation instead"
                    .to_owned(),
            )],
        );
        return (Cause::AppOrSdkLacksPodIdentitySupport, draft);
    }
    let (cause, draft) = own_chain(e, line);
    let draft = match &line.failure.caller_arn {
        Some(caller) => draft.show("caller", caller.clone(), line.origin.clone()),
        None => draft,
    };
    (cause, draft.show("injected", format!("{ROLE_VARIABLE} and {FILE_VARIABLE}"), "pod"))
}

/// Whether the log shows that the workload is somebody else than it was made to be, or nobody.
pub(super) fn is_another<'a>(e: &View<'a>) -> Option<&'a LogFailure> {
    let lines = recent(e);
    let another = lines.into_iter().find(|l| denied_as_another(e, l).is_some());
    another.or_else(|| find(e, &[WITHOUT_IDENTITY, &[S::SecurityTokenInvalid, S::ProfileMissing]].concat()))
}
