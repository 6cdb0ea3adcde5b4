//! Flash messages: shown once, on the page after a form.

use uuid::Uuid;

/// Maximum length of an order number with its hyphens, such as `K7Q2-M9XD-4T`.
const MAX_NUMBER_LEN: usize = 16;

/// A message: a code of a fixed list, the id of what it is about, and the number of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flash {
    pub(crate) code: FlashCode,
    pub(crate) id: Option<Uuid>,
    pub(crate) number: Option<String>,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlashCode {
    AddedToCart,
    CartUpdated,
    RemovedFromCart,
    QuantityTooLarge,
    CartFull,
    ProductUnavailable,
    CartEmpty,
    CartPartlyMerged,
    OutOfStock,
    AddedToWishlist,
    RemovedFromWishlist,
    WishlistFull,
    SignedOut,
    SignedOutEverywhere,
    Registered,
    PasswordReset,
    PasswordChanged,
    EmailVerified,
    EmailChangeRequested,
    VerificationSent,
    ProfileSaved,
    AddressSaved,
    AddressDeleted,
    CardSaved,
    CardDeleted,
    DefaultChanged,
    SessionEnded,
    OrderPlaced,
    OrderProcessing,
    OrderInProgress,
    OrderCancelled,
    CancelRequested,
    NotCancellable,
    BoughtAgain,
    BoughtAgainPartly,
    PaymentDeclined,
    InsufficientFunds,
    CardExpired,
    CheckoutFailed,
    CartTooLarge,
    AlreadyPlaced,
    NotOrderedAgain,
    FormSentBefore,
    ChooseAgain,
}

impl FlashCode {
    /// All codes with their names in the cookie.
    const NAMES: [(Self, &'static str); 44] = [
        (Self::AddedToCart, "added_to_cart"),
        (Self::CartUpdated, "cart_updated"),
        (Self::RemovedFromCart, "removed_from_cart"),
        (Self::QuantityTooLarge, "quantity_too_large"),
        (Self::CartFull, "cart_full"),
        (Self::ProductUnavailable, "product_unavailable"),
        (Self::CartEmpty, "cart_empty"),
        (Self::CartPartlyMerged, "cart_partly_merged"),
        (Self::OutOfStock, "out_of_stock"),
        (Self::AddedToWishlist, "added_to_wishlist"),
        (Self::RemovedFromWishlist, "removed_from_wishlist"),
        (Self::WishlistFull, "wishlist_full"),
        (Self::SignedOut, "signed_out"),
        (Self::SignedOutEverywhere, "signed_out_everywhere"),
        (Self::Registered, "registered"),
        (Self::PasswordReset, "password_reset"),
        (Self::PasswordChanged, "password_changed"),
        (Self::EmailVerified, "email_verified"),
        (Self::EmailChangeRequested, "email_change_requested"),
        (Self::VerificationSent, "verification_sent"),
        (Self::ProfileSaved, "profile_saved"),
        (Self::AddressSaved, "address_saved"),
        (Self::AddressDeleted, "address_deleted"),
        (Self::CardSaved, "card_saved"),
        (Self::CardDeleted, "card_deleted"),
        (Self::DefaultChanged, "default_changed"),
        (Self::SessionEnded, "session_ended"),
        (Self::OrderPlaced, "order_placed"),
        (Self::OrderProcessing, "order_processing"),
        (Self::OrderInProgress, "order_in_progress"),
        (Self::OrderCancelled, "order_cancelled"),
        (Self::CancelRequested, "cancel_requested"),
        (Self::NotCancellable, "not_cancellable"),
        (Self::BoughtAgain, "bought_again"),
        (Self::BoughtAgainPartly, "bought_again_partly"),
        (Self::PaymentDeclined, "payment_declined"),
        (Self::InsufficientFunds, "insufficient_funds"),
        (Self::CardExpired, "card_expired"),
        (Self::CheckoutFailed, "checkout_failed"),
        (Self::CartTooLarge, "cart_too_large"),
        (Self::AlreadyPlaced, "already_placed"),
        (Self::NotOrderedAgain, "not_ordered_again"),
        (Self::FormSentBefore, "form_sent_before"),
        (Self::ChooseAgain, "choose_again"),
    ];

    fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(code, _)| *code == self);
        found.map_or("", |(_, name)| name)
    }

    /// Whether the message reports that something did not work.
    pub(crate) fn is_error(self) -> bool {
        matches!(
            self,
            Self::QuantityTooLarge
                | Self::CartFull
                | Self::ProductUnavailable
                | Self::CartEmpty
                | Self::CartPartlyMerged
                | Self::OutOfStock
                | Self::WishlistFull
                | Self::NotCancellable
                | Self::BoughtAgainPartly
                | Self::PaymentDeclined
                | Self::InsufficientFunds
                | Self::CardExpired
                | Self::CheckoutFailed
                | Self::CartTooLarge
                | Self::NotOrderedAgain
                | Self::FormSentBefore
                | Self::ChooseAgain
        )
    }
}

impl From<FlashCode> for Flash {
    fn from(code: FlashCode) -> Self {
        Self { code, id: None, number: None }
    }
}

impl Flash {
    /// A message about the resource `id`.
    pub(crate) fn about(code: FlashCode, id: Uuid) -> Self {
        Self { code, id: Some(id), number: None }
    }

    /// A message about an order, which it names.
    pub(crate) fn about_order(code: FlashCode, id: Uuid, number: String) -> Self {
        Self { code, id: Some(id), number: Some(number) }
    }

    /// Writes the value of the cookie.
    pub(super) fn to_value(&self) -> String {
        let id = self.id.map(|id| format!(".{id}")).unwrap_or_default();
        let number = self.number.as_ref().map(|number| format!(".{number}")).unwrap_or_default();
        format!("{}{id}{number}", self.code.name())
    }

    /// Parses the value of the cookie; `None` if it is not one of ours.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let name = parts.next()?;
        let (code, _) = FlashCode::NAMES.iter().find(|(_, known)| *known == name)?;
        let id = parts.next().map(Uuid::try_parse).transpose().ok()?;
        let number = parts.next().map(str::to_owned);
        let is_valid = parts.next().is_none() && number.as_deref().is_none_or(is_order_number);
        is_valid.then_some(Self { code: *code, id, number })
    }
}

/// Whether a text may be the number of an order: a cookie can contain anything.
fn is_order_number(text: &str) -> bool {
    let is_allowed = |byte: u8| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_uppercase();
    (1..=MAX_NUMBER_LEN).contains(&text.len()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_its_cookie() {
        for (code, name) in FlashCode::NAMES {
            let id = Uuid::from_u128(7);
            let about_order = Flash::about_order(code, id, "K7Q2-M9XD-4T".to_owned());
            for about in [Flash::about(code, id), about_order] {
                assert_eq!(Flash::parse(&about.to_value()), Some(about), "{name}");
            }
            assert_eq!(Flash::parse(name), Some(code.into()));
            assert_eq!(code.name(), name);
        }
    }

    #[test]
    fn foreign_values_show_no_message() {
        for value in ["", "hacked", "added_to_cart.", "added_to_cart.<b>", "."] {
            assert_eq!(Flash::parse(value), None, "{value}");
        }
        for number in ["", "<b>", "K7Q2-M9XD-4T.", "call +1 555 0100", "K7Q2-M9XD-4T-K7Q2-M9XD"] {
            let value = format!("already_placed.{}.{number}", Uuid::nil());
            assert_eq!(Flash::parse(&value), None, "{value}");
        }
    }
}
