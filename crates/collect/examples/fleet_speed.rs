//! Prints how many hosts one second fetches. `fleet_speed serve [THINK_MS]` stands for any number of
//! hosts, prints its port and stays; `fleet_speed run PORT [HOSTS] [JOBS] [THINK_MS]` asks that many
//! of 127.0.0.0/8, each once. Pin them to different cores. `fleet_speed floor PORT [HOSTS] [JOBS]` does no
//! more than the kernel's part.
//!
//! The server replays a recorded first flight of TLS 1.2 after thinking, with another serial number
//! in each leaf, so that no two chains are the same.

use std::io::{Cursor, Write as _};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SerialNumber};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use serde_json::json;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use trustwalk_collect::tls::fleet::{FleetOptions, Trust, run};
use trustwalk_collect::tls::{DialOptions, Mode, fetch_chain};
use trustwalk_core::evidence::Roots;

/// The first host.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 0);

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Where the leaf's serial number begins; nothing else looks like it.
const SERIAL: [u8; 16] = *b"serial to change";

fn main() -> Outcome {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    let numbers = args.map(|a| a.parse()).collect::<Result<Vec<u64>, _>>()?;
    let number = |position: usize, default| numbers.get(position).copied().unwrap_or(default);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match mode.as_str() {
        "serve" => runtime.block_on(serve(Duration::from_millis(number(0, 20)))),
        "run" => {
            let port = u16::try_from(number(0, 0))?;
            runtime.block_on(measure(port, u32::try_from(number(1, 100_000))?, number(2, 512), number(3, 20)))
        }
        "floor" => {
            let port = u16::try_from(number(0, 0))?;
            runtime.block_on(floor(port, u32::try_from(number(1, 100_000))?, number(2, 512)))
        }
        _ => Err("fleet_speed serve|run|floor".into()),
    }
}

/// A leaf, its issuing CA, a cross-signed root and an older one, all RSA: what public hosts present.
fn chain() -> Outcome<(Vec<rustls_pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let key = || KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256);
    let ca = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, "Example Trust Services");
        params.distinguished_name.push(DnType::CountryName, "US");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let mut found = Vec::new();
    let mut above = (ca("Example Oldest Root"), key()?);
    for name in ["Example Older Root", "Example Root", "Example Issuing"] {
        let (params, own) = (ca(name), key()?);
        found.push(params.signed_by(&own, &Issuer::from_params(&above.0, &above.1))?.der().clone());
        above = (params, own);
    }
    let leaf_key = key()?;
    let mut leaf = CertificateParams::new(vec!["issuer.example.com".to_owned()])?;
    leaf.serial_number = Some(SerialNumber::from_slice(&SERIAL));
    found.push(leaf.signed_by(&leaf_key, &Issuer::from_params(&above.0, &above.1))?.der().clone());
    found.reverse();
    Ok((found, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()))))
}

/// What a server sends when greeted.
fn flight() -> Outcome<Vec<u8>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (chain, key) = chain()?;
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(client), ServerName::try_from("issuer.example.com")?)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    let (mut hello, mut flight) = (Vec::new(), Vec::new());
    client.write_tls(&mut hello)?;
    server.read_tls(&mut Cursor::new(hello))?;
    server.process_new_packets()?;
    while server.wants_write() {
        server.write_tls(&mut flight)?;
    }
    Ok(flight)
}

async fn serve(think: Duration) -> Outcome {
    let flight = flight()?;
    let at = flight.windows(SERIAL.len()).position(|w| w == SERIAL).ok_or("the leaf is not in the flight")?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let mut count = 0_u64;
    loop {
        let (stream, _) = listener.accept().await?;
        count += 1;
        let mut own = flight.clone();
        if let Some(place) = own.get_mut(at + 1..at + 9) {
            place.copy_from_slice(&count.to_be_bytes());
        }
        tokio::spawn(answer(stream, own, think));
    }
}

async fn answer(mut stream: TcpStream, flight: Vec<u8>, think: Duration) {
    let mut hello = [0; 1024];
    if stream.read(&mut hello).await.is_ok_and(|n| n > 0) {
        tokio::time::sleep(think).await;
        let _ = stream.write_all(&flight).await;
        while stream.read(&mut hello).await.is_ok_and(|n| n > 0) {}
    }
}

/// What the same costs without reading what comes: connect, send, receive, close.
async fn floor(port: u16, hosts: u32, jobs: u64) -> Outcome {
    let first = u32::from(FIRST);
    let before = cpu();
    let started = Instant::now();
    let mut addresses = (0..hosts).map(|n| Ipv4Addr::from(first + n));
    let mut flights = FuturesUnordered::new();
    loop {
        while flights.len() < usize::try_from(jobs)?
            && let Some(address) = addresses.next()
        {
            flights.push(async move {
                let mut stream = TcpStream::connect((address, port)).await?;
                stream.write_all(&[1; 200]).await?;
                let mut buffer = [0; 8 << 10];
                stream.readable().await?;
                stream.try_read(&mut buffer)
            });
        }
        match flights.next().await {
            Some(outcome) => {
                outcome?;
            }
            None => break,
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let after = cpu();
    let hosts = f64::from(hosts);
    let each = |a: u64, b: u64| f64::from(u32::try_from(b - a).unwrap_or(u32::MAX)) * 10_000.0 / hosts;
    let report = json!({"floor": true, "per_second": hosts / seconds, "user_us": each(before.0, after.0),
        "system_us": each(before.1, after.1)});
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

async fn measure(port: u16, hosts: u32, jobs: u64, think: u64) -> Outcome {
    let list = List { port, left: 0..hosts, text: Vec::new(), taken: 0 };
    // The top of the chain is trusted, so that every leaf's signature is checked. Its serial number was changed:
    // finding that out costs what finding it sound does.
    let first = fetch_chain(&FIRST.to_string(), port, &DialOptions::default(), Mode::Quick).await?;
    let library = first.ders.last().map(|der| STANDARD.encode(der)).into_iter().collect();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let trust = Trust::new(&Roots { library, ..Roots::default() }, now);
    let options = FleetOptions { jobs: usize::try_from(jobs)?, trust, ..FleetOptions::default() };
    let before = cpu();
    let started = Instant::now();
    let told = run(list, tokio::io::sink(), None, &options, |_| {}).await?;
    let seconds = started.elapsed().as_secs_f64();
    let after = cpu();
    if told.answered != u64::from(hosts) || told.failed > 0 {
        return Err(format!("{told:?}").into());
    }
    let hosts = f64::from(hosts);
    let limit = f64::from(u32::try_from(jobs)?) * 1000.0 / f64::from(u32::try_from(think.max(1))?);
    let each = |a: u64, b: u64| f64::from(u32::try_from(b - a).unwrap_or(u32::MAX)) * 10_000.0 / hosts;
    let report = json!({
        "hosts": hosts, "jobs": jobs, "seconds": seconds, "per_second": hosts / seconds,
        "of_latency_limit": hosts / seconds / limit, "user_us": each(before.0, after.0),
        "system_us": each(before.1, after.1), "peak_kib": peak(),
    });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// The list of hosts, made as it is read, so that its size shows nowhere.
struct List {
    port: u16,
    left: Range<u32>,
    text: Vec<u8>,
    taken: usize,
}

impl AsyncBufRead for List {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.taken == this.text.len() {
            this.text.clear();
            this.taken = 0;
            let first = u32::from(FIRST);
            for n in this.left.by_ref().take(1000) {
                writeln!(this.text, "https://{}:{}/id/{n}", Ipv4Addr::from(first + n), this.port)?;
            }
        }
        Poll::Ready(Ok(this.text.get(this.taken..).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().taken += count;
    }
}

impl AsyncRead for List {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = bytes.len().min(out.remaining());
        out.put_slice(bytes.get(..count).unwrap_or_default());
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

/// Ticks of CPU so far, user's and system's (proc(5); a tick is 10 ms); zero where there is no such file.
fn cpu() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |n: usize| fields.get(n).and_then(|f| f.parse().ok()).unwrap_or(0);
    (field(11), field(12))
}

/// Peak resident memory in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find(|l| l.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}
