//! Structured data for search engines (schema.org, JSON-LD).

use money::Money;
use serde_json::{Value, json};

/// Writes a value for a `<script type="application/ld+json">` element. `<` is escaped, so that no
/// text of the catalog can end the element.
pub(crate) fn to_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// The shop and its search.
pub(crate) fn web_site(name: &str, url: &str) -> Value {
    json!({
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "Organization", "name": name, "url": format!("{url}/")},
            {
                "@type": "WebSite", "name": name, "url": format!("{url}/"),
                "potentialAction": {
                    "@type": "SearchAction",
                    "target": format!("{url}/search?q={{query}}"),
                    "query-input": "required name=query",
                },
            },
        ],
    })
}

/// The path of a page from the home page: names and absolute URLs.
pub(crate) fn breadcrumbs(items: &[(String, String)]) -> Value {
    let items: Vec<_> = (1..)
        .zip(items)
        .map(|(position, (name, url))| {
            json!({"@type": "ListItem", "position": position, "name": name, "item": url})
        })
        .collect();
    json!({"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items})
}

/// The products of a list, by their absolute URLs.
pub(crate) fn item_list(urls: &[String]) -> Value {
    let items: Vec<_> = (1..)
        .zip(urls)
        .map(|(position, url)| json!({"@type": "ListItem", "position": position, "url": url}))
        .collect();
    json!({"@context": "https://schema.org", "@type": "ItemList", "itemListElement": items})
}

/// A product with its offer.
pub(crate) struct Product<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) url: &'a str,
    pub(crate) images: Vec<String>,
    pub(crate) price: Money,
    pub(crate) is_in_stock: bool,
}

impl Product<'_> {
    /// Returns the structured data.
    pub(crate) fn to_value(&self) -> Value {
        let availability = if self.is_in_stock { "InStock" } else { "OutOfStock" };
        let price = decimal(self.price);
        json!({
            "@context": "https://schema.org",
            "@type": "Product",
            "name": self.name,
            "description": self.description,
            "image": self.images,
            "url": self.url,
            "offers": {
                "@type": "Offer",
                "price": price,
                "priceCurrency": self.price.currency().code(),
                "availability": format!("https://schema.org/{availability}"),
                "url": self.url,
            },
        })
    }
}

/// The amount with a decimal point, such as `1234.50`.
fn decimal(amount: Money) -> String {
    let text = amount.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use money::Currency;

    use super::*;

    #[test]
    fn text_cannot_end_the_script_element() {
        let product = Product {
            name: "</script><script>alert(1)</script>",
            description: "",
            url: "https://shop.example.com/products/a",
            images: Vec::new(),
            price: Money::new(123_450, Currency::USD),
            is_in_stock: true,
        };
        let script = to_script(&product.to_value());
        assert!(!script.contains('<'), "{script}");
        let parsed: Value = serde_json::from_str(&script).unwrap();
        assert_eq!(parsed["name"], product.name);
        assert_eq!(parsed["offers"]["price"], "1234.50");
        assert_eq!(parsed["offers"]["availability"], "https://schema.org/InStock");
    }
}
