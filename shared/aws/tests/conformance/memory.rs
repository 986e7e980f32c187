use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tdev_aws::Table;
use tdev_domain::{AgentName, EffectKey, InvocationId, TenantId};

use crate::fixtures::{awkward_example, tenant};
use crate::stack;

fn agent() -> AgentName {
    "word-count".parse().unwrap()
}

/// An invocation, to number effects of.
fn run() -> impl Fn(u32) -> EffectKey {
    let invocation = InvocationId::generate();
    move |number| EffectKey {
        invocation: invocation.clone(),
        number,
    }
}

async fn remember(table: &Table, key: &str, value: Value, by: &EffectKey) {
    let now = Timestamp::now();
    table
        .remember(&tenant(), &agent(), key, &value, None, by, now)
        .await
        .unwrap();
}

async fn forget(table: &Table, key: &str, by: &EffectKey) {
    let now = Timestamp::now();
    table
        .forget(&tenant(), &agent(), key, by, now)
        .await
        .unwrap();
}

async fn recall(table: &Table, key: &str) -> Option<Value> {
    let now = Timestamp::now();
    table.recall(&tenant(), &agent(), key, now).await.unwrap()
}

#[tokio::test]
async fn what_is_remembered_is_the_agents_own_and_comes_back_as_it_was() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let by = run();
        let values = [
            json!(null),
            awkward_example().input,
            json!("x".repeat(65_536)),
        ];
        for (number, value) in (1..).zip(values) {
            remember(&table, "a#ü", value.clone(), &by(number)).await;
            assert_eq!(recall(&table, "a#ü").await, Some(value), "{}", stack.name);
        }
        assert_eq!(recall(&table, "a").await, None);
        let now = Timestamp::now();
        let stranger: TenantId = "stranger".parse().unwrap();
        let other: AgentName = "other".parse().unwrap();
        let read = table.recall(&stranger, &agent(), "a#ü", now).await;
        assert_eq!(read.unwrap(), None);
        let read = table.recall(&tenant(), &other, "a#ü", now).await;
        assert_eq!(read.unwrap(), None);
        for number in [7, 8] {
            forget(&table, "a#ü", &by(number)).await;
            assert_eq!(recall(&table, "a#ü").await, None);
        }
    }
}

#[tokio::test]
async fn what_has_expired_is_forgotten_at_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (now, by) = (Timestamp::now(), run());
        let until = now + 1.hour();
        table
            .remember(
                &tenant(),
                &agent(),
                "a",
                &json!(1),
                Some(until),
                &by(1),
                now,
            )
            .await
            .unwrap();
        for (at, expected) in [
            (now, Some(json!(1))),
            (now + 59.minutes(), Some(json!(1))),
            (until, None),
        ] {
            let read = table.recall(&tenant(), &agent(), "a", at).await;
            assert_eq!(read.unwrap(), expected, "{}", stack.name);
        }
        remember(&table, "a", json!(2), &by(2)).await;
        let read = table.recall(&tenant(), &agent(), "a", until).await;
        assert_eq!(read.unwrap(), Some(json!(2)));
    }
}

#[tokio::test]
async fn an_effect_happens_once_however_often_and_late_it_is_repeated() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (ours, theirs) = (run(), run());
        remember(&table, "a", json!("ours"), &ours(1)).await;
        remember(&table, "a", json!("ours, repeated"), &ours(1)).await;
        assert_eq!(recall(&table, "a").await, Some(json!("ours")));
        // Others write meanwhile, and the repetition comes after them.
        remember(&table, "a", json!("theirs"), &theirs(1)).await;
        remember(&table, "a", json!("ours"), &ours(1)).await;
        assert_eq!(
            recall(&table, "a").await,
            Some(json!("theirs")),
            "{}",
            stack.name
        );
        remember(&table, "a", json!("ours again"), &ours(2)).await;
        assert_eq!(recall(&table, "a").await, Some(json!("ours again")));
        // What was forgotten does not come back, and what came after is not forgotten.
        forget(&table, "a", &ours(10)).await;
        remember(&table, "a", json!("ours again"), &ours(2)).await;
        assert_eq!(recall(&table, "a").await, None);
        remember(&table, "a", json!("new"), &theirs(2)).await;
        forget(&table, "a", &ours(10)).await;
        forget(&table, "a", &ours(9)).await;
        assert_eq!(recall(&table, "a").await, Some(json!("new")));
    }
}
