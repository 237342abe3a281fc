//! Getting a session from each source, and keeping it as an SDK does.

use http::Method;
use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

use super::{
    chain::{self, Source},
    context::Context,
    endpoint,
    failure::Failure,
    http::{Answer, Outgoing, Scope, send},
    sdk::Sdk,
    wire,
};
use crate::{config::NodeConfig, credentials::Credentials};

/// Form encoding of query requests.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// Highest HTTP status that is a success.
const LAST_SUCCESS: u16 = 299;

/// An agent's credentials over time.
pub(crate) struct Session<'c> {
    context: &'c Context,
    pub(crate) sdk: Sdk,
    current: Option<Credentials>,
    first_token: Option<Vec<u8>>,
}

impl<'c> Session<'c> {
    pub(crate) fn new(context: &'c Context, sdk: Sdk) -> Self {
        Self { context, sdk, current: None, first_token: None }
    }

    fn told(&self, name: &str, value: &str) -> bool {
        self.context.var(name) == Some(value)
    }

    /// Credentials to sign with: the ones held while they last, or new ones.
    pub(crate) async fn credentials(&mut self) -> Result<Credentials, Failure> {
        let config = self.context.settings.get();
        let never = config.session_never_refreshed || self.told("LAB_SESSION_REFRESH", "never");
        if let Some(held) = &self.current
            && (never || (!config.exchange_every_call && !held.expired(self.context.by_own_clock((config.clock)()))))
        {
            return Ok(held.clone());
        }
        let fresh = self.resolve(&config).await?;
        self.current = Some(fresh.clone());
        Ok(fresh)
    }

    async fn resolve(&mut self, config: &NodeConfig) -> Result<Credentials, Failure> {
        let sources = chain::sources(self.context, self.sdk)?;
        let mut first: Option<Failure> = None;
        for source in &sources {
            match self.take(config, source).await {
                Ok(credentials) => return Ok(credentials),
                Err(failure) if sources.len() > 1 && self.sdk.falls_through() => {
                    first.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(first.map_or(Failure::NoCredentials, |failure| Failure::Chain(Box::new(failure))))
    }

    async fn take(&mut self, config: &NodeConfig, source: &Source) -> Result<Credentials, Failure> {
        match source {
            Source::Static(credentials) => Ok(credentials.clone()),
            Source::WebIdentity { role, token_file } => self.web_identity(config, role, token_file).await,
            Source::Container { token_file } => self.pod_identity(config, token_file).await,
            Source::Instance => config
                .node_role
                .as_ref()
                .filter(|_| config.network.reaches_imds(self.context.host_network))
                .map(|role| role.credentials.clone())
                .ok_or(Failure::NoCredentials),
        }
    }

    /// The token file's content, unstripped, or the first one ever read.
    fn token(&mut self, config: &NodeConfig, path: &str) -> Result<Vec<u8>, Failure> {
        let once = config.token_read_once || self.told("LAB_TOKEN_READ", "once");
        if let Some(kept) = self.first_token.as_ref().filter(|_| once) {
            return Ok(kept.clone());
        }
        let token = self
            .context
            .files
            .read(path, &self.context.user)
            .map_err(|error| Failure::TokenFile { path: path.to_owned(), error })?;
        self.first_token = Some(token.clone());
        Ok(token)
    }

    /// The region for STS: the environment's; aws-node asks the metadata service.
    pub(crate) fn region(&self, config: &NodeConfig) -> Option<String> {
        let own = self.context.region().map(Into::into);
        own.or_else(|| self.context.host_network.then(|| config.region.clone()))
    }

    /// The STS host this SDK calls.
    ///
    /// `AWS_ENDPOINT_URL_STS`, then `AWS_ENDPOINT_URL`, is called instead of AWS's own name (AWS SDKs and Tools
    /// Reference Guide, "Service-specific endpoints"), by the SDKs that know these.
    pub(crate) fn sts_host(&self, config: &NodeConfig) -> Result<String, Failure> {
        let region = self.region(config);
        let set = self.context.var("AWS_ENDPOINT_URL_STS").or_else(|| self.context.var("AWS_ENDPOINT_URL"));
        if let Some(url) = set.filter(|_| self.sdk.knows_endpoint_urls()) {
            region.ok_or(Failure::NoRegion)?;
            if let Some(host) = url.strip_prefix("http://") {
                return Err(Failure::PlainHttp { host: host.trim_end_matches('/').to_owned() });
            }
            return Ok(url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/').to_owned());
        }
        let setting = self.context.var("AWS_STS_REGIONAL_ENDPOINTS");
        endpoint::sts(self.sdk, region.as_deref(), setting).ok_or(Failure::NoRegion)
    }

    async fn web_identity(
        &mut self,
        config: &NodeConfig,
        role: &str,
        token_file: &str,
    ) -> Result<Credentials, Failure> {
        if self.sdk == Sdk::JavaNoSts {
            return Err(Failure::StsModuleMissing);
        }
        let host = self.sts_host(config)?;
        let token = self.token(config, token_file)?;
        let made_up = self.sdk.session_name((config.clock)());
        let session = self.context.var("AWS_ROLE_SESSION_NAME").unwrap_or(&made_up);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithWebIdentity")
            .append_pair("RoleArn", role)
            .append_pair("RoleSessionName", session)
            .append_pair("Version", "2011-06-15")
            .append_pair("WebIdentityToken", &String::from_utf8_lossy(&token))
            .finish();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let answer =
                send(self.context, query(&host, body.clone()), None).await.map_err(Failure::while_exchanging)?;
            if let Some(credentials) = success(&answer).and_then(wire::session) {
                return Ok(credentials);
            }
            let refused = refused(&answer);
            if attempt >= self.sdk.attempts(&refused.code) {
                return Err(Failure::Exchange { role: role.to_owned(), refused });
            }
        }
    }

    /// What the EKS Pod Identity Agent does for the container: it calls
    /// `AssumeRoleForPodIdentity` with the node's role (EKS Auth API reference).
    async fn pod_identity(&mut self, config: &NodeConfig, token_file: &str) -> Result<Credentials, Failure> {
        let token = self.token(config, token_file)?;
        let refuse = |detail: String| Failure::PodIdentity { detail };
        let node = config.node_role.as_ref().filter(|_| config.network.pod_identity_agent);
        let Some(node) = node else {
            return Err(refuse("dial tcp 169.254.170.23:80: connect: connection refused".into()));
        };
        let outgoing = Outgoing {
            method: Method::POST,
            host: endpoint::service("eks-auth", &config.region),
            path: format!("/clusters/{}/assume-role-for-pod-identity", config.cluster_name),
            content_type: "application/json",
            body: json!({"token": String::from_utf8_lossy(&token)}).to_string(),
        };
        let scope = Scope { credentials: &node.credentials, service: "eks-auth", region: &config.region };
        let answer = send(self.context, outgoing, Some(scope)).await?;
        success(&answer).and_then(container_session).ok_or_else(|| {
            let refused = refused(&answer);
            let side = if refused.status < 500 { "client" } else { "server" };
            refuse(format!("[{}]: ({}): {}, fault: {side}", refused.request_id, refused.code, refused.message))
        })
    }
}

fn container_session(body: &str) -> Option<Credentials> {
    let answer: Value = serde_json::from_str(body).ok()?;
    let text = |name: &str| j::at(&answer, name).as_str().map(str::to_owned);
    let expires = j::at(&answer, "/credentials/expiration");
    let expires = match expires.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "epoch seconds with a fraction, far inside the range of i64"
        )]
        Some(seconds) => jiff::Timestamp::from_second(seconds as i64).ok(),
        None => expires.as_str().and_then(|text| text.parse().ok()),
    };
    Some(Credentials {
        access_key_id: text("/credentials/accessKeyId")?,
        secret_access_key: text("/credentials/secretAccessKey")?,
        session_token: text("/credentials/sessionToken"),
        expires,
    })
}

/// A query-protocol request.
pub(crate) fn query(host: &str, body: String) -> Outgoing {
    Outgoing { method: Method::POST, host: host.to_owned(), path: "/".into(), content_type: FORM, body }
}

/// The body, if the answer is a success.
pub(crate) fn success(answer: &Answer) -> Option<&str> {
    (answer.status <= LAST_SUCCESS).then_some(answer.body.as_str())
}

/// The error of an answer that is none.
pub(crate) fn refused(answer: &Answer) -> super::failure::Refused {
    wire::refused(answer.status, answer.request_id.as_deref(), &answer.body)
}
