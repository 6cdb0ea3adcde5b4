//! A fake notification service, which records mails and injects faults.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::common::v1::Empty;
use proto::notification::v1 as pb;
use proto::notification::v1::notification_service_server::{
    NotificationService, NotificationServiceServer,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// A recorded mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) kind: &'static str,
    pub(crate) email: String,
    /// The first name or the token.
    pub(crate) content: String,
    pub(crate) key: String,
}

/// Injected fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No fault.
    #[default]
    None,
    /// Records the mail and responds with an error.
    LoseResponses,
    /// Rejects every mail.
    RejectAll,
}

#[derive(Clone, Default)]
struct Recorder {
    received: Arc<Mutex<Vec<Received>>>,
    fault: Arc<Mutex<Fault>>,
}

/// The fake service, started or stopped.
pub(crate) struct FakeNotification {
    pub(crate) address: SocketAddr,
    recorder: Recorder,
    server: Option<JoinHandle<()>>,
}

impl FakeNotification {
    /// Reserves an address without serving on it.
    pub(crate) async fn stopped() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, recorder: Recorder::default(), server: None }
    }

    pub(crate) async fn start(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let service = NotificationServiceServer::new(self.recorder.clone());
        let incoming = TcpListenerStream::new(listener);
        let server = Server::builder().add_service(service).serve_with_incoming(incoming);
        self.server = Some(tokio::spawn(async { server.await.unwrap() }));
    }

    pub(crate) fn inject(&self, fault: Fault) {
        *self.recorder.fault.lock().unwrap() = fault;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.recorder.received.lock().unwrap().clone()
    }

    /// Waits until `count` mails of this kind to this address have arrived, and returns them.
    pub(crate) async fn wait_for(&self, kind: &str, email: &str, count: usize) -> Vec<Received> {
        let wait = async {
            loop {
                let mut mails = self.received();
                mails.retain(|mail| mail.kind == kind && mail.email == email);
                if mails.len() >= count {
                    return mails;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), wait).await.expect("the mails arrive")
    }
}

impl Drop for FakeNotification {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

impl Recorder {
    fn take(&self, mail: Received) -> Result<Response<Empty>, Status> {
        let fault = *self.fault.lock().unwrap();
        if fault == Fault::RejectAll {
            return Err(Status::invalid_argument("no"));
        }
        self.received.lock().unwrap().push(mail);
        match fault {
            Fault::LoseResponses => Err(Status::unavailable("lost")),
            _ => Ok(Response::new(Empty {})),
        }
    }
}

#[tonic::async_trait]
impl NotificationService for Recorder {
    async fn send_welcome_email(
        &self,
        request: Request<pb::SendWelcomeEmailRequest>,
    ) -> Result<Response<Empty>, Status> {
        let pb::SendWelcomeEmailRequest { email, first_name, idempotency_key } =
            request.into_inner();
        self.take(Received { kind: "welcome", email, content: first_name, key: idempotency_key })
    }

    async fn send_password_reset(
        &self,
        request: Request<pb::SendPasswordResetRequest>,
    ) -> Result<Response<Empty>, Status> {
        let pb::SendPasswordResetRequest { email, reset_token, idempotency_key } =
            request.into_inner();
        self.take(Received { kind: "reset", email, content: reset_token, key: idempotency_key })
    }

    async fn send_sign_in_throttled(
        &self,
        request: Request<pb::SendSignInThrottledRequest>,
    ) -> Result<Response<Empty>, Status> {
        let pb::SendSignInThrottledRequest { email, idempotency_key } = request.into_inner();
        let content = String::new();
        self.take(Received { kind: "throttled", email, content, key: idempotency_key })
    }

    async fn send_email_verification(
        &self,
        request: Request<pb::SendEmailVerificationRequest>,
    ) -> Result<Response<Empty>, Status> {
        let pb::SendEmailVerificationRequest { email, verification_token, idempotency_key } =
            request.into_inner();
        let (content, key) = (verification_token, idempotency_key);
        self.take(Received { kind: "verification", email, content, key })
    }

    async fn send_email_changed(
        &self,
        request: Request<pb::SendEmailChangedRequest>,
    ) -> Result<Response<Empty>, Status> {
        let pb::SendEmailChangedRequest { email, idempotency_key: key } = request.into_inner();
        self.take(Received { kind: "email_changed", email, content: String::new(), key })
    }

    async fn send_order_confirmation(
        &self,
        _: Request<pb::SendOrderConfirmationRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(unexpected_call())
    }

    async fn send_shipping_update(
        &self,
        _: Request<pb::SendShippingUpdateRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(unexpected_call())
    }

    async fn send_order_cancelled(
        &self,
        _: Request<pb::SendOrderCancelledRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(unexpected_call())
    }

    async fn send_refund_issued(
        &self,
        _: Request<pb::SendRefundIssuedRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(unexpected_call())
    }

    async fn list_notifications(
        &self,
        _: Request<pb::ListNotificationsRequest>,
    ) -> Result<Response<pb::ListNotificationsResponse>, Status> {
        Err(unexpected_call())
    }

    async fn retry_notification(
        &self,
        _: Request<pb::RetryNotificationRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(unexpected_call())
    }
}

fn unexpected_call() -> Status {
    Status::unimplemented("the user service does not call this method")
}
