//! Reads a TLS 1.2 server's first flight as far as its Certificate message, which is in the clear.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::error::{FetchError, alert};
use super::options::DialOptions;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;
/// RFC 5246, 6.2.1, and the slack for encryption that lenient servers count in.
const MAX_RECORD: usize = (1 << 14) + 2048;
/// First read: a whole flight of a usual chain.
const READ_BYTES: usize = 8 << 10;

/// Reads until the certificates are there.
pub(super) async fn read_chain<S: AsyncRead + Unpin>(
    stream: &mut S,
    options: &DialOptions,
) -> Result<Vec<Vec<u8>>, FetchError> {
    let mut wire = Vec::with_capacity(READ_BYTES);
    let mut flight = Flight::default();
    loop {
        if let Some(chain) = flight.advance(&wire, options)? {
            return Ok(chain);
        }
        if wire.len() >= options.max_bytes {
            return Err(FetchError::TooManyBytes(options.max_bytes));
        }
        let room = u64::try_from(options.max_bytes - wire.len()).unwrap_or(u64::MAX);
        if (&mut *stream).take(room).read_buf(&mut wire).await.map_err(FetchError::Broken)? == 0 {
            return Err(FetchError::Closed);
        }
    }
}

/// Records taken apart so far.
#[derive(Default)]
struct Flight {
    taken: usize,
    messages: Vec<u8>,
    read: usize,
    greeted: bool,
}

impl Flight {
    fn advance(&mut self, wire: &[u8], options: &DialOptions) -> Result<Option<Vec<Vec<u8>>>, FetchError> {
        while let Some((kind, payload, after)) = record(wire.get(self.taken..).unwrap_or_default())? {
            self.taken = wire.len() - after;
            match kind {
                HANDSHAKE => self.messages.extend_from_slice(payload),
                // A warning about the name does not end the handshake (RFC 6066, 3).
                ALERT => match payload {
                    [1, 112] => {}
                    [_, number] => return Err(alert(*number)),
                    _ => return Err(FetchError::Malformed("an alert of another length than two")),
                },
                _ if !self.greeted => return Err(FetchError::NotTls("the first record is no handshake")),
                _ => return Err(FetchError::Malformed("a record out of place")),
            }
            if let Some(chain) = self.messages(options)? {
                return Ok(Some(chain));
            }
        }
        Ok(None)
    }

    fn messages(&mut self, options: &DialOptions) -> Result<Option<Vec<Vec<u8>>>, FetchError> {
        loop {
            let Some([kind, a, b, c, rest @ ..]) = self.messages.get(self.read..) else { return Ok(None) };
            let length = u24(*a, *b, *c);
            if length > options.max_bytes {
                return Err(FetchError::TooManyBytes(options.max_bytes));
            }
            let Some(body) = rest.get(..length) else { return Ok(None) };
            match *kind {
                SERVER_HELLO if !self.greeted => {
                    if body.first_chunk() != Some(&[3, 3]) {
                        // An older server answers with its own version.
                        return Err(alert(70));
                    }
                    self.greeted = true;
                }
                CERTIFICATE if self.greeted => return certificates(body, options.max_certificates).map(Some),
                SERVER_HELLO_DONE => return Err(FetchError::Malformed("a hello without a certificate")),
                _ if self.greeted => {}
                _ => return Err(FetchError::Malformed("a message before the server's hello")),
            }
            self.read += 4 + length;
        }
    }
}

/// A record's kind, its content, and how many bytes follow it.
type Record<'a> = (u8, &'a [u8], usize);

/// The first record, when all of it is there.
fn record(wire: &[u8]) -> Result<Option<Record<'_>>, FetchError> {
    if let Some(first) = wire.first()
        && !(20..=24).contains(first)
    {
        return Err(FetchError::NotTls("the first bytes are no TLS record"));
    }
    let [kind, major, _, high, low, rest @ ..] = wire else { return Ok(None) };
    if *major != 3 {
        return Err(FetchError::NotTls("the record's version is unknown"));
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length == 0 || length > MAX_RECORD {
        return Err(FetchError::Malformed("a record of impossible length"));
    }
    Ok(rest.split_at_checked(length).map(|(payload, after)| (*kind, payload, after.len())))
}

fn u24(a: u8, b: u8, c: u8) -> usize {
    (usize::from(a) << 16) | (usize::from(b) << 8) | usize::from(c)
}

fn certificates(body: &[u8], max: usize) -> Result<Vec<Vec<u8>>, FetchError> {
    let lie = FetchError::Malformed("a certificate list whose lengths disagree");
    let [a, b, c, rest @ ..] = body else { return Err(lie) };
    let mut rest = rest;
    if rest.len() != u24(*a, *b, *c) {
        return Err(lie);
    }
    let mut chain = Vec::with_capacity(4);
    while let [a, b, c, after @ ..] = rest {
        let Some((der, after)) = after.split_at_checked(u24(*a, *b, *c)) else { return Err(lie) };
        if chain.len() == max {
            return Err(FetchError::TooManyCertificates(max));
        }
        chain.push(der.to_vec());
        rest = after;
    }
    if !rest.is_empty() {
        return Err(lie);
    }
    if chain.is_empty() {
        return Err(FetchError::Malformed("an empty certificate list"));
    }
    Ok(chain)
}
