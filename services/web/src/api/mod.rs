//! Calls of the gateway's REST API, without a session: requests, problem details, tokens.

mod call;
mod event_reader;
mod http_client;
mod problem;
mod tokens;

pub(crate) use call::Call;
pub(crate) use event_reader::EventReader;
pub use http_client::HttpClientError;
pub(crate) use http_client::{Credential, HttpClient, Reply};
pub(crate) use problem::{CallError, FieldProblem, Problem};
pub(crate) use tokens::{AccessToken, CartToken, RefreshToken, Tokens};
