//! What services and tools print that pass on little of what AWS said, with where their words come from.

use trustwalk_symptoms::{Symptom as S, classify, classify_all};

/// Meaning, words, source.
const TABLE: &[(S, &str, &str)] = &[
    (
        S::PodIdentityAgentTimeout,
        "Error when retrieving credentials from container-role: Error retrieving metadata: Received error when \
         attempting \
         to retrieve container metadata: Read timeout on endpoint URL: \"http://169.254.170.23/v1/credentials\"",
        "botocore, ContainerMetadataFetcher",
    ),
    (
        S::PodIdentityAgentUnreachable,
        "Get \"http://169.254.170.23/v1/credentials\": dial tcp 169.254.170.23:80: connect: connection refused",
        "SDK for Go 2",
    ),
    (
        S::AccessDeniedAction,
        "level=error ts=2026-06-22T16:04:48.668062239Z caller=compact.go:386 msg=\"retriable error\" err=\"compaction: \
         sync: \
         BaseFetcher: iter bucket: Access Denied\"",
        "thanos 2792",
    ),
    (S::AccessDeniedAction, "Error: Failed to get existing workspaces: AccessDenied: Access Denied", "terraform 22992"),
    (
        S::AccessDeniedAction,
        "Output: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'",
        "EFS User Guide, troubleshooting; efs-utils",
    ),
    (
        S::TokenFileNotOpened,
        "Caused by: com.amazonaws.SdkClientException: Unable to locate specified web identity token file: \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "SDK for Java 1, STSAssumeRoleWithWebIdentitySessionCredentialsProvider; spark-operator 1256",
    ),
    (
        S::PodIdentityTrustRefused,
        "Error: creating EKS (Elastic Kubernetes) Pod Identity Association: operation error EKS: \
         CreatePodIdentityAssociation, https response error StatusCode: 400, RequestID: 3c, InvalidParameterException: \
         Trust policy of the role provided is invalid",
        "terraform-provider-aws 41483",
    ),
    (
        S::NoCredentials,
        "org.apache.hadoop.fs.s3a.auth.NoAwsCredentialsException: SimpleAWSCredentialsProvider: No AWS credentials in \
         the Hadoop configuration",
        "spark-operator 2491",
    ),
    (
        S::NoCredentials,
        "error_class=Aws::Sigv4::Errors::MissingCredentialsError error=\"Cannot load `Aws::Sigv4::Credentials'. \
         Missing \
         credentials\"",
        "SDK for Ruby; fluent-plugin-opensearch 146",
    ),
    (
        S::NoInstanceRole,
        "Error retrieving instance profile credentials: Aws::InstanceProfileCredentials::Non200Response",
        "SDK for Ruby, instance_profile_credentials.rb",
    ),
    (S::WebIdentityOther, "Error: Unexpected key 'ExternalId' found in params", "configure-aws-credentials 407"),
    (
        S::StsUnreachable,
        "source:error sending request for url (https://sts.cn-northwest-1.amazonaws.com/)",
        "object_store, reqwest; openobserve 5530",
    ),
];

#[test]
fn each_wording_has_its_meaning() {
    for (symptom, text, source) in TABLE {
        let found = classify(text).map(|f| f.symptom);
        assert_eq!(found, Some(*symptom), "{source}: {text}");
    }
}

#[test]
fn a_rule_of_the_api_is_no_missing_permission() {
    let text = "unable to get authorization token: AccessDenied: Cannot call GetSessionToken with session \
                credentials\n\t\
                status code: 403, request id: 1";
    let found: Vec<S> = classify_all(text).iter().map(|f| f.symptom).collect();
    assert_eq!(found, [S::SessionWithSession]);
}

#[test]
fn denials_of_other_stores_are_not_ours() {
    for text in
        ["mount.nfs4: access denied by server while mounting nas.example:/export", "iter bucket: Access is fine"]
    {
        assert_eq!(classify_all(text), vec![], "{text}");
    }
}
