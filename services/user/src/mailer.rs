//! Hands the mails of the outbox to the notification service, in every replica.
//!
//! A mail is taken (its row says until when), handed over with its id as idempotency key, and deleted.
//! A worker that dies in between leaves a row that is taken again; the other side then knows the key.
//! While nobody takes mails they wait, for as long as it lasts.

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
    domain::mail::{Kind, Mail},
    error::Error,
    metrics::Metrics,
    store, transactions,
};

/// The channel on which the outbox tells of new mails.
const CHANNEL: &str = "user_outbox";

/// Time between two looks when nobody tells of anything: for what was put off.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The most mails of one look; then others get the database's time, and the depth is measured.
const MAX_PER_LOOK: usize = 100;

/// How long a taken mail is this worker's. A step ends before, so that no two work on one mail.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const MAX_STEP: Duration = Duration::from_secs(20);

/// Longest wait for the other side.
const DEADLINE: Duration = Duration::from_secs(5);

/// What became of a mail.
enum Outcome {
    /// It was taken.
    Sent,
    /// There is nobody to send it to.
    Dropped,
    /// It was refused as one that can never be sent.
    Refused,
    /// It was not taken, and may be later.
    PutOff,
}

/// The worker.
pub(crate) struct Mailer {
    pool: PgPool,
    env: Env,
    notification: NotificationServiceClient<Channel>,
    metrics: Metrics,
}

impl Mailer {
    pub(crate) fn new(pool: PgPool, url: TargetUrl, metrics: Metrics, runtime: &Runtime) -> Self {
        let target = ClientTarget::new("notification", url).deadline(DEADLINE);
        let notification = NotificationServiceClient::new(Channel::connect(&target, runtime));
        Self { pool, env: runtime.env.clone(), notification, metrics }
    }

    /// Begins to listen and to send.
    pub(crate) fn start(self, runtime: &Runtime) {
        let signals = kit::postgres::listen(&self.pool, CHANNEL, runtime);
        runtime.spawn("mailer", self.run(signals));
    }

    async fn run(self, mut signals: mpsc::Receiver<ListenEvent>) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "mails have to wait");
            }
            // Told or not, the next look follows; a closed channel ends with the process.
            tokio::select! {
                Some(_) = signals.recv() => while signals.try_recv().is_ok() {},
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Hands over what is due, until the other side fails.
    async fn look(&self) -> Result<(), Error> {
        for _ in 0..MAX_PER_LOOK {
            let step = timeout(MAX_STEP, self.step()).await;
            match step.unwrap_or(Err(Error::TimedOut("send a mail")))? {
                Some(Outcome::PutOff) | None => break,
                Some(_) => {}
            }
        }
        let depth = async { store::outbox::depth(&mut *self.pool.acquire().await?).await };
        let depth = timeout(MAX_STEP, depth).await;
        let (count, oldest) = depth.unwrap_or(Err(Error::TimedOut("count mails")))?;
        self.metrics.outbox(count, oldest, self.env.now());
        Ok(())
    }

    /// One mail; `None` when none is due.
    async fn step(&self) -> Result<Option<Outcome>, Error> {
        let now = self.env.now();
        let taken = store::outbox::take(&mut *self.pool.acquire().await?, now, now + LEASE).await?;
        let Some(mail) = taken else { return Ok(None) };
        let outcome = self.hand_over(&mail).await?;
        let mut conn = self.pool.acquire().await?;
        match outcome {
            Outcome::PutOff => {
                store::outbox::put_off(&mut conn, mail.id, self.env.now() + mail.pause()).await?;
            }
            _ => store::outbox::delete(&mut conn, mail.id).await?,
        }
        self.metrics.mailed(outcome.word());
        Ok(Some(outcome))
    }

    async fn hand_over(&self, mail: &Mail) -> Result<Outcome, Error> {
        let answer = match mail.kind {
            Kind::Welcome => self.welcome(mail).await,
            Kind::PasswordReset => match self.reset(mail).await? {
                Some(answer) => answer,
                None => return Ok(Outcome::Dropped),
            },
        };
        Ok(match answer {
            Ok(()) => Outcome::Sent,
            Err(status) if status.code() == Code::InvalidArgument => {
                tracing::error!(mail = %mail.id, "a mail was refused and is given up");
                Outcome::Refused
            }
            Err(status) => {
                let (code, attempts) = (status.code(), mail.attempts);
                tracing::warn!(mail = %mail.id, ?code, attempts, "a mail has to wait");
                Outcome::PutOff
            }
        })
    }

    async fn welcome(&self, mail: &Mail) -> Result<(), Status> {
        let request = SendWelcomeEmailRequest {
            email: mail.email.as_str().to_owned(),
            first_name: mail.first_name.clone(),
            idempotency_key: mail.id.to_string(),
        };
        self.notification.clone().send_welcome_email(request).await.map(|_| ())
    }

    /// `None` when nobody is to get it. The token is made here and now, kept as a digest before it
    /// leaves, and goes to the address of the account rather than to the one that was typed.
    async fn reset(&self, mail: &Mail) -> Result<Option<Result<(), Status>>, Error> {
        let made = transactions::passwords::token_for(&self.pool, &self.env, mail).await?;
        let Some((account, token)) = made else { return Ok(None) };
        let request = SendPasswordResetRequest {
            email: account.email.as_str().to_owned(),
            reset_token: token.text(),
            idempotency_key: mail.id.to_string(),
        };
        let answer = self.notification.clone().send_password_reset(request).await;
        Ok(Some(answer.map(|_| ())))
    }
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
            Self::PutOff => "put_off",
        }
    }
}
