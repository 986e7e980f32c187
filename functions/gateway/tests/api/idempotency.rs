//! Requests that are sent twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_invocation::limits::MAX_SIGNALS;
use tdev_lambda::idempotency::fingerprint;
use tdev_testing::Response;

use crate::support::{Answer, Api, SOURCE};
use crate::watching::{called, store};
use crate::{evolutions, workflows};

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
    api.fails_once(2, "DynamoDB.PutItem");
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

/// What was asked to be stored under identifiers that begin so. Whoever reserves places of tasks has
/// an identifier of that kind, too.
fn made(api: &Api, prefix: &str) -> BTreeSet<String> {
    let writes = ["DynamoDB.PutItem", "DynamoDB.TransactWriteItems"];
    let bodies = writes
        .iter()
        .flat_map(|operation| api.aws.requests_of(operation));
    let mut made = BTreeSet::new();
    for body in bodies {
        let text = body.json().to_string();
        if text.contains("#ARRIVALS") {
            continue;
        }
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let ids = words.filter(|word| word.starts_with(prefix) && word.len() == prefix.len() + 32);
        made.extend(ids.map(str::to_owned));
    }
    made
}

/// An API that can make what has identifiers that begin so.
async fn able_to_make(prefix: &str) -> Api {
    if prefix == "evo_" {
        return evolutions::with_problem().await;
    }
    let api = workflows::with_agent().await;
    workflows::register(&api, &workflows::definition()).await;
    api.step_returns(&json!({"words": 1}));
    api
}

/// Makes a call whose gateway is lost before its `nth` request to AWS, and the same call again when
/// the claim of the first is over. Returns the answer, and whether the first was lost at all.
async fn interrupted(api: &Api, nth: usize, path: &str, body: &Value) -> (Answer, bool) {
    api.aws.forget_requests();
    let call = || {
        let call = api.call(Method::POST, path);
        call.header("idempotency-key", "k-1").json(body).send()
    };
    let requests = AtomicUsize::new(0);
    api.aws.intercept(move |_| {
        let is_lost = requests.fetch_add(1, Ordering::Relaxed) >= nth;
        is_lost.then(|| Response::error(503, "ServiceUnavailable", "lost"))
    });
    call().await;
    api.aws.let_pass();
    let was_lost = api.aws.requests().len() > nth;
    let target = format!("{path} application/json");
    let request = fingerprint("POST", &target, body.to_string().as_bytes());
    api.outlive_claim("k-1", &request).await;

    let again = call().await;
    assert!(again.status.is_success(), "{nth}: {}", again.text);
    let third = call().await;
    assert_eq!(third.text, again.text);
    assert_eq!(third.header("idempotency-replayed"), "true");
    (again, was_lost)
}

/// Loses the gateway of a call that makes something before its `nth` request; whether it was lost.
async fn lost_before(nth: usize, path: &str, body: &Value, prefix: &str) -> bool {
    let api = able_to_make(prefix).await;
    let (again, was_lost) = interrupted(&api, nth, path, body).await;
    let made = made(&api, prefix);
    assert_eq!(made.len(), 1, "{path}, lost before request {nth}: {made:?}");
    let answer = again.json();
    let id = answer.get("id").unwrap_or(&answer["invocation"]);
    assert_eq!(*id, made.first().unwrap().as_str(), "{}", again.text);
    was_lost
}

#[tokio::test]
async fn wherever_a_gateway_is_lost_what_was_asked_for_is_made_once() {
    let registration = json!({"name": "echo", "source": SOURCE});
    let evolution = json!({"agent": "scaler", "problem": "doubling"});
    let calls = [
        ("/v1/tasks", json!({"text": "rain?"}), "task_"),
        (
            "/v1/agents/word-count/invoke",
            json!({"input": {"text": "a"}}),
            "inv_",
        ),
        (
            "/v1/workflows/digest/runs",
            json!({"input": {"documents": []}}),
            "run_",
        ),
        ("/v1/agents", registration, "reg_"),
        ("/v1/evolutions", evolution, "evo_"),
    ];
    for (path, body, prefix) in calls {
        let mut lost = 0;
        while lost_before(lost, path, &body, prefix).await {
            lost += 1;
            assert!(lost < 50, "{path} never ends");
        }
        assert!(lost > 3, "{path} was lost at {lost} places only");
    }
}

#[tokio::test]
async fn wherever_a_gateway_is_lost_an_agent_goes_back_once() {
    for body in [json!({}), json!({"quarantine": true})] {
        let mut lost = 0;
        loop {
            let api = Api::new().await;
            for _ in 0..4 {
                api.admit("echo", json!({})).await;
            }
            let (again, was_lost) =
                interrupted(&api, lost, "/v1/agents/echo/rollback", &body).await;
            assert_eq!(again.json()["version"], 3, "lost before request {lost}");
            let agent = api.get("/v1/agents/echo").await.json();
            assert_eq!(agent["version"], 3, "lost before request {lost}");
            if !was_lost {
                break;
            }
            lost += 1;
        }
        assert!(lost > 3, "{body} was lost at {lost} places only");
    }
}

#[tokio::test]
async fn wherever_a_gateway_is_lost_a_signal_is_sent_once() {
    let mut lost = 0;
    loop {
        let api = Api::new().await;
        let record = store(&api, called(), Vec::new()).await;
        let path = format!("/v1/invocations/{}/signals/go", record.id);
        let (_, was_lost) = interrupted(&api, lost, &path, &json!({"payload": 1})).await;
        for _ in 1..MAX_SIGNALS {
            let other = api.post(&path, json!({})).await;
            assert_eq!(other.status, StatusCode::ACCEPTED, "lost before {lost}");
        }
        let full = api.post(&path, json!({})).await;
        assert_eq!(full.problem(), "too-many-signals", "lost before {lost}");
        if !was_lost {
            break;
        }
        lost += 1;
    }
    assert!(lost > 2, "it was lost at {lost} places only");
}

#[tokio::test]
async fn a_registration_is_not_refused_for_the_agent_that_it_made() {
    let api = Api::new().await;
    let create = || {
        api.call(Method::POST, "/v1/agents")
            .header("idempotency-key", "k-1")
            .header("if-none-match", "*")
            .json(&json!({"name": "echo", "source": SOURCE}))
            .send()
    };
    // It is stored and queued, but whoever stored it fails.
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    assert_eq!(create().await.problem(), "unavailable");
    api.aws.restore("SQS.SendMessage");
    let id = made(&api, "reg_").into_iter().next().unwrap();
    api.admit("echo", json!({})).await;
    let again = create().await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
    assert_eq!(again.json()["id"], id.as_str());
    let other = api
        .call(Method::POST, "/v1/agents")
        .header("if-none-match", "*")
        .json(&json!({"name": "echo", "source": SOURCE}));
    assert_eq!(other.send().await.problem(), "agent-exists");
}

#[tokio::test]
async fn after_a_failure_the_same_request_goes_on_and_another_is_refused() {
    let api = Api::new().await;
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    assert_eq!(register(&api, "k-1", "echo").await.problem(), "unavailable");
    api.aws.restore("SQS.SendMessage");
    let other = register(&api, "k-1", "other").await;
    assert_eq!(other.problem(), "idempotency-key-reused");
    let again = register(&api, "k-1", "echo").await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(made(&api, "reg_").len(), 1);
}
