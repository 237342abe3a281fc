//! Which addresses a person may be told to ask because a token or a document names them.
//!
//! A command that asks an address inside the reader's own machine or network does there, by hand, what the doctor
//! itself refuses: such an address is shown, and no command is made of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::shell;

/// Names of instance metadata and of the machine itself (AWS, Google Cloud; RFC 6761, 6.3).
const OWN_NAMES: [&str; 6] = [
    "localhost",
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];
/// Azure's own host as its machines see it, in a public range (Azure documentation, "What is IP address
/// 168.63.129.16?").
const WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
/// Longest name of a host (RFC 1035, 2.3.4).
const NAME_BYTES: usize = 253;

/// The command that fetches a document, where its URL is https and leads to a public host.
pub fn curl(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let numbered = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    if !numbered || !is_public(host) || url.contains(['\\', ' ']) {
        return None;
    }
    // curl makes several URLs of one with braces or brackets (curl manual, "globbing").
    let template = if url.contains(['{', '}', '[', ']']) { "curl -g {}" } else { "curl {}" };
    shell::try_line(template, &[url]).ok()
}

/// The command that shows the certificates a public host presents.
pub fn show_certificates(host: &str, port: u16) -> Option<String> {
    if !is_public(host) {
        return None;
    }
    let at = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    shell::try_line("openssl s_client -connect {} -servername {} -showcerts", &[&at, host]).ok()
}

/// Whether a host, without brackets, is a public one as far as its name tells.
pub fn is_public(host: &str) -> bool {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return is_public_ip(ip);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = |l: &str| {
        !l.is_empty() && !l.starts_with('-') && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    // What ends in a number is an address in another spelling (WHATWG URL, "ends in a number checker"): 0xa9fea9fe,
    // 169.254.43518, 0251.0376.0251.0376.
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    name.len() <= NAME_BYTES
        && name.split('.').all(label)
        && !number
        && !name.ends_with(".localhost")
        && !OWN_NAMES.contains(&name.as_str())
}

/// Whether an address is of the public internet.
pub fn is_public_ip(ip: IpAddr) -> bool {
    Reach::of(ip) == Reach::Everywhere
}

/// From where an address is reached (IANA's special-purpose registries).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From everywhere.
    Everywhere,
    /// From this host alone.
    Loopback,
    /// From inside a network.
    Private,
    /// From this link or machine: link-local ranges, where instance metadata lives, the IPv6 metadata addresses,
    /// unspecified, broadcast and multicast.
    Machine,
}

impl Reach {
    /// One word for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Everywhere => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Machine => "link-local",
        }
    }

    /// Of an address, or of the one that stands inside it.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(v4: Ipv4Addr) -> Self {
        let [a, b, c, _] = v4.octets();
        let machine = v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast();
        if machine || v4 == WIRE_SERVER {
            Self::Machine
        } else if v4.is_loopback() {
            Self::Loopback
        } else if v4.is_private()
            || a == 0
            // RFC 6598: networks behind a carrier's, and EKS's own secondary ranges.
            || (a == 100 && (64..128).contains(&b))
            // RFC 6890 and RFC 2544: protocol assignments, benchmarks; RFC 1112: reserved.
            || (a, b, c) == (192, 0, 0)
            || (a == 198 && (b == 18 || b == 19))
            || a >= 240
        {
            Self::Private
        } else {
            Self::Everywhere
        }
    }

    fn of_v6(v6: Ipv6Addr) -> Self {
        let [a, b, ..] = v6.segments();
        // fd00:ec2::/32 holds the metadata and Pod Identity endpoints (EKS User Guide).
        let metadata = a == 0xfd00 && b == 0x0ec2;
        if v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || metadata {
            Self::Machine
        } else if v6.is_loopback() {
            Self::Loopback
        } else if let Some(v4) = embedded(v6) {
            Self::of_v4(v4)
        } else if a & 0xe000 == 0x2000 {
            // Global unicast is 2000::/3 (RFC 4291, 2.4); RFC 4193's and RFC 3879's local ranges are not.
            Self::Everywhere
        } else {
            Self::Private
        }
    }
}

/// The IPv4 address inside, which a translator or relay would go on to: mapped, compatible, NAT64 (RFC 6052) and
/// 6to4 (RFC 3056).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let four = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(four(high, low))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_asked_as_before() {
        let url = "https://oidc.eks.us-west-2.amazonaws.com/id/A/.well-known/openid-configuration";
        assert_eq!(curl(url).unwrap(), format!("curl {url}"));
        assert_eq!(curl("https://h.example:8443/a?b").unwrap(), "curl 'https://h.example:8443/a?b'");
        assert_eq!(curl("https://h.example/[1-9]").unwrap(), "curl -g 'https://h.example/[1-9]'");
        assert_eq!(curl("https://[2001:4860:4860::8888]/x").unwrap(), "curl -g 'https://[2001:4860:4860::8888]/x'");
        let shown = show_certificates("h.example", 443).unwrap();
        assert_eq!(shown, "openssl s_client -connect h.example:443 -servername h.example -showcerts");
    }

    #[test]
    fn addresses_are_reached_from_where_the_registries_say() {
        let of = |ip: &str| Reach::of(ip.parse().unwrap());
        for ip in ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "198.51.100.1"] {
            assert_eq!(of(ip), Reach::Everywhere, "{ip}");
        }
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::7f00:1", "2002:7f00:1::"] {
            assert_eq!(of(ip), Reach::Loopback, "{ip}");
        }
        for ip in ["10.0.0.1", "100.64.0.1", "198.18.0.1", "192.0.0.1", "240.0.0.1", "0.0.0.1", "fd12::1", "fec0::1"] {
            assert_eq!(of(ip), Reach::Private, "{ip}");
        }
        for ip in
            ["169.254.169.254", "168.63.129.16", "0.0.0.0", "224.0.0.1", "fe80::1", "fd00:ec2::254", "::", "ff02::1"]
        {
            assert_eq!(of(ip), Reach::Machine, "{ip}");
        }
    }

    #[test]
    fn no_command_asks_the_readers_own_network() {
        for host in [
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "169.254.43518",
            "0251.0376.0251.0376",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::1]",
            "[fe80::1%25eth0]",
            "127.1",
            "127.0.0.1",
            "10.0.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "0",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata.google.internal",
            "user@h.example",
            "u:p@h.example",
            "h.example:",
            "h.example:x",
            "{a,169.254.169.254}",
            "a\u{202e}.example",
            "-o.example",
            "a..example",
            "",
        ] {
            assert_eq!(curl(&format!("https://{host}/x")), None, "{host}");
            assert!(!is_public(host.trim_matches(['[', ']'])) || host.ends_with(':') || host.ends_with(":x"), "{host}");
        }
        for url in [
            "http://h.example/",
            "file:///etc/passwd",
            "https:///x",
            "https://h.example\\@169.254.169.254/",
            "gopher://h",
        ] {
            assert_eq!(curl(url), None, "{url}");
        }
    }
}
