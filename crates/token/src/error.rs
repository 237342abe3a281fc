//! Why a document could not be read at all. What it says wrongly is a verdict, not an error.

/// A text that is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Shorter than STS takes (AWS STS API model: 4 characters).
    #[error("token has {length} bytes, fewer than {minimum}")]
    TooShort {
        /// Bytes given.
        length: usize,
        /// Bytes wanted.
        minimum: usize,
    },
    /// Longer than STS takes (AWS STS API model: 20000 characters).
    #[error("token has {length} bytes, more than {maximum}")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        maximum: usize,
    },
    /// Not three parts with dots between (RFC 7515, section 7.1).
    #[error("token has {} instead of 3", TokenError::in_parts(*.0))]
    Parts(usize),
    /// A part is not base64url without padding (RFC 7515, section 2).
    #[error("token's {0} is not base64url")]
    Base64(&'static str),
    /// A part is not a JSON object.
    #[error("token's {0} is not a JSON object")]
    Json(&'static str),
    /// The header has no `alg`.
    #[error("token's header names no algorithm")]
    NoAlgorithm,
    /// The header has `crit`, which STS does not accept.
    #[error("token's header has critical extensions")]
    Critical,
}

impl TokenError {
    /// A number of parts, in words.
    pub(crate) fn in_parts(n: usize) -> String {
        if n == 1 { "1 part".to_owned() } else { format!("{n} parts") }
    }
}

/// A text that is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// Larger than is read.
    #[error("key set has {length} bytes, more than {maximum}")]
    TooLarge {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        maximum: usize,
    },
    /// Not JSON.
    #[error("key set is not JSON at line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// No `keys` list.
    #[error("key set has no list `keys`")]
    NoKeys,
    /// An empty `keys` list: STS wants at least one (IAM User Guide).
    #[error("key set is empty")]
    Empty,
    /// More keys of one type than STS takes (IAM User Guide: 100 RSA and 100 EC).
    #[error("key set has {count} keys of type `{kty}`, more than {maximum}")]
    TooMany {
        /// The type.
        kty: String,
        /// Keys given.
        count: usize,
        /// Keys allowed.
        maximum: usize,
    },
}

/// A text that is no discovery document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// Larger than is read.
    #[error("discovery document has {length} bytes, more than {maximum}")]
    TooLarge {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        maximum: usize,
    },
    /// Not a JSON object.
    #[error("discovery document is not a JSON object (line {line}, column {column})")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}
