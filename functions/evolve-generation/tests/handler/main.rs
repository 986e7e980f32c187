//! The function as a whole, over a fake AWS and with a worker process of its own.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod confinement;
mod secrets;
mod world;

use evolve_generation::{HeldOut, handle};
use jiff::Timestamp;
use serde_json::json;
use tdev_domain::ErrorName;
use tdev_domain::evolution::{
    Ending, EvolveAnswer, EvolveRequest, Next, Shard, ShardDone, Status, StopReason,
};
use tdev_evolution::gate::{Evidence, Policy, Verdict, decide};

use world::{AGENT, SECRET, World, event, settings, tenant};

#[tokio::test]
async fn a_search_goes_on_to_a_winner_that_the_gate_lets_through() {
    let world = World::new(settings(30)).await;
    let step = world.search().await.unwrap();
    assert_eq!(step.next, Next::Decide);
    let evolution = world.evolution().await;
    let winner = evolution.winner.clone().unwrap();
    assert!(winner.loss < winner.base_loss, "{winner:?}");
    let read = async |digest| {
        let bytes = world.objects.champion(&tenant(), &world.id, digest).await;
        String::from_utf8(bytes.unwrap()).unwrap()
    };
    let source = read(&winner.source).await;
    assert!(source.contains("def execute(input)") && source != AGENT);
    let evidence: Evidence = serde_json::from_str(&read(&winner.evidence).await).unwrap();
    assert_eq!(evidence.sandbox_agrees, Some(true));
    assert!(evidence.origin.is_chained && !evidence.origin.is_tainted);
    assert_eq!(evidence.queries.used, 1);
    // To double is to lose the whole loss at once, which is more than a policy takes for plausible.
    let policy = Policy {
        jump: 1.0,
        ..Policy::default()
    };
    assert_eq!(decide(&evidence, &policy), Verdict::Promote, "{evidence:?}");
    let all = tdev_aws::PageRequest {
        limit: 100,
        after: None,
    };
    let generations = world.table.generations(&tenant(), &world.id, &all).await;
    let generations = generations.unwrap().items;
    let last = evolution.progress.unwrap().generation;
    let numbers = generations.iter().map(|made| made.progress.generation);
    assert!(numbers.eq(0..=last));
    assert!(generations[1].statistics["operators"].is_array());
    assert!(evolution.spent.seconds > 0.0 && evolution.spent.dollars > 0.0);
}

#[tokio::test]
async fn a_worker_that_dies_at_any_write_changes_nothing() {
    let undisturbed = World::new(settings(4)).await;
    let writes = undisturbed.die_at(usize::MAX);
    undisturbed.search().await.unwrap();
    let expected = undisturbed.remains().await;
    let writes = writes.load(std::sync::atomic::Ordering::SeqCst);
    assert!(writes >= 12, "{writes}");
    for write in 0..writes {
        let world = World::new(settings(4)).await;
        world.die_at(write);
        world.search().await.unwrap_err();
        world.aws.let_pass();
        // What was asked of it is asked again, and once more.
        world.generation(0).await.unwrap();
        world.search().await.unwrap();
        world.generation(0).await.unwrap();
        world.examine(HeldOut::Readable).await.unwrap();
        assert_eq!(world.remains().await, expected, "killed at write {write}");
    }
}

#[tokio::test]
async fn a_generation_in_shards_is_the_same_generation() {
    let straight = World::new(settings(2)).await;
    straight.search().await.unwrap();
    let world = World::new(settings(2)).await;
    // The first generation, and no further.
    let writes = world.die_at(4);
    world.generation(0).await.unwrap_err();
    assert!(writes.load(std::sync::atomic::Ordering::SeqCst) >= 4);
    world.aws.let_pass();
    for _ in 0..2 {
        let progress = world.evolution().await.progress.unwrap();
        let done = |from, to| {
            let shard = Shard {
                generation: progress.generation + 1,
                checkpoint: progress.checkpoint.clone(),
                from,
                to,
            };
            shard_of(&world, shard)
        };
        let (last, first) = (done(7, 15).await, done(0, 7).await);
        assert_eq!(done(0, 7).await.children, first.children);
        let merge = EvolveRequest::Merge {
            tenant: tenant(),
            evolution: world.id.clone(),
            leg: 0,
            done: vec![last, first],
        };
        for _ in 0..2 {
            let function = world.function(HeldOut::Withheld);
            let merged = handle(&function, merge.clone()).await.unwrap();
            assert!(matches!(merged, EvolveAnswer::Step(_)), "{merged:?}");
        }
    }
    world.search().await.unwrap();
    assert_eq!(world.remains().await, straight.remains().await);
}

async fn shard_of(world: &World, shard: Shard) -> ShardDone {
    let request = EvolveRequest::Shard {
        tenant: tenant(),
        evolution: world.id.clone(),
        shard,
    };
    match handle(&world.function(HeldOut::Withheld), request).await {
        Ok(EvolveAnswer::Shard(done)) => done,
        other => panic!("no shard: {other:?}"),
    }
}

#[tokio::test]
async fn a_budget_that_is_used_up_ends_the_search_at_the_last_generation() {
    let stopped = async |budget| {
        let mut settings = settings(30);
        settings["budget"] = budget;
        let world = World::new(settings).await;
        assert_eq!(world.generation(0).await.unwrap().next, Next::Examine);
        let evolution = world.evolution().await;
        let Status::Examining { stopped } = evolution.status else {
            panic!("{:?}", evolution.status);
        };
        let progress = evolution.progress.unwrap();
        let checkpoint = world
            .objects
            .checkpoint(
                &tenant(),
                &world.id,
                progress.generation,
                &progress.checkpoint,
            )
            .await;
        checkpoint.unwrap();
        (stopped, progress.generation, progress.evaluations)
    };
    let (reason, generation, evaluations) = stopped(json!({"evaluations": 40})).await;
    assert_eq!(reason, StopReason::Evaluations);
    assert!(
        generation >= 1 && evaluations <= 40,
        "{generation} {evaluations}"
    );
    let (reason, generation, _) = stopped(json!({"dollars": 1e-15})).await;
    assert_eq!((reason, generation), (StopReason::Dollars, 0));
    let (reason, generation, _) = stopped(json!({"seconds": 0})).await;
    assert_eq!((reason, generation), (StopReason::Seconds, 0));
}

#[tokio::test]
async fn who_is_paused_or_runs_elsewhere_makes_nothing() {
    let world = World::new(settings(4)).await;
    assert_eq!(world.generation(1).await.unwrap().next, Next::Over);
    let paused = world.evolution().await.paused(Timestamp::now()).unwrap();
    world.table.put_evolution(&paused).await.unwrap();
    assert_eq!(world.generation(0).await.unwrap().next, Next::Over);
    assert_eq!(world.evolution().await, paused);
    let resumed = paused.resumed(Timestamp::now()).unwrap();
    world.table.put_evolution(&resumed).await.unwrap();
    assert_eq!(world.generation(0).await.unwrap().next, Next::Over);
    assert_eq!(world.generation(1).await.unwrap().next, Next::Examine);
}

#[tokio::test]
async fn a_search_that_finds_nothing_ends_without_a_winner() {
    let mut settings = settings(1);
    settings["budget"]["evaluations"] = json!(1);
    let world = World::new(settings).await;
    assert_eq!(world.search().await.unwrap().next, Next::Over);
    let status = world.evolution().await.status;
    assert_eq!(status, Status::Finished(Ending::NoBetter));
}

#[tokio::test]
async fn what_is_held_out_is_read_to_examine_and_told_nobody() {
    let world = World::new(settings(30)).await;
    assert_eq!(world.generation(0).await.unwrap().next, Next::Examine);
    let names_it = |request: &tdev_testing::Request| request.path.contains("held-out");
    assert!(!world.aws.requests().iter().any(names_it));
    let denied = world.examine(HeldOut::Withheld).await.unwrap_err();
    assert_eq!(denied.name(), ErrorName::Denied);
    assert!(!world.aws.requests().iter().any(names_it));

    world.examine(HeldOut::Readable).await.unwrap();
    assert!(world.aws.requests().iter().any(names_it));
    for request in world.aws.requests() {
        let body = String::from_utf8_lossy(&request.body);
        assert!(
            !body.contains(SECRET),
            "{} {}",
            request.operation,
            request.path
        );
    }
    let lineage = world.remains().await.concat();
    assert!(!lineage.contains(SECRET));
}

#[tokio::test]
async fn a_broken_lineage_is_seen() {
    let world = World::new(settings(30)).await;
    world.generation(0).await.unwrap();
    let lines = world.objects.lineage(&tenant(), &world.id, 1).await;
    let lines = String::from_utf8(lines.unwrap().unwrap()).unwrap();
    let (_, fewer) = lines.split_once('\n').unwrap();
    let fewer = fewer.to_owned();
    let acme = tenant();
    let put = world.objects.put_lineage(&acme, &world.id, 1, fewer);
    put.await.unwrap();
    world.examine(HeldOut::Readable).await.unwrap();
    let winner = world.evolution().await.winner.unwrap();
    let evidence = world.objects.champion(&acme, &world.id, &winner.evidence);
    let evidence: Evidence = serde_json::from_slice(&evidence.await.unwrap()).unwrap();
    assert!(!evidence.origin.is_chained);
}

#[tokio::test]
async fn the_sample_events_name_an_evolution_that_there_must_be() {
    let world = World::new(settings(1)).await;
    for case in [
        "ok-generation",
        "duplicate-generation",
        "ok-shard",
        "ok-merge",
        "ok-examine",
    ] {
        let answer = handle(&world.function(HeldOut::Readable), event(case)).await;
        assert_eq!(
            answer.unwrap_err().name(),
            ErrorName::InvalidInput,
            "{case}"
        );
    }
}
