//! A token taken apart, strictly (RFC 7515 and 7519). INVARIANT: nothing here prints it.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use memchr::{memchr, memchr_iter, memchr2_iter};
use serde_json::{Map, Value};

use crate::claims::{Claims, RawHeader, Text};
use crate::error::TokenError;
use crate::tolerant::held;

/// The shortest token STS takes (AWS STS API model, `WebIdentityToken`).
pub const MIN_TOKEN_BYTES: usize = 4;
/// The longest token STS takes (AWS STS API model, `WebIdentityToken`; since 2021-04-15).
pub const MAX_TOKEN_BYTES: usize = 20_000;

/// How deep claims may nest: the JSON parser's own limit, which protects its stack.
const MAX_DEPTH: usize = 127;

/// A token's protected header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// `alg`.
    pub alg: String,
    /// `kid`.
    pub kid: Option<String>,
    /// `typ`.
    pub typ: Option<String>,
}

/// A well-formed token. Its `Debug` shows neither payload nor signature.
pub struct Token<'a> {
    header: Header,
    claims: Claims,
    payload: Vec<u8>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart. White space around it is an error, as it is for STS.
    pub fn parse(raw: &'a str) -> Result<Self, TokenError> {
        let length = raw.len();
        if length < MIN_TOKEN_BYTES {
            return Err(TokenError::TooShort { length, minimum: MIN_TOKEN_BYTES });
        }
        if length > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { length, maximum: MAX_TOKEN_BYTES });
        }
        let parts = || TokenError::Parts(memchr_iter(b'.', raw.as_bytes()).count() + 1);
        let (signed, signature) = raw.rsplit_once('.').ok_or_else(parts)?;
        let (header, payload) = signed.split_once('.').ok_or_else(parts)?;
        if memchr(b'.', payload.as_bytes()).is_some() {
            return Err(parts());
        }
        let header = parse_header(&decode(header, "header")?)?;
        let payload = decode(payload, "payload")?;
        // The parser does not look at the bytes of members it skips (RFC 7519, section 7.2: UTF-8).
        let text = std::str::from_utf8(&payload).map_err(|_| TokenError::Json("payload"))?;
        // A number out of range is JSON all the same: what counts is which claim has it.
        let claims = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&held(text, false)))
            .map_err(|_| TokenError::Json("payload"))?;
        // Skipped members are not counted by the parser above; only a payload with this many
        // brackets can be too deep, and is read in full, with the parser's limit.
        if memchr2_iter(b'{', b'[', &payload).count() > MAX_DEPTH {
            serde_json::from_str::<Value>(&held(text, true)).map_err(|_| TokenError::Json("payload"))?;
        }
        Ok(Self { header, claims, payload, signed, signature: decode(signature, "signature")? })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims STS decides by.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Every claim; of one that occurs twice, the last.
    pub fn all_claims(&self) -> Map<String, Value> {
        // Members that do not count were passed over; their values can still be beyond the parser.
        serde_json::from_slice(&self.payload).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&self.payload);
            serde_json::from_str(&held(&text, true)).unwrap_or_default()
        })
    }

    pub(crate) fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

fn decode(part: &str, name: &'static str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode_to_vec(part).map_err(|_| TokenError::Base64(name))
}

fn parse_header(bytes: &[u8]) -> Result<Header, TokenError> {
    // The parser does not look at the bytes of members it skips.
    let text = std::str::from_utf8(bytes).map_err(|_| TokenError::Json("header"))?;
    let header: RawHeader = serde_json::from_str(text).map_err(|_| TokenError::Json("header"))?;
    if header.crit {
        return Err(TokenError::Critical);
    }
    let text = |t: Text| if let Text::Value(s) = t { Some(s) } else { None };
    Ok(Header { alg: text(header.alg).ok_or(TokenError::NoAlgorithm)?, kid: text(header.kid), typ: text(header.typ) })
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("header", &self.header).finish_non_exhaustive()
    }
}
