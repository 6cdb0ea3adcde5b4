//! Every page in the pseudo-locale: what it shows outside of brackets is data, or missing in the
//! catalogue.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Node, Selector};
use serde_json::Value;

use crate::browser::{ADDRESS, Browser, Response, VISA};
use crate::outages::pages;
use crate::regular_customer::{Ids, regular_customer};
use crate::shop::{PASSWORD, Shop};

/// Data of the shop, of customers and of carriers, and names in amounts and dates.
const DATA: &[&str] = &[
    "Storefront",
    "Ada",
    "Lovelace",
    "Springfield",
    "Main Street",
    "Visa",
    "USPS",
    "UPS",
    "FedEx",
    "First Class",
    "Priority Mail",
    "Ground",
    "2-Day",
    "Overnight",
    "USD",
    "US",
    "AM",
    "PM",
    "zqx",
];

/// Attributes that visitors see or hear.
const ATTRIBUTES: [&str; 6] =
    ["alt", "aria-label", "placeholder", "title", "data-suggestions", "content"];

/// Short names of months and weekdays.
const CALENDAR: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec January February March \
    April June July August September October November December Mon Tue Wed Thu Fri Sat Sun";

#[tokio::test]
async fn pages_show_no_text_that_is_not_in_the_catalogue() {
    let shop = Shop::start().await;
    let (mut customer, email, ids) = regular_customer(&shop).await;
    let url = shop.start_pseudo_localized().await;
    let mut data: BTreeSet<String> = DATA.iter().map(|text| (*text).to_owned()).collect();
    data.extend([email, order_number(&mut customer).await]);
    for path in ["/products?page_size=100", "/categories"] {
        collect_texts(&shop.get_json(path).await, &mut data);
    }
    let mut data: Vec<String> = data.into_iter().collect();
    // A longer text may contain a shorter one.
    data.sort_by_key(|text| std::cmp::Reverse(text.len()));

    let mut visits = 0;
    let mut found = BTreeSet::new();
    let mut visit = |name: &str, page: &Response| {
        visits += 1;
        found.extend(foreign_texts(page, &data).into_iter().map(|text| format!("{name}: {text}")));
    };
    for visitor in [Some(&customer), None] {
        let mut browser = Browser::new(&url);
        if let Some(visitor) = visitor {
            browser.cookies.clone_from(&visitor.cookies);
        }
        for page in pages(&ids) {
            if !page.path.ends_with("/live") && !page.path.starts_with("/styleguide") {
                visit(&page.path, &browser.get(&page.path).await);
            }
        }
        for (path, page) in states(&mut browser, &ids).await {
            visit(&path, &page);
        }
    }
    println!("{visits} pages, {} texts of data", data.len());
    // The texts of the style guide are in no catalogue.
    let guide = Browser::new(&url).get("/styleguide").await;
    assert!(foreign_texts(&guide, &data).iter().any(|text| text.contains("Danger")));
    assert!(found.is_empty(), "{found:#?}");
}

/// Opens pages with messages, errors and empty states.
async fn states(browser: &mut Browser, ids: &Ids) -> Vec<(String, Response)> {
    let mut states = Vec::new();
    for path in [
        "/no-such-page",
        "/search?q=zqx",
        "/search",
        "/products?min_price=zqx",
        "/products?min_price=9&max_price=9",
        "/products/desk-lamp",
        "/orders?status=refunded",
        "/forgot-password?sent=1",
        "/login?reason=required",
        "/login?reason=expired",
        "/login?reason=unsaved",
        "/cart?country=US&zip_code=111111111111111111111",
        "/checkout/review?address=&pay=",
    ] {
        states.push((path.to_owned(), browser.get(path).await));
    }
    let key = ("idempotency_key", "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10");
    let forms: [(&str, Vec<(&str, &str)>); 12] = [
        ("/login", vec![("email", "zqx"), ("password", "")]),
        ("/login", vec![("email", "nobody@example.com"), ("password", PASSWORD)]),
        ("/register", vec![("email", "zqx"), ("password", "")]),
        ("/forgot-password", vec![("email", "zqx")]),
        ("/reset-password", vec![("token", "zqx"), ("new_password", PASSWORD)]),
        ("/verify-email", vec![("token", "zqx")]),
        ("/profile", vec![("first_name", "\n"), ("last_name", "\u{1}"), ("phone", "\u{1}")]),
        ("/addresses/new", vec![("street", ""), ("zip_code", "\u{1}"), ("country", "ZZ")]),
        ("/payment-methods", vec![("card_number", "1"), ("expiry", ""), ("cvv", ""), key]),
        ("/security/password", vec![("current_password", "zqx"), ("new_password", "zqx")]),
        ("/security/email", vec![("email", "zqx"), ("email_password", "zqx")]),
        ("/theme", vec![("theme", "zqx")]),
    ];
    for (target, fields) in forms {
        states.push((format!("POST {target}"), browser.submit_to(target, &fields).await));
    }
    // Messages of the next page.
    let order = format!("/orders/{}", ids.order);
    let messages: [(&str, &[(&str, &str)]); 4] = [
        ("/addresses/new", &ADDRESS),
        ("/payment-methods", &[&VISA[..], &[key]].concat()),
        (&format!("{order}/cancel"), &[]),
        ("/logout", &[]),
    ];
    for (target, fields) in messages {
        let sent = browser.submit_to(target, fields).await;
        if sent.status == 303 {
            let page = browser.follow(&sent).await;
            states.push((format!("after {target}"), page));
        }
    }
    states.push((order.clone(), browser.get(&order).await));
    states
}

async fn order_number(customer: &mut Browser) -> String {
    let orders = customer.get("/orders").await;
    let document = Html::parse_document(&orders.body);
    let number = Selector::parse(".order-number").expect("a selector");
    document.select(&number).next().expect("an order").text().collect()
}

/// Collects the names and descriptions in a response of the API.
fn collect_texts(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => texts.extend(text.split('\n').map(|line| line.trim().to_owned())),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect_texts(field, texts)),
        _ => {}
    }
}

/// Returns what a page shows that is neither in brackets nor data.
fn foreign_texts(page: &Response, data: &[String]) -> Vec<String> {
    if !page.header("content-type").starts_with("text/html") {
        return Vec::new();
    }
    let document = Html::parse_document(&page.body);
    let mut texts = Vec::new();
    collect_shown(document.root_element(), &mut texts);
    texts.retain(|text| is_foreign(text, data));
    texts
}

fn collect_shown(element: ElementRef<'_>, texts: &mut Vec<String>) {
    // Codes are ids and card numbers; the others contain no text for visitors.
    if matches!(element.value().name(), "script" | "style" | "code") {
        return;
    }
    let is_text_content = element.attr("name").is_none_or(|name| name == "description");
    for name in ATTRIBUTES {
        if let Some(text) = element.attr(name).filter(|_| name != "content" || is_text_content)
            && element.attr("property").is_none_or(|property| !is_address(property))
        {
            texts.push(text.to_owned());
        }
    }
    for child in element.children() {
        match child.value() {
            Node::Text(text) => texts.push(text.to_string()),
            _ => ElementRef::wrap(child).into_iter().for_each(|child| collect_shown(child, texts)),
        }
    }
}

/// Whether a property of a preview is no text.
fn is_address(property: &str) -> bool {
    matches!(property, "og:type" | "og:url" | "og:image")
}

/// Whether a text has letters that are neither in brackets nor data.
fn is_foreign(text: &str, data: &[String]) -> bool {
    let mut depth = 0_usize;
    let mut rest = String::new();
    for letter in text.chars() {
        match letter {
            '⟦' => depth += 1,
            // A title may be cut within brackets.
            '⟧' => depth = depth.saturating_sub(1),
            letter if depth == 0 => rest.push(letter),
            _ => {}
        }
    }
    let start = rest.trim().trim_end_matches('…');
    if !start.is_empty() && data.iter().any(|known| known.starts_with(start)) {
        return false;
    }
    for known in data.iter().filter(|known| !known.is_empty()) {
        rest = rest.replace(known.as_str(), " ");
    }
    let words = rest.split(|letter: char| !letter.is_alphabetic()).filter(|word| word.len() > 1);
    let calendar: Vec<&str> = CALENDAR.split(' ').collect();
    words.into_iter().any(|word| !calendar.contains(&word))
}
