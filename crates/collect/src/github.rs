//! GitHub's REST API, read alone: when a repository was born, and how the subject of its jobs' tokens is written.
//!
//! Deliberately absent: everything that writes, pages, and a second attempt. A call that fails leaves what it would
//! have told undetermined.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, USER_AGENT};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use trustwalk_core::evidence::SettingOf;

use crate::connect::Connector;
use crate::dial::Dialer;
use crate::limits::{API_TIMEOUT, DOCUMENT_BYTES, DOCUMENT_HEAD_BYTES};
use crate::roots::RootOptions;
use crate::secret::SecretToken;
use crate::urls::shown_url;
use crate::{json, words};

/// Where GitHub's own API is (GitHub Docs, "Getting started with the REST API").
const API: &str = "https://api.github.com";
/// The version whose answers are read (GitHub Docs, "API Versions").
const VERSION: &str = "2022-11-28";
/// Longest name of an owner or a repository; GitHub's own limits are 39 and 100 characters.
const NAME_CHARS: usize = 100;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `GET /repos/OWNER/REPO`.
    Repository,
    /// `GET …/actions/oidc/customization/sub` of the repository or its organization.
    Setting(SettingOf),
}

impl Asked {
    /// What a token needs for it, besides that it reaches the repository (GitHub Docs, "REST API endpoints for
    /// repositories", "REST API endpoints for GitHub Actions OIDC").
    fn permission(self) -> &'static str {
        match self {
            Self::Repository => "the repository permission \"Metadata\" (read)",
            Self::Setting(SettingOf::Repository) => "the repository permission \"Actions\" (read), or the scope `repo`",
            Self::Setting(SettingOf::Organization) => {
                "the organization permission \"Administration\" (read), or the scope `read:org`"
            }
        }
    }

    fn path(self, owner: &str, name: &str) -> String {
        match self {
            Self::Repository => format!("/repos/{owner}/{name}"),
            Self::Setting(SettingOf::Repository) => format!("/repos/{owner}/{name}/actions/oidc/customization/sub"),
            Self::Setting(SettingOf::Organization) => format!("/orgs/{owner}/actions/oidc/customization/sub"),
        }
    }
}

/// What GitHub told.
#[derive(Debug, Default)]
pub struct Heard {
    /// Answers, as they came.
    pub answers: Vec<Value>,
    /// What was asked and not answered, each with why.
    pub unread: Vec<(Asked, String)>,
}

/// GitHub, as somebody's token sees it.
#[derive(Debug)]
pub struct Github {
    client: Client<Connector, Empty<Bytes>>,
    base: String,
    token: SecretToken,
}

impl Github {
    /// With the token that `gh` would take (GitHub CLI manual, `gh help environment`) and the address that GitHub
    /// gives to jobs (GitHub Docs, "Variables reference", `GITHUB_API_URL`). Why not, otherwise. Sends nothing.
    pub fn new(dialer: Dialer, roots: RootOptions, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let token = lookup("GH_TOKEN").or_else(|| lookup("GITHUB_TOKEN"));
        let token = token.ok_or("neither GH_TOKEN nor GITHUB_TOKEN is set")?;
        let base = lookup("GITHUB_API_URL").unwrap_or_else(|| API.to_owned());
        let address: Uri = base.parse().map_err(|_| "GITHUB_API_URL is no URL".to_owned())?;
        let host = address.host().unwrap_or_default();
        let here = host == "localhost"
            || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        match address.scheme_str() {
            Some("https") if !host.is_empty() => {}
            Some("http") if here => {}
            _ => return Err(format!("a token is shown to https alone, and GITHUB_API_URL is {}", shown_url(&base))),
        }
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(5))
            .http1_max_buf_size(DOCUMENT_HEAD_BYTES)
            .build(Connector::new(dialer, roots));
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), token: SecretToken::new(token) })
    }

    /// All that a repository's subject rests on. Its organization is asked where the repository leaves the template
    /// to it.
    pub async fn about(&self, repository: &str) -> Heard {
        let Some((owner, name)) = repository.split_once('/').filter(|(o, n)| is_name(o) && is_name(n)) else {
            return Heard::unasked("the repository's name is not one of GitHub's");
        };
        let mut heard = Heard::default();
        let ask = |what| self.ask(what, owner, name);
        let (born, setting) = tokio::join!(ask(Asked::Repository), ask(Asked::Setting(SettingOf::Repository)));
        let of_person = born.as_ref().is_ok_and(|b| b.pointer("/owner/type").and_then(Value::as_str) == Some("User"));
        let inherits = setting.as_ref().is_ok_and(|s| {
            let keys = s.get("include_claim_keys").and_then(Value::as_array);
            s.get("use_default").and_then(Value::as_bool) == Some(false) && keys.is_none_or(Vec::is_empty)
        });
        heard.note(Asked::Repository, born);
        heard.note(Asked::Setting(SettingOf::Repository), setting);
        // A person has no setting of this kind.
        if inherits && !of_person {
            let asked = Asked::Setting(SettingOf::Organization);
            heard.note(asked, ask(asked).await);
        }
        heard
    }

    async fn ask(&self, what: Asked, owner: &str, name: &str) -> Result<Value, String> {
        let path = what.path(owner, name);
        let url = format!("{}{path}", self.base);
        let shown = format!("GET {}", shown_url(&url));
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.token.expose()))
            .map_err(|_| "the token holds characters that no token has".to_owned())?;
        bearer.set_sensitive(true);
        let request = Request::get(&url)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", VERSION)
            .header(USER_AGENT, concat!("trustwalk/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|e| format!("{shown}: {e}"))?;
        let call = async {
            let answer = self.client.request(request).await.map_err(|e| words::transport(&e))?;
            let (status, head) = (answer.status(), answer.headers().clone());
            if status != StatusCode::OK {
                return Err(refused(what, status, &head));
            }
            let body = Limited::new(answer.into_body(), DOCUMENT_BYTES).collect().await.map_err(|e| {
                if e.is::<LengthLimitError>() {
                    return format!("the answer has more than {DOCUMENT_BYTES} bytes");
                }
                words::transport(&*e)
            })?;
            json::parse(&body.to_bytes()).map_err(|e| format!("the answer is not JSON: {e}"))
        };
        let slow = |_| Err(format!("no whole answer within {} s", API_TIMEOUT.as_secs()));
        tokio::time::timeout(API_TIMEOUT, call).await.unwrap_or_else(slow).map_err(|why| format!("{shown}: {why}"))
    }
}

impl Heard {
    /// Nothing, for a reason that is everything's.
    pub(crate) fn unasked(why: &str) -> Self {
        let all = [Asked::Repository, Asked::Setting(SettingOf::Repository)];
        Self { answers: Vec::new(), unread: all.map(|what| (what, why.to_owned())).into() }
    }

    fn note(&mut self, what: Asked, answer: Result<Value, String>) {
        match answer {
            Ok(value) => self.answers.push(value),
            Err(why) => self.unread.push((what, why)),
        }
    }
}

/// What a status means (GitHub Docs, "Troubleshooting the REST API"). Redirects are not followed: the token is for the
/// host that was named.
fn refused(what: Asked, status: StatusCode, head: &HeaderMap) -> String {
    let spent = head.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
    match status.as_u16() {
        401 => "GitHub does not accept the token (401)".to_owned(),
        403 | 429 if spent || status.as_u16() == 429 => format!("GitHub's rate limit is used up ({status})"),
        403 => format!("the token is not allowed to read it (403); it needs {}", what.permission()),
        404 => format!(
            "GitHub shows the token no such thing (404): it does not exist, or {} is missing",
            what.permission()
        ),
        301 | 302 | 307 | 308 => format!("GitHub points elsewhere ({status}): the repository was renamed or moved"),
        _ => format!("GitHub answers {status}"),
    }
}

/// Whether a name can stand in a path.
fn is_name(text: &str) -> bool {
    let chars = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    chars && !text.is_empty() && text.len() <= NAME_CHARS && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pairs: &[(&str, &str)]) -> Result<Github, String> {
        let lookup = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Github::new(Dialer::default(), RootOptions::default(), lookup)
    }

    #[test]
    fn a_token_is_asked_for_and_shown_to_https_alone() {
        assert!(made(&[]).unwrap_err().contains("GITHUB_TOKEN"));
        assert_eq!(made(&[("GITHUB_TOKEN", "t")]).unwrap().base, "https://api.github.com");
        let at = |url| made(&[("GH_TOKEN", "canary"), ("GITHUB_API_URL", url)]);
        assert_eq!(at("https://ghe.example/api/v3/").unwrap().base, "https://ghe.example/api/v3");
        for good in ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"] {
            assert!(at(good).is_ok(), "{good}");
        }
        for bad in ["http://ghe.example", "ftp://x", "ghe.example", "https://", "", "http://127.0.0.1.example"] {
            let why = at(bad).err();
            assert!(bad.is_empty() || why.as_ref().is_some_and(|w| !w.contains("canary")), "{bad}: {why:?}");
        }
        let debug = format!("{:?}", at("https://ghe.example").unwrap());
        assert!(!debug.contains("canary"), "{debug}");
    }

    #[test]
    fn names_stay_within_their_part_of_the_path() {
        for bad in ["", ".", "..", "a/b", "a?b", "a b", "ä", "a%2fb"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_name("Acme-Inc") && is_name("my.repo_1"));
    }
}
