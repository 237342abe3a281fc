//! Whether the log shows that the workload is somebody else than it was made to be.

use trustwalk_symptoms::Symptom as S;

use super::facts::{
    CONTAINER_VARIABLE, FILE_VARIABLE, Has, Placed, ROLE_VARIABLE, arn_parts, has_web_identity, writers, writers_have,
    wrote,
};
use super::own_chain::own_chain;
use super::symptoms::{WITHOUT_IDENTITY, recent};
use super::{Draft, uses};
use crate::cause::Cause;
use crate::evidence::{Container, LogFailure, View};
use crate::finding::Confidence;

fn asks_agent(container: &Container) -> bool {
    container.has_env(CONTAINER_VARIABLE)
}

/// Whether a container that may have written a line was given an identity.
pub(super) fn given(e: &View<'_>, line: &LogFailure) -> bool {
    writers_have(e, line, |c| has_web_identity(c) || asks_agent(c)) != Has::No
}

/// An action refused to somebody else than the role that was given: the application is not that role.
pub(super) fn denied_as_another(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let (_, account, resource) = arn_parts(line.failure.caller_arn.as_deref()?)?;
    let session = resource.split('/').nth(1);
    let web = writers_have(e, line, has_web_identity) != Has::No;
    let given = if !web && writers_have(e, line, asks_agent) != Has::No {
        let sa = e.service_account().known()?;
        let own =
            |a: &&crate::evidence::PodIdentityAssociation| a.namespace == sa.namespace && a.service_account == sa.name;
        e.associations().known()?.iter().find(own)?.role_arn.as_deref()
    } else {
        Some(e.role_arn().known().filter(|_| web)?.trim())
    };
    let same =
        given.and_then(arn_parts).is_some_and(|(_, of, role)| of == account && role.rsplit('/').next() == session);
    if same { None } else { uses(without(e, line), e, line) }
}

/// Nothing, where what is named is that web identity is not used, and something shows that it is.
pub(super) fn uses(named: (Cause, Draft), e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let lacks = named.0 == Cause::AppOrSdkLacksWebIdentitySupport;
    let contradicted = lacks && uses::web_identity(e, Some(line)).is_some();
    (!contradicted).then_some(named)
}

/// The identity is in the container, and the application is without it.
pub(super) fn without(e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    if writers_have(e, line, asks_agent) != Has::No && writers_have(e, line, |c| c.has_env(ROLE_VARIABLE)) == Has::No {
        let draft = Draft::new(
            "container credentials are injected and the application does not use them: its SDK does not know Pod \
             Identity",
        )
        .show("injected", CONTAINER_VARIABLE.name(), place(e, line, asks_agent))
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
    let whose = place(e, line, has_web_identity);
    let draft = draft.show("injected", format!("{ROLE_VARIABLE} and {FILE_VARIABLE}"), whose);
    if writers_have(e, line, has_web_identity) != Has::Some {
        return (cause, draft);
    }
    let writer = "which container wrote the log: only some of the pods' containers have role and token";
    (cause, draft.unsure(Confidence::Possible, writer))
}

/// Where what was injected stands: the first of the containers that may have written a line and have it.
fn place(e: &View<'_>, line: &LogFailure, has: fn(&Container) -> bool) -> String {
    match writers(e, line).into_iter().find(|(_, c)| has(c)) {
        Some((Some(pod), container)) => format!("Pod {} container {}", pod.name, container.name),
        Some((None, container)) => format!("pod template container {}", container.name),
        None => "pod".to_owned(),
    }
}

/// Whether a container's log shows that it is somebody else than it was made to be, or nobody.
pub(super) fn is_another<'a>(e: &View<'a>, container: Placed<'_>) -> Option<&'a LogFailure> {
    let lines: Vec<&LogFailure> = recent(e).into_iter().filter(|l| wrote(container, l)).collect();
    let another = lines.iter().copied().find(|l| denied_as_another(e, l).is_some());
    let shows = |s: S| {
        WITHOUT_IDENTITY.contains(&s) || matches!(s, S::SecurityTokenInvalid | S::ProfileMissing | S::StaticKeysEmpty)
    };
    another.or_else(|| lines.into_iter().find(|l| shows(l.failure.symptom)))
}
