//! Client of the catalog service.

use kit::Runtime;
use kit::grpc::client::{Channel, ClientTarget, MAX_RESPONSE_BYTES, TargetUrl};
use money::Money;
use proto::catalog::v1::catalog_service_client::CatalogServiceClient;
use proto::catalog::v1::{BatchGetProductsRequest, Product};
use uuid::Uuid;
use wire::ProductId;

use crate::domain::pricing::{Offer, Offers};
use crate::error::Error;

/// Client of the catalog service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Catalog(CatalogServiceClient<Channel>);

impl Catalog {
    /// Creates a client, which connects in the background.
    pub(crate) fn connect(url: TargetUrl, runtime: &Runtime) -> Self {
        // A call has the default deadline of `kit`, or the deadline of the request that it is made
        // for.
        let target = ClientTarget::new("catalog", url).reads(&["BatchGetProducts"]);
        let client = CatalogServiceClient::new(Channel::connect(&target, runtime));
        Self(client.max_decoding_message_size(MAX_RESPONSE_BYTES))
    }

    /// Returns the current offers of products. Without products, no request is sent.
    pub(crate) async fn offers(
        &self,
        products: impl IntoIterator<Item = ProductId>,
    ) -> Result<Offers, Error> {
        let ids: Vec<_> = products.into_iter().map(|product| product.to_string()).collect();
        if ids.is_empty() {
            return Ok(Offers::new());
        }
        let response = self.0.clone().batch_get_products(BatchGetProductsRequest { ids }).await;
        let response = response.map_err(Box::new)?.into_inner();
        response.products.into_iter().map(offer).collect()
    }
}

fn offer(product: Product) -> Result<(ProductId, Offer), Error> {
    let id = Uuid::try_parse(&product.id).map_err(|_| Error::CatalogResponse("id"))?;
    let price = product.price.ok_or(Error::CatalogResponse("price"))?;
    let currency = price.currency.parse().map_err(|_| Error::CatalogResponse("currency"))?;
    let offer = Offer {
        name: product.name,
        price: Money::new(price.amount_cents, currency),
        image_url: product.image_urls.into_iter().next().unwrap_or_default(),
        is_active: product.is_active,
    };
    Ok((id.into(), offer))
}
