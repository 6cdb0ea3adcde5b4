//! An HTTP/1.1 client with one keep-alive connection to a server on this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

/// The longest wait for a response: above the ten seconds after which a checkout is answered as
/// pending.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

/// The longest response body that is read: far above a page of products.
const MAX_BODY_BYTES: usize = 1 << 20;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A server on this machine. Other hosts are rejected, so that no load is sent to servers of
/// others.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    /// The address from which clients connect; without one, the system selects it.
    source: Option<Ipv4Addr>,
    host: HeaderValue,
    /// The origin that a browser sends with the forms of this server's pages.
    origin: HeaderValue,
}

impl Target {
    /// Resolves a URL of the form `http://host:port`.
    ///
    /// # Errors
    /// If the URL has another form, or an address of the host is not a loopback address.
    pub(crate) async fn resolve(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
        ensure!(uri.scheme_str() == Some("http"), "{url}: only http:// is supported");
        let authority = uri.authority().with_context(|| format!("{url} has no host"))?;
        let host = authority.host().trim_matches(['[', ']']);
        let addresses = lookup_host((host, authority.port_u16().unwrap_or(80))).await;
        let addresses: Vec<_> =
            addresses.with_context(|| format!("cannot resolve {host}"))?.collect();
        if let Some(remote) = addresses.iter().find(|address| !address.ip().is_loopback()) {
            bail!("{host} is {}: load is sent to this machine only", remote.ip());
        }
        let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        let address = *address.with_context(|| format!("{host} has no address"))?;
        let origin = HeaderValue::from_str(&format!("http://{authority}"))?;
        let host = HeaderValue::from_str(authority.as_str())?;
        Ok(Self { address, source: None, host, origin })
    }

    /// Returns this server for the client of a number. Each client has an address of its own, as
    /// shoppers do: the shop limits what one address occupies. Over IPv6 they share one, because
    /// there is only one loopback address.
    pub(crate) fn for_client(&self, number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        let source = self.address.is_ipv4().then_some(Ipv4Addr::new(127, 1, high, low));
        Self { source, ..self.clone() }
    }
}

/// A request. Its parts are cheap to clone, so that equal requests are prepared only once.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Uri,
    pub(crate) credentials: Credentials,
    pub(crate) body: Body,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    Nobody,
    /// A client of the API: the value of `Authorization`.
    Bearer(HeaderValue),
    /// A browser: the value of `Cookie`.
    Cookie(HeaderValue),
}

/// The body of a request.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Empty,
    Json(Bytes),
    /// The fields of a form of the same origin.
    Form(Bytes),
}

impl Request {
    /// Creates a GET request without credentials.
    pub(crate) fn get(path: Uri) -> Self {
        Self { method: Method::GET, path, credentials: Credentials::Nobody, body: Body::Empty }
    }
}

/// A response with its complete body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    /// Fails unless the response has this status.
    pub(crate) fn expect(&self, status: StatusCode) -> Result<(), String> {
        match self.status == status {
            true => Ok(()),
            false => Err(format!("status {}", self.status.as_u16())),
        }
    }

    /// Returns the target of a redirect on the same server.
    pub(crate) fn location(&self) -> Result<Uri, String> {
        let location = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.and_then(|location| location.parse().ok());
        location.ok_or_else(|| format!("status {} without a location", self.status.as_u16()))
    }
}

/// A connection, which is opened on the first request and reopened after a failure.
#[derive(Debug)]
pub(crate) struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Creates a connection to `target` without opening it.
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), sender: None }
    }

    /// Sends a request and reads the response. Error messages are short, because errors are counted
    /// by message.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Response, String> {
        let response = timeout(REQUEST_TIMEOUT, self.try_send(request)).await;
        let response = response.unwrap_or_else(|_| Err("no response in time".to_owned()));
        if response.is_err() {
            self.sender = None;
        }
        response
    }

    async fn try_send(&mut self, request: Request) -> Result<Response, String> {
        let request = self.build(request)?;
        let sender = self.open().await?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| format!("send: {error}"))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
        let body = body.map_err(|error| format!("read: {error}"))?.to_bytes();
        Ok(Response { status: head.status, headers: head.headers, body })
    }

    fn build(&self, request: Request) -> Result<http::Request<Full<Bytes>>, String> {
        let Request { method, path, credentials, body } = request;
        let mut builder = http::Request::builder().method(method).uri(path);
        if let Some(headers) = builder.headers_mut() {
            headers.insert(HOST, self.target.host.clone());
            match credentials {
                Credentials::Nobody => {}
                Credentials::Bearer(token) => drop(headers.insert(AUTHORIZATION, token)),
                Credentials::Cookie(cookie) => drop(headers.insert(COOKIE, cookie)),
            }
            match &body {
                Body::Empty => {}
                Body::Json(_) => drop(headers.insert(CONTENT_TYPE, JSON)),
                Body::Form(_) => {
                    headers.insert(CONTENT_TYPE, FORM);
                    headers.insert(ORIGIN, self.target.origin.clone());
                }
            }
        }
        let bytes = match body {
            Body::Empty => Bytes::new(),
            Body::Json(bytes) | Body::Form(bytes) => bytes,
        };
        builder.body(Full::new(bytes)).map_err(|error| format!("invalid request: {error}"))
    }

    async fn open(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let open = self.sender.take().filter(|sender| !sender.is_closed());
        let mut sender = match open {
            Some(sender) => sender,
            None => connect(&self.target).await?,
        };
        sender.ready().await.map_err(|error| format!("connection closed: {error}"))?;
        Ok(self.sender.insert(sender))
    }
}

async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("connect: {error}");
    let stream = match target.source {
        None => TcpStream::connect(target.address).await,
        Some(source) => connect_from(source, target.address).await,
    };
    let stream = stream.map_err(|error| failed(&error))?;
    stream.set_nodelay(true).map_err(|error| failed(&error))?;
    let (sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    // The task ends with the sender. The next request reports a connection error.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

async fn connect_from(source: Ipv4Addr, address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    socket.connect(address).await
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn each_client_has_an_address_of_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = Target::resolve(&url).await.unwrap();
        for (number, source) in [(0, "127.1.0.0"), (1, "127.1.0.1"), (300, "127.1.1.44")] {
            let _client = connect(&target.for_client(number)).await.unwrap();
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer.ip().to_string(), source);
        }
    }

    #[tokio::test]
    async fn target_must_be_this_machine() {
        for local in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:80"] {
            assert!(Target::resolve(local).await.is_ok(), "{local}");
        }
        // None of these needs a name server.
        for remote in ["http://192.0.2.1:8080", "https://localhost", "localhost", "http://0.0.0.0"]
        {
            assert!(Target::resolve(remote).await.is_err(), "{remote}");
        }
    }
}
