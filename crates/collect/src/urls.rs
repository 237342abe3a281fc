//! URLs on their way to a reader: whatever stands before the host's `@` stays out.

use std::borrow::Cow;

/// A URL without user information (RFC 3986, 3.2.1), in which a password may stand.
pub fn shown_url(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Cow::Borrowed(url) };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{scheme}://{host}{path}")),
        None => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_is_left_out_and_nothing_else() {
        for (url, shown) in [
            ("https://host.example/a@b", "https://host.example/a@b"),
            ("https://user:hidden@host.example:8443/x?y", "https://host.example:8443/x?y"),
            ("https://a@b:hid@den@host.example", "https://host.example"),
            ("host.example", "host.example"),
            ("http://hidden@[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }
}
