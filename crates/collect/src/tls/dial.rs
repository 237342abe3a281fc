//! TCP to a host: its addresses, the family asked for, or a proxy's tunnel.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::{FetchError, Stage};
use super::options::{DialOptions, Family, MAX_PROXY_ANSWER};
use crate::proxy::Proxy;

/// Where a connection may go: the host's own addresses, or the proxy's.
pub(super) async fn addresses(host: &str, port: u16, options: &DialOptions) -> Result<Vec<SocketAddr>, FetchError> {
    let found = match &options.between(host, port) {
        Some(proxy) => {
            // The proxy looks names up; an address written out is still checked here.
            if host.parse::<IpAddr>().is_ok() {
                options.dialer.resolve(host, port).await?;
            }
            options.dialer.resolve_proxy(proxy).await?
        }
        None => options.dialer.resolve(host, port).await?,
    };
    let wanted = |a: &SocketAddr| match options.family {
        Family::Any => true,
        Family::V4 => a.is_ipv4(),
        Family::V6 => a.is_ipv6(),
    };
    let found: Vec<SocketAddr> = found.into_iter().filter(wanted).collect();
    if found.is_empty() { Err(FetchError::Family(host.to_owned())) } else { Ok(found) }
}

/// Connects to the first address that answers.
///
/// Each has its share of the time, so that one that swallows packets does not use up all of it.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    options: &DialOptions,
) -> Result<(TcpStream, SocketAddr), FetchError> {
    let share = options.timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = FetchError::Timeout(Stage::Connect, share);
    for address in addresses {
        let dialled = match addresses {
            // The caller's limit is enough for one.
            [_] => Ok(TcpStream::connect(address).await),
            _ => timeout(share, TcpStream::connect(address)).await,
        };
        match dialled {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => last = FetchError::Connect(error),
            Err(_) => last = FetchError::Timeout(Stage::Connect, share),
        }
    }
    Err(last)
}

/// Asks the proxy for a tunnel to the host.
pub(crate) async fn tunnel(stream: &mut TcpStream, host: &str, port: u16, proxy: &Proxy) -> Result<(), FetchError> {
    if host.bytes().any(|b| b.is_ascii_control() || b == b' ') {
        return Err(FetchError::Name(host.to_owned()));
    }
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let authorization = match proxy.authorization.as_deref() {
        Some(value) if !value.bytes().any(|b| b.is_ascii_control()) => format!("Proxy-Authorization: {value}\r\n"),
        _ => String::new(),
    };
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(FetchError::Broken)?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|w| w == b"\r\n\r\n") {
        if answer.len() >= MAX_PROXY_ANSWER {
            return Err(FetchError::Proxy("a header without end".to_owned()));
        }
        // Nothing follows the header before we speak, so that reading on takes nothing away.
        if stream.read_buf(&mut answer).await.map_err(FetchError::Broken)? == 0 {
            return Err(FetchError::ProxyClosed);
        }
    }
    let text = String::from_utf8_lossy(&answer);
    let line = text.lines().next().unwrap_or_default();
    let accepted = line.strip_prefix("HTTP/1.").and_then(|l| l.split(' ').nth(1)).is_some_and(|s| s.starts_with('2'));
    if accepted { Ok(()) } else { Err(FetchError::Proxy(line.chars().filter(|c| !c.is_control()).take(100).collect())) }
}
