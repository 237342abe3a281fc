//! A cluster and an account in one, over plain HTTP on loopback, that answer as a test says.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// What was asked.
pub(crate) struct Asked {
    /// Method and path with its query.
    pub(crate) first: String,
    /// All headers, as they came.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Asked {
    /// Whether the first line or the body has these words.
    pub(crate) fn has(&self, words: &str) -> bool {
        self.first.contains(words) || self.body.contains(words)
    }
}

/// Status and body.
pub(crate) type Answer = (u16, String);

/// Serves until the process ends.
pub(crate) fn serve(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Arc<dyn Fn(&Asked) -> Answer + Send + Sync> = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            // A client may go away whenever it likes.
            std::thread::spawn(move || talk(&stream, &*answer));
        }
    });
    address
}

fn talk(stream: &TcpStream, answer: &dyn Fn(&Asked) -> Answer) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let asked = read(&mut reader)?;
        let (status, body) = answer(&asked);
        // Whoever asks again need not wait.
        let at_once = "retry-after: 0\r\nx-amz-retry-after: 0\r\n";
        let head = format!("HTTP/1.1 {status} X\r\n{at_once}content-length: {}\r\n\r\n", body.len());
        let mut stream = stream;
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).ok()?;
    }
}

pub(crate) fn read(reader: &mut impl std::io::BufRead) -> Option<Asked> {
    let (mut first, mut headers, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).ok().filter(|n| *n > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        headers += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { first: first.trim().to_owned(), headers, body: String::from_utf8_lossy(&body).into_owned() })
}
