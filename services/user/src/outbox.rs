//! The outbox worker: delivers the mails of the outbox to the notification service, in every
//! replica.
//!
//! The worker leases a mail (its row has the end of the lease), sends it with its ID as idempotency
//! key, and deletes the row. If the worker dies in between, another worker leases the row again,
//! and the notification service recognizes the key. While the notification service is unavailable,
//! mails stay in the outbox.

use std::time::Duration;

use jiff::SignedDuration;
use kit::{
    Env, Runtime,
    grpc::client::{Channel, ClientTarget, TargetUrl},
    postgres::ListenEvent,
};
use proto::notification::v1::{
    SendPasswordResetRequest, SendWelcomeEmailRequest,
    notification_service_client::NotificationServiceClient,
};
use sqlx::PgPool;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tonic::{Code, Status};

use crate::{
    domain::mail::{Mail, MailKind},
    error::Error,
    metrics::Metrics,
    store, transactions,
};

/// The NOTIFY channel that announces new mails in the outbox.
const NOTIFY_CHANNEL: &str = "user_outbox";

/// Time between two polls without a notification, for mails that were postponed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The maximum number of mails of one poll. Then the worker yields the database to others and
/// measures the depth of the outbox.
const MAX_PER_POLL: usize = 100;

/// The lease of a mail. `STEP_TIMEOUT` is shorter, so that no two workers process one mail.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const STEP_TIMEOUT: Duration = Duration::from_secs(20);

/// Deadline of a call to the notification service.
const DEADLINE: Duration = Duration::from_secs(5);

/// The outcome of a delivery attempt.
enum Outcome {
    /// The notification service accepted the mail.
    Sent,
    /// No account has the address, so there is nothing to send.
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
        let events = kit::postgres::listen(&self.pool, NOTIFY_CHANNEL, runtime);
        runtime.spawn("outbox", self.run(events));
    }

    async fn run(self, mut events: mpsc::Receiver<ListenEvent>) {
        loop {
            if let Err(error) = self.poll().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "mail delivery postponed");
            }
            // A poll follows in either case; a closed channel means that the process stops.
            tokio::select! {
                Some(_) = events.recv() => while events.try_recv().is_ok() {},
                () = sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Delivers the mails that are due, until a delivery fails.
    async fn poll(&self) -> Result<(), Error> {
        for _ in 0..MAX_PER_POLL {
            let step = timeout(STEP_TIMEOUT, self.deliver_next()).await;
            match step.unwrap_or(Err(Error::TimedOut("deliver a mail")))? {
                Some(Outcome::Postponed) | None => break,
                Some(_) => {}
            }
        }
        let depth = async { store::outbox::depth(&mut *self.pool.acquire().await?).await };
        let depth = timeout(STEP_TIMEOUT, depth).await;
        let (count, oldest) = depth.unwrap_or(Err(Error::TimedOut("measure the outbox")))?;
        self.metrics.set_outbox(count, oldest, self.env.now());
        Ok(())
    }

    /// Delivers one mail; `None` if none is due.
    async fn deliver_next(&self) -> Result<Option<Outcome>, Error> {
        let now = self.env.now();
        let leased =
            store::outbox::lease_next(&mut *self.pool.acquire().await?, now, now + LEASE).await?;
        let Some(mail) = leased else { return Ok(None) };
        let outcome = self.deliver(&mail).await?;
        let mut conn = self.pool.acquire().await?;
        match outcome {
            Outcome::Postponed => {
                store::outbox::postpone(&mut conn, mail.id, self.env.now() + mail.backoff())
                    .await?;
            }
            _ => store::outbox::delete(&mut conn, mail.id).await?,
        }
        self.metrics.record_delivery(outcome.as_label());
        Ok(Some(outcome))
    }

    async fn deliver(&self, mail: &Mail) -> Result<Outcome, Error> {
        let response = match mail.kind {
            MailKind::Welcome => self.send_welcome(mail).await,
            MailKind::PasswordReset => match self.send_password_reset(mail).await? {
                Some(response) => response,
                None => return Ok(Outcome::Dropped),
            },
        };
        Ok(match response {
            Ok(()) => Outcome::Sent,
            Err(status) if status.code() == Code::InvalidArgument => {
                tracing::error!(mail = %mail.id, "mail rejected and discarded");
                Outcome::Rejected
            }
            Err(status) => {
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
