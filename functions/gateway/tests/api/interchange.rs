//! Workflows in the languages of others.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::Api;
use crate::workflows::{definition, register, with_agent};

#[tokio::test]
async fn a_document_of_serverless_workflow_becomes_a_definition() {
    let api = with_agent().await;
    let document = json!({
        "document": {"dsl": "1.0.0", "namespace": "demo", "name": "count", "version": "1.0.0"},
        "do": [
            {"pause": {"wait": {"seconds": 1}}},
            {"count": {"call": "agent", "with": {"name": "word-count", "input": {"text": "${ $workflow.input.text }"}}}},
        ],
    });
    let imported = api.post("/v1/workflow-imports", document).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
    insta::assert_json_snapshot!(imported.snapshot());
    register(&api, &imported.json()["definition"]).await;

    let exported = api.get("/v1/workflows/count/state-machine").await;
    assert_eq!(exported.status, StatusCode::OK, "{}", exported.text);
    insta::assert_json_snapshot!(exported.snapshot());
}

#[tokio::test]
async fn a_document_may_be_written_in_yaml() {
    let api = Api::new().await;
    let document = "
document: {dsl: 1.0.0, namespace: demo, name: count, version: 1.0.0}
do:
  - pause: {wait: {seconds: 1}}
  - count:
      call: agent
      with: {name: word-count, input: {text: '${ $workflow.input.text }'}}
";
    let post = async |media_type: &str, text: &'static str| {
        let call = api.call(Method::POST, "/v1/workflow-imports");
        call.body(media_type, text).send().await
    };
    for media_type in ["application/yaml", "text/yaml; charset=utf-8"] {
        let imported = post(media_type, document).await;
        assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
        let imported = imported.json();
        assert_eq!(imported["definition"]["steps"][1]["agent"], "word-count");
    }
    let broken = post("application/yaml", "do: [1\n").await;
    assert_eq!(broken.problem(), "invalid-workflow");
    assert_eq!(broken.json()["errors"][0]["code"], "malformed");
    let unknown = post("text/plain", document).await;
    assert_eq!(unknown.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_has_no_counterpart_is_refused_with_its_place() {
    let api = Api::new().await;
    let document = json!({
        "document": {"dsl": "1.0.0", "namespace": "demo", "name": "race", "version": "1.0.0"},
        "do": [{"race": {"fork": {"compete": true, "branches": [
            {"a": {"wait": {"seconds": 1}}}, {"b": {"wait": {"seconds": 2}}}]}}}],
    });
    let refused = api.post("/v1/workflow-imports", document).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    insta::assert_json_snapshot!(refused.snapshot());

    // Functions of JMESPath have no counterpart in a state machine.
    let api = with_agent().await;
    register(&api, &definition()).await;
    let refused = api.get("/v1/workflows/digest/state-machine").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["code"], "unsupported");
}
