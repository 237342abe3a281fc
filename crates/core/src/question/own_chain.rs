//! An application that does not come to the injected identity.

use trustwalk_symptoms::{Frame, Sdk};

use super::Draft;
use super::facts::{Has, has_web_identity, writers, writers_have};
use crate::cause::Cause;
use crate::evidence::{LogFailure, View};
use crate::finding::Confidence;

/// The application does not come to the injected identity: by a chain of its own, a setting, or an old SDK.
pub(super) fn own_chain(e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    let writer = writers(e, line).into_iter().find(|(_, c)| has_web_identity(c));
    let image = writer.map(|(_, c)| format!(" in {}", c.image)).unwrap_or_default();
    let unused = match (writer, writers_have(e, line, has_web_identity)) {
        (Some((_, c)), Has::Some) => format!(
            "role and token are in container {}, and if it is the one that wrote the log, its application does not use \
             them",
            c.name
        ),
        (Some((_, c)), Has::Yes) if !line.places.is_empty() => {
            format!("role and token are in container {} and the application does not use them", c.name)
        }
        _ => "role and token are in the container and the application does not use them".to_owned(),
    };
    let lacks = Cause::AppOrSdkLacksWebIdentitySupport;
    let asks = "the application's configuration, or its log at debug level: which credential provider it asks";
    if let Some((setting, title, source)) = own_setting(line.failure.sdk) {
        let draft = Draft::new(format!("{unused}: it has a chain of credentials of its own, in which {setting}"))
            .unsure(Confidence::Likely, asks)
            .cure(title, &[("note", source.to_owned())]);
        let configured = line.failure.frames.contains(&Frame::Configured) || line.failure.sdk == Some(Sdk::HadoopS3a);
        return (if configured { Cause::AppConfiguredForAnotherCredentialSource } else { lacks }, draft);
    }
    let elsewhere = [Frame::Configured, Frame::Profile].iter().any(|f| line.failure.frames.contains(f));
    if elsewhere && !line.failure.frames.contains(&Frame::Chain) {
        let draft = Draft::new(format!("{unused}: its own configuration names keys or a profile"))
            .unsure(Confidence::Likely, asks)
            .cure("have the application use the SDK's default chain of credentials", &[]);
        return (Cause::AppConfiguredForAnotherCredentialSource, draft);
    }
    // These have known web identity from their first release on (EKS User Guide, "Using a supported AWS SDK"):
    // what does not ask for it is the application.
    if let Some(sdk) = line.failure.sdk.filter(|s| matches!(s, Sdk::GoV2 | Sdk::Rust)) {
        let draft = Draft::new(format!(
            "{unused}: the {} could, and the application{image} asks for credentials in a way of its own",
            sdk.name()
        ))
        .unsure(Confidence::Likely, asks)
        .cure(
            "have the application use the SDK's default chain of credentials, without a profile, keys or metadata of \
             its own",
            &[("note", "the default chain finds the injected web identity".to_owned())],
        );
        return (lacks, draft);
    }
    let sdk = line.failure.sdk.map(|s| format!(" ({})", s.name())).unwrap_or_default();
    let draft = Draft::new(format!("{unused}: the SDK{image}{sdk} knows no web identity, or is not asked for it"))
        .unsure(
            Confidence::Likely,
            "the SDK's version in the image; EKS User Guide lists the first that knows web identity",
        )
        .cure("use an image with a newer AWS SDK", &[("note", "EKS User Guide, using a supported AWS SDK".to_owned())]);
    (lacks, draft)
}

/// Clients with a chain of their own: what is wrong with it, what to set, and where that is written.
#[expect(clippy::wildcard_enum_match_arm, reason = "few clients have a chain of their own")]
fn own_setting(sdk: Option<Sdk>) -> Option<(&'static str, &'static str, &'static str)> {
    match sdk? {
        // Apache Hadoop documentation, "Authenticating with S3": the default of fs.s3a.aws.credentials.provider.
        Sdk::HadoopS3a => Some((
            "fs.s3a.aws.credentials.provider names no provider of web identity",
            "set fs.s3a.aws.credentials.provider to the provider of web identity",
            "com.amazonaws.auth.WebIdentityTokenCredentialsProvider up to Hadoop 3.3, \
             software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider from 3.4 on",
        )),
        // Thanos documentation, "Storage", on aws_sdk_auth.
        Sdk::MinioGo => Some((
            "keys or the instance's role are asked for before, or instead of, the web identity",
            "take keys out of its storage configuration, and turn on the SDK's own chain where there is a setting",
            "Thanos: aws_sdk_auth: true; others: neither access key nor secret key in the bucket's configuration",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_with_a_chain_of_their_own_have_a_setting() {
        assert!(own_setting(Some(Sdk::HadoopS3a)).is_some_and(|(_, title, _)| title.contains("fs.s3a")));
        assert!(own_setting(Some(Sdk::Python)).is_none() && own_setting(None).is_none());
    }
}
