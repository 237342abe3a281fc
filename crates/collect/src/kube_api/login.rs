//! Who we are to the API server: a credential and the client that sends it, made anew when it has expired.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig};
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::bounded::Bounded;
use super::connection;
use super::kubeconfig::whole_text;
use super::plugin::{self, Credential};
use crate::files::read_up_to;
use crate::limits::CONFIG_BYTES;

/// A token file is read again after this time, as client-go does.
const REREAD: Duration = Duration::from_mins(1);
/// A credential is replaced so long before it expires.
const EARLY: Duration = Duration::from_secs(10);

/// Where the credential comes from.
enum Way {
    /// It stands in the kubeconfig, or there is none.
    Fixed,
    /// A file that is written anew from time to time.
    File(PathBuf),
    /// A program.
    Plugin(Box<ExecConfig>),
}

/// A configuration and the client made of it last.
pub(super) struct Login {
    config: kube::Config,
    way: Way,
    held: Mutex<Option<Held>>,
}

struct Held {
    /// For requests, which share its connections.
    requests: kube::Client,
    /// For upgrades to another protocol; made when one is asked for.
    upgrades: Option<kube::Client>,
    credential: Credential,
    until: Option<Timestamp>,
}

impl Login {
    /// Takes the credential out of a configuration, so that the client never fetches one itself.
    pub(super) fn new(mut config: kube::Config) -> Result<Self, String> {
        // Ours knows what may be repeated, and how long all of it may take.
        config.default_retry = false;
        let way = way(&mut config.auth_info)?;
        if let Some(token) = &config.auth_info.token {
            sendable(token.expose_secret(), "the kubeconfig's token")?;
        }
        Ok(Self { config, way, held: Mutex::new(None) })
    }

    /// The command that a person runs when no credential came, for the reason given.
    pub(super) fn by_hand(&self, why: &str) -> String {
        match &self.way {
            Way::Plugin(plugin) => plugin::log_in(plugin, why),
            Way::Fixed | Way::File(_) => "kubectl version".to_owned(),
        }
    }

    /// The client for requests, with a credential that has not expired.
    pub(super) async fn requests(&self) -> Result<kube::Client, String> {
        let mut held = self.held.lock().await;
        self.current(&mut held).await.map(|held| held.requests.clone())
    }

    /// The client for upgrades, likewise.
    pub(super) async fn upgrades(&self) -> Result<kube::Client, String> {
        let mut held = self.held.lock().await;
        let held = self.current(&mut held).await?;
        if let Some(client) = &held.upgrades {
            return Ok(client.clone());
        }
        let client = upgrading(self.with(&held.credential)?)?;
        held.upgrades = Some(client.clone());
        Ok(client)
    }

    async fn current<'h>(&self, held: &'h mut Option<Held>) -> Result<&'h mut Held, String> {
        let now = Timestamp::now();
        let lasts = held.as_ref().is_some_and(|held| held.until.is_none_or(|until| now < until));
        if !lasts {
            self.renew(held, now).await?;
        }
        held.as_mut().ok_or_else(|| "no client was made".to_owned())
    }

    async fn renew(&self, held: &mut Option<Held>, now: Timestamp) -> Result<(), String> {
        let (credential, until) = match &self.way {
            Way::Fixed => (Credential::default(), None),
            Way::File(path) => {
                (Credential { token: Some(token_file(path)?), ..Credential::default() }, now.checked_add(REREAD).ok())
            }
            Way::Plugin(plugin) => {
                let got = plugin::credential(plugin).await?;
                // One that has expired already is not asked for again at once.
                let soonest = now.checked_add(EARLY).ok();
                let until = got
                    .expires
                    .map(|at| at.checked_sub(EARLY).unwrap_or(at))
                    .max(soonest.filter(|_| got.expires.is_some()));
                (got, until)
            }
        };
        if let Some(same) = held.as_mut().filter(|held| held.credential == credential) {
            same.until = until;
            return Ok(());
        }
        let config = self.with(&credential)?;
        let (requests, upgrades) = if let Some(client) = connection::shared(&config)? {
            (kube::Client::new(Bounded(client), config.default_namespace.clone()), None)
        } else {
            let client = upgrading(config)?;
            (client.clone(), Some(client))
        };
        *held = Some(Held { requests, upgrades, credential, until });
        Ok(())
    }

    /// The configuration with a credential.
    fn with(&self, credential: &Credential) -> Result<kube::Config, String> {
        let mut config = self.config.clone();
        if let Some(token) = &credential.token {
            sendable(token, "the token")?;
            config.auth_info.token = Some(token.clone().into());
        }
        if let Some((certificate, key)) = &credential.certificate {
            config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
            config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
        }
        Ok(config)
    }
}

fn upgrading(config: kube::Config) -> Result<kube::Client, String> {
    let namespace = config.default_namespace.clone();
    let client = kube::Client::try_from(config).map_err(|e| whole_text(&e))?;
    Ok(kube::Client::new(Bounded(client), namespace))
}

/// In the order in which kubectl looks: a provider, a password, a token, a token file, a plugin.
fn way(user: &mut AuthInfo) -> Result<Way, String> {
    let (file, exec, provider) = (user.token_file.take(), user.exec.take(), user.auth_provider.take());
    if let Some(provider) = provider {
        user.token = Some(plugin::provider_token(&provider.name, |name| provider.config.get(name).cloned())?.into());
        return Ok(Way::Fixed);
    }
    let has_password = user.username.is_some() && user.password.is_some();
    user.token = user.token.take().filter(|token| !token.expose_secret().is_empty());
    if has_password || user.token.is_some() {
        return Ok(Way::Fixed);
    }
    Ok(match (file.filter(|file| !file.is_empty()), exec) {
        (Some(file), _) => Way::File(PathBuf::from(file)),
        (None, Some(exec)) => Way::Plugin(Box::new(exec)),
        (None, None) => Way::Fixed,
    })
}

/// client-go trims what stands around a token in a file.
fn token_file(path: &Path) -> Result<String, String> {
    let bytes = read_up_to(path, CONFIG_BYTES).map_err(|e| whole_text(&e))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("the token file `{}` is not UTF-8", path.display()))?;
    Ok(text.trim().to_owned())
}

/// The client panics on a token that no header takes.
fn sendable(token: &str, what: &str) -> Result<(), String> {
    match http::HeaderValue::from_str(&format!("Bearer {token}")) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{what} holds characters that cannot be sent, such as a line break")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(user: AuthInfo) -> kube::Config {
        let mut config = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
        config.auth_info = user;
        config
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_sent_is_said_so() {
        for token in ["a\nb", "a\u{0}b", "a\u{7f}"] {
            let user = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
            let said = Login::new(config(user)).err().unwrap();
            assert!(said.contains("cannot be sent"), "{said}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "a\nb").unwrap();
        let user = AuthInfo { token_file: Some(path.display().to_string()), ..AuthInfo::default() };
        assert!(Login::new(config(user.clone())).unwrap().requests().await.err().unwrap().contains("cannot be sent"));
        std::fs::write(&path, "t\n").unwrap();
        assert!(Login::new(config(user)).unwrap().requests().await.is_ok());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_plugin_is_asked_once_while_its_credential_lasts() {
        let dir = tempfile::tempdir().unwrap();
        let note = dir.path().join("runs");
        let ask = async |expires: &str| {
            let script = format!(
                "echo >> '{}'; printf '{{\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"t\"{expires}}}}}'",
                note.display()
            );
            let exec = ExecConfig {
                command: Some("sh".to_owned()),
                args: Some(vec!["-c".to_owned(), script]),
                ..ExecConfig::default()
            };
            let login = Login::new(config(AuthInfo { exec: Some(exec), ..AuthInfo::default() })).unwrap();
            login.requests().await.unwrap();
            login.requests().await.unwrap();
        };
        ask("").await;
        ask(r#","expirationTimestamp":"2999-01-01T00:00:00Z""#).await;
        ask(r#","expirationTimestamp":"1999-01-01T00:00:00Z""#).await;
        assert_eq!(std::fs::read_to_string(&note).unwrap().lines().count(), 3);
    }
}
