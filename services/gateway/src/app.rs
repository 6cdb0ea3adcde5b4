//! What the handlers share.

use std::sync::Arc;

use kit::grpc::client::{Channel, ClientTarget, MAX_ANSWER_BYTES};
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;

use crate::args::Args;
use crate::auth::Auth;

/// The RPCs of the catalog that change nothing.
const CATALOG_READS: &[&str] = &["ListProducts", "SearchProducts", "GetProduct", "ListCategories"];

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    catalog: CatalogServiceClient<Channel>,
    auth: Auth,
}

impl App {
    /// Begins to look for the services; none is needed yet.
    pub(crate) fn new(args: &Args, auth: Auth, runtime: &kit::Runtime) -> Self {
        let catalog = ClientTarget::new("catalog", args.catalog_url.clone()).reads(CATALOG_READS);
        let catalog = CatalogServiceClient::new(Channel::connect(&catalog, runtime))
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        Self(Arc::new(Shared { catalog, auth }))
    }

    /// A client of the catalog.
    pub(crate) fn catalog(&self) -> CatalogServiceClient<Channel> {
        self.0.catalog.clone()
    }

    /// Who may do what.
    pub(crate) fn auth(&self) -> &Auth {
        &self.0.auth
    }
}
