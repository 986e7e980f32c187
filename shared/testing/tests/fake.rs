//! The fake, through the wrappers it is there to test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_aws::{Artifacts, Claim, DataKeys, Error, Function, PageRequest, Queue, Secrets, Table};
use tdev_domain::{ApiKeyId, KeyDigest, KeyRecord, Settings, Source};
use tdev_testing::{FakeAws, Response};

fn key(n: usize) -> KeyRecord {
    KeyRecord {
        id: ApiKeyId::generate(),
        digest: KeyDigest::of(&n.to_string()),
        tenant: "acme".parse().unwrap(),
        label: format!("key {n}"),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn answers_as_told_and_records_what_it_was_asked() {
    let aws = FakeAws::new();
    aws.on("Lambda.Invoke", |request| {
        Response::json(&json!({"doubled": request.json()["n"].as_i64().unwrap() * 2}))
    });
    let function = Function::new(&aws.config(), "workflow-step");
    let answer: Value = function.invoke(&json!({"n": 21})).await.unwrap();
    assert_eq!(answer, json!({"doubled": 42}));
    let requests = aws.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].operation, "Lambda.Invoke");
    assert!(requests[0].path.contains("/functions/workflow-step/"));
    aws.forget_requests();
    assert!(aws.requests().is_empty());
}

#[tokio::test]
async fn what_it_was_not_told_is_an_error_that_says_so() {
    let error = Table::new(&FakeAws::new().config(), "state").ping().await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }));
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    assert!(
        cause.to_string().contains("no answer for DynamoDB.GetItem"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_failure_can_be_put_anywhere_and_taken_back() {
    let aws = FakeAws::in_memory();
    let table = Table::new(&aws.config(), "state");
    table.put_key(&key(1)).await.unwrap();
    aws.on("DynamoDB.GetItem", |_| {
        Response::error(400, "ThrottlingException", "slow down")
    });
    let throttled = table.key(&key(1).digest).await;
    assert!(matches!(throttled, Err(Error::Transient { .. })));
    aws.restore("DynamoDB.GetItem");
    assert!(table.key(&key(1).digest).await.unwrap().is_some());
    assert_eq!(aws.requests_of("DynamoDB.GetItem").len(), 2);
}

#[tokio::test]
async fn errors_take_the_form_of_their_service() {
    let aws = FakeAws::new();
    aws.on("S3.GetObject", |_| {
        Response::error(403, "AccessDenied", "no")
    })
    .on("SQS.SendMessage", |_| {
        Response::error(400, "QueueDoesNotExist", "no")
    })
    .on("Lambda.Invoke", |_| {
        Response::function_error("Conflict", "moved on")
    });
    let config = aws.config();
    let source = Source::from_bytes(b"x = 1").unwrap();
    let read = Artifacts::new(&config, "artifacts")
        .get(&source.digest())
        .await;
    assert!(matches!(read, Err(Error::Denied { .. })));
    let sent = Queue::new(&config, "http://queue")
        .send(&json!({}), &[])
        .await;
    assert!(matches!(sent, Err(Error::NotFound { .. })));
    let invoked = Function::new(&config, "f")
        .invoke::<_, Value>(&json!({}))
        .await;
    assert!(matches!(invoked, Err(Error::Callee { .. })));
}

#[tokio::test]
async fn the_memory_heeds_conditions_and_pages() {
    let aws = FakeAws::in_memory();
    let table = Table::new(&aws.config(), "state");
    let keys: Vec<_> = (0..5).map(key).collect();
    for key in &keys {
        table.put_key(key).await.unwrap();
    }
    let again = table.put_key(&keys[0]).await;
    assert!(matches!(again, Err(Error::Conflict { .. })));

    let mut page = PageRequest {
        limit: 2,
        after: None,
    };
    let mut listed = Vec::new();
    loop {
        let found = table.keys(&keys[0].tenant, &page).await.unwrap();
        assert!(found.items.len() <= 2);
        listed.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(listed, keys);

    let (tenant, now, lease) = (
        &keys[0].tenant,
        Timestamp::UNIX_EPOCH,
        Duration::from_secs(30),
    );
    let claim = |fingerprint, at| table.claim(tenant, "k", fingerprint, at, lease);
    let first = claim("a", now).await.unwrap();
    assert!(matches!(first, Claim::Claimed(_)));
    assert_eq!(claim("a", now).await.unwrap(), Claim::InProgress);
    assert_eq!(claim("b", now).await.unwrap(), Claim::Mismatch);
    let later = now + SignedDuration::from_secs(30);
    assert_eq!(claim("a", later).await.unwrap(), first);
    assert_eq!(claim("a", later).await.unwrap(), Claim::InProgress);
}

#[tokio::test]
async fn tables_and_buckets_are_kept_apart() {
    let aws = FakeAws::in_memory();
    let config = aws.config();
    Table::new(&config, "one").put_key(&key(1)).await.unwrap();
    let other = Table::new(&config, "other").key(&key(1).digest).await;
    assert_eq!(other.unwrap(), None);

    let source = Source::from_bytes(b"x = 1").unwrap();
    let digest = Artifacts::new(&config, "one").put(&source).await.unwrap();
    let stored = Artifacts::new(&config, "one").get(&digest).await;
    assert_eq!(stored.unwrap(), Some(source));
    let other = Artifacts::new(&config, "other").get(&digest).await;
    assert_eq!(other.unwrap(), None);
}

#[tokio::test]
async fn secrets_are_kept() {
    let secrets = Secrets::new(&FakeAws::in_memory().config());
    assert_eq!(secrets.get("name").await.unwrap(), None);
    for value in ["first", "second"] {
        secrets.put("name", value).await.unwrap();
        assert_eq!(secrets.get("name").await.unwrap().as_deref(), Some(value));
    }
}

#[tokio::test]
async fn an_answer_can_be_lost_though_what_was_asked_is_done() {
    let aws = FakeAws::in_memory();
    aws.lose_answers("DynamoDB.PutItem", 2);
    let table = Table::new(&aws.config(), "state");
    let (settings, acme) = (Settings::default(), "acme".parse().unwrap());
    table.put_settings(&acme, &settings).await.unwrap_err();
    // The second answer is lost, the third arrives.
    let retrying = Table::new(&aws.retrying_config(), "state");
    retrying.put_settings(&acme, &settings).await.unwrap();
    assert_eq!(aws.requests_of("DynamoDB.PutItem").len(), 3);
}

#[tokio::test]
async fn a_data_key_is_bound_to_its_key_and_tenant() {
    let config = FakeAws::in_memory().config();
    let (acme, stranger) = ("acme".parse().unwrap(), "stranger".parse().unwrap());
    let keys = DataKeys::new(&config, "key");
    let made = [(); 2].map(|()| keys.generate(&acme));
    let [first, second] = made;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_ne!(first.plain.as_bytes(), second.plain.as_bytes());
    let unwrapped = keys.unwrap(&acme, &second.wrapped).await.unwrap();
    assert_eq!(unwrapped.as_bytes(), second.plain.as_bytes());
    keys.unwrap(&stranger, &first.wrapped).await.unwrap_err();
    let other = DataKeys::new(&config, "other");
    other.unwrap(&acme, &first.wrapped).await.unwrap_err();
}
