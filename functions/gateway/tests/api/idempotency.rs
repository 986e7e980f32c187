//! Requests that are sent twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_testing::Response;

use crate::support::{Answer, Api, SOURCE};

async fn register(api: &Api, idempotency_key: &str, name: &str) -> Answer {
    api.call(Method::POST, "/v1/agents")
        .header("idempotency-key", idempotency_key)
        .json(&json!({"name": name, "source": SOURCE}))
        .send()
        .await
}

#[tokio::test]
async fn a_repetition_gets_the_same_answer_and_does_nothing() {
    let api = Api::new().await;
    let first = register(&api, "k-1", "echo").await;
    let second = register(&api, "k-1", "echo").await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!(second.status, first.status);
    assert_eq!(second.text, first.text);
    for name in ["location", "retry-after", "content-type", "x-request-id"] {
        assert_eq!(second.header(name), first.header(name), "{name}");
    }
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(api.aws.requests_of("SQS.SendMessage").len(), 1);
    assert_eq!(api.aws.requests_of("S3.PutObject").len(), 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let api = Api::new().await;
    register(&api, "k-1", "echo").await;
    assert_eq!(
        register(&api, "k-1", "other").await.problem(),
        "idempotency-key-reused"
    );
    let elsewhere = api.call(Method::POST, "/v1/agents/echo/rollback");
    let elsewhere = elsewhere.header("idempotency-key", "k-1").send().await;
    assert_eq!(elsewhere.problem(), "idempotency-key-reused");
    assert_eq!(
        register(&api, "k-2", "other").await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn tenants_do_not_share_keys() {
    let api = Api::new().await;
    register(&api, "k-1", "echo").await;
    let theirs = api
        .call(Method::POST, "/v1/agents")
        .key(Some(&api.other_key))
        .header("idempotency-key", "k-1")
        .json(&json!({"name": "echo", "source": SOURCE}));
    let theirs = theirs.send().await;
    assert_eq!(theirs.status, StatusCode::ACCEPTED);
    assert_eq!(theirs.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_refusal_is_repeated_as_well() {
    let api = Api::new().await;
    let first = register(&api, "k-1", "No Name").await;
    let second = register(&api, "k-1", "No Name").await;
    assert_eq!(second.problem(), "invalid-request");
    assert_eq!(second.text, first.text);
    assert_eq!(second.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_failure_of_the_platform_gives_the_key_free() {
    let api = Api::new().await;
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    assert_eq!(register(&api, "k-1", "echo").await.problem(), "unavailable");
    api.aws.restore("SQS.SendMessage");
    let again = register(&api, "k-1", "echo").await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(again.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_panic_gives_the_key_free() {
    let api = Api::new().await;
    api.aws.on("SQS.SendMessage", |_| panic!("boom"));
    assert_eq!(register(&api, "k-1", "echo").await.problem(), "internal");
    api.aws.restore("SQS.SendMessage");
    assert_eq!(
        register(&api, "k-1", "echo").await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn a_conflict_gives_the_key_free() {
    let api = Api::new().await;
    api.admit("echo", json!({})).await;
    let roll_back = || {
        api.call(Method::POST, "/v1/agents/echo/rollback")
            .header("idempotency-key", "k")
            .send()
    };
    assert_eq!(roll_back().await.problem(), "no-earlier-version");
    api.admit("echo", json!({})).await;
    assert_eq!(roll_back().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_is_still_served_is_not_served_twice() {
    let api = Api::new().await;
    // A claim that is neither completed nor given up, as while the first request is served.
    api.fails("DynamoDB.DeleteItem", 400, "ThrottlingException");
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    assert_eq!(register(&api, "k-1", "echo").await.problem(), "unavailable");
    let second = register(&api, "k-1", "echo").await;
    assert_eq!(second.problem(), "idempotency-in-progress");
    assert_eq!(second.header("retry-after"), "1");
}

#[tokio::test]
async fn an_answer_that_cannot_be_stored_is_given_all_the_same() {
    let api = Api::new().await;
    api.admit("echo", json!({})).await;
    api.step_returns(&json!(1));
    let puts = AtomicUsize::new(0);
    api.aws.on("DynamoDB.PutItem", move |_| {
        // The claim and the invocation go through, the answer does not.
        if puts.fetch_add(1, Ordering::Relaxed) < 2 {
            Response::json(&json!({}))
        } else {
            Response::error(400, "ThrottlingException", "slow down")
        }
    });
    let call = api
        .call(Method::POST, "/v1/agents/echo/invoke")
        .header("idempotency-key", "k-1");
    let answer = call.json(&json!({"input": 1})).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["output"], 1);
}

#[tokio::test]
async fn invocations_are_answered_once_too() {
    let api = Api::new().await;
    api.admit("echo", json!({})).await;
    api.step_returns(&json!(1));
    let invoke = |input: Value| {
        api.call(Method::POST, "/v1/agents/echo/invoke")
            .header("idempotency-key", "k-1")
            .json(&json!({"input": input}))
            .send()
    };
    let first = invoke(json!(1)).await;
    api.step_returns(&json!(2));
    let second = invoke(json!(1)).await;
    assert_eq!(second.text, first.text);
    assert_eq!(api.aws.requests_of("Lambda.Invoke").len(), 1);
    assert_eq!(invoke(json!(2)).await.problem(), "idempotency-key-reused");
}

#[tokio::test]
async fn a_key_has_a_form() {
    let api = Api::new().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let answer = register(&api, key, "echo").await;
        assert_eq!(answer.problem(), "invalid-parameter", "{key:?}");
        assert_eq!(answer.json()["errors"][0]["header"], "idempotency-key");
    }
    let twice = api.call(Method::POST, "/v1/agents");
    let twice = twice
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    assert_eq!(twice.send().await.problem(), "invalid-parameter");
}
