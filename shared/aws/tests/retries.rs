//! What the SDK's own retries do to a write whose answer was lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::test_util::NeverClient;
use jiff::Timestamp;
use serde_json::json;
use tdev_aws::{Claim, Error, SdkConfig, Table};
use tdev_domain::{ApiKeyId, ErrorName, KeyDigest, KeyRecord, TenantId};
use tdev_testing::{FakeAws, Response};

/// A configuration that attempts three times, as the platform's does, without the pauses.
fn retrying(aws: &FakeAws) -> SdkConfig {
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(1));
    aws.config().into_builder().retry_config(retries).build()
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

#[tokio::test]
async fn every_attempt_at_a_transaction_bears_the_same_token() {
    let aws = FakeAws::new();
    let attempts = AtomicU32::new(0);
    aws.on("DynamoDB.TransactWriteItems", move |_| {
        if attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            Response::error(500, "InternalServerError", "written, but who knows")
        } else {
            Response::json(&json!({}))
        }
    });
    let table = Table::new(&retrying(&aws), "state");
    for n in 0..2 {
        let record = KeyRecord {
            id: ApiKeyId::generate(),
            digest: KeyDigest::of(&n.to_string()),
            tenant: tenant(),
            label: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
        };
        table.put_key(&record).await.unwrap();
    }
    let tokens: Vec<_> = aws
        .requests()
        .iter()
        .map(|request| request.json()["ClientRequestToken"].clone())
        .collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens[0].is_string());
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_still_a_claim() {
    let aws = FakeAws::new();
    let first = Mutex::new(None);
    aws.on("DynamoDB.PutItem", move |request| {
        let item = request.json()["Item"].clone();
        match first.lock().unwrap().replace(item) {
            None => Response::error(500, "InternalServerError", "written, but who knows"),
            Some(stored) => Response::refused(&stored),
        }
    });
    let claim = Table::new(&retrying(&aws), "state")
        .claim(
            &tenant(),
            "key",
            "fingerprint",
            Timestamp::UNIX_EPOCH,
            Duration::from_secs(30),
        )
        .await;
    assert!(matches!(claim.unwrap(), Claim::Claimed(_)));
    assert_eq!(aws.requests().len(), 2);
}

#[tokio::test]
async fn throttling_is_retried_and_then_transient() {
    let aws = FakeAws::new();
    aws.on("DynamoDB.GetItem", |_| {
        Response::error(400, "ThrottlingException", "slow down")
    });
    let error = Table::new(&retrying(&aws), "state")
        .ping()
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    assert_eq!(aws.requests().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_not_retried() {
    let aws = FakeAws::new();
    aws.on("DynamoDB.GetItem", |_| {
        Response::error(400, "AccessDeniedException", "no")
    });
    let error = Table::new(&retrying(&aws), "state")
        .ping()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert_eq!(aws.requests().len(), 1);
}

#[tokio::test]
async fn a_service_that_never_answers_is_transient() {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(Duration::from_millis(20))
        .build();
    let config = FakeAws::new()
        .config()
        .into_builder()
        .http_client(NeverClient::new())
        .timeout_config(timeouts)
        .build();
    let error = Table::new(&config, "state").ping().await.unwrap_err();
    assert!(matches!(error, Error::Transient { .. }), "{error:?}");
}
