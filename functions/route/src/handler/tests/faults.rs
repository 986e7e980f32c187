//! Workers that are lost, and workers that are at the same tasks, between any two requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tdev_domain::breaker::BreakerPolicy;
use tdev_domain::{Cancelling, InvocationId};
use tdev_invocation::Journal;
use tdev_testing::Response;

use super::*;

/// How many requests a batch of these tests makes at the very most.
const REQUESTS: usize = 200;

fn batch_of(messages: &[TaskMessage]) -> Event {
    let record = |message| {
        let body = serde_json::to_string(message).unwrap();
        json!({"messageId": "m", "body": body})
    };
    let records: Vec<_> = messages.iter().map(record).collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

/// Delivers messages as one batch.
async fn deliver_all(deps: &Deps, messages: &[TaskMessage]) {
    Box::pin(handle(deps, batch_of(messages))).await.unwrap();
}

/// Another worker delivers the messages, to the end, in a thread of its own.
fn elsewhere(aws: &FakeAws, work: impl AsyncFnOnce(Deps) + Send + 'static) {
    let aws = aws.clone();
    let worker = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work(deps(&aws)));
    });
    worker.join().unwrap();
}

/// Two agents; one task that the first has done, and two that are queued. Every task goes to the
/// agent that the policy pins.
struct Stage {
    world: World,
    tasks: Vec<Task>,
    messages: Vec<TaskMessage>,
}

fn pin(agent: &str) -> Value {
    json!({"rules": [{"id": "all", "then": {"pin": agent}}]})
}

impl Stage {
    async fn set() -> Self {
        let world = World::empty();
        for agent in ["weather", "music"] {
            world.admit(agent, None).await;
        }
        world.set_policy(pin("weather")).await;
        let first = world.route(&draft(RAIN)).await;
        world.end_run(&first, done()).await;
        let mut tasks = vec![first];
        for _ in 0..2 {
            tasks.push(world.submit(&draft(RAIN)).await);
        }
        let messages = vec![permit(&tasks[1]), ended(&tasks[0]), permit(&tasks[2])];
        Self {
            world,
            tasks,
            messages,
        }
    }

    /// Delivers the batch. Before the `k`-th request `disturb` is done, once; whether there were
    /// as many.
    async fn disturbed(
        &self,
        k: usize,
        disturb: impl Fn(&FakeAws) -> Option<Response> + Send + Sync + 'static,
    ) -> bool {
        let count = Arc::new(AtomicUsize::new(0));
        let (counted, aws) = (Arc::clone(&count), self.world.aws.clone());
        self.world.aws.intercept(move |_| {
            // What is done meanwhile is shown, too, and counts on from there.
            (counted.fetch_add(1, Ordering::Relaxed) == k)
                .then(|| disturb(&aws))
                .flatten()
        });
        deliver_all(&self.world.deps, &self.messages).await;
        self.world.aws.let_pass();
        count.load(Ordering::Relaxed) > k
    }

    /// Delivers what is missing, as the queue does again and the keeper, until everything has
    /// ended; then checks that each task was done once, by one agent, and counted once.
    async fn wind_up(&self, k: usize, done_by_all: u32) {
        let world = &self.world;
        deliver_all(&world.deps, &self.messages).await;
        for task in &self.tasks {
            for _ in 0..3 {
                let found = world.task(&task.id).await;
                match state(&found) {
                    TaskState::Queued => deliver_all(&world.deps, &[permit(&found)]).await,
                    TaskState::Running => {
                        if !world.run_of(&found).await.status.is_final() {
                            world.end_run(&found, done()).await;
                        }
                        deliver_all(&world.deps, &[ended(&found)]).await;
                    }
                    _ => break,
                }
            }
        }
        deliver_all(&world.deps, &self.messages).await;
        for task in &self.tasks {
            let found = world.task(&task.id).await;
            if state(&found) == TaskState::Cancelled {
                continue;
            }
            assert_eq!(state(&found), TaskState::Completed, "{k}: {found:?}");
            assert_eq!(found.attempts.len(), 1, "{k}: {found:?}");
            let journal = world.deps.journals.of(&tenant());
            let run = journal.load(&found.attempts[0].invocation).await.unwrap();
            let run = run.unwrap();
            assert_eq!(run.callee.agent, found.attempts[0].agent, "{k}");
            assert_eq!(run.task.as_ref(), Some(&found.id), "{k}");
        }
        let loads = [world.load("weather").await, world.load("music").await];
        let sum = |part: fn(&AgentLoad) -> u32| loads.iter().map(part).sum::<u32>();
        let counted = (
            sum(AgentLoad::tasks),
            sum(|l| l.succeeded),
            sum(|l| l.failed),
        );
        assert_eq!(counted, (0, done_by_all, 0), "{k}: {loads:#?}");
    }
}

#[tokio::test]
async fn a_worker_that_is_lost_before_any_request_costs_no_task_and_no_count() {
    for k in 0..REQUESTS {
        let stage = Stage::set().await;
        let world = &stage.world;
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        // Whatever it asks for from then on is not heard.
        world.aws.intercept(move |_| {
            let is_lost = counted.fetch_add(1, Ordering::Relaxed) >= k;
            is_lost.then(|| Response::error(503, "ServiceUnavailable", "it is lost"))
        });
        deliver_all(&world.deps, &stage.messages).await;
        world.aws.let_pass();
        stage.wind_up(k, 3).await;
        if count.load(Ordering::Relaxed) <= k {
            return;
        }
    }
    panic!("it asks and asks");
}

#[tokio::test]
async fn two_workers_at_the_same_tasks_start_each_once_wherever_they_meet() {
    for k in 0..REQUESTS {
        let stage = Stage::set().await;
        let messages = stage.messages.clone();
        let met = stage
            .disturbed(k, move |aws| {
                let messages = messages.clone();
                elsewhere(aws, async move |deps| deliver_all(&deps, &messages).await);
                None
            })
            .await;
        stage.wind_up(k, 3).await;
        if !met {
            return;
        }
    }
    panic!("it asks and asks");
}

#[tokio::test]
async fn workers_that_decide_otherwise_give_a_task_to_one_agent_wherever_they_meet() {
    for k in 0..REQUESTS {
        let stage = Stage::set().await;
        let messages = stage.messages.clone();
        let met = stage
            .disturbed(k, move |aws| {
                let messages = messages.clone();
                elsewhere(aws, async move |deps| {
                    let current: Routing<Policy> = deps.table.routing(&tenant()).await.unwrap();
                    let policy = serde_json::from_value(pin("music")).unwrap();
                    let next = current.revised(policy, current.fair_share, current.breaker);
                    deps.table.put_routing(&tenant(), &next).await.unwrap();
                    deliver_all(&deps, &messages).await;
                });
                None
            })
            .await;
        stage.wind_up(k, 3).await;
        if !met {
            return;
        }
    }
    panic!("it asks and asks");
}

/// Calls a task off as the gateway does.
async fn call_off(deps: &Deps, id: &TaskId) {
    let (task, run) = loop {
        let found = deps.table.task(&tenant(), id).await.unwrap().unwrap();
        let (next, run) = match found.cancel(Timestamp::now()) {
            Cancelling::Ended => return,
            Cancelling::Cancelled(next) => {
                let run = InvocationId::attempted_by(&next.next_attempt());
                (*next, run)
            }
            Cancelling::Requested(next, run) => (*next, run),
        };
        if deps.table.write_task(&next).await.is_ok() {
            break (next, run);
        }
    };
    let journal = deps.journals.of(&task.tenant);
    let called_off = tdev_invocation::cancel(&run, &journal, Timestamp::now()).await;
    called_off.unwrap();
    deliver_all(deps, &[ended(&task)]).await;
}

#[tokio::test]
async fn a_task_that_is_called_off_while_it_is_given_is_not_done() {
    for k in 0..REQUESTS {
        let stage = Stage::set().await;
        let id = stage.tasks[1].id.clone();
        let met = stage
            .disturbed(k, move |aws| {
                let id = id.clone();
                elsewhere(aws, async move |deps| call_off(&deps, &id).await);
                None
            })
            .await;
        if met {
            let task = stage.world.task(&stage.tasks[1].id).await;
            let run = match task.attempts.last() {
                Some(attempt) => attempt.invocation.clone(),
                None => InvocationId::attempted_by(&task.next_attempt()),
            };
            let journal = stage.world.deps.journals.of(&tenant());
            let run = journal.load(&run).await.unwrap();
            assert!(run.is_none_or(|run| run.status.is_final()), "{k}: {task:?}");
            stage.wind_up(k, 2).await;
            assert_eq!(
                state(&stage.world.task(&task.id).await),
                TaskState::Cancelled
            );
        } else {
            stage.wind_up(k, 3).await;
            return;
        }
    }
    panic!("it asks and asks");
}

#[tokio::test]
async fn a_run_that_was_counted_and_never_started_frees_its_place_in_the_end() {
    let world = World::empty();
    world.admit("weather", None).await;
    let directed = TaskDraft {
        capability: Some("do.weather".parse().unwrap()),
        ..draft("")
    };
    let mut policy = pin("weather");
    policy["capacity"] = json!(1);
    world.set_policy(policy).await;
    let idle = world.load("weather").await;
    let lost = InvocationId::generate();
    let busy = AgentLoad {
        revision: 1,
        ..idle.started(&lost, &BreakerPolicy::default(), Timestamp::now())
    };
    world.deps.table.put_agent_load(&busy).await.unwrap();
    let task = world.route(&directed).await;
    assert_eq!(state(&task), TaskState::Waiting);
    let missed = world.load("weather").await;
    let since = missed.missing.as_ref().map(|missing| &missing.invocation);
    assert_eq!((since, missed.tasks()), (Some(&lost), 1));

    // It has been missed for long.
    let mut old = AgentLoad {
        revision: missed.revision + 1,
        ..missed
    };
    old.missing.as_mut().unwrap().since = Timestamp::now() - 1.hour();
    world.deps.table.put_agent_load(&old).await.unwrap();
    let mut task = task;
    for _ in 0..2 {
        task = world.pass(&task).await;
        let retry = TaskMessage::Retry {
            tenant: tenant(),
            task: task.id.clone(),
        };
        deliver(&world.deps, &retry).await;
        task = world.task(&task.id).await;
    }
    assert_eq!(state(&task), TaskState::Running);
    let load = world.load("weather").await;
    assert_eq!((load.tasks(), load.missing), (1, None));
}
