//! The measured shop: all components in one process, or each in a process of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use components::{Component, Database};
use kit::Env;
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use crate::client::Target;
use crate::process::{self, Process, Program};
use crate::setup::Admin;

/// The inbox, which is no component of a shop in production.
const INBOX: &str = "inbox";

/// The password of every component's role. The server is private.
const DATABASE_PASSWORD: &str = "bench";

const ADMIN_EMAIL: &str = "admin@example.com";

/// The settings that differ from the defaults: limits are off, and password hashes are cheap
/// because the sign-in of the shoppers is not measured.
const SETTINGS: [(&str, &str); 11] = [
    ("RUST_LOG", "warn"),
    ("LOG_FORMAT", "text"),
    ("RATE_LIMIT_PER_MINUTE", "0"),
    ("RATE_LIMIT_WEB_PER_MINUTE", "0"),
    ("SIGN_IN_LIMIT_PER_IP", "0"),
    ("SIMULATOR_LATENCY", "0"),
    ("BCRYPT_COST", "4"),
    ("ACCESS_TOKEN_TTL", "2h"),
    ("SEED_DEMO_DATA", "true"),
    ("ADMIN_EMAIL", ADMIN_EMAIL),
    ("ADMIN_PASSWORD", ADMIN_PASSWORD),
];

const ADMIN_PASSWORD: &str = "correct horse battery";

/// The settings of a command that starts the shop.
#[derive(Clone, clap::Args)]
pub(crate) struct ShopArgs {
    /// Program of the shop
    #[arg(long = "shop")]
    program: PathBuf,

    /// URL of a PostgreSQL server, as its superuser; private to this run. The complete benchmark
    /// needs pg_stat_statements
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: String,

    /// URL of a Redis server; private to this run
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: String,
}

/// The program of the shop, and the servers, ports and secrets with which it is started.
pub(crate) struct MeasuredShop {
    args: ShopArgs,
    ports: Ports,
    secrets: TempDir,
}

/// Distinct free ports.
struct Ports {
    /// The listen port of each component, in the order of [`Component::ALL`].
    components: [u16; Component::ALL.len()],
    inbox: u16,
    inbox_smtp: u16,
    /// The admin port of a process that contains all components.
    admin: u16,
    /// The admin port of each component in a process of its own, in the order of
    /// [`Component::ALL`].
    component_admin: [u16; Component::ALL.len()],
    inbox_admin: u16,
}

impl MeasuredShop {
    /// Creates the keys of a shop on these servers.
    pub(crate) fn new(args: &ShopArgs) -> anyhow::Result<Self> {
        let secrets = tempfile::tempdir().context("cannot create a folder for secrets")?;
        let keys = user::jwk::generate(&Env::system())
            .context("cannot generate the keys for access tokens")?;
        std::fs::write(secrets.path().join("signing.json"), keys.signing.expose_secret())?;
        std::fs::write(secrets.path().join("public.json"), keys.public)?;
        std::fs::write(secrets.path().join("trusted-proxy-key"), "0".repeat(64))?;
        Ok(Self { args: args.clone(), ports: Ports::find()?, secrets })
    }

    /// Returns the address of the REST API.
    pub(crate) async fn gateway(&self) -> anyhow::Result<Target> {
        let port = self.ports.of_component(Component::Gateway);
        Target::resolve(&format!("http://{}", local(port))).await
    }

    /// Returns the address of the web shop.
    pub(crate) async fn web(&self) -> anyhow::Result<Target> {
        Target::resolve(&self.web_url()).await
    }

    fn web_url(&self) -> String {
        format!("http://{}", local(self.ports.of_component(Component::Web)))
    }

    /// Returns the administrator.
    pub(crate) fn admin(&self) -> Admin {
        Admin {
            admin_email: Some(ADMIN_EMAIL.to_owned()),
            admin_password: Some(ADMIN_PASSWORD.to_owned()),
        }
    }

    /// Starts all components in one process, and returns the time until it was ready.
    pub(crate) async fn start_combined(&self) -> anyhow::Result<(Process, Duration)> {
        let servers = [
            ("DATABASE_URL".to_owned(), self.args.database_url.clone()),
            ("REDIS_URL".to_owned(), self.args.redis_url.clone()),
        ];
        let mut process = Process::start(Program {
            name: "all",
            path: &self.args.program,
            args: &["all"],
            admin: &local(self.ports.admin),
            settings: &[self.settings(), servers.to_vec()].concat(),
        })
        .await?;
        let duration = process.wait_until_ready().await?;
        Ok((process, duration))
    }

    /// Starts each component in a process of its own.
    pub(crate) async fn start_separate(&self) -> anyhow::Result<Vec<Process>> {
        for (component, database) in Component::with_database() {
            self.prepare_database(component, database).await?;
        }
        let mut processes = Vec::new();
        for (component, admin) in Component::ALL.into_iter().zip(self.ports.component_admin) {
            processes.push(self.start_component(component, admin).await?);
        }
        processes.push(self.start_inbox().await?);
        for process in &mut processes {
            process.wait_until_ready().await?;
        }
        Ok(processes)
    }

    /// Starts the constant server of this program: the gateway's layers around a response of
    /// `bytes`.
    pub(crate) async fn start_constant(&self, bytes: usize) -> anyhow::Result<Process> {
        let mut process = Process::start(Program {
            name: "constant",
            path: &std::env::current_exe()?,
            args: &["constant", "--body-bytes", &bytes.to_string()],
            admin: &local(self.ports.admin),
            settings: &self.settings(),
        })
        .await?;
        process.wait_until_ready().await?;
        Ok(process)
    }

    async fn start_component(&self, component: Component, admin: u16) -> anyhow::Result<Process> {
        let info = component.info();
        let mut settings = self.settings();
        if let Some(database) = info.database {
            settings.extend(self.database_settings(database)?);
        }
        if info.redis {
            settings.push(("REDIS_URL".to_owned(), self.args.redis_url.clone()));
        }
        Process::start(Program {
            name: info.name,
            path: &self.args.program,
            args: &[info.name, "serve"],
            admin: &local(admin),
            settings: &settings,
        })
        .await
    }

    async fn start_inbox(&self) -> anyhow::Result<Process> {
        Process::start(Program {
            name: INBOX,
            path: &self.args.program,
            args: &[INBOX],
            admin: &local(self.ports.inbox_admin),
            settings: &self.settings(),
        })
        .await
    }

    /// Creates the role and the database of a component, and applies its migrations. What exists is
    /// kept.
    async fn prepare_database(
        &self,
        component: Component,
        database: Database,
    ) -> anyhow::Result<()> {
        let mut settings = self.settings();
        settings.extend(self.database_settings(database)?);
        settings.push(("ADMIN_DATABASE_URL".to_owned(), self.args.database_url.clone()));
        process::run(&self.args.program, &[component.name(), "provision"], &settings).await?;
        process::run(&self.args.program, &[component.name(), "migrate"], &settings).await
    }

    fn database_settings(&self, database: Database) -> anyhow::Result<[(String, String); 2]> {
        let server: PgConnectOptions = self.args.database_url.parse().context("DATABASE_URL")?;
        let (host, port) = (server.get_host(), server.get_port());
        let Database { name, role } = database;
        let url = format!("postgres://{role}@{host}:{port}/{name}");
        Ok([
            ("DATABASE_URL".to_owned(), url),
            ("DATABASE_PASSWORD".to_owned(), DATABASE_PASSWORD.to_owned()),
        ])
    }

    /// Returns the settings that all processes share. Each process reads those that it has.
    fn settings(&self) -> Vec<(String, String)> {
        let Ports { components, inbox, inbox_smtp, .. } = &self.ports;
        let file = |name: &str| self.secrets.path().join(name).display().to_string();
        let mut settings: Vec<_> = SETTINGS
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut set = |name: &str, value: String| settings.push((name.to_owned(), value));
        for (component, port) in Component::ALL.iter().zip(components) {
            let info = component.info();
            set(info.listen.env, local(*port));
            if let Some(url) = info.url_env {
                set(url, format!("http://{}", local(*port)));
            }
        }
        set("WEB_URL", self.web_url());
        set("TRUSTED_PROXY_KEY_FILE", file("trusted-proxy-key"));
        set("INBOX_SMTP_LISTEN", local(*inbox_smtp));
        set("INBOX_LISTEN", local(*inbox));
        set("JWT_SIGNING_KEYS", file("signing.json"));
        set("JWT_PUBLIC_KEYS", file("public.json"));
        set("FINGERPRINT_KEY", "0".repeat(64));
        set("SMTP_PORT", inbox_smtp.to_string());
        settings
    }
}

impl Ports {
    /// The number of ports.
    const COUNT: usize = 2 * Component::ALL.len() + 4;

    /// Finds free ports. All are bound at the same time, so that they are distinct, and then
    /// released for the shop.
    fn find() -> anyhow::Result<Self> {
        let listeners: Vec<_> = (0..Self::COUNT)
            .map(|_| TcpListener::bind(local(0)))
            .collect::<Result<_, _>>()
            .context("cannot find free ports")?;
        let mut ports = Vec::with_capacity(listeners.len());
        for listener in &listeners {
            ports.push(listener.local_addr()?.port());
        }
        let mut ports = ports.into_iter();
        let mut next = || ports.next().unwrap_or_default();
        Ok(Self {
            components: std::array::from_fn(|_| next()),
            inbox: next(),
            inbox_smtp: next(),
            admin: next(),
            component_admin: std::array::from_fn(|_| next()),
            inbox_admin: next(),
        })
    }

    fn of_component(&self, component: Component) -> u16 {
        let mut ports = Component::ALL.into_iter().zip(self.components);
        ports.find(|(other, _)| *other == component).map_or(0, |(_, port)| port)
    }
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
