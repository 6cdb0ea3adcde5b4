//! A scripted SMTP relay: replies as the test configures, and records the lines it received.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Encryption of the relay's connections.
#[derive(Clone)]
pub(crate) enum Encryption {
    None,
    Starttls(TlsAcceptor),
    Tls(TlsAcceptor),
}

/// The relay. It runs until the test's runtime ends.
#[derive(Clone)]
pub(crate) struct ScriptedRelay {
    pub(crate) port: u16,
    /// While it is held, the relay does not reply to the end of a mail.
    pub(crate) end_of_mail_lock: Arc<tokio::sync::Mutex<()>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Replies by verb; `.` is the end of a mail.
    replies: HashMap<&'static str, &'static str>,
    received: Vec<String>,
}

impl ScriptedRelay {
    pub(crate) async fn start(encryption: Encryption) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Self { port, end_of_mail_lock: Arc::default(), shared: Arc::default() };
        let server = relay.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (relay, encryption) = (server.clone(), encryption.clone());
                // Ignores errors of connections that clients close.
                tokio::spawn(async move { relay.serve(stream, encryption).await.ok() });
            }
        });
        relay
    }

    /// Sets the reply to a verb; "" restores the default.
    pub(crate) fn set_reply(&self, verb: &'static str, reply: &'static str) {
        self.shared.lock().unwrap().replies.insert(verb, reply);
    }

    /// Returns the lines received on all connections.
    pub(crate) fn received_lines(&self) -> Vec<String> {
        self.shared.lock().unwrap().received.clone()
    }

    async fn serve(&self, mut stream: TcpStream, encryption: Encryption) -> std::io::Result<()> {
        match encryption {
            Encryption::None => {
                stream.write_all(b"220 relay\r\n").await?;
                self.run_session(&mut BufReader::new(stream)).await
            }
            Encryption::Starttls(acceptor) => {
                stream.write_all(b"220 relay\r\n").await?;
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                stream.write_all(b"250-relay\r\n250 STARTTLS\r\n").await?;
                stream.read_line(&mut line).await?;
                assert!(line.ends_with("STARTTLS\r\n"), "{line}");
                stream.write_all(b"220 go ahead\r\n").await?;
                let stream = acceptor.accept(stream.into_inner()).await?;
                self.run_session(&mut BufReader::new(stream)).await
            }
            Encryption::Tls(acceptor) => {
                let mut stream = acceptor.accept(stream).await?;
                stream.write_all(b"220 relay\r\n").await?;
                self.run_session(&mut BufReader::new(stream)).await
            }
        }
    }

    async fn run_session<S>(&self, stream: &mut BufReader<S>) -> std::io::Result<()>
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
            let default_reply = match verb {
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
                shared.received.push(line.clone());
                shared
                    .replies
                    .get(verb)
                    .copied()
                    .filter(|reply| !reply.is_empty())
                    .unwrap_or(default_reply)
            };
            in_mail = match verb {
                "DATA" => reply.starts_with("354"),
                "." => false,
                _ => in_mail,
            };
            if verb == "." {
                drop(self.end_of_mail_lock.lock().await);
            }
            if !reply.is_empty() {
                stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
            }
        }
    }
}
