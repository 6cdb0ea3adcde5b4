//! Reads the audit log: every request with its client and user.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// The audit policy: every request is logged once when it is answered, watches also when the
/// response starts.
pub(crate) const POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"#;

/// A request that the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The `User-Agent` of the client; empty if it sent none.
    pub agent: String,
    /// The user of the request, after impersonation.
    pub user: String,
    /// The verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` …
    pub verb: String,
    /// The resource with its subresource: `services`, `storefronts/status`; the path for requests
    /// that do not concern an object.
    pub resource: String,
    /// The namespace; empty for none.
    pub namespace: String,
    /// The name of the object; empty for lists, watches and creations.
    pub name: String,
    /// The HTTP status of the response.
    pub code: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    audit_id: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    verb: String,
    user: User,
    impersonated_user: Option<User>,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: Option<ObjectRef>,
    #[serde(default)]
    response_status: Option<ResponseStatus>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct ObjectRef {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

/// Reads the audit log. A watch that has ended is logged twice and returned once.
pub(crate) fn read(log: &Path) -> Result<Vec<Request>, Error> {
    let log = fs::read_to_string(log).map_err(|error| Error::File("read the audit log", error))?;
    // The last line may be incomplete.
    let complete = log.rfind('\n').map_or("", |end| &log[..end]);
    let mut seen = HashSet::new();
    let mut requests = Vec::new();
    for line in complete.lines() {
        let event: Event = serde_json::from_str(line)?;
        if seen.insert(event.audit_id.clone()) {
            requests.push(request(event));
        }
    }
    Ok(requests)
}

fn request(event: Event) -> Request {
    let code = event.response_status.map_or(0, |status| status.code);
    let object = event.object_ref.unwrap_or_default();
    let resource = match (object.resource.as_str(), object.subresource.as_str()) {
        ("", _) => event.request_uri,
        (resource, "") => resource.to_owned(),
        (resource, sub) => format!("{resource}/{sub}"),
    };
    Request {
        agent: event.user_agent,
        user: event.impersonated_user.unwrap_or(event.user).username,
        verb: event.verb,
        resource,
        namespace: object.namespace,
        name: object.name,
        code,
    }
}
