//! The far end of mails: a notification service that keeps what it is given, and can fail.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use proto::{
    common::v1::Empty,
    notification::v1::{
        self as pb,
        notification_service_server::{NotificationService, NotificationServiceServer},
    },
};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A mail as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) kind: &'static str,
    pub(crate) email: String,
    /// The first name, or the token.
    pub(crate) content: String,
    pub(crate) key: String,
}

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    #[default]
    Fine,
    /// It keeps the mail, and its answer is lost.
    LosesAnswers,
    /// It refuses whatever comes.
    Refuses,
}

#[derive(Clone, Default)]
struct Desk {
    received: Arc<Mutex<Vec<Received>>>,
    mood: Arc<Mutex<Mood>>,
}

/// A post office, open or closed.
pub(crate) struct PostOffice {
    pub(crate) address: SocketAddr,
    desk: Desk,
    server: Option<JoinHandle<()>>,
}

impl PostOffice {
    /// With an address, at which nobody answers yet.
    pub(crate) async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, desk: Desk::default(), server: None }
    }

    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let service = NotificationServiceServer::new(self.desk.clone());
        let incoming = TcpListenerStream::new(listener);
        let server = Server::builder().add_service(service).serve_with_incoming(incoming);
        self.server = Some(tokio::spawn(async { server.await.unwrap() }));
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        *self.desk.mood.lock().unwrap() = mood;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.desk.received.lock().unwrap().clone()
    }

    /// The mails, once there are so many of this kind to this address.
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
        timeout(Duration::from_secs(20), wait).await.expect("mails to arrive")
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

impl Desk {
    fn take(&self, mail: Received) -> Result<Response<Empty>, Status> {
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Refuses {
            return Err(Status::invalid_argument("no"));
        }
        self.received.lock().unwrap().push(mail);
        match mood {
            Mood::LosesAnswers => Err(Status::unavailable("lost")),
            _ => Ok(Response::new(Empty {})),
        }
    }
}

#[tonic::async_trait]
impl NotificationService for Desk {
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

    async fn send_order_confirmation(
        &self,
        _: Request<pb::SendOrderConfirmationRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(never())
    }

    async fn send_shipping_update(
        &self,
        _: Request<pb::SendShippingUpdateRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(never())
    }

    async fn send_order_cancelled(
        &self,
        _: Request<pb::SendOrderCancelledRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(never())
    }

    async fn send_refund_issued(
        &self,
        _: Request<pb::SendRefundIssuedRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(never())
    }

    async fn list_notifications(
        &self,
        _: Request<pb::ListNotificationsRequest>,
    ) -> Result<Response<pb::ListNotificationsResponse>, Status> {
        Err(never())
    }

    async fn retry_notification(
        &self,
        _: Request<pb::RetryNotificationRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(never())
    }
}

fn never() -> Status {
    Status::unimplemented("the user service never asks for this")
}
