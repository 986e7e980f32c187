use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tdev_aws::{DUE_SHARDS, Due, PageRequest, RunFilter, RunSummary, Table, Watermark};
use tdev_domain::{
    Compensation, Joined, Place, Run, RunId, RunState, RunStatus, StepError, StepErrorKind,
    StepRecord, StepState, StopCause, TenantId, Uncompensated,
};

use crate::fixtures::{awkward_example, large, tenant};
use crate::run_fixtures::{completed, moved, run, running};
use crate::stack::{self, assert_conflict};

fn error(message: &str) -> StepError {
    StepError::new(StepErrorKind::AgentFailed, message)
}

/// Every status, with `value` wherever one is.
fn statuses(value: &Value) -> [RunStatus; 6] {
    let because = StopCause::StepFailed {
        step: "fetch".parse().unwrap(),
        error: error(&value.to_string()),
    };
    let uncompensated = vec![Uncompensated {
        step: "book".parse().unwrap(),
        error: error(&value.to_string()),
    }];
    [
        RunStatus::Running,
        RunStatus::Stopping {
            because: because.clone(),
        },
        RunStatus::Compensating {
            because: StopCause::Cancelled,
            order: (0..3_000).collect(),
        },
        RunStatus::Completed {
            output: value.clone(),
        },
        RunStatus::Failed {
            because,
            uncompensated: uncompensated.clone(),
        },
        RunStatus::Cancelled { uncompensated },
    ]
}

/// Every state, with `value` wherever one is.
fn states(value: &Value) -> Vec<StepState> {
    let until = Timestamp::now();
    vec![
        StepState::Pending,
        StepState::Running,
        StepState::Paused { until },
        StepState::Waiting { until },
        StepState::AwaitingApproval {
            message: value.to_string(),
            until,
        },
        StepState::Completed {
            output: value.clone(),
            cached: true,
        },
        StepState::Failed {
            error: error(&value.to_string()),
        },
        StepState::Skipped {
            reason: value.to_string(),
        },
        StepState::Cancelled,
    ]
}

#[tokio::test]
async fn a_run_comes_back_as_it_was() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, stranger): (_, TenantId) = (tenant(), "stranger".parse().unwrap());
        for value in [json!(null), awkward_example().input, large(250_000)] {
            let mut current = run("nightly", value.clone());
            assert_eq!(table.run(&objects, &acme, &current.id).await.unwrap(), None);
            assert_eq!(table.run_state(&acme, &current.id).await.unwrap(), None);
            table.put_run(&objects, &current).await.unwrap();
            for status in statuses(&value) {
                current = moved(&current, status);
                table.put_run(&objects, &current).await.unwrap();
                // Another process knows nothing of what this one has stored.
                let found = table.run(&objects, &acme, &current.id).await.unwrap();
                assert!(found.as_ref() == Some(&current), "{}", stack.name);
                let state = table.run_state(&acme, &current.id).await.unwrap();
                assert_eq!(state, Some(current.status.state()), "{}", stack.name);
            }
            let other = table.run(&objects, &stranger, &current.id).await;
            assert_eq!(other.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn records_are_written_on_condition_of_what_was_read() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, now) = (tenant(), Timestamp::now());
        let first = run("nightly", json!({}));
        let other = |of: &Run| Run {
            deadline: of.deadline + 1.second(),
            ..of.clone()
        };
        table.put_run(&objects, &first).await.unwrap();
        assert_conflict(&table.put_run(&objects, &other(&first)).await);
        let next = moved(&first, RunStatus::Running);
        table.put_run(&objects, &next).await.unwrap();
        assert_conflict(&table.put_run(&objects, &other(&next)).await);
        // To write the same again is no conflict: its answer may have been lost.
        table.put_run(&objects, &next).await.unwrap();

        let id = &first.id;
        let begun = running(Place::step(1));
        let put = async |step: &StepRecord| table.put_step(&objects, &acme, id, step, now).await;
        put(&begun).await.unwrap();
        assert_conflict(&put(&running(Place::step(1))).await);
        let done = completed(&begun, json!(1));
        put(&done).await.unwrap();
        assert_conflict(&put(&completed(&begun, json!(2))).await);
        put(&done).await.unwrap();
        let found = table.steps(&objects, &acme, id, &[Place::step(1)]).await;
        assert_eq!(found.unwrap(), [done], "{}", stack.name);
    }
}

#[tokio::test]
async fn steps_come_back_as_they_were() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, now, id) = (tenant(), Timestamp::now(), RunId::generate());
        let mut written = Vec::new();
        for value in [json!(null), awkward_example().input, large(20_000)] {
            for state in states(&value) {
                let number = u32::try_from(written.len()).unwrap();
                let mut step = running(Place::step(number));
                step.state = state;
                step.tries[0].error = Some(error(&value.to_string()));
                step.compensation = Some(Compensation::Failed {
                    error: error(&value.to_string()),
                });
                let put = table.put_step(&objects, &acme, &id, &step, now).await;
                put.unwrap();
                written.push(step);
            }
        }
        let all = table.all_steps(&objects, &acme, &id).await.unwrap();
        assert!(all == written, "{}", stack.name);
        // Of what was asked for, what is there; each once.
        let places = [3, 99, 0, 3].map(Place::step);
        let some = table.steps(&objects, &acme, &id, &places).await.unwrap();
        let expected = [written[0].clone(), written[3].clone()];
        assert!(some == expected, "{}", stack.name);
        let none = table.steps(&objects, &acme, &id, &[]).await.unwrap();
        assert!(none.is_empty());
        let elsewhere = table.all_steps(&objects, &acme, &RunId::generate()).await;
        assert!(elsewhere.unwrap().is_empty());
    }
}

#[tokio::test]
async fn more_are_read_than_a_request_may_ask_for() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, now, id) = (tenant(), Timestamp::now(), RunId::generate());
        let places: Vec<_> = (0..250).map(Place::step).collect();
        for place in &places {
            let step = running(*place);
            let put = table.put_step(&objects, &acme, &id, &step, now).await;
            put.unwrap();
        }
        let steps = table.steps(&objects, &acme, &id, &places).await.unwrap();
        let found: Vec<_> = steps.iter().map(|step| step.place).collect();
        assert_eq!(found, places, "{}", stack.name);
        let all = table.all_steps(&objects, &acme, &id).await.unwrap();
        assert_eq!(all, steps, "{}", stack.name);
    }
}

#[tokio::test]
async fn items_of_a_map_are_no_steps() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, now, id) = (tenant(), Timestamp::now(), RunId::generate());
        let step = Place::step(1);
        let items = [0, 2, 11].map(|item| Place::item(1, item));
        for place in [items[2], step, items[0], Place::item(11, 0), items[1]] {
            let record = running(place);
            let put = table.put_step(&objects, &acme, &id, &record, now).await;
            put.unwrap();
        }
        let places = |records: Vec<StepRecord>| -> Vec<Place> {
            records.into_iter().map(|record| record.place).collect()
        };
        let all = table.all_steps(&objects, &acme, &id).await.unwrap();
        assert_eq!(places(all), [step], "{}", stack.name);
        let of_step = table.items_of_step(&objects, &acme, &id, 1).await;
        assert_eq!(places(of_step.unwrap()), items, "{}", stack.name);
        let mixed = [items[1], step];
        let some = table.steps(&objects, &acme, &id, &mixed).await.unwrap();
        assert_eq!(places(some), [step, items[1]], "{}", stack.name);
    }
}

#[tokio::test]
async fn who_comes_twice_has_come_once_and_what_is_missed_stays_so() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let (acme, id) = (tenant(), RunId::generate());
        let come = async |meeting: &str, member, missed| {
            let now = Timestamp::now();
            let come = table.come(&acme, &id, meeting, (member, missed), now).await;
            come.unwrap()
        };
        let joined = |over, missed| Joined { over, missed };
        let meeting = "0#12#deps";
        assert_eq!(come(meeting, 7, false).await, joined(1, false));
        assert_eq!(come(meeting, 7, false).await, joined(1, false));
        assert_eq!(come(meeting, 0, true).await, joined(2, true));
        assert_eq!(come(meeting, 9_999, false).await, joined(3, true));
        assert_eq!(come(meeting, 0, false).await, joined(3, true));
        assert_eq!(come("1#12#deps", 7, false).await, joined(1, false));
    }
}

#[tokio::test]
async fn all_but_one_find_others_missing_who_come_at_once() {
    for stack in stack::atomic() {
        let (table, _) = stack.table().await;
        let (acme, id, now) = (tenant(), RunId::generate(), Timestamp::now());
        let come = |member| {
            let (table, acme, id) = (table.clone(), acme.clone(), id.clone());
            tokio::spawn(async move {
                let come = table.come(&acme, &id, "0#1#deps", (member, false), now);
                come.await.unwrap().over
            })
        };
        let all: Vec<_> = (0..20).map(come).collect();
        let mut found = Vec::new();
        for one in all {
            found.push(one.await.unwrap());
        }
        found.sort_unstable();
        assert!(found.into_iter().eq(1..=20), "{}", stack.name);
    }
}

/// What is on the agenda until then, in all shards, read in pages of two.
async fn due(table: &Table, until: Timestamp) -> Vec<Due> {
    let mut found = Vec::new();
    for shard in 0..DUE_SHARDS {
        let mut watermark = Watermark::default();
        loop {
            let page = table.due(shard, &watermark, until, 2).await.unwrap();
            found.extend(page.items);
            watermark.after = page.next;
            if watermark.after.is_none() {
                break;
            }
        }
    }
    found
}

#[tokio::test]
async fn runs_and_steps_are_on_the_agenda_while_they_are_due() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let (acme, now) = (tenant(), Timestamp::now());
        let current = run("nightly", json!({}));
        let id = &current.id;
        table.put_run(&objects, &current).await.unwrap();
        let places: Vec<_> = (0..6).map(Place::step).collect();
        let places = [places, vec![Place::item(3, 0)]].concat();
        let steps: Vec<_> = places.iter().map(|place| running(*place)).collect();
        for step in &steps {
            let put = table.put_step(&objects, &acme, id, step, now).await;
            put.unwrap();
        }
        // They are rounded up to tens of seconds.
        assert_eq!(due(&table, now + 59.seconds()).await, [], "{}", stack.name);
        let later = now + 10.minutes();
        let found = due(&table, later).await;
        assert_eq!(found.len(), 1 + steps.len(), "{}", stack.name);
        let whole = Due::Run {
            tenant: acme.clone(),
            run: id.clone(),
        };
        assert!(found.contains(&whole), "{}", stack.name);
        for place in places {
            let step = Due::Step {
                tenant: acme.clone(),
                run: id.clone(),
                place,
            };
            assert!(found.contains(&step), "{place} on {}", stack.name);
        }
        for step in &steps[1..] {
            let done = completed(step, json!(1));
            let put = table.put_step(&objects, &acme, id, &done, now).await;
            put.unwrap();
        }
        let ended = moved(&current, RunStatus::Completed { output: json!(1) });
        table.put_run(&objects, &ended).await.unwrap();
        let left = Due::Step {
            tenant: acme.clone(),
            run: id.clone(),
            place: steps[0].place,
        };
        assert_eq!(due(&table, later).await, [left], "{}", stack.name);
    }
}

#[tokio::test]
async fn runs_are_listed_from_the_newest_by_workflow_and_by_state() {
    for stack in stack::all() {
        let ((table, _), objects) = (stack.table().await, stack.objects().await);
        let mut runs = Vec::new();
        for (number, workflow) in ["a", "b", "a", "b", "a"].into_iter().enumerate() {
            let mut current = run(workflow, json!({}));
            current.created_at += i64::try_from(number).unwrap().nanoseconds();
            table.put_run(&objects, &current).await.unwrap();
            if number < 2 {
                current = moved(&current, RunStatus::Completed { output: json!(1) });
                table.put_run(&objects, &current).await.unwrap();
            }
            runs.push(current);
        }
        runs.reverse();
        let list = async |workflow: Option<&str>, status| {
            let filter = RunFilter {
                workflow: workflow.map(|name| name.parse().unwrap()),
                status,
            };
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let page = PageRequest { limit: 2, after };
                let found = table.runs(&tenant(), &filter, &page).await.unwrap();
                assert!(found.items.len() <= 2);
                listed.extend(found.items);
                after = found.next;
                if after.is_none() {
                    return listed;
                }
            }
        };
        let all = list(None, None).await;
        let expected = runs.iter().map(|run| RunSummary {
            id: run.id.clone(),
            workflow: run.workflow.clone(),
            version: run.version,
            status: run.status.state(),
            parent: run.parent.clone(),
            created_at: run.created_at,
            ended_at: run.status.state().is_final().then_some(run.updated_at),
        });
        assert_eq!(all, expected.collect::<Vec<_>>(), "{}", stack.name);
        let ids = |listed: Vec<RunSummary>| -> Vec<RunId> {
            listed.into_iter().map(|run| run.id).collect()
        };
        let of = |places: &[usize]| -> Vec<RunId> {
            places.iter().map(|place| runs[*place].id.clone()).collect()
        };
        let of_a = ids(list(Some("a"), None).await);
        assert_eq!(of_a, of(&[0, 2, 4]), "{}", stack.name);
        let done = ids(list(None, Some(RunState::Completed)).await);
        assert_eq!(done, of(&[3, 4]), "{}", stack.name);
        let both = ids(list(Some("a"), Some(RunState::Completed)).await);
        assert_eq!(both, of(&[4]), "{}", stack.name);

        let malformed = PageRequest {
            limit: 2,
            after: Some("x".to_owned()),
        };
        let (acme, all) = (tenant(), RunFilter::default());
        let refused = table.runs(&acme, &all, &malformed).await;
        assert!(refused.is_err(), "{}", stack.name);
    }
}
