use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tdev_aws::{Claim, Error, StoredResponse, Table};

use crate::fixtures::tenant;
use crate::stack;

const LEASE: Duration = Duration::from_secs(30);

fn response(body: &str) -> StoredResponse {
    StoredResponse {
        status: 202,
        body: body.to_owned(),
    }
}

async fn claim(table: &Table, fingerprint: &str, now: Timestamp) -> Claim {
    table
        .claim(&tenant(), "key #1/ü", fingerprint, now, LEASE)
        .await
        .unwrap()
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now + SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_time() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (key, now) = ("key #1/ü", Timestamp::now());
        assert!(matches!(claim(&table, "f", now).await, Claim::Claimed(_)));
        assert_eq!(claim(&table, "f", now).await, Claim::InProgress);
        assert_eq!(claim(&table, "other", now).await, Claim::Mismatch);
        table
            .complete(&tenant(), key, "f", &response(r#"{"a": 1.0}"#), now)
            .await
            .unwrap();
        let later = after(now, 3_600);
        let completed = Claim::Completed(response(r#"{"a": 1.0}"#));
        assert_eq!(claim(&table, "f", later).await, completed);
        assert_eq!(claim(&table, "other", later).await, Claim::Mismatch);

        // The key is that tenant's alone.
        let stranger = "stranger".parse().unwrap();
        let theirs = table.claim(&stranger, key, "f", now, LEASE).await;
        assert!(matches!(theirs.unwrap(), Claim::Claimed(_)));

        // What is completed stays as it is.
        table.release(&tenant(), key, "f").await.unwrap();
        let again = table
            .complete(&tenant(), key, "f", &response("{}"), now)
            .await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
        assert_eq!(claim(&table, "f", later).await, completed);
    }
}

#[tokio::test]
async fn only_what_was_claimed_can_be_completed_or_released() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (key, now) = ("key #1/ü", Timestamp::now());
        let unclaimed = table
            .complete(&tenant(), key, "f", &response("{}"), now)
            .await;
        assert!(matches!(unclaimed, Err(Error::Conflict { .. })));
        table.release(&tenant(), key, "f").await.unwrap();

        assert!(matches!(claim(&table, "f", now).await, Claim::Claimed(_)));
        let other = table
            .complete(&tenant(), key, "other", &response("{}"), now)
            .await;
        assert!(matches!(other, Err(Error::Conflict { .. })));
        table.release(&tenant(), key, "other").await.unwrap();
        assert_eq!(claim(&table, "f", now).await, Claim::InProgress);

        table.release(&tenant(), key, "f").await.unwrap();
        assert!(matches!(
            claim(&table, "other", now).await,
            Claim::Claimed(_)
        ));
    }
}

#[tokio::test]
async fn an_expired_lease_may_be_taken_over_for_the_same_request() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let now = Timestamp::now();
        assert!(matches!(claim(&table, "f", now).await, Claim::Claimed(_)));
        assert_eq!(claim(&table, "f", after(now, 29)).await, Claim::InProgress);
        assert_eq!(
            claim(&table, "other", after(now, 30)).await,
            Claim::Mismatch
        );
        assert!(matches!(
            claim(&table, "f", after(now, 30)).await,
            Claim::Claimed(_)
        ));
        assert_eq!(claim(&table, "f", after(now, 59)).await, Claim::InProgress);
    }
}

#[tokio::test]
async fn whoever_takes_a_claim_over_goes_on_with_the_same_call() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (key, now) = ("key #1/ü", Timestamp::now());
        let call = async |fingerprint, at| match claim(&table, fingerprint, at).await {
            Claim::Claimed(call) => call,
            other => panic!("{other:?}"),
        };
        let first = call("f", now).await;
        assert_eq!(call("f", after(now, 30)).await, first);
        let leave = async |fingerprint| {
            let left = table.leave(&tenant(), key, fingerprint, first, now).await;
            left.unwrap();
        };
        leave("other").await;
        assert_eq!(claim(&table, "f", after(now, 31)).await, Claim::InProgress);
        leave("f").await;
        assert_eq!(
            claim(&table, "other", after(now, 31)).await,
            Claim::Mismatch
        );
        assert_eq!(call("f", after(now, 31)).await, first);

        // Another use of the key is another call.
        table.release(&tenant(), key, "f").await.unwrap();
        let second = call("f", now).await;
        assert_ne!(second, first);
        table
            .complete(&tenant(), key, "f", &response("{}"), now)
            .await
            .unwrap();
        leave("f").await;
        assert!(matches!(claim(&table, "f", now).await, Claim::Completed(_)));
        assert_ne!(call("f", after(now, 86_400)).await, second);
    }
}

#[tokio::test]
async fn an_expired_record_counts_as_absent() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (key, now) = ("key #1/ü", Timestamp::now());
        assert!(matches!(claim(&table, "f", now).await, Claim::Claimed(_)));
        table
            .complete(&tenant(), key, "f", &response("{}"), now)
            .await
            .unwrap();
        assert_eq!(
            claim(&table, "other", after(now, 86_399)).await,
            Claim::Mismatch
        );
        assert!(matches!(
            claim(&table, "other", after(now, 86_400)).await,
            Claim::Claimed(_)
        ));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_claims_one_wins() {
    for stack in stack::atomic() {
        let (table, _) = stack.table().await;
        let start = Timestamp::now();
        // The second round races to take the first one's claim over.
        for now in [start, after(start, 60)] {
            let race: Vec<_> = (0..12)
                .map(|_| {
                    let table = table.clone();
                    tokio::spawn(async move { claim(&table, "f", now).await })
                })
                .collect();
            let mut winners = 0;
            for racer in race {
                match racer.await.unwrap() {
                    Claim::Claimed(_) => winners += 1,
                    other => assert_eq!(other, Claim::InProgress),
                }
            }
            assert_eq!(winners, 1, "{}", stack.name);
        }
    }
}
