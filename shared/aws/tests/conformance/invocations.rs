use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tdev_aws::{InvocationWrites, Objects, PageRequest, Result, Table};
use tdev_domain::{
    Answer, Call, EffectClass, Invocation, InvocationChange, InvocationStatus, LogLine, Pending,
    Signal, Stage, Stored, TenantId,
};

use crate::fixtures::{adding, awkward_example, effect, invocation, large, revised, tenant};
use crate::stack::{self, Stack, assert_conflict};

async fn write(table: &Table, objects: &Objects, changes: &[InvocationChange]) -> Result<()> {
    let writes = InvocationWrites::prepare(objects, changes).await?;
    table.write_invocations(writes).await
}

async fn write_one(table: &Table, objects: &Objects, record: &Invocation) -> Result<()> {
    write(table, objects, &[InvocationChange::to(record.clone())]).await
}

async fn read(table: &Table, objects: &Objects, record: &Invocation) -> Option<Invocation> {
    let read = table.invocation(objects, &record.tenant, &record.id).await;
    read.unwrap()
}

/// A record in which everything is there that can be, with `value` wherever a value is.
fn full(value: &serde_json::Value) -> Invocation {
    let mut record = invocation("word-count", value.clone());
    record.status = InvocationStatus::Completed {
        output: value.clone(),
    };
    let begun_at = record.created_at;
    let effect = |number| Pending {
        number,
        call: Call {
            tool: "remember".to_owned(),
            args: value.clone(),
        },
        class: EffectClass::Idempotent,
        stage: Stage::Answered(Answer::Value(value.clone())),
        begun_at,
    };
    record.stand_at((3..6).map(effect));
    record.snapshot = Some(Stored::Inline((0..=255).collect()));
    record.signals = vec![Signal {
        name: "go".to_owned(),
        payload: awkward_example().input,
        at: record.created_at,
    }];
    record.report.logs = vec![LogLine {
        message: value.to_string(),
        fields: serde_json::Map::new(),
    }];
    record
}

#[tokio::test]
async fn a_record_comes_back_as_it_was() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        for value in [json!(null), awkward_example().input, large(250_000)] {
            let record = full(&value);
            assert_eq!(read(&table, &objects, &record).await, None);
            write_one(&table, &objects, &record).await.unwrap();
            let stored = read(&table, &objects, &record).await;
            assert!(stored.as_ref() == Some(&record), "{}", stack.name);
            // Another process knows nothing of what this one has stored.
            let next = revised(&record, |next| {
                next.snapshot = Some(Stored::Object("snapshots/x".to_owned()));
            });
            write_one(&table, &objects.clone(), &next).await.unwrap();
            assert!(read(&table, &objects, &record).await == Some(next));

            let stranger: TenantId = "stranger".parse().unwrap();
            let read = table.invocation(&objects, &stranger, &record.id).await;
            assert_eq!(read.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn each_revision_is_written_once() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let first = invocation("word-count", json!(1));
        let second = revised(&first, |next| next.token = 1);
        let rival = revised(&first, |next| next.token = 2);
        assert_conflict(&write_one(&table, &objects, &second).await);
        write_one(&table, &objects, &first).await.unwrap();
        // The same again is what a repetition after a lost answer looks like.
        write_one(&table, &objects, &first).await.unwrap();
        write_one(&table, &objects, &second).await.unwrap();
        assert_conflict(&write_one(&table, &objects, &rival).await);
        assert_conflict(&write_one(&table, &objects, &first).await);
        assert_eq!(read(&table, &objects, &first).await, Some(second));
    }
}

#[tokio::test]
async fn changes_are_written_all_or_none() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let records: Vec<_> = (0..11).map(|n| invocation("a", json!(n))).collect();
        let with_ledger = |change: fn(&mut Invocation)| -> Vec<_> {
            let records = records.iter().map(|record| revised(record, change));
            records
                .map(|next| adding(next, vec![effect(1, json!("one")), effect(2, json!(2))]))
                .collect()
        };
        let first: Vec<_> = records.iter().cloned().map(InvocationChange::to).collect();
        write(&table, &objects, &first).await.unwrap();
        write_one(&table, &objects, &revised(&records[8], |_| {}))
            .await
            .unwrap();

        let refused = write(&table, &objects, &with_ledger(|next| next.token = 7)).await;
        assert_conflict(&refused);
        assert_eq!(
            read(&table, &objects, &records[0]).await.as_ref(),
            Some(&records[0])
        );
        let ledger = table.ledger(&objects, &tenant(), &records[0].id).await;
        assert_eq!(ledger.unwrap(), []);

        let written = &with_ledger(|next| next.token = 7)[..8];
        write(&table, &objects, written).await.unwrap();
        for change in written {
            let stored = read(&table, &objects, &change.record).await;
            assert_eq!(stored.as_ref(), Some(&change.record), "{}", stack.name);
            let ledger = table.ledger(&objects, &tenant(), &change.record.id).await;
            assert_eq!(ledger.unwrap(), change.ledger);
        }
    }
}

/// An invocation whose ledger was added to in several writes.
async fn with_ledger(table: &Table, objects: &Objects) -> (Invocation, Vec<tdev_domain::Effect>) {
    let mut record = invocation("word-count", json!(1));
    write_one(table, objects, &record).await.unwrap();
    let mut ledger = Vec::new();
    // A run that logs all the way makes all of it one addition.
    for count in [1, 256, 2, 1] {
        let first = u32::try_from(ledger.len()).unwrap() + 1;
        let value = |number| {
            if number == 2 {
                large(20_000)
            } else {
                json!(number)
            }
        };
        let added: Vec<_> = (first..first + count)
            .map(|number| effect(number, value(number)))
            .collect();
        ledger.extend(added.clone());
        record = revised(&record, |_| {});
        let change = adding(record.clone(), added);
        write(table, objects, &[change]).await.unwrap();
    }
    (record, ledger)
}

#[tokio::test]
async fn a_ledger_is_read_whole_or_by_pages() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (record, ledger) = with_ledger(&table, &objects).await;
        let whole = table.ledger(&objects, &tenant(), &record.id).await;
        assert!(whole.unwrap() == ledger, "{}", stack.name);

        for limit in [1, 2, 100, 258, 1_000] {
            let mut page = PageRequest { limit, after: None };
            let mut read = Vec::new();
            loop {
                let effects = table.effects(&objects, &tenant(), &record.id, &page).await;
                let effects = effects.unwrap();
                assert!(!effects.items.is_empty());
                read.extend(effects.items);
                page.after = effects.next;
                if page.after.is_none() {
                    break;
                }
                assert!(read.len() >= limit as usize);
            }
            assert!(read == ledger, "{} {limit}", stack.name);
        }
        let page = PageRequest {
            limit: 1,
            after: Some("one".to_owned()),
        };
        let read = table.effects(&objects, &tenant(), &record.id, &page).await;
        assert!(matches!(read, Err(tdev_aws::Error::Cursor { .. })));
    }
}

async fn expiries(stack: &Stack, table: &str, record: &Invocation) -> Vec<Option<i64>> {
    let pk = format!("TENANT#{}#INVOCATION#{}", record.tenant, record.id);
    let found = aws_sdk_dynamodb::Client::new(&stack.config)
        .query()
        .table_name(table)
        .key_condition_expression("PK = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(pk))
        .send()
        .await
        .unwrap();
    let expiry = |item: &std::collections::HashMap<String, AttributeValue>| {
        let number = item.get("expires_at")?.as_n().unwrap();
        Some(number.parse::<i64>().unwrap() - record.updated_at.as_second())
    };
    found.items().iter().map(expiry).collect()
}

#[tokio::test]
async fn what_has_ended_is_kept_for_thirty_days() {
    const DAY: i64 = 24 * 60 * 60;
    for stack in stack::all() {
        let ((table, name), objects) = (stack.table().await, stack.objects().await);
        let record = invocation("word-count", json!(1));
        write_one(&table, &objects, &record).await.unwrap();
        let next = revised(&record, |_| {});
        let change = adding(next.clone(), vec![effect(1, json!(1))]);
        write(&table, &objects, &[change]).await.unwrap();
        assert_eq!(
            expiries(&stack, &name, &next).await,
            [Some(400 * DAY), None]
        );
        let last = revised(&next, |last| {
            last.status = InvocationStatus::Cancelled;
            last.updated_at = next.updated_at;
        });
        let change = adding(last.clone(), vec![effect(2, json!(1))]);
        write(&table, &objects, &[change]).await.unwrap();
        // The last effects are kept by the record.
        assert_eq!(
            expiries(&stack, &name, &last).await,
            [Some(400 * DAY), Some(30 * DAY)],
            "{}",
            stack.name
        );
        let ledger = table.ledger(&objects, &tenant(), &last.id).await.unwrap();
        let numbers: Vec<u32> = ledger.iter().map(|effect| effect.number).collect();
        assert_eq!(numbers, [1, 2], "{}", stack.name);
        for limit in [1, 2, 3] {
            let mut page = PageRequest { limit, after: None };
            let mut read = Vec::new();
            loop {
                let effects = table.effects(&objects, &tenant(), &last.id, &page).await;
                let effects = effects.unwrap();
                read.extend(effects.items);
                page.after = effects.next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(read, ledger, "{} {limit}", stack.name);
        }
    }
}

#[tokio::test]
async fn a_ledger_whose_beginning_has_expired_is_not_taken_for_whole() {
    for stack in stack::all() {
        let ((table, name), objects) = (stack.table().await, stack.objects().await);
        let (record, _) = with_ledger(&table, &objects).await;
        let pk = format!("TENANT#{}#INVOCATION#{}", record.tenant, record.id);
        aws_sdk_dynamodb::Client::new(&stack.config)
            .delete_item()
            .table_name(name)
            .key("PK", AttributeValue::S(pk))
            .key("SK", AttributeValue::S("EFFECT#0000000001".to_owned()))
            .send()
            .await
            .unwrap();
        let read = table.ledger(&objects, &tenant(), &record.id).await;
        assert!(matches!(read, Err(tdev_aws::Error::Corrupt { .. })));
    }
}

#[tokio::test]
async fn a_value_that_is_gone_or_changed_is_noticed() {
    for stack in stack::all() {
        let ((table, _), bucket) = (stack.table().await, stack.bucket().await);
        let objects = Objects::new(&stack.config, &bucket);
        let record = invocation("word-count", large(10_000));
        write_one(&table, &objects, &record).await.unwrap();
        let json = record.input.to_string();
        let digest = tdev_domain::ArtifactDigest::of(json.as_bytes());
        let key = format!("values/acme/{}/{digest}", record.id);
        assert_eq!(objects.get(&key).await.unwrap(), Some(json.into_bytes()));

        let corrupt = async || {
            let read = table.invocation(&objects, &tenant(), &record.id).await;
            assert!(matches!(read, Err(tdev_aws::Error::Corrupt { .. })));
        };
        objects.put(&key, b"{}".to_vec()).await.unwrap();
        corrupt().await;
        objects.delete(&key).await.unwrap();
        corrupt().await;
    }
}
