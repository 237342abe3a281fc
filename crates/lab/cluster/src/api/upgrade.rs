//! Turning a request into a WebSocket (RFC 6455, section 4.2.2), with one of the
//! subprotocols both sides speak.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Response, StatusCode, header};
use hyper::{
    Request,
    body::{Bytes, Incoming},
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};
use trustwalk_lab_serve::Slot;

use crate::{
    api::reply::{Reply, full},
    objects::errors::ApiError,
};

/// RFC 6455, section 1.3.
const WEBSOCKET_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A WebSocket with a client.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Most bytes of a message from a client: kubectl sends 32 KiB at a time.
const LARGEST_MESSAGE: usize = 1024 * 1024;

/// A connection that becomes a WebSocket once the reply has been sent.
pub(crate) struct Pending {
    upgrade: OnUpgrade,
    slot: Option<Slot>,
}

impl Pending {
    /// The socket, with the connection's place among the others; none when the client went away.
    pub(crate) async fn socket(self) -> Option<(Socket, Option<Slot>)> {
        let upgraded = self.upgrade.await.ok()?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE)).max_frame_size(Some(LARGEST_MESSAGE));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(limits)).await;
        Some((socket, self.slot))
    }
}

/// The reply that agrees to the upgrade, with the first of `protocols` the client offers.
pub(crate) fn websocket(
    mut request: Request<Incoming>,
    protocols: &[&'static str],
) -> Result<(Reply, Pending, &'static str), ApiError> {
    let text = |name: &str| {
        let value = request.headers().get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or("").to_owned()
    };
    let key = text("sec-websocket-key");
    let upgrade = text("upgrade");
    if upgrade.to_ascii_uppercase().starts_with("SPDY/") {
        return Err(ApiError::bad_request("this API server speaks WebSockets and no SPDY"));
    }
    if !upgrade.eq_ignore_ascii_case("websocket") || key.is_empty() {
        return Err(ApiError::bad_request("Upgrade request required"));
    }
    let offered = text("sec-websocket-protocol");
    let Some(protocol) = protocols.iter().copied().find(|p| offered.split(',').any(|o| o.trim() == *p)) else {
        return Err(ApiError::bad_request(format!(
            "none of the offered subprotocols is spoken here: {}",
            protocols.join(", ")
        )));
    };
    let slot = request.extensions().get::<Slot>().cloned();
    let pending = Pending { upgrade: hyper::upgrade::on(&mut request), slot };
    let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{WEBSOCKET_GUID}").as_bytes()));
    let reply = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "Upgrade")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .header(header::SEC_WEBSOCKET_PROTOCOL, protocol)
        .body(full(Bytes::new()))
        .map_err(|e| ApiError::internal(e.to_string()))?;
    Ok((reply, pending, protocol))
}
