use jiff::Timestamp;
use tdev_aws::{Error, PageRequest};
use tdev_domain::{ApiKeyId, KeyDigest, KeyRecord, TenantId};

use crate::fixtures::tenant;
use crate::stack;

fn key(tenant: &TenantId, secret: &str) -> KeyRecord {
    KeyRecord {
        id: ApiKeyId::generate(),
        digest: KeyDigest::of(secret),
        tenant: tenant.clone(),
        label: "für Tests".to_owned(),
        created_at: Timestamp::now(),
    }
}

#[tokio::test]
async fn a_key_is_found_by_digest_until_it_is_revoked() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let record = key(&tenant(), "secret");
        assert_eq!(table.key(&record.digest).await.unwrap(), None);
        table.put_key(&record).await.unwrap();
        assert_eq!(
            table.key(&record.digest).await.unwrap(),
            Some(record.clone())
        );

        let stranger: TenantId = "stranger".parse().unwrap();
        assert!(!table.revoke_key(&stranger, &record.id).await.unwrap());
        assert!(table.key(&record.digest).await.unwrap().is_some());

        assert!(table.revoke_key(&tenant(), &record.id).await.unwrap());
        assert_eq!(table.key(&record.digest).await.unwrap(), None);
        assert!(!table.revoke_key(&tenant(), &record.id).await.unwrap());
    }
}

#[tokio::test]
async fn a_digest_is_stored_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (first, second) = (key(&tenant(), "same"), key(&tenant(), "same"));
        table.put_key(&first).await.unwrap();
        let again = table.put_key(&second).await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
        let listed = table
            .keys(
                &tenant(),
                &PageRequest {
                    limit: 10,
                    after: None,
                },
            )
            .await;
        assert_eq!(listed.unwrap().items, [first]);
    }
}

#[tokio::test]
async fn keys_are_listed_by_tenant_and_page() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let other: TenantId = "acme-two".parse().unwrap();
        table.put_key(&key(&other, "other")).await.unwrap();
        let keys: Vec<_> = (0..7)
            .map(|n| key(&tenant(), &format!("secret {n}")))
            .collect();
        for key in &keys {
            table.put_key(key).await.unwrap();
        }
        for limit in [0, 1, 3, 7, 8, u32::MAX] {
            let mut listed = Vec::new();
            let mut page = PageRequest { limit, after: None };
            loop {
                let found = table.keys(&tenant(), &page).await.unwrap();
                assert!(!found.items.is_empty(), "an empty page at limit {limit}");
                listed.extend(found.items);
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(listed, keys, "{} at limit {limit}", stack.name);
        }
    }
}

#[tokio::test]
async fn a_foreign_cursor_is_invalid_input() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        for after in ["", "key_1", "TENANT#acme"] {
            let page = PageRequest {
                limit: 1,
                after: Some(after.to_owned()),
            };
            let error = table.keys(&tenant(), &page).await.unwrap_err();
            assert!(matches!(error, Error::Cursor { .. }), "{error:?}");
        }
    }
}
