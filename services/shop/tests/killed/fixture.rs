//! A shop whose components run in processes of their own: two replicas of the gateway and of
//! `order`, one of every other component, each with a database of its own if it needs one.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use components::Component;
use kit::Env;
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query};
use tempfile::TempDir;
use uuid::Uuid;

use crate::processes::{Process, ShopCommand};

/// The components whose processes are killed. Every replica is.
pub(crate) const KILLED_COMPONENTS: [Component; 3] =
    [Component::Order, Component::Payment, Component::Catalog];

/// The initial stock of each product. Some is small, so that buyers compete for it.
const INITIAL_STOCK: [i32; 8] = [1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 40, 20, 10];

/// The processes, each with the setting of its listen address.
const PROCESSES: [(&str, &str); 11] = [
    ("user", "USER_LISTEN"),
    ("catalog", "CATALOG_LISTEN"),
    ("cart", "CART_LISTEN"),
    ("payment", "PAYMENT_LISTEN"),
    ("notification", "NOTIFICATION_LISTEN"),
    ("shipping", "SHIPPING_LISTEN"),
    ("order-1", "ORDER_LISTEN"),
    ("order-2", "ORDER_LISTEN"),
    ("gateway-1", "GATEWAY_LISTEN"),
    ("gateway-2", "GATEWAY_LISTEN"),
    ("inbox", "INBOX_LISTEN"),
];

/// Settings of all processes. Timeouts and intervals are short, so that recovery takes little time.
const SETTINGS: [(&str, &str); 14] = [
    ("RUST_LOG", "warn"),
    ("LOG_FORMAT", "json"),
    ("WORKER_THREADS", "2"),
    ("BCRYPT_COST", "4"),
    ("ACCESS_TOKEN_TTL", "2h"),
    ("REDIS_TIMEOUT", "5s"),
    ("RATE_LIMIT_PER_MINUTE", "0"),
    ("SIGN_IN_LIMIT_PER_IP", "0"),
    ("REQUEST_TIMEOUT", "10s"),
    ("SIMULATOR_LATE_ANSWER", "3s"),
    ("RESERVATION_SWEEP_INTERVAL", "1s"),
    ("CHECKOUT_WAIT", "3s"),
    ("CHECKOUT_CALL_TIMEOUT", "2s"),
    ("CHECKOUT_STEP_DEADLINE", "3s"),
];

/// A running shop.
pub(crate) struct Fixture {
    /// The prefix of its databases and roles, which is unique to the run.
    run: String,
    server: String,
    pub(crate) processes: Vec<Process>,
    /// The URLs of the gateways' REST APIs.
    pub(crate) gateways: Vec<String>,
    /// The URL of the cart service.
    pub(crate) cart: String,
    /// The products and their initial stock.
    pub(crate) products: Vec<(Uuid, i32)>,
    folder: TempDir,
}

impl Fixture {
    /// Creates the databases, starts all processes and waits until they are ready.
    pub(crate) async fn start(client: &reqwest::Client) -> Self {
        let env = Env::system();
        let digits: String = env.bytes::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut fixture = Self {
            run: format!("killed_{digits}"),
            server: testing::postgres().to_owned(),
            processes: Vec::new(),
            gateways: Vec::new(),
            cart: String::new(),
            products: INITIAL_STOCK.map(|units| (env.uuid(), units)).into(),
            folder: tempfile::tempdir().unwrap(),
        };
        let folder = fixture.folder.path().to_owned();
        let commands = fixture.commands(&env, &folder);
        fixture.create_component_databases(&commands, &folder);
        fixture.insert_products().await;
        fixture.start_processes(&commands, &folder);
        for process in &mut fixture.processes {
            process.wait_until_ready(client).await;
        }
        fixture
    }

    /// Connects, as the administrator, to the database of a component or another one of this run.
    pub(crate) async fn database(&self, name: &str) -> PgConnection {
        PgConnection::connect(&self.url(name, "")).await.unwrap()
    }

    /// Creates another database of this run.
    pub(crate) async fn create_database(&self, name: &str) -> PgConnection {
        let mut server = PgConnection::connect(&self.server).await.unwrap();
        let sql = format!("CREATE DATABASE {}_{name}", self.run);
        query(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        self.database(name).await
    }

    /// Stops all processes and drops the databases. Called after a successful run only: the
    /// databases of a failed run are kept for analysis.
    pub(crate) async fn clean_up(mut self) {
        self.processes.clear();
        let owners = || Component::with_database().map(|(component, _)| component.name());
        let mut server = PgConnection::connect(&self.server).await.unwrap();
        for name in owners().chain(["snapshot"]) {
            let sql = format!("DROP DATABASE {}_{name} WITH (FORCE)", self.run);
            query(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        }
        for name in owners() {
            let sql = format!("DROP ROLE {}_{name}", self.run);
            query(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        }
    }

    /// Returns the server's URL with another database. Parameters take precedence over the other
    /// parts of a URL.
    fn url(&self, database: &str, parameters: &str) -> String {
        let Self { run, server, .. } = self;
        let separator = if server.contains('?') { '&' } else { '?' };
        format!("{server}{separator}dbname={run}_{database}{parameters}")
    }

    /// Returns the command of each process, by the name of the process.
    fn commands(&mut self, env: &Env, folder: &Path) -> HashMap<&'static str, ShopCommand> {
        let ports: Vec<u16> = free_ports(PROCESSES.len() + 1);
        let smtp = ports[PROCESSES.len()].to_string();
        let port = |name: &str| ports[PROCESSES.iter().position(|(n, _)| *n == name).unwrap()];
        let http = |name: &str| format!("http://127.0.0.1:{}", port(name));
        self.gateways =
            ["gateway-1", "gateway-2"].map(|name| format!("{}/api/v1", http(name))).into();
        self.cart = http("cart");
        let secrets = secrets(env, folder);
        // A copy, so that a build during the test does not change what is restarted.
        let program = folder.join("shop");
        fs::copy(env!("CARGO_BIN_EXE_shop"), &program).unwrap();
        let command = |(name, listen): (&'static str, &'static str)| {
            let (component, replica) = name.split_once('-').unwrap_or((name, "1"));
            let args =
                if component == "inbox" { vec![component] } else { vec![component, "serve"] };
            let mut env: Vec<_> = SETTINGS.map(|(name, value)| (name, value.to_owned())).into();
            env.extend(secrets.clone());
            env.push((listen, format!("127.0.0.1:{}", port(name))));
            env.push(("REDIS_URL", testing::redis().to_owned()));
            for (setting, callee) in [
                ("USER_URL", "user"),
                ("CATALOG_URL", "catalog"),
                ("CART_URL", "cart"),
                ("PAYMENT_URL", "payment"),
                ("NOTIFICATION_URL", "notification"),
                ("SHIPPING_URL", "shipping"),
            ] {
                env.push((setting, http(callee)));
            }
            // Each gateway calls its own replica of `order`, so that repeated requests reach both.
            env.push(("ORDER_URL", http(if replica == "1" { "order-1" } else { "order-2" })));
            env.push(("INBOX_SMTP_LISTEN", format!("127.0.0.1:{smtp}")));
            env.extend([("SMTP_HOST", "127.0.0.1".to_owned()), ("SMTP_PORT", smtp.clone())]);
            if Component::with_database().any(|(owner, _)| owner.name() == component) {
                let role = format!("&user={}_{component}", self.run);
                env.push(("DATABASE_URL", self.url(component, &role)));
                env.push(("DATABASE_PASSWORD", "killed".to_owned()));
            }
            (name, ShopCommand { program: program.clone(), args, env })
        };
        PROCESSES.map(command).into()
    }

    fn create_component_databases(
        &self,
        commands: &HashMap<&'static str, ShopCommand>,
        folder: &Path,
    ) {
        for (component, _) in Component::with_database() {
            let process = match component {
                Component::Order => "order-1",
                component => component.name(),
            };
            for task in ["provision", "migrate"] {
                let args = vec![component.name(), task];
                let mut command = ShopCommand { args, ..commands[process].clone() };
                command.env.push(("ADMIN_DATABASE_URL", self.server.clone()));
                command.run(&folder.join("databases.log"));
            }
        }
    }

    fn start_processes(&mut self, commands: &HashMap<&'static str, ShopCommand>, folder: &Path) {
        let admin_ports = free_ports(PROCESSES.len());
        for ((name, _), admin_port) in PROCESSES.into_iter().zip(admin_ports) {
            let command = commands[name].clone();
            self.processes.push(Process::start(name.to_owned(), command, admin_port, folder));
        }
    }

    async fn insert_products(&self) {
        let mut catalog = self.database("catalog").await;
        for (index, (id, units)) in self.products.iter().enumerate() {
            query(
                "WITH product AS (
                     INSERT INTO products (id, name, slug, price_cents, currency, weight_grams,
                         created_at, updated_at)
                     VALUES ($1, $2, $2, $3, 'USD', 300, now(), now())
                 ), filled AS (INSERT INTO stock (product_id, on_hand) VALUES ($1, $4))
                 INSERT INTO stock_movements (product_id, kind, on_hand_delta, reserved_delta,
                     reason, created_at)
                 VALUES ($1, 'initial', $4, 0, '', now())",
            )
            .bind(id)
            .bind(format!("product-{index}"))
            .bind(i64::try_from(index).unwrap() * 700 + 500)
            .bind(units)
            .execute(&mut catalog)
            .await
            .unwrap();
        }
    }
}

fn secrets(env: &Env, folder: &Path) -> Vec<(&'static str, String)> {
    let keys = user::jwk::generate(env).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    vec![
        ("JWT_SIGNING_KEYS", write("signing-keys.json", keys.signing.expose_secret())),
        ("JWT_PUBLIC_KEYS", write("public-keys.json", &keys.public)),
        ("FINGERPRINT_KEY", "a key that all replicas of payment share".to_owned()),
    ]
}

fn free_ports(count: usize) -> Vec<u16> {
    (0..count).map(|_| testing::free_port()).collect()
}
