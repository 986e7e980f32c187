//! Idempotent requests: a repeated request is answered as it was the first time.
//!
//! A request claims its key before it does anything, for as long as a lease lasts, and stores its
//! response when it is done. The lease must be longer than the claimant can live, or two of them
//! may do the same work; once it is over, a repetition of the request may take the claim over. The
//! call has an identifier from the first claim on, which whoever takes it over is told: what is
//! named after it is found again, and not made twice.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{CallId, TenantId};
use uuid::Uuid;

use super::item::{self, Item};
use super::{Condition, Put, Table, keys};
use crate::{Error, Result};

/// How long a record is kept, in seconds.
const KEPT_FOR: i64 = 24 * 60 * 60;

/// A response, to be given again to whoever repeats the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON.
    pub body: String,
}

/// What became of a claim on an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key is the caller's, who is to do the work and then to complete, release or leave it.
    /// Somebody may have begun with it before, as the same call.
    Claimed(CallId),
    /// Somebody is at it.
    InProgress,
    /// It was done; this was the response.
    Completed(StoredResponse),
    /// The key was used for another request.
    Mismatch,
}

/// What is stored under a key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
enum Record {
    InProgress {
        fingerprint: String,
        /// When the claim may be taken over, in epoch milliseconds.
        lease_until: i64,
        /// Tells one claim of a request from another, whenever they were made.
        claim: Uuid,
        /// The call, the same for all claims of a request.
        #[serde(default = "CallId::generate")]
        call: CallId,
    },
    Completed {
        fingerprint: String,
        response: StoredResponse,
    },
}

impl Record {
    /// What this record says to whoever claims its key for the request with `fingerprint`.
    fn answer(self, claimed_for: &str) -> Claim {
        match self {
            Self::InProgress { fingerprint, .. } | Self::Completed { fingerprint, .. }
                if fingerprint != claimed_for =>
            {
                Claim::Mismatch
            }
            Self::InProgress { .. } => Claim::InProgress,
            Self::Completed { response, .. } => Claim::Completed(response),
        }
    }
}

impl Table {
    /// Claims `key` for the request with this `fingerprint` (a digest of all that makes it the
    /// same request) until `now + lease`.
    ///
    /// A record is kept for a day; after that the key is free again.
    pub async fn claim(
        &self,
        tenant: &TenantId,
        key: &str,
        fingerprint: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim> {
        let claiming = Claiming {
            key: keys::idempotency(tenant, key),
            fingerprint,
            now,
            lease,
        };
        let free = Condition {
            expression: "attribute_not_exists(PK) OR expires_at <= :now",
            values: Some(Item::from([(
                ":now".to_owned(),
                item::number(now.as_second()),
            )])),
        };
        match self.put_claim(&claiming, CallId::generate(), free).await? {
            Ok(call) => Ok(Claim::Claimed(call)),
            Err(Record::InProgress {
                fingerprint: stored,
                lease_until,
                claim,
                call,
            }) if stored == fingerprint && lease_until <= now.as_millisecond() => {
                let unchanged = Condition {
                    expression: "claim = :claim AND lease_until = :until",
                    values: Some(Item::from([
                        (":claim".to_owned(), item::string(claim.to_string())),
                        (":until".to_owned(), item::number(lease_until)),
                    ])),
                };
                let taken_over = self.put_claim(&claiming, call, unchanged).await?;
                Ok(taken_over.map_or_else(|stored| stored.answer(fingerprint), Claim::Claimed))
            }
            Err(stored) => Ok(stored.answer(fingerprint)),
        }
    }

    /// Stores a claim on condition, or says what is stored instead.
    async fn put_claim(
        &self,
        claiming: &Claiming<'_>,
        call: CallId,
        condition: Condition,
    ) -> Result<Result<CallId, Record>> {
        const OPERATION: &str = "claim an idempotency key";
        let Claiming {
            key,
            fingerprint,
            now,
            lease,
        } = claiming;
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let record = Record::InProgress {
            fingerprint: (*fingerprint).to_owned(),
            lease_until: now.as_millisecond().saturating_add(lease),
            claim: Uuid::new_v4(),
            call,
        };
        let item = item::encode(OPERATION, key, &record, Some(expiry(*now)))?;
        match self.put_if(OPERATION, &item, condition).await? {
            Put::Written => Ok(Ok(call)),
            Put::Refused {
                stored: Some(stored),
                ..
            } => item::decode(OPERATION, stored).map(Err),
            Put::Refused { error, .. } => Err(error),
        }
    }

    /// Stores the response under a claimed key, to be kept for a day from `now`.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the key is not claimed for this request, or
    /// was completed already.
    pub async fn complete(
        &self,
        tenant: &TenantId,
        key: &str,
        fingerprint: &str,
        response: &StoredResponse,
        now: Timestamp,
    ) -> Result<()> {
        const OPERATION: &str = "complete an idempotency key";
        let key = keys::idempotency(tenant, key);
        let record = Record::Completed {
            fingerprint: fingerprint.to_owned(),
            response: response.clone(),
        };
        let item = item::encode(OPERATION, &key, &record, Some(expiry(now)))?;
        match self.put_if(OPERATION, &item, claimed(fingerprint)).await? {
            Put::Written => Ok(()),
            Put::Refused { error, .. } => Err(error),
        }
    }

    /// Leaves a claim of `call`, so that the same request may be made again and go on with it. A
    /// key that is not claimed for this request, or was completed, stays as it is.
    pub async fn leave(
        &self,
        tenant: &TenantId,
        key: &str,
        fingerprint: &str,
        call: CallId,
        now: Timestamp,
    ) -> Result<()> {
        const OPERATION: &str = "leave an idempotency key";
        let record = Record::InProgress {
            fingerprint: fingerprint.to_owned(),
            lease_until: 0,
            claim: Uuid::new_v4(),
            call,
        };
        let key = keys::idempotency(tenant, key);
        let item = item::encode(OPERATION, &key, &record, Some(expiry(now)))?;
        self.put_if(OPERATION, &item, claimed(fingerprint)).await?;
        Ok(())
    }

    /// Gives up a claim, so that the request, or another, may be made under its key. A key that is
    /// not claimed for this request, or was completed, stays as it is.
    pub async fn release(&self, tenant: &TenantId, key: &str, fingerprint: &str) -> Result<()> {
        let condition = claimed(fingerprint);
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(keys::idempotency(tenant, key).attributes()))
            .condition_expression(condition.expression)
            .set_expression_attribute_values(condition.values)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(e) if e.code() == Some("ConditionalCheckFailedException") => Ok(()),
            Err(e) => Err(Error::from_sdk("release an idempotency key", e)),
        }
    }
}

/// What a claim is made of.
struct Claiming<'a> {
    key: keys::Key,
    fingerprint: &'a str,
    now: Timestamp,
    lease: Duration,
}

/// The key is claimed for the request with `fingerprint`, and not completed.
fn claimed(fingerprint: &str) -> Condition {
    Condition {
        expression: "fingerprint = :fingerprint AND attribute_exists(lease_until)",
        values: Some(Item::from([(
            ":fingerprint".to_owned(),
            item::string(fingerprint),
        )])),
    }
}

fn expiry(now: Timestamp) -> i64 {
    now.as_second() + KEPT_FOR
}
