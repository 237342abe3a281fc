//! A token file that the workload names itself: whether the token in it is one for AWS.

use super::facts::{FILE_VARIABLE, effective_audience};
use super::names;
use super::refusals::refusals;
use super::sts::{Refusal, succeeded};
use crate::evidence::{AUDIENCE_ANNOTATION, Container, DEFAULT_AUDIENCE, ServiceAccount, TokenVolume, View};
use crate::finding::Confidence;

use super::Draft;

/// The container whose template names a token file by hand, the file, and the volume that it lies in.
pub(super) fn volume<'a>(e: &View<'a>) -> Option<(&'a Container, &'a str, &'a TokenVolume)> {
    let template = &e.workload().known()?.template;
    template.containers.iter().find_map(|c| {
        let file = c.env_value(FILE_VARIABLE).filter(|f| !f.is_empty())?;
        let (name, _) = c.mounts.iter().find(|(_, place)| file.starts_with(place.as_str()))?;
        Some((c, file, template.token_volumes.iter().find(|v| v.name == *name)?))
    })
}

/// The service account names a role, so the webhook would inject a token for AWS; the template names another's.
pub(super) fn token(e: &View<'_>, sa: &ServiceAccount) -> Option<Draft> {
    let (container, file, volume) = volume(e)?;
    let wanted = sa.annotations.get(AUDIENCE_ANNOTATION).map_or(DEFAULT_AUDIENCE, String::as_str);
    // The API server's own audience is another cause.
    let of_api = volume.audience.is_empty() || volume.audience.contains("kubernetes.default.svc");
    let registered = e.provider().known().is_some_and(|p| p.client_ids.contains(&volume.audience));
    if succeeded(e) || of_api || volume.audience == wanted || registered {
        return None;
    }
    let draft = Draft::new(format!(
        "container {} sets {FILE_VARIABLE} itself, to {file}, a token with the audience `{}` that is made for somebody \
         else; so the webhook leaves its variables alone, and the token for AWS is not used",
        container.name, volume.audience
    ))
    .show("container env", format!("{FILE_VARIABLE}={file}"), "pod template")
    .show("audience of that token", volume.audience.clone(), format!("volume {} of the pod template", volume.name))
    .show("audience that the webhook asks for", wanted, format!("ServiceAccount {}/{}", sa.namespace, sa.name))
    .cure(
        "remove both variables from the workload; the webhook sets them",
        &[("kubectl", names::unset(e, &[super::facts::ROLE_VARIABLE.name(), FILE_VARIABLE.name()]))],
    );
    let sent = e.token().known().and_then(effective_audience) == Some(volume.audience.as_str());
    let proven = sent && refusals(e).hold(Refusal::Audience);
    Some(if proven { draft } else { draft.unsure(Confidence::Likely, "what STS says of that token: a real exchange") })
}
