//! The estimate of the shipping costs on the page of the cart.

use crate::format::Format;
use crate::forms::FormErrors;
use crate::gateway_client::{CallError, Quote};
use crate::messages::Messages;
use crate::page::Page;
use crate::session::FlashCode;

/// The shipping costs for a destination, or why there are none.
pub(super) enum Estimate {
    /// Carrier and service, price, days.
    Quotes(Vec<(String, String, String)>),
    /// The destination is not valid.
    Invalid(FormErrors),
    /// What the visitor can do.
    Failed(&'static str),
}

impl Estimate {
    /// The errors of the fields of the destination.
    pub(super) fn errors(&self) -> Option<&FormErrors> {
        match self {
            Self::Invalid(errors) => Some(errors),
            Self::Quotes(_) | Self::Failed(_) => None,
        }
    }
}

/// Returns the shipping costs if a destination was entered. The page of the cart does not depend on
/// them.
pub(super) async fn estimate(page: &Page, country: &str, zip_code: &str) -> Option<Estimate> {
    if country.is_empty() {
        return None;
    }
    let (m, format) = (page.messages(), page.format());
    Some(match page.gateway().shipping_quotes(country, zip_code).await {
        Ok(quotes) => Estimate::Quotes(quotes.iter().map(|quote| row(quote, format, m)).collect()),
        Err(error) => failure(error, m),
    })
}

fn row(quote: &Quote, format: &Format, m: &Messages) -> (String, String, String) {
    let name = format!("{} {}", quote.carrier, quote.service);
    (name, format.money(quote.cost), (m.checkout.days)(quote.estimated_days))
}

/// Returns what the page shows instead of the costs.
fn failure(error: CallError, m: &Messages) -> Estimate {
    let message = |code: FlashCode| Estimate::Failed((m.flash)(code));
    match error.code() {
        "cart_too_heavy" => message(FlashCode::CartTooLarge),
        // No line of the cart is for sale.
        "cart_empty" => message(FlashCode::ProductUnavailable),
        _ => match FormErrors::from_call(error, m) {
            Ok(errors) => Estimate::Invalid(errors),
            Err(error) => {
                tracing::warn!(%error, "shipping costs not estimated");
                Estimate::Failed(m.account.unavailable)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway_client::{FieldProblem, Problem};
    use crate::locale::Locale;

    #[test]
    fn failed_estimate_says_what_to_do() {
        let m = Messages::for_locale(Locale::EnUs);
        let problem = |status, code: &str, field: Option<&str>| {
            let errors = field
                .into_iter()
                .map(|field| FieldProblem { field: field.to_owned(), ..FieldProblem::default() });
            let errors = errors.collect();
            let problem = Problem { status, code: code.to_owned(), errors, ..Problem::default() };
            failure(CallError::Problem(Box::new(problem)), m)
        };
        for (status, code, text) in [
            (503, "unavailable", "unavailable at the moment"),
            (429, "rate_limited", "unavailable at the moment"),
            (409, "cart_too_heavy", "too much for one order"),
            (409, "cart_empty", "no longer for sale"),
        ] {
            let estimate = problem(status, code, None);
            assert!(
                matches!(estimate, Estimate::Failed(message) if message.contains(text)),
                "{code}"
            );
        }
        let invalid = problem(400, "invalid_request", Some("zip_code"));
        let error = invalid.errors().and_then(|errors| errors.error_of_field("zip_code"));
        assert!(error.is_some());
        let timed_out = failure(CallError::TimedOut, m);
        assert!(matches!(timed_out, Estimate::Failed(text) if text == m.account.unavailable));
    }
}
