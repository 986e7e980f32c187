//! What holds for every request.

use http::{Method, StatusCode};
use serde_json::json;
use tdev_testing::Response;

use crate::support::{Api, REQUEST_ID};

#[tokio::test]
async fn health_says_what_it_checked() {
    let api = Api::new().await;
    let answer = api.call(Method::GET, "/health").key(None).send().await;
    insta::assert_json_snapshot!(answer.json(), {".version" => "[version]"});
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn health_fails_when_the_table_does() {
    let api = Api::new().await;
    for (status, code) in [
        (500, "InternalServerError"),
        (400, "ResourceNotFoundException"),
        (400, "AccessDeniedException"),
    ] {
        api.fails("DynamoDB.GetItem", status, code);
        let answer = api.get("/health").await;
        assert_eq!(answer.problem(), "unavailable", "{code}");
        assert_eq!(answer.json()["checks"], json!({"table": "unreachable"}));
    }
}

#[tokio::test]
async fn the_request_is_identified_by_the_client_or_else_by_us() {
    let api = Api::new().await;
    assert_eq!(
        api.get("/v1/agents").await.header("x-request-id"),
        REQUEST_ID
    );
    let call = |id: &str| {
        let mut request = http::Request::builder().uri("/v1/nothing");
        if !id.is_empty() {
            request = request.header("x-request-id", id);
        }
        tower::ServiceExt::oneshot(
            api.router.clone(),
            request.body(axum::body::Body::empty()).unwrap(),
        )
    };
    for id in ["", "a b", "<b>", &"x".repeat(65)] {
        let answer = call(id).await.unwrap();
        let given = answer.headers()["x-request-id"].to_str().unwrap();
        assert_eq!(given.len(), 36, "{given}");
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let api = Api::new().await;
    for path in [
        "/health",
        "/v1/agents",
        "/v1/nothing",
        "/nothing",
        "/openapi.json",
        "/docs/",
        "/problems",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            answer
                .header("strict-transport-security")
                .contains("max-age="),
            "{path}"
        );
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(
            policy.contains("script-src 'self'"),
            path == "/docs/",
            "{path}: {policy}"
        );
        let private = path.starts_with("/v1/");
        assert_eq!(
            answer.header("cache-control") == "no-store",
            private,
            "{path}"
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let api = Api::new().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/agents/",
        "/v2/agents",
        "/problems/nothing",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem(), "not-found", "{path}");
    }
    for (method, path, allow) in [
        (Method::PUT, "/v1/agents", "GET,HEAD,POST"),
        (Method::PATCH, "/v1/agents/a", "DELETE,GET,HEAD"),
        (Method::GET, "/v1/agents/a/invoke", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::DELETE, "/problems", "GET,HEAD"),
    ] {
        let answer = api.call(method.clone(), path).send().await;
        assert_eq!(answer.problem(), "method-not-allowed", "{method} {path}");
        let mut allowed: Vec<_> = answer.header("allow").split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn a_head_request_is_a_get_without_a_body() {
    let api = Api::new().await;
    let answer = api.call(Method::HEAD, "/health").send().await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_parsed() {
    let api = Api::new().await;
    let body = |bytes: usize| {
        api.call(Method::POST, "/v1/agents")
            .body("application/json", "x".repeat(bytes))
            .send()
    };
    let answer = body(1_048_577).await;
    assert_eq!(answer.problem(), "body-too-large");
    assert_eq!(answer.json()["limit"], 1_048_576);
    assert_eq!(body(1_048_576).await.problem(), "malformed-json");
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_api_lives_on() {
    let api = Api::new().await;
    api.aws
        .on("DynamoDB.Query", |_| panic!("boom at secret.internal.host"));
    let answer = api.get("/v1/agents").await;
    assert_eq!(answer.problem(), "internal");
    assert_eq!(api.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_stored_wrongly_is_an_internal_error() {
    let api = Api::new().await;
    api.aws.on("DynamoDB.Query", |_| {
        Response::json(
            &json!({"Items": [{"PK": {"S": "x"}, "SK": {"S": "y"}, "name": {"N": "1"}}]}),
        )
    });
    assert_eq!(api.get("/v1/agents").await.problem(), "internal");
}
