//! The part of the spec about the web shop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exposure::Origin;
use crate::rules;
use crate::services::MAX_ADDRESS;

/// The maximum number of origins of product images.
pub const MAX_IMAGE_ORIGINS: usize = 16;

/// Settings of the web shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Web {
    /// The name of the shop, on its pages and in its mails.
    #[schemars(
        length(min = 1, max = 60),
        extend("x-kubernetes-validations" = [rules::web::name()])
    )]
    pub name: String,

    /// The sentence on the home page that says what the shop stands for. Default: a neutral one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 160),
        extend("x-kubernetes-validations" = [rules::web::tagline()])
    )]
    pub tagline: Option<String>,

    /// The language of the pages, and the form of their amounts and dates.
    pub locale: Locale,

    /// The time zone of the dates on the pages: a name of the IANA time zone database, such as
    /// Europe/Berlin.
    #[schemars(
        length(min = 1, max = 64),
        extend("x-kubernetes-validations" = [rules::web::time_zone()])
    )]
    pub time_zone: String,

    /// The hue of the accent color, in degrees. Every hue has sufficient contrast.
    #[schemars(range(min = 0, max = 359))]
    pub accent_hue: i32,

    /// The e-mail address at which customers reach the shop. Default: none is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = MAX_ADDRESS),
        extend("x-kubernetes-validations" = [rules::services::address()])
    )]
    pub support_email: Option<String>,

    /// The origins of product images besides the web shop itself, such as
    /// `https://images.example.com`. Browsers load images from no other origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_IMAGE_ORIGINS), extend("x-kubernetes-list-type" = "set"))]
    pub image_origins: Vec<Origin>,

    /// Whether search engines may list the shop.
    pub robots: Robots,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            name: "Storefront".to_owned(),
            tagline: None,
            locale: Locale::default(),
            time_zone: "UTC".to_owned(),
            accent_hue: 165,
            support_email: None,
            image_origins: Vec::new(),
            robots: Robots::default(),
        }
    }
}

/// A language with its formats of amounts and dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Locale {
    /// American English.
    #[default]
    #[serde(rename = "en-US")]
    EnUs,
    /// British English.
    #[serde(rename = "en-GB")]
    EnGb,
    /// German.
    #[serde(rename = "de-DE")]
    DeDe,
}

impl Locale {
    /// Returns the value of the web shop's setting `LOCALE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
            Self::EnGb => "en-GB",
            Self::DeDe => "de-DE",
        }
    }
}

/// Whether search engines may list the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Robots {
    /// Search engines may list the shop.
    #[default]
    Index,
    /// Search engines must not list the shop, such as for a trial.
    NoIndex,
}

impl Robots {
    /// Returns the value of the web shop's setting `ROBOTS`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::NoIndex => "noindex",
        }
    }
}
