//! Listings in pages, with an end.

use std::collections::BTreeSet;

use super::error::AwsError;
use crate::limits::AWS_PAGES;

/// The pages of one listing so far.
#[derive(Debug, Default)]
pub(super) struct Pages {
    seen: BTreeSet<String>,
    next: Option<String>,
}

impl Pages {
    /// The token to ask for the next page with.
    pub(super) fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Whether there is a page after the one that gave this token. A listing without end, and one that repeats itself,
    /// is an error: part of it would be taken for all.
    pub(super) fn go_on(&mut self, what: &str, token: Option<String>) -> Result<bool, AwsError> {
        let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(false) };
        if !self.seen.insert(token.clone()) {
            return Err(AwsError::Transport(format!("{what} repeats itself: a page's token came twice")));
        }
        if self.seen.len() >= AWS_PAGES {
            return Err(AwsError::Transport(format!("{what} is too large: it has more than {AWS_PAGES} pages")));
        }
        self.next = Some(token);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_ends() {
        let mut pages = Pages::default();
        assert!(matches!(pages.go_on("x", Some("a".to_owned())), Ok(true)));
        assert_eq!(pages.next(), Some("a"));
        assert!(matches!(pages.go_on("x", None), Ok(false)));
        assert!(pages.go_on("x", Some("a".to_owned())).unwrap_err().to_string().contains("repeats itself"));
        let mut endless = Pages::default();
        let error = (0..).find_map(|n| endless.go_on("x", Some(n.to_string())).err()).unwrap();
        assert!(error.to_string().contains("too large"));
    }
}
