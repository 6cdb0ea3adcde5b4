//! The outbox worker: delivers the mails of the outbox to the notification service, in every
//! replica.
//!
//! The worker leases a mail (its row has the end of the lease), sends it with its ID as idempotency
//! key, and deletes the row. If the worker dies in between, another worker leases the row again,
//! and the notification service recognizes the key. While the notification service is unavailable,
//! mails stay in the outbox.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use kit::grpc::client::{Channel, ClientTarget, TargetUrl};
use kit::postgres::{LeaseQueue, LeaseWorker, NextClaim, Wakeup};
use kit::{Env, Runtime};
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{
    SendEmailChangedRequest, SendEmailVerificationRequest, SendPasswordResetRequest,
    SendSignInThrottledRequest, SendWelcomeEmailRequest,
};
use sqlx::PgPool;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{Code, Status};

use crate::domain::mail::{Mail, MailKind};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::{store, transactions};

/// The NOTIFY channel that announces new mails in the outbox.
const NOTIFY_CHANNEL: &str = "user_outbox";

/// Delivers one mail after the other. It polls for mails that were postponed. After the round limit
/// it yields the database to others and measures the depth of the outbox.
const WORKER: LeaseWorker = LeaseWorker {
    poll_interval: Duration::from_secs(1),
    batch_size: 1,
    max_in_flight: 1,
    round_limit: 100,
};

/// The lease of a mail. `STEP_TIMEOUT` is shorter, so that no two workers process one mail.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const STEP_TIMEOUT: Duration = Duration::from_secs(20);

/// Deadline of a call to the notification service.
const DEADLINE: Duration = Duration::from_secs(5);

/// The outcome of a delivery attempt.
enum Outcome {
    /// The notification service accepted the mail.
    Sent,
    /// No account has the address, or it got too many mails, so there is nothing to send.
    Dropped,
    /// The notification service rejected the mail permanently.
    Rejected,
    /// The attempt failed; a later one may succeed.
    Postponed,
}

/// The outbox worker.
pub(crate) struct OutboxWorker {
    pool: PgPool,
    env: Env,
    notification: NotificationServiceClient<Channel>,
    metrics: Metrics,
}

impl OutboxWorker {
    pub(crate) fn new(pool: PgPool, url: TargetUrl, metrics: Metrics, runtime: &Runtime) -> Self {
        let target = ClientTarget::new("notification", url).deadline(DEADLINE);
        let notification = NotificationServiceClient::new(Channel::connect(&target, runtime));
        Self { pool, env: runtime.env.clone(), notification, metrics }
    }

    /// Starts to listen for notifications and to deliver mails.
    pub(crate) fn start(self, runtime: &Runtime) {
        let wakeup = Wakeup::default();
        let events = kit::postgres::listen(&self.pool, NOTIFY_CHANNEL, runtime);
        runtime.spawn("outbox-wakeup", wakeup.clone().on_events(events));
        runtime.spawn("outbox", WORKER.run(Arc::new(self), wakeup, runtime.stopping()));
    }

    async fn lease_next(&self) -> Result<Option<Mail>, Error> {
        let now = self.env.now();
        store::outbox::lease_next(&mut *self.pool.acquire().await?, now, now + LEASE).await
    }

    /// Delivers a mail and stores the outcome.
    async fn deliver_and_record(&self, mail: &Mail) -> Result<Outcome, Error> {
        let outcome = self.deliver(mail).await?;
        let mut conn = self.pool.acquire().await?;
        match outcome {
            Outcome::Postponed => {
                store::outbox::postpone(&mut conn, mail.id, self.env.now() + mail.backoff())
                    .await?;
            }
            _ => store::outbox::delete(&mut conn, mail.id).await?,
        }
        self.metrics.record_delivery(outcome.as_label());
        Ok(outcome)
    }

    async fn deliver(&self, mail: &Mail) -> Result<Outcome, Error> {
        let response = match mail.kind {
            MailKind::Welcome => Some(self.send_welcome(mail).await),
            MailKind::PasswordReset => self.send_password_reset(mail).await?,
            MailKind::SignInThrottled => self.send_sign_in_throttled(mail).await?,
            MailKind::EmailVerification => self.send_verification(mail).await?,
            MailKind::EmailChanged => Some(self.send_email_changed(mail).await),
        };
        Ok(match response {
            None => Outcome::Dropped,
            Some(Ok(())) => Outcome::Sent,
            Some(Err(status)) if status.code() == Code::InvalidArgument => {
                tracing::error!(mail = %mail.id, "mail rejected and discarded");
                Outcome::Rejected
            }
            Some(Err(status)) => {
                let (code, attempts) = (status.code(), mail.attempts);
                tracing::warn!(mail = %mail.id, ?code, attempts, "mail delivery failed, retrying");
                Outcome::Postponed
            }
        })
    }

    async fn send_welcome(&self, mail: &Mail) -> Result<(), Status> {
        let request = SendWelcomeEmailRequest {
            email: mail.email.as_str().to_owned(),
            first_name: mail.first_name.clone(),
            idempotency_key: mail.id.to_string(),
        };
        self.notification.clone().send_welcome_email(request).await.map(|_| ())
    }

    /// Sends a password reset mail; `None` if no account should get it. The token is created now
    /// and its digest stored before the token is sent. The mail goes to the address of the account,
    /// not to the spelling in the request.
    async fn send_password_reset(&self, mail: &Mail) -> Result<Option<Result<(), Status>>, Error> {
        let created =
            transactions::passwords::create_reset_token(&self.pool, &self.env, mail).await?;
        let Some((account, token)) = created else { return Ok(None) };
        let request = SendPasswordResetRequest {
            email: account.email.as_str().to_owned(),
            reset_token: token.text(),
            idempotency_key: mail.id.to_string(),
        };
        let response = self.notification.clone().send_password_reset(request).await;
        Ok(Some(response.map(|_| ())))
    }

    /// Sends the mail about throttled sign-ins; `None` if no active account has the address.
    async fn send_sign_in_throttled(
        &self,
        mail: &Mail,
    ) -> Result<Option<Result<(), Status>>, Error> {
        let account = {
            let mut conn = self.pool.acquire().await?;
            match store::users::find_by_email(&mut conn, &mail.email).await? {
                Some((user, _)) => store::users::find(&mut conn, user).await?,
                None => None,
            }
        };
        let Some(account) = account.filter(|account| !account.disabled) else { return Ok(None) };
        let request = SendSignInThrottledRequest {
            email: account.email.as_str().to_owned(),
            idempotency_key: mail.id.to_string(),
        };
        let response = self.notification.clone().send_sign_in_throttled(request).await;
        Ok(Some(response.map(|_| ())))
    }

    /// Sends a mail that verifies an address; `None` if it is not to be sent. It contains nothing
    /// that the owner of the account wrote, who may be a stranger to the recipient.
    async fn send_verification(&self, mail: &Mail) -> Result<Option<Result<(), Status>>, Error> {
        let token = transactions::verification::create_token(&self.pool, &self.env, mail).await?;
        let Some(token) = token else { return Ok(None) };
        let request = SendEmailVerificationRequest {
            email: mail.email.as_str().to_owned(),
            verification_token: token.text(),
            idempotency_key: mail.id.to_string(),
        };
        let response = self.notification.clone().send_email_verification(request).await;
        Ok(Some(response.map(|_| ())))
    }

    async fn send_email_changed(&self, mail: &Mail) -> Result<(), Status> {
        let request = SendEmailChangedRequest {
            email: mail.email.as_str().to_owned(),
            idempotency_key: mail.id.to_string(),
        };
        self.notification.clone().send_email_changed(request).await.map(|_| ())
    }
}

/// A leased mail, and until when this worker may process it.
pub(crate) struct LeasedMail {
    mail: Mail,
    deadline: Instant,
}

impl LeaseQueue for OutboxWorker {
    type Item = LeasedMail;
    type Error = Error;

    async fn claim(&self, _limit: usize) -> Result<Vec<LeasedMail>, Error> {
        let deadline = Instant::now() + STEP_TIMEOUT;
        let leased = timeout_at(deadline, self.lease_next()).await;
        let leased = leased.unwrap_or(Err(Error::TimedOut("lease a mail")))?;
        Ok(leased.map(|mail| LeasedMail { mail, deadline }).into_iter().collect())
    }

    /// A failed delivery ends the round: the other mails would fail too.
    async fn process(&self, item: LeasedMail) -> Result<NextClaim, Error> {
        let LeasedMail { mail, deadline } = item;
        let outcome = timeout_at(deadline, self.deliver_and_record(&mail)).await;
        Ok(match outcome.unwrap_or(Err(Error::TimedOut("deliver a mail")))? {
            Outcome::Postponed => NextClaim::AfterWait,
            Outcome::Sent | Outcome::Dropped | Outcome::Rejected => NextClaim::Immediately,
        })
    }

    /// Measures the depth of the outbox.
    async fn round_completed(&self) -> Result<(), Error> {
        let depth = async { store::outbox::depth(&mut *self.pool.acquire().await?).await };
        let depth = timeout(STEP_TIMEOUT, depth).await;
        let (count, oldest) = depth.unwrap_or(Err(Error::TimedOut("measure the outbox")))?;
        self.metrics.set_outbox(count, oldest, self.env.now());
        Ok(())
    }
}

impl Outcome {
    fn as_label(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Rejected => "refused",
            Self::Postponed => "put_off",
        }
    }
}
