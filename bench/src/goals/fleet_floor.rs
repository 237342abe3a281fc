//! The least a client can do: a hand-made TLS 1.2 hello, the certificates read off the wire in
//! the clear, both hashes of each. And what TLS 1.3 adds to it, primitive by primitive.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{hmac, rand};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// A hello for TLS 1.2: one suite for each kind of key, P-256, the usual signature algorithms.
const HELLO_BODY: [u8; 44] = [
    0, 4, 0xc0, 0x2f, 0xc0, 0x2b, // suites
    1, 0, // no compression
    0, 34, // extensions
    0, 10, 0, 4, 0, 2, 0, 23, // groups
    0, 11, 0, 2, 1, 0, // point formats
    0, 13, 0, 12, 0, 10, 4, 1, 4, 3, 8, 4, 5, 1, 6, 1, // signature algorithms
    0, 23, 0, 0, // extended master secret
];

fn hello() -> Result<Vec<u8>> {
    let mut random = [0; 32];
    rand::fill(&mut random).map_err(|_| anyhow!("no randomness"))?;
    let length = u8::try_from(2 + 32 + 1 + HELLO_BODY.len())?;
    let mut out = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length, 3, 3];
    out.extend(random);
    out.push(0);
    out.extend(HELLO_BODY);
    Ok(out)
}

struct Flight {
    stream: TcpStream,
    wire: Vec<u8>,
    greeted: bool,
}

/// Fetches from all addresses, so many at the same time. Gives how many chains were read.
pub(crate) fn fetch_all(addresses: impl Iterator<Item = SocketAddr>, at_once: usize) -> Result<usize> {
    let mut addresses = addresses;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut flights: HashMap<Token, Flight> = HashMap::new();
    let (mut next, mut read) = (0, 0);
    loop {
        while flights.len() < at_once
            && let Some(address) = addresses.next()
        {
            let mut stream = TcpStream::connect(address)?;
            let token = Token(next);
            next += 1;
            poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            flights.insert(token, Flight { stream, wire: Vec::with_capacity(8192), greeted: false });
        }
        if flights.is_empty() {
            return Ok(read);
        }
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            let Some(flight) = flights.get_mut(&event.token()) else { continue };
            if event.is_writable() && !flight.greeted {
                flight.stream.write_all(&hello()?)?;
                flight.greeted = true;
            }
            if event.is_readable() && flight.advance()? {
                flights.remove(&event.token());
                read += 1;
            }
        }
    }
}

impl Flight {
    /// Reads on; whether the certificates were there.
    fn advance(&mut self) -> Result<bool> {
        let mut buffer = [0; 16384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server hung up"),
                Ok(n) => self.wire.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
            if chain(&self.wire)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Hashes every certificate of a flight, if it is all there.
fn chain(wire: &[u8]) -> Result<bool> {
    let mut messages = Vec::with_capacity(wire.len());
    let mut rest = wire;
    while let [kind, _, _, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((payload, after)) = after.split_at_checked(length) else { break };
        ensure!(*kind == 22, "record {kind}");
        messages.extend_from_slice(payload);
        rest = after;
    }
    let mut rest = messages.as_slice();
    while let [kind, a, b, c, after @ ..] = rest {
        let Some((body, after)) = after.split_at_checked(number(*a, *b, *c)) else { break };
        if *kind == 11 {
            let mut certificates = body.get(3..).context("no list")?;
            while let [a, b, c, after @ ..] = certificates {
                let (der, after) = after.split_at_checked(number(*a, *b, *c)).context("a short certificate")?;
                std::hint::black_box((digest(&SHA1_FOR_LEGACY_USE_ONLY, der), digest(&SHA256, der)));
                certificates = after;
            }
            return Ok(true);
        }
        rest = after;
    }
    Ok(false)
}

fn number(a: u8, b: u8, c: u8) -> usize {
    (usize::from(a) << 16) | (usize::from(b) << 8) | usize::from(c)
}

/// The cryptography without which no TLS 1.3 certificate can be read: X25519, the key schedule's
/// twelve HMACs, and opening the record.
pub(crate) fn tls13_primitives(times: usize) -> Result<()> {
    let random = SystemRandom::new();
    let wrong = |_| anyhow!("a primitive failed");
    let peer = EphemeralPrivateKey::generate(&X25519, &random).map_err(wrong)?.compute_public_key().map_err(wrong)?;
    let schedule = hmac::Key::new(hmac::HMAC_SHA384, &[7; 48]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(wrong)?);
    let mut sealed = vec![0; 4700];
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut sealed).map_err(wrong)?;
    for _ in 0..times {
        let own = EphemeralPrivateKey::generate(&X25519, &random).map_err(wrong)?;
        std::hint::black_box(own.compute_public_key().map_err(wrong)?);
        let theirs = UnparsedPublicKey::new(&X25519, peer.as_ref());
        agree_ephemeral(own, theirs, anyhow!("no agreement"), |secret| {
            std::hint::black_box(secret.len());
            Ok(())
        })?;
        for _ in 0..12 {
            std::hint::black_box(hmac::sign(&schedule, &[1; 64]));
        }
        let mut record = sealed.clone();
        key.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut record).map_err(wrong)?;
    }
    Ok(())
}
