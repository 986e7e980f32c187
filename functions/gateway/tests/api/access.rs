//! Who gets in, and what they see.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tdev_domain::State;
use tdev_security::ApiKey;

use crate::support::{Api, REQUEST_ID, agent_name, tenant};

/// Every route under `/v1`, with something in the place of each parameter.
const PRIVATE: &[(Method, &str)] = &[
    (Method::GET, "/v1/agents"),
    (Method::POST, "/v1/agents"),
    (Method::GET, "/v1/agents/word-count"),
    (Method::DELETE, "/v1/agents/word-count"),
    (Method::GET, "/v1/agents/word-count/versions"),
    (Method::GET, "/v1/agents/word-count/versions/1"),
    (Method::POST, "/v1/agents/word-count/rollback"),
    (Method::POST, "/v1/agents/word-count/invoke"),
    (
        Method::GET,
        "/v1/registrations/reg_00000000000000000000000000000000",
    ),
    (
        Method::POST,
        "/v1/registrations/reg_00000000000000000000000000000000/release",
    ),
    (Method::GET, "/v1/invocations"),
    (
        Method::GET,
        "/v1/invocations/inv_00000000000000000000000000000000",
    ),
    (
        Method::GET,
        "/v1/invocations/inv_00000000000000000000000000000000/effects",
    ),
    (
        Method::GET,
        "/v1/invocations/inv_00000000000000000000000000000000/events",
    ),
    (
        Method::POST,
        "/v1/invocations/inv_00000000000000000000000000000000/signals/approved",
    ),
    (
        Method::POST,
        "/v1/invocations/inv_00000000000000000000000000000000/cancel",
    ),
    (
        Method::POST,
        "/v1/invocations/inv_00000000000000000000000000000000/replay",
    ),
    (Method::GET, "/v1/settings"),
    (Method::PUT, "/v1/settings"),
    (Method::GET, "/v1/tasks"),
    (Method::POST, "/v1/tasks"),
    (
        Method::GET,
        "/v1/tasks/task_00000000000000000000000000000000",
    ),
    (
        Method::POST,
        "/v1/tasks/task_00000000000000000000000000000000/cancel",
    ),
    (
        Method::POST,
        "/v1/tasks/task_00000000000000000000000000000000/feedback",
    ),
    (Method::GET, "/v1/dead-letters"),
    (
        Method::POST,
        "/v1/dead-letters/task_00000000000000000000000000000000/redrive",
    ),
    (Method::GET, "/v1/workflows"),
    (Method::POST, "/v1/workflows"),
    (Method::GET, "/v1/workflows/digest"),
    (Method::DELETE, "/v1/workflows/digest"),
    (Method::GET, "/v1/workflows/digest/versions"),
    (Method::GET, "/v1/workflows/digest/graph"),
    (Method::GET, "/v1/workflows/digest/optimise"),
    (Method::GET, "/v1/workflows/digest/state-machine"),
    (Method::POST, "/v1/workflow-imports"),
    (Method::POST, "/v1/workflows/digest/runs"),
    (Method::GET, "/v1/runs"),
    (Method::GET, "/v1/runs/run_00000000000000000000000000000000"),
    (
        Method::GET,
        "/v1/runs/run_00000000000000000000000000000000/steps",
    ),
    (
        Method::GET,
        "/v1/runs/run_00000000000000000000000000000000/steps/a",
    ),
    (
        Method::GET,
        "/v1/runs/run_00000000000000000000000000000000/events",
    ),
    (
        Method::GET,
        "/v1/runs/run_00000000000000000000000000000000/graph",
    ),
    (
        Method::POST,
        "/v1/runs/run_00000000000000000000000000000000/cancel",
    ),
    (
        Method::POST,
        "/v1/runs/run_00000000000000000000000000000000/resume",
    ),
    (
        Method::POST,
        "/v1/runs/run_00000000000000000000000000000000/approvals/a",
    ),
    (Method::GET, "/v1/problems"),
    (Method::POST, "/v1/problems"),
    (Method::GET, "/v1/problems/a"),
    (Method::GET, "/v1/evolutions"),
    (Method::POST, "/v1/evolutions"),
    (Method::GET, "/v1/agents/word-count/champions"),
    (
        Method::GET,
        "/v1/evolutions/evo_00000000000000000000000000000000",
    ),
    (
        Method::GET,
        "/v1/evolutions/evo_00000000000000000000000000000000/generations",
    ),
    (
        Method::GET,
        "/v1/evolutions/evo_00000000000000000000000000000000/generations/0",
    ),
    (
        Method::GET,
        "/v1/evolutions/evo_00000000000000000000000000000000/curve",
    ),
    (
        Method::GET,
        "/v1/evolutions/evo_00000000000000000000000000000000/evidence",
    ),
    (
        Method::GET,
        "/v1/evolutions/evo_00000000000000000000000000000000/lineage",
    ),
    (
        Method::POST,
        "/v1/evolutions/evo_00000000000000000000000000000000/pause",
    ),
    (
        Method::POST,
        "/v1/evolutions/evo_00000000000000000000000000000000/resume",
    ),
    (
        Method::POST,
        "/v1/evolutions/evo_00000000000000000000000000000000/cancel",
    ),
    (
        Method::POST,
        "/v1/evolutions/evo_00000000000000000000000000000000/approve",
    ),
    (
        Method::POST,
        "/v1/evolutions/evo_00000000000000000000000000000000/reject",
    ),
    (Method::POST, "/v1/route"),
    (Method::GET, "/v1/router"),
    (Method::PUT, "/v1/router/policy"),
    (Method::POST, "/v1/router/rollback"),
    (Method::POST, "/v1/router/release"),
];

#[tokio::test]
async fn every_private_route_wants_a_key_before_anything_else() {
    let api = Api::new().await;
    for (method, path) in PRIVATE {
        let answer = api
            .call(method.clone(), path)
            .key(None)
            .body("text/plain", "?")
            .send()
            .await;
        assert_eq!(answer.problem(), "unauthenticated", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert!(api.aws.requests().is_empty(), "nothing was looked up");
}

#[tokio::test]
async fn the_table_of_private_routes_is_complete() {
    let api = Api::new().await;
    let description = api.get("/openapi.json").await.json();
    let described: usize = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, _)| path.starts_with("/v1/"))
        .map(|(_, operations)| operations.as_object().unwrap().len())
        .sum();
    assert_eq!(described, PRIVATE.len());
}

#[tokio::test]
async fn bad_keys_are_all_answered_alike() {
    let api = Api::new().await;
    let unknown = ApiKey::generate("test").unwrap();
    let id = api.issue("acme", unknown.expose()).await;
    assert!(api.table.revoke_key(&tenant("acme"), &id).await.unwrap());
    let never_issued = ApiKey::generate("test").unwrap();
    let mut mistyped = api.key.clone();
    mistyped.replace_range(10..12, "zz");

    let mut answers = Vec::new();
    for key in [
        unknown.expose(),
        never_issued.expose(),
        &mistyped,
        "tdev_",
        "",
        "x",
        "a b",
    ] {
        let answer = api
            .call(Method::GET, "/v1/agents")
            .key(Some(key))
            .send()
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{key}");
        answers.push((
            answer.text.clone(),
            answer.header("www-authenticate").to_owned(),
        ));
    }
    let other_scheme = api
        .call(Method::GET, "/v1/agents")
        .key(None)
        .header("authorization", "Basic dTpw");
    let answer = other_scheme.send().await;
    answers.push((
        answer.text.clone(),
        answer.header("www-authenticate").to_owned(),
    ));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].1, "Bearer error=\"invalid_token\"");
}

#[tokio::test]
async fn a_key_is_taken_from_either_header_and_from_both_if_they_agree() {
    let api = Api::new().await;
    let call = || api.call(Method::GET, "/v1/agents");
    let by_bearer = call().send().await;
    let by_header = call().key(None).header("x-api-key", &api.key).send().await;
    let by_both = call().header("x-api-key", &api.key).send().await;
    for answer in [by_bearer, by_header, by_both] {
        assert_eq!(answer.status, StatusCode::OK);
    }
    let two_keys = call().header("x-api-key", &api.other_key).send().await;
    assert_eq!(two_keys.problem(), "conflicting-credentials");
}

#[tokio::test]
async fn keys_are_looked_up_by_digest_and_never_sent() {
    let api = Api::new().await;
    api.get("/v1/agents").await;
    for request in api.aws.requests() {
        let body = String::from_utf8(request.body).unwrap();
        assert!(!body.contains(&api.key), "{body}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let api = Api::new().await;
    let key = ApiKey::generate("test").unwrap();
    let id = api.issue("acme", key.expose()).await;
    let call = || api.call(Method::GET, "/v1/agents").key(Some(key.expose()));
    assert_eq!(call().send().await.status, StatusCode::OK);
    api.table.revoke_key(&tenant("acme"), &id).await.unwrap();
    assert_eq!(call().send().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    let api = Api::new().await;
    api.admit("word-count", json!({})).await;
    let acme = tenant("acme");
    let waiting = api
        .submitted(
            &acme,
            &agent_name("word-count"),
            &[State::Analysing, State::Quarantined],
        )
        .await;
    api.table.put_registration(&waiting).await.unwrap();
    let registration = format!("/v1/registrations/{}", waiting.id);
    let release = format!("{registration}/release");
    let bodies = json!({"/v1/agents/word-count/invoke": {"input": 1}});

    let other = |method: Method, path: &str| {
        let call = api.call(method, path).key(Some(&api.other_key));
        match &bodies[path] {
            Value::Null => call,
            body => call.json(body),
        }
    };
    for (method, path, problem) in [
        (Method::GET, "/v1/agents/word-count", "agent-not-found"),
        (Method::DELETE, "/v1/agents/word-count", "agent-not-found"),
        (
            Method::GET,
            "/v1/agents/word-count/versions",
            "agent-not-found",
        ),
        (
            Method::GET,
            "/v1/agents/word-count/versions/1",
            "agent-not-found",
        ),
        (
            Method::POST,
            "/v1/agents/word-count/rollback",
            "agent-not-found",
        ),
        (
            Method::POST,
            "/v1/agents/word-count/invoke",
            "agent-not-found",
        ),
        (Method::GET, &registration, "registration-not-found"),
        (Method::POST, &release, "registration-not-found"),
    ] {
        let theirs = other(method.clone(), path).send().await;
        assert_eq!(theirs.problem(), problem, "{method} {path}");
    }
    let list = other(Method::GET, "/v1/agents").send().await.json();
    assert_eq!(list["items"], json!([]));
    assert_eq!(
        api.get("/v1/agents/word-count").await.status,
        StatusCode::OK
    );
    assert_eq!(
        api.get(&registration).await.json()["state"]["name"],
        "quarantined"
    );
}

#[tokio::test]
async fn a_throttled_look_up_of_the_key_is_not_a_refusal() {
    let api = Api::new().await;
    api.fails("DynamoDB.GetItem", 400, "ThrottlingException");
    let answer = api.get("/v1/agents").await;
    assert_eq!(answer.problem(), "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call() {
    let api = Api::new().await;
    let preflight = |origin: &'static str| {
        api.call(Method::OPTIONS, "/v1/agents/word-count/invoke")
            .key(None)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key,prefer",
            )
            .send()
    };
    let allowed = preflight("https://app.example").await;
    assert_eq!(allowed.status, StatusCode::OK);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert_eq!(
        allowed.header("access-control-allow-methods"),
        "GET,POST,PUT,DELETE"
    );
    assert_eq!(
        allowed.header("access-control-allow-headers"),
        "authorization,content-type,if-none-match,x-api-key,idempotency-key,prefer,x-request-id"
    );
    assert_eq!(
        preflight("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        ""
    );

    let read = api
        .call(Method::GET, "/v1/agents")
        .header("origin", "https://app.example");
    let answer = read.send().await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("x-request-id")
    );
    let refused = api
        .call(Method::GET, "/v1/agents")
        .key(None)
        .header("origin", "https://app.example");
    let refused = refused.send().await;
    assert_eq!(
        refused.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert_eq!(refused.header("x-request-id"), REQUEST_ID);
}
