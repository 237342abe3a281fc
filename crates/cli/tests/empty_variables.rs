//! A variable that is empty is one that is not set, for every variable of AWS, whatever the credentials come from.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::path::Path;

use crate::support::trustwalk;

/// Variables that the SDK's loader reads besides those that trustwalk reads itself (AWS SDKs and Tools Reference Guide,
/// "Settings reference").
const OF_THE_SDK: [&str; 12] = [
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_SDK_UA_APP_ID",
];

const PROFILES: &str = "[profile plain]\naws_access_key_id = a\naws_secret_access_key = b\n\
    [profile assumed]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = plain\nendpoint_url =\n";

/// What is printed with these variables empty.
fn asked(profiles: &Path, empty: &[&str], profile: Option<&str>) -> String {
    let mut command = trustwalk();
    command
        .args(["diagnose", "--role", "arn:aws:iam::111122223333:role/x", "--cluster", "c"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", profiles)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_REGION", "us-west-2");
    for name in empty {
        command.env(name, "");
    }
    if let Some(profile) = profile {
        command.args(["--profile", profile]);
    }
    let out = command.output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(matches!(out.status.code(), Some(0..=4)), "{empty:?} {profile:?}: {:?}\n{said}", out.status);
    said
}

#[test]
fn no_empty_variable_of_aws_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("config");
    std::fs::write(&profiles, PROFILES).unwrap();
    let own = trustwalk_collect::env::VARIABLES.iter().map(|v| v.name).filter(|name| name.starts_with("AWS_"));
    let all: Vec<&str> = own.chain(OF_THE_SDK).collect();
    for name in &all {
        // Without their file the profiles are not there, and without an endpoint AWS itself would be asked.
        if !["AWS_CONFIG_FILE", "AWS_ENDPOINT_URL"].contains(name) {
            asked(&profiles, &[name], Some("assumed"));
        }
    }
    let set: Vec<&str> =
        all.into_iter().filter(|name| !["AWS_CONFIG_FILE", "AWS_ENDPOINT_URL"].contains(name)).collect();
    for profile in [None, Some("plain"), Some("assumed")] {
        asked(&profiles, &set, profile);
    }
}

#[test]
fn a_profile_that_is_asked_for_is_used_beside_an_empty_variable() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("config");
    std::fs::write(&profiles, PROFILES).unwrap();
    // With its keys the account is asked, where nothing listens; without, nobody is.
    let said = asked(&profiles, &["AWS_ENDPOINT_URL_EKS", "AWS_ENDPOINT_URL_STS"], Some("plain"));
    assert!(said.contains("127.0.0.1:1"), "{said}");
    let none = asked(&profiles, &["AWS_ENDPOINT_URL_EKS"], Some("nowhere"));
    assert!(none.contains("nowhere") || none.contains("credentials"), "{none}");
}
