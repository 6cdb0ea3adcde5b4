//! The groups of texts, one per area of the shop.

use super::{Country, ErrorText, StaticText};
use crate::gateway_client::ShipmentStatus;

/// The layout around every page.
#[derive(Debug)]
pub(crate) struct LayoutMessages {
    pub(crate) skip_to_content: &'static str,
    /// Start of the title of a page that reports an error.
    pub(crate) error_prefix: &'static str,
    pub(crate) search_label: &'static str,
    pub(crate) search_placeholder: &'static str,
    pub(crate) search_submit: &'static str,
    pub(crate) suggestions: &'static str,
    pub(crate) account: &'static str,
    pub(crate) your_account: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) cart: &'static str,
    pub(crate) cart_contains: &'static str,
    pub(crate) categories: &'static str,
    pub(crate) all_products: &'static str,
    pub(crate) lowest_prices: &'static str,
    pub(crate) orders: &'static str,
    pub(crate) wishlist: &'static str,
    pub(crate) help: &'static str,
    pub(crate) help_page: &'static str,
    pub(crate) shipping_returns: &'static str,
    pub(crate) accessibility: &'static str,
    pub(crate) shop: &'static str,
    pub(crate) appearance: &'static str,
    pub(crate) theme_auto: &'static str,
    pub(crate) theme_light: &'static str,
    pub(crate) theme_dark: &'static str,
    pub(crate) colophon: &'static str,
}

/// The home page.
#[derive(Debug)]
pub(crate) struct HomeMessages {
    pub(crate) default_tagline: &'static str,
    pub(crate) eyebrow: &'static str,
    pub(crate) intro: &'static str,
    pub(crate) shop_all: &'static str,
    pub(crate) browse_categories: &'static str,
    pub(crate) newest: &'static str,
    pub(crate) by_category: &'static str,
    pub(crate) lowest_prices: &'static str,
    pub(crate) see_all: &'static str,
    pub(crate) promises_label: &'static str,
    pub(crate) promises: &'static [(&'static str, &'static str, &'static str)],
}

/// Lists of products.
#[derive(Debug)]
pub(crate) struct CatalogMessages {
    pub(crate) all_products: &'static str,
    pub(crate) all_products_description: &'static str,
    pub(crate) categories: &'static str,
    pub(crate) categories_description: &'static str,
    pub(crate) no_categories: &'static str,
    pub(crate) breadcrumbs: &'static str,
    pub(crate) category: &'static str,
    pub(crate) filters: &'static str,
    pub(crate) price: &'static str,
    pub(crate) min: &'static str,
    pub(crate) max: &'static str,
    pub(crate) min_price: &'static str,
    pub(crate) max_price: &'static str,
    pub(crate) invalid_price: &'static str,
    pub(crate) only_in_stock: &'static str,
    pub(crate) apply: &'static str,
    pub(crate) clear: &'static str,
    pub(crate) results: &'static str,
    pub(crate) sort: &'static str,
    pub(crate) sort_apply: &'static str,
    pub(crate) sort_relevance: &'static str,
    pub(crate) sort_newest: &'static str,
    pub(crate) sort_price_asc: &'static str,
    pub(crate) sort_price_desc: &'static str,
    pub(crate) sort_name: &'static str,
    pub(crate) nothing_matches: &'static str,
    pub(crate) pages: &'static str,
    pub(crate) previous: &'static str,
    pub(crate) next: &'static str,
    pub(crate) products: fn(i64) -> String,
}

/// Search results.
#[derive(Debug)]
pub(crate) struct SearchMessages {
    pub(crate) title: &'static str,
    pub(crate) prompt: &'static str,
    pub(crate) nothing_found: &'static str,
    pub(crate) advice: &'static str,
    pub(crate) categories: &'static str,
    pub(crate) alternatives: &'static str,
    pub(crate) results_for: fn(&str) -> String,
}

/// The page of a product.
#[derive(Debug)]
pub(crate) struct ProductMessages {
    pub(crate) in_stock: &'static str,
    pub(crate) sold_out: &'static str,
    pub(crate) few_left: fn(i64) -> String,
    pub(crate) quantity: &'static str,
    pub(crate) add_to_cart: &'static str,
    pub(crate) add_to_wishlist: &'static str,
    pub(crate) images: &'static str,
    /// The name of an image by its number.
    pub(crate) image: fn(usize) -> String,
    pub(crate) related: &'static str,
    /// The cost of the cheapest delivery, and the day on which it arrives.
    pub(crate) delivery: fn(&str, &str) -> String,
    /// What an estimate of the delivery is for, with the name of the country.
    pub(crate) delivery_basis: fn(&str) -> String,
    /// Stands for the estimate of the delivery when it is unknown.
    pub(crate) delivery_later: &'static str,
    pub(crate) facts: &'static [(&'static str, &'static str)],
}

/// The cart.
#[derive(Debug)]
pub(crate) struct CartMessages {
    pub(crate) title: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) start_shopping: &'static str,
    pub(crate) guest_hint: &'static str,
    pub(crate) each: &'static str,
    pub(crate) unavailable: &'static str,
    pub(crate) update: &'static str,
    pub(crate) remove: &'static str,
    pub(crate) subtotal: &'static str,
    pub(crate) costs_later: &'static str,
    pub(crate) check_out: &'static str,
    pub(crate) estimate: &'static str,
    pub(crate) estimate_submit: &'static str,
    pub(crate) invalid_quantity: &'static str,
    pub(crate) units: fn(u64) -> String,
    pub(crate) reduce_to: fn(i64) -> String,
}

/// The checkout.
#[derive(Debug)]
pub(crate) struct CheckoutMessages {
    pub(crate) secure: &'static str,
    pub(crate) back_to_cart: &'static str,
    pub(crate) steps: &'static str,
    pub(crate) step_contact: &'static str,
    pub(crate) step_address: &'static str,
    pub(crate) step_delivery: &'static str,
    pub(crate) step_payment: &'static str,
    pub(crate) step_review: &'static str,
    pub(crate) contact_title: &'static str,
    pub(crate) contact_reason: &'static str,
    pub(crate) contact_sign_in: &'static str,
    pub(crate) contact_register: &'static str,
    pub(crate) address_title: &'static str,
    pub(crate) saved_addresses: &'static str,
    pub(crate) new_address: &'static str,
    pub(crate) use_address: &'static str,
    pub(crate) to_delivery: &'static str,
    pub(crate) delivery_title: &'static str,
    pub(crate) payment_title: &'static str,
    pub(crate) saved_cards: &'static str,
    pub(crate) new_card: &'static str,
    pub(crate) use_card: &'static str,
    pub(crate) to_review: &'static str,
    pub(crate) review_title: &'static str,
    pub(crate) continue_label: &'static str,
    pub(crate) back: &'static str,
    pub(crate) change: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) shipping: &'static str,
    pub(crate) tax: &'static str,
    pub(crate) total: &'static str,
    pub(crate) pay_note: &'static str,
    pub(crate) unconfirmed_title: &'static str,
    pub(crate) unconfirmed_text: &'static str,
    pub(crate) unconfirmed_retry: &'static str,
    pub(crate) days: fn(u32) -> String,
    pub(crate) arrives: fn(&str) -> String,
    pub(crate) pay: fn(&str) -> String,
    pub(crate) total_changed: fn(&str, &str) -> String,
    pub(crate) cart_changed: &'static str,
}

/// Fields that several forms have.
#[derive(Debug)]
pub(crate) struct FormsMessages {
    pub(crate) optional: &'static str,
    pub(crate) check_fields: &'static str,
    pub(crate) save: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) email: &'static str,
    pub(crate) new_email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) current_password: &'static str,
    pub(crate) new_password: &'static str,
    pub(crate) show_password: &'static str,
    pub(crate) password_hint: &'static str,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) field_error: fn(&str, &str, &str) -> String,
}

/// Sign-in.
#[derive(Debug)]
pub(crate) struct LoginMessages {
    pub(crate) title: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) remember: &'static str,
    pub(crate) forgot: &'static str,
    pub(crate) no_account: &'static str,
    pub(crate) create_account: &'static str,
    pub(crate) invalid_credentials: &'static str,
    pub(crate) account_disabled: &'static str,
    pub(crate) too_many_attempts: &'static str,
    pub(crate) reason_required: &'static str,
    pub(crate) reason_expired: &'static str,
    pub(crate) reason_unsaved: &'static str,
}

/// Registration.
#[derive(Debug)]
pub(crate) struct RegisterMessages {
    pub(crate) title: &'static str,
    pub(crate) intro: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) have_account: &'static str,
    pub(crate) email_taken: &'static str,
}

/// Forgotten passwords.
#[derive(Debug)]
pub(crate) struct PasswordResetMessages {
    pub(crate) forgot_title: &'static str,
    pub(crate) forgot_intro: &'static str,
    pub(crate) forgot_submit: &'static str,
    pub(crate) sent: &'static str,
    pub(crate) sent_hint: &'static str,
    pub(crate) reset_title: &'static str,
    pub(crate) reset_submit: &'static str,
    pub(crate) invalid_token: &'static str,
    pub(crate) new_mail: &'static str,
}

/// Verification of an e-mail address.
#[derive(Debug)]
pub(crate) struct VerifyEmailMessages {
    pub(crate) title: &'static str,
    pub(crate) intro: &'static str,
    pub(crate) submit: &'static str,
    pub(crate) invalid_token: &'static str,
}

/// The overview of an account.
#[derive(Debug)]
pub(crate) struct AccountMessages {
    pub(crate) title: &'static str,
    pub(crate) greeting: fn(&str) -> String,
    pub(crate) navigation: &'static [(&'static str, &'static str)],
    pub(crate) unverified: &'static str,
    pub(crate) verify: &'static str,
    pub(crate) recent_orders: &'static str,
    pub(crate) all_orders: &'static str,
    pub(crate) no_orders: &'static str,
    pub(crate) default_address: &'static str,
    pub(crate) no_address: &'static str,
    pub(crate) default_card: &'static str,
    pub(crate) no_card: &'static str,
    pub(crate) unavailable: &'static str,
    pub(crate) manage: &'static str,
    pub(crate) edit: &'static str,
    pub(crate) delete: &'static str,
    pub(crate) set_default: &'static str,
    pub(crate) default_label: &'static str,
}

/// Orders.
#[derive(Debug)]
pub(crate) struct OrdersMessages {
    pub(crate) title: &'static str,
    pub(crate) filter: &'static str,
    pub(crate) all: &'static str,
    pub(crate) none_in_status: &'static str,
    pub(crate) newer: &'static str,
    pub(crate) older: &'static str,
    pub(crate) order_number: fn(&str) -> String,
    pub(crate) placed_on: fn(&str) -> String,
    pub(crate) pending: &'static str,
    pub(crate) confirmed: &'static str,
    pub(crate) processing: &'static str,
    pub(crate) shipped: &'static str,
    pub(crate) delivered: &'static str,
    pub(crate) cancelled: &'static str,
    pub(crate) refunded: &'static str,
    pub(crate) unknown: &'static str,
    /// The text of an event of a shipment; `None` shows the description of the shipping service,
    /// which is in English.
    pub(crate) shipment_event: fn(ShipmentStatus) -> Option<&'static str>,
    pub(crate) summary_pending: &'static str,
    pub(crate) summary_confirmed: &'static str,
    pub(crate) summary_processing: &'static str,
    pub(crate) summary_shipped: &'static str,
    pub(crate) summary_delivered: &'static str,
    pub(crate) summary_cancelled: &'static str,
    pub(crate) summary_refunded: &'static str,
    pub(crate) summary_declined: &'static str,
    pub(crate) summary_failed: &'static str,
    pub(crate) check_now: &'static str,
    pub(crate) timeline: &'static str,
    pub(crate) delivery: &'static str,
    pub(crate) tracking_number: &'static str,
    pub(crate) lines: &'static str,
    pub(crate) buy_again: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) cancel_reason: &'static str,
    pub(crate) cancel_submit: &'static str,
}

/// Addresses.
#[derive(Debug)]
pub(crate) struct AddressMessages {
    pub(crate) title: &'static str,
    pub(crate) new_title: &'static str,
    pub(crate) edit_title: &'static str,
    pub(crate) recipient: &'static str,
    pub(crate) street: &'static str,
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) zip_code: &'static str,
    pub(crate) country: &'static str,
    /// All countries, in alphabetical order.
    pub(crate) countries: fn() -> &'static [Country],
    pub(crate) make_default: &'static str,
    pub(crate) too_many: &'static str,
}

/// Payment cards.
#[derive(Debug)]
pub(crate) struct CardMessages {
    pub(crate) title: &'static str,
    pub(crate) new_title: &'static str,
    pub(crate) number: &'static str,
    pub(crate) expiry: &'static str,
    pub(crate) expiry_hint: &'static str,
    pub(crate) cvv: &'static str,
    pub(crate) make_default: &'static str,
    pub(crate) too_many: &'static str,
    pub(crate) send_again: &'static str,
    pub(crate) test_cards: &'static str,
    pub(crate) test_success: &'static str,
    pub(crate) test_declined: &'static str,
    pub(crate) test_funds: &'static str,
    pub(crate) expires: fn(u32, u32) -> String,
}

/// The wishlist.
#[derive(Debug)]
pub(crate) struct WishlistMessages {
    pub(crate) title: &'static str,
    pub(crate) empty: &'static str,
}

/// Personal details.
#[derive(Debug)]
pub(crate) struct ProfileMessages {
    pub(crate) title: &'static str,
}

/// Password, e-mail address and sessions.
#[derive(Debug)]
pub(crate) struct SecurityMessages {
    pub(crate) title: &'static str,
    pub(crate) password: &'static str,
    pub(crate) change_password: &'static str,
    pub(crate) email: &'static str,
    pub(crate) change_email: &'static str,
    pub(crate) verified: &'static str,
    pub(crate) unverified: &'static str,
    pub(crate) resend: &'static str,
    pub(crate) sessions: &'static str,
    pub(crate) sessions_hint: &'static str,
    pub(crate) signed_in: &'static str,
    pub(crate) last_used: &'static str,
    pub(crate) this_device: &'static str,
    pub(crate) sign_out_everywhere: &'static str,
}

/// What the shop stores.
#[derive(Debug)]
pub(crate) struct PrivacyMessages {
    pub(crate) title: &'static str,
    pub(crate) intro: &'static str,
    pub(crate) sections: &'static [(&'static str, &'static str)],
}

/// Static pages.
#[derive(Debug)]
pub(crate) struct HelpMessages {
    pub(crate) contact: &'static str,
    pub(crate) help: StaticText,
    pub(crate) shipping_returns: StaticText,
    pub(crate) accessibility: StaticText,
    pub(crate) offline: StaticText,
}

/// Error pages.
#[derive(Debug)]
pub(crate) struct ErrorsMessages {
    pub(crate) try_again: &'static str,
    pub(crate) to_home: &'static str,
    pub(crate) to_products: &'static str,
    pub(crate) request_id: &'static str,
    pub(crate) retry_after: fn(u64) -> String,
    pub(crate) text: fn(u16) -> ErrorText,
}
