//! Snapshots: where they lie, who can open them, and what becomes of them.

use serde_json::json;
use tdev_aws::Objects;
use tdev_domain::{Invocation, InvocationChange, InvocationFailure, InvocationStatus, Stored};
use tdev_invocation::{Error, FetchError, Journal};
use tdev_testing::Response;

use crate::script::script;
use crate::stage::{Stage, journals, tenant};

#[tokio::test]
async fn a_small_snapshot_is_in_the_record_and_a_large_one_beside_it() {
    for (padding, inline) in [(0, true), (7_000, true), (9_000, false), (300_000, false)] {
        let mut stage = Stage::new();
        let calls = [("post", json!(1)), ("sleep", json!(60))];
        let id = stage.accept(script(padding, &calls)).await;
        stage.drive(&id).await.unwrap();
        let record = stage.record(&id).await;
        match record.snapshot.as_ref().unwrap() {
            Stored::Inline(bytes) => assert!(inline && bytes.len() <= 8 * 1024),
            Stored::Object(key) => {
                assert!(!inline);
                assert!(key.starts_with(&format!("snapshots/acme/{id}/1-2-")));
            }
        }
        // The one at the first effect is of no use any more, and at the end the other is not.
        let expected = if inline { (0, 0) } else { (2, 1) };
        assert_eq!(stage.snapshots(), expected);
        let record = stage.settle(&id).await;
        stage.output(&record).await;
        let expected = if inline { (0, 0) } else { (2, 2) };
        assert_eq!(stage.snapshots(), expected);
    }
}

#[tokio::test]
async fn a_snapshot_that_stays_behind_stops_nobody() {
    let mut stage = Stage::new();
    stage.aws.on("S3.DeleteObject", |_| {
        Response::error(503, "SlowDown", "not now")
    });
    let calls = [("post", json!(1)), ("sleep", json!(60))];
    let id = stage.accept(script(9_000, &calls)).await;
    let record = stage.settle(&id).await;
    stage.output(&record).await;
    assert_eq!(stage.snapshots(), (2, 2));
}

#[tokio::test]
async fn nothing_of_a_snapshot_can_be_read_where_it_lies() {
    let stage = Stage::new();
    let secret = "the agent's own words";
    let calls = [("now", json!(secret)), ("sleep", json!(60))];
    let id = stage.accept(script(9_000, &calls)).await;
    stage.drive(&id).await.unwrap();
    let puts = stage.aws.requests_of("S3.PutObject");
    let found = puts[0]
        .body
        .windows(secret.len())
        .any(|window| window == secret.as_bytes());
    assert!(!found);
}

#[tokio::test]
async fn a_process_makes_one_key_and_unwraps_one_key_once() {
    let mut stage = Stage::new();
    let calls = [("post", json!(1)), ("sleep", json!(60))];
    let mut runs = Vec::new();
    for _ in 0..3 {
        let id = stage.accept(script(0, &calls)).await;
        stage.drive(&id).await.unwrap();
        runs.push(id);
    }
    let count = |stage: &Stage, operation| stage.aws.requests_of(operation).len();
    assert_eq!(count(&stage, "KMS.GenerateDataKey"), 1);
    stage.restart("key");
    for id in runs {
        let record = stage.settle(&id).await;
        stage.output(&record).await;
    }
    assert_eq!(count(&stage, "KMS.GenerateDataKey"), 1);
    assert_eq!(count(&stage, "KMS.Decrypt"), 1);
}

/// An invocation that stands at its second effect, the first being `first`, and its snapshot.
async fn asleep(stage: &Stage, first: &str, padding: usize) -> (Invocation, Stored) {
    let calls = [(first, json!(1)), ("sleep", json!(60))];
    let id = stage.accept(script(padding, &calls)).await;
    stage.drive(&id).await.unwrap();
    let record = stage.record(&id).await;
    let snapshot = record.snapshot.clone().unwrap();
    (record, snapshot)
}

fn objects(stage: &Stage) -> Objects {
    Objects::new(&stage.aws.config(), "artifacts")
}

async fn is_unreadable(stage: &Stage, record: &Invocation, stored: &Stored) -> bool {
    match stage.journal().fetch(record, stored).await {
        Ok(_) => false,
        Err(FetchError::Unreadable(_)) => true,
        Err(FetchError::Unavailable(error)) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_snapshot_is_opened_in_its_place_by_its_key_alone() {
    let mut stage = Stage::new();
    let (record, stored) = asleep(&stage, "post", 0).await;
    assert!(!is_unreadable(&stage, &record, &stored).await);
    let (other, _) = asleep(&stage, "post", 0).await;
    assert!(is_unreadable(&stage, &other, &stored).await);
    let mut earlier = record.clone();
    earlier.pending.as_mut().unwrap().number = 1;
    assert!(is_unreadable(&stage, &earlier, &stored).await);
    let Stored::Inline(mut bytes) = stored.clone() else {
        panic!("{stored:?}");
    };
    *bytes.last_mut().unwrap() ^= 1;
    assert!(is_unreadable(&stage, &record, &Stored::Inline(bytes)).await);
    stage.restart("another key");
    assert!(is_unreadable(&stage, &record, &stored).await);
}

#[tokio::test]
async fn a_run_that_has_done_nothing_begins_again_if_its_snapshot_is_lost() {
    for damaged in [false, true] {
        let mut stage = Stage::new();
        let (record, stored) = asleep(&stage, "now", 9_000).await;
        let Stored::Object(key) = stored else {
            panic!("{stored:?}");
        };
        if damaged {
            let bytes = b"damaged".to_vec();
            objects(&stage).put(&key, bytes).await.unwrap();
        } else {
            objects(&stage).delete(&key).await.unwrap();
        }
        stage.pass(60);
        let ended = stage.settle(&record.id).await;
        stage.output(&ended).await;
        assert!(ended.first_effect > 1);
    }
}

#[tokio::test]
async fn a_run_that_has_done_something_fails_if_its_snapshot_is_lost() {
    let mut stage = Stage::new();
    let (record, _) = asleep(&stage, "post", 0).await;
    stage.restart("another key");
    stage.pass(60);
    let ended = stage.settle(&record.id).await;
    let InvocationStatus::Failed {
        failure: InvocationFailure::Unresumable { message },
    } = &ended.status
    else {
        panic!("{:?}", ended.status);
    };
    assert!(message.contains("unwrap a data key"), "{message}");
}

#[tokio::test]
async fn a_key_service_that_fails_costs_no_run_its_life() {
    let mut stage = Stage::new();
    let (record, _) = asleep(&stage, "post", 0).await;
    stage.restart("key");
    stage.aws.on("KMS.Decrypt", |_| {
        Response::error(400, "ThrottlingException", "slow down")
    });
    stage.pass(60);
    let driven = stage.drive(&record.id).await;
    assert!(matches!(driven, Err(Error::Unavailable(_))), "{driven:?}");
    stage.aws.restore("KMS.Decrypt");
    let ended = stage.settle(&record.id).await;
    stage.output(&ended).await;
}

#[tokio::test]
async fn a_worker_that_was_overtaken_is_not_told_that_its_snapshot_is_lost() {
    let stage = Stage::new();
    let (record, stored) = asleep(&stage, "post", 9_000).await;
    let mut moved = record.clone();
    moved.revision += 1;
    moved.snapshot = Some(Stored::Object("snapshots/other".to_owned()));
    let change = InvocationChange {
        record: moved,
        ledger: Vec::new(),
        superseded: Some(stored.clone()),
    };
    stage.journal().commit(&[change]).await.unwrap();
    let fetched = stage.journal().fetch(&record, &stored).await;
    assert!(matches!(fetched, Err(FetchError::Unavailable(_))));
}

#[tokio::test]
async fn a_process_without_a_key_keeps_no_snapshot() {
    let stage = Stage::new();
    let (record, stored) = asleep(&stage, "post", 0).await;
    let journal = journals(&stage.aws.config(), None).of(&tenant());
    let fetched = journal.fetch(&record, &stored).await;
    assert!(matches!(fetched, Err(FetchError::Unavailable(_))));
    journal.keep(&record, 3, vec![1]).await.unwrap_err();
}
