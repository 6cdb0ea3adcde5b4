//! A mail server that says what the test wants it to say, and remembers what it heard.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// How it protects its connections.
#[derive(Clone)]
pub(crate) enum Protection {
    None,
    Starttls(TlsAcceptor),
    Tls(TlsAcceptor),
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) port: u16,
    /// Whoever holds it keeps the server from answering to the end of a mail.
    pub(crate) gate: Arc<tokio::sync::Mutex<()>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// By verb, `.` for the end of a mail.
    replies: HashMap<&'static str, &'static str>,
    heard: Vec<String>,
}

impl Relay {
    pub(crate) async fn open(protection: Protection) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Self { port, gate: Arc::default(), shared: Arc::default() };
        let for_ever = relay.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (relay, protection) = (for_ever.clone(), protection.clone());
                // Clients leave as they like.
                tokio::spawn(async move { relay.serve(stream, protection).await.ok() });
            }
        });
        relay
    }

    /// From now on it says so to a verb; "" for what is usual.
    pub(crate) fn say(&self, verb: &'static str, reply: &'static str) {
        self.shared.lock().unwrap().replies.insert(verb, reply);
    }

    /// The lines that it heard, of all connections.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.shared.lock().unwrap().heard.clone()
    }

    async fn serve(&self, mut stream: TcpStream, protection: Protection) -> std::io::Result<()> {
        match protection {
            Protection::None => {
                stream.write_all(b"220 relay\r\n").await?;
                self.talk(&mut BufReader::new(stream)).await
            }
            Protection::Starttls(acceptor) => {
                stream.write_all(b"220 relay\r\n").await?;
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                stream.write_all(b"250-relay\r\n250 STARTTLS\r\n").await?;
                stream.read_line(&mut line).await?;
                assert!(line.ends_with("STARTTLS\r\n"), "{line}");
                stream.write_all(b"220 go ahead\r\n").await?;
                let stream = acceptor.accept(stream.into_inner()).await?;
                self.talk(&mut BufReader::new(stream)).await
            }
            Protection::Tls(acceptor) => {
                let mut stream = acceptor.accept(stream).await?;
                stream.write_all(b"220 relay\r\n").await?;
                self.talk(&mut BufReader::new(stream)).await
            }
        }
    }

    async fn talk<S>(&self, stream: &mut BufReader<S>) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut in_mail = false;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            let verb = if in_mail { line.as_str() } else { line.get(..4).unwrap_or("") };
            let usual = match verb {
                "EHLO" => "250-relay\r\n250 AUTH PLAIN",
                "AUTH" => "235 welcome",
                "DATA" => "354 go ahead",
                "." => "250 kept",
                _ if in_mail => "",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            let reply = {
                let mut shared = self.shared.lock().unwrap();
                shared.heard.push(line.clone());
                shared.replies.get(verb).copied().filter(|said| !said.is_empty()).unwrap_or(usual)
            };
            in_mail = match verb {
                "DATA" => reply.starts_with("354"),
                "." => false,
                _ => in_mail,
            };
            if verb == "." {
                drop(self.gate.lock().await);
            }
            if !reply.is_empty() {
                stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
            }
        }
    }
}
