use jiff::{Timestamp, ToSpan};
use serde_json::json;
use tdev_aws::{PageRequest, Table};
use tdev_domain::breaker::BreakerPolicy;
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::{Failure, GivenUp, RetryPolicy};
use tdev_domain::{
    AgentLoad, ArtifactDigest, AttemptFailure, InvocationId, Lesson, LessonOrigin, Rejection,
    Routed, RouterModel, RouterPointer, Routing, Task, TaskDraft, TaskId, TaskState, TenantId,
    Verdict, VersionNumber,
};

use crate::fixtures::tenant;
use crate::stack::{self, assert_conflict};

fn draft(priority: u64) -> TaskDraft {
    TaskDraft {
        tenant: tenant(),
        text: "will it rain".to_owned(),
        input: json!({"exact": [1.0, 1e200, -0.0, u64::MAX], "": "ü"}),
        capability: None,
        priority: Priority::try_from(priority).unwrap(),
        deadline: None,
        retry: RetryPolicy::default(),
    }
}

fn page(limit: u32, after: Option<String>) -> PageRequest {
    PageRequest { limit, after }
}

async fn admit(table: &Table, priority: u64) -> Task {
    let (share, draft) = (FairShare::default(), draft(priority));
    let admitted = table.admit_task(&draft, &share, Timestamp::now()).await;
    admitted.unwrap()
}

fn started(task: &Task) -> Task {
    let routed = Routed {
        agent: "weather".parse().unwrap(),
        version: VersionNumber::FIRST,
        invocation: InvocationId::generate(),
    };
    task.started(routed, json!({"chosen": "weather"}), Timestamp::now())
        .unwrap()
}

/// The ids of the queue, read in pages of two.
async fn queue(table: &Table) -> Vec<TaskId> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let found = table.queued_tasks(&page(2, after)).await.unwrap();
        ids.extend(found.items.into_iter().map(|task| task.id));
        after = found.next;
        if after.is_none() {
            return ids;
        }
    }
}

#[tokio::test]
async fn tasks_are_numbered_and_queued_by_their_places() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let mut tasks = Vec::new();
        for priority in [1, 10, 5, 7, 2] {
            tasks.push(admit(&table, priority).await);
        }
        let turns: Vec<u64> = tasks.iter().map(|task| task.turn).collect();
        assert_eq!(turns, [0, 1, 2, 3, 4], "{}", stack.name);
        let stored = table.task(&tenant(), &tasks[0].id).await.unwrap();
        assert_eq!(stored.as_ref(), Some(&tasks[0]), "{}", stack.name);
        let stranger: TenantId = "stranger".parse().unwrap();
        let other = table.task(&stranger, &tasks[0].id).await.unwrap();
        assert_eq!(other, None);

        tasks.sort_by_key(|task| task.virtual_deadline);
        let ids: Vec<_> = tasks.iter().map(|task| task.id.clone()).collect();
        assert_eq!(queue(&table).await, ids, "{}", stack.name);
        table.write_task(&started(&tasks[0])).await.unwrap();
        assert_eq!(queue(&table).await, ids[1..], "{}", stack.name);
    }
}

#[tokio::test]
async fn what_waits_is_found_when_it_is_due() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let running = started(&admit(&table, 5).await);
        table.write_task(&running).await.unwrap();
        let task = admit(&table, 5).await;
        let waiting = task.put_off(json!({}), Timestamp::now()).unwrap();
        table.write_task(&waiting).await.unwrap();
        let due = async |at: Timestamp| {
            let found = table.due_tasks(at, &page(10, None)).await.unwrap();
            let ids = found.items.into_iter().map(|task| task.id);
            ids.collect::<Vec<_>>()
        };
        assert_eq!(due(Timestamp::now()).await, [], "{}", stack.name);
        let later = waiting.due_at.unwrap() + 1.second();
        assert_eq!(due(later).await, [waiting.id], "{}", stack.name);
    }
}

#[tokio::test]
async fn a_load_is_written_on_condition_of_what_was_read() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let policy = BreakerPolicy::default();
        let agent = "weather".parse().unwrap();
        let idle = table.agent_load(&tenant(), &agent).await.unwrap();
        assert_eq!(idle, AgentLoad::idle(tenant(), agent.clone()));
        let mut load = idle;
        for _ in 0..3 {
            let run = InvocationId::generate();
            let next = AgentLoad {
                revision: load.revision + 1,
                ..load.started(&run, &policy, Timestamp::now())
            };
            table.put_agent_load(&next).await.unwrap();
            // Another one, on the same condition.
            let other = AgentLoad {
                revision: load.revision + 1,
                ..load.started(&InvocationId::generate(), &policy, Timestamp::now())
            };
            assert_conflict(&table.put_agent_load(&other).await);
            load = next;
        }
        assert_eq!(load.tasks(), 3);
        let stored = table.agent_load(&tenant(), &agent).await.unwrap();
        assert_eq!(stored, load, "{}", stack.name);
        let loads = table.agent_loads(&tenant()).await.unwrap();
        assert_eq!(loads, [load], "{}", stack.name);
    }
}

#[tokio::test]
async fn places_are_reserved_for_several_tasks_at_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let share = FairShare::default();
        let mut turns = Vec::new();
        for more in [1, 0] {
            let now = Timestamp::now();
            let reserved = table.reserve_arrivals(&tenant(), &share, more, now).await;
            let (place, mut block) = reserved.unwrap();
            let mut next = Some(place);
            while let Some(place) = next {
                turns.push(draft(5).admit(TaskId::generate(), place, now).turn);
                next = block.take(now);
            }
        }
        turns.push(admit(&table, 5).await.turn);
        assert_eq!(turns, [0, 1, 2, 3], "{}", stack.name);
    }
}

#[tokio::test]
async fn a_task_that_is_given_up_is_a_dead_letter_until_it_is_redriven() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let running = started(&admit(&table, 5).await);
        table.write_task(&running).await.unwrap();
        let failure = AttemptFailure {
            failure: Failure::Platform(tdev_domain::ErrorName::Denied),
            message: "why".to_owned(),
        };
        let failed = running.attempt_failed(failure, Timestamp::now()).unwrap();
        table.write_task(&failed).await.unwrap();
        let letters = async || {
            let found = table.dead_letters(&tenant(), &page(10, None)).await;
            found.unwrap().items
        };
        let found = letters().await;
        assert_eq!(found.len(), 1, "{}", stack.name);
        assert_eq!(found[0].reason, GivenUp::Permanent);
        let redrive = async || {
            let (share, now) = (FairShare::default(), Timestamp::now());
            let redriven = table.redrive_task(&tenant(), &failed.id, &share, now).await;
            redriven.unwrap()
        };
        let queued = redrive().await.expect("it has failed");
        assert_eq!(queued.status.state(), TaskState::Queued);
        assert_eq!(letters().await, [], "{}", stack.name);
        let queued = queue(&table).await;
        assert_eq!(queued, std::slice::from_ref(&failed.id), "{}", stack.name);
        assert_eq!(redrive().await, None, "{}", stack.name);
    }
}

#[tokio::test]
async fn tasks_are_listed_from_the_newest_and_by_where_they_stand() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let mut ids = Vec::new();
        for n in 0..5 {
            let task = admit(&table, 5).await;
            if n % 2 == 0 {
                let now = Timestamp::now();
                let rejected = task.turned_away(Rejection::NoneFits, json!({}), now);
                let written = table.write_task(&rejected.unwrap()).await;
                written.unwrap();
            }
            ids.push(task.id);
        }
        let list = async |state: Option<TaskState>| {
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let found = table
                    .tasks(&tenant(), state, &page(2, after))
                    .await
                    .unwrap();
                listed.extend(found.items.into_iter().map(|task| task.id));
                after = found.next;
                if after.is_none() {
                    return listed;
                }
            }
        };
        ids.reverse();
        assert_eq!(list(None).await, ids, "{}", stack.name);
        let queued = list(Some(TaskState::Queued)).await;
        assert_eq!(queued, [ids[1].clone(), ids[3].clone()], "{}", stack.name);
    }
}

#[tokio::test]
async fn a_pointer_and_a_policy_are_moved_by_one_writer_at_a_time() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let model = |version| RouterModel {
            version,
            sha256: ArtifactDigest::of(b"model"),
            inputs: ArtifactDigest::of(b"inputs"),
            examples: 3,
            trained_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(table.router(&tenant()).await.unwrap(), None);
        let first = RouterPointer::trained(tenant(), None, model(1));
        table.move_router(&first).await.unwrap();
        let second = RouterPointer::trained(tenant(), Some(&first), model(2));
        table.move_router(&second).await.unwrap();
        let rival = first.rolled_back(1).unwrap();
        assert_conflict(&table.move_router(&rival).await);
        let stored = table.router(&tenant()).await.unwrap();
        assert_eq!(stored, Some(second), "{}", stack.name);

        let default: Routing<Vec<String>> = table.routing(&tenant()).await.unwrap();
        assert_eq!(default, Routing::default());
        let share = FairShare::per_second(0.5, 3).unwrap();
        let policy = vec!["a".to_owned()];
        let next = default.revised(policy, share, BreakerPolicy::default());
        table.put_routing(&tenant(), &next).await.unwrap();
        let rival = Routing {
            policy: vec!["b".to_owned()],
            ..next.clone()
        };
        assert_conflict(&table.put_routing(&tenant(), &rival).await);
        let stored = table.routing(&tenant()).await.unwrap();
        assert_eq!(next, stored, "{}", stack.name);
    }
}

#[tokio::test]
async fn the_newest_lessons_are_kept_and_a_clients_word_is_final() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let now = Timestamp::now();
        let lesson = |text: &str, origin, at| Lesson {
            tenant: tenant(),
            task: TaskId::generate(),
            text: text.to_owned(),
            verdict: Verdict::ForNone,
            origin,
            at,
        };
        let outcome = lesson("a", LessonOrigin::Outcome, now);
        let feedback = Lesson {
            text: "b".to_owned(),
            origin: LessonOrigin::Feedback,
            ..outcome.clone()
        };
        let expired = lesson("c", LessonOrigin::Outcome, now - 2_400.hours());
        let newest = lesson("d", LessonOrigin::Outcome, now);
        for lesson in [&outcome, &feedback, &outcome, &expired, &newest] {
            table.put_lesson(lesson).await.unwrap();
        }
        let texts = async |most| {
            let lessons = table.lessons(&tenant(), most, now).await.unwrap();
            lessons.into_iter().map(|l| l.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(10).await, ["b", "d"], "{}", stack.name);
        assert_eq!(texts(1).await, ["d"], "{}", stack.name);
    }
}
