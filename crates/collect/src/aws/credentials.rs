//! `credential_process`: run by us with bounds, where the profile that is meant names it; the SDK's own runner reads
//! whatever comes for as long as it comes, and leaves the program behind.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::env::{env_os, env_var, without_empty_of_aws};
use crate::error::CollectError;
use crate::files::read_up_to;
use crate::limits::{CONFIG_BYTES, LOGIN_TIMEOUT};
use crate::process;

/// Settings that the SDKs look at before `credential_process` (aws-config, `profile::credentials::repr`).
const BEFORE: [&str; 5] = ["role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "aws_access_key_id"];

/// Variables of files whose content the SDK sends, and reads without a limit.
const TOKEN_FILES: [&str; 2] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
/// Variables that lead to credentials of no profile.
const OTHER_SOURCES: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];
/// The setting of an endpoint, which the SDK takes for one even when it is empty.
const ENDPOINT: &str = "endpoint_url";
/// Time before its end at which a credential is asked for anew: a call takes less.
const RENEWAL: Duration = Duration::from_mins(1);
/// Profiles of one chain. The SDKs have no limit but their files'; nobody assumes ten roles one after the other.
const CHAIN: usize = 10;

/// What the profiles' files hold.
#[derive(Default, Clone)]
pub(super) struct Files {
    config: String,
    credentials: String,
}

impl Files {
    /// For the SDK.
    pub(super) fn read(&self) -> EnvConfigFiles {
        of_contents(self.config.clone(), self.credentials.clone())
    }

    /// With the keys that the program of the profile's source gives, if its source has one: a source's keys go
    /// before its program (aws-config, `profile::credentials::repr::resolve_chain`). They hold for this run.
    pub(super) async fn with_source(self, profile: &str) -> Result<Self, String> {
        let loaded = aws_config::profile::load(&Fs::default(), &Env::default(), &self.read(), None).await;
        let Some((name, source)) = loaded.ok().as_ref().and_then(|set| source(set, profile)) else { return Ok(self) };
        let program = Program::new(source, name.clone());
        let given =
            program.credentials().await.map_err(|e| e.source().map_or_else(|| e.to_string(), ToString::to_string))?;
        let token = given.session_token().unwrap_or_default();
        let values = [given.access_key_id(), given.secret_access_key(), token];
        if !values.iter().all(|v| v.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b';'))) {
            return Err(format!("credential_process of profile `{name}` printed keys that no profile can hold"));
        }
        let [id, secret, _] = values;
        let mut section = format!("\n[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        if !token.is_empty() {
            section.push_str("aws_session_token = ");
            section.push_str(token);
            section.push('\n');
        }
        Ok(Self { credentials: self.credentials + &section, ..self })
    }
}

/// The environment as the SDK is to see it, where variables of AWS are set and empty: it takes `AWS_ENDPOINT_URL_STS=`
/// for an endpoint, and ends the process. For a profile that is asked for, without what would go before it, or come
/// after it where it gives nothing.
pub(super) fn without_empty(profile_is_asked_for: bool) -> Option<Env> {
    let mut set = without_empty_of_aws()?;
    if profile_is_asked_for {
        set.retain(|name, _| !OTHER_SOURCES.contains(&name.as_str()));
    }
    Some(Env::from(set))
}

/// Attempts at a call, by the environment or else by the profile (AWS SDKs and Tools Reference Guide, "Retry
/// behavior"). What is no number from 1 on says nothing.
pub(super) async fn attempts(files: &EnvConfigFiles, chosen: &str) -> Option<u32> {
    let number = |text: &str| text.trim().parse().ok().filter(|attempts| *attempts > 0);
    if let Some(set) = env_var("AWS_MAX_ATTEMPTS") {
        return number(&set);
    }
    let profiles = aws_config::profile::load(&Fs::default(), &Env::default(), files, None).await.ok()?;
    number(profiles.get_profile(chosen)?.get("max_attempts")?)
}

/// What a profile is, as far as it tells what a person does when it gives no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileKind {
    /// The files have none of that name.
    Missing {
        /// The names that they have.
        names: Vec<String>,
    },
    /// Its credentials, or its source's, come from a login at IAM Identity Center, which is made anew with `aws sso
    /// login --profile NAME` (AWS CLI User Guide, "Configuring IAM Identity Center authentication with the AWS CLI").
    Sso {
        /// The profile that is logged in.
        profile: String,
    },
    /// Anything else, and what cannot be read, of which the SDK's own provider speaks.
    Other,
}

/// The names of the profiles that the files have.
pub async fn profiles() -> Vec<String> {
    let Ok(files) = files() else { return Vec::new() };
    let set = aws_config::profile::load(&Fs::default(), &Env::default(), &files.read(), None).await;
    set.map(|set| set.profiles().map(str::to_owned).collect()).unwrap_or_default()
}

/// Settings of a profile that logs in.
const SSO: [&str; 2] = ["sso_session", "sso_start_url"];

/// What the profile of a name is. The one that is used where none is named need not be there.
pub(super) async fn kind(files: &EnvConfigFiles, chosen: &str) -> ProfileKind {
    let Ok(set) = aws_config::profile::load(&Fs::default(), &Env::default(), files, None).await else {
        return ProfileKind::Other;
    };
    if set.get_profile(chosen).is_none() && chosen != "default" {
        return ProfileKind::Missing { names: set.profiles().map(str::to_owned).collect() };
    }
    let mut name = chosen;
    for _ in 0..CHAIN {
        let Some(profile) = set.get_profile(name) else { break };
        if SSO.iter().any(|setting| profile.get(setting).is_some_and(|v| !v.is_empty())) {
            return ProfileKind::Sso { profile: name.to_owned() };
        }
        match profile.get("source_profile") {
            Some(next) if next != name => name = next,
            Some(_) | None => break,
        }
    }
    ProfileKind::Other
}

/// The profile at the end of a chain of roles that has nothing but a program, and the program.
fn source(set: &ProfileSet, chosen: &str) -> Option<(String, String)> {
    let mut name = chosen;
    for _ in 0..CHAIN {
        // The role alone tells that a profile leads on to another.
        let profile = set.get_profile(name)?;
        let next = profile.get("source_profile").filter(|next| *next != name && profile.get("role_arn").is_some());
        let Some(next) = next else {
            let command = program(set.get_profile(name)?).filter(|_| name != chosen)?;
            return Some((name.to_owned(), command));
        };
        name = next;
    }
    None
}

/// Whether a file ends.
fn ends(path: &Path) -> Result<(), String> {
    match read_up_to(path, CONFIG_BYTES) {
        // Of what is not there the SDK speaks itself.
        Ok(_) | Err(CollectError::Read { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The profiles' files, read with a limit: the SDK's own reader has none. What is not there is empty.
pub(super) fn files() -> Result<Files, String> {
    let read = |variable: &str, name: &str| {
        let home = || std::env::home_dir().map(|home| home.join(".aws").join(name));
        let Some(path) = env_os(variable).map(PathBuf::from).or_else(home) else { return Ok(String::new()) };
        match read_up_to(&path, CONFIG_BYTES) {
            Ok(bytes) => String::from_utf8(bytes)
                .map(|text| without_empty_endpoints(&text))
                .map_err(|_| format!("`{}` is not UTF-8", path.display())),
            Err(CollectError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(String::new())
            }
            Err(error) => Err(error.to_string()),
        }
    };
    for name in TOKEN_FILES {
        if let Some(path) = env_os(name).map(PathBuf::from) {
            ends(&path)?;
        }
    }
    let (config, credentials) =
        (read("AWS_CONFIG_FILE", "config")?, read("AWS_SHARED_CREDENTIALS_FILE", "credentials")?);
    Ok(Files { config, credentials })
}

/// A file of profiles without the endpoints that are set and empty.
fn without_empty_endpoints(text: &str) -> String {
    let empty = |line: &&str| {
        line.split_once('=').is_some_and(|(name, value)| name.trim() == ENDPOINT && value.trim().is_empty())
    };
    text.split_inclusive('\n').filter(|line| !empty(line)).collect()
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
    program(set.get_profile(profile)?).map(|command| Program::new(command, profile.to_owned()))
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
    /// What it gave, or why it gave nothing: each call is signed anew, and nobody waits for it at each.
    given: Mutex<Option<Result<Credentials, String>>>,
}

impl std::fmt::Debug for Program {
    /// A command line may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl Program {
    fn new(command: String, profile: String) -> Self {
        Self { command, profile, given: Mutex::default() }
    }

    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut given = self.given.lock().await;
        let soon = SystemTime::now() + RENEWAL;
        match given.as_ref() {
            Some(Ok(held)) if held.expiry().is_none_or(|end| end > soon) => return Ok(held.clone()),
            Some(Err(why)) => return Err(CredentialsError::provider_error(why.clone())),
            Some(Ok(_)) | None => {}
        }
        let run = self.run().await;
        *given = Some(run.clone());
        run.map_err(CredentialsError::provider_error)
    }

    async fn run(&self) -> Result<Credentials, String> {
        let said = |what: &str| format!("credential_process of profile `{}` {what}", self.profile);
        // As the SDKs run it (AWS SDKs and Tools Reference Guide, "Process credential provider").
        let mut command = if cfg!(windows) { Command::new("cmd.exe") } else { Command::new("sh") };
        command.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(&self.command);
        let printed = process::run(command, LOGIN_TIMEOUT, false).await.map_err(|e| said(&e.to_string()))?;
        if !printed.status.success() {
            return Err(said(&format!("failed with {}{}", printed.status, printed.complaint())));
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
    async fn a_source_profiles_program_is_run_with_bounds() {
        let files = |process: &str| Files {
            config: format!(
                "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\ncredential_process = {process}\n\
                 [profile c]\nsource_profile = c\n[profile d]\nsource_profile = e\n[profile e]\nsource_profile = d\n"
            ),
            credentials: "[x]\ny = z\n".to_owned(),
        };
        let script = r#"printf '{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s", "SessionToken": "t="}'"#;
        let given = files(script).with_source("a").await.ok().unwrap();
        let set = aws_config::profile::load(&Fs::default(), &Env::default(), &given.read(), None).await.unwrap();
        let of = |name: &str| set.get_profile("b").unwrap().get(name).map(str::to_owned);
        assert_eq!(of("aws_access_key_id").as_deref(), Some("k"));
        assert_eq!(of("aws_session_token").as_deref(), Some("t="));
        for none in ["b", "c", "d", "none"] {
            assert!(files("exit 1").with_source(none).await.is_ok_and(|f| f.credentials == "[x]\ny = z\n"), "{none}");
        }
        let said = files("cat /dev/zero").with_source("a").await.err().unwrap();
        assert!(said.contains("printed more than"), "{said}");
        let sly = r#"printf '{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "hidden\\n[x]"}'"#;
        let said = files(sly).with_source("a").await.err().unwrap();
        assert!(said.contains("no profile can hold") && !said.contains("hidden"), "{said}");
    }

    #[tokio::test]
    async fn a_profile_that_logs_in_is_told_through_its_chain_and_one_that_is_missing_with_the_others() {
        let config = "[profile dev]\nsso_session = s\nsso_account_id = 1\n[sso-session s]\nsso_region = x\n\
            [profile old]\nsso_start_url = https://x\n[profile role]\nrole_arn = r\nsource_profile = dev\n\
            [profile keys]\naws_access_key_id = k\n[profile loop]\nsource_profile = loop\n";
        let files = of_contents(config.to_owned(), String::new());
        let sso = |profile: &str| ProfileKind::Sso { profile: profile.to_owned() };
        assert_eq!(kind(&files, "dev").await, sso("dev"));
        assert_eq!(kind(&files, "old").await, sso("old"));
        assert_eq!(kind(&files, "role").await, sso("dev"));
        for other in ["keys", "loop", "default"] {
            assert_eq!(kind(&files, other).await, ProfileKind::Other, "{other}");
        }
        let missing = kind(&files, "nope").await;
        assert!(
            matches!(&missing, ProfileKind::Missing { names } if names.contains(&"keys".to_owned())),
            "{missing:?}"
        );
    }

    #[test]
    fn an_empty_endpoint_of_a_profile_is_none() {
        let text = "[profile a]\nendpoint_url =\nregion = x\n  endpoint_url=\nendpoint_url = http://h";
        assert_eq!(without_empty_endpoints(text), "[profile a]\nregion = x\nendpoint_url = http://h");
    }

    #[cfg(unix)]
    #[test]
    fn a_token_file_that_never_ends_is_refused() {
        assert!(ends(Path::new("/dev/zero")).is_err_and(|said| said.contains("never end")));
        assert!(ends(Path::new("/nonexistent")).is_ok());
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
