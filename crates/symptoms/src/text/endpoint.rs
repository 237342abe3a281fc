//! Where a call went: scheme, host, port, the address dialled, the region in the host's name.

use std::net::{IpAddr, Ipv6Addr};

use super::extract::{host, is_sts_host};
use crate::facts::{Partition, Region, Scheme};

/// What a record tells of the endpoint of a call.
#[derive(Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) resolver: Option<IpAddr>,
    pub(crate) region: Option<Region>,
}

/// Words before the address that was dialled, by language.
const DIALLED: &[&str] = &[
    "->",
    "dial tcp ",
    "dial udp ",
    "connect ETIMEDOUT ",
    "connect ECONNREFUSED ",
    "connect EHOSTUNREACH ",
    "connect ENETUNREACH ",
    "Failed to connect to ",
    "connect to ",
];

/// Reads it.
pub(crate) fn endpoint(text: &str) -> Endpoint {
    let host = host(text).or_else(|| called(text));
    let dialled = DIALLED.iter().find_map(|m| {
        text.match_indices(m).find_map(|(at, _)| {
            // Port 53 is a name server's, not where the call went.
            socket(text.get(at + m.len()..)?).filter(|(ip, port)| !ip.is_unspecified() && *port != Some(53))
        })
    });
    // Java names a host with its address behind a slash, .NET in brackets.
    let dialled = dialled.or_else(|| bracketed(text, host.as_deref()?));
    let resolver = text.match_indices(" on ").filter(|_| text.contains("lookup ")).find_map(|(at, _)| {
        socket(text.get(at + " on ".len()..)?).filter(|(_, port)| *port == Some(53)).map(|(ip, _)| ip)
    });
    let (mut scheme, mut port) = (None, dialled.and_then(|(_, port)| port));
    if let Some(host) = &host
        && let Some(at) = text.find(host.as_str())
    {
        let before = text.get(..at).unwrap_or_default();
        scheme = [("https://", Scheme::Https), ("http://", Scheme::Http)]
            .into_iter()
            .find_map(|(words, scheme)| before.ends_with(words).then_some(scheme));
        port = port.or_else(|| port_of(text.get(at + host.len()..)?));
    }
    let region = host.as_deref().and_then(region_of);
    Endpoint { scheme, host, port, address: dialled.map(|(ip, _)| ip), resolver, region }
}

/// The host of a call that was meant for STS and went elsewhere: the URL of the request that failed.
pub(crate) fn called(text: &str) -> Option<String> {
    const CALLS: &[&str] =
        &["Post \"", "post \"", "endpoint URL: \"", "endpoint url: \"", "on \"", "POST ", "endpoint: "];
    CALLS.iter().find_map(|m| {
        text.match_indices(m).find_map(|(at, _)| {
            let rest = text.get(at + m.len()..)?;
            let rest = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"))?;
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(rest.len());
            rest.get(..end).filter(|h| h.contains('.') || *h == "localhost").map(str::to_owned)
        })
    })
}

/// `10.0.0.1:443` or `[2001:db8::1]:443` at the start.
fn socket(rest: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Some(rest) = rest.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        return inside.parse::<Ipv6Addr>().ok().map(|ip| (IpAddr::V6(ip), port_of(after)));
    }
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let ip = rest.get(..end)?.trim_end_matches('.').parse().ok()?;
    Some((IpAddr::V4(ip), port_of(rest.get(end..)?)))
}

fn port_of(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix(':')?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// `HOST/10.0.0.1` and `(10.0.0.1:443)`.
fn bracketed(text: &str, host: &str) -> Option<(IpAddr, Option<u16>)> {
    text.match_indices(host).find_map(|(at, _)| {
        let rest = text.get(at + host.len()..)?;
        let near = rest.get(..rest.floor_char_boundary(40)).unwrap_or(rest);
        let open = near.find(['/', '('])?;
        socket(near.get(open + 1..)?)
    })
}

/// The region in the name of an STS endpoint (AWS General Reference, STS endpoints).
pub(crate) fn region_of(host: &str) -> Option<Region> {
    if !is_sts_host(host) {
        return None;
    }
    let parts: Vec<&str> = host.split('.').collect();
    let at = parts.iter().position(|p| matches!(*p, "sts" | "sts-fips"))?;
    parts.get(at + 1).filter(|r| is_region(r)).map(|r| Region::new(*r))
}

/// What a region's code names last before its number (AWS General Reference, "AWS service endpoints").
const DIRECTIONS: &[&str] =
    &["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// Whether a word has the shape of a region's code: `eu-west-1`, `us-gov-east-1`, `eusc-de-east-1`.
fn is_region(word: &str) -> bool {
    let mut parts = word.rsplit('-');
    let number = parts.next().is_some_and(|n| !n.is_empty() && n.len() <= 2 && n.bytes().all(|b| b.is_ascii_digit()));
    let words: Vec<&str> = parts.collect();
    number
        && (2..=3).contains(&words.len())
        && words.first().is_some_and(|w| DIRECTIONS.contains(w))
        && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
}

/// A region that the record names by a word for it.
pub(crate) fn named_region(text: &str) -> Option<Region> {
    const NAMES: &[&str] =
        &["aws-region: ", "AWS_REGION=", "AWS_DEFAULT_REGION=", "awsRegion\":\"", "region: ", "region=", "region "];
    NAMES.iter().find_map(|m| {
        text.match_indices(m).find_map(|(at, _)| {
            let rest = text.get(at + m.len()..)?.trim_start_matches(['"', '\'', '`']);
            let end =
                rest.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')).unwrap_or(rest.len());
            rest.get(..end).filter(|r| is_region(r)).map(Region::new)
        })
    })
}

/// The partition of an ARN, or the one whose suffix a host has.
pub(crate) fn partition(arn: Option<&str>, host: Option<&str>) -> Option<Partition> {
    let named = arn.and_then(|arn| arn.strip_prefix("arn:")?.split(':').next().map(Partition::named));
    named.or_else(|| {
        let host = host.filter(|h| is_sts_host(h))?;
        let name = if host.ends_with(".amazonaws.com.cn") || host.ends_with(".api.amazonwebservices.com.cn") {
            "aws-cn"
        } else if host.contains(".us-gov-") {
            "aws-us-gov"
        } else if host.ends_with(".amazonaws.eu") {
            "aws-eusc"
        } else {
            "aws"
        };
        Some(Partition::named(name))
    })
}

#[cfg(test)]
mod tests {
    use super::endpoint;
    use crate::facts::Scheme;

    #[test]
    fn the_end_of_a_call_is_read_in_every_clients_words() {
        for (text, host, port, address) in [
            ("dial tcp 13.43.48.12:443: i/o timeout", None, Some(443), Some("13.43.48.12")),
            (
                "Post \"http://sts.us-east-1.amazonaws.com/\": read tcp 10.0.3.4:41234->203.0.113.7:80: \
                 read: connection reset by peer",
                Some("sts.us-east-1.amazonaws.com"),
                Some(80),
                Some("203.0.113.7"),
            ),
            (
                "Connect to sts.eu-west-1.amazonaws.com:443 [sts.eu-west-1.amazonaws.com/54.239.36.1] failed: connect \
                 timed out",
                Some("sts.eu-west-1.amazonaws.com"),
                Some(443),
                Some("54.239.36.1"),
            ),
            ("connect ETIMEDOUT 54.239.36.1:443", None, Some(443), Some("54.239.36.1")),
            ("dial tcp [2600:1f18::1]:443: connect: connection refused", None, Some(443), Some("2600:1f18::1")),
            (
                "dial tcp: lookup sts.us-east-1.amazonaws.com on 10.100.0.10:53: no such host",
                Some("sts.us-east-1.amazonaws.com"),
                None,
                None,
            ),
        ] {
            let e = endpoint(text);
            assert_eq!(e.host.as_deref(), host, "{text}");
            assert_eq!(e.port, port, "{text}");
            assert_eq!(e.address.map(|a| a.to_string()).as_deref(), address, "{text}");
        }
        let e = endpoint("Post \"http://sts.us-east-1.amazonaws.com/\": EOF");
        assert_eq!(e.scheme, Some(Scheme::Http));
        assert_eq!(e.region.map(|r| r.to_string()).as_deref(), Some("us-east-1"));
        let e = endpoint("lookup sts.us-east-1.amazonaws.com on 10.100.0.10:53: no such host");
        assert_eq!(e.resolver.map(|r| r.to_string()).as_deref(), Some("10.100.0.10"));
    }
}
