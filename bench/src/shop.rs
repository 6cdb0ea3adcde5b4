//! The shop that is measured: all in one process, or each component in one of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use kit::Env;
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use crate::client::Target;
use crate::process::{self, Process, Program};
use crate::setup::Admin;

/// Components that serve gRPC.
const SERVICES: [&str; 7] =
    ["user", "catalog", "cart", "order", "payment", "notification", "shipping"];

/// Those of them that own a database.
pub(crate) const OWNERS: [&str; 6] =
    ["user", "catalog", "order", "payment", "notification", "shipping"];

/// Password of every role of the components that run apart; the server is private.
const PASSWORD: &str = "bench";

const ADMIN_EMAIL: &str = "admin@example.com";

/// What differs from the defaults: limits that a load test turns off, and cheap passwords, for the
/// sign-in of the shoppers is not measured.
const SETTINGS: [(&str, &str); 10] = [
    ("RUST_LOG", "warn"),
    ("LOG_FORMAT", "text"),
    ("RATE_LIMIT_PER_MINUTE", "0"),
    ("SIGN_IN_LIMIT_PER_IP", "0"),
    ("SIMULATOR_LATENCY", "0"),
    ("BCRYPT_COST", "4"),
    ("ACCESS_TOKEN_TTL", "2h"),
    ("SEED_DEMO_DATA", "true"),
    ("ADMIN_EMAIL", ADMIN_EMAIL),
    ("ADMIN_PASSWORD", PASSWORD_OF_ADMIN),
];

const PASSWORD_OF_ADMIN: &str = "correct horse battery";

/// Where the shop's program, its servers and its ports are.
pub(crate) struct Shop {
    program: PathBuf,
    database_url: String,
    redis_url: String,
    ports: Ports,
    secrets: TempDir,
}

/// Ports that were free a moment ago.
struct Ports {
    gateway: u16,
    admin: u16,
    smtp: u16,
    inbox: u16,
    services: [u16; SERVICES.len()],
    /// The admin ports of components that run apart.
    apart: [u16; SERVICES.len() + 2],
}

impl Shop {
    /// A shop on the servers of these URLs, the first one the PostgreSQL superuser's.
    pub(crate) fn new(program: &Path, database_url: &str, redis_url: &str) -> anyhow::Result<Self> {
        let secrets = tempfile::tempdir().context("a folder for secrets")?;
        let keys = user::jwk::generate(&Env::system()).context("keys for access tokens")?;
        std::fs::write(secrets.path().join("signing.json"), keys.signing.expose_secret())?;
        std::fs::write(secrets.path().join("public.json"), keys.public)?;
        Ok(Self {
            program: program.to_owned(),
            database_url: database_url.to_owned(),
            redis_url: redis_url.to_owned(),
            ports: Ports::find()?,
            secrets,
        })
    }

    /// Where its API is.
    pub(crate) async fn gateway(&self) -> anyhow::Result<Target> {
        Target::find(&format!("http://{}", local(self.ports.gateway))).await
    }

    /// Who may raise stock.
    pub(crate) fn admin(&self) -> Admin {
        Admin {
            admin_email: Some(ADMIN_EMAIL.to_owned()),
            admin_password: Some(PASSWORD_OF_ADMIN.to_owned()),
        }
    }

    /// All of it in one process. The time until it was ready.
    pub(crate) async fn start_as_one(&self) -> anyhow::Result<(Process, Duration)> {
        let servers = [
            ("DATABASE_URL".to_owned(), self.database_url.clone()),
            ("REDIS_URL".to_owned(), self.redis_url.clone()),
        ];
        let mut process = Process::start(Program {
            name: "all",
            path: &self.program,
            words: &["all"],
            admin: &local(self.ports.admin),
            settings: &[self.settings(), servers.to_vec()].concat(),
        })
        .await?;
        let took = process.ready().await?;
        Ok((process, took))
    }

    /// Each component in a process of its own, on databases that are there.
    pub(crate) async fn start_apart(&self) -> anyhow::Result<Vec<Process>> {
        for owner in OWNERS {
            self.prepare(owner).await?;
        }
        let mut all = Vec::new();
        for (name, port) in SERVICES.into_iter().zip(self.ports.apart) {
            all.push(self.start_alone(name, &[name, "serve"], port).await?);
        }
        let [.., inbox, gateway] = self.ports.apart;
        all.push(self.start_alone("inbox", &["inbox"], inbox).await?);
        all.push(self.start_alone("gateway", &["gateway", "serve"], gateway).await?);
        for process in &mut all {
            process.ready().await?;
        }
        Ok(all)
    }

    /// The gateway's layers around an answer of `bytes`, by this very program.
    pub(crate) async fn start_constant(&self, bytes: usize) -> anyhow::Result<Process> {
        let mut process = Process::start(Program {
            name: "constant",
            path: &std::env::current_exe()?,
            words: &["constant", "--body-bytes", &bytes.to_string()],
            admin: &local(self.ports.admin),
            settings: &self.settings(),
        })
        .await?;
        process.ready().await?;
        Ok(process)
    }

    async fn start_alone(
        &self,
        name: &'static str,
        words: &[&str],
        admin: u16,
    ) -> anyhow::Result<Process> {
        let mut settings = self.settings();
        if OWNERS.contains(&name) {
            settings.extend(self.database_of(name)?);
        }
        if ["cart", "gateway"].contains(&name) {
            settings.push(("REDIS_URL".to_owned(), self.redis_url.clone()));
        }
        let admin = &local(admin);
        let path = &self.program;
        Process::start(Program { name, path, words, admin, settings: &settings }).await
    }

    /// Gives an owner its role, its database and its migrations; what is there stays.
    async fn prepare(&self, owner: &str) -> anyhow::Result<()> {
        let mut settings = self.settings();
        settings.extend(self.database_of(owner)?);
        settings.push(("ADMIN_DATABASE_URL".to_owned(), self.database_url.clone()));
        process::run(&self.program, &[owner, "provision"], &settings).await?;
        process::run(&self.program, &[owner, "migrate"], &settings).await
    }

    fn database_of(&self, owner: &str) -> anyhow::Result<[(String, String); 2]> {
        let server: PgConnectOptions = self.database_url.parse().context("DATABASE_URL")?;
        let (host, port) = (server.get_host(), server.get_port());
        let url = format!("postgres://{owner}_owner@{host}:{port}/{owner}_db");
        Ok([
            ("DATABASE_URL".to_owned(), url),
            ("DATABASE_PASSWORD".to_owned(), PASSWORD.to_owned()),
        ])
    }

    /// The settings that all processes share; each takes those that it knows.
    fn settings(&self) -> Vec<(String, String)> {
        let Ports { gateway, smtp, inbox, services, .. } = &self.ports;
        let file = |name: &str| self.secrets.path().join(name).display().to_string();
        let mut settings: Vec<_> = SETTINGS
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut set = |name: &str, value: String| settings.push((name.to_owned(), value));
        for (name, port) in SERVICES.iter().zip(services) {
            let name = name.to_uppercase();
            set(&format!("{name}_LISTEN"), local(*port));
            set(&format!("{name}_URL"), format!("http://{}", local(*port)));
        }
        set("GATEWAY_LISTEN", local(*gateway));
        set("INBOX_SMTP_LISTEN", local(*smtp));
        set("INBOX_LISTEN", local(*inbox));
        set("JWT_SIGNING_KEYS", file("signing.json"));
        set("JWT_PUBLIC_KEYS", file("public.json"));
        set("FINGERPRINT_KEY", "0".repeat(64));
        set("SMTP_PORT", smtp.to_string());
        settings
    }
}

impl Ports {
    /// All are held at once, so that none is found twice, and then let go for the shop.
    fn find() -> anyhow::Result<Self> {
        let held: Vec<_> = (0..4 + SERVICES.len() + SERVICES.len() + 2)
            .map(|_| TcpListener::bind(local(0)))
            .collect::<Result<_, _>>()
            .context("free ports")?;
        let mut ports = Vec::with_capacity(held.len());
        for listener in &held {
            ports.push(listener.local_addr()?.port());
        }
        let mut ports = ports.into_iter();
        let mut next = || ports.next().unwrap_or_default();
        Ok(Self {
            gateway: next(),
            admin: next(),
            smtp: next(),
            inbox: next(),
            services: std::array::from_fn(|_| next()),
            apart: std::array::from_fn(|_| next()),
        })
    }
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
