//! What goes wrong on the way, and what becomes of it.

use super::*;

#[tokio::test]
async fn malformed_messages_are_dead_lettered_with_their_reasons() {
    let aws = aws();
    let deps = deps(&aws);
    for case in [
        "malformed-not-json",
        "malformed-foreign-message",
        "malformed-unknown-field",
        "malformed-identifier",
        "malformed-unknown-registration",
    ] {
        assert!(
            handle(&deps, event(case))
                .await
                .batch_item_failures
                .is_empty(),
            "{case}"
        );
    }
    insta::assert_json_snapshot!(dead_letters(&aws));
}

#[tokio::test]
async fn a_malformed_message_does_not_hold_up_its_neighbour() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept_sample(&deps).await;
    let response = handle(&deps, event("malformed-beside-ok")).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(dead_letters(&aws).len(), 1);
    assert_eq!(
        stored(&deps, &accepted).await.state.name(),
        StateName::Active
    );
}

#[tokio::test]
async fn what_passes_leaves_the_registration_to_be_taken_up_again() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept(&deps, AGENT).await;
    aws.on("Lambda.Invoke", |_| {
        Response::error(429, "TooManyRequestsException", "slow down")
    });
    for receives in 1..5 {
        assert!(deliver(&deps, &accepted, receives).await);
    }
    assert!(
        !deliver(&deps, &accepted, 5).await,
        "the last receive is dead-lettered"
    );
    let [letter] = &dead_letters(&aws)[..] else {
        panic!("one dead letter: {:?}", dead_letters(&aws));
    };
    assert_eq!(letter[1], "Transient");
    let waiting = stored(&deps, &accepted).await;
    assert_eq!(path(&waiting), ["accepted", "analysing", "probing"]);

    // The dead letter is moved back to the queue.
    aws.on("Lambda.Invoke", |_| Response::json(&probed(&json!({}))));
    assert!(!deliver(&deps, &accepted, 1).await);
    assert_eq!(
        path(&stored(&deps, &accepted).await),
        ["accepted", "analysing", "probing", "active"]
    );
}

#[tokio::test]
async fn a_worker_that_came_second_finds_the_work_done() {
    let aws = aws();
    let deps = Arc::new(deps(&aws));
    let accepted = accept(&deps, AGENT).await;
    let (one, other) = tokio::join!(deliver(&deps, &accepted, 1), deliver(&deps, &accepted, 1));
    assert!(!one && !other);
    assert_eq!(
        path(&stored(&deps, &accepted).await),
        ["accepted", "analysing", "probing", "active"]
    );
    assert_eq!(versions(&deps).await, 1);
}

#[tokio::test]
async fn a_conflict_is_met_by_reading_again_without_another_probe() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept(&deps, AGENT).await;
    let refused = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&refused);
    // The transaction meets another writer, always; who wins is for the table to say.
    aws.on("DynamoDB.TransactWriteItems", move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Response::error(
            400,
            "TransactionConflictException",
            "another transaction is at it",
        )
    });
    assert!(
        deliver(&deps, &accepted, 1).await,
        "a conflict that stays is for another time"
    );
    assert_eq!(refused.load(Ordering::Relaxed), ATTEMPTS);
    assert_eq!(aws.requests_of("Lambda.Invoke").len(), 1);
    assert_eq!(versions(&deps).await, 0);

    aws.restore("DynamoDB.TransactWriteItems");
    assert!(!deliver(&deps, &accepted, 2).await);
    assert_eq!(versions(&deps).await, 1);
}

#[tokio::test]
async fn a_probe_that_dies_holds_the_agent_back() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept(&deps, AGENT).await;
    aws.on("Lambda.Invoke", |_| {
        Response::function_error("Runtime.ExitError", "signal: killed")
    });
    assert!(!deliver(&deps, &accepted, 1).await);
    let held = stored(&deps, &accepted).await;
    assert_eq!(held.state.name(), StateName::Quarantined);
    assert!(!held.history.last().unwrap().reason.contains("signal"));
}

#[tokio::test]
async fn a_failure_of_the_platform_is_dead_lettered_and_settles_nothing() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept(&deps, AGENT).await;
    aws.on("Lambda.Invoke", |_| {
        Response::function_error("Internal", "an internal error")
    });
    assert!(!deliver(&deps, &accepted, 1).await);
    assert_eq!(dead_letters(&aws)[0][1], "Internal");
    assert_eq!(stored(&deps, &accepted).await.state, State::Probing);
}

#[tokio::test]
async fn a_missing_artifact_is_the_end_of_it() {
    let aws = aws();
    let deps = deps(&aws);
    let accepted = accept(&deps, AGENT).await;
    aws.on("S3.GetObject", |_| {
        Response::error(404, "NoSuchKey", "gone")
    });
    assert!(!deliver(&deps, &accepted, 1).await);
    let settled = stored(&deps, &accepted).await;
    assert_eq!(settled.state, State::Rejected);
    assert_eq!(
        settled.history.last().unwrap().reason,
        "its source is no longer stored; register it again"
    );
}
