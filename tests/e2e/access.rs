//! Who gets in, what they see, and what every answer carries.

use anyhow::Result;
use serde_json::{Value, json};
use tdev_agents::SAMPLES;
use tdev_tests::{Stack, output};
use ureq::http::Method;

#[test]
fn without_a_valid_key_nothing_is_served() -> Result<()> {
    let stack = Stack::from_env()?;
    let mistyped = {
        let mut key = stack.key.clone();
        let last = key.pop().expect("a character");
        key.push(if last == '0' { '1' } else { '0' });
        key
    };
    let mut answers = Vec::new();
    for key in [
        "",
        "nonsense",
        mistyped.as_str(),
        "tdev_dev_00000000000000000000000000000000deadbeef",
    ] {
        let answer = stack.call(Method::GET, "/v1/agents").key(key).send()?;
        assert_eq!(answer.status, 401, "{key}: {}", answer.body);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        answers.push((answer.problem().to_owned(), answer.body["detail"].clone()));
    }
    // A malformed key and an unknown one look the same.
    answers.remove(0);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let by_header = stack
        .call(Method::GET, "/v1/agents")
        .key("")
        .header("x-api-key", &stack.key);
    assert_eq!(by_header.send()?.status, 200);
    Ok(())
}

#[test]
fn tenants_never_see_each_others_things() -> Result<()> {
    let stack = Stack::from_env()?;
    let sample = SAMPLES.first().expect("a sample");
    let registration = stack.register(sample.name, sample.source)?;
    let id = registration["id"].as_str().expect("an id");
    let name = sample.name;
    let theirs = [
        (Method::GET, format!("/v1/registrations/{id}")),
        (Method::GET, format!("/v1/agents/{name}")),
        (Method::GET, format!("/v1/agents/{name}/versions/1")),
        (Method::DELETE, format!("/v1/agents/{name}")),
        (Method::POST, format!("/v1/agents/{name}/invoke")),
        (Method::POST, format!("/v1/agents/{name}/rollback")),
        (Method::POST, format!("/v1/registrations/{id}/release")),
    ];
    for (method, path) in theirs {
        let call = stack.call(method.clone(), &path).key(&stack.other_key);
        let call = if method == Method::POST {
            call.json(&json!({"input": {}}))
        } else {
            call
        };
        let answer = call.send()?;
        // A body that does not fit the endpoint must not tell more than a foreign id does.
        assert!(
            matches!(answer.status, 404 | 422),
            "{method} {path}: {}",
            answer.body
        );
        assert!(!answer.body.to_string().contains("e2e-a"));
    }
    let list = stack
        .call(Method::GET, "/v1/agents")
        .key(&stack.other_key)
        .send()?;
    assert_eq!(
        list.body["items"],
        json!([]),
        "the other tenant has no agents"
    );
    assert_eq!(
        stack.get(&format!("/v1/agents/{name}"))?.status,
        200,
        "and ours is untouched"
    );
    Ok(())
}

#[test]
fn a_revoked_key_is_refused() -> Result<()> {
    let stack = Stack::from_env()?;
    let function = output("ApiKeysFunction")?;
    let keys = |request: Value| stack.invoke(&function, &request);
    let issued = keys(json!({"action": "issue", "tenant": "e2e-a", "label": "to be revoked"}))?;
    let key = issued["key"].as_str().expect("a key");
    let list = || stack.call(Method::GET, "/v1/agents").key(key).send();
    assert_eq!(list()?.status, 200);
    let revoked = keys(json!({"action": "revoke", "tenant": "e2e-a", "id": issued["id"]}))?;
    assert_eq!(revoked["revoked"], true);
    assert_eq!(list()?.status, 401);
    let listed = keys(json!({"action": "list", "tenant": "e2e-a"}))?;
    assert!(
        !listed
            .to_string()
            .contains(issued["id"].as_str().expect("an id")),
        "{listed}"
    );
    Ok(())
}

#[test]
fn the_public_pages_need_no_key() -> Result<()> {
    let stack = Stack::from_env()?;
    let public = |path: &str| stack.call(Method::GET, path).key("").send();
    let health = public("/health")?;
    assert_eq!(
        (health.status, &health.body["status"]),
        (200, &json!("ok")),
        "{}",
        health.body
    );
    let openapi = public("/openapi.json")?;
    assert_eq!(
        openapi.body["openapi"].as_str().map(|v| &v[..3]),
        Some("3.1")
    );
    for path in [
        "/v1/agents",
        "/v1/agents/{name}/invoke",
        "/v1/registrations/{id}",
    ] {
        assert!(
            openapi.body["paths"][path].is_object(),
            "{path} is not described"
        );
    }
    let docs = public("/docs/index.html")?;
    assert_eq!(docs.status, 200);
    assert!(
        docs.body
            .as_str()
            .is_some_and(|page| page.contains("<html"))
    );
    Ok(())
}

#[test]
fn every_answer_carries_a_request_id_and_security_headers() -> Result<()> {
    let stack = Stack::from_env()?;
    for (path, status) in [("/v1/agents", 200), ("/v1/nothing", 404), ("/nothing", 404)] {
        let answer = stack.get(path)?;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        if status != 200 {
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{path}"
            );
        }
    }
    let answer = stack
        .call(Method::PUT, "/v1/agents")
        .json(&json!({}))
        .send()?;
    assert_eq!(answer.status, 405, "{}", answer.body);
    assert!(answer.header("allow").contains("POST"));
    let named = stack
        .call(Method::GET, "/health")
        .header("x-request-id", "my-request-7")
        .send()?;
    assert_eq!(named.header("x-request-id"), "my-request-7");
    Ok(())
}
