//! Calls that go on after their answer.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_domain::{Call, EffectClass, InvocationStatus, Pending, Stage, Stored, Wait};
use tdev_testing::Response;

use crate::invocation::{api, invoke};
use crate::support::{Answer, Api};

#[tokio::test]
async fn a_run_that_waits_is_answered_with_its_invocation() {
    let api = api().await;
    api.step_drives(|record| {
        record.next_effect = 2;
        record.pending = Some(Pending {
            number: 1,
            call: Call {
                tool: "wait_for".to_owned(),
                args: json!({"signal": "approved", "timeout": null}),
            },
            class: EffectClass::Signal,
            stage: Stage::Intended,
            begun_at: record.created_at,
        });
        record.snapshot = Some(Stored::Inline(b"secret".to_vec()));
        record.status = InvocationStatus::Suspended {
            wait: Wait::Signal {
                signal: "approved".to_owned(),
                until: record.created_at,
            },
        };
    });
    let answer = invoke(&api, json!({"text": "a"})).await;
    insta::assert_json_snapshot!(answer.snapshot());
    let stored = api.get(answer.header("location")).await;
    assert_eq!(stored.json()["id"], answer.json()["id"]);
    assert_eq!(stored.json()["input"], json!({"text": "a"}));
    assert!(api.aws.requests_of("SQS.SendMessage").is_empty());
}

#[tokio::test]
async fn a_call_is_answered_whatever_becomes_of_the_worker() {
    let api = api().await;
    let failed = |name| Response::function_error(name, "secret.internal.host");
    let other = json!({"action": "replay", "result": "identical"});
    for response in [
        failed("Runtime.ExitError"),
        failed("Sandbox.Timedout"),
        failed("Transient"),
        failed("Internal"),
        Response::error(429, "TooManyRequestsException", "secret.internal.host"),
        Response::json(&other),
        Response::json(&json!({"action": "drive", "invocation": null})),
    ] {
        api.aws.forget_requests();
        let case = format!("{response:?}");
        api.aws.on("Lambda.Invoke", move |_| response.clone());
        let answer = invoke(&api, json!({"text": "a"})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{case}");
        assert_eq!(answer.json()["status"], json!({"name": "queued"}));
        assert_eq!(woken(&api), [id(&answer)], "{case}");
    }
}

#[tokio::test]
async fn a_call_is_answered_though_no_message_gets_through() {
    let api = api().await;
    api.fails("Lambda.Invoke", 503, "ServiceException");
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    api.fails("DynamoDB.Query", 503, "ServiceUnavailable");
    let answer = invoke(&api, json!({"text": "a"})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_call_that_is_not_stored_is_not_run() {
    let api = api().await;
    api.fails("DynamoDB.PutItem", 400, "ThrottlingException");
    let answer = invoke(&api, json!({"text": "a"})).await;
    assert_eq!(answer.problem(), "unavailable");
    assert!(api.aws.requests_of("Lambda.Invoke").is_empty());
}

/// The invocations that workers were called for by message.
fn woken(api: &Api) -> Vec<String> {
    let sent = api.aws.requests_of("SQS.SendMessage").into_iter();
    sent.map(|request| {
        let message = request.json();
        assert!(message["QueueUrl"].as_str().unwrap().ends_with("/step"));
        let body: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
        assert_eq!(body["tenant"], "acme");
        body["invocation"].as_str().unwrap().to_owned()
    })
    .collect()
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_may_prefer_not_to_wait() {
    let api = api().await;
    let preferring = async |preference: &str| {
        api.aws.forget_requests();
        api.call(Method::POST, "/v1/agents/word-count/invoke")
            .header("prefer", preference)
            .json(&json!({"input": {"text": "a"}}))
            .send()
            .await
    };
    for preference in ["respond-async", "wait=0"] {
        let answer = preferring(preference).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(answer.header("preference-applied"), preference);
        assert_eq!(woken(&api), [id(&answer)]);
        assert!(api.aws.requests_of("Lambda.Invoke").is_empty());
        let location = format!("/v1/invocations/{}", id(&answer));
        assert_eq!(answer.header("location"), location);
    }
    let answer = preferring("wait=60").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("preference-applied"), "wait=20");
    assert_eq!(preferring("return=minimal").await.status, StatusCode::OK);
}

#[tokio::test]
async fn effects_can_be_limited() {
    let api = api().await;
    let limited = |max_effects: Value| {
        let api = &api;
        async move {
            let body = json!({"input": {"text": "a"}, "max_effects": max_effects});
            api.post("/v1/agents/word-count/invoke", body).await
        }
    };
    for max_effects in [1, 1_024] {
        let answer = limited(json!(max_effects)).await;
        let place = format!(
            "/v1/invocations/{}",
            answer.json()["invocation"].as_str().unwrap()
        );
        let stored = api.get(&place).await.json();
        assert_eq!(stored["cost"]["budget_left"], max_effects);
    }
    for bad in [json!(0), json!(1_025), json!(-1), json!("1"), json!(1.5)] {
        let answer = limited(bad.clone()).await;
        assert_eq!(answer.problem(), "invalid-request", "{bad}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/max_effects");
    }
}

#[tokio::test]
async fn a_repeated_call_is_not_run_again() {
    let api = api().await;
    let call = async |body: Value| {
        api.call(Method::POST, "/v1/agents/word-count/invoke")
            .header("idempotency-key", "call-1")
            .json(&body)
            .send()
            .await
    };
    api.step_drives(|_| {});
    let body = json!({"input": {"text": "a"}});
    let (first, second) = (call(body.clone()).await, call(body).await);
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(second.text, first.text);
    assert_eq!(api.aws.requests_of("Lambda.Invoke").len(), 1);
    let other = call(json!({"input": {"text": "b"}})).await;
    assert_eq!(other.problem(), "idempotency-key-reused");
}
