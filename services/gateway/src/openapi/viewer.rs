//! The document and the pages to try it.

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::problem::Code;

/// The document as it is committed, which a test keeps equal to what the handlers say. It is a part of
/// the program: as data, it would take megabytes of every gateway.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// Serves the document at `/openapi.json` and its viewer below `/docs`.
pub(crate) fn viewer() -> Router<App> {
    let viewer = Router::from(SwaggerUi::new("/docs").config(Config::from("/openapi.json")));
    viewer.layer(map_response(as_problem)).route("/openapi.json", get(document))
}

async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

/// The viewer has its own idea of errors: no body where a file is not there, and the text of a
/// library where it cannot be read.
async fn as_problem(response: Response) -> Response {
    match response.status() {
        StatusCode::NOT_FOUND => Code::NotFound.problem().into_response(),
        status if status.is_server_error() => {
            tracing::error!(%status, "the viewer of the document failed");
            Code::Internal.problem().into_response()
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::{StatusCode, header};

    use super::as_problem;

    #[tokio::test]
    async fn the_text_of_a_library_is_not_told() {
        let failed = (StatusCode::INTERNAL_SERVER_ERROR, "no such file: /secret").into_response();
        let told = as_problem(failed).await;
        assert_eq!(told.status(), 500);
        assert_eq!(told.headers()[header::CONTENT_TYPE], kit::problem::PROBLEM_JSON);
        let body = axum::body::to_bytes(told.into_body(), 10_000).await.expect("a body");
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
