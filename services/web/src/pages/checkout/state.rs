//! The state of a checkout, in the URL.

use serde::Deserialize;
use uuid::Uuid;

use crate::gateway_client::ShippingOption;

/// Character between carrier and service.
const SEPARATOR: char = '~';

/// The state as a browser sends it, in the query of a page or in a form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CheckoutParams {
    address: String,
    ship: String,
    pay: String,
}

/// What the customer has chosen so far. Choices that cannot be read count as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CheckoutState {
    pub(super) address: Option<Uuid>,
    pub(super) ship: Option<ShippingOption>,
    pub(super) pay: Option<Uuid>,
}

/// A step of the checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Sign-in or registration: for guests only.
    Contact,
    Address,
    Delivery,
    Payment,
    Review,
}

impl Step {
    pub(super) const ALL: [Self; 5] =
        [Self::Contact, Self::Address, Self::Delivery, Self::Payment, Self::Review];

    /// The path of the page.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Contact => super::CONTACT_PATH,
            Self::Address => "/checkout/address",
            Self::Delivery => "/checkout/delivery",
            Self::Payment => "/checkout/payment",
            Self::Review => "/checkout/review",
        }
    }
}

impl From<CheckoutParams> for CheckoutState {
    fn from(params: CheckoutParams) -> Self {
        Self {
            address: Uuid::try_parse(&params.address).ok(),
            ship: parse_option(&params.ship),
            pay: Uuid::try_parse(&params.pay).ok(),
        }
    }
}

impl CheckoutState {
    /// Returns the first step that lacks a choice. Without a choice of delivery the review uses the
    /// cheapest one, so that a customer with a default address and card reviews the order at once.
    pub(super) fn first_incomplete(&self) -> Step {
        match (self.address, self.pay) {
            (None, _) => Step::Address,
            (Some(_), None) if self.ship.is_none() => Step::Delivery,
            (Some(_), None) => Step::Payment,
            (Some(_), Some(_)) => Step::Review,
        }
    }

    /// Returns the URL of a step with these choices.
    pub(super) fn url(&self, step: Step) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs() {
            query.append_pair(name, &value);
        }
        match query.finish() {
            query if query.is_empty() => step.path().to_owned(),
            query => format!("{}?{query}", step.path()),
        }
    }

    /// Returns the choices without that of a step.
    pub(super) fn without(&self, step: Step) -> Self {
        let mut others = self.clone();
        match step {
            Step::Address => others.address = None,
            Step::Delivery => others.ship = None,
            Step::Payment => others.pay = None,
            Step::Contact | Step::Review => {}
        }
        others
    }

    /// Returns the choices as names and values of hidden fields, without that of the step itself.
    pub(super) fn hidden_fields(&self, step: Step) -> Vec<(&'static str, String)> {
        self.without(step).pairs()
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("address", self.address.map(|id| id.to_string())),
            ("ship", self.ship.as_ref().map(option_value)),
            ("pay", self.pay.map(|id| id.to_string())),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Writes a shipping option as the value of a field.
pub(super) fn option_value(option: &ShippingOption) -> String {
    format!("{}{SEPARATOR}{}", option.carrier, option.service)
}

fn parse_option(text: &str) -> Option<ShippingOption> {
    let (carrier, service) = text.split_once(SEPARATOR)?;
    let is_complete = !carrier.is_empty() && !service.is_empty();
    is_complete.then(|| ShippingOption { carrier: carrier.to_owned(), service: service.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(address: bool, ship: bool, pay: bool) -> CheckoutState {
        let id = Uuid::from_u128(1);
        let option = ShippingOption { carrier: "UPS".into(), service: "2nd Day Air".into() };
        CheckoutState {
            address: address.then_some(id),
            ship: ship.then_some(option),
            pay: pay.then_some(id),
        }
    }

    #[test]
    fn first_incomplete_step_is_the_next_one() {
        for (address, ship, pay, step) in [
            (false, false, false, Step::Address),
            (false, true, true, Step::Address),
            (true, false, false, Step::Delivery),
            (true, true, false, Step::Payment),
            (true, false, true, Step::Review),
            (true, true, true, Step::Review),
        ] {
            assert_eq!(state(address, ship, pay).first_incomplete(), step);
        }
    }

    #[test]
    fn url_is_read_back_as_the_same_state() {
        let complete = state(true, true, true);
        let url = complete.url(Step::Review);
        let (path, query) = url.split_once('?').unwrap();
        assert_eq!(path, "/checkout/review");
        let mut params = CheckoutParams::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "address" => params.address = value.into_owned(),
                "ship" => params.ship = value.into_owned(),
                _ => params.pay = value.into_owned(),
            }
        }
        assert_eq!(CheckoutState::from(params), complete);
        assert_eq!(CheckoutState::default().url(Step::Address), "/checkout/address");
    }

    #[test]
    fn step_that_is_repeated_loses_only_its_choice() {
        for (step, others) in [
            (Step::Address, state(false, true, true)),
            (Step::Delivery, state(true, false, true)),
            (Step::Payment, state(true, true, false)),
            (Step::Review, state(true, true, true)),
        ] {
            assert_eq!(state(true, true, true).without(step), others, "{step:?}");
        }
    }

    #[test]
    fn unreadable_choices_count_as_missing() {
        for ship in ["", "UPS", "~", "UPS~", "~Ground"] {
            let params = CheckoutParams {
                address: "1".to_owned(),
                ship: ship.to_owned(),
                pay: "pm_test_visa".to_owned(),
            };
            assert_eq!(CheckoutState::from(params), CheckoutState::default(), "{ship}");
        }
    }
}
