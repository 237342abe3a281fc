//! Class names, which tell which link of a chain spoke, are no secrets.

use trustwalk_foreign::redact;

/// Names as stacks and chains of providers print them.
const CLASSES: &[&str] = &[
    "com.amazonaws.auth.AWSCredentialsProviderChain",
    "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
    "com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper",
    "com.amazonaws.auth.InstanceProfileCredentialsProvider",
    "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
    "com.amazonaws.auth.SystemPropertiesCredentialsProvider",
    "com.amazonaws.auth.WebIdentityTokenCredentialsProvider",
    "com.amazonaws.auth.STSAssumeRoleSessionCredentialsProvider",
    "com.amazonaws.auth.STSAssumeRoleWithWebIdentitySessionCredentialsProvider",
    "com.amazonaws.auth.STSSessionCredentialsProvider",
    "com.amazonaws.auth.AWSSessionCredentials",
    "com.amazonaws.auth.BasicAWSCredentials",
    "com.amazonaws.auth.AWS4Signer",
    "com.amazonaws.auth.profile.ProfileCredentialsProvider",
    "com.amazonaws.internal.EC2ResourceFetcher",
    "com.amazonaws.services.securitytoken.model.AWSSecurityTokenServiceException",
    "org.apache.hadoop.fs.s3a.auth.AssumedRoleCredentialProvider",
    "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider",
    "org.apache.hadoop.fs.s3a.auth.IAMInstanceCredentialsProvider",
    "org.apache.hadoop.fs.s3a.AWSCredentialProviderList",
    "software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider",
    "software.amazon.awssdk.services.sts.auth.StsAssumeRoleWithWebIdentityCredentialsProvider",
    "software.amazon.awssdk.services.sts.internal.StsWebIdentityCredentialsProviderFactory",
    "Amazon.Runtime.AssumeRoleWithWebIdentityCredentials",
    "Amazon.SecurityToken.Model.AssumeRoleWithWebIdentityRequest",
    "aws.sdk.kotlin.runtime.auth.credentials.StsWebIdentityProvider",
    "com.amazonaws.auth.AWSStaticCredentialsProvider",
    "com.amazonaws.auth.ClasspathPropertiesFileCredentialsProvider",
    "com.amazonaws.auth.PropertiesFileCredentialsProvider",
    "com.amazonaws.auth.InstanceMetadataServiceCredentialsFetcher",
    "com.amazonaws.auth.profile.internal.securitytoken.STSProfileCredentialsServiceProvider",
    "com.amazonaws.services.s3.model.AmazonS3Exception",
];

#[test]
fn class_names_stay_in_every_place() {
    let mut changed = Vec::new();
    for class in CLASSES {
        for text in [
            format!("at {class}.getCredentials({class}.java:98)"),
            format!("{class}: Unable to load credentials from the environment"),
            format!("{class}@1a2b3c4d: failed to connect to service endpoint"),
            format!("chain [{class}@5d0a1059, com.a.B: no]"),
            format!("Caused by: {class}"),
            format!("{{\"class\":\"{class}\",\"logger_name\":\"{class}\"}}"),
            format!("fs.s3a.aws.credentials.provider={class}"),
            format!("fs.s3a.aws.credentials.provider: {class}"),
            format!("token provider {class}, credentials: {class}"),
            format!("credentials={class}@1a2b3c4d"),
            format!("auth: {class}"),
            format!("{class}()"),
            format!("class {class} cannot be cast to class a.B"),
            format!("spark.hadoop.fs.s3a.aws.credentials.provider\t{class}"),
        ] {
            let out = redact(&text);
            if out != text {
                changed.push(format!("{text}\n  -> {out}"));
            }
        }
    }
    assert!(changed.is_empty(), "{}\n{}", changed.len(), changed.join("\n"));
}
