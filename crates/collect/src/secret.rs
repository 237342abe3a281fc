//! A token in memory: usable for one exchange, invisible everywhere else.

/// A web identity token. Prints as its length; is not serialised.
#[derive(Clone)]
pub struct SecretToken(String);

impl SecretToken {
    /// Takes a token in.
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The token itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretToken({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show_itself() {
        let token = SecretToken::new("canary".to_owned());
        assert_eq!(format!("{token:?}"), "SecretToken(6 bytes)");
    }
}
