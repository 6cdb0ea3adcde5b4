//! The stored form of a checkout's data. Fields are only added and never change their meaning: pods
//! of two releases read each other's rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::checkout::{CompletedStep, Data, Step};
use crate::domain::failure::{Failure, FailureCode};
use crate::error::Error;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredData {
    authorization: Option<String>,
    #[serde(default)]
    commit_sent: bool,
    failure: Option<StoredFailure>,
    #[serde(default, rename = "trail")]
    completed_steps: Vec<StoredStep>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredFailure {
    code: String,
    #[serde(default)]
    decline_code: String,
    #[serde(default)]
    products: Vec<Uuid>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredStep {
    step: String,
    outcome: String,
    attempts: u32,
    began_at: Timestamp,
    ended_at: Timestamp,
    #[serde(default)]
    error: String,
}

impl StoredData {
    pub(super) fn from_domain(data: &Data) -> Self {
        let failure = |failure: &Failure| StoredFailure {
            code: failure.code.as_str().to_owned(),
            decline_code: failure.decline_code.clone(),
            products: failure.products.iter().map(|product| product.0).collect(),
        };
        let completed = |completed: &CompletedStep| StoredStep {
            step: completed.step.as_str().to_owned(),
            outcome: completed.outcome.clone(),
            attempts: completed.attempts,
            began_at: completed.began_at,
            ended_at: completed.ended_at,
            error: completed.error.clone(),
        };
        Self {
            authorization: data.authorization.clone(),
            commit_sent: data.commit_sent,
            failure: data.failure.as_ref().map(failure),
            completed_steps: data.completed_steps.iter().map(completed).collect(),
        }
    }

    pub(super) fn into_domain(self) -> Result<Data, Error> {
        let failure = |failure: StoredFailure| {
            Ok::<_, Error>(Failure {
                code: FailureCode::from_stored(&failure.code)
                    .ok_or(Error::UnknownStoredValue("checkouts.data.failure"))?,
                decline_code: failure.decline_code,
                products: failure.products.into_iter().map(Into::into).collect(),
            })
        };
        let completed = |completed: StoredStep| {
            Ok(CompletedStep {
                step: Step::from_stored(&completed.step)
                    .ok_or(Error::UnknownStoredValue("checkouts.data.trail"))?,
                outcome: completed.outcome,
                attempts: completed.attempts,
                began_at: completed.began_at,
                ended_at: completed.ended_at,
                error: completed.error,
            })
        };
        Ok(Data {
            authorization: self.authorization,
            commit_sent: self.commit_sent,
            failure: self.failure.map(failure).transpose()?,
            completed_steps: self
                .completed_steps
                .into_iter()
                .map(completed)
                .collect::<Result<_, Error>>()?,
        })
    }
}
