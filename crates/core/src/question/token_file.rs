//! The token's file where the code runs: whether it is there, and who is allowed to read it.

use trustwalk_symptoms::{Symptom, TokenPath};

use super::facts::{FILE_VARIABLE, containers, identity_given, writers};
use super::{Draft, names};
use crate::cause::Cause;
use crate::evidence::{Container, LogFailure, PodSpec, View, at_work};
use crate::finding::Confidence;

/// The path that the line names, as far as it does.
fn path(line: &LogFailure) -> Option<&str> {
    line.failure.token_path.as_ref().map(TokenPath::as_str).or(line.failure.detail.as_deref())
}

/// The pod's specification as it runs, else as it is asked for, and the container that has the token: the one that
/// wrote the line, where that is known.
fn holder<'a>(e: &View<'a>, line: &LogFailure) -> Option<(&'a PodSpec, &'a Container)> {
    if let Some((Some(pod), container)) = writers(e, line).into_iter().find(|_| !line.places.is_empty()) {
        return Some((&pod.spec, container));
    }
    let pod = e.pods().known().and_then(|p| at_work(p).next()).map(|p| &p.spec);
    let template = e.workload().known().map(|w| &w.template);
    let with_token = |spec: &'a PodSpec| {
        let own = spec.containers.iter().filter(|c| !c.init);
        own.clone().find(|c| c.has_env(FILE_VARIABLE)).or_else(|| own.clone().next()).map(|c| (spec, c))
    };
    pod.and_then(with_token).or_else(|| template.and_then(with_token))
}

/// The process is refused the file: compared with what the pod says of users and groups.
///
/// With `fsGroup` the file has that group and mode 0640; else, where all containers run as one `runAsUser`, it is that
/// user's with mode 0600 (Kubernetes documentation, "Projected Volumes", "`SecurityContext` interactions").
pub(super) fn unreadable(e: &View<'_>, line: &LogFailure) -> Draft {
    let file = path(line).map(|p| format!(" {p}")).unwrap_or_default();
    let start = format!("the container's user is not allowed to read the token file{file}");
    let look = |container: Option<&str>| {
        let at = path(line).unwrap_or("/var/run/secrets/eks.amazonaws.com/serviceaccount/token");
        names::in_pod(e, container, "ls -lL {}", &[at])
    };
    let Some((spec, container)) = holder(e, line) else {
        let look = look(None);
        let decide = format!("`{look}` tells whose the file is, and the pod's YAML whether it sets fsGroup");
        let draft = Draft::new(start).unsure(Confidence::Likely, decide);
        return fs_group(e, draft).cure("see whose the file is", &[("kubectl", look)]);
    };
    let user = match container.run_as_user {
        Some(user) => format!("container {} runs as user {user}", container.name),
        None => format!("container {} names no runAsUser, so it runs as the image's user", container.name),
    };
    let of_user = container.run_as_user.map_or_else(|| "not set".to_owned(), |u| u.to_string());
    let group = spec.fs_group.map_or_else(|| "not set".to_owned(), |g| g.to_string());
    let shown = |draft: Draft| draft.show("runAsUser", of_user.clone(), "pod").show("fsGroup", group.clone(), "pod");
    let Some(group) = spec.fs_group else {
        return fs_group(e, shown(Draft::new(format!("{start}: {user}, and the pod sets no fsGroup"))));
    };
    let draft = shown(Draft::new(format!(
        "{start}, although the pod sets fsGroup {group}, which lets its processes read the token that is mounted: the \
         process gave up that group, or the file is another one; {user}"
    )));
    let command = look(Some(&container.name));
    draft.unsure(Confidence::Likely, format!("`{command}`")).cure(
        "let the process keep the pod's supplementary groups, and read the file that AWS_WEB_IDENTITY_TOKEN_FILE names",
        &[("kubectl", command)],
    )
}

/// It could not be opened, in words that do not tell a missing file from one that may not be read.
pub(super) fn not_opened(e: &View<'_>, line: &LogFailure) -> Draft {
    let at = path(line).unwrap_or("/var/run/secrets/eks.amazonaws.com/serviceaccount/token");
    let container = holder(e, line).map(|(_, container)| container.name.as_str());
    let look = names::in_pod(e, container, "ls -lL {}", &[at]);
    let draft = Draft::new(format!(
        "the token file {at} could not be opened: the container's user is not allowed to read it, or it is not there; \
         the client has the same words for both"
    ));
    fs_group(e, draft.unsure(Confidence::Possible, format!("`{look}` tells which")))
}

/// Before Kubernetes 1.19 projected tokens were root's with mode 0600 (amazon-eks-pod-identity-webhook).
pub(super) fn of_root_alone(e: &View<'_>) -> Option<Draft> {
    let minor: u32 = e.cluster().known()?.version.split('.').nth(1)?.trim_end_matches('+').parse().ok()?;
    let template = &e.workload().known()?.template;
    let other = |c: &&Container| c.run_as_user.is_some_and(|u| u != 0) || c.run_as_non_root == Some(true);
    let container = template.containers.iter().filter(|c| !c.init).find(other)?;
    if minor >= 19 || template.fs_group.is_some() || !identity_given(e) || e.pods_down() == 0 {
        return None;
    }
    let draft = Draft::new(format!(
        "container {} runs as a user other than root, Kubernetes 1.{minor} mounts the token for root only, and the \
         pod sets no fsGroup",
        container.name
    ));
    let decide = format!("`{}` of the token file", names::in_pod(e, Some(&container.name), "ls -lL", &[]));
    Some(fs_group(e, draft.unsure(Confidence::Likely, decide)).show("version", format!("1.{minor}"), "cluster"))
}

fn fs_group(e: &View<'_>, draft: Draft) -> Draft {
    let selector = r#" -p '{"spec":{"template":{"spec":{"securityContext":{"fsGroup":65534}}}}}'"#;
    let command = names::on_workload(e, "patch", "", &[]) + selector;
    draft.cure(
        "set securityContext.fsGroup in the pod template, 65534 say",
        &[("kubectl", command), ("terraform", "security_context { fs_group = 65534 }".to_owned())],
    )
}

/// There is no file at the path that the code opens.
pub(super) fn missing(e: &View<'_>, line: &LogFailure, identity: bool) -> (Cause, Draft) {
    let off = e.service_account().known().and_then(|s| s.automount) == Some(false)
        || e.workload().known().and_then(|w| w.template.automount) == Some(false);
    let default = path(line).is_some_and(|p| p.contains("/kubernetes.io/"));
    if off && (default || !identity) {
        let command = names::on_account(e, "patch", r#" -p '{"automountServiceAccountToken":true}'"#);
        let draft = Draft::new(
            "automountServiceAccountToken is false and the application reads the token that is therefore not mounted",
        )
        .show("automountServiceAccountToken", "false", "pod template or service account")
        .cure("set automountServiceAccountToken: true, or mount a projected token", &[("kubectl", command)]);
        return (Cause::AutomountServiceAccountTokenFalse, draft);
    }
    let file = path(line).map(|p| format!(" {p}")).unwrap_or_default();
    let command = names::in_pod(e, None, "ls -l /var/run/secrets/eks.amazonaws.com/serviceaccount/", &[]);
    let draft = Draft::new(format!(
        "there is no token file{file} where the code runs: another container, step or host than the one that has the \
         token, or another path"
    ))
    .cure("run the code where the token is, or mount the token there", &[("kubectl", command)]);
    (Cause::TokenFileAbsentWhereCodeRuns, draft)
}

/// The variable names a file of a mounted token, and the mount has the token at another path.
pub(super) fn elsewhere(e: &View<'_>) -> Option<Draft> {
    let template = &e.workload().known()?.template;
    template.containers.iter().find_map(|c| {
        let named = c.env_value(FILE_VARIABLE)?;
        let file = |mount: &str, path: &str| [mount.trim_end_matches('/'), "/", path].concat();
        let mut all: Vec<(&String, String)> = Vec::new();
        for v in &template.token_volumes {
            all.extend(c.mounts.get(&v.name).map(|mount| (mount, file(mount, &v.path))));
        }
        if all.iter().any(|(_, file)| file == named) {
            return None;
        }
        let beside = |mount: &str| {
            let rest = named.strip_prefix(mount.trim_end_matches('/'));
            rest.and_then(|r| r.strip_prefix('/')).is_some_and(|r| !r.is_empty())
        };
        let (_, there) = all.iter().find(|(mount, _)| beside(mount))?;
        let draft = Draft::new(format!(
            "container {} is told to read its token at {named}, and the volume mounted there has it at {there}",
            c.name
        ));
        let set = [" ", FILE_VARIABLE.name(), "={}"].concat();
        Some(
            draft
                .show("container env", format!("{}={named}", FILE_VARIABLE.name()), "the pod template")
                .show("mounted token", there.clone(), "the pod template")
                .cure(
                    "have the variable name the file that is mounted",
                    &[("kubectl", names::on_workload(e, "set env", &set, &[there]))],
                ),
        )
    })
}

/// The line of a Windows container that was given a Unix path.
pub(super) fn unix_path() -> Draft {
    Draft::new(
        "the client takes the path of the token's file for none that is absolute: in a Windows container it was \
         injected in Unix form",
    )
    .unsure(
        Confidence::Likely,
        "whether the container runs on Windows, and what AWS_WEB_IDENTITY_TOKEN_FILE holds in it: of a path that is \
         relative the client says the same",
    )
    .cure(
        "set nodeSelector kubernetes.io/os: windows so that the webhook knows",
        &[("note", "then recreate the pods".to_owned())],
    )
}

/// A pod on Windows that was given a Unix path.
pub(super) fn on_windows(e: &View<'_>) -> Option<Draft> {
    let pod = at_work(e.pods().known()?).find(|p| p.os.as_deref() == Some("windows"))?;
    let path = pod.spec.containers.iter().find_map(|c| c.env_value(FILE_VARIABLE)).filter(|p| p.starts_with('/'))?;
    let draft = Draft::new(format!("pod {} runs on Windows and was given the Unix path {path}", pod.name)).show(
        "token file",
        path,
        format!("Pod {}", pod.name),
    );
    let with_label = r#" -p '{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/os":"windows"}}}}}'"#;
    let command = names::on_workload(e, "patch", "", &[]) + with_label;
    Some(draft.cure("set nodeSelector kubernetes.io/os: windows in the template", &[("kubectl", command)]))
}

/// The path of the token for the API server where a container is told to read that one.
pub(super) fn default_token<'a>(e: &View<'a>) -> Option<&'a str> {
    containers(e).find_map(|c| c.env_value(FILE_VARIABLE)).filter(|p| p.contains("/kubernetes.io/serviceaccount/"))
}

/// Whether a refusal is one of STS's about role, token or provider.
pub(super) fn is_refusal(symptom: Symptom) -> bool {
    super::sts::from_symptom(symptom).is_some()
}
