//! The client of AWS: whose credentials, which region and endpoint, and what an outcome means.

mod send;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use trustwalk_core::evidence::{Clock, Observed, Source};
use trustwalk_foreign::shell;

use super::credentials::{self, ProfileKind};
use super::error::{AwsError, speaks_of_key};
use super::turns::Turns;
use super::wire::{dns_suffix, iam_region};
use crate::calls::Calls;
use crate::connect::Connector;
use crate::dial::Dialer;
use crate::env::env_var;
use crate::error::{CollectError, Likely};
use crate::limits::DOCUMENT_HEAD_BYTES as HEAD_BYTES;
use crate::near;
use crate::retry::{Pace, Teller};
use crate::roots::RootOptions;
use crate::urls::shown_url;

/// The variables of keys in the environment.
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// A service and how it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// IAM, query protocol, global.
    Iam,
    /// STS, query protocol, regional.
    Sts,
    /// EKS, REST-JSON, regional.
    Eks,
    /// `CloudTrail`, JSON 1.1, regional.
    CloudTrail,
    /// `CloudTrail` in the region that records what global services do.
    GlobalTrail,
}

impl Service {
    fn signing_name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Eks => "eks",
            Self::CloudTrail | Self::GlobalTrail => "cloudtrail",
        }
    }

    /// The suffix of `AWS_ENDPOINT_URL_<SERVICE>`.
    fn variable(self) -> &'static str {
        match self {
            Self::Iam => "IAM",
            Self::Sts => "STS",
            Self::Eks => "EKS",
            Self::CloudTrail | Self::GlobalTrail => "CLOUDTRAIL",
        }
    }
}

/// How the account is reached.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--endpoint-url`.
    pub endpoint: Option<String>,
    /// Keys given by a caller that has them at hand, such as the demo in its own lab.
    pub keys: Option<Credentials>,
}

/// A client of one account.
#[derive(Clone)]
pub struct AwsClient {
    http: Client<Connector, Full<Bytes>>,
    credentials: Option<SharedCredentialsProvider>,
    region: String,
    endpoint: Option<String>,
    profile: Option<String>,
    pace: Pace,
    now: i64,
    /// What the first answer said the time is.
    clock: Arc<OnceLock<Clock>>,
    turns: Arc<Turns>,
    calls: Calls,
    /// What the profile that is meant is.
    kind: ProfileKind,
}

/// Whether a call carries a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    Yes,
    No,
}

impl std::fmt::Debug for AwsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsClient").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Attempts when nothing says otherwise (AWS SDKs and Tools Reference Guide, `AWS_MAX_ATTEMPTS`).
const ATTEMPTS: u32 = 3;

/// How the SDK for Rust begins where no source of its chain had credentials (`aws-config`, `CredentialsProviderChain`).
const NO_SOURCE: &str = "no credentials found in chain";

/// Region when none is configured anywhere: IAM answers there, and STS's global endpoint did.
const FALLBACK_REGION: &str = "us-east-1";

impl AwsClient {
    /// A client configured as the AWS CLI is: environment, profiles, SSO, containers, instance.
    pub async fn new(options: &AwsOptions, dialer: Dialer, roots: RootOptions, now: i64) -> Self {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
        let profile = options.profile.clone().or_else(|| env_var("AWS_PROFILE"));
        let chosen = profile.clone().unwrap_or_else(|| "default".to_owned());
        let set = |name: &str| env_var(name).is_some();
        let keyed = options.keys.is_some() || (options.profile.is_none() && KEYS.iter().all(|name| set(name)));
        let read = match credentials::files() {
            // Nobody asks the program of a source when there are keys.
            Ok(files) if !keyed => files.with_source(&chosen).await,
            read => read,
        };
        let files = read.as_ref().map_or_else(|_| credentials::Files::default().read(), credentials::Files::read);
        let (of_profiles, is_read) = (files.clone(), read.is_ok());
        // An empty AWS_PROFILE is none, and the SDK takes it for a name.
        loader = loader.profile_name(&chosen).profile_files(files.clone());
        let environment = credentials::without_empty(options.profile.is_some());
        let as_it_is = environment.is_none();
        if let Some(environment) = environment {
            loader = loader.env(environment);
        }
        if let Some(region) = &options.region {
            loader = loader.region(aws_config::Region::new(region.clone()));
        } else if !set("AWS_REGION") && !set("AWS_DEFAULT_REGION") && set("AWS_ENDPOINT_URL") {
            // With an endpoint given, nobody need ask instance metadata for a region.
            loader = loader.region(aws_config::Region::from_static(FALLBACK_REGION));
        }
        // The default chain makes a client for STS, roots and all, before it looks at the environment.
        if let Some(keys) = &options.keys {
            loader = loader.credentials_provider(keys.clone());
        } else if keyed {
            loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        } else if let Err(why) = read {
            loader = loader.credentials_provider(credentials::Unread(why));
        } else if let Some(own) = credentials::of_program(&files, &chosen).await {
            loader = loader.credentials_provider(own);
        } else if let Some(profile) = options.profile.as_ref().filter(|_| as_it_is) {
            // As for the AWS CLI, a profile that is asked for goes before keys in the environment.
            let provider = ProfileFileCredentialsProvider::builder().profile_files(files).profile_name(profile).build();
            loader = loader.credentials_provider(provider);
        }
        let kind = if keyed || !is_read { ProfileKind::Other } else { credentials::kind(&of_profiles, &chosen).await };
        // The SDK's own reader ends the process for a mode it does not know, `legacy` among them.
        let attempts = credentials::attempts(&of_profiles, &chosen).await.unwrap_or(ATTEMPTS);
        loader = loader.retry_config(RetryConfig::standard().with_max_attempts(attempts));
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        let region = region.unwrap_or_else(|| FALLBACK_REGION.to_owned());
        let given = options.endpoint.clone().filter(|url| !url.is_empty());
        let endpoint = given.or_else(|| config.endpoint_url().filter(|url| !url.is_empty()).map(str::to_owned));
        let http = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(5))
            .http1_max_buf_size(HEAD_BYTES)
            .build(Connector::new(dialer, roots));
        let (credentials, pace) = (config.credentials_provider(), Pace::new(attempts));
        let (clock, turns, calls) = (Arc::default(), Arc::default(), Calls::default());
        Self { http, credentials, region, endpoint, profile, pace, now, clock, turns, calls, kind }
    }

    /// The command that logs in, where the profile that is meant is one of those that do.
    pub fn log_in(&self) -> Option<String> {
        match &self.kind {
            ProfileKind::Sso { profile } => Some(shell::line("aws sso login --profile {}", &[profile])),
            ProfileKind::Missing { .. } | ProfileKind::Other => None,
        }
    }

    /// That the profile which was named does not exist.
    pub(crate) fn without_profile(&self) -> Option<CollectError> {
        let ProfileKind::Missing { names } = &self.kind else { return None };
        let name = self.profile.as_deref()?;
        let near = near::like(names.iter().map(String::as_str), name);
        Some(CollectError::Gone {
            what: format!("AWS profile {name}"),
            within: String::new(),
            near: near.into_iter().map(|n| Likely::new("--profile {}", &[n])).collect(),
            list: Some("aws configure list-profiles".to_owned()),
        })
    }

    /// The region in use.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The region that a service is asked in.
    pub(super) fn region_of(&self, service: Service) -> &str {
        match service {
            Service::Iam | Service::GlobalTrail => iam_region(&self.region),
            Service::Sts | Service::Eks | Service::CloudTrail => &self.region,
        }
    }

    /// Whether what global services do is recorded in another region than the one in use.
    pub fn global_is_elsewhere(&self) -> bool {
        iam_region(&self.region) != self.region
    }

    /// The endpoint of a service, without user information: AWS takes signatures, and no password in a URL.
    pub fn endpoint(&self, service: Service) -> String {
        let own = env_var(&format!("AWS_ENDPOINT_URL_{}", service.variable()));
        if let Some(url) = own.as_ref().or(self.endpoint.as_ref()) {
            return shown_url(url).trim_end_matches('/').to_owned();
        }
        let suffix = dns_suffix(&self.region);
        match service {
            Service::Iam if self.region.starts_with("cn-") => format!("https://iam.cn-north-1.{suffix}"),
            Service::Iam if self.region.starts_with("us-gov-") => format!("https://iam.us-gov.{suffix}"),
            Service::Iam => format!("https://iam.{suffix}"),
            Service::Sts | Service::Eks | Service::CloudTrail | Service::GlobalTrail => {
                format!("https://{}.{}.{suffix}", service.signing_name(), self.region_of(service))
            }
        }
    }

    /// What AWS said the time is, by the `Date` of its first answer.
    pub fn clock(&self) -> Observed<Clock> {
        let source = Source { what: "Date of an answer of AWS".to_owned(), at: self.now, by_hand: None };
        match self.clock.get() {
            Some(clock) => Observed::Known { value: clock.clone(), source },
            None => Observed::NotCollected { reason: "AWS answered nothing".to_owned() },
        }
    }

    /// The same client for a walk that begins later. What time AWS says it is will be heard anew.
    pub(crate) fn at(&self, now: i64) -> Self {
        Self { now, clock: Arc::default(), ..self.clone() }
    }

    /// The same client, which notes each call there.
    pub(crate) fn noting(self, calls: Calls) -> Self {
        Self { calls, ..self }
    }

    /// From now on calls that come too often wait longer, and say so.
    pub(crate) fn be_patient(&self, teller: Teller) {
        self.pace.be_patient(teller);
    }

    /// The same client with other keys, and with patience and turns of its own.
    pub(super) fn with_keys(&self, keys: Credentials) -> Self {
        let pace = self.pace.anew();
        pace.be_patient(Arc::new(|_| ()));
        let (credentials, turns) = (Some(SharedCredentialsProvider::new(keys)), Arc::default());
        Self { credentials, pace, turns, profile: None, kind: ProfileKind::Other, ..self.clone() }
    }

    /// When this walk began, Unix seconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// A call's outcome as an observation.
    pub fn observe<T>(&self, outcome: Result<T, AwsError>, what: &str, permission: &str, by_hand: &str) -> Observed<T> {
        let source = Source { what: what.to_owned(), at: self.now, by_hand: Some(by_hand.to_owned()) };
        match outcome {
            Ok(value) => Observed::Known { value, source },
            Err(AwsError::Service { status, code, message, .. }) => {
                if status == 404 || code.starts_with("NoSuchEntity") || code.starts_with("ResourceNotFound") {
                    Observed::Absent { source }
                } else if status == 403
                    || code.starts_with("AccessDenied")
                    || code == "UnauthorizedOperation"
                    || speaks_of_key(&code)
                {
                    let permission = if speaks_of_key(&code) {
                        format!("valid AWS credentials ({code})")
                    } else {
                        permission.to_owned()
                    };
                    Observed::Denied { source, permission, message }
                } else {
                    Observed::Unreachable { source, error: format!("{code}: {message}") }
                }
            }
            Err(AwsError::NoCredentials(message)) => {
                if let ProfileKind::Sso { profile } = &self.kind {
                    return Observed::Unreachable {
                        source: Source { by_hand: None, ..source },
                        error: format!(
                            "no call was made: the SSO login of profile `{profile}` has expired or was never made; \
                             log in with `{}` ({message})",
                            shell::line("aws sso login --profile {}", &[profile])
                        ),
                    };
                }
                let from = match &self.profile {
                    Some(profile) => format!("profile `{profile}` gives none, see `aws configure list-profiles`"),
                    None => "none in the environment, the profiles or the instance".to_owned(),
                };
                // Who has no credentials cannot run the command either.
                let source = Source { by_hand: None, ..source };
                // That each source in turn gave none is said in one word already.
                let told = message.starts_with(NO_SOURCE) || message.is_empty();
                let why = if told {
                    String::new()
                } else {
                    format!(": {}", message.split_whitespace().collect::<Vec<_>>().join(" "))
                };
                let error = format!("no AWS credentials ({from}){why}");
                Observed::Unreachable { source, error }
            }
            Err(AwsError::Transport(error)) => Observed::Unreachable { source, error },
        }
    }
}
