//! The sample events of `events/api-keys`, and what each does.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tdev_domain::ErrorName;
use tdev_lambda::env::Env;
use tdev_testing::{FakeAws, Response as AwsResponse};

use super::*;

/// The event, parsed as the runtime does.
fn event(case: &str) -> Result<Request, serde_json::Error> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/api-keys/{case}.json"));
    serde_json::from_str(&fs::read_to_string(file).unwrap())
}

fn deps(aws: &FakeAws) -> Deps {
    let config = Env::of([("TABLE_NAME", "platform"), ("ENVIRONMENT", "dev")]).load(Config::read);
    Deps::new(&aws.config(), config.unwrap())
}

async fn answer(deps: &Deps, request: Request) -> Value {
    let response = handle(deps, request).await.unwrap();
    serde_json::to_value(response).unwrap()
}

#[tokio::test]
async fn a_key_is_shown_once_and_only_its_digest_kept() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let issued = answer(&deps, event("ok-issue").unwrap()).await;
    insta::assert_json_snapshot!(issued, {".id" => "[key id]", ".key" => "[key]"});
    let key: ApiKey = issued["key"].as_str().unwrap().parse().unwrap();
    assert!(key.expose().starts_with("tdev_dev_"));
    for request in aws.requests() {
        let body = String::from_utf8(request.body).unwrap();
        assert!(!body.contains(key.expose()), "{body}");
    }
    let stored = deps.table.key(&key.digest()).await.unwrap().unwrap();
    assert_eq!(stored.id.as_str(), issued["id"]);
    assert_eq!(stored.tenant.as_str(), "acme");

    let listed = answer(&deps, event("ok-list").unwrap()).await;
    insta::assert_json_snapshot!(listed, {
        ".keys[].id" => "[key id]",
        ".keys[].created_at" => "[time]",
    });
}

#[tokio::test]
async fn a_key_may_go_to_secrets_manager_unseen() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let stored = answer(&deps, event("ok-issue-to-secret").unwrap()).await;
    let id = stored["id"].as_str().unwrap().to_owned();
    assert_eq!(
        stored["secret"],
        format!("tdev/dev/api-keys/acme/{id}").as_str()
    );
    insta::assert_json_snapshot!(stored, {".id" => "[key id]", ".secret" => "[secret]"});
    let secret = deps.secrets.get(stored["secret"].as_str().unwrap()).await;
    let key: ApiKey = secret.unwrap().unwrap().parse().unwrap();
    assert_eq!(
        deps.table
            .key(&key.digest())
            .await
            .unwrap()
            .unwrap()
            .id
            .as_str(),
        id
    );
}

#[tokio::test]
async fn a_key_that_cannot_be_delivered_is_revoked() {
    let aws = FakeAws::in_memory();
    aws.on("SecretsManager.PutSecretValue", |_| {
        AwsResponse::error(400, "AccessDeniedException", "no")
    });
    let deps = deps(&aws);
    let Err(error) = handle(&deps, event("ok-issue-to-secret").unwrap()).await else {
        panic!("a key was delivered");
    };
    assert_eq!(error.name(), ErrorName::Denied);
    let listed = answer(&deps, event("ok-list").unwrap()).await;
    assert_eq!(listed["keys"], json!([]));
}

#[tokio::test]
async fn a_revoked_key_is_gone_and_revoking_it_again_is_harmless() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let issued = answer(&deps, event("ok-issue").unwrap()).await;
    let revoke = Request::Revoke(Revoke {
        tenant: "acme".parse().unwrap(),
        id: issued["id"].as_str().unwrap().parse().unwrap(),
    });
    assert_eq!(
        answer(&deps, revoke.clone()).await,
        json!({"revoked": true})
    );
    let key: ApiKey = issued["key"].as_str().unwrap().parse().unwrap();
    assert!(deps.table.key(&key.digest()).await.unwrap().is_none());
    assert_eq!(answer(&deps, revoke).await, json!({"revoked": false}));
}

#[tokio::test]
async fn a_tenant_cannot_revoke_anothers_key() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    let issued = answer(&deps, event("ok-issue").unwrap()).await;
    let revoke = Request::Revoke(Revoke {
        tenant: "other".parse().unwrap(),
        id: issued["id"].as_str().unwrap().parse().unwrap(),
    });
    assert_eq!(answer(&deps, revoke).await, json!({"revoked": false}));
    let key: ApiKey = issued["key"].as_str().unwrap().parse().unwrap();
    assert!(deps.table.key(&key.digest()).await.unwrap().is_some());
}

#[tokio::test]
async fn sample_events_do_what_they_say() {
    let deps = deps(&FakeAws::in_memory());
    let unknown = answer(&deps, event("ok-revoke").unwrap()).await;
    assert_eq!(unknown, json!({"revoked": false}));

    // Asked twice, two keys of the same label are made.
    for _ in 0..2 {
        answer(&deps, event("duplicate-issue").unwrap()).await;
    }
    let listed = answer(&deps, event("ok-list").unwrap()).await;
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["label"], keys[1]["label"]);
    assert_ne!(keys[0]["id"], keys[1]["id"]);

    for (case, complaint) in [
        ("malformed-unknown-action", "unknown variant `delete`"),
        ("malformed-unknown-field", "unknown field `role`"),
        ("malformed-tenant", "tenant: expected 2 to 32 characters"),
        ("malformed-no-label", "missing field `label`"),
    ] {
        let error = event(case).unwrap_err().to_string();
        assert!(error.contains(complaint), "{case}: {error}");
    }
}

#[tokio::test]
async fn listings_are_paged() {
    let deps = deps(&FakeAws::in_memory());
    for _ in 0..3 {
        answer(&deps, event("ok-issue").unwrap()).await;
    }
    let list = |after: &Value, limit: u32| {
        let request = json!({"action": "list", "tenant": "acme", "after": after, "limit": limit});
        serde_json::from_value::<Request>(request).unwrap()
    };
    let first = answer(&deps, list(&Value::Null, 2)).await;
    let second = answer(&deps, list(&first["next"], 2)).await;
    let count = |page: &Value| page["keys"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (2, 1));
    assert_eq!(second["next"], Value::Null);

    for bad in [list(&json!("nonsense"), 2), list(&Value::Null, 0)] {
        let Err(error) = handle(&deps, bad).await else {
            panic!("a bad page was given");
        };
        assert_eq!(error.name(), ErrorName::InvalidInput);
    }
}
