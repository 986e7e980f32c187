//! Judging where tasks went.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::{InvocationId, Rejection, Task, TaskId};

use crate::control::sent;
use crate::support::{Answer, Api, stable};
use crate::tasks::{decision, queued, running, view};

async fn judge(api: &Api, task: &Task, body: Value) -> Answer {
    let path = format!("/v1/tasks/{}/feedback", task.id);
    api.post(&path, body).await
}

#[tokio::test]
async fn feedback_teaches_and_has_the_model_trained() {
    let api = Api::new().await;
    api.admit("music", json!({})).await;
    let task = queued(&api, TaskId::generate()).await;
    let early = judge(&api, &task, json!({"correct": true})).await;
    assert_eq!(early.problem(), "nothing-to-judge");
    let task = running(&api, &task, InvocationId::generate()).await;
    let mut learned = Vec::new();
    for body in [
        json!({"correct": true}),
        json!({"correct": false}),
        json!({"correct": false, "agent": "music"}),
        json!({"correct": false, "agent": null}),
    ] {
        let answer = judge(&api, &task, body).await;
        assert_eq!(answer.status, StatusCode::OK);
        learned.push(stable("", answer.json()));
    }
    insta::assert_json_snapshot!(learned);
    let train = ("train".to_owned(), json!({"tenant": "acme"}));
    assert_eq!(sent(&api), vec![train; 4]);
    let now = Timestamp::now();
    let lessons = api.table.lessons(&task.tenant, 10, now).await.unwrap();
    assert_eq!(lessons.len(), 1, "the last word counts");
    for body in [
        json!({"correct": false, "agent": "nobody"}),
        json!({"correct": false, "agent": "No Name"}),
        json!({"correct": true, "agent": "music"}),
        json!({"correct": true, "agent": null}),
    ] {
        let answer = judge(&api, &task, body.clone()).await;
        assert_eq!(answer.problem(), "invalid-request", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/agent", "{body}");
    }
    let nothing = judge(&api, &task, json!({})).await;
    assert_eq!(nothing.problem(), "invalid-request");
}

#[tokio::test]
async fn a_rejection_can_be_judged() {
    let api = Api::new().await;
    let task = queued(&api, TaskId::generate()).await;
    let rejected = task
        .turned_away(Rejection::OutOfScope, decision(), Timestamp::now())
        .unwrap();
    api.table.write_task(&rejected).await.unwrap();
    let status = view(&api, &task.id).await["status"].clone();
    assert_eq!(
        status,
        json!({"name": "rejected", "reason": "out_of_scope"})
    );
    let answer = judge(&api, &task, json!({"correct": true})).await;
    assert_eq!(answer.json()["verdict"], "for_none");
    let answer = judge(&api, &task, json!({"correct": false})).await;
    assert_eq!(answer.problem(), "invalid-request", "for which, then?");
}
