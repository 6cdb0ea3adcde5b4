//! What all pages show of the shop.

use money::Currency;

use crate::args::{Args, Robots};
use crate::assets;
use crate::base_url::BaseUrl;
use crate::format::Format;
use crate::locale::Locale;
use crate::messages::Messages;

/// The identity and the presentation of the shop.
#[derive(Debug)]
pub(crate) struct ShopInfo {
    pub(crate) name: String,
    pub(crate) tagline: String,
    pub(crate) support_email: String,
    pub(crate) url: BaseUrl,
    pub(crate) locale: Locale,
    pub(crate) currency: Currency,
    pub(crate) messages: &'static Messages,
    pub(crate) format: Format,
    /// Whether search engines may list the shop.
    pub(crate) is_indexed: bool,
    /// Hue of the accent color, in degrees.
    pub(crate) accent_hue: u16,
    /// URL of the style sheet with the hue.
    pub(crate) theme_url: String,
}

impl ShopInfo {
    /// Reads the settings.
    pub(crate) fn new(args: &Args, messages: &'static Messages) -> Self {
        let tagline = match args.shop_tagline.as_str() {
            "" => messages.home.default_tagline,
            tagline => tagline,
        };
        Self {
            name: args.shop_name.clone(),
            tagline: tagline.to_owned(),
            support_email: args.support_email.clone(),
            url: args.web_url.clone(),
            locale: args.locale,
            currency: args.currency,
            messages,
            format: Format::new(args.locale, args.time_zone.clone()),
            is_indexed: args.robots == Robots::Index,
            accent_hue: args.accent_hue,
            theme_url: assets::theme_url(args.accent_hue),
        }
    }
}
