//! The settings of the inbox.

use std::net::SocketAddr;

use clap::Args as ClapArgs;

/// The settings of the inbox. Each has an environment name and a default fit for a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which mail is taken by SMTP.
    #[arg(long, env = "INBOX_SMTP_LISTEN", default_value = "0.0.0.0:1025")]
    pub inbox_smtp_listen: SocketAddr,

    /// Address on which mail is shown by HTTP.
    #[arg(long, env = "INBOX_LISTEN", default_value = "0.0.0.0:8025")]
    pub inbox_listen: SocketAddr,
}
