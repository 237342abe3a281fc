//! A bound for every answer of the API server, whoever reads it: the client's own readers of errors have none.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;

use crate::limits::API_BYTES;

/// One frame more than the largest answer, so that whoever reads with a limit of their own tells what is too large.
const MARGIN: usize = 1 << 20;

/// A client whose answers end after [`API_BYTES`].
#[derive(Clone)]
pub(super) struct Bounded(pub(super) kube::Client);

impl tower_service::Service<Request<Body>> for Bounded {
    type Response = Response<Limited<Body>>;
    type Error = kube::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, kube::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), kube::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move { Ok(client.send(request).await?.map(|body| Limited::new(body, API_BYTES + MARGIN))) })
    }
}

/// What was read of a body.
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// Reads a body up to a limit.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Read, kube::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = limit - bytes.len();
        if data.len() > room {
            bytes.extend(data.iter().take(room));
            return Ok(Read { bytes, cut: true });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes, cut: false })
}
