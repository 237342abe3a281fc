//! A server that answers as a test says, byte for byte.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use trustwalk_collect::kube_api::{KubeApi, KubeOptions};
use trustwalk_collect::proxy::Proxies;

/// What is sent for one request.
pub(crate) enum Sent {
    /// A whole answer: status, further header lines, body.
    Whole(u16, &'static str, String),
    /// A head, and then the piece for ever.
    Endless(&'static str, Vec<u8>),
    /// A head, and then a byte each second (of a clock that tests stop).
    Drip(&'static str),
    /// The connection's end.
    Nothing,
}

/// An answer of 200.
pub(crate) fn ok(body: impl Into<String>) -> Sent {
    Sent::Whole(200, "", body.into())
}

/// A server, and the requests it saw, each its first line.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` is told the request's first line and how many came before it.
    pub(crate) async fn new(answer: impl Fn(&str, usize) -> Sent + Send + Sync + 'static) -> Self {
        Self::with_body(move |request, before| answer(request.split('\n').next().unwrap_or_default(), before)).await
    }

    /// `answer` is told the request's first line, its body after a line break, and how many came before it.
    pub(crate) async fn with_body(answer: impl Fn(&str, usize) -> Sent + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (Arc::new(answer), seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, noted) = (answer.clone(), noted.clone());
                tokio::spawn(async move {
                    // A client that goes away is what most of these tests are about.
                    let _ = serve(stream, &*answer, &noted).await;
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// A cluster behind it.
    pub(crate) async fn cluster(&self) -> KubeApi {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(
            file,
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- {{name: c, context: {{cluster: k}}}}\n\
             clusters:\n- {{name: k, cluster: {{server: 'http://{}'}}}}\n",
            self.address
        )
        .unwrap();
        let options = KubeOptions { kubeconfig: Some(PathBuf::from(file.path())), context: None };
        KubeApi::new(&options, &Proxies::from_environment().unwrap(), 0).await.unwrap()
    }
}

async fn serve(
    stream: TcpStream,
    answer: &(dyn Fn(&str, usize) -> Sent + Send + Sync),
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    // Head and body are written apart, and the second would wait for the first to be acknowledged.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if first.is_empty() {
                line.clone_into(&mut first);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let before = {
            let mut seen = seen.lock().unwrap();
            seen.push(format!("{first} {}", String::from_utf8_lossy(&body)));
            first = format!("{first}\n{}", String::from_utf8_lossy(&body));
            seen.len() - 1
        };
        match answer(&first, before) {
            Sent::Whole(status, headers, body) => {
                let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(body.as_bytes()).await?;
            }
            Sent::Endless(head, piece) => {
                stream.write_all(head.as_bytes()).await?;
                loop {
                    stream.write_all(&piece).await?;
                }
            }
            Sent::Drip(head) => {
                stream.write_all(head.as_bytes()).await?;
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    stream.write_all(b" ").await?;
                }
            }
            Sent::Nothing => return Ok(()),
        }
    }
}

/// One chunk of HTTP's chunked framing.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A head whose body goes on in chunks.
pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
