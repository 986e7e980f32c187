//! Tasks: submitting, finding, calling off and redriving them.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::{Failure, RetryPolicy};
use tdev_domain::{
    Arrivals, AttemptFailure, ErrorName, Invocation, InvocationId, InvocationStatus, Routed, Task,
    TaskDraft, TaskId, VersionNumber,
};

use crate::control::sent;
use crate::support::{Answer, Api, agent_name, stable, tenant};
use crate::watching::{called, store};

/// `acme`'s task, queued and stored.
pub(crate) async fn queued(api: &Api, id: TaskId) -> Task {
    let draft = TaskDraft {
        tenant: tenant("acme"),
        text: "how many words?".to_owned(),
        input: json!({"text": "a b"}),
        capability: None,
        priority: Priority::NORMAL,
        deadline: None,
        retry: RetryPolicy::default(),
    };
    let share = FairShare::default();
    let now = Timestamp::now();
    let (place, _, _) = Arrivals::default().reserve(&share, 0, now);
    let task = draft.admit(id, place, now);
    api.table.write_task(&task).await.unwrap();
    task
}

/// The same task, given to an agent.
pub(crate) async fn running(api: &Api, task: &Task, invocation: InvocationId) -> Task {
    let routed = Routed {
        agent: agent_name("word-count"),
        version: VersionNumber::FIRST,
        invocation,
    };
    let task = task.started(routed, decision(), Timestamp::now()).unwrap();
    api.table.write_task(&task).await.unwrap();
    task
}

/// The same task, given up.
pub(crate) async fn given_up(api: &Api, task: &Task) -> Task {
    let task = running(api, task, InvocationId::generate()).await;
    let failure = AttemptFailure {
        failure: Failure::Platform(ErrorName::Internal),
        message: "the snapshot is gone".to_owned(),
    };
    let task = task.attempt_failed(failure, Timestamp::now()).unwrap();
    api.table.write_task(&task).await.unwrap();
    task
}

pub(crate) fn decision() -> Value {
    json!({
        "chosen": "word-count",
        "reason": "best_score",
        "strategy": "learned",
        "confidence": 0.72,
        "scope": {"probability": 0.9, "threshold": 0.5},
        "rules": [{"id": "no-music", "then": {"deny": "music"}}],
        "candidates": [
            {"agent": "word-count", "score": 0.6272, "fit": 0.8, "success": 0.98, "load": 0.8},
        ],
        "removed": [{"agent": "music", "filter": "denied", "fit": 0.05}],
    })
}

async fn submit(api: &Api, body: Value) -> Answer {
    api.post("/v1/tasks", body).await
}

pub(crate) async fn view(api: &Api, id: &TaskId) -> Value {
    api.get(&format!("/v1/tasks/{id}")).await.json()
}

fn permit(task: &Value) -> (String, Value) {
    let body = json!({"kind": "permit", "tenant": "acme", "task": task});
    ("task".to_owned(), body)
}

#[tokio::test]
async fn a_task_is_stored_and_queued() {
    let api = Api::new().await;
    let answer = submit(
        &api,
        json!({
            "text": "how many words?",
            "input": {"text": "a b", "n": 1.0},
            "capability": "text.count",
            "priority": "high",
            "deadline": "9999-01-01T01:00:00+01:00",
            "retry": {"attempts": 2, "pause_seconds": 0.5},
        }),
    )
    .await;
    insta::assert_json_snapshot!(answer.snapshot());
    let id = answer.json()["id"].clone();
    assert_eq!(sent(&api), [permit(&id)]);
    let stored = api.get(answer.header("location")).await;
    assert_eq!(stored.header("retry-after"), "1");
    assert_eq!(stored.json()["input"], json!({"text": "a b", "n": 1.0}));
}

#[tokio::test]
async fn text_and_input_stand_for_each_other() {
    let api = Api::new().await;
    for (body, text, input) in [
        (json!({"text": "a"}), "a", json!({"text": "a"})),
        (json!({"input": "b"}), "b", json!("b")),
        (
            json!({"input": {"text": "c", "n": 1}}),
            "c",
            json!({"text": "c", "n": 1}),
        ),
        (json!({"input": {"text": 1}}), "", json!({"text": 1})),
        (json!({"input": null}), "", json!(null)),
        (json!({"text": "d", "input": null}), "d", json!(null)),
    ] {
        let answer = submit(&api, body.clone()).await;
        let stored = api.get(answer.header("location")).await.json();
        assert_eq!(stored["text"], text, "{body}");
        assert_eq!(stored["input"], input, "{body}");
    }
}

#[tokio::test]
async fn priorities_have_numbers_and_names() {
    let api = Api::new().await;
    for (written, number) in [
        (json!(1), 1),
        (json!(10), 10),
        (json!("critical"), 10),
        (json!("high"), 8),
        (json!("normal"), 5),
        (json!("low"), 2),
        (json!(null), 5),
    ] {
        let answer = submit(&api, json!({"text": "a", "priority": written})).await;
        assert_eq!(answer.json()["priority"], number, "{written}");
    }
}

#[tokio::test]
async fn everything_wrong_with_a_task_is_pointed_at() {
    let api = Api::new().await;
    let answer = submit(
        &api,
        json!({
            "text": "",
            "capability": "No Capability",
            "priority": 11,
            "deadline": "1970-01-01T00:00:00Z",
            "retry": {
                "attempts": 0,
                "pause_seconds": -1,
                "multiplier": 0.5,
                "max_pause_seconds": 1e9,
            },
        }),
    )
    .await;
    assert_eq!(answer.problem(), "invalid-request");
    insta::assert_json_snapshot!(answer.json()["errors"]);
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"text": "a", "priority": "urgent"}), "/priority"),
        (json!({"text": "a", "priority": 1.5}), "/priority"),
        (json!({"text": "a", "deadline": "tomorrow"}), "/deadline"),
        (
            json!({"text": "a", "retry": {"pauses": 1}}),
            "/retry/pauses",
        ),
        (json!({"text": "a", "agent": "b"}), "/agent"),
        (json!({"text": "x".repeat(10_001)}), "/text"),
    ] {
        let answer = submit(&api, body.clone()).await;
        assert_eq!(answer.problem(), "invalid-request", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
    let large = submit(&api, json!({"input": "x".repeat(262_144)})).await;
    assert_eq!(large.problem(), "input-too-large");
    assert!(api.aws.requests_of("SQS.SendMessage").is_empty());
}

#[tokio::test]
async fn a_task_is_accepted_though_no_message_gets_through() {
    let api = Api::new().await;
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    let answer = submit(&api, json!({"text": "a"})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_task_that_is_not_stored_is_not_accepted() {
    let api = Api::new().await;
    api.fails("DynamoDB.PutItem", 400, "ThrottlingException");
    let answer = submit(&api, json!({"text": "a"})).await;
    assert_eq!(answer.problem(), "unavailable");
    assert!(api.aws.requests_of("SQS.SendMessage").is_empty());
}

#[tokio::test]
async fn a_repeated_task_is_accepted_once() {
    let api = Api::new().await;
    let submit = || {
        api.call(Method::POST, "/v1/tasks")
            .header("idempotency-key", "task-1")
            .json(&json!({"text": "a"}))
            .send()
    };
    let (first, second) = (submit().await, submit().await);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.text, first.text);
    assert_eq!(api.aws.requests_of("SQS.SendMessage").len(), 1);
}

#[tokio::test]
async fn a_completed_task_shows_what_its_agent_returned() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    let output = json!({"words": 2});
    let run = Invocation {
        task: Some(task.id.clone()),
        status: InvocationStatus::Completed { output },
        ..called()
    };
    let run = store(&api, run, Vec::new()).await;
    let task = running(&api, &task, run.id.clone()).await;
    let task = task.completed(Timestamp::now()).unwrap();
    api.table.write_task(&task).await.unwrap();
    let answer = api.get(&format!("/v1/tasks/{}", task.id)).await;
    assert_eq!(answer.header("retry-after"), "");
    insta::assert_json_snapshot!(answer.snapshot());
}

#[tokio::test]
async fn tasks_are_listed_newest_first_and_by_status() {
    let api = Api::new().await;
    for _ in 0..3 {
        queued(&api, TaskId::generate()).await;
    }
    let task = queued(&api, TaskId::generate()).await;
    given_up(&api, &task).await;
    let list = |query: &str| {
        let path = format!("/v1/tasks?{query}");
        let api = &api;
        async move { api.get(&path).await }
    };
    insta::assert_json_snapshot!(stable("", list("").await.json()));
    let failed = list("status=failed").await.json();
    assert_eq!(failed["items"].as_array().unwrap().len(), 1);
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = list(&format!("status=queued&limit=2{cursor}")).await.json();
        count += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(count, 3);
    for bad in ["status=lost", "limit=0", "cursor=eA", "x=1"] {
        assert_eq!(list(bad).await.problem(), "invalid-parameter", "{bad}");
    }
}

#[tokio::test]
async fn a_task_that_no_agent_has_is_cancelled_at_once() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    let cancel = format!("/v1/tasks/{}/cancel", task.id);
    let answer = api.post(&cancel, json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["status"], json!({"name": "cancelled"}));
    assert_eq!(view(&api, &task.id).await["status"]["name"], "cancelled");
    let again = api.post(&cancel, json!(null)).await;
    assert_eq!(again.problem(), "task-ended");
    assert_eq!(again.json()["detail"], "The task is cancelled.");
}

#[tokio::test]
async fn the_run_of_a_task_is_called_off_with_it() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    let run = Invocation {
        task: Some(task.id.clone()),
        ..called()
    };
    let run = store(&api, run, Vec::new()).await;
    let task = running(&api, &task, run.id.clone()).await;
    let cancel = format!("/v1/tasks/{}/cancel", task.id);
    let answer = api.post(&cancel, json!(null)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("location"), format!("/v1/tasks/{}", task.id));
    assert_eq!(answer.json()["cancel_requested"], true);
    let run = api.get(&format!("/v1/invocations/{}", run.id)).await.json();
    assert_eq!(run["status"]["name"], "cancelled");
    let ended = json!({"kind": "ended", "tenant": "acme", "task": task.id});
    assert_eq!(sent(&api), [("task".to_owned(), ended)]);
}

#[tokio::test]
async fn a_run_that_a_cancelled_task_does_not_know_yet_is_called_off() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    // Whoever gave the task to an agent has put the run, and was lost before the task knew.
    let id = InvocationId::attempted_by(&task.next_attempt());
    let run = Invocation {
        id: id.clone(),
        task: Some(task.id.clone()),
        ..called()
    };
    store(&api, run, Vec::new()).await;
    let cancel = format!("/v1/tasks/{}/cancel", task.id);
    let answer = api.post(&cancel, json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let run = api.get(&format!("/v1/invocations/{id}")).await.json();
    assert_eq!(run["status"]["name"], "cancelled");
    let ended = json!({"kind": "ended", "tenant": "acme", "task": task.id});
    assert_eq!(sent(&api), [("task".to_owned(), ended)]);
}

#[tokio::test]
async fn a_task_that_was_given_up_is_redriven_once() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    let task = given_up(&api, &task).await;
    let letters = api.get("/v1/dead-letters").await;
    insta::assert_json_snapshot!(letters.snapshot());
    let redrive = format!("/v1/dead-letters/{}/redrive", task.id);
    let answer = api.post(&redrive, json!(null)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["status"], json!({"name": "queued"}));
    assert_eq!(answer.header("location"), format!("/v1/tasks/{}", task.id));
    assert_eq!(sent(&api), [permit(&json!(task.id))]);
    let letters = api.get("/v1/dead-letters").await.json();
    assert_eq!(letters, json!({"items": []}));
    for path in [redrive.as_str(), "/v1/dead-letters/x/redrive"] {
        let again = api.post(path, json!(null)).await;
        assert_eq!(again.problem(), "dead-letter-not-found");
    }
    let bad = api.get("/v1/dead-letters?cursor=eA").await;
    assert_eq!(bad.problem(), "invalid-parameter");
}

#[tokio::test]
async fn another_tenants_task_is_not_there() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    let task = given_up(&api, &task).await;
    let id = &task.id;
    let theirs = async |method: Method, path: &str, body: Option<Value>| {
        let call = api.call(method, path).key(Some(&api.other_key));
        let call = match body {
            Some(body) => call.json(&body),
            None => call,
        };
        call.send().await
    };
    for (method, path, body, problem) in [
        (
            Method::GET,
            format!("/v1/tasks/{id}"),
            None,
            "task-not-found",
        ),
        (
            Method::POST,
            format!("/v1/tasks/{id}/cancel"),
            None,
            "task-not-found",
        ),
        (
            Method::POST,
            format!("/v1/tasks/{id}/feedback"),
            Some(json!({"correct": true})),
            "task-not-found",
        ),
        (
            Method::POST,
            format!("/v1/dead-letters/{id}/redrive"),
            None,
            "dead-letter-not-found",
        ),
    ] {
        assert_eq!(
            theirs(method, &path, body).await.problem(),
            problem,
            "{path}"
        );
    }
    for path in ["/v1/tasks", "/v1/dead-letters"] {
        let list = theirs(Method::GET, path, None).await.json();
        assert_eq!(list, json!({"items": []}), "{path}");
    }
    let not_an_id = api.get("/v1/tasks/x").await;
    assert_eq!(not_an_id.problem(), "task-not-found");
    assert_eq!(view(&api, id).await["status"]["name"], "failed");
}
