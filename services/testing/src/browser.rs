//! A browser without scripts: it stores cookies, and submits the forms that pages contain.

#![expect(clippy::must_use_candidate, reason = "assertions return the response for the next one")]

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode, redirect};
use scraper::{ElementRef, Html, Selector};

/// Fields of the form of an address.
pub const ADDRESS: [(&str, &str); 5] = [
    ("recipient", "Ada Lovelace"),
    ("street", "1 Main Street"),
    ("city", "Springfield"),
    ("zip_code", "62701"),
    ("country", "US"),
];

/// Fields of the form of a card that the payment simulator accepts.
pub const VISA: [(&str, &str); 3] =
    [("card_number", "4242 4242 4242 4242"), ("expiry", "12/40"), ("cvv", "123")];

/// A browser.
pub struct Browser {
    url: String,
    client: reqwest::Client,
    /// The cookies, by name.
    pub cookies: BTreeMap<String, String>,
    /// The last page.
    page: String,
    /// Path of the last page.
    path: String,
}

/// A response with its body.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty if only the headers were read.
    pub body: String,
}

impl Browser {
    /// Creates a browser for the shop at `url`.
    pub fn new(url: &str) -> Self {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            url: url.to_owned(),
            client,
            cookies: BTreeMap::new(),
            page: String::new(),
            path: "/".to_owned(),
        }
    }

    /// Opens a page. Redirects are not followed.
    pub async fn get(&mut self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let response = self.send(request).await;
        self.page.clone_from(&response.body);
        path.clone_into(&mut self.path);
        response
    }

    /// Opens the page to which a response redirects.
    pub async fn follow(&mut self, response: &Response) -> Response {
        let location = response.location();
        self.get(&location).await
    }

    /// Submits the form of the last page with this action, with these values changed.
    pub async fn submit(&mut self, action: &str, values: &[(&str, &str)]) -> Response {
        let mut fields = self.form_fields(action);
        for (name, value) in values {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        self.submit_to(action, &fields).await
    }

    /// Sends a form that no page contains, from the same origin.
    pub async fn submit_to(&mut self, action: &str, fields: &[(&str, &str)]) -> Response {
        let request = self
            .form_request(action, fields)
            .header("origin", &self.url)
            .header("referer", format!("{}{}", self.url, self.path));
        let response = self.send(request).await;
        if !response.body.is_empty() {
            self.page.clone_from(&response.body);
        }
        response
    }

    /// Starts building the request of a form, without the headers of a browser.
    pub fn form_request(&self, action: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.client
            .request(Method::POST, format!("{}{action}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// Starts building the request of a page.
    pub fn page_request(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    /// Sends a request with the cookies, and stores those of the response.
    pub async fn send(&mut self, request: RequestBuilder) -> Response {
        let response = request.header("cookie", self.cookie_header()).send().await;
        let response = response.expect("a response");
        let (status, headers) = (response.status(), response.headers().clone());
        for line in headers.get_all("set-cookie") {
            self.store(line.to_str().expect("text"));
        }
        Response { status, headers, body: response.text().await.expect("a body") }
    }

    /// Requests a response that is read while it arrives.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.open_request(path).send().await.expect("a response")
    }

    /// Starts building the request of [`Browser::open`].
    pub fn open_request(&self, path: &str) -> RequestBuilder {
        let request = self.page_request(path).header("cookie", self.cookie_header());
        request.header("accept-encoding", "gzip")
    }

    /// Sends a request whose response may be compressed, and returns it without its body.
    pub async fn send_for_headers(&self, request: RequestBuilder) -> Response {
        let response = request.send().await.expect("a response");
        let (status, headers) = (response.status(), response.headers().clone());
        Response { status, headers, body: String::new() }
    }

    fn cookie_header(&self) -> String {
        let cookies: Vec<_> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        cookies.join("; ")
    }

    fn store(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a name");
        match attributes.contains("Max-Age=0") {
            true => self.cookies.remove(name),
            false => self.cookies.insert(name.to_owned(), value.to_owned()),
        };
    }

    /// Returns names and values of the fields of a form of the last page.
    fn form_fields(&self, action: &str) -> Vec<(String, String)> {
        let document = Html::parse_document(&self.page);
        let form = Selector::parse(&format!("form[action=\"{action}\"]")).expect("a selector");
        let form = document.select(&form).next();
        let form = form.unwrap_or_else(|| panic!("no form {action} in {}", self.page));
        let fields = Selector::parse("input[name], select[name]").expect("a selector");
        form.select(&fields).filter_map(field_value).collect()
    }
}

/// Returns what a browser sends of a field.
fn field_value(field: ElementRef<'_>) -> Option<(String, String)> {
    let name = field.attr("name")?.to_owned();
    if field.value().name() == "select" {
        let options = Selector::parse("option").expect("a selector");
        let options: Vec<_> = field.select(&options).collect();
        let chosen = options.iter().find(|option| option.attr("selected").is_some());
        let chosen = chosen.or(options.first())?;
        let text = chosen.text().collect::<String>();
        return Some((name, chosen.attr("value").map_or(text, str::to_owned)));
    }
    let is_choice = matches!(field.attr("type"), Some("checkbox" | "radio"));
    let is_sent = !is_choice || field.attr("checked").is_some();
    is_sent.then(|| (name, field.attr("value").unwrap_or_default().to_owned()))
}

impl Response {
    /// Fails unless the response has this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{:?} {}", self.headers, self.body);
        self
    }

    /// Fails unless the page contains this text.
    #[track_caller]
    pub fn shows(&self, text: &str) -> &Self {
        assert!(self.text().contains(text), "{text} is not in {}", self.text());
        self
    }

    /// Fails if the page contains this text.
    #[track_caller]
    pub fn hides(&self, text: &str) -> &Self {
        assert!(!self.text().contains(text), "{text} is in {}", self.text());
        self
    }

    /// Returns the text of the page, with single blanks.
    pub fn text(&self) -> String {
        let document = Html::parse_document(&self.body);
        let text: String = document.root_element().text().collect::<Vec<_>>().join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the number of elements that match.
    pub fn count(&self, selector: &str) -> usize {
        let document = Html::parse_document(&self.body);
        document.select(&Selector::parse(selector).expect("a selector")).count()
    }

    /// Returns an attribute of the first element that matches.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let document = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        let element = document.select(&selector).next()?;
        element.attr(name).map(str::to_owned)
    }

    /// Returns the target of a redirect.
    #[track_caller]
    pub fn location(&self) -> String {
        assert!(self.status.is_redirection(), "{:?} {}", self.status, self.body);
        self.header("location").to_owned()
    }

    /// Returns a header, or "" if absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}
