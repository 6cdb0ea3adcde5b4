//! The workloads: the shopping mix, or one repeated step.

use clap::ValueEnum;

/// The distance between the products of consecutive arrivals. It is coprime to most numbers of
/// products, so that concurrent requests are for different products.
const STRIDE: u64 = 7;

/// An action of a shopper. One arrival is one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Opens the first page: products and categories, two requests.
    Home,
    /// Lists twenty products.
    List,
    /// Opens one product by its id.
    Product,
    /// Searches products.
    Search,
    /// Adds one unit of a product to the cart.
    AddToCart,
    /// Opens the cart.
    ViewCart,
    /// Adds one unit of a product to the cart and orders the content of the cart: two requests.
    Checkout,
    /// Opens the home page of the web shop.
    WebHome,
    /// Opens the product list of the web shop.
    WebList,
    /// Opens the page of one product.
    WebProduct,
    /// Buys a product with the pages of the web shop, from its page to the page of the order.
    WebOrder,
    /// Requests the constant response of `bench constant`.
    Constant,
}

impl Step {
    /// Returns the name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::List => "list",
            Self::Product => "product",
            Self::Search => "search",
            Self::AddToCart => "add to cart",
            Self::ViewCart => "view cart",
            Self::Checkout => "checkout",
            Self::WebHome => "home page",
            Self::WebList => "list page",
            Self::WebProduct => "product page",
            Self::WebOrder => "order with pages",
            Self::Constant => "constant",
        }
    }

    /// Returns the number of requests of the step.
    pub(crate) fn requests(self) -> u64 {
        match self {
            Self::Home | Self::Checkout => 2,
            Self::WebOrder => 6,
            _ => 1,
        }
    }
}

/// The steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// Shopping mix: home 1, product 10, add to cart 2, view cart 3, checkout 1.
    Mix,
    /// GET /products?page_size=20
    List,
    /// GET /products/{id}
    Product,
    /// GET /products/search
    Search,
    /// POST /cart/items and POST /orders
    Checkout,
    /// GET / of the web shop
    WebHome,
    /// GET /products of the web shop
    WebList,
    /// GET /products/{slug} of the web shop
    WebProduct,
    /// The pages and forms of the web shop from a product to a paid order
    WebOrder,
    /// Visitors of the web shop: home 1, list 2, product 12, product to paid order 1
    Web,
    /// GET / of `bench constant`
    Constant,
}

/// The number of times that each step occurs in a cycle of the mix.
const MIX: [(Step, i32); 5] = [
    (Step::Home, 1),
    (Step::Product, 10),
    (Step::AddToCart, 2),
    (Step::ViewCart, 3),
    (Step::Checkout, 1),
];

/// The number of times that each step occurs in a cycle of the visitors of the web shop.
const WEB_MIX: [(Step, i32); 4] =
    [(Step::WebHome, 1), (Step::WebList, 2), (Step::WebProduct, 12), (Step::WebOrder, 1)];

impl Workload {
    /// Returns one cycle of steps, which arrivals repeat.
    pub(crate) fn cycle(self) -> Vec<Step> {
        match self {
            Self::Mix => spread(&MIX),
            Self::Web => spread(&WEB_MIX),
            Self::List => vec![Step::List],
            Self::Product => vec![Step::Product],
            Self::Search => vec![Step::Search],
            Self::Checkout => vec![Step::Checkout],
            Self::WebHome => vec![Step::WebHome],
            Self::WebList => vec![Step::WebList],
            Self::WebProduct => vec![Step::WebProduct],
            Self::WebOrder => vec![Step::WebOrder],
            Self::Constant => vec![Step::Constant],
        }
    }

    /// Whether the requests are for the web shop.
    pub(crate) fn uses_web(self) -> bool {
        let web = [Self::Web, Self::WebHome, Self::WebList, Self::WebProduct, Self::WebOrder];
        web.contains(&self)
    }

    /// Returns the name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mix => "shopping mix",
            Self::List => "list of 20 products",
            Self::Product => "product by id",
            Self::Search => "search",
            Self::Checkout => "checkout",
            Self::Web => "web: visitors",
            Self::WebHome => "web: home",
            Self::WebList => "web: list",
            Self::WebProduct => "web: product",
            Self::WebOrder => "web: product to paid order",
            Self::Constant => "constant body",
        }
    }
}

/// Selects the item of an arrival.
pub(crate) fn pick<T>(items: &[T], index: u64) -> Result<&T, String> {
    let position = index.wrapping_mul(STRIDE).checked_rem(items.len() as u64);
    let position = position.and_then(|position| usize::try_from(position).ok());
    let item = position.and_then(|position| items.get(position));
    item.ok_or_else(|| "there are no products".to_owned())
}

/// Returns each step as often as its weight, evenly spread: each position gets the step that is
/// furthest behind its share (smooth weighted round-robin).
fn spread(weights: &[(Step, i32)]) -> Vec<Step> {
    let total: i32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut credit = vec![0; weights.len()];
    let mut cycle = Vec::new();
    for _ in 0..total {
        for (credit, (_, weight)) in credit.iter_mut().zip(weights) {
            *credit += weight;
        }
        let furthest = (0..weights.len()).max_by_key(|&i| credit[i]).unwrap_or_default();
        credit[furthest] -= total;
        cycle.push(weights[furthest].0);
    }
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mix_cycle_contains_each_step_by_weight() {
        let cycle = Workload::Mix.cycle();
        assert_eq!(cycle.len(), 17);
        for (step, weight) in MIX {
            let count = cycle.iter().filter(|&&other| other == step).count();
            assert_eq!(i32::try_from(count), Ok(weight), "{step:?}");
        }
    }

    #[test]
    fn mix_cycle_spreads_steps_evenly() {
        let twice = Workload::Mix.cycle().repeat(2);
        let longest = twice.chunk_by(|a, b| a == b).map(<[Step]>::len).max();
        assert!(longest.is_some_and(|longest| longest <= 3), "{twice:?}");
    }
}
