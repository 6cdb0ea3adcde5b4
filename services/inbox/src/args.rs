//! Settings of the inbox.

use std::net::SocketAddr;

use clap::Args as ClapArgs;
use kit::settings::List;

/// Settings of the inbox. Each has an environment name and a default that fits a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which SMTP is served.
    #[arg(long, env = "INBOX_SMTP_LISTEN", default_value = "[::]:1025")]
    pub inbox_smtp_listen: SocketAddr,

    /// Address on which the web pages and the JSON API are served.
    #[arg(long, env = "INBOX_LISTEN", default_value = "[::]:8025")]
    pub inbox_listen: SocketAddr,

    /// Host names of the web pages, separated by commas, in addition to IP addresses, localhost and
    /// the names of Services in a cluster. Requests for other names are rejected.
    #[arg(long, env = "INBOX_HOSTS", default_value = "")]
    pub inbox_hosts: List<String>,
}
