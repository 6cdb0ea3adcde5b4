//! The pseudo-locale of tests: English in brackets, and 40 % longer. What a page shows outside of
//! brackets is not in the catalogue.

use std::sync::LazyLock;

use super::flash::FlashLinkTexts;
use super::groups::{
    AccountMessages, AddressMessages, CardMessages, CartMessages, CatalogMessages,
    CheckoutMessages, ErrorsMessages, FormsMessages, HelpMessages, HomeMessages, LayoutMessages,
    LoginMessages, OrdersMessages, PasswordResetMessages, PrivacyMessages, ProductMessages,
    ProfileMessages, RegisterMessages, SearchMessages, SecurityMessages, VerifyEmailMessages,
    WishlistMessages,
};
use super::{Country, ErrorText, Messages, StaticText, en};

const EN: &Messages = &en::MESSAGES;

/// Makes a group of texts: those that are listed in brackets, and the others as given.
macro_rules! group {
    ($group:ident of $source:expr, [$($text:ident),* $(,)?] $({ $($other:tt)* })?) => {
        $group { $($text: bracket($source.$text),)* $($($other)*)? }
    };
}

pub(super) static MESSAGES: LazyLock<Messages> = LazyLock::new(|| {
    let en = EN;
    Messages {
        layout: group!(LayoutMessages of en.layout, [
            skip_to_content, error_prefix, search_label, search_placeholder, search_submit,
            suggestions, account,
            your_account, sign_in, sign_out, cart, cart_contains, categories, all_products,
            lowest_prices, orders, wishlist, help, help_page, shipping_returns, accessibility, shop,
            appearance, theme_auto, theme_light, theme_dark, colophon,
        ]),
        home: group!(HomeMessages of en.home, [
            default_tagline, eyebrow, intro, shop_all, browse_categories, newest, by_category,
            lowest_prices, see_all, promises_label,
        ] {
            promises: list(en.home.promises, |(icon, title, text)| {
                (icon, bracket(title), bracket(text))
            }),
        }),
        catalog: group!(CatalogMessages of en.catalog, [
            all_products, all_products_description, categories, categories_description,
            no_categories, breadcrumbs, category, filters, price, min, max, min_price, max_price,
            invalid_price, only_in_stock, apply, clear, results, sort, sort_apply, sort_relevance,
            sort_newest, sort_price_asc, sort_price_desc, sort_name, nothing_matches, pages,
            previous, next,
        ] {
            products: |a| wrap(&(EN.catalog.products)(a)),
        }),
        search: group!(SearchMessages of en.search, [
            title, prompt, nothing_found, advice, categories, alternatives,
        ] {
            results_for: |a| wrap(&(EN.search.results_for)(a)),
        }),
        product: group!(ProductMessages of en.product, [
            in_stock, sold_out, quantity, add_to_cart, add_to_wishlist, images, related,
            delivery_later,
        ] {
            few_left: |a| wrap(&(EN.product.few_left)(a)),
            image: |a| wrap(&(EN.product.image)(a)),
            delivery: |a, b| wrap(&(EN.product.delivery)(a, b)),
            delivery_basis: |a| wrap(&(EN.product.delivery_basis)(a)),
            facts: list(en.product.facts, |(icon, text)| (icon, bracket(text))),
        }),
        cart: group!(CartMessages of en.cart, [
            title, empty, start_shopping, guest_hint, each, unavailable, update, remove, subtotal,
            costs_later, check_out, estimate, estimate_submit, invalid_quantity,
        ] {
            units: |a| wrap(&(EN.cart.units)(a)),
            reduce_to: |a| wrap(&(EN.cart.reduce_to)(a)),
        }),
        checkout: group!(CheckoutMessages of en.checkout, [
            secure, back_to_cart, steps, step_contact, step_address, step_delivery, step_payment,
            step_review, contact_title, contact_reason, contact_sign_in, contact_register,
            address_title, saved_addresses, new_address, use_address, to_delivery, delivery_title,
            payment_title, saved_cards, new_card, use_card, to_review, review_title, continue_label,
            back, change, summary, shipping, tax, total, pay_note, unconfirmed_title,
            unconfirmed_text, unconfirmed_retry, cart_changed,
        ] {
            days: |a| wrap(&(EN.checkout.days)(a)),
            arrives: |a| wrap(&(EN.checkout.arrives)(a)),
            pay: |a| wrap(&(EN.checkout.pay)(a)),
            total_changed: |a, b| wrap(&(EN.checkout.total_changed)(a, b)),
        }),
        forms: group!(FormsMessages of en.forms, [
            optional, check_fields, save, cancel, email, new_email, password, current_password,
            new_password, show_password, password_hint, first_name, last_name, phone,
        ] {
            field_error: |a, b, c| wrap(&(EN.forms.field_error)(a, b, c)),
        }),
        login: group!(LoginMessages of en.login, [
            title, submit, remember, forgot, no_account, create_account, invalid_credentials,
            account_disabled, too_many_attempts, reason_required, reason_expired, reason_unsaved,
        ]),
        register: group!(RegisterMessages of en.register, [
            title, intro, submit, have_account, email_taken,
        ]),
        password_reset: group!(PasswordResetMessages of en.password_reset, [
            forgot_title, forgot_intro, forgot_submit, sent, sent_hint, reset_title, reset_submit,
            invalid_token, new_mail,
        ]),
        verify_email: group!(VerifyEmailMessages of en.verify_email, [
            title, intro, submit, invalid_token,
        ]),
        account: group!(AccountMessages of en.account, [
            title, unverified, verify, recent_orders, all_orders, no_orders, default_address,
            no_address, default_card, no_card, unavailable, manage, edit, delete, set_default,
            default_label,
        ] {
            greeting: |a| wrap(&(EN.account.greeting)(a)),
            navigation: list(en.account.navigation, |(href, label)| (href, bracket(label))),
        }),
        orders: group!(OrdersMessages of en.orders, [
            title, filter, all, none_in_status, newer, older, pending, confirmed, processing,
            shipped, delivered, cancelled, refunded, unknown, summary_pending, summary_confirmed,
            summary_processing, summary_shipped, summary_delivered, summary_cancelled,
            summary_refunded, summary_declined, summary_failed, check_now, timeline, delivery,
            tracking_number, lines, buy_again, cancel, cancel_reason, cancel_submit,
        ] {
            order_number: |a| wrap(&(EN.orders.order_number)(a)),
            placed_on: |a| wrap(&(EN.orders.placed_on)(a)),
            // The description of the shipping service would be data.
            shipment_event: |_| Some(bracket("Event")),
        }),
        address: group!(AddressMessages of en.address, [
            title, new_title, edit_title, recipient, street, city, state, zip_code, country,
            make_default, too_many,
        ] {
            countries,
        }),
        card: group!(CardMessages of en.card, [
            title, new_title, number, expiry, expiry_hint, cvv, make_default, too_many, send_again,
            test_cards, test_success, test_declined, test_funds,
        ] {
            expires: |a, b| wrap(&(EN.card.expires)(a, b)),
        }),
        wishlist: group!(WishlistMessages of en.wishlist, [
            title, empty,
        ]),
        profile: group!(ProfileMessages of en.profile, [
            title,
        ]),
        security: group!(SecurityMessages of en.security, [
            title, password, change_password, email, change_email, verified, unverified, resend,
            sessions, sessions_hint, signed_in, last_used, this_device, sign_out_everywhere,
        ]),
        privacy: group!(PrivacyMessages of en.privacy, [
            title, intro,
        ] {
            sections: list(en.privacy.sections, |(title, text)| (bracket(title), bracket(text))),
        }),
        help: group!(HelpMessages of en.help, [
            contact,
        ] {
            help: static_text(&en.help.help),
            shipping_returns: static_text(&en.help.shipping_returns),
            accessibility: static_text(&en.help.accessibility),
            offline: static_text(&en.help.offline),
        }),
        errors: group!(ErrorsMessages of en.errors, [
            try_again, to_home, to_products, request_id,
        ] {
            retry_after: |a| wrap(&(EN.errors.retry_after)(a)),
            text: error_text,
        }),
        flash: |code| bracket((EN.flash)(code)),
        flash_about_order: |code, number| (EN.flash_about_order)(code, number).as_deref().map(wrap),
        flash_links: group!(FlashLinkTexts of en.flash_links, [
            view_cart, check_out, view_order, view_wishlist,
        ]),
    }
});

/// Puts a text in brackets, and makes it longer. An empty one stays empty: pages show none.
fn wrap(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("⟦{text}{}⟧", "·".repeat(text.chars().count() * 2 / 5)),
    }
}

/// Puts a text of the catalogue in brackets. Tests use few texts, so that they may stay in memory.
fn bracket(text: &str) -> &'static str {
    wrap(text).leak()
}

fn list<T: Copy>(items: &[T], bracketed: impl Fn(T) -> T) -> &'static [T] {
    items.iter().map(|item| bracketed(*item)).collect::<Vec<_>>().leak()
}

fn static_text(text: &StaticText) -> StaticText {
    let section = |(title, paragraphs): (_, &'static [&'static str])| {
        (bracket(title), list(paragraphs, |paragraph| bracket(paragraph)))
    };
    StaticText {
        title: bracket(text.title),
        description: bracket(text.description),
        sections: list(text.sections, section),
    }
}

fn countries() -> &'static [Country] {
    static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
        let english = (EN.address.countries)().iter();
        let bracketed =
            |country: &Country| Country { code: country.code, name: wrap(&country.name).into() };
        english.map(bracketed).collect()
    });
    &COUNTRIES
}

fn error_text(status: u16) -> ErrorText {
    let ErrorText { title, advice } = (EN.errors.text)(status);
    ErrorText { title: bracket(title), advice: bracket(advice) }
}
