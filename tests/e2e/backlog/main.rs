//! Many tasks wait, and workers take them: in which order, each how often, and at what cost.
//!
//! The workers are processes of the function's own binary, each given messages of its queue one
//! delivery at a time. They speak to the local AWS through a proxy that counts their calls and
//! knows in which order tasks became `running`. Tasks are placed as the gateway places them: by
//! reserving places of the tenant's share, then writing the records, [`backlog::AT_ONCE`] at a
//! time. Nine in ten are of one tenant, which floods the queue with critical ones.
//!
//! `TDEV_WAITING` says how many tasks wait; in the suite they are few.

#![allow(clippy::panic, reason = "a test fails by panicking")]

mod backlog;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tdev_domain::order::Priority;
use tdev_domain::{Task, TaskId};
use tdev_tests::process::{Heard, Worker};

use backlog::Backlog;
use watch::{Bill, Watch};

/// How many tasks wait in the suite.
const WAITING: usize = 400;
/// How many wait where few do, for comparison.
const FEW: usize = 100;
/// How many permits come alone.
const ALONE: usize = 20;
/// How many permits are in a full delivery.
const BATCH: usize = 10;
/// How many full deliveries one worker gets after those.
const BATCHES: usize = 5;
/// How many workers take tasks side by side then.
const WORKERS: usize = 4;
/// How many full deliveries each of them gets: where few wait, and where many do.
const ROUNDS: (usize, usize) = (2, 6);
/// How often a message is delivered at most.
const RECEIVES: usize = 4;

#[test]
fn however_many_wait_each_is_taken_once_in_order_and_at_the_same_cost() -> Result<()> {
    let waiting = match env::var("TDEV_WAITING") {
        Ok(number) => number.parse().context("TDEV_WAITING is no number")?,
        Err(_) => WAITING,
    };
    let rounds = (waiting / 1_000).clamp(ROUNDS.0, ROUNDS.1);
    let taken = ALONE + BATCH * (BATCHES + WORKERS * rounds);
    ensure!(waiting >= taken + BATCH, "{waiting} are too few");

    let few = Backlog::place(FEW)?;
    let (few_taken, of_few) = one_by_one(&few)?;
    few.check_left(&few_taken)?;
    let many = Backlog::place(waiting)?;
    let ahead = flood(&many)?;
    let (mut taken, of_many) = one_by_one(&many)?;
    ensure!(of_few == of_many, "{of_few:#?} became {of_many:#?}");
    let crowd = side_by_side(&many, &mut taken, rounds)?;
    many.check_left(&taken)?;

    eprintln!("{waiting} tasks wait, {} of one tenant.", many.flood());
    eprintln!("\nOf these, ahead of a task of another tenant with");
    eprintln!("{:<24} {:>8} {:>8}", "", "at most", "bound");
    for (priority, (ahead, bound)) in ahead.iter().rev() {
        eprintln!("priority {:<15} {ahead:>8} {bound:>8}", priority.get());
    }
    let number = taken.len();
    let Crowd {
        early,
        refused,
        came_again,
    } = crowd;
    let by_one = ALONE + BATCH * BATCHES;
    eprintln!(
        "\nThe first {number} were taken, each once: {by_one} by one worker, in exact order,"
    );
    eprintln!(
        "the others by {WORKERS} at once, each while {early} before it still waited at most."
    );
    eprintln!(
        "Of those workers' writes {refused} found that another was first, and {came_again} of"
    );
    eprintln!("their messages came again.");
    report(waiting, &of_few, &of_many);
    Ok(())
}

/// What deliveries came to: of permits that come alone, and of full ones.
#[derive(Debug, PartialEq, Eq)]
struct Costs {
    alone: Bill,
    full: Bill,
}

/// Lets one worker take the first tasks. Returns them, with what a delivery cost; all of a kind
/// cost the same but for the agents' loads, which are read and written once for each agent.
fn one_by_one(backlog: &Backlog) -> Result<(Vec<TaskId>, Costs)> {
    let watch = Watch::default();
    let mut worker = backlog.worker("one", &watch)?;
    let mut taken = Vec::new();
    let mut costs = Vec::new();
    for (permits, deliveries) in [(1, ALONE), (BATCH, BATCHES)] {
        let mut bills = BTreeSet::new();
        for _ in 0..deliveries {
            let came_again = deliver(&mut worker, &permits_of(backlog, permits))?;
            ensure!(came_again == 0, "{came_again} came again, undisturbed");
            let seen = watch.collect();
            let now = seen.taken();
            let first = taken.len();
            let expected = &backlog.order[first..first + permits];
            let expected: Vec<_> = expected.iter().map(|task| task.id.clone()).collect();
            ensure!(now == expected, "{now:?} were taken before {expected:?}");
            let agents = backlog.senders(&now);
            taken.extend(now);
            bills.insert(seen.bill(agents)?);
        }
        let mut bills = bills.into_iter();
        let (Some(bill), None) = (bills.next(), bills.next()) else {
            bail!("deliveries of {permits} differ in their cost");
        };
        costs.push(bill);
    }
    let [alone, full] = <[Bill; 2]>::try_from(costs).unwrap_or_default();
    Ok((taken, Costs { alone, full }))
}

/// What came of workers side by side.
struct Crowd {
    /// How many were still waiting, at most, that were ahead of a task when it was taken.
    early: usize,
    /// How many writes found that another worker was first.
    refused: usize,
    /// How many messages came again.
    came_again: usize,
}

/// Lets several workers take what comes after `taken`, and adds it to that.
fn side_by_side(backlog: &Backlog, taken: &mut Vec<TaskId>, rounds: usize) -> Result<Crowd> {
    let watch = Watch::default();
    let workers = (0..WORKERS).map(|n| backlog.worker(&format!("crowd-{n}"), &watch));
    let workers: Vec<Worker> = workers.collect::<Result<_>>()?;
    let event = permits_of(backlog, BATCH);
    let done: Vec<Result<usize>> = thread::scope(|scope| {
        let started: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                let event = &event;
                scope.spawn(move || (0..rounds).map(|_| deliver(&mut worker, event)).sum())
            })
            .collect();
        let ended = started.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|ended| ended.unwrap_or_else(|_| bail!("a worker's thread panicked")))
            .collect()
    });
    let came_again = done.into_iter().sum::<Result<usize>>()?;

    let seen = watch.collect();
    let now = seen.taken();
    let first = taken.len();
    let expected = &backlog.order[first..first + WORKERS * rounds * BATCH];
    let places: BTreeMap<&TaskId, usize> = expected.iter().map(|task| &task.id).zip(0..).collect();
    let found: BTreeSet<_> = now.iter().collect();
    ensure!(found.len() == now.len(), "a task was taken twice");
    ensure!(
        found.iter().eq(places.keys()),
        "what was taken is not what was first"
    );
    let mut early = 0;
    let mut open: BTreeSet<usize> = places.values().copied().collect();
    for id in &now {
        let place = places[id];
        early = early.max(open.range(..place).count());
        open.remove(&place);
    }
    // Each worker has decided on as many as it has permits when it begins to write.
    let most = (WORKERS - 1) * BATCH;
    ensure!(early <= most, "{early} were passed over, of at most {most}");
    let runs = seen.put("INVOCATION");
    ensure!(runs == now.len(), "{runs} runs of {} tasks", now.len());
    taken.extend(now);
    let refused = seen.refused();
    Ok(Crowd {
        early,
        refused,
        came_again,
    })
}

/// By priority, how many tasks of the flood are ahead of another tenant's at most, and the bound
/// of that one.
fn flood(backlog: &Backlog) -> Result<BTreeMap<Priority, (usize, usize)>> {
    let mut most = BTreeMap::new();
    let mut ahead = 0;
    for task in &backlog.order {
        if backlog.is_of_flood(task) {
            ahead += 1;
            continue;
        }
        let bound = backlog.most_ahead(task);
        ensure!(
            ahead <= bound,
            "{ahead} before {} of at most {bound}",
            task.id
        );
        most.insert(task.priority, (ahead, bound));
    }
    // Else it shows nothing: what is not a part of the flood is no bound on it.
    let urgent = most.get(&Priority::CRITICAL).context("none is critical")?;
    ensure!(urgent.1 < backlog.flood(), "the flood is within its share");
    Ok(most)
}

/// So many permits, each sent for a task at the end of the queue: it is looked up, and the head
/// is taken all the same.
fn permits_of(backlog: &Backlog, number: usize) -> Value {
    let last: &[Task] = &backlog.order[backlog.order.len() - number..];
    let records = last.iter().enumerate().map(|(n, task)| {
        let permit = json!({"kind": "permit", "tenant": task.tenant, "task": task.id});
        json!({"messageId": format!("m{n}"), "body": permit.to_string(), "eventSource": "aws:sqs"})
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

/// Delivers an event, and those of its messages that are to come again once more, as the queue
/// does. Returns how many came again: where many change the load of one agent at once, a worker
/// gives up after a while.
fn deliver(worker: &mut Worker, event: &Value) -> Result<usize> {
    let mut records = event["Records"].as_array().cloned().unwrap_or_default();
    let mut came_again = 0;
    for _ in 0..RECEIVES {
        let answer = match worker.invoke(&json!({ "Records": records }))? {
            Heard::Answered(answer) => answer,
            other => bail!("{other:?}"),
        };
        let failures = answer["batchItemFailures"].as_array();
        let failures = failures.with_context(|| format!("no answer to a batch: {answer}"))?;
        let failed: BTreeSet<_> = failures
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str())
            .collect();
        records.retain(|record| failed.contains(&record["messageId"].as_str()));
        if records.is_empty() {
            return Ok(came_again);
        }
        came_again += records.len();
    }
    bail!("{} messages came {RECEIVES} times", records.len())
}

/// Prints what a delivery cost where few waited, and where many did.
fn report(waiting: usize, of_few: &Costs, of_many: &Costs) {
    eprintln!("\nCalls for a permit that comes alone, and for {BATCH} that come together, while");
    eprintln!("as many wait:");
    eprintln!("{:<24} {FEW:>8} {waiting:>8} {FEW:>8} {waiting:>8}", "");
    let bills = [&of_few.alone, &of_many.alone, &of_few.full, &of_many.full];
    let kinds: BTreeSet<_> = bills.iter().flat_map(|bill| bill.keys()).collect();
    for kind in kinds {
        let [a, b, c, d] = bills.map(|bill| bill.get(kind).copied().unwrap_or_default());
        eprintln!("{kind:<24} {a:>8} {b:>8} {c:>8} {d:>8}");
    }
}
