//! What a failure may mean when the evidence does not decide: the causes it is known for, most frequent
//! first, and the comparison that tells them apart.

use trustwalk_symptoms::{Sdk, Symptom as S};

use crate::evidence::LogFailure;
use crate::judge;
use crate::rule::View;

/// Meanings told of one diagnosis: more would bury the first.
const MOST: usize = 3;

/// Causes of a symptom, and what decides among them.
type Meaning = (&'static [&'static str], &'static str);

const AUDIENCE: Meaning = (
    &[
        "audience-not-in-provider-client-ids",
        "partition-audience-mismatch",
        "audience-confused-with-sts-endpoint",
        "audience-default-changed-by-tool",
        "azp-claim-used-as-audience",
        "wrong-token-file-kubernetes-default-token",
    ],
    "compare `aud` (and `azp`) of the decoded token with ClientIDList of `aws iam get-open-id-connect-provider`",
);
const TRUST: Meaning = (
    &[
        "sub-wrong-service-account",
        "wildcard-with-stringequals",
        "sub-wrong-namespace",
        "trust-policy-lacks-web-identity-statement",
        "federated-principal-malformed",
        "federated-arn-wrong-provider",
        "role-does-not-exist",
    ],
    "compare the token's `iss`, `sub` and `aud` with `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`; CloudTrail's AssumeRoleWithWebIdentity event shows the subject",
);
const GITHUB: Meaning = (
    &[
        "gha-sub-environment-vs-ref",
        "gha-sub-immutable-ids",
        "gha-sub-branch-or-tag-not-allowed",
        "gha-sub-case-mismatch",
        "gha-repo-or-org-renamed",
        "gha-sub-customised",
        "wildcard-with-stringequals",
    ],
    "compare the subject in CloudTrail's AssumeRoleWithWebIdentity event (userIdentity.userName) with `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`",
);
const JOB_WITHOUT: Meaning = (
    &["gha-id-token-permission-missing", "gha-fork-pr-no-id-token", "role-to-assume-empty"],
    "look at `permissions:` of the job and of its caller, at role-to-assume as the run shows it, and whether the run comes from a fork; `trustwalk diagnose --job FOLDER` reads them",
);
const WITHOUT: Meaning = (
    &[
        "annotation-missing-on-service-account",
        "pod-created-before-annotation-or-webhook",
        "webhook-absent-or-not-running",
        "webhook-misconfigured-cabundle",
        "app-or-sdk-lacks-web-identity-support",
    ],
    "`kubectl get serviceaccount NAME -o yaml` shows the role, `kubectl exec POD -- env` whether AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE reached the container",
);

#[expect(clippy::wildcard_enum_match_arm, reason = "the other symptoms have one cause, which a rule names")]
fn meaning(line: &LogFailure) -> Option<Meaning> {
    let github = line.failure.sdk == Some(Sdk::GithubAction);
    Some(match line.failure.symptom {
        S::IncorrectAudience | S::TokenNotValidated => AUDIENCE,
        S::NotAuthorizedWebIdentity if github => GITHUB,
        S::NotAuthorizedWebIdentity => TRUST,
        S::KeysUnavailable => (
            &[
                "issuer-keys-fetch-transient-failure",
                "issuer-documents-not-public",
                "issuer-host-mismatch-with-documents",
                "apiserver-issuer-or-keys-replaced-breaks-cluster",
            ],
            "run it again unchanged: if that succeeds the failure was passing; else fetch ISSUER/.well-known/openid-configuration and its jwks_uri from outside the network",
        ),
        S::NoCredentials if github || line.sample.contains("check your action inputs") => JOB_WITHOUT,
        S::NodeRoleUsed | S::NoInstanceRole | S::NoCredentials => WITHOUT,
        S::SecurityTokenInvalid => (
            &[
                "static-or-other-credentials-take-precedence",
                "region-not-enabled-for-account",
                "sts-call-sent-to-wrong-partition-region",
            ],
            "`env | grep AWS_` where the code runs shows keys set beside the web identity; `aws account get-region-opt-status --region-name REGION` whether the region is enabled",
        ),
        S::AssumeRoleDenied => (
            &["role-assumes-itself", "sub-wrong-service-account", "cross-account-web-identity-without-provider-there"],
            "compare the role the application is told to assume with the one of its service account: the same means it assumes itself",
        ),
        S::AccessDeniedAction if line.sample.contains("control policy") => (
            &["org-policy-rcp-scp-deny"],
            "the organization's policies on the account and the resource: no permission of the role helps against an explicit deny",
        ),
        S::GhaTokenRefused => (
            &["idp-refuses-token-transient"],
            "the lines after it tell GitHub's code: 5xx passes, run the job again; 4xx comes again",
        ),
        S::AccessDeniedAction => (
            &["role-lacks-permission", "role-changed-pods-not-restarted", "annotation-missing-on-service-account"],
            "`kubectl exec POD -- aws sts get-caller-identity` tells as whom the application acts",
        ),
        S::WebhookMissing => (
            &["webhook-absent-or-not-running", "webhook-misconfigured-cabundle"],
            "`kubectl get mutatingwebhookconfiguration pod-identity-webhook -o yaml`: absent, or with a caBundle that does not verify the serving certificate",
        ),
        S::MalformedPolicy => (
            &["federated-principal-malformed", "iam-rejects-trust-policy-without-required-claim"],
            "the policy as it was sent: its Federated principal, the spelling of its operators, and a condition on the issuer's `sub` or `aud`",
        ),
        S::PodIdentityNoAssociation => (
            &["pod-identity-association-cache-race"],
            "`aws eks list-pod-identity-associations --cluster-name NAME`: none for this service account, or one younger than the pod",
        ),
        S::WebIdentityOther | S::InvalidIdentityTokenOther | S::IpamdWaiting | S::IpamdInitFailure => (
            &["sub-wrong-service-account", "federated-arn-wrong-provider", "oidc-provider-missing-in-account"],
            "the line does not say what STS answered: the lines after it (`caused by`), the log at debug level or CloudTrail do",
        ),
        _ => return None,
    })
}

/// The answer of STS to trustwalk's own exchange, read as a log's line is.
fn refused(view: &View<'_>) -> Option<LogFailure> {
    let exchange = view.frame().exchange.known().filter(|x| x.assumed.is_none())?;
    let text = format!("{}: {}", exchange.code.as_deref()?, exchange.message.as_deref().unwrap_or_default());
    Some(LogFailure {
        origin: "sts:AssumeRoleWithWebIdentity".to_owned(),
        count: 1,
        first: None,
        last: None,
        sample: text.clone(),
        failure: trustwalk_symptoms::classify(&text)?,
    })
}

/// One sentence for each kind of failure that has several causes.
pub(super) fn meanings(view: &View<'_>) -> Vec<String> {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    let refused = refused(view);
    for line in refused.iter().chain(judge::recent(view)) {
        let symptom = line.failure.symptom;
        let Some((causes, decide)) = meaning(line).filter(|_| !seen.contains(&symptom) && out.len() < MOST) else {
            continue;
        };
        seen.push(symptom);
        out.push(format!("which cause `{}` has here, of {}; {decide}", symptom.name(), causes.join(", ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{AUDIENCE, GITHUB, JOB_WITHOUT, TRUST, WITHOUT, meaning};
    use crate::evidence::LogFailure;
    use crate::rules;

    fn said(text: &str) -> Option<&'static [&'static str]> {
        let failure = trustwalk_symptoms::classify(text).unwrap();
        let line =
            LogFailure { origin: String::new(), count: 1, first: None, last: None, sample: text.to_owned(), failure };
        meaning(&line).map(|m| m.0)
    }

    #[test]
    fn every_cause_named_is_a_rule() {
        let lines = [
            "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider",
            "The security token included in the request is invalid",
            "Unable to assume role: AccessDenied",
            "UnauthorizedOperation: You are not authorized to perform this operation.",
            "Pod is missing required variables: AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE",
            "MalformedPolicyDocument: This policy contains invalid Json",
            "ResourceNotFoundException when calling AssumeRoleForPodIdentity",
            "WebIdentityErr: failed to retrieve credentials",
        ];
        let told = lines.into_iter().flat_map(|l| said(l).unwrap_or_else(|| panic!("{l}")).iter());
        let shared = [AUDIENCE, GITHUB, JOB_WITHOUT, TRUST, WITHOUT].into_iter().flat_map(|m| m.0);
        for name in told.chain(shared) {
            assert!(rules::by_code_or_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_job_and_a_pod_are_told_their_own_causes() {
        let job =
            said("##[error]Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity");
        assert_eq!(job, Some(GITHUB.0));
        let pod = said(
            "WebIdentityErr: failed to retrieve credentials caused by: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
        );
        assert_eq!(pod, Some(TRUST.0));
    }
}
