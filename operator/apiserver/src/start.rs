//! Starting etcd and kube-apiserver, and waiting until they serve.

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
use crate::guard::Guarded;
use crate::{ApiServer, assets, audit};

/// Where the server writes what it was asked.
pub(crate) const AUDIT_LOG: &str = "audit.log";
/// Where an administrator's kubeconfig is.
pub(crate) const KUBECONFIG: &str = "kubeconfig";

/// Two programs and many post-start hooks, on a machine that may be compiling at the same time.
const SERVES_WITHIN: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(100);
/// A port that was free when we asked may be taken when the server asks; hardly three times.
const TRIES: usize = 3;
/// Known to whoever can read this file; the server listens on loopback for a test's length.
const TOKEN: &str = "test";

/// Starts a server and waits until it serves.
pub(crate) fn start() -> Result<ApiServer, Error> {
    // Somebody else in this process may have installed it, which is just as well.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let assets = assets::folder()?;
    let mut result = try_to_start(&assets);
    for _ in 1..TRIES {
        match result {
            Err(Error::NotServing { .. }) => result = try_to_start(&assets),
            done => return done,
        }
    }
    result
}

fn try_to_start(assets: &Path) -> Result<ApiServer, Error> {
    let (etcd_port, port) = (free_port()?, free_port()?);
    let etcd_folder = folder("etcd")?;
    let etcd = Guarded::start(&assets.join("etcd"), &etcd_arguments(etcd_port), etcd_folder)?;

    let folder = folder("apiserver")?;
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    write_files(folder.path(), &certificate, port)?;
    let arguments = server_arguments(port, etcd_port);
    let server = Guarded::start(&assets.join("kube-apiserver"), &arguments, folder)?;
    let mut server = ApiServer {
        url: format!("https://127.0.0.1:{port}").parse::<Uri>()?,
        token: TOKEN.to_owned(),
        certificate: certificate.cert.der().to_vec(),
        server,
        _etcd: etcd,
        namespaces: AtomicU32::new(0),
    };
    wait_until_serving(&mut server)?;
    Ok(server)
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|it| it.local_addr());
    Ok(address.map_err(|it| Error::File("find a free port", it))?.port())
}

fn folder(name: &str) -> Result<TempDir, Error> {
    tempfile::Builder::new()
        .prefix(&format!("storefront-{name}-{}-", process::id()))
        .tempdir()
        .map_err(|it| Error::File("make a temporary folder", it))
}

/// Durability off: nothing of this outlives the test.
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

fn server_arguments(port: u16, etcd_port: u16) -> Vec<String> {
    vec![
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
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        "--allow-privileged=true".to_owned(),
        // Without controllers there are no tokens to mount.
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
        fs::write(folder.join(name), content).map_err(|it| Error::File("write a file", it))?;
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

/// Asks until the server serves. On a thread with a runtime of its own, because whoever calls may
/// be inside another one, where nobody may block on a future.
fn wait_until_serving(server: &mut ApiServer) -> Result<(), Error> {
    let deadline = Instant::now() + SERVES_WITHIN;
    let mut cause = String::new();
    while Instant::now() < deadline {
        let ended = server.server.has_ended().map_err(|it| Error::File("ask for a program", it))?;
        if ended {
            "it ended".clone_into(&mut cause);
            break;
        }
        match thread::scope(|scope| scope.spawn(|| ask(server)).join()) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => cause = error.to_string(),
            Err(_) => "asking it failed".clone_into(&mut cause),
        }
        thread::sleep(ASK_EVERY);
    }
    Err(Error::NotServing { cause, log: server.server.last_words() })
}

/// One attempt: the server is ready and has made the namespace that it makes last.
fn ask(server: &ApiServer) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
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
