//! Calls: signed, sent, and made again where that is safe and may help.

use std::time::Instant;

use aws_credential_types::provider::ProvideCredentials as _;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use trustwalk_core::evidence::Clock;

use super::{AwsClient, Service, Signed};
use crate::aws::error::AwsError;
use crate::aws::failure::{Failure, Repeat};
use crate::aws::wire::{Action, name_of, request, service_error, signature};
use crate::aws::xml::Element;
use crate::clock;
use crate::limits::{API_TIMEOUT, AWS_BYTES, ERROR_BYTES, LOGIN_TIMEOUT};
use crate::percent::encode;
use crate::retry;
use crate::waits;
use crate::words;

impl AwsClient {
    /// A signed query-protocol call that may be repeated; the answer's XML.
    pub async fn query(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        self.query_with(service, parameters, Signed::Yes, Repeat::Safe).await
    }

    /// The same for a call that must not be made twice: it is repeated only where the answer says that nothing was
    /// done.
    pub async fn query_once(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        self.query_with(service, parameters, Signed::Yes, Repeat::WhenNotDone).await
    }

    /// The same without a signature, as `AssumeRoleWithWebIdentity` is called.
    pub async fn query_unsigned(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        self.query_with(service, parameters, Signed::No, Repeat::Safe).await
    }

    async fn query_with(
        &self,
        service: Service,
        parameters: &[(&str, &str)],
        signed: Signed,
        repeat: Repeat,
    ) -> Result<Element, AwsError> {
        let request = self.form(service, parameters)?;
        let body = Box::pin(self.send(service, request, signed, repeat)).await?;
        Element::parse(&body).map_err(AwsError::Transport)
    }

    /// A signed query-protocol call that replaces a whole value. It is made again only while `still` says that the
    /// value is as it was: another's change may be why it failed, or have come meanwhile, and would be lost.
    pub async fn query_while(
        &self,
        service: Service,
        parameters: &[(&str, &str)],
        still: impl AsyncFn() -> bool,
    ) -> Result<Element, AwsError> {
        let request = self.form(service, parameters)?;
        let body = Box::pin(self.send_while(service, request, still)).await?;
        Element::parse(&body).map_err(AwsError::Transport)
    }

    pub(in crate::aws) async fn send_while(
        &self,
        service: Service,
        request: Request<Full<Bytes>>,
        still: impl AsyncFn() -> bool,
    ) -> Result<Bytes, AwsError> {
        let mut attempts = self.pace.begin();
        loop {
            let failure = match self.attempt(service, &request, Signed::Yes).await {
                Ok(body) => {
                    attempts.succeeded();
                    return Ok(body);
                }
                Err(failure) => failure,
            };
            match failure.again(Repeat::Safe) {
                Some(told) if attempts.again(told).await && still().await => {}
                Some(_) | None => return Err(failure.error),
            }
        }
    }

    fn form(&self, service: Service, parameters: &[(&str, &str)]) -> Result<Request<Full<Bytes>>, AwsError> {
        let body = parameters.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect::<Vec<_>>().join("&");
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let mut request = request(Method::POST, &format!("{}/", self.endpoint(service)), kind, &[], body)?;
        let action =
            parameters.iter().find(|(name, _)| *name == "Action").map(|(_, action)| Action((*action).to_owned()));
        if let Some(action) = action {
            request.extensions_mut().insert(action);
        }
        Ok(request)
    }

    /// Sends, and again where that is safe and may help; the body of what succeeds.
    pub(in crate::aws) async fn send(
        &self,
        service: Service,
        request: Request<Full<Bytes>>,
        signed: Signed,
        repeat: Repeat,
    ) -> Result<Bytes, AwsError> {
        let _waiting = waits::begin(format!("AWS, {} {}", self.endpoint(service), request.uri().path()));
        let mut attempts = self.pace.begin();
        loop {
            let failure = match self.attempt(service, &request, signed).await {
                Ok(body) => {
                    attempts.succeeded();
                    return Ok(body);
                }
                Err(failure) => failure,
            };
            match failure.again(repeat) {
                Some(told) if attempts.again(told).await => {}
                Some(_) | None => return Err(failure.error),
            }
        }
    }

    /// Signed anew each time: a signature holds for five minutes, a credential perhaps for less.
    async fn attempt(
        &self,
        service: Service,
        request: &Request<Full<Bytes>>,
        signed: Signed,
    ) -> Result<Bytes, Failure> {
        let request = match signed {
            Signed::Yes => self.sign(service, request.clone()).await.map_err(Failure::unsent)?,
            Signed::No => request.clone(),
        };
        let trail = matches!(service, Service::CloudTrail | Service::GlobalTrail);
        let turn = if trail { self.turns.turn().await } else { None };
        let outcome = self.send_once(service, request).await;
        drop(turn);
        if trail && outcome.as_ref().is_err_and(Failure::throttled) {
            self.turns.slow_down().await;
        }
        outcome
    }

    async fn send_once(&self, service: Service, request: Request<Full<Bytes>>) -> Result<Bytes, Failure> {
        let endpoint = self.endpoint(service);
        let (name, began) = (name_of(service.signing_name(), &request), Instant::now());
        let broken = |error: &(dyn std::error::Error + 'static)| {
            let transient = words::connection_broke(error);
            Failure::transport(format!("{endpoint}: {}", words::transport(error)), transient)
        };
        let call = async {
            let answer = self.http.request(request).await.map_err(|e| broken(&e))?;
            let (status, told) = (answer.status(), retry::told(answer.headers()));
            if let Some(ahead) = clock::ahead(answer.headers()) {
                self.clock.get_or_init(|| Clock { server: endpoint.clone(), ahead });
            }
            let limit = if status.is_success() { AWS_BYTES } else { ERROR_BYTES };
            let body = Limited::new(answer.into_body(), limit).collect().await.map_err(|e| {
                if e.is::<LengthLimitError>() {
                    let reason = format!("{endpoint}: the answer is too large: it has more than {limit} bytes");
                    return Failure::transport(reason, false);
                }
                broken(&*e)
            })?;
            let body = body.to_bytes();
            if status.is_success() {
                return Ok(body);
            }
            Err(Failure {
                error: service_error(status.as_u16(), &body),
                status: status.as_u16(),
                told,
                transient: false,
            })
        };
        let outcome = tokio::time::timeout(API_TIMEOUT, call).await.unwrap_or_else(|_| {
            let reason = format!("{endpoint}: no whole answer within {} s", API_TIMEOUT.as_secs());
            Err(Failure::transport(reason, false))
        });
        let status = outcome.as_ref().map_or_else(|failure| failure.status, |_| 200);
        self.calls.note(name, Some(status).filter(|s| *s > 0), began);
        outcome
    }

    async fn sign(&self, service: Service, request: Request<Full<Bytes>>) -> Result<Request<Full<Bytes>>, AwsError> {
        let provider =
            self.credentials.as_ref().ok_or_else(|| AwsError::NoCredentials("none configured".to_owned()))?;
        let credentials = tokio::time::timeout(LOGIN_TIMEOUT, provider.provide_credentials())
            .await
            .map_err(|_| AwsError::NoCredentials(format!("none came within {} s", LOGIN_TIMEOUT.as_secs())))?
            .map_err(|e| AwsError::unsigned(&e))?;
        let region = self.region_of(service);
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let instructions = signature(&parts, &bytes, credentials, region, service.signing_name())
            .map_err(|e| AwsError::NoCredentials(format!("cannot sign: {e}")))?;
        let mut request = Request::from_parts(parts, Full::new(bytes));
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}
