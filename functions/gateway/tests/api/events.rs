//! The sample events, through the adapter that Lambda's requests go through.

use std::fs;
use std::path::Path;

use lambda_http::lambda_runtime::{Context, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service};
use serde_json::{Map, Value, json};
use tdev_domain::{Invocation, RunStatus, TaskId};
use tdev_testing::Response;

use crate::control::waiting;
use crate::routing::trained;
use crate::run_fixtures::{SAMPLE_RUN, awaiting, moved, stored};
use crate::support::{Api, SAMPLE_KEY, stable};
use crate::tasks::{decision, given_up, queued};
use crate::watching::store;
use crate::workflows::{definition, register};

async fn api() -> Api {
    let api = Api::new().await;
    api.issue("acme", SAMPLE_KEY).await;
    let manifest = json!({
        "input_schema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
            "additionalProperties": false,
        },
    });
    api.admit("word-count", manifest).await;
    api.step_returns(&json!({"words": 4}));
    let waiting = Invocation {
        id: "inv_0199c0de0199c0de0199c0de0199c0de".parse().unwrap(),
        revision: 0,
        ..waiting()
    };
    let record = store(&api, waiting, Vec::new()).await;
    let again = Invocation {
        revision: 1,
        ..record
    };
    store(&api, again, Vec::new()).await;
    queued(&api, id("task_0199c0de0199c0de0199c0de0199c0de")).await;
    let task = queued(&api, id("task_0199c0de0199c0de0199c0de0199ffff")).await;
    given_up(&api, &task).await;
    trained(&api, 2).await;
    register(&api, &definition()).await;
    let documents = json!({"documents": ["a b"]});
    let run = stored(&api, SAMPLE_RUN, "digest", documents.clone()).await;
    awaiting(&api, &run).await;
    let over = "run_0199c0de0199c0de0199c0de0199ffff";
    let run = stored(&api, over, "digest", documents).await;
    let uncompensated = Vec::new();
    moved(&api, &run, RunStatus::Cancelled { uncompensated }, 9).await;
    api.aws.forget_requests();
    api
}

fn id(task: &str) -> TaskId {
    task.parse().unwrap()
}

/// What the function that the event needs answers, where it is not to drive an invocation.
fn callee(name: &str) -> Option<Value> {
    match name {
        "replay-ok" => Some(json!({"action": "replay", "result": "identical"})),
        "route-ok" => Some(json!({"decision": decision(), "model": 2})),
        _ => None,
    }
}

/// What Lambda is handed for the event in `file`.
async fn answer(api: &Api, file: &Path) -> Value {
    let event: LambdaRequest = serde_json::from_str(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut context = Context::default();
    "from-lambda".clone_into(&mut context.request_id);
    let mut adapter = Adapter::from(api.router.clone());
    let response = adapter
        .call(LambdaEvent::new(event, context))
        .await
        .unwrap();
    serde_json::to_value(response).unwrap()
}

/// Status, the headers that differ, and the body, parsed if it is JSON.
fn summary(file: &Path, response: &Value) -> Value {
    let body = response["body"].as_str().unwrap_or_default();
    let body = if file.ends_with("openapi-ok.json") {
        "[openapi]".into()
    } else {
        serde_json::from_str(body).unwrap_or_else(|_| body.into())
    };
    let headers: Map<_, _> = response["headers"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| {
            [
                "content-type",
                "location",
                "retry-after",
                "x-request-id",
                "www-authenticate",
            ]
            .contains(&name.as_str())
        })
        .map(|(name, value)| (name.clone(), stable(name, value.clone())))
        .collect();
    json!({
        "status": response["statusCode"],
        "headers": headers,
        "isBase64Encoded": response["isBase64Encoded"],
        "body": stable("", body),
    })
}

#[tokio::test]
async fn every_sample_event_is_answered_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/gateway");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    let mut answers = Map::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let api = api().await;
        if let Some(answer) = callee(&name) {
            api.aws
                .on("Lambda.Invoke", move |_| Response::json(&answer));
        }
        let response = answer(&api, &file).await;
        let status = response["statusCode"].as_u64().unwrap();
        let is_ok = name.ends_with("-ok") || name.ends_with("-duplicate");
        assert_eq!(status < 300, is_ok, "{name}: {response}");
        answers.insert(name, summary(&file, &response));
    }
    assert!(answers.len() >= 10);
    insta::assert_json_snapshot!(answers, {
        r#"["health-ok"].body.version"# => "[version]",
        r#"["run-start-ok"].body.deadline"# => "[time]",
        r#"["run-resume-ok"].body.deadline"# => "[time]",
    });
}

#[tokio::test]
async fn the_duplicate_event_is_answered_once() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/gateway/register-duplicate.json");
    let api = api().await;
    let first = answer(&api, &file).await;
    let second = answer(&api, &file).await;
    assert_eq!(first["statusCode"], 202);
    assert_eq!(second["body"], first["body"]);
    assert_eq!(second["headers"]["location"], first["headers"]["location"]);
    assert_eq!(second["headers"]["idempotency-replayed"], "true");
    assert_eq!(api.aws.requests_of("SQS.SendMessage").len(), 1);
}

#[tokio::test]
async fn the_documentation_passes_the_adapter_unharmed() {
    let api = api().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/gateway/health-ok.json");
    let mut event: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    for (path, is_binary) in [("/docs/", false), ("/docs/favicon-32x32.png", true)] {
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["path"] = path.into();
        let event: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
        let mut adapter = Adapter::from(api.router.clone());
        let response = adapter
            .call(LambdaEvent::new(event, Context::default()))
            .await
            .unwrap();
        let response = serde_json::to_value(response).unwrap();
        assert_eq!(response["statusCode"], 200, "{path}");
        assert_eq!(response["isBase64Encoded"], is_binary, "{path}");
    }
}
