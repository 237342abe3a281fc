//! An application that does not come to the injected identity.

use trustwalk_symptoms::{Frame, Sdk, Symptom};

use super::Draft;
use super::facts::{Has, has_web_identity, writers, writers_have};
use crate::cause::Cause;
use crate::evidence::{LogFailure, Target, View};
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
    if let Some((setting, set)) = own_store(e, line).filter(|_| matches!(line.failure.sdk, None | Some(Sdk::MinioGo))) {
        let draft = Draft::new(format!("{unused}: it has a chain of credentials of its own, and {setting}"))
            .unsure(Confidence::Likely, asks)
            .cure("turn on the SDK's own chain of credentials", &[("note", set.to_owned())]);
        return (Cause::AppConfiguredForAnotherCredentialSource, draft);
    }
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
    let Some(sdk) = line.failure.sdk.map(Sdk::name) else { return (lacks, unnamed(&unused, &image)) };
    let draft = Draft::new(format!("{unused}: the SDK{image} ({sdk}) knows no web identity, or is not asked for it"))
        .unsure(
            Confidence::Likely,
            "the SDK's version in the image; EKS User Guide lists the first that knows web identity",
        )
        .cure("use an image with a newer AWS SDK", &[("note", "EKS User Guide, using a supported AWS SDK".to_owned())]);
    (lacks, draft)
}

/// The list of sources that a log alone names is that of a client whose list is a setting.
pub(super) fn listed(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let alone = matches!(e.target(), Target::Log { .. }) && line.failure.symptom == Symptom::WebIdentityNotAsked;
    let (setting, title, source) = own_setting(line.failure.sdk).filter(|_| alone)?;
    let draft = Draft::new(format!("no source of web identity is asked: {setting}"))
        .hear(line)
        .unsure(Confidence::Possible, "the application's configuration: which credential providers it lists")
        .cure(title, &[("note", source.to_owned())]);
    Some((Cause::AppConfiguredForAnotherCredentialSource, draft))
}

/// Whose the line is it does not tell: neither the SDK's age nor a setting of the application is known.
fn unnamed(unused: &str, image: &str) -> Draft {
    Draft::new(format!(
        "{unused}: what it asks for credentials{image} the line does not tell; it is a source of its own, or an SDK \
         from before web identity"
    ))
    .unsure(
        Confidence::Possible,
        "which source of credentials the application asks: its configuration, the SDK's name and version in the \
         image, or its log at debug level",
    )
    .cure(
        "have the application use its SDK's default chain of credentials, in a version that knows web identity",
        &[("note", "EKS User Guide, using a supported AWS SDK, lists the first version of each".to_owned())],
    )
}

/// Beside that, where no SDK is known: the application is set up for another source.
pub(super) fn set_up_otherwise(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    if line.failure.sdk.is_some() || own_store(e, line).is_some() {
        return None;
    }
    let draft = Draft::new(
        "the application is set up for another source of credentials than the injected identity: keys, a profile \
         or the node's role in its own configuration, or a chain of its own without web identity",
    )
    .unsure(Confidence::Possible, "the application's configuration: which source of credentials it names")
    .cure(
        "take the other source out of the application's configuration",
        &[("note", "the default chain of an SDK finds the injected web identity by itself".to_owned())],
    );
    Some((Cause::AppConfiguredForAnotherCredentialSource, draft))
}

/// Stores of Grafana's and of Thanos's that keep their objects with minio-go, whose chain is their own while a setting
/// does not turn on the SDK's: their images, the setting, and what turns it on.
const STORES: [(&[&str], &str, &str); 2] = [
    // Mimir's, Loki's and Pyroscope's configuration references, "s3", native_aws_auth_enabled: default false.
    (
        &["loki", "mimir", "pyroscope", "enterprise-metrics", "enterprise-logs"],
        "native_aws_auth_enabled of its s3 storage turns on the SDK's own, and is off unless it is set",
        "native_aws_auth_enabled: true",
    ),
    // Thanos documentation, "Storage", on aws_sdk_auth.
    (
        &["thanos"],
        "aws_sdk_auth of its bucket's configuration turns on the SDK's own, and is off unless it is set",
        "aws_sdk_auth: true",
    ),
];

/// The setting of a store whose image wrote the line.
fn own_store(e: &View<'_>, line: &LogFailure) -> Option<(&'static str, &'static str)> {
    let all = writers(e, line);
    let mut named = all.iter().filter_map(|(_, c)| {
        let name = repository(&c.image);
        STORES.iter().find(|(images, ..)| images.contains(&name)).map(|(_, what, set)| (*what, *set))
    });
    named.next()
}

/// The last part of an image's repository: `loki` of `docker.io/grafana/loki:3.1@sha256:…`.
fn repository(image: &str) -> &str {
    let path = image.split('@').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
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
        assert_eq!(repository("docker.io/grafana/loki:3.1@sha256:00"), "loki");
        assert_eq!(repository("localhost:5000/thanos"), "thanos");
        assert!(own_setting(Some(Sdk::HadoopS3a)).is_some_and(|(_, title, _)| title.contains("fs.s3a")));
        assert!(own_setting(Some(Sdk::Python)).is_none() && own_setting(None).is_none());
    }
}
