//! The credential chain: which source an SDK takes in this container. Order: keys
//! in the environment, a profile the app was told to use, web identity, container
//! credentials, the instance's role (AWS SDKs and Tools Reference Guide,
//! "Standardized credential providers").

use super::{context::Context, failure::Failure, profile, sdk::Sdk};
use crate::credentials::Credentials;

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Keys given outright.
    Static(Credentials),
    /// A role and a token file.
    WebIdentity { role: String, token_file: String },
    /// The EKS Pod Identity Agent.
    Container { token_file: String },
    /// The instance metadata service.
    Instance,
}

fn keys(id: Option<&str>, secret: Option<&str>, token: Option<&str>) -> Option<Source> {
    Some(Source::Static(Credentials {
        access_key_id: id?.to_owned(),
        secret_access_key: secret?.to_owned(),
        session_token: token.map(Into::into),
        expires: None,
    }))
}

/// The source a named profile points at.
fn from_profile(context: &Context, name: &str) -> Result<Source, Failure> {
    let paths = [
        context.var("AWS_CONFIG_FILE").unwrap_or("/root/.aws/config"),
        context.var("AWS_SHARED_CREDENTIALS_FILE").unwrap_or("/root/.aws/credentials"),
    ];
    let settings = paths
        .iter()
        .filter_map(|path| context.files.read(path, &context.user).ok())
        .find_map(|text| profile::find(&String::from_utf8_lossy(&text), name))
        .ok_or_else(|| Failure::NoProfile(name.to_owned()))?;
    let get = |key: &str| settings.get(key).map(String::as_str);
    if let Some(source) = keys(get("aws_access_key_id"), get("aws_secret_access_key"), get("aws_session_token")) {
        return Ok(source);
    }
    if let (Some(role), Some(file)) = (get("role_arn"), get("web_identity_token_file")) {
        return Ok(Source::WebIdentity { role: role.to_owned(), token_file: file.to_owned() });
    }
    Ok(Source::Instance)
}

/// The sources of the chain in order. Only an SDK that falls through looks at more
/// than the first.
pub(crate) fn sources(context: &Context, sdk: Sdk) -> Result<Vec<Source>, Failure> {
    if context.var("LAB_PROVIDER") == Some("instance-metadata") {
        return Ok(vec![Source::Instance]);
    }
    let from_env =
        keys(context.var("AWS_ACCESS_KEY_ID"), context.var("AWS_SECRET_ACCESS_KEY"), context.var("AWS_SESSION_TOKEN"));
    if let Some(source) = from_env {
        return Ok(vec![source]);
    }
    if let Some(name) = context.var("AWS_PROFILE") {
        return Ok(vec![from_profile(context, name)?]);
    }
    if sdk.prefers_profiles()
        && let Ok(source @ Source::Static(_)) = from_profile(context, "default")
    {
        return Ok(vec![source]);
    }
    let mut found = Vec::new();
    if sdk.knows_web_identity()
        && let (Some(role), Some(file)) = (context.var("AWS_ROLE_ARN"), context.var("AWS_WEB_IDENTITY_TOKEN_FILE"))
    {
        found.push(Source::WebIdentity { role: role.to_owned(), token_file: file.to_owned() });
    }
    if context.var("LAB_PROVIDER") == Some("web-identity") {
        return Ok(found);
    }
    if sdk.knows_pod_identity()
        && let (Some(_), Some(file)) =
            (context.var("AWS_CONTAINER_CREDENTIALS_FULL_URI"), context.var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    {
        found.push(Source::Container { token_file: file.to_owned() });
    }
    if context.var("AWS_EC2_METADATA_DISABLED") != Some("true") {
        found.push(Source::Instance);
    }
    Ok(found)
}
