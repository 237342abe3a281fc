//! One GET to an issuer: the document, and the chain the host presented for it.

use std::time::Instant;

use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use trustwalk_core::evidence::Fetched;
use trustwalk_foreign::redact;

use super::error::ReadError;
use crate::dial::DialError;
use crate::limits::{DOCUMENT_BYTES, DOCUMENT_HEAD_BYTES};
use crate::tls::{DialOptions, FetchError, FetchedChain, TlsStream, open};
use crate::urls::shown_url;
use crate::words;

/// Longest `Location` kept: IAM takes no URL of more than 255 characters, browsers none of more than this.
const LOCATION_CHARS: usize = 2048;

/// What one GET showed.
pub(super) struct Observation {
    pub(super) fetched: Fetched,
    pub(super) body: Bytes,
}

/// The chain is known as soon as the handshake is done, whatever comes of the document.
pub(super) struct Seen {
    pub(super) chain: Result<FetchedChain, String>,
    pub(super) document: Result<Observation, String>,
    /// The host leads to an address that is not asked: nobody is to be told to ask it by hand either.
    pub(super) refused: bool,
}

/// Where a document is.
pub(super) struct Place {
    /// Without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    path: String,
}

/// Asks once. Redirects are not followed: STS's behaviour there is unknown, and the answer is shown as it is.
pub(super) async fn observe(options: &DialOptions, url: &str) -> Seen {
    let began = Instant::now();
    let seen = asked(options, url).await;
    let status = seen.document.as_ref().ok().map(|d| d.fetched.status);
    options.calls.note(format!("GET {}", shown_url(url)), status, began);
    seen
}

async fn asked(options: &DialOptions, url: &str) -> Seen {
    let started = Instant::now();
    let _waiting = crate::waits::begin(format!("the issuer, {}", shown_url(url)));
    // An issuer may put anything into its answer, what it was shown too.
    let words = |e: &ReadError| redact(&e.to_string()).into_owned();
    let both = |e: &ReadError| {
        let refused = matches!(
            e,
            ReadError::Tls { source: FetchError::Dial(DialError::Forbidden { .. } | DialError::Inside { .. }), .. }
        );
        Seen { chain: Err(words(e)), document: Err(words(e)), refused }
    };
    let place = match split(url) {
        Ok(place) => place,
        Err(e) => return both(&e),
    };
    let (chain, stream) = match open(&place.host, place.port, options).await {
        Ok(opened) => opened,
        Err(source) => return both(&ReadError::Tls { host: place.host, port: place.port, source }),
    };
    let rest = options.timeout.saturating_sub(started.elapsed());
    let document = tokio::time::timeout(rest, get(stream, &place, url))
        .await
        .unwrap_or_else(|_| Err(ReadError::Slow { url: shown_url(url).into_owned(), limit: options.timeout }))
        .map(|mut o| {
            o.fetched.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            o
        });
    Seen { chain: Ok(chain), document: document.map_err(|e| words(&e)), refused: false }
}

/// The forms that documents have. A kube-apiserver gives its keys as a key set alone, and answers 406 to whoever asks
/// for plain JSON (RFC 7517, section 8.5; recorded from kube-apiserver 1.36.2); what another server calls them, its
/// text tells.
const ACCEPTED: &str = "application/json, application/jwk-set+json, */*;q=0.5";

async fn get(stream: TlsStream, place: &Place, url: &str) -> Result<Observation, ReadError> {
    let head = |e: &(dyn std::error::Error + 'static)| ReadError::Head {
        url: shown_url(url).into_owned(),
        reason: words::transport(e),
    };
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(DOCUMENT_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|e| head(&e))?;
    let host = if place.host.contains(':') { format!("[{}]", place.host) } else { place.host.clone() };
    let authority = if place.port == 443 { host } else { format!("{host}:{}", place.port) };
    let request = Request::get(place.path.as_str())
        .header("host", authority)
        .header("accept", ACCEPTED)
        // Compressed bodies are not read: a few bytes of them may be any size.
        .header("accept-encoding", "identity")
        .header("user-agent", concat!("trustwalk/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|e| head(&e))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|e| head(&e))?;
        document(answer, url).await
    };
    // Both in this task: when the time is over, nothing is left behind.
    tokio::pin!(exchange, connection);
    tokio::select! {
        biased;
        outcome = &mut exchange => outcome,
        // The connection may end before the body has been taken from it.
        _ = &mut connection => exchange.await,
    }
}

async fn document(answer: Response<Incoming>, url: &str) -> Result<Observation, ReadError> {
    let url_text = || shown_url(url).into_owned();
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
    let status = answer.status().as_u16();
    let ahead = crate::clock::ahead(answer.headers());
    let redirect = header("location").map(|l| l.chars().take(LOCATION_CHARS).collect());
    let encoding = header("content-encoding").filter(|e| !e.eq_ignore_ascii_case("identity"));
    if let Some(encoding) = encoding {
        let encoding = encoding.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(ReadError::Compressed { url: url_text(), encoding });
    }
    let too_large = || ReadError::TooLarge { url: url_text(), limit: DOCUMENT_BYTES };
    // A length that is too large need not be waited for.
    if header("content-length").and_then(|l| l.parse::<u64>().ok()).is_some_and(|l| l > DOCUMENT_BYTES as u64) {
        return Err(too_large());
    }
    let body = match Limited::new(answer.into_body(), DOCUMENT_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(e) if e.is::<LengthLimitError>() => return Err(too_large()),
        Err(e) => return Err(ReadError::Body { url: url_text(), reason: words::transport(&*e) }),
    };
    Ok(Observation { fetched: Fetched { url: url_text(), status, millis: 0, ahead, redirect }, body })
}

/// Takes an `https` URL apart.
pub(super) fn split(url: &str) -> Result<Place, ReadError> {
    let bad = |reason: String| ReadError::Url { url: shown_url(url).into_owned(), reason };
    let uri: Uri = url.parse().map_err(|e| bad(format!("is not a URL: {e}")))?;
    if uri.scheme_str() != Some("https") {
        return Err(bad("is not an https URL, and STS fetches no other".to_owned()));
    }
    let host = uri.host().ok_or_else(|| bad("has no host".to_owned()))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    Ok(Place { host, port: uri.port_u16().unwrap_or(443), path })
}
