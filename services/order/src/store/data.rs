//! What a checkout remembers, as it is stored. Fields are added and never change their meaning: pods of
//! two releases read each other's rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        checkout::{Data, Step, Trace},
        order::{Failure, FailureCode},
    },
    error::Error,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredData {
    authorization: Option<String>,
    #[serde(default)]
    commit_sent: bool,
    failure: Option<StoredFailure>,
    #[serde(default)]
    trail: Vec<StoredTrace>,
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
struct StoredTrace {
    step: String,
    outcome: String,
    attempts: u32,
    began_at: Timestamp,
    ended_at: Timestamp,
    #[serde(default)]
    error: String,
}

impl StoredData {
    pub(super) fn of(data: &Data) -> Self {
        let failure = |failure: &Failure| StoredFailure {
            code: failure.code.as_str().to_owned(),
            decline_code: failure.decline_code.clone(),
            products: failure.products.iter().map(|product| product.0).collect(),
        };
        let trace = |trace: &Trace| StoredTrace {
            step: trace.step.as_str().to_owned(),
            outcome: trace.outcome.clone(),
            attempts: trace.attempts,
            began_at: trace.began_at,
            ended_at: trace.ended_at,
            error: trace.error.clone(),
        };
        Self {
            authorization: data.authorization.clone(),
            commit_sent: data.commit_sent,
            failure: data.failure.as_ref().map(failure),
            trail: data.trail.iter().map(trace).collect(),
        }
    }

    pub(super) fn read(self) -> Result<Data, Error> {
        let failure = |failure: StoredFailure| {
            Ok::<_, Error>(Failure {
                code: FailureCode::from_stored(&failure.code)
                    .ok_or(Error::Stored("checkouts.data.failure"))?,
                decline_code: failure.decline_code,
                products: failure.products.into_iter().map(Into::into).collect(),
            })
        };
        let trace = |trace: StoredTrace| {
            Ok(Trace {
                step: Step::from_stored(&trace.step)
                    .ok_or(Error::Stored("checkouts.data.trail"))?,
                outcome: trace.outcome,
                attempts: trace.attempts,
                began_at: trace.began_at,
                ended_at: trace.ended_at,
                error: trace.error,
            })
        };
        Ok(Data {
            authorization: self.authorization,
            commit_sent: self.commit_sent,
            failure: self.failure.map(failure).transpose()?,
            trail: self.trail.into_iter().map(trace).collect::<Result<_, Error>>()?,
        })
    }
}
