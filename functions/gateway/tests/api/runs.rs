//! Runs of workflows: starting and finding them.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_domain::{
    Compensation, Place, RunId, RunStatus, StepError, StepErrorKind, StopCause, Uncompensated,
};
use tdev_run::Store;

use crate::control::sent;
use crate::run_fixtures::{completed, moved, put, record, store, stored, varied};
use crate::support::{Answer, Api};
use crate::workflows::{definition, register, with_agent};

async fn start(api: &Api, body: Value) -> Answer {
    api.post("/v1/workflows/digest/runs", body).await
}

#[tokio::test]
async fn a_run_is_stored_a_worker_called_and_a_state_machine_started() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let body = json!({"input": {"documents": ["a b"]}, "deadline_seconds": 600});
    let answer = start(&api, body).await;
    let mut snapshot = answer.snapshot();
    snapshot["body"]["deadline"] = "[time]".into();
    insta::assert_json_snapshot!(snapshot);
    let id = answer.json()["id"].clone();
    let message = json!({"tenant": "acme", "run": id});
    assert_eq!(sent(&api), [("step".to_owned(), message)]);
    let started = api.aws.requests_of("AWSStepFunctions.StartExecution");
    assert_eq!(started.len(), 1);
    let started = started[0].json();
    assert_eq!(started["name"], id);
    let input: Value = serde_json::from_str(started["input"].as_str().unwrap()).unwrap();
    assert_eq!(input, json!({"tenant": "acme", "run": id, "seconds": 600}));

    let run: RunId = id.as_str().unwrap().parse().unwrap();
    let stored = store(&api).run(&run).await.unwrap().unwrap();
    assert_eq!(
        stored.deadline.as_second() - stored.created_at.as_second(),
        600
    );
    assert!(stored.due_at.is_some(), "the keeper knows of it");
    let shown = api.get(answer.header("location")).await;
    assert_eq!(shown.header("retry-after"), "1");
    assert_eq!(shown.json()["input"], json!({"documents": ["a b"]}));
    assert_eq!(shown.json()["progress"], json!({"pending": 2}));
}

#[tokio::test]
async fn a_run_starts_though_nobody_can_be_told() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    api.fails(
        "AWSStepFunctions.StartExecution",
        400,
        "ThrottlingException",
    );
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    let answer = start(&api, json!({"input": {"documents": []}})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let shown = api.get(answer.header("location")).await;
    assert_eq!(shown.json()["status"]["name"], "running");
}

#[tokio::test]
async fn what_cannot_be_run_is_refused() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let invalid = start(&api, json!({"input": {"documents": [1]}})).await;
    insta::assert_json_snapshot!(invalid.snapshot());
    for (body, problem) in [
        (json!({}), "invalid-request"),
        (
            json!({"input": {"documents": []}, "version": 0}),
            "invalid-request",
        ),
        (
            json!({"input": {"documents": []}, "version": 2}),
            "version-not-found",
        ),
        (
            json!({"input": {"documents": []}, "deadline_seconds": 0}),
            "invalid-request",
        ),
        (
            json!({"input": {"documents": []}, "deadline_seconds": 31_536_001}),
            "invalid-request",
        ),
        (json!({"input": "x".repeat(262_144)}), "input-too-large"),
    ] {
        let answer = start(&api, body).await;
        assert_eq!(answer.problem(), problem, "{}", answer.text);
    }
    let unknown = api
        .post("/v1/workflows/other/runs", json!({"input": 1}))
        .await;
    assert_eq!(unknown.problem(), "workflow-not-found");
    assert_eq!(api.get("/v1/runs").await.json()["items"], json!([]));
}

#[tokio::test]
async fn an_earlier_version_can_be_run() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let mut next = definition();
    next["input_schema"]["required"] = json!(["documents", "title"]);
    register(&api, &next).await;
    let input = json!({"documents": []});
    let refused = start(&api, json!({"input": input})).await;
    assert_eq!(refused.problem(), "invalid-input");
    let answer = start(&api, json!({"input": input, "version": 1})).await;
    assert_eq!(answer.json()["version"], 1);
}

#[tokio::test]
async fn a_run_is_shown_with_its_steps() {
    let api = with_agent().await;
    let run = varied(&api).await;
    let path = format!("/v1/runs/{}", run.id);
    let because = StopCause::DeadlineExceeded;
    let run = moved(&api, &run, RunStatus::Stopping { because }, 70).await;
    let mut shown = api.get(&path).await.snapshot();
    // Some steps go on.
    shown["body"]["critical_path"]["seconds"] = "[seconds]".into();
    insta::assert_json_snapshot!(shown);
    let brief = api.get(&format!("{path}?steps=false")).await.json();
    for left_out in ["steps", "progress", "critical_path", "estimate"] {
        assert_eq!(brief[left_out], json!(null), "{left_out}");
    }
    let unclear = api.get(&format!("{path}?steps=no")).await;
    assert_eq!(unclear.problem(), "invalid-parameter");

    let mut fetch = store(&api)
        .steps(&run.id, &[Place::step(0)])
        .await
        .unwrap()
        .remove(0);
    fetch.revision += 1;
    let error = StepError::new(StepErrorKind::TimedOut, "it took longer than 300 s");
    fetch.compensation = Some(Compensation::Failed {
        error: error.clone(),
    });
    put(&api, &run, &fetch).await;
    let failed = RunStatus::Failed {
        because: StopCause::DeadlineExceeded,
        uncompensated: vec![Uncompensated {
            step: fetch.id,
            error,
        }],
    };
    moved(&api, &run, failed, 80).await;
    let shown = api.get(&format!("{path}?steps=false")).await;
    assert_eq!(shown.header("retry-after"), "", "nothing happens any more");
    insta::assert_json_snapshot!("a_failed_run_says_what_is_left", shown.json()["status"]);
    let step = api.get(&format!("{path}/steps/fetch")).await.json();
    assert_eq!(step["compensation"]["status"], "failed");
}

#[tokio::test]
async fn steps_are_there_in_pages_and_one_by_one() {
    let api = with_agent().await;
    let run = varied(&api).await;
    let path = format!("/v1/runs/{}/steps", run.id);
    let first = api.get(&format!("{path}?limit=3")).await.json();
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|s| s["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let next = first["next"].as_str().unwrap();
    let second = api.get(&format!("{path}?cursor={next}")).await.json();
    assert_eq!(second["next"], json!(null));
    let all = [ids(&first), ids(&second)].concat();
    let shown = api.get(&format!("/v1/runs/{}", run.id)).await.json();
    assert_eq!(ids(&json!({"items": shown["steps"]})), all);
    let large = "x".repeat(20_000);
    let place =
        Place::step(u32::try_from(all.iter().position(|id| id == "report").unwrap()).unwrap());
    let report = record(place, "report", completed(json!(large)), 8, Some(9));
    put(&api, &run, &report).await;
    let listed = api.get(&path).await.json();
    let listed = &listed["items"][usize::try_from(place.step).unwrap()];
    assert_eq!(listed["output"], json!(null), "too large for a list");
    assert_eq!(listed["output_bytes"], 20_002);
    let whole = api.get(&format!("{path}/report")).await.json();
    assert_eq!(whole["output"], json!(large));
    let map = api.get(&format!("{path}/count")).await.json();
    let counts = json!({"completed": 1, "running": 1, "pending": 1});
    assert_eq!(map["items"], counts);
    assert_eq!(
        api.get(&format!("{path}/other")).await.problem(),
        "step-not-found"
    );
    let elsewhere = api.get(&format!("{path}?cursor=YQ")).await;
    assert_eq!(elsewhere.problem(), "invalid-parameter");
}

#[tokio::test]
async fn runs_are_listed_by_workflow_and_status() {
    let api = with_agent().await;
    let varied = varied(&api).await;
    register(&api, &definition()).await;
    let other = RunId::generate();
    let run = stored(&api, other.as_str(), "digest", json!({"documents": []})).await;
    moved(&api, &run, RunStatus::Completed { output: json!(1) }, 9).await;
    let all = api.get("/v1/runs").await;
    insta::assert_json_snapshot!(all.snapshot());
    let ids = |answer: &Answer| -> Vec<Value> {
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.into_iter().map(|run| run["id"].clone()).collect()
    };
    for (query, expected) in [
        ("workflow=digest", vec![json!(other)]),
        ("status=running", vec![json!(varied.id)]),
        ("workflow=digest&status=running", vec![]),
    ] {
        let found = api.get(&format!("/v1/runs?{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
    }
    for bad in ["workflow=No", "status=done", "limit=0", "cursor=YQ", "a=1"] {
        let answer = api.get(&format!("/v1/runs?{bad}")).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{bad}");
    }
}

#[tokio::test]
async fn runs_are_their_tenants_own() {
    let api = with_agent().await;
    let run = varied(&api).await;
    let path = format!("/v1/runs/{}", run.id);
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::GET, format!("{path}/steps"), None),
        (Method::GET, format!("{path}/steps/fetch"), None),
        (Method::GET, format!("{path}/events"), None),
        (Method::GET, format!("{path}/graph"), None),
        (Method::POST, format!("{path}/cancel"), None),
        (Method::POST, format!("{path}/resume"), None),
        (
            Method::POST,
            format!("{path}/approvals/publish"),
            Some(json!({"approved": true})),
        ),
    ] {
        let call = api.call(method, &path).key(Some(&api.other_key));
        let call = match &body {
            Some(body) => call.json(body),
            None => call,
        };
        assert_eq!(call.send().await.problem(), "run-not-found", "{path}");
    }
    let listed = api.call(Method::GET, "/v1/runs").key(Some(&api.other_key));
    assert_eq!(listed.send().await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_run_is_drawn_with_where_its_steps_stand() {
    let api = with_agent().await;
    let run = varied(&api).await;
    let graph = async |format: &str| {
        let path = format!("/v1/runs/{}/graph?format={format}", run.id);
        api.get(&path).await
    };
    let drawn = graph("json").await.json();
    let statuses: Vec<_> = drawn["nodes"].as_array().unwrap().iter().collect();
    let statuses: Vec<_> = statuses
        .iter()
        .map(|node| {
            (
                node["id"].as_str().unwrap(),
                node["status"].as_str().unwrap(),
            )
        })
        .collect();
    let whole = api.get(&format!("/v1/runs/{}", run.id)).await.json();
    let shown = whole["steps"].as_array().unwrap().iter();
    let shown: Vec<_> = shown
        .map(|step| {
            (
                step["id"].as_str().unwrap(),
                step["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(statuses, shown);
    assert!(statuses.contains(&("publish", "pending")), "{statuses:?}");
    let mermaid = graph("mermaid").await;
    assert_eq!(
        mermaid.header("content-type"),
        "text/vnd.mermaid; charset=utf-8"
    );
    assert!(mermaid.text.contains("style n0 fill:"), "{}", mermaid.text);
    let svg = graph("svg").await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.text.contains(", pending</title>"), "{}", svg.text);
    assert_eq!(graph("png").await.problem(), "invalid-parameter");
}
