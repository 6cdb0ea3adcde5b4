//! Services of carriers, and their prices.

use money::{Currency, Money, PriceLevel};

/// Base price of every parcel, in US cents.
const BASE_CENTS: u32 = 500;

/// Heaviest parcel: the load of a truck. It is far above any real cart, and far below the weight at
/// which a price would overflow.
pub const MAX_WEIGHT_GRAMS: i32 = 20_000_000;

/// Carrier of parcels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// United States Postal Service.
    Usps,
    /// FedEx.
    FedEx,
    /// United Parcel Service.
    Ups,
}

/// Service of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// USPS Priority Mail.
    UspsPriorityMail,
    /// USPS First Class.
    UspsFirstClass,
    /// FedEx Ground.
    FedExGround,
    /// FedEx 2-Day.
    FedEx2Day,
    /// UPS Ground.
    UpsGround,
}

/// Weight of a parcel: 1 to [`MAX_WEIGHT_GRAMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(i32);

/// Price and duration of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Service that is quoted.
    pub service: Service,
    /// Price.
    pub cost: Money,
    /// Estimated number of days.
    pub days: i32,
}

/// Row of the price list.
struct Rate {
    carrier: Carrier,
    name: &'static str,
    /// Price of one gram, in hundredths of a US cent.
    centicents_per_gram: u32,
    days: i32,
}

impl Carrier {
    /// Returns the carrier's name, such as "USPS".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usps => "USPS",
            Self::FedEx => "FedEx",
            Self::Ups => "UPS",
        }
    }
}

impl Service {
    /// All services.
    pub const ALL: [Self; 5] = [
        Self::UspsPriorityMail,
        Self::UspsFirstClass,
        Self::FedExGround,
        Self::FedEx2Day,
        Self::UpsGround,
    ];

    /// Finds a service by the names of carrier and service.
    #[must_use]
    pub fn find(carrier: &str, name: &str) -> Option<Self> {
        let named = |service: &Self| service.carrier().name() == carrier && service.name() == name;
        Self::ALL.into_iter().find(named)
    }

    /// Returns the carrier of the service.
    #[must_use]
    pub fn carrier(self) -> Carrier {
        self.rate().carrier
    }

    /// Returns the name of the service, such as "Priority Mail".
    #[must_use]
    pub fn name(self) -> &'static str {
        self.rate().name
    }

    /// Returns the quote for a weight in a currency with this price level, rounded down to a whole
    /// minor unit.
    #[must_use]
    pub fn quote(self, weight: Weight, currency: Currency, level: PriceLevel) -> Quote {
        let Rate { centicents_per_gram, days, .. } = self.rate();
        let centicents = BASE_CENTS * 100 + weight.grams().unsigned_abs() * centicents_per_gram;
        Quote { service: self, cost: level.replace(centicents, currency), days }
    }

    /// Returns the service's row of the price list.
    fn rate(self) -> Rate {
        let (carrier, name, centicents_per_gram, days) = match self {
            Self::UspsPriorityMail => (Carrier::Usps, "Priority Mail", 15, 3),
            Self::UspsFirstClass => (Carrier::Usps, "First Class", 10, 5),
            Self::FedExGround => (Carrier::FedEx, "Ground", 18, 4),
            Self::FedEx2Day => (Carrier::FedEx, "2-Day", 35, 2),
            Self::UpsGround => (Carrier::Ups, "Ground", 17, 4),
        };
        Rate { carrier, name, centicents_per_gram, days }
    }

    /// Returns the stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UspsPriorityMail => "usps_priority_mail",
            Self::UspsFirstClass => "usps_first_class",
            Self::FedExGround => "fedex_ground",
            Self::FedEx2Day => "fedex_2_day",
            Self::UpsGround => "ups_ground",
        }
    }

    /// The inverse of [`Service::as_str`].
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.as_str() == stored)
    }
}

impl Weight {
    /// Creates a weight, if `grams` is within its bounds.
    #[must_use]
    pub fn new(grams: i32) -> Option<Self> {
        (1..=MAX_WEIGHT_GRAMS).contains(&grams).then_some(Self(grams))
    }

    /// Returns the grams, 1 to [`MAX_WEIGHT_GRAMS`].
    #[must_use]
    pub fn grams(self) -> i32 {
        self.0
    }
}

/// Returns the quotes of all services for a weight, by price; for equal prices the faster first.
#[must_use]
pub fn quotes(weight: Weight, currency: Currency, level: PriceLevel) -> Vec<Quote> {
    let quote = |service: Service| service.quote(weight, currency, level);
    let mut quotes: Vec<_> = Service::ALL.into_iter().map(quote).collect();
    quotes.sort_by_key(|quote| (quote.cost.cents(), quote.days));
    quotes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cents(grams: i32) -> Vec<i64> {
        minor_units(grams, "USD")
    }

    fn minor_units(grams: i32, currency: &str) -> Vec<i64> {
        let (weight, currency) = (Weight::new(grams).unwrap(), currency.parse().unwrap());
        let level = PriceLevel::of(currency).unwrap();
        let cost = |service: Service| service.quote(weight, currency, level).cost.cents();
        Service::ALL.into_iter().map(cost).collect()
    }

    #[test]
    fn quotes_have_the_price_level_of_their_currency() {
        assert_eq!(minor_units(1000, "KWD"), [1950, 1800, 2040, 2550, 2010]); // 1.800 KWD
        assert_eq!(minor_units(1000, "JPY"), [975, 900, 1020, 1275, 1005]); // 900 JPY
        assert_eq!(minor_units(1000, "EUR"), cents(1000));
        let highest = PriceLevel::MAX;
        let heaviest = Weight::new(MAX_WEIGHT_GRAMS).unwrap();
        for quote in quotes(heaviest, Currency::USD, highest) {
            assert!(quote.cost.cents() > 0);
        }
    }

    #[test]
    fn quotes_follow_price_list_rounded_down() {
        assert_eq!(cents(1000), [650, 600, 680, 850, 670]);
        assert_eq!(cents(1), [500, 500, 500, 500, 500]);
        assert_eq!(cents(6), [500, 500, 501, 502, 501]);
        assert_eq!(cents(7), [501, 500, 501, 502, 501]);
        assert_eq!(cents(MAX_WEIGHT_GRAMS)[3], 500 + 7_000_000);
    }

    #[test]
    fn weight_out_of_bounds_is_none() {
        for grams in [0, -1, MAX_WEIGHT_GRAMS + 1, i32::MAX, i32::MIN] {
            assert_eq!(Weight::new(grams), None, "{grams}");
        }
    }

    #[test]
    fn service_is_found_by_names_and_by_stored_name() {
        for service in Service::ALL {
            assert_eq!(Service::find(service.carrier().name(), service.name()), Some(service));
            assert_eq!(Service::from_stored(service.as_str()), Some(service));
        }
        for (carrier, name) in
            [("UPS", "2-Day"), ("usps", "First Class"), ("", ""), ("DHL", "Ground")]
        {
            assert_eq!(Service::find(carrier, name), None, "{carrier} {name}");
        }
    }

    proptest! {
        #[test]
        fn quotes_are_sorted_by_price(grams in 1..=MAX_WEIGHT_GRAMS) {
            let weight = Weight::new(grams).unwrap();
            let quotes = quotes(weight, Currency::USD, PriceLevel::default());
            prop_assert_eq!(quotes.len(), 5);
            let key = |quote: &Quote| (quote.cost.cents(), quote.days);
            prop_assert!(quotes.is_sorted_by_key(key));
        }
    }
}
