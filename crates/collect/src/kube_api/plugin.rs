//! A kubeconfig's exec plugin, as client-go speaks to it (Kubernetes documentation, "client-go credential plugins"),
//! with bounds: the client's own runner reads whatever comes for as long as it comes.
//!
//! What a plugin prints on standard output is never quoted: a credential may stand in it. What it complains about on
//! standard error is told, without secrets, as kubectl shows it.

use std::io::IsTerminal as _;

use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;
use trustwalk_foreign::shell;

use crate::limits::LOGIN_TIMEOUT;
use crate::process;

/// A credential, from wherever it came.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(super) token: Option<String>,
    /// Certificates and key, PEM.
    pub(super) certificate: Option<(String, String)>,
    pub(super) expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "apiVersion")]
    version: Option<String>,
    kind: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// Runs a plugin.
pub(super) async fn credential(plugin: &ExecConfig) -> Result<Credential, String> {
    let name =
        plugin.command.as_deref().filter(|c| !c.is_empty()).ok_or("the kubeconfig's exec plugin has no command")?;
    let said = |what: &str| format!("the kubeconfig's exec plugin `{name}` {what}");
    let terminal = std::io::stdin().is_terminal();
    let person = match plugin.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !terminal => {
            return Err(said("asks questions, and standard input is no terminal"));
        }
        Some(ExecInteractiveMode::Always | ExecInteractiveMode::IfAvailable) | None => terminal,
    };
    let mut command = Command::new(name);
    command.args(plugin.args.iter().flatten());
    for pair in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    command.env("KUBERNETES_EXEC_INFO", asked(plugin, person)?);
    // Nothing is written over the questions that it asks a person.
    let _waiting = (!person).then(|| crate::waits::begin(format!("the kubeconfig's exec plugin `{name}`")));
    let printed = process::run(command, LOGIN_TIMEOUT, person).await.map_err(|e| {
        let hint = plugin.install_hint.as_deref().filter(|_| matches!(e, process::RunError::Start(_)));
        hint.map_or_else(|| said(&e.to_string()), |hint| format!("{}. {hint}", said(&e.to_string())))
    })?;
    if !printed.status.success() {
        return Err(said(&format!("failed with {}{}", printed.status, printed.complaint())));
    }
    answered(&printed.stdout, plugin.api_version.as_deref()).map_err(|what| said(&what))
}

/// What the AWS CLI and botocore print when the login at IAM Identity Center is over (botocore, `exceptions`:
/// `UnauthorizedSSOTokenError`, `SSOTokenLoadError`, `TokenRetrievalError`).
const LOGIN_IS_OVER: [&str; 4] =
    ["aws sso login", "Error loading SSO Token", "The SSO session associated with this profile", "token from sso"];

/// The command that logs in again where the plugin's complaint says that this is it, else the one that runs it.
pub(super) fn log_in(plugin: &ExecConfig, complaint: &str) -> String {
    if !LOGIN_IS_OVER.iter().any(|words| complaint.contains(words)) {
        return "kubectl version".to_owned();
    }
    let arguments: Vec<&str> = plugin.args.iter().flatten().map(String::as_str).collect();
    let typed = arguments.iter().zip(arguments.iter().skip(1)).find(|(name, _)| **name == "--profile");
    let joined = arguments.iter().find_map(|a| a.strip_prefix("--profile="));
    let set = plugin.env.iter().flatten().find(|pair| pair.get("name").is_some_and(|n| n == "AWS_PROFILE"));
    let set = set.and_then(|pair| pair.get("value").cloned());
    let profile = typed.map(|(_, name)| (*name).to_owned()).or(joined.map(str::to_owned)).or(set);
    match profile.or_else(|| crate::env::env_var("AWS_PROFILE")) {
        Some(profile) => shell::line("aws sso login --profile {}", &[&profile]),
        None => "aws sso login".to_owned(),
    }
}

/// What the plugin is told.
fn asked(plugin: &ExecConfig, person: bool) -> Result<String, String> {
    let mut spec = json!({ "interactive": person });
    if plugin.provide_cluster_info {
        let cluster = serde_json::to_value(&plugin.cluster).map_err(|e| format!("the cluster cannot be told: {e}"))?;
        if let Some(members) = spec.as_object_mut() {
            members.insert("cluster".to_owned(), cluster);
        }
    }
    let asked = json!({"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec});
    Ok(asked.to_string())
}

/// What the plugin says. client-go's reader takes YAML as well as JSON, and some plugins print it.
pub(crate) fn answered(printed: &[u8], asked: Option<&str>) -> Result<Credential, String> {
    // The reader's own words quote the lines around a fault.
    let answer: Answer =
        serde_saphyr::from_slice(printed).map_err(|_| "printed no ExecCredential that can be read".to_owned())?;
    if answer.kind.as_deref().is_some_and(|kind| kind != "ExecCredential") {
        return Err("printed another kind than ExecCredential".to_owned());
    }
    if let (Some(asked), Some(version)) = (asked, answer.version.as_deref())
        && asked != version
    {
        return Err(format!("answered in another version than {asked}, which the kubeconfig asks for"));
    }
    let status = answer.status.ok_or("printed an ExecCredential without a status")?;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let token = given(status.token);
    let certificate = match (given(status.client_certificate_data), given(status.client_key_data)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err("gave one half of a certificate and its key".to_owned()),
    };
    if token.is_none() && certificate.is_none() {
        return Err("gave neither a token nor a certificate".to_owned());
    }
    let expires = match given(status.expiration_timestamp) {
        Some(text) => Some(text.parse().map_err(|_| "gave an expirationTimestamp that is no time".to_owned())?),
        None => None,
    };
    Ok(Credential { token, certificate, expires })
}

/// The token of the `oidc` provider, which kubectl still has; its others went in Kubernetes 1.26.
pub(super) fn provider_token(name: &str, setting: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    match name {
        "oidc" => setting("id-token").ok_or_else(|| {
            "the kubeconfig's auth-provider `oidc` has no id-token; log in again with what wrote it".to_owned()
        }),
        _ => Err(format!(
            "the kubeconfig's auth-provider `{name}` is none that kubectl has since 1.26; use its exec plugin instead"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "client.authentication.k8s.io/v1";

    fn answer(status: &str) -> Result<Credential, String> {
        let text = format!(r#"{{"apiVersion": "{V1}", "kind": "ExecCredential", "status": {status}}}"#);
        answered(text.as_bytes(), Some(V1))
    }

    #[test]
    fn tokens_certificates_and_ends_are_read() {
        let token = answer(r#"{"token": "t", "expirationTimestamp": "2026-01-02T03:04:05Z"}"#).ok().unwrap();
        assert_eq!((token.token.as_deref(), token.expires.map(Timestamp::as_second)), (Some("t"), Some(1_767_323_045)));
        let both = answer(r#"{"clientCertificateData": "c", "clientKeyData": "k"}"#).ok().unwrap();
        assert_eq!(both.certificate, Some(("c".to_owned(), "k".to_owned())));
        let yaml = answered(b"kind: ExecCredential\nstatus:\n  token: t\n", None).ok().unwrap();
        assert_eq!(yaml.token.as_deref(), Some("t"));
    }

    #[test]
    fn what_is_no_credential_is_said_without_being_quoted() {
        for bad in [
            "{}",
            r#"{"token": ""}"#,
            r#"{"clientKeyData": "hidden"}"#,
            r#"{"token": "hidden", "expirationTimestamp": "hidden"}"#,
            "hidden",
        ] {
            let said = answer(bad).err().unwrap();
            assert!(!said.contains("hidden"), "{said}");
        }
        for bad in [
            "hidden: [",
            "",
            "\u{7f}hidden",
            r#"{"kind": "hidden"}"#,
            r#"{"apiVersion": "hidden", "status": {"token": "t"}}"#,
        ] {
            let said = answered(bad.as_bytes(), Some(V1)).err().unwrap();
            assert!(!said.contains("hidden"), "{said}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_plugin_is_run_and_told_what_is_asked() {
        let script = r#"test "$STAGE" = s && printf '%s' "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' \
            && printf '{"kind":"ExecCredential","status":{"token":"t"}}'"#;
        let plugin = |script: &str| ExecConfig {
            command: Some("sh".to_owned()),
            args: Some(vec!["-c".to_owned(), script.to_owned()]),
            env: Some(vec![[("name", "STAGE"), ("value", "s")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()]),
            interactive_mode: Some(ExecInteractiveMode::Never),
            ..ExecConfig::default()
        };
        let got = credential(&plugin(script)).await.ok().unwrap();
        assert_eq!(got.token.as_deref(), Some("t"));
        let said = credential(&plugin("echo hidden; echo 'your login is over' >&2; exit 1")).await.err().unwrap();
        assert!(said.contains("exit status: 1: your login is over") && !said.contains("hidden"), "{said}");
        let endless = credential(&plugin("cat /dev/zero")).await.err().unwrap();
        assert!(endless.contains("printed more than"), "{endless}");
        let missing = ExecConfig {
            command: Some("/nonexistent/plugin".to_owned()),
            install_hint: Some("get it".to_owned()),
            ..plugin("")
        };
        assert!(credential(&missing).await.err().unwrap().ends_with("get it"));
    }

    #[test]
    fn a_login_that_is_over_is_made_again_with_the_profile_that_the_plugin_has() {
        let over = "failed with exit status: 255: Error when retrieving token from sso: Token has expired and refresh \
            failed";
        let plugin = |args: &[&str], profile: Option<&str>| ExecConfig {
            args: Some(args.iter().map(|a| (*a).to_owned()).collect()),
            env: profile.map(|p| {
                vec![[("name", "AWS_PROFILE"), ("value", p)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()]
            }),
            ..ExecConfig::default()
        };
        let eks = ["eks", "get-token", "--cluster-name", "harbour"];
        assert_eq!(log_in(&plugin(&eks, Some("dev")), over), "aws sso login --profile dev");
        assert_eq!(log_in(&plugin(&["--profile", "a b", "eks"], Some("dev")), over), "aws sso login --profile 'a b'");
        assert_eq!(log_in(&plugin(&["--profile=x"], None), over), "aws sso login --profile x");
        assert_eq!(log_in(&plugin(&eks, Some("dev")), "exit status: 1: no such file"), "kubectl version");
    }

    #[test]
    fn only_oidc_is_left_of_the_providers() {
        assert_eq!(provider_token("oidc", |_| Some("t".to_owned())).as_deref(), Ok("t"));
        assert!(provider_token("oidc", |_| None).is_err());
        assert!(provider_token("gcp", |_| Some("t".to_owned())).unwrap_err().contains("exec plugin"));
    }
}
