//! Steering invocations: signals, calling off, running again.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_domain::{Call, EffectClass, Invocation, InvocationStatus, Pending, Stage, TaskId, Wait};
use tdev_testing::Response;

use crate::support::{Answer, Api};
use crate::watching::{called, store};

/// An invocation that waits for the signal `approved`.
pub(crate) fn waiting() -> Invocation {
    let mut record = called();
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
    record.next_effect = 2;
    record.status = InvocationStatus::Suspended {
        wait: Wait::Signal {
            signal: "approved".to_owned(),
            until: "9999-01-01T00:00:00Z".parse().unwrap(),
        },
    };
    record
}

async fn post(api: &Api, record: &Invocation, what: &str, body: Value) -> Answer {
    let path = format!("/v1/invocations/{}/{what}", record.id);
    api.post(&path, body).await
}

async fn view(api: &Api, record: &Invocation) -> Value {
    let path = format!("/v1/invocations/{}", record.id);
    api.get(&path).await.json()
}

/// The bodies of the messages that were sent, by the last part of the queue's URL.
pub(crate) fn sent(api: &Api) -> Vec<(String, Value)> {
    let requests = api.aws.requests_of("SQS.SendMessage").into_iter();
    requests
        .map(|request| {
            let message = request.json();
            let url = message["QueueUrl"].as_str().unwrap();
            let queue = url.rsplit('/').next().unwrap().to_owned();
            let body = message["MessageBody"].as_str().unwrap();
            (queue, serde_json::from_str(body).unwrap())
        })
        .collect()
}

fn wake(record: &Invocation) -> (String, Value) {
    let body = json!({"tenant": "acme", "invocation": record.id});
    ("step".to_owned(), body)
}

#[tokio::test]
async fn a_signal_wakes_whoever_waits_for_it() {
    let api = Api::new().await;
    let record = store(&api, waiting(), Vec::new()).await;
    let other = post(&api, &record, "signals/denied", json!(null)).await;
    assert_eq!(other.status, StatusCode::ACCEPTED);
    assert_eq!(view(&api, &record).await["status"]["name"], "suspended");
    assert!(sent(&api).is_empty());

    let payload = json!({"payload": {"by": "Ada"}});
    let answer = post(&api, &record, "signals/approved", payload).await;
    insta::assert_json_snapshot!(answer.snapshot());
    let after = view(&api, &record).await;
    assert_eq!(after["status"]["name"], "queued");
    assert_eq!(after["pending"]["answered"], true);
    assert_eq!(sent(&api), [wake(&record)]);
}

#[tokio::test]
async fn a_signal_is_accepted_though_no_message_gets_through() {
    let api = Api::new().await;
    let record = store(&api, waiting(), Vec::new()).await;
    api.fails("SQS.SendMessage", 503, "ServiceUnavailable");
    let answer = post(&api, &record, "signals/approved", json!({})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(view(&api, &record).await["status"]["name"], "queued");
}

#[tokio::test]
async fn a_signal_that_cannot_be_kept_is_refused() {
    let api = Api::new().await;
    let record = store(&api, called(), Vec::new()).await;
    let signal = |name: &str, payload: Value| {
        let what = format!("signals/{name}");
        let (api, record) = (&api, &record);
        async move { post(api, record, &what, payload).await }
    };
    for bad in ["a%23b", "a%0Ab", &"x".repeat(129)] {
        let answer = signal(bad, json!({})).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{bad}");
    }
    let longest = signal(&"%C3%A4".repeat(128), json!({})).await;
    assert_eq!(longest.status, StatusCode::ACCEPTED);
    for bad in [json!({"value": 1}), json!([1])] {
        assert_eq!(signal("a", bad).await.problem(), "invalid-request");
    }
    let large = |bytes: usize| json!({"payload": "x".repeat(bytes - 2)});
    assert_eq!(signal("a", large(8_192)).await.status, StatusCode::ACCEPTED);
    let too_large = signal("a", large(8_193)).await;
    assert_eq!(too_large.problem(), "signal-too-large");
    for _ in 2..16 {
        signal("a", json!({})).await;
    }
    assert_eq!(signal("a", json!({})).await.problem(), "too-many-signals");
}

#[tokio::test]
async fn what_waits_is_called_off_at_once_and_its_task_told() {
    let api = Api::new().await;
    let task = TaskId::generate();
    let record = Invocation {
        task: Some(task.clone()),
        ..waiting()
    };
    let record = store(&api, record, Vec::new()).await;
    let answer = post(&api, &record, "cancel", json!(null)).await;
    insta::assert_json_snapshot!(answer.snapshot());
    let after = view(&api, &record).await;
    assert_eq!(after["status"], json!({"name": "cancelled"}));
    assert_eq!(after["effects"][0]["error"]["kind"], "cancelled");
    let ended = json!({"kind": "ended", "tenant": "acme", "task": task});
    assert_eq!(sent(&api), [("task".to_owned(), ended)]);
    for what in ["cancel", "signals/approved"] {
        let again = post(&api, &record, what, json!(null)).await;
        assert_eq!(again.problem(), "invocation-ended", "{what}");
    }
}

#[tokio::test]
async fn what_is_called_off_wakes_the_agent_that_called_it() {
    let api = Api::new().await;
    let mut parent = waiting();
    let child = Invocation {
        parent: Some(parent.effect_key(1)),
        ..called()
    };
    parent.status = InvocationStatus::Suspended {
        wait: Wait::Child {
            invocation: child.id.clone(),
        },
    };
    let parent = store(&api, parent, Vec::new()).await;
    let child = store(&api, child, Vec::new()).await;
    let answer = post(&api, &child, "cancel", json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(sent(&api), [wake(&parent)]);
    assert_eq!(view(&api, &parent).await["status"]["name"], "queued");
}

#[tokio::test]
async fn what_a_worker_has_is_called_off_at_its_next_effect() {
    let api = Api::new().await;
    let lease_until = "9999-01-01T00:00:00Z".parse().unwrap();
    let record = Invocation {
        status: InvocationStatus::Running { lease_until },
        ..called()
    };
    let record = store(&api, record, Vec::new()).await;
    let answer = post(&api, &record, "cancel", json!(null)).await;
    insta::assert_json_snapshot!(answer.snapshot());
    assert_eq!(view(&api, &record).await["cancel_requested"], true);
}

#[tokio::test]
async fn a_replay_tells_where_it_diverged() {
    let api = Api::new().await;
    let record = called();
    let replays = |result: Value| {
        let mut answer = result;
        answer["action"] = "replay".into();
        api.aws
            .on("Lambda.Invoke", move |_| Response::json(&answer));
        post(&api, &record, "replay", json!(null))
    };
    let identical = replays(json!({"result": "identical"})).await;
    assert_eq!(identical.json(), json!({"identical": true}));
    let request = api.aws.requests_of("Lambda.Invoke")[0].json();
    let asked = json!({"action": "replay", "tenant": "acme", "invocation": record.id});
    assert_eq!(request, asked);

    let call = json!({"tool": "now", "args": {}});
    let diverged =
        |found: Value| json!({"result": "diverged", "number": 3, "recorded": call, "found": found});
    let mut shown = Vec::new();
    for found in [
        json!({"did": "called", "tool": "random", "args": {}}),
        json!({"did": "returned", "output": null}),
        json!({"did": "failed", "kind": "raised", "message": "x", "line": 3}),
    ] {
        shown.push(replays(diverged(found)).await.json());
    }
    insta::assert_json_snapshot!(shown);
    let early = replays(json!({"result": "not_ended"})).await;
    assert_eq!(early.problem(), "invocation-not-ended");
    let unknown = replays(json!({"result": "unknown"})).await;
    assert_eq!(unknown.problem(), "invocation-not-found");
}

#[tokio::test]
async fn a_replay_may_not_come_about() {
    let api = Api::new().await;
    let record = called();
    for (response, problem) in [
        (
            Response::function_error("Runtime.ExitError", "secret.internal.host"),
            "worker-died",
        ),
        (
            Response::function_error("Transient", "secret.internal.host"),
            "unavailable",
        ),
        (
            Response::json(&json!({"action": "drive", "invocation": null})),
            "internal",
        ),
    ] {
        api.aws.on("Lambda.Invoke", move |_| response.clone());
        let answer = post(&api, &record, "replay", json!(null)).await;
        assert_eq!(answer.problem(), problem);
    }
}

#[tokio::test]
async fn what_is_no_identifier_is_the_identifier_of_nothing() {
    let api = Api::new().await;
    for id in ["x", "inv_1", "inv_00000000000000000000000000000000"] {
        for what in ["", "/effects", "/events"] {
            let answer = api.get(&format!("/v1/invocations/{id}{what}")).await;
            assert_eq!(answer.problem(), "invocation-not-found", "{id}{what}");
        }
        for what in ["signals/a", "cancel"] {
            let path = format!("/v1/invocations/{id}/{what}");
            let answer = api.post(&path, json!(null)).await;
            assert_eq!(answer.problem(), "invocation-not-found", "{id}/{what}");
        }
    }
}

#[tokio::test]
async fn another_tenants_invocation_is_not_there() {
    let api = Api::new().await;
    let record = store(&api, waiting(), Vec::new()).await;
    let place = format!("/v1/invocations/{}", record.id);
    for (method, what) in [
        (Method::GET, ""),
        (Method::GET, "/effects"),
        (Method::GET, "/events?wait=20"),
        (Method::POST, "/signals/approved"),
        (Method::POST, "/cancel"),
    ] {
        let call = api.call(method, &format!("{place}{what}"));
        let theirs = call.key(Some(&api.other_key)).send().await;
        assert_eq!(theirs.problem(), "invocation-not-found", "{what}");
    }
    assert_eq!(view(&api, &record).await["status"]["name"], "suspended");
    api.aws
        .on("Lambda.Invoke", |_| Response::error(500, "Unused", ""));
    let call = api.call(Method::POST, &format!("{place}/replay"));
    call.key(Some(&api.other_key)).send().await;
    let asked = api.aws.requests_of("Lambda.Invoke")[0].json();
    assert_eq!(asked["tenant"], "globex", "the worker looks there alone");
}
