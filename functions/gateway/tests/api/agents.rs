//! Finding agents and their versions, deleting them, rolling them back.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Api, stable};

#[tokio::test]
async fn an_agent_is_shown_with_its_latest_version() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    api.admit("word-count", json!({"description": "Counts words better."}))
        .await;
    insta::assert_json_snapshot!(api.get("/v1/agents/word-count").await.snapshot());
}

#[tokio::test]
async fn agents_are_listed_by_name_and_capability_page_by_page() {
    let api = Api::new().await;
    for (name, capability) in [
        ("c", "text.x"),
        ("a", "text.x"),
        ("b", "text.y"),
        ("d", "text.x"),
    ] {
        api.admit(name, json!({"capabilities": [capability]})).await;
    }
    let api = &api;
    let names = |path: String| async move {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = api.get(&format!("{path}{cursor}")).await.json();
            let items = page["items"].as_array().unwrap();
            seen.push(
                items
                    .iter()
                    .map(|a| a["name"].as_str().unwrap().to_owned())
                    .collect::<Vec<_>>(),
            );
            let Some(next) = page["next"].as_str() else {
                return seen;
            };
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(
        names("/v1/agents?limit=3".to_owned()).await,
        [vec!["a", "b", "c"], vec!["d"]]
    );
    assert_eq!(
        names("/v1/agents?limit=2&capability=text.x".to_owned()).await,
        [vec!["a", "c"], vec!["d"]]
    );
    assert_eq!(
        names("/v1/agents?capability=text".to_owned()).await,
        [Vec::<String>::new()]
    );
    insta::assert_json_snapshot!(api.get("/v1/agents?limit=1").await.snapshot());
}

#[tokio::test]
async fn a_cursor_of_another_listing_is_refused() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    for cursor in ["bm90IGEgbmFtZQ", "%21", "_w"] {
        let answer = api.get(&format!("/v1/agents?cursor={cursor}")).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{cursor}");
        assert_eq!(answer.json()["errors"][0]["parameter"], "cursor");
    }
    let answer = api.get("/v1/agents/word-count/versions?cursor=YQ").await;
    assert_eq!(answer.problem(), "invalid-parameter");
}

#[tokio::test]
async fn versions_are_listed_newest_first() {
    let api = Api::new().await;
    for _ in 0..3 {
        api.admit("word-count", json!({})).await;
    }
    let page = api
        .get("/v1/agents/word-count/versions?limit=2")
        .await
        .json();
    let numbers = |page: &serde_json::Value| {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|v| v["version"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&page), [3, 2]);
    let next = page["next"].as_str().unwrap();
    let page = api
        .get(&format!(
            "/v1/agents/word-count/versions?limit=2&cursor={next}"
        ))
        .await
        .json();
    assert_eq!(numbers(&page), [1]);
    assert!(page.get("next").is_none());
}

#[tokio::test]
async fn a_version_is_shown_whole() {
    let api = Api::new().await;
    let manifest = json!({
        "utterances": ["how many words"],
        "examples": [{"input": {"text": "a b"}, "output": {"words": 2}}],
        "input_schema": {"type": "object"},
        "tools": ["log"],
        "limits": {"wall_time_ms": 500},
    });
    api.admit("word-count", manifest).await;
    insta::assert_json_snapshot!(api.get("/v1/agents/word-count/versions/1").await.snapshot());
}

#[tokio::test]
async fn what_no_agent_or_version_can_be_called_is_not_found() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    for name in ["nobody", "No%20Such", "-", "%C3%A4", "..%2F..%2Fetc"] {
        let answer = api.get(&format!("/v1/agents/{name}")).await;
        assert_eq!(answer.problem(), "agent-not-found", "{name}");
    }
    for version in ["2", "0", "-1", "x", "4294967296"] {
        let answer = api
            .get(&format!("/v1/agents/word-count/versions/{version}"))
            .await;
        assert_eq!(answer.problem(), "version-not-found", "{version}");
    }
    assert_eq!(api.get("/v1/agents/%FF").await.problem(), "not-found");
}

#[tokio::test]
async fn a_deleted_agent_is_gone_until_its_name_is_registered_again() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    let deleted = api.delete("/v1/agents/word-count").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(deleted.text, "");
    let told = api.aws.requests_of("SQS.SendMessage");
    let train = told.last().unwrap().json()["QueueUrl"].clone();
    assert!(train.as_str().unwrap().ends_with("train"), "{train}");

    for path in ["", "/versions", "/versions/1"] {
        let answer = api.get(&format!("/v1/agents/word-count{path}")).await;
        assert_eq!(answer.problem(), "agent-deleted", "{path}");
    }
    assert_eq!(
        api.delete("/v1/agents/word-count").await.problem(),
        "agent-deleted"
    );
    let invoked = api
        .post("/v1/agents/word-count/invoke", json!({"input": 1}))
        .await;
    assert_eq!(invoked.problem(), "agent-deleted");
    let rolled_back = api
        .post("/v1/agents/word-count/rollback", json!(null))
        .await;
    assert_eq!(rolled_back.problem(), "agent-deleted");
    assert_eq!(api.get("/v1/agents").await.json()["items"], json!([]));

    assert_eq!(api.admit("word-count", json!({})).await.get(), 2);
    assert_eq!(api.get("/v1/agents/word-count").await.json()["version"], 2);
    assert_eq!(
        api.delete("/v1/agents/nobody").await.problem(),
        "agent-not-found"
    );
}

#[tokio::test]
async fn an_agent_is_rolled_back_step_by_step_and_forward_again() {
    let api = Api::new().await;
    for n in 1..=3 {
        api.admit(
            "word-count",
            json!({"description": format!("Version {n}.")}),
        )
        .await;
    }
    let roll_back = |body| api.post("/v1/agents/word-count/rollback", body);
    for version in [2, 1] {
        let agent = roll_back(json!(null)).await.json();
        assert_eq!(agent["version"], version);
        assert_eq!(agent["newest_version"], 3);
        assert_eq!(agent["description"], format!("Version {version}."));
        assert_eq!(agent, api.get("/v1/agents/word-count").await.json());
    }
    assert_eq!(roll_back(json!({})).await.problem(), "no-earlier-version");
    assert_eq!(roll_back(json!({"version": 3})).await.json()["version"], 3);
    assert_eq!(roll_back(json!({"version": 3})).await.json()["version"], 3);
    let agent = roll_back(json!({"version": 1})).await.json();
    insta::assert_json_snapshot!(stable("", agent));
}

#[tokio::test]
async fn a_rollback_says_what_is_wrong_with_it() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    for (body, problem) in [
        (json!({"version": 2}), "version-not-found"),
        (json!({"version": 0}), "invalid-request"),
        (json!({"version": -1}), "invalid-request"),
        (json!({"version": "1"}), "invalid-request"),
        (json!({"to": 1}), "invalid-request"),
        (json!([]), "invalid-request"),
    ] {
        let answer = api
            .post("/v1/agents/word-count/rollback", body.clone())
            .await;
        assert_eq!(answer.problem(), problem, "{body}");
    }
    let call = api.call(Method::POST, "/v1/agents/word-count/rollback");
    assert_eq!(
        call.body("text/plain", "1").send().await.problem(),
        "unsupported-media-type"
    );
}

#[tokio::test]
async fn whoever_loses_a_race_is_told_so() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    api.admit("word-count", json!({})).await;
    api.fails(
        "DynamoDB.TransactWriteItems",
        400,
        "TransactionConflictException",
    );
    let deleted = api.delete("/v1/agents/word-count").await;
    let rolled_back = api
        .post("/v1/agents/word-count/rollback", json!(null))
        .await;
    for answer in [deleted, rolled_back] {
        assert_eq!(answer.problem(), "conflict");
        assert_eq!(answer.header("retry-after"), "1");
    }
}
