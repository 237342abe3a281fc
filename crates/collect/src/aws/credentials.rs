//! `credential_process`: run by us with bounds, where the profile that is meant names it; the SDK's own runner reads
//! whatever comes for as long as it comes, and leaves the program behind.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::process::Command;

use crate::env::env_os;
use crate::error::CollectError;
use crate::files::read_up_to;
use crate::limits::{CONFIG_BYTES, LOGIN_TIMEOUT};
use crate::process;

/// Settings that the SDKs look at before `credential_process` (aws-config, `profile::credentials::repr`).
const BEFORE: [&str; 5] = ["role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "aws_access_key_id"];

/// The profiles' files, read with a limit: the SDK's own reader has none. What is not there is empty.
pub(super) fn files() -> Result<EnvConfigFiles, String> {
    let read = |variable: &str, name: &str| {
        let home = || std::env::home_dir().map(|home| home.join(".aws").join(name));
        let Some(path) = env_os(variable).map(PathBuf::from).or_else(home) else { return Ok(String::new()) };
        match read_up_to(&path, CONFIG_BYTES) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| format!("`{}` is not UTF-8", path.display())),
            Err(CollectError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(String::new())
            }
            Err(error) => Err(error.to_string()),
        }
    };
    let (config, credentials) =
        (read("AWS_CONFIG_FILE", "config")?, read("AWS_SHARED_CREDENTIALS_FILE", "credentials")?);
    Ok(of_contents(config, credentials))
}

/// No profiles at all.
pub(super) fn no_files() -> EnvConfigFiles {
    of_contents(String::new(), String::new())
}

fn of_contents(config: String, credentials: String) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .with_contents(EnvConfigFileKind::Credentials, credentials)
        .build()
}

/// A provider that runs the profile's program; nothing when the profile has none, or cannot be read, of which the
/// SDK's own provider then speaks.
pub(super) async fn of_program(files: &EnvConfigFiles, profile: &str) -> Option<Program> {
    let set: ProfileSet = aws_config::profile::load(&Fs::default(), &Env::default(), files, None).await.ok()?;
    program(set.get_profile(profile)?).map(|command| Program { command, profile: profile.to_owned() })
}

fn program(profile: &Profile) -> Option<String> {
    let set = |name: &&str| profile.get(name).is_some_and(|v| !v.is_empty());
    let command = profile.get("credential_process").filter(|c| !c.trim().is_empty())?;
    (!BEFORE.iter().any(set)).then(|| command.to_owned())
}

/// A profile's `credential_process`.
pub(super) struct Program {
    command: String,
    profile: String,
}

impl std::fmt::Debug for Program {
    /// A command line may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl Program {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let said = |what: &str| {
            CredentialsError::provider_error(format!("credential_process of profile `{}` {what}", self.profile))
        };
        // As the SDKs run it (AWS SDKs and Tools Reference Guide, "Process credential provider").
        let mut command = if cfg!(windows) { Command::new("cmd.exe") } else { Command::new("sh") };
        command.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(&self.command);
        let printed = process::run(command, LOGIN_TIMEOUT, false).await.map_err(|e| said(&e.to_string()))?;
        if !printed.status.success() {
            return Err(said(&format!("failed with {}", printed.status)));
        }
        parse(&printed.stdout).map_err(said)
    }
}

impl ProvideCredentials for Program {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// Files that could not be read, said to whoever asks for credentials.
#[derive(Debug)]
pub(super) struct Unread(pub(super) String);

impl ProvideCredentials for Unread {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::invalid_configuration(self.0.clone())))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: i64,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Reads what a program printed. It is never quoted.
pub(crate) fn parse(printed: &[u8]) -> Result<Credentials, &'static str> {
    let given: Printed = serde_json::from_slice(printed).map_err(|_| "printed no credentials that can be read")?;
    if given.version != 1 {
        return Err("printed credentials of another version than 1");
    }
    let until = match given.expiration {
        Some(text) => {
            let at: Timestamp = text.parse().map_err(|_| "printed an Expiration that is no time")?;
            Some(SystemTime::from(at))
        }
        None => None,
    };
    let token = given.session_token.filter(|t| !t.is_empty());
    Ok(Credentials::new(given.access_key_id, given.secret_access_key, token, until, "credential_process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(process: &str) -> EnvConfigFiles {
        of_contents(format!("[profile a]\ncredential_process = {process}\n[profile b]\nregion = x\n"), String::new())
    }

    #[test]
    fn what_is_printed_is_read_and_not_quoted() {
        let good =
            br#"{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s", "Expiration": "2030-01-01T00:00:00Z"}"#;
        let read = parse(good).unwrap();
        assert!(read.access_key_id() == "k" && read.expiry().is_some());
        for bad in [
            "",
            "hidden",
            "{}",
            r#"{"Version": 2, "AccessKeyId": "k", "SecretAccessKey": "s"}"#,
            r#"{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s", "Expiration": "hidden"}"#,
        ] {
            assert!(!parse(bad.as_bytes()).unwrap_err().contains("hidden"), "{bad}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_is_run_with_bounds() {
        assert!(of_program(&made("x"), "b").await.is_none());
        assert!(of_program(&made("x"), "none").await.is_none());
        let endless = of_program(&made("cat /dev/zero"), "a").await.unwrap();
        let said = format!("{:?}", endless.credentials().await.unwrap_err());
        assert!(said.contains("printed more than"), "{said}");
        let script = r#"printf '{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s"}'"#;
        let good = of_program(&made(script), "a").await.unwrap();
        assert_eq!(good.credentials().await.unwrap().secret_access_key(), "s");
        let failing = of_program(&made("echo hidden >&2; exit 3"), "a").await.unwrap();
        let said = format!("{:?}", failing.credentials().await.unwrap_err());
        assert!(said.contains("exit status: 3") && !said.contains("hidden >"), "{said}");
    }
}
