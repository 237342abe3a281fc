//! The token of a walk.

use trustwalk_core::evidence::{Observed, TokenClaims, TokenSource};

use crate::secret::SecretToken;

/// What the account's half is given of a token.
pub(super) enum Bearer {
    /// Nothing: none was asked for.
    Nothing,
    /// A token, or why there is none.
    Token(Observed<SecretToken>, TokenSource),
    /// One from `--token`, and whether blanks stood around it.
    File(Observed<SecretToken>, bool),
    /// No token, for the reason why none was asked for; what one would say.
    Foretold(Box<Observed<TokenClaims>>, Observed<SecretToken>),
}
