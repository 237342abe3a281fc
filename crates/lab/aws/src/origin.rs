//! Who sent a request, as far as its headers tell.

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Address of the caller: the first of `X-Forwarded-For`, by which the lab's nodes say which of them a pod is on,
    /// else loopback.
    pub(crate) address: String,
    /// `User-Agent`, as it was sent.
    pub(crate) agent: Option<String>,
}

impl Origin {
    /// Longest user agent kept: `CloudTrail` cuts at 1 KB ("`CloudTrail` record contents").
    const LONGEST: usize = 1024;

    /// The origin of a request with these headers.
    pub(crate) fn of(headers: &http::HeaderMap) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let first = header("x-forwarded-for").and_then(|list| list.split(',').next()).map(str::trim);
        let address = first.filter(|text| text.parse::<std::net::IpAddr>().is_ok());
        Self {
            address: address.unwrap_or("127.0.0.1").to_owned(),
            agent: header("user-agent").map(|text| text.chars().take(Self::LONGEST).collect()),
        }
    }
}
