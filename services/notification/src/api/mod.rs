//! The gRPC service: each method parses the request, adds the mail to the queue, and responds.

mod fields;
mod parse;
mod render;

use kit::Env;
use kit::postgres::{Wakeup, traced};
use proto::common::v1::Empty;
use proto::notification::v1 as pb;
use proto::notification::v1::notification_service_server::NotificationService;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use self::parse::MailRequest;
use crate::error::Error;
use crate::store;
use crate::store::notifications::NewNotification;
use crate::transactions;

/// The implementation of the gRPC service.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) shop_name: String,
    /// Wakes the delivery worker for a new mail.
    pub(crate) wakeup: Wakeup,
}

type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl NotificationService for Api {
    async fn send_order_confirmation(
        &self,
        request: Request<pb::SendOrderConfirmationRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::order_confirmation(request.get_ref())?).await
    }

    async fn send_shipping_update(
        &self,
        request: Request<pb::SendShippingUpdateRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::shipping_update(request.get_ref())?).await
    }

    async fn send_welcome_email(
        &self,
        request: Request<pb::SendWelcomeEmailRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::welcome(request.get_ref())?).await
    }

    async fn send_password_reset(
        &self,
        request: Request<pb::SendPasswordResetRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::password_reset(request.get_ref())?).await
    }

    async fn send_order_cancelled(
        &self,
        request: Request<pb::SendOrderCancelledRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::order_cancelled(request.get_ref())?).await
    }

    async fn send_refund_issued(
        &self,
        request: Request<pb::SendRefundIssuedRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::refund_issued(request.get_ref())?).await
    }

    async fn send_sign_in_throttled(
        &self,
        request: Request<pb::SendSignInThrottledRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::sign_in_throttled(request.get_ref())?).await
    }

    async fn send_email_verification(
        &self,
        request: Request<pb::SendEmailVerificationRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::email_verification(request.get_ref())?).await
    }

    async fn send_email_changed(
        &self,
        request: Request<pb::SendEmailChangedRequest>,
    ) -> RpcResult<Empty> {
        self.send(parse::email_changed(request.get_ref())?).await
    }

    async fn list_notifications(
        &self,
        request: Request<pb::ListNotificationsRequest>,
    ) -> RpcResult<pb::ListNotificationsResponse> {
        let (status, page) = parse::list(request.get_ref())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let found =
            traced("notification.list", store::listing::list(&mut conn, status, page)).await?;
        Ok(Response::new(render::list(found, page)))
    }

    async fn retry_notification(
        &self,
        request: Request<pb::RetryNotificationRequest>,
    ) -> RpcResult<Empty> {
        let id = parse::retry(request.get_ref())?;
        let retrying = transactions::notifications::retry(&self.pool, &self.env, id);
        traced("notification.retry", retrying).await?;
        self.wakeup.wake();
        Ok(Response::new(Empty {}))
    }
}

impl Api {
    async fn send(&self, request: MailRequest) -> RpcResult<Empty> {
        let MailRequest { recipient, idempotency_key, content } = request;
        let now = self.env.now();
        let new = NewNotification {
            id: self.env.uuid().into(),
            recipient,
            subject: content.subject(&self.shop_name),
            expires_at: content.lifetime().and_then(|lifetime| now.checked_add(lifetime).ok()),
            content,
            idempotency_key,
            created_at: now,
        };
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let inserted = store::notifications::insert(&mut conn, &new);
        if traced("notification.insert", inserted).await? {
            self.wakeup.wake();
        }
        Ok(Response::new(Empty {}))
    }
}
