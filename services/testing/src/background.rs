//! The runtime that outlives the runtimes of single tests.

use std::future::Future;
use std::sync::LazyLock;
use std::thread;

use tokio::runtime::{Builder, Runtime};

/// Supervises the private servers and holds the administrator's connections, which must not belong
/// to the runtime of a test. It is never dropped.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("the runtime of the test servers starts")
});

/// Runs a future on the background runtime and waits for it without an executor.
pub(crate) async fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.spawn(future).await.expect("the task of the test servers does not panic")
}

/// Starts a future on the background runtime without waiting for it.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    drop(RUNTIME.spawn(future));
}

/// Runs a future on the background runtime and blocks the thread, also inside another runtime.
pub(crate) fn block_on<F: Future<Output: Send>>(future: impl FnOnce() -> F + Send) -> F::Output {
    // A thread of a runtime must not enter another one.
    let result = thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future())).join());
    result.expect("the task of the test servers does not panic")
}
