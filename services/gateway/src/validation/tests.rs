use serde::Deserialize;
use serde_json::json;

use super::{Field, Params, Validator};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sample {
    name: Field<String>,
    stock: Field<i64>,
    active: Field<bool>,
    pictures: Field<Vec<String>>,
}

fn sample(value: serde_json::Value) -> Sample {
    serde_json::from_value(value).expect("fields take any value")
}

/// Returns the fields and codes of the errors.
fn errors_of(validator: Validator) -> Vec<(String, String)> {
    validator.errors.iter().map(|error| (error.field.clone(), error.code.clone())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn wrong_types_of_all_fields_are_reported() {
    let body = sample(json!({
        "name": 7, "stock": "many", "active": "yes", "pictures": ["a", 2], "unknown": {},
    }));
    let mut validator = Validator::new();
    assert_eq!(validator.required("name", body.name), None);
    assert_eq!(validator.required("stock", body.stock), None);
    assert_eq!(validator.optional("active", body.active), None);
    assert_eq!(validator.optional("pictures", body.pictures), None);
    let expected = [
        ("name", "wrong_type"),
        ("stock", "wrong_type"),
        ("active", "wrong_type"),
        ("pictures[1]", "wrong_type"),
    ];
    assert_eq!(errors_of(validator), pairs(&expected));
}

#[test]
fn absent_null_and_value_are_distinct() {
    let body = sample(json!({ "name": null, "stock": 3 }));
    assert_eq!(body.name, Field::Null);
    assert_eq!(body.stock, Field::Value(3));
    assert_eq!(body.active, Field::Absent);
    let mut validator = Validator::new();
    validator.required("name", Field::<String>::Null);
    validator.required("sku", Field::<String>::Absent);
    validator.changed("slug", Field::<String>::Null);
    validator.changed("price", Field::<String>::Absent);
    let expected = [("name", "required"), ("sku", "required"), ("slug", "wrong_type")];
    assert_eq!(errors_of(validator), pairs(&expected));
}

#[test]
fn integers_are_whole_and_fit_in_64_bits() {
    let stock = |text: &str| {
        let body: Sample = serde_json::from_str(&format!("{{\"stock\": {text}}}")).expect("JSON");
        match body.stock {
            Field::Value(number) => Ok(number),
            Field::Invalid(error) => Err(error.code),
            _ => Err("none"),
        }
    };
    assert_eq!(stock("12"), Ok(12));
    assert_eq!(stock("12.0"), Ok(12));
    assert_eq!(stock("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(stock("12.5"), Err("wrong_type"));
    assert_eq!(stock("9223372036854775808"), Err("out_of_range"));
    assert_eq!(stock("1e300"), Err("out_of_range"));
    assert_eq!(stock("true"), Err("wrong_type"));
}

#[test]
fn numbers_out_of_range_are_rejected() {
    let params = Params::parse("page=0&page_size=101&min_price=99999999999999999999&max_price=-1");
    let mut validator = Validator::new();
    params.page(&mut validator);
    assert_eq!(params.number::<i64>(&mut validator, "min_price", 0..=i64::MAX), None);
    assert_eq!(params.number::<i64>(&mut validator, "max_price", 0..=i64::MAX), None);
    let expected =
        ["page", "page_size", "min_price", "max_price"].map(|name| (name, "out_of_range"));
    assert_eq!(errors_of(validator), pairs(&expected));
}

#[test]
fn malformed_parameters_are_rejected() {
    let query = "page=one&page_size=&id=7&in_stock=yes&sort=up&q=a&q=b";
    let params = Params::parse(query);
    let mut validator = Validator::new();
    params.page(&mut validator);
    params.uuid(&mut validator, "id");
    params.flag(&mut validator, "in_stock");
    params.choice(&mut validator, "sort", &[("newest", 1), ("name", 2)]);
    params.single(&mut validator, "q");
    let expected = [
        ("page", "wrong_type"),
        ("page_size", "wrong_type"),
        ("id", "invalid_uuid"),
        ("in_stock", "wrong_type"),
        ("sort", "unknown_value"),
        ("q", "repeated"),
    ];
    assert_eq!(errors_of(validator), pairs(&expected));
}

#[test]
fn space_in_place_of_plus_starts_an_offset() {
    for (text, time) in [
        ("2026-01-01T00:00:00+01:00", "2025-12-31T23:00:00Z"),
        ("2026-01-01T00:00:00%2B01:00", "2025-12-31T23:00:00Z"),
        ("2026-01-01T00:00:00.5+01:00", "2025-12-31T23:00:00.5Z"),
        ("2026-01-01+00:00:00+01:00", "2025-12-31T23:00:00Z"),
        ("2026-01-01+00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00-01:00", "2026-01-01T01:00:00Z"),
    ] {
        let mut validator = Validator::new();
        let parsed = Params::parse(&format!("from={text}")).time(&mut validator, "from");
        assert_eq!(parsed.map(|time| time.to_string()).as_deref(), Some(time), "{text}");
    }
    for text in
        ["", "+", "+01:00", "2026-01-01T00:00+01:00", "é+01:00", "2026-01-01T00:00:00++1:00"]
    {
        let mut validator = Validator::new();
        Params::parse(&format!("from={text}")).time(&mut validator, "from");
        assert_eq!(errors_of(validator), pairs(&[("from", "invalid_time")]), "{text}");
    }
}

#[test]
fn texts_are_passed_on_in_nfc_and_queries_with_single_spaces() {
    let mut validator = Validator::new();
    let decomposed = "Cre\u{300}me".to_owned();
    let line = validator.line("a", Some(decomposed.clone()), 1..=5);
    assert_eq!(line.as_deref(), Some("Crème"));
    assert_eq!(validator.text("a", Some(decomposed), 1..=5).as_deref(), Some("Crème"));
    let url = validator.image_url("a", Some("/cre\u{300}me.svg".to_owned()));
    assert_eq!(url.as_deref(), Some("/cre\u{300}me.svg"), "URLs are not texts");
    let query = Params::parse("q=%09a%0D%0A%20b%C2%A0&r=a%00b&s=%09");
    assert_eq!(query.query(&mut validator, "q", 1..=9).as_deref(), Some("a b"));
    query.query(&mut validator, "r", 1..=9);
    query.query(&mut validator, "s", 1..=9);
    assert_eq!(errors_of(validator), pairs(&[("r", "invalid"), ("s", "too_short")]));
}

#[test]
fn page_defaults_to_first_of_20_items() {
    let mut validator = Validator::new();
    let page = Params::default().page(&mut validator);
    assert_eq!((page.page, page.page_size), (1, 20));
    assert!(validator.finish().is_ok());
}

#[test]
fn text_length_is_in_characters_and_blank_is_rejected() {
    let mut validator = Validator::new();
    assert!(validator.text("a", Some("ééééé".to_owned()), 1..=5).is_some());
    validator.text("b", Some("ééééé".to_owned()), 1..=4);
    validator.text("c", Some("  ".to_owned()), 1..=4);
    validator.text("d", Some("x\0".to_owned()), 1..=4);
    assert!(validator.text("e", Some(String::new()), 0..=4).is_some());
    let expected = [("b", "too_long"), ("c", "too_short"), ("d", "invalid")];
    assert_eq!(errors_of(validator), pairs(&expected));
}

#[test]
fn control_characters_are_rejected_except_line_breaks_in_text() {
    let line = |text: &str| Validator::new().line("a", Some(text.to_owned()), 1..=9).is_some();
    let text = |text: &str| Validator::new().text("a", Some(text.to_owned()), 1..=9).is_some();
    for (sample, in_line, in_text) in [
        ("a b", true, true),
        ("a b\n", true, true),
        ("a\nb", false, true),
        ("a\tb", false, true),
        ("a\u{7}b", false, false),
        ("a\u{85}b", false, false),
    ] {
        assert_eq!((line(sample), text(sample)), (in_line, in_text), "{sample:?}");
    }
}

#[test]
fn slug_image_url_and_currency_follow_catalog_rules() {
    let long = "x".repeat(121);
    let id = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01";
    for (text, code) in [
        ("desk-lamp-2", ""),
        ("", "too_short"),
        (&long, "too_long"),
        ("Desk Lamp", "invalid_slug"),
        ("-lamp", "invalid_slug"),
        ("desk--lamp", "invalid_slug"),
        (id, "invalid_slug"),
    ] {
        let mut validator = Validator::new();
        validator.slug("slug", Some(text.to_owned()));
        assert_eq!(errors_of(validator), pairs(&[("slug", code)][usize::from(code.is_empty())..]));
    }
    for (text, code) in [
        ("/lamp.svg", ""),
        ("https://cdn.example/lamp.svg", ""),
        ("//cdn.example/lamp.svg", "invalid_url"),
        ("lamp.svg", "invalid_url"),
        ("javascript:alert(1)", "invalid_url"),
        ("/a\rb", "invalid"),
    ] {
        let mut validator = Validator::new();
        validator.image_url("url", Some(text.to_owned()));
        assert_eq!(errors_of(validator), pairs(&[("url", code)][usize::from(code.is_empty())..]));
    }
    for (text, code) in [("EUR", ""), ("eur", "unknown_value"), ("XXX", "unknown_value")] {
        let mut validator = Validator::new();
        validator.currency("c", Some(text.to_owned()));
        assert_eq!(errors_of(validator), pairs(&[("c", code)][usize::from(code.is_empty())..]));
    }
}
