//! Starts etcd and kube-apiserver, and waits until they are ready.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use http::{Request, Uri};
use kube::Client;
use rcgen::KeyPair;
use tempfile::TempDir;

use crate::error::Error;
use crate::process::SupervisedProcess;
use crate::{ApiServer, assets, audit};

/// The audit log in the server's folder.
pub(crate) const AUDIT_LOG: &str = "audit.log";
/// The administrator's kubeconfig in the server's folder.
pub(crate) const KUBECONFIG: &str = "kubeconfig";

/// The network of the addresses of Services, unless a test needs another one.
pub(crate) const SERVICE_NETWORK: &str = "10.0.0.0/16";

/// The address that the server advertises to pods, of the family of its first network of Services.
/// There are no pods, and no host needs to have the address.
const ADVERTISED_IPV4: &str = "192.0.2.1";
const ADVERTISED_IPV6: &str = "2001:db8::1";

/// The timeout of a start: two programs and many post-start hooks, on a machine that may be
/// compiling at the same time.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(90);
const PROBE_INTERVAL: Duration = Duration::from_millis(100);
/// The maximum number of attempts to start. Another process may bind a port between the check that
/// it is free and the start of the server. Three such conflicts are unlikely.
const MAX_START_ATTEMPTS: usize = 3;
/// The administrator's token. It is no secret: the server listens on loopback, and only during the
/// tests.
const TOKEN: &str = "test";

/// Starts a server and waits until it is ready.
pub(crate) fn start(service_networks: &str) -> Result<ApiServer, Error> {
    // An error means that another part of this process has installed a provider, which serves as
    // well.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let assets = assets::folder()?;
    let mut result = try_to_start(&assets, service_networks);
    for _ in 1..MAX_START_ATTEMPTS {
        match result {
            Err(Error::NotServing { .. }) => result = try_to_start(&assets, service_networks),
            other => return other,
        }
    }
    result
}

fn try_to_start(assets: &Path, service_networks: &str) -> Result<ApiServer, Error> {
    let (etcd_port, port) = (free_port()?, free_port()?);
    let etcd_folder = folder("etcd")?;
    let etcd =
        SupervisedProcess::start(&assets.join("etcd"), &etcd_arguments(etcd_port), etcd_folder)?;

    let folder = folder("apiserver")?;
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    write_files(folder.path(), &certificate, port)?;
    let arguments = server_arguments(port, etcd_port, service_networks);
    let server = SupervisedProcess::start(&assets.join("kube-apiserver"), &arguments, folder)?;
    let mut server = ApiServer {
        url: format!("https://127.0.0.1:{port}").parse::<Uri>()?,
        token: TOKEN.to_owned(),
        certificate: certificate.cert.der().to_vec(),
        server,
        _etcd: etcd,
        namespaces: AtomicU32::new(0),
    };
    wait_until_ready(&mut server)?;
    Ok(server)
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(|error| Error::File("find a free port", error))?.port())
}

fn folder(name: &str) -> Result<TempDir, Error> {
    tempfile::Builder::new()
        .prefix(&format!("storefront-{name}-{}-", process::id()))
        .tempdir()
        .map_err(|error| Error::File("create a temporary folder", error))
}

/// Returns etcd's arguments. Durability is off, because no data outlives the test.
fn etcd_arguments(port: u16) -> Vec<String> {
    vec![
        "--data-dir=data".to_owned(),
        format!("--listen-client-urls=http://127.0.0.1:{port}"),
        format!("--advertise-client-urls=http://127.0.0.1:{port}"),
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

fn server_arguments(port: u16, etcd_port: u16, service_networks: &str) -> Vec<String> {
    let first = service_networks.split(',').next().unwrap_or_default();
    let advertised = if first.contains(':') { ADVERTISED_IPV6 } else { ADVERTISED_IPV4 };
    vec![
        format!("--advertise-address={advertised}"),
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        "--tls-cert-file=tls.crt".to_owned(),
        "--tls-private-key-file=tls.key".to_owned(),
        "--cert-dir=.".to_owned(),
        "--token-auth-file=tokens".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-account-key-file=tls.crt".to_owned(),
        "--service-account-signing-key-file=tls.key".to_owned(),
        format!("--service-cluster-ip-range={service_networks}"),
        "--allow-privileged=true".to_owned(),
        // No controllers run, so there are no service account tokens to mount.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        "--audit-policy-file=audit-policy.yaml".to_owned(),
        format!("--audit-log-path={AUDIT_LOG}"),
        "--profiling=false".to_owned(),
    ]
}

fn write_files(
    folder: &Path,
    certificate: &rcgen::CertifiedKey<KeyPair>,
    port: u16,
) -> Result<(), Error> {
    let certificate_pem = certificate.cert.pem();
    let files = [
        ("tls.crt", certificate_pem),
        ("tls.key", certificate.signing_key.serialize_pem()),
        ("tokens", format!("{TOKEN},admin,admin,system:masters\n")),
        ("audit-policy.yaml", audit::POLICY.to_owned()),
        (KUBECONFIG, kubeconfig(folder, port)),
    ];
    for (name, content) in files {
        fs::write(folder.join(name), content)
            .map_err(|error| Error::File("write a file", error))?;
    }
    Ok(())
}

fn kubeconfig(folder: &Path, port: u16) -> String {
    let authority = folder.join("tls.crt");
    let authority = authority.display();
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         current-context: test\n\
         contexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n\
         users: [{{name: test, user: {{token: {TOKEN}}}}}]\n\
         clusters:\n\
         - name: test\n  \
           cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: '{authority}'}}\n"
    )
}

/// Probes the server until it is ready. Each probe runs on a thread with its own runtime, because
/// the caller may be inside a runtime, where blocking on a future is not allowed.
fn wait_until_ready(server: &mut ApiServer) -> Result<(), Error> {
    let deadline = Instant::now() + STARTUP_TIMEOUT;
    let mut cause = String::new();
    while Instant::now() < deadline {
        let ended = server
            .server
            .has_ended()
            .map_err(|error| Error::File("query the state of a program", error))?;
        if ended {
            "the program ended".clone_into(&mut cause);
            break;
        }
        match thread::scope(|scope| scope.spawn(|| probe(server)).join()) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => cause = error.to_string(),
            Err(_) => "the probe panicked".clone_into(&mut cause),
        }
        thread::sleep(PROBE_INTERVAL);
    }
    Err(Error::NotServing { cause, log: server.server.log_tail() })
}

/// Probes once whether the server is ready and has created the default namespace, which it creates
/// last.
fn probe(server: &ApiServer) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut config = server.config();
        config.default_retry = false;
        let client = Client::try_from(config)?;
        for path in ["/readyz", "/api/v1/namespaces/default"] {
            client.request_text(Request::get(path).body(Vec::new())?).await?;
        }
        Ok(())
    })
}
