//! The connection to the API server: kubeconfig, contexts and in-cluster, as kubectl does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, Semaphore};
use trustwalk_core::evidence::{Observed, Source};
use trustwalk_foreign::redact;

use super::answer::Failure;
use super::bounded;
use super::kubeconfig::{self, KubeOptions, whole_text};
use super::login::Login;
use crate::calls::Calls;
use crate::error::{CollectError, NoCluster};
use crate::limits::{
    API_ATTEMPTS, API_REQUESTS, API_TIMEOUT, ERROR_BYTES, LOG_STAMPED_BYTES, LOG_STREAM_BYTES, OBJECT_BYTES,
};
use crate::proxy::Proxies;
use crate::retry::{self, Pace, Teller};
use crate::urls::shown_url;
use crate::waits;

/// Why a write did not come back as done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The API server said no: nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// No answer, or one of the server's own failures: it may have been changed.
    #[error("{0}")]
    Lost(String),
}

impl From<Failure> for WriteError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { code, message, .. } if (400..500).contains(&code) => {
                Self::Refused(format!("{code}: {message}"))
            }
            Failure::Refused { code, message, .. } => Self::Lost(format!("{code}: {message}")),
            Failure::Broken { reason, .. } => Self::Lost(reason),
            Failure::TooLarge(limit) => Self::Lost(format!("the answer has more than {limit} bytes")),
        }
    }
}

/// A client of one API server.
#[derive(Clone)]
pub struct KubeApi {
    login: Arc<Login>,
    slots: Arc<Semaphore>,
    first: Arc<First>,
    pace: Pace,
    /// The context's default namespace.
    pub namespace: String,
    /// The server's URL, without user information.
    pub server: String,
    /// The kubeconfig's context; `None` inside a cluster.
    pub context: Option<String>,
    /// The kubeconfig's name of the cluster, in which EKS puts name or ARN.
    pub cluster_name: Option<String>,
    calls: Calls,
    now: i64,
}

/// The first request to a server goes alone: whether its connection carries many at the same time is known only once it
/// is there, and until then each request would make one of its own.
#[derive(Default)]
struct First {
    alone: Mutex<()>,
    over: AtomicBool,
}

impl First {
    /// What is held until the first request has been answered, or has failed; nothing once it was.
    async fn turn(&self) -> Option<Turn<'_>> {
        if self.over.load(Ordering::Acquire) {
            return None;
        }
        let alone = self.alone.lock().await;
        (!self.over.load(Ordering::Acquire)).then(|| Turn { over: &self.over, _alone: alone })
    }
}

struct Turn<'f> {
    over: &'f AtomicBool,
    _alone: MutexGuard<'f, ()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

impl std::fmt::Debug for KubeApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeApi").field("server", &self.server).finish_non_exhaustive()
    }
}

impl KubeApi {
    /// Reads the configuration and fetches a credential where a program gives it; nothing is sent to the server.
    pub async fn new(options: &KubeOptions, proxies: &Proxies, now: i64) -> Result<Self, CollectError> {
        let refuse =
            |e: &dyn std::fmt::Display| CollectError::from(NoCluster::Unusable(redact(&e.to_string()).into_owned()));
        let unusable = |e: CollectError| {
            if let CollectError::Kubeconfig(why) = &e { refuse(why) } else { refuse(&e.in_full()) }
        };
        let mut kubeconfig = kubeconfig::find(options).map_err(unusable)?;
        if let Some(file) = &mut kubeconfig {
            kubeconfig::has_context(file, options.context.as_deref())?;
            kubeconfig::take_in(file, options.context.as_deref()).map_err(unusable)?;
        }
        // kube takes NO_PROXY for a list of proxies; kubectl, for a list of servers.
        let told = kubeconfig.as_ref().and_then(|file| kubeconfig::proxy_url(file, options.context.as_deref()));
        let current = kubeconfig.as_ref().and_then(|file| file.current_context.clone());
        let context = options.context.clone().or(current).filter(|_| kubeconfig.is_some());
        let (mut config, cluster_name) = if let Some(file) = kubeconfig {
            let wanted = kube::config::KubeConfigOptions { context: options.context.clone(), ..Default::default() };
            let name = kubeconfig::cluster_name(&file, options.context.as_deref());
            let config = kube::Config::from_custom_kubeconfig(file, &wanted).await.map_err(|e| {
                refuse(&format!("{}; see `kubectl config get-contexts`, and choose one with --context", whole_text(&e)))
            })?;
            (config, name)
        } else {
            kubeconfig::check_pod().map_err(|e| refuse(&e))?;
            (kube::Config::incluster().map_err(|_| NoCluster::Unnamed)?, None)
        };
        config.proxy_url = match told {
            Some(url) => Some(url.parse().map_err(|_| refuse(&"the cluster's `proxy-url` is not a URL"))?),
            None => proxies.url_between(&config.cluster_url),
        };
        config.connect_timeout = Some(API_TIMEOUT);
        config.read_timeout = Some(API_TIMEOUT * 6);
        let namespace = config.default_namespace.clone();
        let server = shown_url(&config.cluster_url.to_string()).into_owned();
        let login = Login::new(config).map_err(|e| refuse(&e))?;
        login
            .requests()
            .await
            .map_err(|e| NoCluster::Login { next: login.by_hand(&e), why: redact(&e).into_owned() })?;
        let slots = Arc::new(Semaphore::new(API_REQUESTS));
        let first = Arc::new(First::default());
        Ok(Self {
            login: Arc::new(login),
            slots,
            first,
            pace: Pace::new(API_ATTEMPTS),
            namespace,
            server,
            context,
            cluster_name,
            calls: Calls::default(),
            now,
        })
    }

    /// Makes room for the requests of several walks at the same time.
    pub(crate) fn widen(&self, walks: usize) {
        self.slots.add_permits(API_REQUESTS * walks.saturating_sub(1));
    }

    /// The client for what speaks more than HTTP. Every answer it gives is bounded.
    pub(super) async fn upgrades(&self) -> Result<kube::Client, String> {
        self.login.upgrades().await
    }

    /// What speaks more than HTTP: says what is waited for, and keeps that it was asked and whether it was taken.
    pub(super) async fn upgraded<T>(&self, path: &str, call: impl Future<Output = T>, taken: fn(&T) -> bool) -> T {
        let _waiting = waits::begin(format!("the API server {}: {path}", self.server));
        let began = Instant::now();
        let answer = call.await;
        self.calls.note(format!("GET {path}"), taken(&answer).then_some(101), began);
        answer
    }

    /// GET of a path.
    pub async fn get(&self, path: &str, what: &str, permission: &str, by_hand: &str) -> Observed<Value> {
        let source = Source { what: what.to_owned(), at: self.now, by_hand: Some(by_hand.to_owned()) };
        let request = match Request::get(path).body(Vec::new()) {
            Ok(r) => r,
            Err(e) => return Observed::Unreachable { source, error: e.to_string() },
        };
        self.observe(request, source, permission).await
    }

    /// Any request, its outcome as an observation.
    pub async fn observe(&self, request: Request<Vec<u8>>, source: Source, permission: &str) -> Observed<Value> {
        let read = self.ask(&request, OBJECT_BYTES).await;
        let broken = |reason| Failure::Broken { reason, transient: false };
        match read.and_then(|body| crate::json::parse(&body).map_err(broken)) {
            Ok(value) => Observed::Known { value, source },
            Err(failure) => failure.observed(source, permission),
        }
    }

    /// A request that changes something.
    pub async fn write(&self, request: Request<Vec<u8>>) -> Result<(), WriteError> {
        self.ask(&request, OBJECT_BYTES).await.map(drop).map_err(WriteError::from)
    }

    /// A request that changes something as long as the object has the version that the request names; `false` when
    /// it has another. What may have arrived is not sent again: the same version would be refused then, because of it.
    pub async fn write_at_version(&self, request: Request<Vec<u8>>) -> Result<bool, WriteError> {
        match Box::pin(self.ask_with(&request, OBJECT_BYTES, false)).await {
            Ok(_) => Ok(true),
            Err(Failure::Refused { code: 409, .. }) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Why a request that is only rehearsed would be refused; `None` when it would not be, and when that cannot be
    /// told: a server in trouble, or a webhook that takes no rehearsals, which is answered as a bad request
    /// (Kubernetes documentation, "Dynamic Admission Control", side effects).
    pub async fn would_refuse(&self, request: Request<Vec<u8>>) -> Option<String> {
        match self.ask(&request, OBJECT_BYTES).await {
            Err(Failure::Refused { code, message, .. }) if matches!(code, 401 | 403 | 404 | 422) => {
                Some(format!("{code}: {message}"))
            }
            Ok(_) | Err(Failure::Refused { .. } | Failure::Broken { .. } | Failure::TooLarge(_)) => None,
        }
    }

    /// The whole answer to a request, asked for again where that is safe.
    pub(super) async fn ask(&self, request: &Request<Vec<u8>>, limit: usize) -> Result<Vec<u8>, Failure> {
        Box::pin(self.ask_with(request, limit, true)).await
    }

    /// `met` says whether a request that met another, or that may have arrived, may be made again: not one that names
    /// a version.
    async fn ask_with(&self, request: &Request<Vec<u8>>, limit: usize, met: bool) -> Result<Vec<u8>, Failure> {
        let _waiting = self.waiting(request);
        let _slot = self.slots.acquire().await;
        let mut attempts = self.pace.begin();
        loop {
            let once = async {
                let body = self.send(request).await?;
                bounded::read(body, limit).await.map_err(|e| Failure::of(&e))
            };
            let failure = match self.in_time(once).await {
                Ok(read) if read.cut => return Err(Failure::TooLarge(limit)),
                Ok(read) => {
                    attempts.succeeded();
                    return Ok(read.bytes);
                }
                Err(failure) => failure,
            };
            match failure.again(request.method()).filter(|_| met || failure.is_throttled()) {
                Some(told) if attempts.again(told).await => {}
                Some(_) | None => return Err(failure),
            }
        }
    }

    /// One request's body, once the server has accepted it.
    async fn send(&self, request: &Request<Vec<u8>>) -> Result<Body, Failure> {
        let answer = self.answer(request).await?;
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        let (status, told) = (answer.status(), retry::told(answer.headers()));
        let body = bounded::read(answer.into_body(), ERROR_BYTES).await.map_err(|e| Failure::of(&e))?;
        Err(Failure::refused(status, told, &body.bytes))
    }

    /// Says what is waited for: the path tells the object.
    fn waiting(&self, request: &Request<Vec<u8>>) -> waits::Waiting {
        waits::begin(format!("the API server {}: {} {}", self.server, request.method(), request.uri().path()))
    }

    /// Whatever is answered.
    async fn answer(&self, request: &Request<Vec<u8>>) -> Result<Response<Body>, Failure> {
        let client = self.login.requests().await.map_err(|reason| Failure::Broken { reason, transient: false })?;
        let _first = self.first.turn().await;
        let began = Instant::now();
        let answer = client.send(request.clone().map(Body::from)).await;
        // A query may hold a selector's values; a path holds names alone.
        let what = format!("{} {}", request.method(), request.uri().path());
        self.calls.note(what, answer.as_ref().ok().map(|a| a.status().as_u16()), began);
        answer.map_err(|e| Failure::of(&e))
    }

    /// Whatever is answered to a request that is sent once, as far as errors are read: status, how long to wait, body.
    pub(super) async fn once(
        &self,
        request: &Request<Vec<u8>>,
    ) -> Result<(StatusCode, Option<Duration>, Vec<u8>), Failure> {
        let _slot = self.slots.acquire().await;
        self.in_time(async {
            let answer = self.answer(request).await?;
            let (status, told) = (answer.status(), retry::told(answer.headers()));
            let body = bounded::read(answer.into_body(), ERROR_BYTES).await.map_err(|e| Failure::of(&e))?;
            Ok((status, told, body.bytes))
        })
        .await
    }

    /// An answer that goes on for as long as it is listened to. It takes no place from other requests.
    pub(super) async fn open(&self, request: &Request<Vec<u8>>) -> Result<Body, Failure> {
        self.in_time(self.send(request)).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::time::timeout(API_TIMEOUT, work).await.unwrap_or_else(|_| {
            let reason = format!("no whole answer from {} within {} s", self.server, API_TIMEOUT.as_secs());
            Err(Failure::Broken { reason, transient: false })
        })
    }

    /// GET of a log, given away piece by piece as it comes. Tells why it was cut, if it was.
    pub(super) async fn log(
        &self,
        path: &str,
        source: Source,
        permission: &str,
        feed: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Observed<Option<String>> {
        let request = match Request::get(path).body(Vec::new()) {
            Ok(r) => r,
            Err(e) => return Observed::Unreachable { source, error: e.to_string() },
        };
        let _waiting = self.waiting(&request);
        let _slot = self.slots.acquire().await;
        let mut attempts = self.pace.begin();
        let mut body = loop {
            let failure = match self.in_time(self.send(&request)).await {
                Ok(body) => break body,
                Err(failure) => failure,
            };
            match failure.again(&Method::GET) {
                Some(told) if attempts.again(told).await => {}
                Some(_) | None => return failure.observed(source, permission),
            }
        };
        attempts.succeeded();
        let mut left = LOG_STAMPED_BYTES;
        let stream = async {
            while let Some(frame) = body.frame().await {
                let data = match frame.map(hyper::body::Frame::into_data) {
                    Ok(Ok(data)) => data,
                    Ok(Err(_)) => continue,
                    Err(error) => return Some(crate::words::transport(&error)),
                };
                feed(data.get(..left.min(data.len())).unwrap_or_default());
                let Some(rest) = left.checked_sub(data.len()) else {
                    return Some(format!("only its first {} MiB were read", LOG_STREAM_BYTES >> 20));
                };
                left = rest;
            }
            None
        };
        let slow = || Some(format!("only what came within {} s was read", API_TIMEOUT.as_secs()));
        let cut = tokio::time::timeout(API_TIMEOUT, stream).await.unwrap_or_else(|_| slow());
        Observed::Known { value: cut, source }
    }

    /// The same client for a walk that begins later.
    pub(crate) fn at(&self, now: i64) -> Self {
        Self { now, ..self.clone() }
    }

    /// The same client, which notes each request there.
    pub(crate) fn noting(self, calls: Calls) -> Self {
        Self { calls, ..self }
    }

    /// From now on requests that come too often wait longer, and say so.
    pub(crate) fn be_patient(&self, teller: Teller) {
        self.pace.be_patient(teller);
    }

    /// When this walk began, Unix seconds.
    pub fn now(&self) -> i64 {
        self.now
    }
}
