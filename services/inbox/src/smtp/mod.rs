//! SMTP in: bounded connections, each with a bounded patience.

mod reply;
mod session;

use std::{io, sync::Arc, time::Duration};

use kit::Env;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use self::session::Session;
use crate::{mail::Mail, mailbox::Mailbox};

/// Connections at a time; each may hold one message of a megabyte. More wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 32;
/// Longest silence of a client, and longest wait for it to take a reply. Clients that keep
/// connections open for later drop them after a minute themselves.
const MAX_SILENCE: Duration = Duration::from_secs(65);
/// Longest life of a connection, so that a client which trickles does not keep its place.
const MAX_LIFE: Duration = Duration::from_secs(10 * 60);
/// Pause after the system refuses a connection (out of files), instead of spinning on it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Read at a time.
const CHUNK_BYTES: usize = 8 * 1024;

/// Takes mail for ever. Connections end with it.
pub(crate) async fn serve(listener: TcpListener, mailbox: Mailbox, env: Env) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let (mailbox, env) = (mailbox.clone(), env.clone());
        connections.spawn(async move {
            let talk = timeout(MAX_LIFE, talk(stream, &mailbox, &env, MAX_SILENCE)).await;
            match talk {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection broke"),
                Err(_) => tracing::debug!("a connection lived too long"),
            }
            drop(slot);
        });
    }
}

/// One connection, to its end.
async fn talk(
    mut stream: TcpStream,
    mailbox: &Mailbox,
    env: &Env,
    max_silence: Duration,
) -> io::Result<()> {
    let mut session = Session::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut replies = String::from(reply::GREETING);
    loop {
        within(max_silence, stream.write_all(replies.as_bytes())).await?;
        if session.is_over() {
            return within(max_silence, stream.shutdown()).await;
        }
        replies.clear();
        let count = match timeout(max_silence, stream.read(&mut chunk)).await {
            Ok(count) => count?,
            Err(_) => {
                return within(max_silence, stream.write_all(reply::TOO_SLOW.as_bytes())).await;
            }
        };
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        for received in session.receive(bytes, &mut replies) {
            mailbox.add(Mail::read(env.uuid(), env.now(), received));
        }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Page;

    async fn connect(mailbox: &Mailbox, max_silence: Duration) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mailbox = mailbox.clone();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            // Clients of the tests leave as they like.
            talk(stream, &mailbox, &Env::system(), max_silence).await.ok();
        });
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test]
    async fn a_client_that_trickles_is_understood() {
        let mailbox = Mailbox::default();
        let mut client = connect(&mailbox, Duration::from_secs(10)).await;
        let words = b"EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n\
            Subject: slow\r\n\r\n..x\r\n.\r\nQUIT\r\n";
        for byte in words {
            client.write_all(&[*byte]).await.unwrap();
            client.flush().await.unwrap();
        }
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(said.ends_with("221 2.0.0 bye\r\n"), "{said}");
        let (mails, total) = mailbox.list(None, Page::new(1, 1).unwrap());
        assert_eq!((total, mails[0].text.trim()), (1, ".x"));
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_is_told_to_go() {
        let mut client = connect(&Mailbox::default(), Duration::from_millis(50)).await;
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, format!("{}{}", reply::GREETING, reply::TOO_SLOW));
    }
}
