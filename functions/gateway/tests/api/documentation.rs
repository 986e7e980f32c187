//! The API's description, and the pages that people read.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::Api;

#[tokio::test]
async fn the_description_is_openapi_3_1() {
    let api = Api::new().await;
    let answer = api
        .call(Method::GET, "/openapi.json")
        .key(None)
        .send()
        .await;
    let mut description = answer.json();
    assert_eq!(description["openapi"], "3.1.0");
    description["info"]["version"] = "[version]".into();
    insta::assert_json_snapshot!(description);
}

/// Every `$ref` of `value`, with the place it stands at.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_in_the_description_leads_somewhere() {
    let api = Api::new().await;
    let description = api.get("/openapi.json").await.json();
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_operation_says_how_it_may_fail_and_whether_it_wants_a_key() {
    let api = Api::new().await;
    let description = api.get("/openapi.json").await.json();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["operationId"].is_string(), "{place}");
            assert!(operation["responses"]["503"].is_object(), "{place}");
            let private = path.starts_with("/v1/");
            assert_eq!(
                operation["responses"]["401"].is_object(),
                private,
                "{place}"
            );
            assert_eq!(operation["security"].is_null(), private, "{place}");
        }
    }
}

#[tokio::test]
async fn the_documentation_loads_nothing_from_elsewhere() {
    let api = Api::new().await;
    let answer = api.get("/docs").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = api.get(answer.header("location")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("swagger-ui"));
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://"),
        "{}",
        page.text
    );
    assert!(
        !page.text.contains("<script>"),
        "no inline script, which the policy forbids"
    );
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        assert_eq!(
            api.get(&format!("/docs/{file}")).await.status,
            StatusCode::OK,
            "{file}"
        );
    }
    let initializer = api.get("/docs/swagger-initializer.js").await.text;
    assert!(initializer.contains("/openapi.json"), "{initializer}");
    assert_eq!(api.get("/docs/nothing.js").await.problem(), "not-found");
}

#[tokio::test]
async fn every_type_of_problem_has_a_page() {
    let api = Api::new().await;
    let index = api.get("/problems").await.text;
    let pages: Vec<_> = index
        .split("href=\"")
        .skip(1)
        .map(|p| p.split('"').next().unwrap())
        .collect();
    assert!(pages.len() > 30);
    for page in pages {
        let answer = api.call(Method::GET, page).key(None).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.contains(page), "{page}");
    }
    insta::assert_snapshot!(api.get("/problems/agent-too-large").await.text);
}
