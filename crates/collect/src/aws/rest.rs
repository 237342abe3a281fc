//! Calls of services that speak JSON.

use http::{Method, Request};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::Value;

use super::client::{AwsClient, Service, Signed};
use super::error::AwsError;
use super::failure::Repeat;
use super::wire::request;

impl AwsClient {
    /// A signed REST-JSON GET.
    pub async fn rest(&self, service: Service, path: &str) -> Result<Value, AwsError> {
        let url = format!("{}{path}", self.endpoint(service));
        let request = request(Method::GET, &url, "application/json", &[], String::new())?;
        let body = Box::pin(self.send(service, request, Signed::Yes, Repeat::Safe)).await?;
        crate::json::parse(&body).map_err(AwsError::Transport)
    }

    /// A signed REST-JSON call that must not be made twice: it is repeated only where the answer says that nothing
    /// was done.
    pub async fn rest_once(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, AwsError> {
        let request = self.document(service, method, path, body)?;
        let body = Box::pin(self.send(service, request, Signed::Yes, Repeat::WhenNotDone)).await?;
        crate::json::parse(&body).map_err(AwsError::Transport)
    }

    /// A signed REST-JSON POST that replaces a whole value, as [`Self::query_while`] does.
    pub async fn rest_while(
        &self,
        service: Service,
        path: &str,
        body: &Value,
        still: impl AsyncFn() -> bool,
    ) -> Result<Value, AwsError> {
        let request = self.document(service, Method::POST, path, body)?;
        let body = Box::pin(self.send_while(service, request, still)).await?;
        crate::json::parse(&body).map_err(AwsError::Transport)
    }

    fn document(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Request<Full<Bytes>>, AwsError> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        request(method, &format!("{}{path}", self.endpoint(service)), "application/json", &[], body)
    }

    /// A signed JSON 1.1 call that reads.
    pub async fn json(&self, service: Service, target: &str, body: &Value) -> Result<Value, AwsError> {
        let url = format!("{}/", self.endpoint(service));
        let headers = [("x-amz-target", target)];
        let request = request(Method::POST, &url, "application/x-amz-json-1.1", &headers, body.to_string())?;
        let body = Box::pin(self.send(service, request, Signed::Yes, Repeat::Safe)).await?;
        crate::json::parse(&body).map_err(AwsError::Transport)
    }
}
