//! Every type of problem as a client sees it.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};
use tdev_domain::{AgentFailure, FailureKind, InvocationFailure};
use tdev_testing::Response;

use crate::evolutions::with_problem;
use crate::support::{Answer, Api, SOURCE};

/// Types that no request can bring about here: no key lacks a right yet, and the worker of these
/// tests is never slow.
const OUT_OF_REACH: [&str; 2] = ["forbidden", "worker-timed-out"];

#[derive(Default)]
struct Seen(BTreeMap<String, Value>);

impl Seen {
    fn add(&mut self, answer: &Answer) {
        self.0
            .entry(answer.problem())
            .or_insert_with(|| answer.snapshot());
    }
}

#[tokio::test]
async fn every_type_of_problem() {
    let mut seen = Seen::default();
    of_requests(&mut seen).await;
    of_agents(&mut seen).await;
    of_invocations(&mut seen).await;
    of_tasks(&mut seen).await;
    of_workflows(&mut seen).await;
    of_evolutions(&mut seen).await;
    of_the_platform(&mut seen).await;

    let index = Api::new().await.get("/problems").await.text;
    let all: BTreeSet<_> = index
        .split("href=\"/problems/")
        .skip(1)
        .map(|link| link.split('"').next().unwrap())
        .filter(|slug| !OUT_OF_REACH.contains(slug))
        .collect();
    assert_eq!(
        seen.0.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        all
    );
    insta::assert_json_snapshot!(seen.0);
}

async fn of_requests(seen: &mut Seen) {
    let api = Api::new().await;
    let post = |content_type: &str, body: String| {
        api.call(Method::POST, "/v1/agents")
            .body(content_type, body)
            .send()
    };
    seen.add(&post("application/json", "{\"name\": ".to_owned()).await);
    seen.add(&post("application/json", "x".repeat(1_048_577)).await);
    seen.add(&post("text/plain", SOURCE.to_owned()).await);
    seen.add(&api.get("/v1/agents?limit=0&cursor=%21").await);
    seen.add(
        &api.call(Method::GET, "/v1/agents")
            .header("x-api-key", "other")
            .send()
            .await,
    );
    seen.add(&api.call(Method::GET, "/v1/agents").key(None).send().await);
    seen.add(&api.get("/v1/nothing").await);
    seen.add(&api.call(Method::PUT, "/v1/agents").send().await);
    let register = |name: &str, source: String| {
        api.post("/v1/agents", json!({"name": name, "source": source}))
    };
    seen.add(&register("No Name", SOURCE.to_owned()).await);
    seen.add(&register("echo", "#".repeat(6_657)).await);
    seen.add(&register("echo", String::new()).await);
    let keyed = |name: &'static str| {
        let call = api
            .call(Method::POST, "/v1/agents")
            .header("idempotency-key", "k");
        call.json(&json!({"name": name, "source": SOURCE})).send()
    };
    api.fails_once(1, "DynamoDB.PutItem");
    api.fails("S3.PutObject", 503, "SlowDown");
    seen.add(&keyed("echo").await);
    seen.add(&keyed("echo").await);
    seen.add(&keyed("other").await);
}

async fn of_agents(seen: &mut Seen) {
    let api = Api::new().await;
    seen.add(&api.get("/v1/agents/word-count").await);
    seen.add(
        &api.get("/v1/registrations/reg_00000000000000000000000000000000")
            .await,
    );
    api.admit("word-count", json!({})).await;
    seen.add(&api.get("/v1/agents/word-count/versions/2").await);
    seen.add(
        &api.post("/v1/agents/word-count/rollback", json!(null))
            .await,
    );
    let submit = || {
        api.call(Method::POST, "/v1/agents")
            .json(&json!({"name": "word-count", "source": SOURCE}))
    };
    seen.add(&submit().header("if-none-match", "*").send().await);
    let accepted = submit().send().await;
    seen.add(
        &api.post(
            &format!("{}/release", accepted.header("location")),
            json!(null),
        )
        .await,
    );
    api.fails(
        "DynamoDB.TransactWriteItems",
        400,
        "TransactionConflictException",
    );
    seen.add(&api.delete("/v1/agents/word-count").await);
    api.aws.restore("DynamoDB.TransactWriteItems");
    api.delete("/v1/agents/word-count").await;
    seen.add(&api.get("/v1/agents/word-count").await);
}

async fn of_invocations(seen: &mut Seen) {
    let api = Api::new().await;
    api.admit(
        "a",
        json!({"input_schema": {"type": "string"}, "output_schema": {"type": "integer"}}),
    )
    .await;
    api.admit("b", json!({"input_schema": {"type": "text"}}))
        .await;
    let invoke = |name: &str, input| {
        let path = format!("/v1/agents/{name}/invoke");
        let api = &api;
        async move { api.post(&path, json!({"input": input})).await }
    };
    seen.add(&invoke("a", json!(1)).await);
    seen.add(&invoke("a", json!("x".repeat(262_144))).await);
    seen.add(&invoke("b", json!(1)).await);
    api.step_returns(&json!("one"));
    seen.add(&invoke("a", json!("x")).await);
    for kind in [
        FailureKind::InvalidSource,
        FailureKind::Raised,
        FailureKind::TimedOut,
        FailureKind::OutOfMemory,
        FailureKind::RecursionTooDeep,
        FailureKind::TooManyToolCalls,
        FailureKind::TooMuchLogged,
        FailureKind::OutputNotJson,
        FailureKind::OutputTooLarge,
        FailureKind::Forbidden,
        FailureKind::Interpreter,
    ] {
        let failure = AgentFailure::new(kind, "what happened");
        api.step_fails(InvocationFailure::Agent(failure));
        seen.add(&invoke("a", json!("x")).await);
    }
    api.step_fails(InvocationFailure::Stalled { workers: 20 });
    seen.add(&invoke("a", json!("x")).await);

    api.step_drives(|_| {});
    let called = invoke("a", json!("x")).await;
    let place = called.header("location").to_owned();
    let signal = |payload: Value| {
        let (api, path) = (&api, format!("{place}/signals/approved"));
        async move { api.post(&path, json!({"payload": payload})).await }
    };
    seen.add(&signal(json!("x".repeat(8_192))).await);
    for _ in 0..16 {
        signal(json!(null)).await;
    }
    seen.add(&signal(json!(null)).await);
    let replays = |response: Response| {
        let (api, path) = (&api, format!("{place}/replay"));
        api.aws.on("Lambda.Invoke", move |_| response.clone());
        async move { api.post(&path, json!(null)).await }
    };
    let not_ended = json!({"action": "replay", "result": "not_ended"});
    seen.add(&replays(Response::json(&not_ended)).await);
    let died = Response::function_error("Runtime.ExitError", "signal: killed");
    seen.add(&replays(died).await);
    let cancel = format!("{place}/cancel");
    api.post(&cancel, json!(null)).await;
    seen.add(&api.post(&cancel, json!(null)).await);
    seen.add(
        &api.get("/v1/invocations/inv_00000000000000000000000000000000")
            .await,
    );
}

async fn of_tasks(seen: &mut Seen) {
    let api = Api::new().await;
    let accepted = api.post("/v1/tasks", json!({"text": "a"})).await;
    let task = accepted.header("location");
    let post = |path: String, body: Value| {
        let api = &api;
        async move { api.post(&path, body).await }
    };
    let right = json!({"correct": true});
    seen.add(&post(format!("{task}/feedback"), right).await);
    post(format!("{task}/cancel"), json!(null)).await;
    seen.add(&post(format!("{task}/cancel"), json!(null)).await);
    seen.add(&api.get("/v1/tasks/task_1").await);
    let redrive = "/v1/dead-letters/task_1/redrive".to_owned();
    seen.add(&post(redrive, json!(null)).await);
    let rollback = "/v1/router/rollback".to_owned();
    seen.add(&post(rollback, json!({"version": 1})).await);
}

async fn of_workflows(seen: &mut Seen) {
    let api = Api::new().await;
    let steps = json!([{"id": "publish", "approval": {}}]);
    let definition = json!({"name": "review", "steps": steps});
    let post = |path: &str, body: Value| {
        let (api, path) = (&api, path.to_owned());
        async move { api.post(&path, body).await }
    };
    seen.add(&post("/v1/workflows", json!({"name": "review", "steps": []})).await);
    seen.add(&api.get("/v1/workflows/review").await);
    post("/v1/workflows", definition).await;
    let started = post("/v1/workflows/review/runs", json!({"input": {}})).await;
    let run = started.header("location");
    seen.add(&post(&format!("{run}/resume"), json!(null)).await);
    let decision = json!({"approved": true});
    seen.add(&post(&format!("{run}/approvals/publish"), decision.clone()).await);
    seen.add(&post(&format!("{run}/approvals/other"), decision).await);
    post(&format!("{run}/cancel"), json!(null)).await;
    seen.add(&post(&format!("{run}/cancel"), json!(null)).await);
    seen.add(&api.get("/v1/runs/run_1").await);
    api.delete("/v1/workflows/review").await;
    seen.add(&api.get("/v1/workflows/review").await);
}

async fn of_evolutions(seen: &mut Seen) {
    let api = with_problem().await;
    seen.add(&api.post("/v1/problems", json!({"name": "?"})).await);
    seen.add(&api.get("/v1/problems/none").await);
    let nowhere = "/v1/evolutions/evo_00000000000000000000000000000000";
    seen.add(&api.get(nowhere).await);
    let start = |agent: &'static str| {
        let request = json!({"agent": agent, "problem": "doubling"});
        api.post("/v1/evolutions", request)
    };
    api.admit_source("plain", SOURCE).await;
    seen.add(&start("plain").await);
    let started = start("scaler").await;
    let path = started.header("location");
    seen.add(&api.get(&format!("{path}/generations/0")).await);
    seen.add(&api.get(&format!("{path}/evidence")).await);
    let steer = async |what: &str| api.post(&format!("{path}/{what}"), json!(null)).await;
    seen.add(&steer("resume").await);
    seen.add(&steer("approve").await);
    steer("cancel").await;
    seen.add(&steer("cancel").await);
    seen.add(&steer("pause").await);
}

async fn of_the_platform(seen: &mut Seen) {
    let api = Api::new().await;
    api.fails("DynamoDB.Query", 400, "AccessDeniedException");
    seen.add(&api.get("/v1/agents").await);
}
