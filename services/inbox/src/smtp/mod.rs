//! SMTP server: accepts a bounded number of connections, each with an idle timeout and a maximum
//! age.

mod reply;
mod session;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kit::Env;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::session::Session;
use crate::mail::Mail;
use crate::mailbox::Mailbox;

/// Maximum number of concurrent connections; each may hold one message of a megabyte. Others wait
/// in the kernel's queue.
const MAX_CONNECTIONS: usize = 32;

/// Timeout of a read from a client and of a write to it. Clients that keep idle connections close
/// them after a minute themselves.
const IDLE_TIMEOUT: Duration = Duration::from_secs(65);

/// Maximum age of a connection, so that a client that sends slowly (slowloris) does not occupy it.
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(10 * 60);

/// Delay after a failed accept, such as when the process is out of file descriptors, instead of a
/// busy loop.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Size of the read buffer of a connection.
const CHUNK_BYTES: usize = 8 * 1024;

/// Accepts connections and stores their messages, until it is cancelled, which also closes the
/// connections.
pub(crate) async fn serve(listener: TcpListener, mailbox: Mailbox, env: Env) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "accepting an SMTP connection failed");
                sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let (mailbox, env) = (mailbox.clone(), env.clone());
        connections.spawn(async move {
            let connection = serve_connection(stream, &mailbox, &env, IDLE_TIMEOUT);
            match timeout(MAX_CONNECTION_AGE, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "SMTP connection failed"),
                Err(_) => tracing::debug!("SMTP connection closed: maximum age reached"),
            }
            drop(slot);
        });
    }
}

/// Serves one connection until the session ends, the client disconnects, or it is idle too long.
async fn serve_connection(
    mut stream: TcpStream,
    mailbox: &Mailbox,
    env: &Env,
    idle_timeout: Duration,
) -> io::Result<()> {
    let mut session = Session::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut replies = String::from(reply::GREETING);
    loop {
        with_timeout(idle_timeout, stream.write_all(replies.as_bytes())).await?;
        if session.has_ended() {
            return with_timeout(idle_timeout, stream.shutdown()).await;
        }
        replies.clear();
        let count = match timeout(idle_timeout, stream.read(&mut chunk)).await {
            Ok(count) => count?,
            Err(_) => {
                return with_timeout(
                    idle_timeout,
                    stream.write_all(reply::IDLE_TIMEOUT.as_bytes()),
                )
                .await;
            }
        };
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        for message in session.receive(bytes, &mut replies) {
            mailbox.add(Mail::parse(env.uuid(), env.now(), message));
        }
    }
}

async fn with_timeout<T>(
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Page;

    async fn connect(mailbox: &Mailbox, idle_timeout: Duration) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mailbox = mailbox.clone();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            // The tests' clients may disconnect at any time.
            serve_connection(stream, &mailbox, &Env::system(), idle_timeout).await.ok();
        });
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test]
    async fn message_sent_byte_by_byte_is_received() {
        let mailbox = Mailbox::default();
        let mut client = connect(&mailbox, Duration::from_secs(10)).await;
        let commands = b"EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n\
            Subject: slow\r\n\r\n..x\r\n.\r\nQUIT\r\n";
        for byte in commands {
            client.write_all(&[*byte]).await.unwrap();
            client.flush().await.unwrap();
        }
        let mut replies = String::new();
        client.read_to_string(&mut replies).await.unwrap();
        assert!(replies.ends_with("221 2.0.0 closing the connection\r\n"), "{replies}");
        let (mails, total) = mailbox.list(None, Page::new(1, 1).unwrap());
        assert_eq!((total, mails[0].text.trim()), (1, ".x"));
    }

    #[tokio::test]
    async fn idle_client_is_disconnected_with_421() {
        let mut client = connect(&Mailbox::default(), Duration::from_millis(50)).await;
        let mut replies = String::new();
        client.read_to_string(&mut replies).await.unwrap();
        assert_eq!(replies, format!("{}{}", reply::GREETING, reply::IDLE_TIMEOUT));
    }
}
