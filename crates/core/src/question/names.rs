//! Commands with the names of the very objects, where they are known.

use trustwalk_foreign::shell;

use super::association::{acting_role, acts};
use super::facts::{bare, effective_audience, eks_issuer, issuer, service_account};
use crate::evidence::{Target, Variable, View};

/// What stands in a command for a value that the evidence does not know, and what to fill in there.
pub(super) const BLANKS: [(&str, &str); 25] = [
    ("ASSOCIATION-ID", "the association's id, one of `aws eks list-pod-identity-associations`"),
    ("ACCOUNT", "the number of the account, as `aws sts get-caller-identity` tells it"),
    ("AUDIENCE", "the audience that the tokens carry"),
    ("BUCKET", "the bucket that the issuer's documents are in"),
    ("CLUSTER", "the cluster's name, one of `aws eks list-clusters`"),
    ("CONTAINER", "the container's name"),
    ("EXTERNAL-ID", "the association's external id, as `aws eks describe-pod-identity-association` tells it"),
    (
        "INSTANCE",
        "the id of the node's instance, the end of what `kubectl get nodes -o custom-columns=NAME:.metadata.name,\
         ID:.spec.providerID` shows",
    ),
    ("ISSUER", "the URL of the issuer, as the token says it"),
    ("KIND/NAME", "the workload, such as deployment/app"),
    ("NAME", "the object's name"),
    ("NAMESPACE", "the workload's namespace"),
    ("POD", "the pod's name"),
    ("PROFILE", "an AWS profile of the account that the role is in"),
    ("PROVIDER-ARN", "one of `aws iam list-open-id-connect-providers`"),
    ("REGION", "the region that the workload works in"),
    ("RESOURCE-ARN", "the ARN of what the workload works on"),
    ("ROLE", "the role's name, one of `aws iam list-roles`"),
    ("ROLE-ARN", "the role's ARN, one of `aws iam list-roles`"),
    ("SECONDS", "the length of the session, 900 to 43200"),
    ("SERVICE-ACCOUNT", "the service account's name"),
    ("SUBJECT", "the subject of your own tokens, such as repo:OWNER/REPOSITORY:ref:refs/heads/main"),
    ("trust-policy", "the corrected policy, in a file trust-policy.json"),
    ("VERSION", "the newest release of the webhook"),
    ("WEBHOOK-NAMESPACE", "the namespace that the webhook's pods run in, as `kubectl get pods -A` shows it"),
];

/// Which blanks a text has, each with what to fill in.
pub(super) fn blanks(text: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '$' | '{');
    let words: Vec<&str> = text.split(|c: char| !part(c)).collect();
    BLANKS.iter().filter(move |(blank, _)| {
        words
            .iter()
            .any(|w| w == blank || w.rsplit('/').next().is_some_and(|end| end == *blank && !w.ends_with("KIND/NAME")))
    })
}

/// The cluster's name.
pub(super) fn cluster<'a>(e: &View<'a>) -> &'a str {
    e.cluster().known().map(|c| c.name.as_str()).filter(|n| !n.is_empty()).unwrap_or("CLUSTER")
}

/// Namespace and name of the service account.
pub(super) fn account(e: &View<'_>) -> (String, String) {
    let subject = || {
        let sub = e.token().known()?.sub.as_deref()?.strip_prefix("system:serviceaccount:")?;
        sub.split_once(':').map(|(namespace, name)| (namespace.to_owned(), name.to_owned()))
    };
    let unknown = || ("NAMESPACE".to_owned(), "SERVICE-ACCOUNT".to_owned());
    service_account(e).or_else(subject).unwrap_or_else(unknown)
}

/// The command that mints a token of the service account.
pub(super) fn mint(e: &View<'_>, audience: &str) -> String {
    let (namespace, name) = account(e);
    shell::line("kubectl create token {} -n {} --audience {}", &[&name, &namespace, audience])
}

/// The region in use, as far as it is known.
pub(super) fn region<'a>(e: &View<'a>) -> &'a str {
    let told = || {
        let containers = e.pods().known()?.iter().flat_map(|p| &p.spec.containers);
        let mut values = containers.filter_map(|c| c.env_value(Variable::AwsRegion));
        values.find(|v| !v.is_empty())
    };
    // Of a log alone nobody knows where its workload works: what this machine is set to is not it.
    let of_run = || e.region().filter(|_| !matches!(e.target(), Target::Log { .. }));
    of_run()
        .or_else(told)
        .or_else(|| issuer(e).and_then(|iss| eks_issuer(bare(iss))).map(|(r, _)| r))
        .unwrap_or("REGION")
}

/// `kubectl VERB` on the workload, with the rest of the command and its values; a placeholder stands for a workload
/// that is not known.
pub(super) fn on_workload(e: &View<'_>, verb: &str, rest: &str, values: &[&str]) -> String {
    // A pod's template cannot be changed in the pod itself.
    let owner = e.workload().known().filter(|w| !matches!(w.kind.as_str(), "Pod" | "ServiceAccount"));
    let Some(w) = owner else { return shell::line(&format!("kubectl {verb} KIND/NAME{rest}"), values) };
    let object = format!("{}/{}", w.kind.to_ascii_lowercase(), w.name);
    let all: Vec<&str> = [object.as_str(), w.namespace.as_str()].into_iter().chain(values.iter().copied()).collect();
    shell::line(&format!("kubectl {verb} {{}} -n {{}}{rest}"), &all)
}

/// The command that takes variables away from the workload.
pub(super) fn unset(e: &View<'_>, variables: &[&str]) -> String {
    on_workload(e, "set env", &" {}-".repeat(variables.len()), variables)
}

/// `kubectl VERB serviceaccount` on the workload's account, with the rest of the command.
pub(super) fn on_account(e: &View<'_>, verb: &str, rest: &str) -> String {
    let (namespace, name) = account(e);
    shell::line(&format!("kubectl {verb} serviceaccount {{}} -n {{}}"), &[&name, &namespace]) + rest
}

/// `kubectl exec` in a pod of the workload, with what is to be run there.
pub(super) fn in_pod(e: &View<'_>, container: Option<&str>, command: &str, values: &[&str]) -> String {
    let pods = e.pods().known();
    let pod = pods.and_then(|all| all.iter().find(|p| !p.ended())).map_or("POD", |p| p.name.as_str());
    let (namespace, _) = account(e);
    let only = || {
        let first = pods.and_then(|all| all.iter().find(|p| !p.ended()));
        first.and_then(|p| p.spec.containers.iter().find(|c| !c.init)).map(|c| c.name.as_str())
    };
    let inside = container.or_else(only).unwrap_or("CONTAINER");
    let template = ["kubectl exec {} -n {} -c {} -- ", command].concat();
    shell::line(&template, &[&[pod, &namespace, inside], values].concat())
}

/// `kubectl run` of a pod that asks something of the network, beside the workload: policies hold in its namespace.
pub(super) fn probe(e: &View<'_>, image: &str, command: &str, values: &[&str]) -> String {
    let (namespace, _) = account(e);
    let template = ["kubectl run probe -n {} --rm -it --image={} -- ", command].concat();
    shell::line(&template, &[&[namespace.as_str(), image], values].concat())
}

/// The last part of the ARN of the role that the workload acts in, its name.
pub(super) fn role<'a>(e: &View<'a>) -> Option<&'a str> {
    let arn = if acts(e) { acting_role(e)? } else { e.role_arn().known()?.as_str() };
    arn.trim().rsplit('/').next().filter(|name| !name.is_empty())
}

/// The command that registers an audience with the provider.
pub(super) fn add_audience(e: &View<'_>, audience: Option<&str>) -> String {
    let arn = e.provider().known().map_or("PROVIDER-ARN", |p| p.arn.as_str());
    let own = || e.token().known().and_then(effective_audience);
    let template = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}";
    shell::line(template, &[arn, audience.or_else(own).unwrap_or("AUDIENCE")])
}
