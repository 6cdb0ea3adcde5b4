//! The row of steps above a page of the checkout.

use super::state::{CheckoutState, Step};
use crate::messages::Messages;

/// A step in the row. `templates/components/checkout_steps.html` renders it.
pub(super) struct StepLink {
    pub(super) label: &'static str,
    /// Absent for the current step and for the steps after it.
    pub(super) href: Option<String>,
    pub(super) is_current: bool,
}

/// Returns the row of steps on the page of `current`. Only guests see the first one: a customer has
/// done it.
pub(super) fn step_links(m: &Messages, state: &CheckoutState, current: Step) -> Vec<StepLink> {
    let link = |step: Step| StepLink {
        label: match step {
            Step::Contact => m.checkout.step_contact,
            Step::Address => m.checkout.step_address,
            Step::Delivery => m.checkout.step_delivery,
            Step::Payment => m.checkout.step_payment,
            Step::Review => m.checkout.step_review,
        },
        href: (step < current).then(|| state.url(step)),
        is_current: step == current,
    };
    let is_shown = |step: &Step| *step != Step::Contact || current == Step::Contact;
    Step::ALL.into_iter().filter(is_shown).map(link).collect()
}
