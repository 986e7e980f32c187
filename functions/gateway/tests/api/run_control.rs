//! Watching and steering runs of workflows.

use http::StatusCode;
use serde_json::{Value, json};
use tdev_domain::{RunStatus, StopCause};
use tdev_run::Store;

use crate::control::sent;
use crate::run_fixtures::{SAMPLE_RUN, awaiting, moved, store, stored, varied};
use crate::workflows::{definition, register, with_agent};

#[tokio::test]
async fn what_happens_is_told_in_order_and_once() {
    let api = with_agent().await;
    let run = varied(&api).await;
    let path = format!("/v1/runs/{}/events", run.id);
    let events = |query: String| {
        let (api, path) = (&api, format!("{path}?{query}"));
        async move { api.get(&path).await }
    };
    let first = events("wait=20".to_owned()).await.snapshot();
    insta::assert_json_snapshot!(first);
    let cursor = first["body"]["cursor"].as_str().unwrap();
    let nothing = events(format!("after={cursor}")).await.json();
    let none = json!({"cursor": cursor, "events": [], "ended": false});
    assert_eq!(nothing, none);
    let because = StopCause::Cancelled;
    let run = moved(
        &api,
        &run,
        RunStatus::Compensating {
            because,
            order: vec![0],
        },
        70,
    )
    .await;
    let stopped = events(format!("after={cursor}&wait=20")).await.json();
    assert_eq!(stopped["events"][0]["status"]["name"], "compensating");
    assert_eq!(stopped["ended"], false);
    let uncompensated = Vec::new();
    moved(&api, &run, RunStatus::Cancelled { uncompensated }, 80).await;
    let cursor = stopped["cursor"].as_str().unwrap();
    let last = events(format!("after={cursor}")).await.json();
    assert_eq!(last["events"].as_array().unwrap().len(), 1);
    assert_eq!(last["events"][0]["status"]["name"], "cancelled");
    assert_eq!(last["ended"], true);
    let cursor = last["cursor"].as_str().unwrap();
    let over = events(format!("after={cursor}&wait=20")).await.json();
    assert_eq!(over, json!({"cursor": cursor, "events": [], "ended": true}));
    for bad in ["after=x", "after=", "wait=21", "wait=-1", "a=1"] {
        let answer = events(bad.to_owned()).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{bad}");
    }
}

#[tokio::test]
async fn whoever_waits_is_told_when_something_happens() {
    let api = with_agent().await;
    let run = varied(&api).await;
    let path = format!("/v1/runs/{}/events", run.id);
    let first = api.get(&path).await.json();
    let cursor = first["cursor"].as_str().unwrap();
    let path = format!("{path}?after={cursor}&wait=20");
    let look = api.get(&path);
    let because = StopCause::Cancelled;
    let change = moved(&api, &run, RunStatus::Stopping { because }, 70);
    let (answer, _) = tokio::join!(look, change);
    assert_eq!(answer.json()["events"][0]["status"]["name"], "stopping");
}

#[tokio::test]
async fn a_run_is_called_off_and_resumed() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let run = stored(&api, SAMPLE_RUN, "digest", json!({"documents": []})).await;
    let path = format!("/v1/runs/{}", run.id);
    let post = |what: &str, body: Value| {
        let (api, path) = (&api, format!("{path}/{what}"));
        async move { api.post(&path, body).await }
    };
    let early = post("resume", json!(null)).await;
    assert_eq!(early.problem(), "run-not-resumable");
    assert_eq!(early.json()["run_status"], "running");
    api.aws.forget_requests();
    let cancelled = post("cancel", json!(null)).await;
    assert_eq!(cancelled.status, StatusCode::ACCEPTED);
    assert_eq!(cancelled.header("location"), path);
    assert_eq!(cancelled.json()["status"]["name"], "stopping");
    assert_eq!(cancelled.json()["status"]["because"]["cause"], "cancelled");
    let message = json!({"tenant": "acme", "run": run.id});
    assert_eq!(sent(&api), [("step".to_owned(), message.clone())]);
    let again = post("cancel", json!(null)).await;
    assert_eq!(again.problem(), "run-not-running");
    assert_eq!(again.json()["run_status"], "stopping");

    let found = store(&api).run(&run.id).await.unwrap().unwrap();
    let uncompensated = Vec::new();
    moved(&api, &found, RunStatus::Cancelled { uncompensated }, 5).await;
    let wrong = post("resume", json!({"deadline_seconds": 0})).await;
    assert_eq!(wrong.problem(), "invalid-request");
    api.aws.forget_requests();
    let resumed = post("resume", json!({"deadline_seconds": 60})).await;
    assert_eq!(resumed.status, StatusCode::ACCEPTED);
    assert_eq!(resumed.json()["status"]["name"], "running");
    assert_eq!(resumed.json()["resumed"], 1);
    assert_eq!(sent(&api), [("step".to_owned(), message)]);
    let held = api.aws.requests_of("AWSStepFunctions.StartExecution");
    assert_eq!(held[0].json()["name"], format!("{}-1", run.id));
}

#[tokio::test]
async fn a_person_decides_once() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let run = stored(&api, SAMPLE_RUN, "digest", json!({"documents": []})).await;
    let decide = |step: &str, body: Value| {
        let (api, path) = (&api, format!("/v1/runs/{}/approvals/{step}", run.id));
        async move { api.post(&path, body).await }
    };
    let yes = json!({"approved": true, "comment": "Well done."});
    let early = decide("publish", yes.clone()).await;
    assert_eq!(early.problem(), "approval-not-awaited");
    awaiting(&api, &run).await;
    let shown = api.get(&format!("/v1/runs/{}/steps/publish", run.id)).await;
    insta::assert_json_snapshot!("a_step_that_awaits_an_approval", shown.snapshot()["body"]);
    let long = json!({"approved": true, "comment": "x".repeat(1_001)});
    assert_eq!(decide("publish", long).await.problem(), "invalid-request");
    assert_eq!(
        decide("publish", json!({})).await.problem(),
        "invalid-request"
    );
    assert_eq!(
        decide("other", yes.clone()).await.problem(),
        "step-not-found"
    );
    api.aws.forget_requests();
    let decided = decide("publish", yes.clone()).await;
    insta::assert_json_snapshot!(decided.snapshot());
    let message = json!({"tenant": "acme", "run": run.id, "place": "1"});
    assert_eq!(sent(&api), [("step".to_owned(), message)]);
    let step = api
        .get(&format!("/v1/runs/{}/steps/publish", run.id))
        .await
        .json();
    assert_eq!(step["output"]["comment"], "Well done.");
    assert_eq!(step["output"]["by"], decided.json()["by"]);
    assert_eq!(
        decide("publish", yes).await.problem(),
        "approval-not-awaited"
    );
}

#[tokio::test]
async fn a_person_may_say_no() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let run = stored(&api, SAMPLE_RUN, "digest", json!({"documents": []})).await;
    awaiting(&api, &run).await;
    let path = format!("/v1/runs/{}", run.id);
    let no = json!({"approved": false});
    let decided = api.post(&format!("{path}/approvals/publish"), no).await;
    assert_eq!(decided.json()["approved"], false);
    let step = api.get(&format!("{path}/steps/publish")).await.json();
    assert_eq!(
        (&step["status"], &step["error"]["kind"]),
        (&json!("failed"), &json!("rejected"))
    );
}
