//! Calling agents.

use http::StatusCode;
use serde_json::{Value, json};
use tdev_domain::{AgentFailure, FailureKind, InvocationFailure, InvocationStatus};

use crate::support::{Answer, Api, stable};

fn schemas() -> Value {
    json!({
        "tools": ["log"],
        "limits": {"wall_time_ms": 500},
        "input_schema": {
            "type": "object",
            "properties": {"text": {"type": "string", "pattern": "^[a-z ]*$"}, "top": {"type": "integer"}},
            "required": ["text"],
            "additionalProperties": false,
        },
        "output_schema": {
            "type": "object",
            "properties": {"words": {"type": "integer", "minimum": 0}},
            "required": ["words"],
        },
    })
}

pub(crate) async fn api() -> Api {
    let api = Api::new().await;
    api.admit("word-count", schemas()).await;
    api.step_returns(&json!({"words": 2}));
    api
}

pub(crate) async fn invoke(api: &Api, input: Value) -> Answer {
    api.post("/v1/agents/word-count/invoke", json!({"input": input}))
        .await
}

#[tokio::test]
async fn the_output_comes_with_version_timing_and_logs() {
    let api = api().await;
    let answer = invoke(&api, json!({"text": "a b"})).await;
    insta::assert_json_snapshot!(answer.snapshot());
    let request = &api.aws.requests_of("Lambda.Invoke")[0];
    assert!(
        request
            .path
            .ends_with("/functions/workflow-step/invocations"),
        "{}",
        request.path
    );
    insta::assert_json_snapshot!("what_workflow_step_is_asked", stable("", request.json()));
}

#[tokio::test]
async fn a_version_can_be_named() {
    let api = api().await;
    api.admit("word-count", json!({})).await;
    let invoke = |query: &str| {
        let path = format!("/v1/agents/word-count/invoke{query}");
        let api = &api;
        async move { api.post(&path, json!({"input": {"text": "a b"}})).await }
    };
    assert_eq!(invoke("").await.json()["version"], 2);
    assert_eq!(invoke("?version=1").await.json()["version"], 1);
    assert_eq!(invoke("?version=3").await.problem(), "version-not-found");
    for bad in ["?version=0", "?version=x", "?version=", "?v=1"] {
        assert_eq!(invoke(bad).await.problem(), "invalid-parameter", "{bad}");
    }
}

#[tokio::test]
async fn a_rollback_changes_which_version_answers() {
    let api = api().await;
    api.admit("word-count", json!({})).await;
    api.post("/v1/agents/word-count/rollback", json!(null))
        .await;
    assert_eq!(invoke(&api, json!({"text": ""})).await.json()["version"], 1);
}

#[tokio::test]
async fn a_version_is_read_once() {
    let api = api().await;
    invoke(&api, json!({"text": "a"})).await;
    api.aws.forget_requests();
    invoke(&api, json!({"text": "a"})).await;
    let operations: Vec<_> = api
        .aws
        .requests()
        .into_iter()
        .map(|r| r.operation)
        .collect();
    assert_eq!(
        operations,
        [
            "DynamoDB.GetItem",
            "DynamoDB.GetItem",
            "DynamoDB.PutItem",
            "Lambda.Invoke"
        ],
        "the key, the agent's pointer, and no version; the invocation, and its run"
    );
}

#[tokio::test]
async fn input_that_breaks_the_schema_is_refused_with_every_violation() {
    let api = api().await;
    let answer = invoke(&api, json!({"text": 4, "top": "many", "language": "en"})).await;
    assert_eq!(answer.problem(), "invalid-input");
    insta::assert_json_snapshot!(answer.json()["errors"]);
    assert_eq!(
        invoke(&api, json!({"text": "Ä"})).await.problem(),
        "invalid-input"
    );
    assert_eq!(invoke(&api, json!(null)).await.problem(), "invalid-input");
    assert!(api.aws.requests_of("Lambda.Invoke").is_empty());
}

#[tokio::test]
async fn violations_are_counted_up_to_a_bound_and_do_not_repeat_the_input() {
    let api = Api::new().await;
    let schema = json!({"type": "array", "items": {"type": "integer"}});
    api.admit("word-count", json!({"input_schema": schema}))
        .await;
    let input: Vec<_> = (0..1_000).map(|_| "secret").collect();
    let answer = invoke(&api, json!(input)).await;
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 32);
    assert!(!answer.text.contains("secret"), "{}", answer.text);
}

#[tokio::test]
async fn input_over_the_limits_is_refused() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    api.step_returns(&json!(1));
    let text = |bytes: usize| Value::String("x".repeat(bytes - 2));
    let nested = |depth: usize| (0..depth).fold(json!(1), |value, _| json!([value]));
    assert_eq!(invoke(&api, text(262_144)).await.status, StatusCode::OK);
    assert_eq!(invoke(&api, nested(64)).await.status, StatusCode::OK);
    for input in [text(262_145), nested(65)] {
        assert_eq!(invoke(&api, input).await.problem(), "input-too-large");
    }
    assert_eq!(invoke(&api, nested(126)).await.problem(), "input-too-large");
    assert_eq!(invoke(&api, nested(128)).await.problem(), "malformed-json");
    assert_eq!(
        invoke(&api, text(1_048_576)).await.problem(),
        "body-too-large"
    );
}

#[tokio::test]
async fn a_body_without_an_input_is_refused() {
    let api = api().await;
    for body in [
        json!({}),
        json!({"input": {"text": ""}, "agent": "x"}),
        json!("text"),
    ] {
        let answer = api.post("/v1/agents/word-count/invoke", body.clone()).await;
        assert_eq!(answer.problem(), "invalid-request", "{body}");
    }
    let nothing = api.post("/v1/agents/word-count/invoke", json!(null)).await;
    assert_eq!(nothing.problem(), "unsupported-media-type");
}

#[tokio::test]
async fn an_input_of_null_is_an_input() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    api.step_returns(&json!(null));
    let answer = invoke(&api, json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["output"], json!(null));
}

#[tokio::test]
async fn every_failure_of_an_agent_has_a_type() {
    let api = api().await;
    let kinds = [
        FailureKind::InvalidSource,
        FailureKind::Raised,
        FailureKind::TimedOut,
        FailureKind::OutOfMemory,
        FailureKind::RecursionTooDeep,
        FailureKind::TooManyToolCalls,
        FailureKind::TooMuchLogged,
        FailureKind::OutputNotJson,
        FailureKind::OutputTooLarge,
        FailureKind::InputTooLarge,
        FailureKind::Forbidden,
        FailureKind::Interpreter,
    ];
    let mut types = Vec::new();
    for kind in kinds {
        fails_with(&api, &AgentFailure::new(kind, "as the sandbox says"));
        let answer = invoke(&api, json!({"text": "a"})).await;
        types.push(format!(
            "{kind:?}: {} {}",
            answer.status.as_u16(),
            answer.problem()
        ));
        assert_eq!(answer.json()["detail"], "as the sandbox says");
    }
    insta::assert_snapshot!(types.join("\n"));
}

/// Has the agent fail in this way.
fn fails_with(api: &Api, failure: &AgentFailure) {
    api.step_fails(InvocationFailure::Agent(failure.clone()));
}

#[tokio::test]
async fn an_exception_is_told_with_its_place_and_what_came_before() {
    let api = api().await;
    let mut failure = AgentFailure::new(FailureKind::Raised, "division by zero");
    failure.exception = Some("ZeroDivisionError".to_owned());
    failure.line = Some(7);
    fails_with(&api, &failure);
    insta::assert_json_snapshot!(invoke(&api, json!({"text": "a"})).await.snapshot());
}

#[tokio::test]
async fn output_that_breaks_the_schema_is_the_agents_fault() {
    let api = api().await;
    api.step_returns(&json!({"words": -1}));
    insta::assert_json_snapshot!(invoke(&api, json!({"text": "a"})).await.snapshot());
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_the_agents_fault() {
    let api = Api::new().await;
    for schema in [
        json!({"type": "no-such-type"}),
        json!({"$ref": "https://schemas.example/input.json"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"pattern": "(?=a)b"}),
        json!({"pattern": "("}),
    ] {
        api.admit("word-count", json!({"input_schema": schema}))
            .await;
        let answer = invoke(&api, json!("x")).await;
        assert_eq!(answer.problem(), "agent-schema-invalid", "{schema}");
    }
}

#[tokio::test]
async fn a_schema_that_refers_to_itself_ends() {
    let api = Api::new().await;
    api.step_returns(&json!(1));
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
        json!({"not": {"$ref": "#"}}),
        json!({"$dynamicRef": "#"}),
        json!({"if": {"$ref": "#"}, "then": {"$ref": "#"}}),
    ] {
        api.admit("word-count", json!({"input_schema": schema}))
            .await;
        let status = invoke(&api, json!("x")).await.status;
        assert!(status.is_success() || status.is_client_error(), "{schema}");
    }
}

#[tokio::test]
async fn a_run_that_ended_by_no_fault_of_the_agent_says_why() {
    let api = api().await;
    let unresumable = InvocationFailure::Unresumable {
        message: "the snapshot is gone".to_owned(),
    };
    api.step_fails(unresumable);
    let answer = invoke(&api, json!({"text": "a"})).await;
    assert_eq!(answer.problem(), "invocation-failed");
    insta::assert_json_snapshot!(answer.snapshot());
    api.step_fails(InvocationFailure::Stalled { workers: 20 });
    let answer = invoke(&api, json!({"text": "a"})).await;
    assert_eq!(answer.problem(), "invocation-failed");
    assert_eq!(
        answer.json()["detail"],
        "20 workers were lost at the same place."
    );
    api.step_drives(|record| record.status = InvocationStatus::Cancelled);
    let answer = invoke(&api, json!({"text": "a"})).await;
    assert_eq!(answer.problem(), "invocation-failed");
}
