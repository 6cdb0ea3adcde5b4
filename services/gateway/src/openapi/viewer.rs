//! Routes of the OpenAPI document and of its viewer, Swagger UI.

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::problem::Code;

/// The committed document. A test keeps it equal to the descriptions of the handlers. It is
/// embedded as text, because the generated document would occupy megabytes of memory in every
/// gateway.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// Content security policy of the viewer: it runs its own scripts, and styles its elements.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// Serves the document at `/openapi.json` and its viewer below `/docs`.
pub(crate) fn viewer() -> Router<App> {
    let viewer = Router::from(SwaggerUi::new("/docs").config(Config::from("/openapi.json")));
    viewer.layer(map_response(as_problem)).route("/openapi.json", get(document))
}

async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

/// Adds the policy of the viewer, and replaces its error responses by problems. The viewer responds
/// with an empty body when a file does not exist, and with the error text of a library when a file
/// cannot be read.
async fn as_problem(response: Response) -> Response {
    match response.status() {
        StatusCode::NOT_FOUND => Code::NotFound.problem().into_response(),
        status if status.is_server_error() => {
            tracing::error!(%status, "OpenAPI viewer failed");
            Code::Internal.problem().into_response()
        }
        _ => ([(header::CONTENT_SECURITY_POLICY, POLICY)], response).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::{StatusCode, header};

    use super::as_problem;

    #[tokio::test]
    async fn library_error_text_is_not_exposed() {
        let failed = (StatusCode::INTERNAL_SERVER_ERROR, "no such file: /secret").into_response();
        let problem = as_problem(failed).await;
        assert_eq!(problem.status(), 500);
        assert_eq!(problem.headers()[header::CONTENT_TYPE], kit::problem::PROBLEM_JSON);
        let body = axum::body::to_bytes(problem.into_body(), 10_000).await.expect("a body");
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
