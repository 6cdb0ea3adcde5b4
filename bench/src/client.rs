//! One HTTP/1.1 connection that is kept, to a server on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// Longest wait for an answer: above the ten seconds after which a checkout answers "pending".
const PATIENCE: Duration = Duration::from_secs(12);

/// Longest answer that is read: far above a page of products.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A server on this machine. Another one is refused: load is for those who run the server.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    host: HeaderValue,
}

impl Target {
    /// Reads `http://host:port`.
    pub(crate) async fn find(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
        ensure!(uri.scheme_str() == Some("http"), "{url}: only http:// is spoken");
        let authority = uri.authority().with_context(|| format!("{url} names no host"))?;
        let host = authority.host().trim_matches(['[', ']']);
        let found = lookup_host((host, authority.port_u16().unwrap_or(80))).await;
        let found: Vec<_> = found.with_context(|| format!("{host} is not known"))?.collect();
        if let Some(elsewhere) = found.iter().find(|address| !address.ip().is_loopback()) {
            bail!("{host} is {}: load is sent to this machine alone", elsewhere.ip());
        }
        let address = found.iter().find(|address| address.is_ipv4()).or(found.first());
        let address = *address.with_context(|| format!("{host} has no address"))?;
        Ok(Self { address, host: HeaderValue::from_str(authority.as_str())? })
    }
}

/// A question. What is the same in each is made once.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: Uri,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) json: Bytes,
}

impl Ask {
    /// A read.
    pub(crate) fn get(path: Uri) -> Self {
        Self { method: Method::GET, path, authorization: None, json: Bytes::new() }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// A connection, opened when it is needed and again when it was lost.
#[derive(Debug)]
pub(crate) struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection to `target`, not yet opened.
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), sender: None }
    }

    /// Asks and reads the answer. What goes wrong is told in few words, for it is counted by them.
    pub(crate) async fn ask(&mut self, ask: Ask) -> Result<Answer, String> {
        let answer = timeout(PATIENCE, self.exchange(ask)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }

    async fn exchange(&mut self, ask: Ask) -> Result<Answer, String> {
        let request = self.request(ask)?;
        let sender = self.open().await?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| format!("asking: {error}"))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
        let body = body.map_err(|error| format!("reading: {error}"))?.to_bytes();
        Ok(Answer { status: head.status, body })
    }

    fn request(&self, ask: Ask) -> Result<Request<Full<Bytes>>, String> {
        let Ask { method, path, authorization, json } = ask;
        let mut request = Request::builder().method(method).uri(path);
        if let Some(headers) = request.headers_mut() {
            headers.insert(HOST, self.target.host.clone());
            headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
            if !json.is_empty() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
        request.body(Full::new(json)).map_err(|error| format!("a wrong request: {error}"))
    }

    async fn open(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let kept = self.sender.take().filter(|sender| !sender.is_closed());
        let mut sender = match kept {
            Some(sender) => sender,
            None => connect(self.target.address).await?,
        };
        sender.ready().await.map_err(|error| format!("the connection ended: {error}"))?;
        Ok(self.sender.insert(sender))
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("connecting: {error}");
    let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
    stream.set_nodelay(true).map_err(|error| failed(&error))?;
    let (sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    // It ends with its sender; what breaks it, the next question is told.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn load_is_sent_to_this_machine_alone() {
        for here in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:80"] {
            assert!(Target::find(here).await.is_ok(), "{here}");
        }
        // Of the last one nobody needs to ask a name server.
        for elsewhere in
            ["http://192.0.2.1:8080", "https://localhost", "localhost", "http://0.0.0.0"]
        {
            assert!(Target::find(elsewhere).await.is_err(), "{elsewhere}");
        }
    }
}
