//! Runs of workflows whose workers are killed, at writes of theirs and of the agents they run.
//!
//! In the suite each workflow is disturbed at [`SPREAD`] of its writes, evenly spread, in all ways
//! in turn. With `TDEV_CRASH=all` it is at every write, before, after and in one of the other ways,
//! as agents are; with names of workflows, separated by commas, only these are.

mod census;
mod corpus;
mod lane;
mod run;

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::SEED;
use crate::boundary::{Kill, Moment};
use crate::check;
use crate::mail::Dice;
use crate::run::Plan;
use crate::toll::{Row, disturb, kill_all};
use corpus::{Flow, corpus};
use lane::Lane;
use tdev_tests::process::Stage;

/// At how many of its writes a workflow is disturbed in the suite.
const SPREAD: usize = 16;
/// How long all of it may take in the suite, and at every write.
const PATIENCE: [Duration; 2] = [Duration::from_mins(10), Duration::from_hours(2)];

#[test]
fn runs_of_workflows_survive_their_workers() -> Result<()> {
    let stage = Stage::set()?;
    let which = env::var("TDEV_CRASH").unwrap_or_default();
    let all = which == "all";
    let mut corpus = corpus();
    if !all && !which.is_empty() {
        corpus.retain(|flow| which.split(',').any(|name| name == flow.name));
        ensure!(!corpus.is_empty(), "there is no workflow {which}");
    }
    let deadline = Instant::now() + PATIENCE[usize::from(all)];
    let name = |flow: &Flow| flow.name;
    kill_all(&stage, &corpus, name, |flow, row| {
        kill(&stage, flow, all, deadline, row)
    })
}

/// Runs one workflow once in peace, and then over kills.
fn kill(stage: &Stage, flow: &Flow, all: bool, deadline: Instant, row: &mut Row) -> Result<()> {
    let mut lane = Lane::new(stage, flow)?;
    let finished = run::run(&mut lane, &Plan::in_peace(SEED)).context("undisturbed")?;
    let undisturbed = check::check(&mut lane.rig, &finished).context("undisturbed")?;
    let root = flow.definitions.last().and_then(|one| one["name"].as_str());
    let ends = &undisturbed.ending[root.unwrap_or_default()]["status"]["name"];
    ensure!(
        *ends == flow.ends.as_str()
            && undisturbed.posts == flow.posts
            && undisturbed.events.len() == flow.events,
        "undisturbed it came to {undisturbed:#?}"
    );
    row.writes = finished.writes.len();
    drop(lane);

    let plans = plans(finished.writes.len(), all);
    let fresh = || Lane::new(stage, flow);
    disturb(row, &plans, deadline, fresh, |lane, plan| {
        let finished = run::run(lane, plan)?;
        let seen = check::check(&mut lane.rig, &finished)?;
        ensure!(seen == undisturbed, "{seen:#?} is not {undisturbed:#?}");
        Ok(finished)
    })
}

/// Kills at so many writes.
fn plans(writes: usize, all: bool) -> Vec<Plan> {
    let mut dice = Dice::new(SEED);
    let mut plans = Vec::new();
    let mut add = |at, moment| {
        plans.push(Plan {
            seed: SEED,
            afterwards: plans.len() as u64,
            kills: vec![Kill { at, moment }],
        });
    };
    let mut moments = |number: usize| {
        let by = dice.below(6);
        let other = match number % 2 {
            0 => Moment::Stalled { by },
            _ => Moment::Late { by },
        };
        [Moment::Before, Moment::After, other]
    };
    if all {
        for at in 0..writes {
            for moment in moments(at) {
                add(at, moment);
            }
        }
        return plans;
    }
    let number = SPREAD.min(writes);
    for place in 0..number {
        add(place * writes / number, moments(place / 3)[place % 3]);
    }
    plans
}
