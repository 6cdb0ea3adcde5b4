//! What is asked: the shopping mix, or one step over and over.

use clap::ValueEnum;

/// Something a shopper does, and what one arrival is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The first page: products and categories, two requests.
    Home,
    /// Twenty products.
    List,
    /// One product, by its id.
    Product,
    /// Products with a word.
    Search,
    /// One of some product into the cart.
    AddToCart,
    /// The cart.
    ViewCart,
    /// One of some product into the cart, and the order of all that is in it: two requests.
    Checkout,
    /// The answer that is the same each time, of `bench constant`.
    Constant,
}

impl Step {
    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::List => "list",
            Self::Product => "product",
            Self::Search => "search",
            Self::AddToCart => "add to cart",
            Self::ViewCart => "view cart",
            Self::Checkout => "checkout",
            Self::Constant => "constant",
        }
    }

    /// Requests it makes.
    pub(crate) fn requests(self) -> u64 {
        match self {
            Self::Home | Self::Checkout => 2,
            _ => 1,
        }
    }
}

/// What a run asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// Shoppers: home 1, product 10, add to cart 2, view cart 3, checkout 1.
    Mix,
    /// GET /products?page_size=20
    List,
    /// GET /products/{id}
    Product,
    /// GET /products/search
    Search,
    /// POST /cart/items and POST /orders
    Checkout,
    /// GET / of `bench constant`
    Constant,
}

/// How often each step comes in a round of the mix.
const MIX: [(Step, i32); 5] = [
    (Step::Home, 1),
    (Step::Product, 10),
    (Step::AddToCart, 2),
    (Step::ViewCart, 3),
    (Step::Checkout, 1),
];

/// Steps in a round of the mix: the sum of its weights.
const ROUND: usize = 17;

impl Workload {
    /// The steps of one round; arrivals go around in it.
    pub(crate) fn round(self) -> Vec<Step> {
        match self {
            Self::Mix => spread(&MIX, ROUND),
            Self::List => vec![Step::List],
            Self::Product => vec![Step::Product],
            Self::Search => vec![Step::Search],
            Self::Checkout => vec![Step::Checkout],
            Self::Constant => vec![Step::Constant],
        }
    }

    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mix => "shopping mix",
            Self::List => "list of 20 products",
            Self::Product => "product by id",
            Self::Search => "search",
            Self::Checkout => "checkout",
            Self::Constant => "constant body",
        }
    }
}

/// Each step as often as its weight, spread evenly: in each place comes the step that is furthest
/// behind its share.
fn spread(weights: &[(Step, i32)], places: usize) -> Vec<Step> {
    let total: i32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut credit = vec![0; weights.len()];
    let mut round = Vec::with_capacity(places);
    for _ in 0..places {
        for (credit, (_, weight)) in credit.iter_mut().zip(weights) {
            *credit += weight;
        }
        let furthest = (0..weights.len()).max_by_key(|&i| credit[i]).unwrap_or_default();
        credit[furthest] -= total;
        round.push(weights[furthest].0);
    }
    round
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_of_the_mix_holds_each_step_as_often_as_its_weight() {
        let round = Workload::Mix.round();
        assert_eq!(round.len(), ROUND);
        for (step, weight) in MIX {
            let count = round.iter().filter(|&&other| other == step).count();
            assert_eq!(i32::try_from(count), Ok(weight), "{step:?}");
        }
    }

    #[test]
    fn the_steps_of_the_mix_are_spread() {
        let twice = Workload::Mix.round().repeat(2);
        let longest = twice.chunk_by(|a, b| a == b).map(<[Step]>::len).max();
        assert!(longest.is_some_and(|longest| longest <= 3), "{twice:?}");
    }
}
