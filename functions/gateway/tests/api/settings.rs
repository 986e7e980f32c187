//! What tenants set for themselves.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Api};

async fn put(api: &Api, body: &Value) -> Answer {
    api.call(Method::PUT, "/v1/settings")
        .json(body)
        .send()
        .await
}

#[tokio::test]
async fn the_last_settings_hold_for_the_tenant_alone() {
    let api = Api::new().await;
    let nothing = json!({"http_hosts": []});
    assert_eq!(api.get("/v1/settings").await.json(), nothing);
    let hosts = json!({"http_hosts": ["b.example:8443", "*.a.example", "b.example:8443"]});
    let answer = put(&api, &hosts).await;
    assert_eq!(answer.status, StatusCode::OK);
    let stored = json!({"http_hosts": ["*.a.example", "b.example:8443"]});
    assert_eq!(answer.json(), stored);
    assert_eq!(api.get("/v1/settings").await.json(), stored);
    let theirs = api.call(Method::GET, "/v1/settings");
    let theirs = theirs.key(Some(&api.other_key)).send().await;
    assert_eq!(theirs.json(), nothing);
    assert_eq!(put(&api, &nothing).await.json(), nothing);
    assert_eq!(api.get("/v1/settings").await.json(), nothing);
}

#[tokio::test]
async fn every_host_that_is_none_is_pointed_at() {
    let api = Api::new().await;
    let answer = put(
        &api,
        &json!({"http_hosts": ["a.example", "https://b", "*"]}),
    )
    .await;
    assert_eq!(answer.problem(), "invalid-request");
    insta::assert_json_snapshot!(answer.json()["errors"]);
    let hosts = |count: usize| -> Vec<_> { (0..count).map(|n| format!("h{n}.example")).collect() };
    let answer = put(&api, &json!({"http_hosts": hosts(100)})).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = put(&api, &json!({"http_hosts": hosts(101)})).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/http_hosts");
    for body in [json!({}), json!({"http_hosts": "a"}), json!({"http": []})] {
        assert_eq!(put(&api, &body).await.problem(), "invalid-request");
    }
}
