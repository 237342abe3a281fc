//! Workloads of a service account that names a role: whether their own settings let them use it.

use trustwalk_checkout::{Node, Place, Said, Text, Workload};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, SKIP_ANNOTATION};
use trustwalk_core::finding::Finding;
use trustwalk_core::severity::Severity;

use crate::evidence;
use crate::fill::Fill;
use crate::model::{Note, Report, Spot};
use crate::pods;
use crate::put;

/// Causes that a pod's template decides.
const OF_TEMPLATE: [Cause; 6] = [
    Cause::EnvPresetInPodBlocksMutation,
    Cause::StaticOrOtherCredentialsTakePrecedence,
    Cause::WrongTokenFileKubernetesDefaultToken,
    Cause::TokenFileAbsentWhereCodeRuns,
    Cause::StsEndpointWithoutTls,
    Cause::ContainerSkippedByAnnotation,
];
/// Those of them that a token file which the template names itself has: one of them says it, the most exact first.
const OF_TOKEN_FILE: [Cause; 3] = [
    Cause::WrongTokenFileKubernetesDefaultToken,
    Cause::TokenFileAbsentWhereCodeRuns,
    Cause::EnvPresetInPodBlocksMutation,
];

/// Judges a workload whose service account's evidence and role these are: whether nothing is in its way.
pub(crate) fn judge(workload: &Workload, mut e: Evidence, role: &Said<Text>, now: i64, report: &mut Report) -> bool {
    let mut fill = Fill::default();
    fill.arn(&role.value, None);
    let arn = fill.arn_text(&role.value);
    let account = e.service_account.known().map(|s| s.name.clone()).unwrap_or_default();
    let name = fill.text(&workload.name.value);
    let template = pods::spec(&workload.template, &account);
    let pod = pods::foretold(&name, &template, &arn, trustwalk_core::evidence::DEFAULT_AUDIENCE);
    let at = |place: &Place| format!("{}:{}", place.path, place.line);
    let own = trustwalk_core::evidence::Workload {
        kind: workload.kind.clone(),
        namespace: workload.namespace.as_ref().map(|n| fill.text(&n.value)).unwrap_or_default(),
        name,
        template,
        ..trustwalk_core::evidence::Workload::default()
    };
    e.workload = evidence::known(own, at(&workload.from.at), now);
    e.pods = evidence::known(vec![pod], "a pod as the webhook makes it", now);
    e.role_arn = evidence::known(arn, at(&role.at), now);
    let who = workload.from.address.clone();
    let ours = |f: &Finding| OF_TEMPLATE.contains(&f.cause) && f.severity == Severity::Error;
    let mut all: Vec<Finding> = put::of(diagnose(&e)).into_iter().filter(ours).collect();
    if let Some(first) = OF_TOKEN_FILE.into_iter().find(|cause| all.iter().any(|f| f.cause == *cause)) {
        all.retain(|f| f.cause == first || !OF_TOKEN_FILE.contains(&f.cause));
    }
    let sound = all.is_empty();
    if sound {
        report.notes.extend(whole_secrets(workload, &who));
    }
    for finding in all {
        let place = setting(workload, finding.cause);
        let related = vec![put::related("where the role is named", &role.at)];
        report.findings.push(put::found(finding, &who, &place, related, &fill));
    }
    sound
}

/// Secrets that a container takes whole: keys of AWS in one of them would go before the role (AWS SDKs and Tools
/// Reference Guide, "Standardized credential providers": the environment is asked first), and no file
/// shows what is in it.
fn whole_secrets(workload: &Workload, who: &str) -> Vec<Note> {
    let containers = ["containers", "initContainers"]
        .into_iter()
        .filter_map(|kind| workload.template.at_path(&["spec", kind]).ok())
        .flat_map(|n| n.value.items());
    let sources = containers.filter_map(|c| c.value.get("envFrom")).flat_map(|n| n.value.items());
    // Before each name stands the prefix: with one that begins no key's name there is none among them.
    let keys = |source: &&Node| {
        let prefix = source.value.get("prefix").and_then(|n| n.value.text()).unwrap_or_default();
        prefix.known().is_none_or(|prefix| "AWS_ACCESS_KEY_ID".starts_with(prefix))
    };
    let told = |source: &Node| {
        let name = source.at_path(&["secretRef", "name"]).ok()?;
        let text = format!(
            "{who}: a container takes the whole Secret {} into its environment: keys of AWS among its entries would be \
             used in place of the role",
            name.value.text()?
        );
        Some(Note { text, identity: None, at: Some(Spot::from(&name.at)), when: None })
    };
    sources.filter(keys).filter_map(told).collect()
}

/// The place of an annotation of its pods.
fn annotation(workload: &Workload, key: &str) -> Option<Place> {
    let own = workload.template.at_path(&["metadata", "annotations"]).ok()?;
    own.value.get(key).map(|n| n.at.clone())
}

/// The setting that is in the way.
fn setting(workload: &Workload, cause: Cause) -> Place {
    if cause == Cause::ContainerSkippedByAnnotation
        && let Some(place) = annotation(workload, SKIP_ANNOTATION)
    {
        return place;
    }
    // Of some the value is wrong, and of others that they are there.
    let (wanted, member): (&[&str], &str) = if cause == Cause::StaticOrOtherCredentialsTakePrecedence {
        (&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE"], "name")
    } else if cause == Cause::StsEndpointWithoutTls {
        (&["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"], "value")
    } else if cause == Cause::EnvPresetInPodBlocksMutation {
        (&["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"], "name")
    } else {
        (&["AWS_WEB_IDENTITY_TOKEN_FILE"], "value")
    };
    let containers = ["containers", "initContainers"]
        .into_iter()
        .filter_map(|kind| workload.template.at_path(&["spec", kind]).ok().map(|n| n.value.items()));
    let variables = containers.flatten().filter_map(|c| c.value.get("env")).flat_map(|n| n.value.items());
    let named = |v: &&Node| {
        let name = v.value.get("name").and_then(|n| n.value.text());
        name.is_some_and(|t| t.known().is_some_and(|name| wanted.contains(&name)))
    };
    let place = |v: &Node| v.value.get(member).map_or_else(|| v.at.clone(), |n| n.at.clone());
    variables.into_iter().find(named).map_or_else(|| workload.name.at.clone(), place)
}
