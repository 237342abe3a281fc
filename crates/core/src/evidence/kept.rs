//! What of other people's free text has a place in evidence: the names that questions ask for, and no others.
//!
//! Variables, annotations, labels, tags and inputs of steps may hold anything, passwords too. Of a name that stands
//! here the value is kept, redacted; every other one is named without its value or not kept at all. Who gathers
//! evidence keeps to these lists, and [`super::settled`] holds to them what was gathered or read from a file,
//! so that a question cannot ask for what is not here.

use std::collections::BTreeMap;
use std::fmt;

use super::CiJob;
use super::annotation::ROLE_ANNOTATION;

/// What stands in the place of a value that is not kept.
pub const WITHHELD: &str = "[withheld]";

/// The environment variables of a container that a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the variable of that name")]
pub enum Variable {
    AwsRoleArn,
    AwsWebIdentityTokenFile,
    AwsContainerCredentialsFullUri,
    AwsAccessKeyId,
    AwsSecretAccessKey,
    AwsProfile,
    AwsConfigFile,
    AwsSharedCredentialsFile,
    AwsCredentialExpiration,
    AwsEndpointUrl,
    AwsEndpointUrlSts,
    AwsCaBundle,
    AwsRegion,
    AwsDefaultRegion,
    AwsStsRegionalEndpoints,
    NoProxy,
    NoProxyLower,
}

impl Variable {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::AwsRoleArn,
        Self::AwsWebIdentityTokenFile,
        Self::AwsContainerCredentialsFullUri,
        Self::AwsAccessKeyId,
        Self::AwsSecretAccessKey,
        Self::AwsProfile,
        Self::AwsConfigFile,
        Self::AwsSharedCredentialsFile,
        Self::AwsCredentialExpiration,
        Self::AwsEndpointUrl,
        Self::AwsEndpointUrlSts,
        Self::AwsCaBundle,
        Self::AwsRegion,
        Self::AwsDefaultRegion,
        Self::AwsStsRegionalEndpoints,
        Self::NoProxy,
        Self::NoProxyLower,
    ];

    /// Its name in a container.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsRoleArn => "AWS_ROLE_ARN",
            Self::AwsWebIdentityTokenFile => "AWS_WEB_IDENTITY_TOKEN_FILE",
            Self::AwsContainerCredentialsFullUri => "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            Self::AwsAccessKeyId => "AWS_ACCESS_KEY_ID",
            Self::AwsSecretAccessKey => "AWS_SECRET_ACCESS_KEY",
            Self::AwsProfile => "AWS_PROFILE",
            Self::AwsConfigFile => "AWS_CONFIG_FILE",
            Self::AwsSharedCredentialsFile => "AWS_SHARED_CREDENTIALS_FILE",
            Self::AwsCredentialExpiration => "AWS_CREDENTIAL_EXPIRATION",
            Self::AwsEndpointUrl => "AWS_ENDPOINT_URL",
            Self::AwsEndpointUrlSts => "AWS_ENDPOINT_URL_STS",
            Self::AwsCaBundle => "AWS_CA_BUNDLE",
            Self::AwsRegion => "AWS_REGION",
            Self::AwsDefaultRegion => "AWS_DEFAULT_REGION",
            Self::AwsStsRegionalEndpoints => "AWS_STS_REGIONAL_ENDPOINTS",
            Self::NoProxy => "NO_PROXY",
            Self::NoProxyLower => "no_proxy",
        }
    }

    /// Whether its value is asked for, not only whether it is set. Keys are secret.
    pub const fn has_value(self) -> bool {
        !matches!(self, Self::AwsContainerCredentialsFullUri | Self::AwsAccessKeyId | Self::AwsSecretAccessKey)
    }

    /// The variable of a name, if a question asks for it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.name() == name)
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The annotations whose value a question asks for. Of any other the value is kept only where it is a role's ARN,
/// which may have been meant.
const ANNOTATIONS: [&str; 9] = [
    ROLE_ANNOTATION,
    "eks.amazonaws.com/audience",
    "eks.amazonaws.com/skip-containers",
    "eks.amazonaws.com/sts-regional-endpoints",
    "eks.amazonaws.com/token-expiration",
    "kubectl.kubernetes.io/restartedAt",
    "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace",
    "argocd.argoproj.io/tracking-id",
];

/// The labels in which tools sign: Helm and eksctl (Kubernetes documentation, "Recommended Labels"), Argo CD ("Resource
/// Tracking") and Flux ("Kustomization" and "`HelmRelease`", garbage collection).
const LABELS: [&str; 6] = [
    "app.kubernetes.io/managed-by",
    "argocd.argoproj.io/instance",
    "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace",
    "helm.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace",
];

/// Annotations in which a whole object stands once more, which need not even be named.
const COPIES: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "deprecated.daemonset.template.generation"];

/// The inputs of the step that assumes a role which a question asks for (README of
/// aws-actions/configure-aws-credentials), what asks for a token elsewhere, and whether it is to carry session tags.
const INPUTS: [&str; 9] = [
    "role-to-assume",
    "audience",
    "aws-region",
    "role-duration-seconds",
    "role-session-name",
    "role-chaining",
    "id_tokens",
    "oidc",
    "session-tags",
];

/// The runner's variables of which a question asks whether they are set.
const JOB_VARIABLES: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_REGION"];

/// The ids and names a subject or an issuer's address may hold: on GitHub, and then `CircleCI`, Bitbucket, Buildkite
/// and HCP Terraform (each one's page about its tokens).
const JOB_IDS: [&str; 14] = [
    "owner_id",
    "repository_id",
    "organization_id",
    "project_id",
    "repository_uuid",
    "environment_uuid",
    "step_uuid",
    "workspace_uuid",
    "workspace",
    "organization",
    "pipeline",
    "step_key",
    "project",
    "run_phase",
];

/// What a permission of a job can be (GitHub Docs, "Workflow syntax for GitHub Actions", `permissions`).
const PERMISSIONS: [&str; 3] = ["read", "write", "none"];

/// Tags in which tools sign, each with the tool.
pub const OWNER_TAGS: [(&str, &str); 9] = [
    ("aws:cloudformation:stack-name", "CloudFormation"),
    ("alpha.eksctl.io/cluster-name", "eksctl"),
    ("alpha.eksctl.io/iamserviceaccount-name", "eksctl"),
    ("eksctl.cluster.k8s.io/v1alpha1/cluster-name", "eksctl"),
    ("KubernetesCluster", "kops"),
    ("terraform", "Terraform"),
    ("ManagedBy", "infrastructure code"),
    // The tags that Crossplane's AWS providers and AWS Controllers for Kubernetes give to what they make (their
    // documentation).
    ("crossplane-name", "Crossplane"),
    ("services.k8s.aws/controller-version", "AWS Controllers for Kubernetes"),
];

/// How the tags begin that the AWS CDK gives by itself, as `aws-cdk:bootstrap-role`.
pub const CDK_TAGS: &str = "aws-cdk:";

/// Members whose text is compared letter by letter, or edited and written back: policies as they are stored, ids and
/// digests.
pub(super) const VERBATIM: [&str; 10] = [
    "trust_policy",
    "document",
    "kid",
    "uid",
    "request_id",
    "thumbprints",
    "ca_sha256",
    "served_sha256",
    "client_ids",
    "policyDocument",
];

/// Annotations as they may be kept.
pub fn annotations(mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    all.retain(|key, _| !COPIES.contains(&key.as_str()));
    for (key, value) in &mut all {
        let meant = value.trim().splitn(6, ':').nth(5).is_some_and(|r| r.starts_with("role/"))
            && value.trim().starts_with("arn:")
            && !value.trim().contains(char::is_whitespace);
        if !ANNOTATIONS.contains(&key.as_str()) && !meant {
            WITHHELD.clone_into(value);
        }
    }
    all
}

/// Labels as they may be kept: those in which tools sign.
pub fn labels(mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    only(&mut all, &LABELS);
    all
}

/// The tool that signs with this tag.
pub fn owner(key: &str, value: &str) -> Option<&'static str> {
    if key.starts_with(CDK_TAGS) {
        return Some("CDK");
    }
    if [key, value].iter().any(|text| text.to_lowercase().contains("terraform")) {
        return Some("Terraform");
    }
    OWNER_TAGS.iter().find(|(sign, _)| sign.eq_ignore_ascii_case(key)).map(|(_, tool)| *tool)
}

/// Tags as they may be kept: those in which tools sign.
pub fn tags(all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    all.into_iter().filter(|(key, value)| owner(key, value).is_some()).collect()
}

fn only(map: &mut BTreeMap<String, String>, names: &[&str]) {
    map.retain(|name, _| names.contains(&name.as_str()));
}

impl CiJob {
    /// The job with what questions ask for: of its step the known inputs, of its environment that keys are set.
    #[must_use]
    pub fn kept(mut self) -> Self {
        only(&mut self.inputs, &INPUTS);
        only(&mut self.ids, &JOB_IDS);
        only(&mut self.env, &JOB_VARIABLES);
        for value in self.env.values_mut().filter(|v| !v.is_empty()) {
            "set".clone_into(value);
        }
        for permissions in [&mut self.permissions, &mut self.caller_permissions].into_iter().flatten() {
            permissions.retain(|_, value| PERMISSIONS.contains(&value.as_str()));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::EnvVar;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn values_nobody_asks_for_are_not_kept() {
        let env = |name: &str| EnvVar::new(name.to_owned(), Some("canary".to_owned()), None);
        for name in ["DATABASE_URL", "JWT", "PATH", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "aws_profile"] {
            assert_eq!(env(name).value(), None, "{name}");
        }
        for variable in Variable::ALL {
            assert_eq!(env(variable.name()).value().is_some(), variable.has_value());
            let empty = EnvVar::new(variable.name().to_owned(), Some(String::new()), None);
            assert_eq!(empty.value(), Some(""));
        }
        let arn = "arn:aws:iam::111122223333:role/x";
        let kept =
            annotations(map(&[(ROLE_ANNOTATION, "x"), ("other/role", arn), ("note", "canary"), (COPIES[0], "canary")]));
        assert_eq!(kept, map(&[(ROLE_ANNOTATION, "x"), ("other/role", arn), ("note", WITHHELD)]));
        let signed = map(&[("ManagedBy", "x"), ("made", "by terraform")]);
        let mut all = signed.clone();
        all.insert("password".to_owned(), "canary".to_owned());
        assert_eq!(tags(all), signed);
    }

    #[test]
    fn what_is_read_from_a_file_is_held_to_the_same_lists() {
        let read: EnvVar = serde_json::from_str(r#"{"name":"DB_PASS","value":"canary"}"#).unwrap();
        assert_eq!(read.value(), None);
        let read: EnvVar = serde_json::from_str(r#"{"name":"AWS_REGION","value":"us-west-2"}"#).unwrap();
        assert_eq!(read.value(), Some("us-west-2"));
    }
}
