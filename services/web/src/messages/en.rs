//! English.

use super::flash::FlashLinkTexts;
use super::groups::{
    AccountMessages, AddressMessages, CardMessages, CartMessages, CatalogMessages,
    CheckoutMessages, ErrorsMessages, FormsMessages, HelpMessages, HomeMessages, LayoutMessages,
    LoginMessages, OrdersMessages, PasswordResetMessages, PrivacyMessages, ProductMessages,
    ProfileMessages, RegisterMessages, SearchMessages, SecurityMessages, VerifyEmailMessages,
    WishlistMessages,
};
use super::{ErrorText, Messages, StaticText, countries};
use crate::session::FlashCode;

pub(super) static MESSAGES: Messages = Messages {
    layout: LayoutMessages {
        skip_to_content: "Skip to content",
        error_prefix: "Error: ",
        search_label: "Search the shop",
        search_placeholder: "Search",
        search_submit: "Search",
        suggestions: "Suggested products",
        account: "Account",
        your_account: "Your account",
        sign_in: "Sign in",
        sign_out: "Sign out",
        cart: "Cart",
        cart_contains: "Units in the cart: ",
        categories: "Categories",
        all_products: "All products",
        lowest_prices: "Lowest prices",
        orders: "Orders",
        wishlist: "Wishlist",
        help: "Help",
        help_page: "Questions and answers",
        shipping_returns: "Shipping and returns",
        accessibility: "Accessibility",
        shop: "Shop",
        appearance: "Appearance",
        theme_auto: "Automatic",
        theme_light: "Light",
        theme_dark: "Dark",
        colophon: "Made with care, sent without hurry.",
    },
    home: HomeMessages {
        default_tagline: "Good things for everyday life",
        eyebrow: "New this season",
        intro: "A small selection of electronics, clothing and books that we use ourselves.",
        shop_all: "Shop all products",
        browse_categories: "Browse categories",
        newest: "Newest",
        by_category: "By category",
        lowest_prices: "Lowest prices",
        see_all: "See all",
        promises_label: "How we work",
        promises: &[
            ("truck", "Delivery with a date", "You see the day of arrival before you pay."),
            ("tag", "The price you saw", "You are charged the total of the review, never more."),
            ("return", "Easy returns", "Unused items come back within 30 days."),
        ],
    },
    catalog: CatalogMessages {
        all_products: "All products",
        all_products_description: "Everything in the shop, the newest first.",
        categories: "Categories",
        categories_description: "Find your way through the shop.",
        no_categories: "There are no categories yet.",
        breadcrumbs: "You are here",
        category: "Category",
        filters: "Filters",
        price: "Price",
        min: "From",
        max: "To",
        min_price: "Lowest price",
        max_price: "Highest price",
        invalid_price: "Enter prices such as 10 or 19.99, the lower one first.",
        only_in_stock: "Only in stock",
        apply: "Apply",
        clear: "Clear filters",
        results: "Products",
        sort: "Sort by",
        sort_apply: "Sort",
        sort_relevance: "Best match",
        sort_newest: "Newest",
        sort_price_asc: "Price, low to high",
        sort_price_desc: "Price, high to low",
        sort_name: "Name",
        nothing_matches: "No product matches these filters.",
        pages: "Pages",
        previous: "Previous",
        next: "Next",
        products,
    },
    search: SearchMessages {
        title: "Search",
        prompt: "What are you looking for?",
        nothing_found: "Nothing found.",
        advice: "Try a shorter word, or another spelling.",
        categories: "Browse by category",
        alternatives: "New in the shop",
        results_for,
    },
    product: ProductMessages {
        in_stock: "In stock",
        sold_out: "Sold out",
        few_left,
        quantity: "Quantity",
        add_to_cart: "Add to cart",
        add_to_wishlist: "Save to wishlist",
        images: "Images",
        image,
        related: "You may also like",
        delivery,
        delivery_basis,
        delivery_later: "The delivery date and cost are shown before you pay",
        facts: &[("return", "Returns within 30 days")],
    },
    cart: CartMessages {
        title: "Cart",
        empty: "Your cart is empty.",
        start_shopping: "Start shopping",
        guest_hint: "Do you have an account? Sign in to see its cart.",
        each: "each",
        unavailable: "No longer for sale. It is not part of the total.",
        update: "Update",
        remove: "Remove",
        subtotal: "Subtotal",
        costs_later: "Shipping and tax are added in the checkout, before you pay.",
        check_out: "Check out",
        estimate: "Estimate shipping",
        estimate_submit: "Estimate",
        invalid_quantity: "Enter a quantity from 1 to 99.",
        units,
        reduce_to,
    },
    checkout: CheckoutMessages {
        secure: "Secure checkout",
        back_to_cart: "Back to cart",
        steps: "Steps of the checkout",
        step_contact: "Contact",
        step_address: "Address",
        step_delivery: "Delivery",
        step_payment: "Payment",
        step_review: "Review",
        contact_title: "Who is ordering?",
        contact_reason: "An order needs an account: it shows you the status of the order and \
            keeps your addresses. Your cart stays as it is.",
        contact_sign_in: "Sign in",
        contact_register: "An account takes a minute. You continue with your cart.",
        address_title: "Where should it go?",
        saved_addresses: "Saved addresses",
        new_address: "Use another address",
        use_address: "Save and continue",
        to_delivery: "Continue to delivery",
        delivery_title: "How fast?",
        payment_title: "How would you like to pay?",
        saved_cards: "Saved cards",
        new_card: "Use another card",
        use_card: "Save and continue",
        to_review: "Continue to review",
        review_title: "Review your order",
        continue_label: "Continue",
        back: "Back",
        change: "Change",
        summary: "Summary",
        shipping: "Shipping",
        tax: "Tax",
        total: "Total",
        pay_note: "You are charged at most this amount when the order is confirmed.",
        unconfirmed_title: "We could not confirm your order",
        unconfirmed_text: "The shop did not answer in time. Trying again cannot charge you twice.",
        unconfirmed_retry: "Try again",
        days,
        arrives,
        pay,
        total_changed,
        cart_changed: "Your cart has changed. Please check the order. Nothing was charged.",
    },
    forms: FormsMessages {
        optional: "optional",
        check_fields: "Please check:",
        save: "Save",
        cancel: "Cancel",
        email: "E-mail address",
        new_email: "New e-mail address",
        password: "Password",
        current_password: "Current password",
        new_password: "New password",
        show_password: "Show password",
        password_hint: "At least 8 characters. A sentence is a good password.",
        first_name: "First name",
        last_name: "Last name",
        phone: "Phone",
        field_error,
    },
    login: LoginMessages {
        title: "Sign in",
        submit: "Sign in",
        remember: "Keep me signed in",
        forgot: "Forgot your password?",
        no_account: "New here?",
        create_account: "Create an account",
        invalid_credentials: "The e-mail address or the password is wrong.",
        account_disabled: "This account is disabled. Please contact us.",
        too_many_attempts: "Too many attempts. Please wait a few minutes.",
        reason_required: "Please sign in to continue.",
        reason_expired: "Your session has ended. Please sign in again.",
        reason_unsaved: "Your session has ended, and the change was not saved. Please sign in \
            and try again.",
    },
    register: RegisterMessages {
        title: "Create an account",
        intro: "For orders, addresses and a wishlist.",
        submit: "Create account",
        have_account: "Already have an account?",
        email_taken: "There is an account with this e-mail address. Sign in, or reset the \
            password.",
    },
    password_reset: PasswordResetMessages {
        forgot_title: "Forgot your password?",
        forgot_intro: "We send you a link that sets a new one.",
        forgot_submit: "Send link",
        sent: "Check your mail. If there is an account with this address, a link is on its way.",
        sent_hint: "The link is valid for one hour. Look into the spam folder, too.",
        reset_title: "Set a new password",
        reset_submit: "Set password",
        invalid_token: "This link is no longer valid. Request a new one.",
        new_mail: "Request a new link",
    },
    verify_email: VerifyEmailMessages {
        title: "Confirm your e-mail address",
        intro: "One more step: confirm that this address is yours.",
        submit: "Confirm address",
        invalid_token: "This link is no longer valid. Request a new one on the security page of \
            your account.",
    },
    account: AccountMessages {
        title: "Your account",
        greeting,
        navigation: &[
            ("/account", "Overview"),
            ("/orders", "Orders"),
            ("/addresses", "Addresses"),
            ("/payment-methods", "Cards"),
            ("/wishlist", "Wishlist"),
            ("/profile", "Profile"),
            ("/security", "Security"),
            ("/privacy", "Privacy"),
        ],
        unverified: "Your e-mail address is not confirmed yet.",
        verify: "Confirm it",
        recent_orders: "Recent orders",
        all_orders: "All orders",
        no_orders: "You have no orders yet.",
        default_address: "Default address",
        no_address: "You have no saved address.",
        default_card: "Default card",
        no_card: "You have no saved card.",
        unavailable: "This is unavailable at the moment. Please try again in a minute.",
        manage: "Manage",
        edit: "Edit",
        delete: "Delete",
        set_default: "Make default",
        default_label: "Default",
    },
    orders: OrdersMessages {
        title: "Orders",
        filter: "Status",
        all: "All",
        none_in_status: "No order has this status.",
        newer: "Newer",
        older: "Older",
        order_number,
        placed_on,
        pending: "Pending",
        confirmed: "Paid",
        processing: "Packed",
        shipped: "On its way",
        delivered: "Delivered",
        cancelled: "Cancelled",
        refunded: "Refunded",
        unknown: "Unknown",
        shipment_event: |_| None,
        summary_pending: "Your order is being processed. This takes a few seconds.",
        summary_confirmed: "Thank you. We have your payment and prepare the parcel.",
        summary_processing: "Your parcel is packed and waits for the carrier.",
        summary_shipped: "Your parcel is on its way.",
        summary_delivered: "Your parcel has arrived.",
        summary_cancelled: "This order was cancelled.",
        summary_refunded: "This order was refunded.",
        summary_declined: "Your bank declined the payment. You were not charged.",
        summary_failed: "The order could not be completed. You were not charged.",
        check_now: "Check the order status now",
        timeline: "Timeline",
        delivery: "Delivery",
        tracking_number: "Tracking number",
        lines: "Items",
        buy_again: "Buy again",
        cancel: "Cancel this order",
        cancel_reason: "Reason",
        cancel_submit: "Cancel order",
    },
    address: AddressMessages {
        title: "Addresses",
        new_title: "Add an address",
        edit_title: "Edit address",
        recipient: "Full name",
        street: "Street and number",
        city: "City",
        state: "State or province",
        zip_code: "Postal code",
        country: "Country",
        countries: countries::english,
        make_default: "Make this my default address",
        too_many: "Your address book is full. Delete an address first.",
    },
    card: CardMessages {
        title: "Cards",
        new_title: "Add a card",
        number: "Card number",
        expiry: "Expiry",
        expiry_hint: "Month and year, such as 12/30",
        cvv: "Security code",
        make_default: "Make this my default card",
        too_many: "You have reached the maximum number of cards. Delete one first.",
        send_again: "The card was not saved. Please enter it again.",
        test_cards: "This is a trial shop: test card numbers",
        test_success: "is accepted",
        test_declined: "is declined",
        test_funds: "has insufficient funds",
        expires,
    },
    wishlist: WishlistMessages { title: "Wishlist", empty: "Your wishlist is empty." },
    profile: ProfileMessages { title: "Profile" },
    security: SecurityMessages {
        title: "Security",
        password: "Password",
        change_password: "Change password",
        email: "E-mail address",
        change_email: "Change e-mail address",
        verified: "Confirmed",
        unverified: "Not confirmed",
        resend: "Send the mail again",
        sessions: "Devices",
        sessions_hint: "You are signed in on these devices.",
        signed_in: "Signed in",
        last_used: "Last used",
        this_device: "This device",
        sign_out_everywhere: "Sign out everywhere",
    },
    privacy: PrivacyMessages {
        title: "Privacy",
        intro: "What the shop stores about you, and why.",
        sections: &[
            (
                "Account",
                "Your name, your e-mail address and, if you enter it, your phone number. Your \
                    password is stored as a hash that cannot be turned back.",
            ),
            (
                "Orders",
                "What you ordered, where it went and what it cost, because the law requires it.",
            ),
            (
                "Cards",
                "Only the brand, the expiry and the last four digits. The number and the \
                    security code go to the payment provider and are not stored.",
            ),
            (
                "Cookies",
                "Only those that the shop needs: your session, your cart before you sign in, a \
                    message for the next page and the appearance you chose. There is no tracking.",
            ),
        ],
    },
    help: HelpMessages {
        contact: "Write to us:",
        help: StaticText {
            title: "Questions and answers",
            description: "Short answers to what customers ask most.",
            sections: &[
                (
                    "How do I order?",
                    &["Add products to the cart, sign in and check out. You see every cost \
                            before you pay."],
                ),
                (
                    "When am I charged?",
                    &["When the order is confirmed. If your bank declines the payment, nothing \
                            is charged and nothing is ordered."],
                ),
                (
                    "Can I cancel an order?",
                    &["Yes, until the parcel is packed: open the order in your account and \
                            cancel it. The refund follows at once."],
                ),
                (
                    "I ordered twice by accident.",
                    &["Repeating the last step does not order again. If there are two orders, \
                            cancel one of them."],
                ),
            ],
        },
        shipping_returns: StaticText {
            title: "Shipping and returns",
            description: "How parcels reach you, and how they come back.",
            sections: &[
                (
                    "Shipping",
                    &[
                        "The cost depends on the weight and the destination. The cart estimates \
                            it, the checkout shows it with the day of arrival.",
                        "You follow the parcel on the page of your order.",
                    ],
                ),
                (
                    "Returns",
                    &["You can return unused items within 30 days of delivery. We refund the \
                            price with the card you paid with."],
                ),
            ],
        },
        accessibility: StaticText {
            title: "Accessibility",
            description: "Everyone should be able to shop here.",
            sections: &[
                (
                    "What we do",
                    &[
                        "The shop works with a keyboard, with a screen reader, at 400 % zoom and \
                            without scripts. It follows your settings for colors, contrast and \
                            motion.",
                        "Text has a contrast of at least 4.5 to 1. Controls are at least 44 \
                            pixels high.",
                    ],
                ),
                (
                    "How we measure it",
                    &["Automated tests check every page against WCAG 2.2, levels A and AA."],
                ),
                ("If something does not work", &["Please write to us. We treat it as an error."]),
            ],
        },
        offline: StaticText {
            title: "You are offline",
            description: "There is no connection to the shop.",
            sections: &[(
                "What you can do",
                &["Check your network and load the page again. Your cart and your orders are \
                        safe."],
            )],
        },
    },
    errors: ErrorsMessages {
        try_again: "Try again",
        to_home: "Home page",
        to_products: "All products",
        request_id: "Request",
        retry_after,
        text: error_text,
    },
    flash,
    flash_about_order,
    flash_links: FlashLinkTexts {
        view_cart: "View cart",
        check_out: "Check out",
        view_order: "View order",
        view_wishlist: "View wishlist",
    },
};

fn products(count: i64) -> String {
    match count {
        1 => "1 product".to_owned(),
        count => format!("{count} products"),
    }
}

fn units(count: u64) -> String {
    match count {
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    }
}

fn results_for(text: &str) -> String {
    format!("Results for “{text}”")
}

fn few_left(units: i64) -> String {
    format!("Only {units} left")
}

fn reduce_to(units: i64) -> String {
    format!("Reduce to {units}")
}

fn days(days: u32) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn arrives(day: &str) -> String {
    format!("Arrives by {day}")
}

fn image(number: usize) -> String {
    format!("Image {number}")
}

fn delivery(cost: &str, day: &str) -> String {
    format!("Delivery from {cost}, arrives by {day}")
}

fn delivery_basis(country: &str) -> String {
    format!("Estimate for one item. Destination: {country}")
}

fn pay(total: &str) -> String {
    format!("Pay {total}")
}

fn total_changed(was: &str, now: &str) -> String {
    format!("The total has changed from {was} to {now}. Nothing was ordered or charged.")
}

fn greeting(first_name: &str) -> String {
    match first_name {
        "" => "Hello".to_owned(),
        name => format!("Hello, {name}"),
    }
}

fn order_number(number: &str) -> String {
    format!("Order {number}")
}

fn placed_on(date: &str) -> String {
    format!("Placed on {date}")
}

fn expires(month: u32, year: u32) -> String {
    format!("Expires {month:02}/{year}")
}

fn retry_after(seconds: u64) -> String {
    match seconds {
        0..=1 => "Try again in a second.".to_owned(),
        2..=90 => format!("Try again in {seconds} seconds."),
        _ => format!("Try again in {} minutes.", seconds.div_ceil(60)),
    }
}

/// Returns the text for an invalid field: of the field, else of the kind of error. The explanation
/// of the API is English, too, and better than a general sentence.
fn field_error(field: &str, code: &str, detail: &str) -> String {
    let text = match (field, code) {
        ("email", _) => "Enter an e-mail address such as name@example.com.",
        ("card_number", _) => "Check the card number.",
        ("exp_month" | "exp_year", _) => "Enter a month and year that have not passed.",
        ("cvv", _) => "Enter the three or four digits that are printed on the card.",
        ("current_password", "required") => "Enter your current password.",
        ("current_password", _) => "This password is wrong.",
        ("password" | "new_password", "required" | "too_short" | "out_of_range") => {
            "Enter a password of at least 8 characters."
        }
        (_, "required") => "Fill in this field.",
        (_, "too_long") => "This text is too long.",
        _ => "",
    };
    match (text, detail) {
        ("", "") => "This value is not valid.".to_owned(),
        ("", detail) => format!("This value {}.", detail.trim_end_matches('.')),
        (text, _) => text.to_owned(),
    }
}

fn error_text(status: u16) -> ErrorText {
    let (title, advice) = match status {
        400 => ("We could not read this request", "Go back, and try again."),
        403 => (
            "This request did not come from the shop",
            "For your safety it was refused. Open the page in the shop, and try again.",
        ),
        404 => {
            ("There is no such page", "It may have moved, or the product is no longer for sale.")
        }
        405 => ("This page cannot be used this way", "Go back, and use the form of the page."),
        413 => ("That was too much", "Shorten your text, and send it again."),
        429 => ("One moment, please", "There were too many requests from your network."),
        503 => ("The shop takes a short break", "We are working on it. Your cart is safe."),
        504 => ("The shop did not answer in time", "Please try again in a moment."),
        _ => ("Something went wrong", "The error was recorded. Please try again in a moment."),
    };
    ErrorText { title, advice }
}

fn flash_about_order(code: FlashCode, number: &str) -> Option<String> {
    match code {
        FlashCode::AlreadyPlaced => Some(format!("You have already placed order {number}.")),
        FlashCode::FormSentBefore => Some(format!(
            "This form was sent before, and your last order is {number}. Please check it before \
             you order again."
        )),
        _ => None,
    }
}

fn flash(code: FlashCode) -> &'static str {
    match code {
        FlashCode::AddedToCart => "Added to your cart.",
        FlashCode::CartUpdated => "Your cart is updated.",
        FlashCode::RemovedFromCart => "Removed from your cart.",
        FlashCode::QuantityTooLarge => "A cart holds at most 99 units of one product.",
        FlashCode::CartFull => "Your cart is full. Remove something first.",
        FlashCode::ProductUnavailable => "A product is no longer for sale.",
        FlashCode::CartEmpty => "Your cart is empty.",
        FlashCode::CartPartlyMerged => {
            "Your cart is full. Some products that you chose before you signed in are not in it."
        }
        FlashCode::OutOfStock => "Some products are not available in this quantity.",
        FlashCode::AddedToWishlist => "Saved to your wishlist.",
        FlashCode::RemovedFromWishlist => "Removed from your wishlist.",
        FlashCode::WishlistFull => "Your wishlist is full. Remove something first.",
        FlashCode::SignedOut => "You are signed out.",
        FlashCode::SignedOutEverywhere => "You are signed out on all devices.",
        FlashCode::Registered => "Welcome. Please confirm your address with the mail we sent you.",
        FlashCode::PasswordReset => "Your new password is set. Please sign in.",
        FlashCode::PasswordChanged => "Your password is changed. Other devices are signed out.",
        FlashCode::EmailVerified => "Your e-mail address is confirmed.",
        FlashCode::EmailChangeRequested => {
            "We sent a link to the new address. It completes the change."
        }
        FlashCode::VerificationSent => "We sent the mail again.",
        FlashCode::ProfileSaved => "Your profile is saved.",
        FlashCode::AddressSaved => "The address is saved.",
        FlashCode::AddressDeleted => "The address is deleted.",
        FlashCode::CardSaved => "The card is saved.",
        FlashCode::CardDeleted => "The card is deleted.",
        FlashCode::DefaultChanged => "The default is changed.",
        FlashCode::SessionEnded => "The device is signed out.",
        FlashCode::OrderPlaced => "Thank you for your order.",
        FlashCode::OrderProcessing => "Thank you. Your order is being processed.",
        FlashCode::OrderInProgress => "Another checkout of this cart is in progress.",
        FlashCode::OrderCancelled => "The order is cancelled. You get your money back.",
        FlashCode::CancelRequested => "The order will be cancelled in a moment.",
        FlashCode::NotCancellable => "This order can no longer be cancelled.",
        FlashCode::BoughtAgain => "The products are in your cart.",
        FlashCode::BoughtAgainPartly => "Some products could not be added to your cart.",
        FlashCode::PaymentDeclined => "Your bank declined this card. You were not charged.",
        FlashCode::InsufficientFunds => "This card has insufficient funds. You were not charged.",
        FlashCode::CardExpired => "This card has expired. You were not charged.",
        FlashCode::CheckoutFailed => "The order could not be completed. You were not charged.",
        FlashCode::CartTooLarge => "This is too much for one order. Please split it.",
        FlashCode::AlreadyPlaced => "You have already placed this order.",
        FlashCode::NotOrderedAgain => {
            "This order was cancelled or refunded. Your cart was not ordered again."
        }
        FlashCode::FormSentBefore => {
            "This form was sent before. Please check your orders before you order again."
        }
        FlashCode::ChooseAgain => "This choice is no longer available. Please choose again.",
    }
}
