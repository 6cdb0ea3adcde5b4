//! Tests of a server that lacks a service's role, database or tables.

use crate::fixture::{Service, settings};
use kit::Runtime;
use sqlx::query;
use std::io;
use std::sync::{Arc, Mutex};
use tonic::Code;

/// Collects the log of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the status and the log of a call that uses this database.
async fn call(url: &str, statement: &'static str) -> (Code, String) {
    let runtime = Runtime::for_tests();
    let pool = kit::postgres::connect(&settings(url, &[]), &runtime).expect("a pool");
    let error = query(statement).execute(&pool).await.expect_err("an outage");
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let status = tracing::subscriber::with_default(subscriber, || kit::postgres::status(&error));
    runtime.stop().await;
    assert!(!status.message().contains("kit_"), "the cause is not sent: {status:?}");
    let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("UTF-8");
    (status.code(), text)
}

/// A server whose data was lost first has no role, then no database, then no tables.
#[tokio::test]
async fn missing_role_database_or_table_is_unavailable_and_logged() {
    let (missing, service, other) = (Service::new(), Service::new(), Service::new());
    service.provision("secret").await.expect("provisioned");
    other.provision("secret").await.expect("provisioned");
    let on_server = |role: &str, database: &str| {
        format!("postgres://{role}:secret@{}/{database}", Service::server())
    };
    let (name, missing) = (&service.name, &missing.name);
    for (url, statement, cause) in [
        (on_server(missing, missing), "SELECT 1", "the role does not exist"),
        (on_server(name, missing), "SELECT 1", "the database does not exist"),
        (on_server(name, &other.name), "SELECT 1", "the role lacks a privilege"),
        (on_server(name, name), "SELECT * FROM things", "tables are missing"),
    ] {
        let (code, log) = call(&url, statement).await;
        assert_eq!(code, Code::Unavailable, "{cause}");
        assert!(log.contains("database unavailable"), "{log}");
        assert!(log.contains(cause), "{cause}: {log}");
    }
}
