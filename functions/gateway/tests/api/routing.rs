//! How tasks find their agents: explanations, the policy, the model.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::{ArtifactDigest, RouterModel, RouterPointer};
use tdev_testing::Response;

use crate::control::sent;
use crate::support::{Answer, Api, stable, tenant};
use crate::tasks::decision;

/// Has `acme`'s models trained, from 1 to `versions`.
pub(crate) async fn trained(api: &Api, versions: u64) {
    let mut pointer = None;
    for version in 1..=versions {
        let model = RouterModel {
            version,
            sha256: ArtifactDigest::of(&version.to_be_bytes()),
            inputs: ArtifactDigest::of(b"examples"),
            examples: 10 * version,
            trained_at: Timestamp::UNIX_EPOCH,
        };
        let next = RouterPointer::trained(tenant("acme"), pointer.as_ref(), model);
        api.table.move_router(&next).await.unwrap();
        pointer = Some(next);
    }
}

async fn put(api: &Api, body: &Value) -> Answer {
    let call = api.call(Method::PUT, "/v1/router/policy");
    call.json(body).send().await
}

fn versions(router: &Value) -> (u64, Vec<u64>) {
    let version = |model: &Value| model["version"].as_u64().unwrap();
    let previous = router["previous"].as_array().unwrap();
    let previous = previous.iter().map(version).collect();
    (version(&router["model"]), previous)
}

#[tokio::test]
async fn a_decision_is_explained() {
    let api = Api::new().await;
    let response = json!({"decision": decision(), "model": 3});
    api.aws
        .on("Lambda.Invoke", move |_| Response::json(&response));
    let explain = |body: Value| {
        let api = &api;
        async move { api.post("/v1/route", body).await }
    };
    let answer = explain(json!({"text": "how many words?", "capability": "text.count"})).await;
    insta::assert_json_snapshot!(answer.snapshot());
    let asked = &api.aws.requests_of("Lambda.Invoke")[0];
    assert!(asked.path.ends_with("/functions/route/invocations"));
    insta::assert_json_snapshot!("what_route_is_asked", asked.json());
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"text": ""}), "/text"),
        (json!({"text": "a", "capability": "A"}), "/capability"),
        (json!({"text": "a", "priority": 1}), "/priority"),
    ] {
        let answer = explain(body.clone()).await;
        assert_eq!(answer.problem(), "invalid-request", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let nothing = explain(json!({"input": null})).await;
    assert_eq!(nothing.status, StatusCode::OK);
}

#[tokio::test]
async fn that_a_task_is_for_none_is_explained_too() {
    let api = Api::new().await;
    let mut none = decision();
    none["chosen"] = json!(null);
    none["reason"] = json!("out_of_scope");
    let response = json!({"decision": none, "model": null});
    api.aws
        .on("Lambda.Invoke", move |_| Response::json(&response));
    let answer = api.post("/v1/route", json!({"text": "a"})).await.json();
    assert_eq!(answer["decision"]["chosen"], json!(null));
    assert_eq!(answer["decision"]["reason"], "out_of_scope");
    assert!(answer.get("model").is_none());
}

#[tokio::test]
async fn an_explanation_may_not_come_about() {
    let api = Api::new().await;
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
            Response::json(&json!({"decision": {"chosen": 1}, "model": 1})),
            "internal",
        ),
    ] {
        api.aws.on("Lambda.Invoke", move |_| response.clone());
        let answer = api.post("/v1/route", json!({"text": "a"})).await;
        assert_eq!(answer.problem(), problem);
    }
}

#[tokio::test]
async fn the_policy_is_replaced_as_a_whole_and_the_tenants_own() {
    let api = Api::new().await;
    let first = api.get("/v1/router").await;
    insta::assert_json_snapshot!(first.snapshot());
    let policy = json!({
        "rules": [
            {"id": "rain", "when": {"pattern": "\\brain\\b"}, "then": {"pin": "weather"}},
            {"id": "spam", "when": {"capability": "mail"}, "then": "refuse"},
        ],
        "strategy": "least-connections",
        "floor": 0.25,
        "capacity": 10,
        "agents": {"weather": {"capacity": 2, "weight": 3}},
    });
    let answer = put(&api, &policy).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    insta::assert_json_snapshot!(answer.json());
    assert_eq!(api.get("/v1/router").await.json()["policy"], answer.json());
    let theirs = api.call(Method::GET, "/v1/router");
    let theirs = theirs.key(Some(&api.other_key)).send().await.json();
    assert_eq!(theirs["policy"], first.json()["policy"]);
    let back = put(&api, &json!({})).await;
    assert_eq!(back.json(), first.json()["policy"]);
}

#[tokio::test]
async fn everything_wrong_with_a_policy_is_pointed_at() {
    let api = Api::new().await;
    let rule = |id: &str| json!({"id": id, "then": "refuse"});
    let long = json!({"id": "c", "when": {"pattern": "x".repeat(1_001)}, "then": "refuse"});
    let answer = put(
        &api,
        &json!({
            "rules": [rule("a"), rule("a"), rule(""), long],
            "floor": 1.5,
            "capacity": 1_000_000,
            "agents": {"weather": {"capacity": 1_000_000, "weight": 0}},
        }),
    )
    .await;
    assert_eq!(answer.problem(), "invalid-request");
    insta::assert_json_snapshot!(answer.json()["errors"]);
    let rules: Vec<_> = (0..101).map(|n| rule(&n.to_string())).collect();
    for (body, pointer) in [
        (json!({"rules": rules}), "/rules"),
        (json!({"strategy": "random"}), "/strategy"),
        (
            json!({"rules": [{"id": "a", "then": "pin"}]}),
            "/rules/0/then",
        ),
        (
            json!({"rules": [{"id": "a", "when": {"pattern": "("}, "then": "refuse"}]}),
            "/rules/0/when/pattern",
        ),
        (json!({"share": 1}), "/share"),
    ] {
        let answer = put(&api, &body).await;
        assert_eq!(answer.problem(), "invalid-request", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn two_writers_of_a_policy_do_not_overwrite_each_other() {
    let api = Api::new().await;
    api.aws.on("DynamoDB.PutItem", |_| {
        Response::refused(&json!({"revision": {"N": "9"}}))
    });
    assert_eq!(put(&api, &json!({})).await.problem(), "conflict");
}

#[tokio::test]
async fn who_goes_back_to_a_model_keeps_it_until_it_is_released() {
    let api = Api::new().await;
    let roll_back = |version: u64| {
        let api = &api;
        async move {
            api.post("/v1/router/rollback", json!({"version": version}))
                .await
        }
    };
    assert_eq!(roll_back(1).await.problem(), "model-not-found");
    let release = || api.post("/v1/router/release", json!(null));
    assert_eq!(release().await.problem(), "model-not-found");

    trained(&api, 3).await;
    let before = api.get("/v1/router").await.json();
    assert_eq!(versions(&before), (3, vec![2, 1]));
    let back = roll_back(1).await.json();
    assert_eq!(
        (versions(&back), &back["held"]),
        ((1, vec![3, 2]), &json!(true))
    );
    insta::assert_json_snapshot!(stable("", back["model"].clone()));
    assert_eq!(api.get("/v1/router").await.json(), back);
    assert_eq!(roll_back(9).await.problem(), "model-not-found");
    assert!(sent(&api).is_empty());

    let released = release().await.json();
    assert_eq!(
        (versions(&released).0, &released["held"]),
        (1, &json!(false))
    );
    assert_eq!(
        sent(&api),
        [("train".to_owned(), json!({"tenant": "acme"}))]
    );
    for bad in [json!({}), json!({"version": "1"}), json!({"version": -1})] {
        let answer = api.post("/v1/router/rollback", bad).await;
        assert_eq!(answer.problem(), "invalid-request");
    }
    let theirs = api.call(Method::POST, "/v1/router/rollback");
    let theirs = theirs
        .key(Some(&api.other_key))
        .json(&json!({"version": 1}));
    assert_eq!(theirs.send().await.problem(), "model-not-found");
}
