//! Every field of every form with input that nobody should send.

use std::collections::BTreeSet;

use kit::Env;
use reqwest::Method;

use crate::browser::{Browser, Response};
use crate::regular_customer::{Ids, regular_customer};
use crate::shop::{PASSWORD, Shop};

/// A text that is in every input and in no page.
const MARKER: &str = "zqx";

/// The input that a page must not contain as it is.
const SCRIPT: &str = "<script>alert";

/// Inputs, those that are rejected first: a form that is accepted may have an end.
const INPUTS: [(&str, &str); 9] = [
    ("too long", ""),
    ("NUL", "zqx\0"),
    ("line break", "zqx\r\nSet-Cookie: a=b"),
    ("malformed", "zqx@@%'\"&{{7*7}}"),
    ("wrong type", "-1"),
    ("script", "zqx<script>alert(1)</script>"),
    ("emoji", "zqx🧺👩‍🚀"),
    ("right to left", "zqxשלום\u{202e}"),
    ("empty", ""),
];

/// Longer than every limit of a field, and shorter than that of a form.
const TOO_LONG: usize = 5_000;

/// How a page treats a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A rejected form shows what was entered.
    Text,
    /// A rejected form does not show what was entered.
    Secret,
    /// A choice or a hidden field: pages of the shop send only valid values.
    Fixed,
}

use Kind::{Fixed, Secret, Text};

/// A form with valid values. `state` is a page that shows what it changes.
struct Form {
    target: &'static str,
    fields: &'static [(&'static str, Kind, &'static str)],
    state: &'static str,
    /// Whether the error of a field is one of the whole form, so that it discloses nothing.
    is_general: bool,
}

const fn form(
    target: &'static str,
    fields: &'static [(&'static str, Kind, &'static str)],
    state: &'static str,
) -> Form {
    Form { target, fields, state, is_general: false }
}

const fn general(
    target: &'static str,
    fields: &'static [(&'static str, Kind, &'static str)],
    state: &'static str,
) -> Form {
    Form { is_general: true, ..form(target, fields, state) }
}

const ADDRESS: &[(&str, Kind, &str)] = &[
    ("recipient", Text, "Ada Lovelace"),
    ("street", Text, "1 Main Street"),
    ("city", Text, "Springfield"),
    ("state", Text, "IL"),
    ("zip_code", Text, "62701"),
    ("country", Fixed, "US"),
    ("is_default", Fixed, "1"),
];

const CARD: &[(&str, Kind, &str)] = &[
    ("card_number", Secret, "4242 4242 4242 4242"),
    ("expiry", Secret, "12/40"),
    ("cvv", Secret, "123"),
    ("is_default", Fixed, "1"),
    ("idempotency_key", Fixed, "{key}"),
];

/// All forms. Those without fields are buttons.
const FORMS: &[Form] = &[
    general(
        "/login",
        &[
            ("email", Text, "nobody@example.com"),
            ("password", Secret, "wrong horse"),
            ("remember", Fixed, "1"),
            ("next", Fixed, "/help"),
        ],
        "/help",
    ),
    form(
        "/register",
        &[
            ("first_name", Text, "Ada"),
            ("last_name", Text, "Lovelace"),
            ("email", Text, "{key}@example.com"),
            ("password", Secret, "correct horse battery"),
            ("next", Fixed, "/help"),
        ],
        "/help",
    ),
    form("/forgot-password", &[("email", Text, "{key}@example.com")], "/help"),
    general(
        "/reset-password",
        &[("token", Fixed, "unknown"), ("new_password", Secret, "correct horse battery")],
        "/help",
    ),
    general("/verify-email", &[("token", Fixed, "unknown")], "/account"),
    form("/theme", &[("theme", Fixed, "dark"), ("next", Fixed, "/help")], "/help"),
    general(
        "/cart/items",
        &[("product", Fixed, "{product}"), ("quantity", Fixed, "1"), ("next", Fixed, "/help")],
        "/cart",
    ),
    general("/cart/items/{product}", &[("quantity", Fixed, "2")], "/cart"),
    form(
        "/wishlist/items",
        &[("product", Fixed, "{product}"), ("next", Fixed, "/help")],
        "/wishlist",
    ),
    form(
        "/profile",
        &[
            ("first_name", Text, "Ada"),
            ("last_name", Text, "Byron"),
            ("phone", Text, "+1 555 0100"),
        ],
        "/profile",
    ),
    form("/addresses/new", ADDRESS, "/addresses"),
    form("/addresses/{id}", ADDRESS, "/addresses"),
    form("/checkout/address", ADDRESS, "/addresses"),
    form("/payment-methods", CARD, "/payment-methods"),
    form("/checkout/payment", CARD, "/payment-methods"),
    form(
        "/security/email",
        &[("email", Fixed, "{key}@example.com"), ("email_password", Secret, PASSWORD)],
        "/profile",
    ),
    form(
        "/security/password",
        &[("current_password", Secret, PASSWORD), ("new_password", Secret, PASSWORD)],
        "/profile",
    ),
    form("/orders/{id}/cancel", &[("reason", Text, "Too late")], "/orders/{id}"),
    form("/orders/{id}/buy-again", &[], "/orders"),
    form(
        "/checkout/place",
        &[
            ("address", Fixed, "{address}"),
            ("ship", Fixed, "USPS~Ground Advantage"),
            ("pay", Fixed, "{card}"),
            ("cart_version", Fixed, "1"),
            ("total_cents", Fixed, "1"),
            ("currency", Fixed, "USD"),
            ("idempotency_key", Fixed, "{key}"),
        ],
        "/orders",
    ),
    form("/addresses/{id}/default", &[], "/addresses"),
    form("/payment-methods/{id}/default", &[], "/payment-methods"),
    form("/security/verify-email", &[], "/profile"),
    form("/security/sessions/{id}/end", &[], "/profile"),
    form("/wishlist/items/{product}/delete", &[], "/wishlist"),
    form("/addresses/{id}/delete", &[], "/addresses"),
    form("/payment-methods/{id}/delete", &[], "/payment-methods"),
    form("/security/sign-out-everywhere", &[], "/help"),
    form("/logout", &[], "/help"),
];

#[test]
fn every_form_is_in_the_table_of_bad_input() {
    let routes = web::routes().into_iter().filter(|route| route.method == Method::POST);
    let routes: BTreeSet<&str> = routes.map(|route| route.path).collect();
    assert_eq!(FORMS.iter().map(|form| form.target).collect::<BTreeSet<&str>>(), routes);
}

/// A customer whose order, address, card and product the forms are about.
struct Sender {
    url: String,
    browser: Browser,
    ids: Ids,
}

impl Sender {
    async fn new(shop: &Shop) -> Self {
        let (browser, _, ids) = regular_customer(shop).await;
        Self { url: shop.url.clone(), browser, ids }
    }

    fn fill(&self, template: &str) -> String {
        let template = template.replace("{key}", &Env::system().uuid().to_string());
        let Ids { order, address, card, product } = &self.ids;
        let id = match template.split('/').nth(1) {
            Some("orders") => order,
            Some("payment-methods") => card,
            _ => address,
        };
        let ids = [("{id}", id), ("{address}", address), ("{card}", card), ("{product}", product)];
        ids.into_iter().fold(template, |text, (name, id)| text.replace(name, id))
    }

    /// Returns the valid values of a form.
    fn values(&self, form: &Form) -> Vec<(String, String)> {
        let value = |(name, _, value): &(&str, Kind, &str)| ((*name).to_owned(), self.fill(value));
        form.fields.iter().map(value).collect()
    }

    async fn send(&mut self, form: &Form, values: &[(String, String)]) -> Response {
        let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (&**n, &**v)).collect();
        let query = match form.target {
            "/checkout/payment" => "?address={address}",
            _ => "",
        };
        let target = self.fill(&format!("{}{query}", form.target));
        // Only these change the session of the customer when they are accepted.
        let is_signed_out = matches!(form.target, "/login" | "/register" | "/reset-password");
        let mut tab = Browser::new(&self.url);
        if !is_signed_out {
            tab.cookies.clone_from(&self.browser.cookies);
        }
        tab.submit_to(&target, &values).await
    }

    /// Sets the password of the customer again after a form has changed it.
    async fn restore_password(&mut self, form: &Form, values: &[(String, String)]) {
        if form.target == "/security/password" {
            let values = [("current_password", &*values[1].1), ("new_password", PASSWORD)];
            self.browser.submit_to(form.target, &values).await.is(303);
        }
    }

    /// Returns what the customer sees of what a form changes.
    async fn state(&mut self, form: &Form) -> String {
        let path = self.fill(form.state);
        let page = self.browser.get(&path).await;
        let main = page.body.split("<main").nth(1).unwrap_or_default().to_owned();
        // Every page has a fresh key.
        let key = page.attribute("input[name=idempotency_key]", "value").unwrap_or_default();
        if key.is_empty() { main } else { main.replace(&key, "") }
    }
}

/// An input of a field of a form.
struct Case {
    input: &'static str,
    field: &'static str,
    kind: Kind,
    values: Vec<(String, String)>,
}

fn cases(sender: &Sender, form: &Form) -> Vec<Case> {
    let mut cases = Vec::new();
    for (input, text) in INPUTS {
        for (field, kind, _) in form.fields {
            let text = if input == "too long" { MARKER.repeat(TOO_LONG / 3) } else { text.into() };
            let mut values = sender.values(form);
            let value = values.iter_mut().find(|(name, _)| name == field).expect("a field");
            value.1 = text;
            cases.push(Case { input, field, kind: *kind, values });
        }
    }
    for (field, kind, value) in form.fields {
        let mut values = sender.values(form);
        values.push(((*field).to_owned(), sender.fill(value)));
        cases.push(Case { input: "repeated", field, kind: *kind, values });
        let mut values = sender.values(form);
        values.retain(|(name, _)| name != field);
        cases.push(Case { input: "absent", field, kind: *kind, values });
    }
    let mut values = sender.values(form);
    values.push((format!("{MARKER}[]"), "1".to_owned()));
    cases.push(Case { input: "unknown field", field: "", kind: Fixed, values });
    cases
}

#[tokio::test]
async fn bad_input_is_shown_at_its_field_or_accepted_and_escaped() {
    let shop = Shop::start().await;
    let mut sender = Sender::new(&shop).await;
    let (mut sent, mut accepted) = (0, 0);
    let mut problems = Vec::new();
    for form in FORMS {
        if form.target.starts_with("/checkout/") {
            // Before its address book and its list of cards are full.
            sender = Sender::new(&shop).await;
        }
        let mut state = sender.state(form).await;
        for case in cases(&sender, form) {
            let response = sender.send(form, &case.values).await;
            sent += 1;
            let mut found = problems_of(form, &case, &response);
            if response.status == 303 {
                accepted += 1;
                sender.restore_password(form, &case.values).await;
                state = sender.state(form).await;
                if state.contains(SCRIPT) {
                    found.push("the script is on the page".to_owned());
                }
            }
            let name = format!("{} {} {}", form.target, case.field, case.input);
            problems.extend(found.into_iter().map(|problem| format!("{name}: {problem}")));
        }
        if sender.state(form).await != state {
            problems.push(format!("{}: a rejected form has changed something", form.target));
        }
    }
    println!("{} forms: {sent} inputs, of them {accepted} accepted", FORMS.len());
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Returns what is wrong with the response to an input.
fn problems_of(form: &Form, case: &Case, response: &Response) -> Vec<String> {
    let mut problems = Vec::new();
    if response.body.contains(SCRIPT) {
        problems.push("the script is on the page".to_owned());
    }
    if case.kind == Secret && response.body.contains(MARKER) {
        problems.push("the secret is on the page".to_owned());
    }
    match response.status.as_u16() {
        303 => {}
        422 => problems.extend(problems_of_rejected(form, case, &response.body)),
        // No page of the shop sends such a form.
        400 if case.kind == Fixed || matches!(case.input, "repeated" | "absent") => {}
        status => problems.push(format!("status {status}")),
    }
    problems
}

/// Returns what a page with a rejected form lacks. Searches the text, because parsing hundreds of
/// pages takes most of the time.
fn problems_of_rejected(form: &Form, case: &Case, body: &str) -> Vec<String> {
    let main = body.split("<main").nth(1).unwrap_or_default();
    let tag = |field: &str| {
        let name = format!(" name=\"{field}\"");
        main.split('<').find(|tag| tag.contains(&name)).unwrap_or_default()
    };
    let mut problems = Vec::new();
    let names_field = tag(case.field).contains("aria-invalid");
    let may_be_general = form.is_general || case.kind == Fixed || case.field.is_empty();
    if !(names_field || may_be_general && main.contains("role=\"alert\"")) {
        problems.push("the field is not named".to_owned());
    }
    for (field, ..) in form.fields.iter().filter(|(_, kind, _)| *kind == Text) {
        let sent = case.values.iter().find(|(name, _)| name == field);
        let sent = sent.map(|(_, value)| escaped(value)).unwrap_or_default();
        if !tag(field).contains(&format!(" value=\"{sent}\"")) {
            problems.push(format!("{field} is {}", tag(field)));
        }
    }
    problems
}

/// Returns a value as a page writes it.
fn escaped(value: &str) -> String {
    let escapes = [('&', "&#38;"), ('<', "&#60;"), ('>', "&#62;"), ('"', "&#34;"), ('\'', "&#39;")];
    escapes.into_iter().fold(value.to_owned(), |text, (letter, code)| text.replace(letter, code))
}
