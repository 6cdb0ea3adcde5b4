//! Settings of the web shop. Nothing else reads the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::RangedU64ValueParser;
use jiff::tz::TimeZone;
use kit::http::Network;
use kit::settings::{List, duration_between};
use money::Currency;

use crate::base_url::BaseUrl;
use crate::locale::Locale;

/// Settings of the web shop.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Address that the web shop listens on.
    #[arg(long, env = "WEB_LISTEN", default_value = "[::]:3000")]
    pub web_listen: SocketAddr,

    /// URL of the gateway.
    #[arg(long, env = "GATEWAY_URL", default_value = "http://localhost:8080",
        value_parser = BaseUrl::parse_http)]
    pub gateway_url: BaseUrl,

    /// URL of the web shop for its visitors. If it is https, cookies are secure and every response
    /// has the header Strict-Transport-Security.
    #[arg(long, env = "WEB_URL", default_value = "http://localhost:3000")]
    pub web_url: BaseUrl,

    /// Name of the shop.
    #[arg(long, env = "SHOP_NAME", default_value = "Storefront", value_parser = name)]
    pub shop_name: String,

    /// Sentence on the home page that says what the shop stands for; a neutral one if empty.
    #[arg(long, env = "SHOP_TAGLINE", default_value = "", value_parser = tagline)]
    pub shop_tagline: String,

    /// Language of the pages, and form of amounts and dates.
    #[arg(long, env = "LOCALE", value_enum, default_value_t = Locale::EnUs)]
    pub locale: Locale,

    /// Time zone of the dates on pages, such as Europe/Berlin.
    #[arg(long, env = "TIME_ZONE", default_value = "UTC", value_parser = time_zone)]
    pub time_zone: TimeZone,

    /// Currency of the price filters, as set for the catalog.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Hue of the accent color, in degrees.
    #[arg(long, env = "ACCENT_HUE", default_value_t = 165,
        value_parser = RangedU64ValueParser::<u16>::new().range(0..=359))]
    pub accent_hue: u16,

    /// E-mail address at which customers reach the shop; no address is shown if empty.
    #[arg(long, env = "SUPPORT_EMAIL", default_value = "")]
    pub support_email: String,

    /// Origins of product images, besides the web shop itself, separated by commas.
    #[arg(long, env = "IMAGE_ORIGINS", default_value = "")]
    pub image_origins: List<BaseUrl>,

    /// Whether search engines may list the shop.
    #[arg(long, env = "ROBOTS", value_enum, default_value_t = Robots::Index)]
    pub robots: Robots,

    /// Time after the last change of a guest's cart at which the browser forgets it, as set for the
    /// cart.
    #[arg(
        long,
        env = "GUEST_CART_TTL",
        default_value = "48h",
        value_parser = duration_between(Duration::from_secs(60), Duration::from_secs(31536000)),
    )]
    pub guest_cart_ttl: Duration,

    /// Proxies whose X-Forwarded-For is trusted: CIDRs or addresses, separated by commas.
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: List<Network>,

    /// File with the key that the gateway accepts from this web shop: the first line of its
    /// TRUSTED_PROXY_KEY_FILE. Reloaded when it changes. Without the key, all visitors count as one
    /// client of the gateway, unless it trusts the address of the web shop.
    #[arg(long, env = "TRUSTED_PROXY_KEY_FILE")]
    pub trusted_proxy_key_file: Option<PathBuf>,

    /// Maximum number of concurrent requests; more are rejected with 503. One visitor gets at most
    /// a quarter.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256,
        value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_in_flight: u64,
}

/// Whether search engines may list the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Robots {
    /// Search engines may list the shop.
    Index,
    /// Search engines must not list the shop, such as for a trial.
    Noindex,
}

fn name(text: &str) -> Result<String, String> {
    line(text, 1, 60)
}

fn tagline(text: &str) -> Result<String, String> {
    line(text, 0, 160)
}

fn line(text: &str, min: usize, max: usize) -> Result<String, String> {
    let text = text.trim();
    let chars = text.chars().count();
    match (min..=max).contains(&chars) && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(format!("must be one line of {min} to {max} characters")),
    }
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "expected a time zone such as UTC or Europe/Berlin".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Args;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn invalid_settings_are_rejected() {
        let parse = |setting: &str| Settings::try_parse_from(["web", setting]);
        for setting in [
            "--gateway-url=https://gateway",
            "--web-url=shop.example.com",
            "--shop-name=",
            "--shop-tagline=two\nlines",
            "--locale=fr-FR",
            "--time-zone=Mars/Olympus",
            "--currency=usd",
            "--accent-hue=360",
            "--image-origins=https://cdn.example.com/images",
            "--robots=maybe",
            "--guest-cart-ttl=10s",
            "--trusted-proxies=proxy",
            "--max-in-flight=0",
        ] {
            assert!(parse(setting).is_err(), "{setting}");
        }
        for setting in
            ["--locale=de-DE", "--time-zone=Europe/Berlin", "--accent-hue=0", "--robots=noindex"]
        {
            assert!(parse(setting).is_ok(), "{setting}");
        }
    }

    #[test]
    fn guest_cart_lives_as_long_as_in_the_cart_service() {
        #[derive(Parser)]
        struct CartSettings {
            #[command(flatten)]
            args: cart::Args,
        }
        let cart = CartSettings::try_parse_from(["cart"]).unwrap();
        let web = Settings::try_parse_from(["web"]).unwrap();
        assert_eq!(web.args.guest_cart_ttl, cart.args.guest_cart_ttl);
    }
}
