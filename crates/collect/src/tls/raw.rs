//! Reads a TLS 1.2 server's first flight as far as its Certificate message, which is in the clear.

use std::cell::RefCell;
use std::io::ErrorKind;

use tokio::net::TcpStream;

use super::error::{FetchError, alert};
use super::options::DialOptions;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;
/// RFC 5246, 6.2.1, and the slack for encryption that lenient servers count in.
const MAX_RECORD: usize = (1 << 14) + 2048;
/// Read at a time: a whole flight of a usual chain.
const READ_BYTES: usize = 16 << 10;

thread_local! {
    /// Where every socket's bytes are read to: a thousand hosts that think need no buffer each.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// Reads until the certificates are there.
pub(super) async fn read_chain(stream: &TcpStream, options: &DialOptions) -> Result<Vec<Vec<u8>>, FetchError> {
    let mut flight = Flight::default();
    loop {
        stream.readable().await.map_err(FetchError::Broken)?;
        let outcome = SCRATCH.with_borrow_mut(|scratch| match stream.try_read(scratch) {
            Ok(0) => Err(FetchError::Closed),
            Ok(count) => flight.take(scratch.get(..count).unwrap_or_default(), options),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(FetchError::Broken(error)),
        });
        if let Some(chain) = outcome? {
            return Ok(chain);
        }
    }
}

/// The chain in a TLS 1.2 server's first flight that arrives in these pieces; `None` while more of
/// it is needed. Where the pieces are cut makes no difference.
pub fn read_flight<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    options: &DialOptions,
) -> Result<Option<Vec<Vec<u8>>>, FetchError> {
    let mut flight = Flight::default();
    for piece in pieces {
        if let Some(chain) = flight.take(piece, options)? {
            return Ok(Some(chain));
        }
    }
    Ok(None)
}

/// What came so far and is not understood yet. A flight that comes at once is never copied.
#[derive(Default)]
struct Flight {
    /// The beginning of a record.
    record: Vec<u8>,
    /// The beginning of a message.
    message: Vec<u8>,
    total: usize,
    greeted: bool,
}

impl Flight {
    fn take(&mut self, fresh: &[u8], options: &DialOptions) -> Result<Option<Vec<Vec<u8>>>, FetchError> {
        self.total += fresh.len();
        let mut held = std::mem::take(&mut self.record);
        let mut bytes = joined(&mut held, fresh);
        while let Some((kind, payload, after)) = record(bytes)? {
            bytes = after;
            match kind {
                HANDSHAKE => {
                    if let Some(chain) = self.messages(payload, options)? {
                        return Ok(Some(chain));
                    }
                }
                // A warning about the name does not end the handshake (RFC 6066, 3).
                ALERT => match payload {
                    [1, 112] => {}
                    [_, number] => return Err(alert(*number)),
                    _ => return Err(FetchError::Malformed("an alert of another length than two")),
                },
                _ if !self.greeted => return Err(FetchError::NotTls("the first record is no handshake")),
                _ => return Err(FetchError::Malformed("a record out of place")),
            }
        }
        if self.total >= options.max_bytes {
            return Err(FetchError::TooManyBytes(options.max_bytes));
        }
        self.record = bytes.to_vec();
        Ok(None)
    }

    fn messages(&mut self, payload: &[u8], options: &DialOptions) -> Result<Option<Vec<Vec<u8>>>, FetchError> {
        let mut held = std::mem::take(&mut self.message);
        let mut bytes = joined(&mut held, payload);
        while let [kind, a, b, c, rest @ ..] = bytes {
            let length = u24(*a, *b, *c);
            if length > options.max_bytes {
                return Err(FetchError::TooManyBytes(options.max_bytes));
            }
            let Some((body, after)) = rest.split_at_checked(length) else { break };
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
            bytes = after;
        }
        self.message = bytes.to_vec();
        Ok(None)
    }
}

/// What was held, with what is fresh behind it; the fresh alone when nothing was held.
fn joined<'a>(held: &'a mut Vec<u8>, fresh: &'a [u8]) -> &'a [u8] {
    if held.is_empty() {
        return fresh;
    }
    held.extend_from_slice(fresh);
    held
}

/// A record's kind, its content, and what follows it.
type Record<'a> = (u8, &'a [u8], &'a [u8]);

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
    Ok(rest.split_at_checked(length).map(|(payload, after)| (*kind, payload, after)))
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
