use jiff::{Timestamp, ToSpan};
use serde_json::json;
use tdev_aws::{
    DUE_SHARDS, Due, Error, InvocationFilter, InvocationState, InvocationSummary, InvocationWrites,
    PageRequest, Table, Watermark,
};
use tdev_domain::{Invocation, InvocationChange, InvocationId, InvocationStatus, TenantId};

use crate::fixtures::{invocation, revised, tenant};
use crate::stack::{self, Stack};

async fn write(stack: &Stack, table: &Table, records: &[Invocation]) {
    let objects = stack.objects().await;
    for record in records {
        let change = InvocationChange::to(record.clone());
        let writes = InvocationWrites::prepare(&objects, &[change])
            .await
            .unwrap();
        table.write_invocations(writes).await.unwrap();
    }
}

async fn due(table: &Table, now: Timestamp, limit: u32) -> Vec<InvocationId> {
    let mut found = Vec::new();
    for shard in 0..DUE_SHARDS {
        let mut watermark = Watermark::default();
        loop {
            let due = table.due(shard, &watermark, now, limit).await;
            let due = due.unwrap();
            assert!(due.items.len() <= limit as usize);
            found.extend(due.items.into_iter().map(|due| match due {
                Due::Invocation(due) if due.tenant == tenant() => due.id,
                other => panic!("{other:?}"),
            }));
            watermark.after = due.next;
            if watermark.after.is_none() {
                break;
            }
        }
    }
    found.sort();
    found
}

fn ids<'a>(records: impl IntoIterator<Item = &'a Invocation>) -> Vec<InvocationId> {
    let mut ids: Vec<_> = records
        .into_iter()
        .map(|record| record.id.clone())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_is_due_is_found_until_it_is_moved_on() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let now = Timestamp::now();
        let due_at = |due_at: Option<Timestamp>| Invocation {
            due_at,
            ..invocation("word-count", json!(1))
        };
        let overdue: Vec<_> = (0..12).map(|_| due_at(Some(now - 1.minute()))).collect();
        let others = [due_at(Some(now + 1.minute())), due_at(None)];
        write(&stack, &table, &overdue).await;
        write(&stack, &table, &others).await;
        for limit in [1, 5, 1_000] {
            let found = due(&table, now, limit).await;
            assert_eq!(found, ids(&overdue), "{} {limit}", stack.name);
        }
        let later = due(&table, now + 2.minutes(), 1_000).await;
        assert_eq!(later, ids(overdue.iter().chain(&others[..1])));

        // A due time that is moved, and one that is taken away.
        let moved = revised(&overdue[0], |next| next.due_at = Some(now + 1.minute()));
        let ended = revised(&overdue[1], |next| next.due_at = None);
        write(&stack, &table, &[moved, ended]).await;
        assert_eq!(due(&table, now, 1_000).await, ids(&overdue[2..]));

        // What stands before the watermark is seen to.
        let since = Watermark {
            since: now,
            after: None,
        };
        for shard in 0..DUE_SHARDS {
            let seen = table.due(shard, &since, now, 10).await;
            assert_eq!(seen.unwrap().items, []);
        }

        let yesterday = Watermark {
            after: Some("yesterday".to_owned()),
            ..Watermark::default()
        };
        let refused = table.due(0, &yesterday, now, 1).await;
        assert!(matches!(refused, Err(Error::Cursor { .. })), "{refused:?}");
    }
}

async fn listed(table: &Table, filter: &InvocationFilter, limit: u32) -> Vec<InvocationSummary> {
    let mut page = PageRequest { limit, after: None };
    let mut found = Vec::new();
    loop {
        let listed = table.invocations(&tenant(), filter, &page).await.unwrap();
        assert!(listed.items.len() <= limit as usize);
        found.extend(listed.items);
        page.after = listed.next;
        if page.after.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn invocations_are_listed_by_age_agent_and_state() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let base = Timestamp::now();
        // As the identifiers of called invocations do, these say nothing of the time.
        let agents = ["one", "two", "three"].iter().cycle();
        let mut records: Vec<_> = (0..12)
            .zip(agents)
            .map(|(age, agent)| Invocation {
                created_at: base - age.seconds(),
                ..invocation(agent, json!(age))
            })
            .collect();
        records.rotate_left(5);
        write(&stack, &table, &records).await;
        let foreign = Invocation {
            tenant: "stranger".parse::<TenantId>().unwrap(),
            ..invocation("one", json!(1))
        };
        write(
            &stack,
            &table,
            &[foreign, invocation("one", json!("accepted"))],
        )
        .await;
        // What was accepted and not written since is not listed.
        assert_eq!(
            listed(&table, &InvocationFilter::default(), 1_000).await,
            []
        );
        for record in &mut records {
            *record = revised(record, |_| {});
        }
        write(&stack, &table, &records).await;
        for record in records.iter_mut().step_by(2) {
            *record = revised(record, |next| next.status = InvocationStatus::Cancelled);
        }
        let ended: Vec<_> = records.iter().step_by(2).cloned().collect();
        write(&stack, &table, &ended).await;
        records.sort_by_key(|record| std::cmp::Reverse(record.created_at));

        for (agent, status) in [
            (None, None),
            (Some("two"), None),
            (None, Some(InvocationState::Cancelled)),
            (Some("one"), Some(InvocationState::Queued)),
            (Some("none"), None),
        ] {
            let filter = InvocationFilter {
                agent: agent.map(|name| name.parse().unwrap()),
                status,
            };
            let expected: Vec<_> = records
                .iter()
                .map(InvocationSummary::from)
                .filter(|wanted| filter.agent.as_ref().is_none_or(|of| *of == wanted.agent))
                .filter(|wanted| status.is_none_or(|of| of == wanted.status))
                .collect();
            for limit in [1, 3, 12, 1_000] {
                let found = listed(&table, &filter, limit).await;
                assert_eq!(found, expected, "{} {filter:?} {limit}", stack.name);
            }
        }
        let whole = listed(&table, &InvocationFilter::default(), 1_000).await;
        let ended = whole.iter().filter(|listed| listed.ended_at.is_some());
        assert_eq!(ended.count(), 6);
    }
}

#[tokio::test]
async fn a_place_that_no_listing_gave_out_is_refused() {
    let stack = stack::all().pop().unwrap();
    let (table, _) = stack.table().await;
    for after in ["", "x", "1#inv_1", "0000000000000001#inv_1"] {
        let page = PageRequest {
            limit: 1,
            after: Some(after.to_owned()),
        };
        let filter = InvocationFilter::default();
        let refused = table.invocations(&tenant(), &filter, &page).await;
        assert!(matches!(refused, Err(Error::Cursor { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_watermark_is_kept_for_each_sweep_and_shard() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let found = table.watermark("late", 2).await.unwrap();
        assert_eq!(found, Watermark::default());
        for after in [Some("000000000010 acme inv_1".to_owned()), None] {
            let watermark = Watermark {
                since: "2026-01-01T00:00:00.5Z".parse().unwrap(),
                after,
            };
            table.put_watermark("late", 2, &watermark).await.unwrap();
            assert_eq!(table.watermark("late", 2).await.unwrap(), watermark);
        }
        for (sweep, shard) in [("late", 1), ("other", 2)] {
            let found = table.watermark(sweep, shard).await.unwrap();
            assert_eq!(found, Watermark::default(), "{}", stack.name);
        }
    }
}
