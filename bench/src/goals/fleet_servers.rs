//! Servers on every loopback address at one port: one that replays a recorded flight without any
//! cryptography, so that clients and not the server are measured, and a real one for TLS 1.3.

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::harness::{SERVER_CORE, pin};

const LISTENER: Token = Token(0);

/// Starts a server that waits `think` after the first bytes and then sends `flight`. It runs in a
/// thread of its own, on the servers' core, until the program ends. Gives its port.
pub(crate) fn canned(flight: Vec<u8>, think: Duration) -> Result<u16> {
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    let port = listener.local_addr()?.port();
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Canned { listener, poll, flight, think, guests: HashMap::new(), due: VecDeque::new(), next: 1 };
    std::thread::spawn(move || {
        pin(SERVER_CORE);
        while server.turn().is_ok() {}
    });
    Ok(port)
}

struct Canned {
    listener: TcpListener,
    poll: Poll,
    flight: Vec<u8>,
    think: Duration,
    guests: HashMap<Token, TcpStream>,
    /// Who is to be answered when: the same pause for all, so the first in is the first out.
    due: VecDeque<(Instant, Token)>,
    next: usize,
}

impl Canned {
    fn turn(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let wait = self.due.front().map(|(at, _)| at.saturating_duration_since(Instant::now()));
        match self.poll.poll(&mut events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
        for event in &events {
            if event.token() == LISTENER {
                self.welcome();
            } else {
                self.hear(event.token());
            }
        }
        let now = Instant::now();
        while let Some((_, token)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            // A guest that has gone is not answered.
            let sent = self.guests.get_mut(&token).map(|guest| guest.write_all(&self.flight));
            if sent.is_some_and(|s| s.is_err()) {
                self.guests.remove(&token);
            }
        }
        Ok(())
    }

    fn welcome(&mut self) {
        while let Ok((mut guest, _)) = self.listener.accept() {
            let token = Token(self.next);
            self.next += 1;
            if self.poll.registry().register(&mut guest, token, Interest::READABLE).is_ok() {
                self.guests.insert(token, guest);
            }
        }
    }

    fn hear(&mut self, token: Token) {
        let mut buffer = [0; 4096];
        let Some(guest) = self.guests.get_mut(&token) else { return };
        match guest.read(&mut buffer) {
            Ok(0) => drop(self.guests.remove(&token)),
            Ok(_) => self.due.push_back((Instant::now() + self.think, token)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => drop(self.guests.remove(&token)),
        }
    }
}

/// Starts a real server; otherwise as [`canned`].
pub(crate) fn real(config: Arc<ServerConfig>) -> Result<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))?;
    let port = listener.local_addr()?.port();
    let acceptor = TlsAcceptor::from(config);
    std::thread::spawn(move || {
        pin(SERVER_CORE);
        runtime.block_on(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Clients leave as soon as they have the certificates.
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                    }
                });
            }
        });
    });
    Ok(port)
}

/// So many distinct loopback addresses with this port, one a line.
pub(crate) fn addresses(number: usize, port: u16) -> impl Iterator<Item = SocketAddr> {
    // 127.0.0.0/8 is all loopback; network and first addresses are left to others.
    let first = u32::from(Ipv4Addr::new(127, 1, 0, 1));
    (0..).take(number).map(move |i: u32| SocketAddr::from((Ipv4Addr::from(first + i), port)))
}
