//! Workflows: registering, finding and deleting them.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Api};

const YAML: &str = r#"
name: digest
description: Counts the words of documents, and asks before it goes on.
input_schema:
  type: object
  properties: {documents: {type: array, items: {type: string}}}
  required: [documents]
steps:
  - id: count
    map: {over: input.documents, concurrency: 4, agent: word-count}
    inputs: {text: "${ item }"}
  - id: publish
    approval: {message: "Publish ${ length(steps.count.output) } counts?"}
    depends_on: [count]
"#;

/// The same in JSON.
pub(crate) fn definition() -> Value {
    json!({
        "name": "digest",
        "description": "Counts the words of documents, and asks before it goes on.",
        "input_schema": {
            "type": "object",
            "properties": {"documents": {"type": "array", "items": {"type": "string"}}},
            "required": ["documents"],
        },
        "steps": [
            {
                "id": "count",
                "map": {"over": "input.documents", "concurrency": 4, "agent": "word-count"},
                "inputs": {"text": "${ item }"},
            },
            {
                "id": "publish",
                "approval": {"message": "Publish ${ length(steps.count.output) } counts?"},
                "depends_on": ["count"],
            },
        ],
    })
}

/// The agent that definitions name.
pub(crate) async fn with_agent() -> Api {
    let api = Api::new().await;
    let manifest = json!({
        "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
        "output_schema": {"type": "object", "properties": {"words": {"type": "integer"}}},
    });
    api.admit("word-count", manifest).await;
    api
}

pub(crate) async fn register(api: &Api, definition: &Value) -> Answer {
    let answer = api.post("/v1/workflows", definition.clone()).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    answer
}

async fn yaml(api: &Api, text: impl Into<axum::body::Body>) -> Answer {
    let call = api.call(Method::POST, "/v1/workflows");
    call.body("application/yaml", text).send().await
}

#[tokio::test]
async fn a_workflow_is_registered_once_in_either_language() {
    let api = with_agent().await;
    let first = register(&api, &definition()).await;
    assert_eq!(first.status, StatusCode::CREATED);
    insta::assert_json_snapshot!(first.snapshot());
    let again = yaml(&api, YAML).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json(), first.json());
    let text = api.call(Method::POST, "/v1/workflows");
    let text = text.body("text/yaml; charset=utf-8", YAML).send().await;
    assert_eq!(text.json(), first.json());

    let mut changed = definition();
    changed["deadline_seconds"] = 60.into();
    let second = register(&api, &changed).await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_eq!(second.json()["version"], 2);
    let shown = api.get(second.header("location")).await;
    insta::assert_json_snapshot!("a_workflow_is_shown_with_its_definition", shown.snapshot());
    let first = api.get("/v1/workflows/digest?version=1").await.json();
    assert_eq!(first["definition"]["deadline_seconds"], json!(null));
    let versions = api
        .get("/v1/workflows/digest/versions?limit=1")
        .await
        .json();
    assert_eq!(versions["items"][0]["version"], 2);
    let next = versions["next"].as_str().unwrap();
    let path = format!("/v1/workflows/digest/versions?limit=1&cursor={next}");
    assert_eq!(api.get(&path).await.json()["items"][0]["version"], 1);
}

#[tokio::test]
async fn a_definition_that_was_shown_is_that_of_the_version() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let shown = api.get("/v1/workflows/digest").await.json();
    let again = register(&api, &shown["definition"]).await;
    assert_eq!(again.status, StatusCode::OK, "nothing is lost on the way");
}

#[tokio::test]
async fn a_definition_is_checked_and_not_kept() {
    let api = with_agent().await;
    let checked = api.post("/v1/workflows?dry_run=true", definition()).await;
    insta::assert_json_snapshot!(checked.snapshot());
    assert_eq!(
        api.get("/v1/workflows/digest").await.problem(),
        "workflow-not-found"
    );
    let mut wrong = definition();
    wrong["steps"][1]["depends_on"] = json!(["coutn"]);
    let refused = api.post("/v1/workflows?dry_run=true", wrong).await;
    assert_eq!(refused.problem(), "invalid-workflow");
    let unclear = api.post("/v1/workflows?dry_run=yes", definition()).await;
    assert_eq!(unclear.problem(), "invalid-parameter");
}

#[tokio::test]
async fn a_deleted_workflow_is_gone_until_it_is_registered_again() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let deleted = api.delete("/v1/workflows/digest").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    for answer in [
        api.get("/v1/workflows/digest").await,
        api.delete("/v1/workflows/digest").await,
        api.post("/v1/workflows/digest/runs", json!({"input": {}}))
            .await,
    ] {
        assert_eq!(answer.problem(), "workflow-deleted");
    }
    assert_eq!(api.get("/v1/workflows").await.json()["items"], json!([]));
    for readable in [
        "/v1/workflows/digest?version=1",
        "/v1/workflows/digest/versions",
    ] {
        assert_eq!(api.get(readable).await.status, StatusCode::OK, "{readable}");
    }
    let revived = register(&api, &definition()).await;
    assert_eq!(revived.json()["version"], 2);
    assert_eq!(api.get("/v1/workflows/digest").await.status, StatusCode::OK);
}

#[tokio::test]
async fn workflows_are_listed_by_name_page_by_page_and_are_their_tenants_own() {
    let api = with_agent().await;
    for name in ["b", "c", "a"] {
        let mut named = definition();
        named["name"] = name.into();
        register(&api, &named).await;
    }
    let first = api.get("/v1/workflows?limit=2").await;
    insta::assert_json_snapshot!(first.snapshot());
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = api.get(&format!("/v1/workflows?cursor={next}")).await;
    assert_eq!(second.json()["items"][0]["name"], "c");
    for path in ["/v1/workflows/a", "/v1/workflows/a/versions"] {
        let call = api.call(Method::GET, path).key(Some(&api.other_key));
        assert_eq!(call.send().await.problem(), "workflow-not-found", "{path}");
    }
    let unknown = api.get("/v1/workflows/a?version=2").await;
    assert_eq!(unknown.problem(), "version-not-found");
    let none = api.get("/v1/workflows/No%20Name").await;
    assert_eq!(none.problem(), "workflow-not-found");
}

#[tokio::test]
async fn a_registration_is_answered_once() {
    let api = with_agent().await;
    let send = || {
        let call = api.call(Method::POST, "/v1/workflows");
        call.header("idempotency-key", "k")
            .json(&definition())
            .send()
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(second.status, StatusCode::CREATED);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.json(), first.json());
}

fn steps(steps: &Value) -> Value {
    json!({"name": "w", "steps": steps})
}

/// Definitions with something wrong, by what that is.
fn wrong() -> Vec<(&'static str, Value)> {
    let wait = json!({"seconds": 1});
    let many = |id: u32| json!({"id": format!("s{id}"), "wait": wait});
    vec![
        ("no steps", steps(&json!([]))),
        (
            "too many steps",
            steps(&(0..10_001).map(many).collect::<Value>()),
        ),
        (
            "duplicate id",
            steps(&json!([{"id": "a", "wait": wait}, {"id": "a", "wait": wait}])),
        ),
        (
            "unknown dependency",
            steps(&json!([
                {"id": "fetch", "wait": wait},
                {"id": "b", "wait": wait, "depends_on": ["fecth"]},
            ])),
        ),
        (
            "cycle",
            steps(&json!([
                {"id": "a", "wait": wait, "depends_on": ["c"]},
                {"id": "b", "wait": wait, "depends_on": ["a"]},
                {"id": "c", "wait": wait, "depends_on": ["b"]},
            ])),
        ),
        (
            "unreachable step",
            steps(&json!([
                {"id": "a", "choice": {"branches": [{"when": "`true`", "then": ["b"]}]}},
                {"id": "b", "choice": {"branches": [{"when": "`true`", "then": ["c"]}]},
                 "depends_on": ["a"]},
                {"id": "c", "wait": wait, "depends_on": ["a", "b"], "when": "`false`"},
            ])),
        ),
        (
            "type mismatch",
            steps(&json!([
                {"id": "a", "agent": "word-count", "inputs": {"text": "a b"}},
                {"id": "b", "agent": "word-count", "inputs": {"text": "${ steps.a.output.words }"},
                 "depends_on": ["a"]},
            ])),
        ),
        (
            "no such property",
            steps(&json!([
                {"id": "a", "agent": "strict", "inputs": {}},
                {"id": "b", "agent": "word-count", "inputs": {"text": "${ steps.a.output.wrods }"},
                 "depends_on": ["a"]},
            ])),
        ),
        (
            "expression that cannot be parsed",
            steps(&json!([{"id": "a", "agent": "word-count",
                "inputs": {"text": "${ input.documents[0 }"}}])),
        ),
        (
            "unknown agent",
            steps(&json!([{"id": "a", "agent": "word-cuont"}])),
        ),
        (
            "unknown version of an agent",
            steps(&json!([{"id": "a", "agent": {"name": "word-count", "version": 7}}])),
        ),
        (
            "unknown workflow",
            steps(&json!([{"id": "a", "workflow": "other"}])),
        ),
        ("no kind", steps(&json!([{"id": "a", "depends_on": []}]))),
        (
            "unknown field",
            steps(&json!([{"id": "a", "wait": wait, "retries": 3}])),
        ),
        (
            "schema that cannot be used",
            json!({"name": "w", "input_schema": {"type": "text"},
                   "steps": [{"id": "a", "wait": wait}]}),
        ),
    ]
}

#[tokio::test]
async fn everything_wrong_with_a_definition_is_pointed_at() {
    let api = with_agent().await;
    let strict = json!({"output_schema": {"type": "object", "properties": {"words": {}},
        "additionalProperties": false}});
    api.admit("strict", strict).await;
    let mut answers = Map::new();
    let mut add = |what: &str, answer: &Answer| {
        assert_eq!(answer.problem(), "invalid-workflow", "{what}");
        let document = answer.json();
        let found = json!({"detail": document["detail"], "errors": document["errors"]});
        answers.insert(what.to_owned(), found);
    };
    for (what, definition) in wrong() {
        add(what, &api.post("/v1/workflows", definition).await);
    }
    let json = |text: &'static str| {
        let call = api.call(Method::POST, "/v1/workflows");
        call.body("application/json", text).send()
    };
    add("no JSON", &json("{\"name\": \"w\",\n \"steps\": [}").await);
    add("half of JSON", &json("{\"name\": \"w\"").await);
    add(
        "no YAML",
        &yaml(&api, "name: w\nsteps:\n  - {id: a, wait: [1\n").await,
    );
    add("not UTF-8", &yaml(&api, vec![b'a', 0xff]).await);
    insta::assert_json_snapshot!(answers);
    assert_eq!(api.get("/v1/workflows").await.json()["items"], json!([]));
}

#[tokio::test]
async fn bodies_are_bounded_and_in_a_language_that_is_known() {
    let api = with_agent().await;
    let long = format!("#{}\n{YAML}", "x".repeat(3 * 1024 * 1024));
    assert_eq!(yaml(&api, long).await.status, StatusCode::CREATED);
    let long = "x".repeat(4 * 1024 * 1024 + 1);
    assert_eq!(yaml(&api, long).await.problem(), "body-too-large");
    let call = api.call(Method::POST, "/v1/workflows");
    let other = call.body("application/xml", "<a/>").send().await;
    assert_eq!(other.problem(), "unsupported-media-type");
    assert_eq!(
        other.header("accept"),
        "application/json, application/yaml, text/yaml"
    );
}

#[tokio::test]
async fn only_agents_that_are_named_are_read() {
    let api = with_agent().await;
    api.admit("other", json!({})).await;
    api.aws.forget_requests();
    register(&api, &definition()).await;
    let read: Vec<_> = api
        .aws
        .requests_of("DynamoDB.GetItem")
        .iter()
        .map(|request| request.json().to_string())
        .filter(|key| key.contains("AGENT"))
        .collect();
    assert!(!read.is_empty());
    assert!(
        read.iter().all(|key| key.contains("word-count")),
        "{read:?}"
    );
}

#[tokio::test]
async fn a_nested_workflow_is_there_unless_it_was_deleted() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let nested = |of: Value| {
        json!({"name": "outer", "steps": [
            {"id": "a", "workflow": of, "inputs": {"documents": []}},
        ]})
    };
    for of in [json!("digest"), json!({"name": "digest", "version": 1})] {
        assert!(
            api.post("/v1/workflows", nested(of))
                .await
                .status
                .is_success()
        );
    }
    let version = nested(json!({"name": "digest", "version": 2}));
    assert_eq!(
        api.post("/v1/workflows", version).await.problem(),
        "invalid-workflow"
    );
    api.delete("/v1/workflows/digest").await;
    let mut again = nested(json!("digest"));
    again["name"] = "another".into();
    let refused = api.post("/v1/workflows", again).await;
    assert_eq!(refused.json()["errors"][0]["code"], "unknown_workflow");
}

#[tokio::test]
async fn a_workflow_is_drawn_in_the_form_that_is_asked_for() {
    let api = with_agent().await;
    register(&api, &definition()).await;
    let graph = |query: &str, accept: &'static str| {
        let call = api.call(Method::GET, &format!("/v1/workflows/digest/graph{query}"));
        call.header("accept", accept).send()
    };
    let json = graph("", "*/*").await;
    insta::assert_json_snapshot!(json.json());
    assert_eq!(json.header("vary"), "accept");
    for (query, accept, media_type, begin) in [
        ("?format=json", "image/svg+xml", "application/json", "{"),
        ("?format=svg", "*/*", "image/svg+xml", "<svg"),
        ("?version=1", "image/svg+xml", "image/svg+xml", "<svg"),
        (
            "?format=mermaid",
            "*/*",
            "text/vnd.mermaid; charset=utf-8",
            "flowchart",
        ),
        (
            "",
            "text/vnd.mermaid",
            "text/vnd.mermaid; charset=utf-8",
            "flowchart",
        ),
    ] {
        let answer = graph(query, accept).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            answer.header("content-type"),
            media_type,
            "{query} {accept}"
        );
        assert!(answer.text.starts_with(begin), "{}", answer.text);
        assert!(answer.text.contains("publish"), "{}", answer.text);
    }
    assert_eq!(
        graph("?format=png", "*/*").await.problem(),
        "invalid-parameter"
    );
    assert_eq!(
        graph("?version=2", "*/*").await.problem(),
        "version-not-found"
    );
}

#[tokio::test]
async fn what_a_workflow_could_do_without_is_told_and_left_out() {
    let api = with_agent().await;
    let words = json!({"text": "a b"});
    let definition = json!({"name": "slow", "steps": [
        {"id": "a", "agent": "word-count", "inputs": words},
        {"id": "b", "agent": "word-count", "inputs": words, "depends_on": ["a"]},
        {"id": "c", "agent": "word-count", "inputs": {"text": "${ steps.b.status }"},
         "depends_on": ["a", "b"]},
    ]});
    let registered = register(&api, &definition).await.json();
    insta::assert_json_snapshot!("what_could_be_left_out", registered["warnings"]);
    let report = api.get("/v1/workflows/slow/optimise?apply=redundant").await;
    insta::assert_json_snapshot!(report.json());
    let simpler = register(&api, &report.json()["definition"]).await;
    assert_eq!(simpler.json()["warnings"], json!([]));
    let plain = api.get("/v1/workflows/slow/optimise").await.json();
    assert_eq!(plain["definition"], json!(null));
    let unclear = api.get("/v1/workflows/slow/optimise?apply=yes").await;
    assert_eq!(unclear.problem(), "invalid-parameter");
}
