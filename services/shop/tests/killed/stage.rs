//! A shop in processes of its own: two gateways and two of `order`, one of everything else, each owner
//! with a database of its own.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use kit::Env;
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query};
use tempfile::TempDir;
use uuid::Uuid;

use crate::processes::{Process, Start};

/// Who owns a database.
pub(crate) const OWNERS: [&str; 6] =
    ["user", "catalog", "order", "payment", "notification", "shipping"];

/// Who is killed. Where two run, each of them is.
pub(crate) const VICTIMS: [&str; 3] = ["order", "payment", "catalog"];

/// What is sold: the units of each product. Some are few, so that buyers are in each other's way.
const UNITS: [i32; 8] = [1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 40, 20, 10];

/// Where processes listen: one address each, in the order of these names.
const LISTENERS: [(&str, &str); 11] = [
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

/// What is short here, so that whatever waits for it comes soon.
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
pub(crate) struct Stage {
    /// Names its databases and roles, which no other run has.
    run: String,
    server: String,
    pub(crate) processes: Vec<Process>,
    /// The APIs of the gateways.
    pub(crate) gateways: Vec<String>,
    /// Where carts are.
    pub(crate) cart: String,
    /// What is sold, and how many units there were at first.
    pub(crate) wares: Vec<(Uuid, i32)>,
    _folder: TempDir,
}

impl Stage {
    /// Makes databases, starts all processes and waits until they are ready.
    pub(crate) async fn set(client: &reqwest::Client) -> Self {
        let env = Env::system();
        let digits: String = env.bytes::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut stage = Self {
            run: format!("killed_{digits}"),
            server: testing::postgres().to_owned(),
            processes: Vec::new(),
            gateways: Vec::new(),
            cart: String::new(),
            wares: UNITS.map(|units| (env.uuid(), units)).into(),
            _folder: folder,
        };
        let folder = stage._folder.path().to_owned();
        let env = stage.environment(&env, &folder);
        stage.make_databases(&env, &folder);
        stage.stock_up().await;
        stage.start(&env, &folder);
        for process in &mut stage.processes {
            process.ready(client).await;
        }
        stage
    }

    /// An administrator's connection to the database of an owner, or to another of this run.
    pub(crate) async fn database(&self, name: &str) -> PgConnection {
        PgConnection::connect(&self.url(name, "")).await.unwrap()
    }

    /// A new database of this run, beside those of the owners.
    pub(crate) async fn make_database(&self, name: &str) -> PgConnection {
        let mut server = PgConnection::connect(&self.server).await.unwrap();
        let sql = format!("CREATE DATABASE {}_{name}", self.run);
        query(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        self.database(name).await
    }

    /// Ends everything. Only after a run that went well: of any other the databases are worth a look.
    pub(crate) async fn clear(mut self) {
        self.processes.clear();
        let mut server = PgConnection::connect(&self.server).await.unwrap();
        for name in OWNERS.into_iter().chain(["books"]) {
            let sql = format!("DROP DATABASE {}_{name} WITH (FORCE)", self.run);
            query(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        }
        for name in OWNERS {
            let sql = format!("DROP ROLE {}_{name}", self.run);
            query(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
        }
    }

    /// Parameters count for more than what stands before them.
    fn url(&self, database: &str, more: &str) -> String {
        let Self { run, server, .. } = self;
        let mark = if server.contains('?') { '&' } else { '?' };
        format!("{server}{mark}dbname={run}_{database}{more}")
    }

    /// What each process is told, by its name.
    fn environment(&mut self, env: &Env, folder: &Path) -> HashMap<&'static str, Start> {
        let ports: Vec<u16> = free_ports(LISTENERS.len() + 1);
        let smtp = ports[LISTENERS.len()].to_string();
        let port = |name: &str| ports[LISTENERS.iter().position(|(n, _)| *n == name).unwrap()];
        let http = |name: &str| format!("http://127.0.0.1:{}", port(name));
        self.gateways =
            ["gateway-1", "gateway-2"].map(|name| format!("{}/api/v1", http(name))).into();
        self.cart = http("cart");
        let secrets = secrets(env, folder);
        // Of our own: who builds meanwhile does not change what is started again.
        let shop = folder.join("shop");
        fs::copy(env!("CARGO_BIN_EXE_shop"), &shop).unwrap();
        let start = |(name, listen): (&'static str, &'static str)| {
            let (component, replica) = name.split_once('-').unwrap_or((name, "1"));
            let words =
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
            // Each gateway has an `order` of its own; a shopper who asks again may get the other.
            env.push(("ORDER_URL", http(if replica == "1" { "order-1" } else { "order-2" })));
            env.push(("INBOX_SMTP_LISTEN", format!("127.0.0.1:{smtp}")));
            env.extend([("SMTP_HOST", "127.0.0.1".to_owned()), ("SMTP_PORT", smtp.clone())]);
            if OWNERS.contains(&component) {
                let role = format!("&user={}_{component}", self.run);
                env.push(("DATABASE_URL", self.url(component, &role)));
                env.push(("DATABASE_PASSWORD", "killed".to_owned()));
            }
            (name, Start { shop: shop.clone(), words, env })
        };
        LISTENERS.map(start).into()
    }

    fn make_databases(&self, starts: &HashMap<&'static str, Start>, folder: &Path) {
        for owner in OWNERS {
            let name = if owner == "order" { "order-1" } else { owner };
            for task in ["provision", "migrate"] {
                let mut start = Start { words: vec![owner, task], ..starts[name].clone() };
                start.env.push(("ADMIN_DATABASE_URL", self.server.clone()));
                start.finish(&folder.join("databases.log"));
            }
        }
    }

    fn start(&mut self, starts: &HashMap<&'static str, Start>, folder: &Path) {
        let admin = free_ports(LISTENERS.len());
        for ((name, _), admin) in LISTENERS.into_iter().zip(admin) {
            let start = starts[name].clone();
            self.processes.push(Process::start(name.to_owned(), start, admin, folder));
        }
    }

    async fn stock_up(&self) {
        let mut catalog = self.database("catalog").await;
        for (n, (id, units)) in self.wares.iter().enumerate() {
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
            .bind(format!("ware-{n}"))
            .bind(i64::try_from(n).unwrap() * 700 + 500)
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
