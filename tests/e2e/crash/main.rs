//! Kills the worker at every write it makes, and shows that nothing is lost or done twice.
//!
//! The worker is the function's own binary in a process of its own. What it sees is real: the
//! local AWS, through a proxy, and a server that agents post to. The proxy and the server know
//! the writes. At one of them the process is ended by SIGKILL: before the write is made; or after
//! it and before the answer; or while the request is on its way, which then arrives among what
//! later workers do. Or it is not ended but left hanging there, until others have overtaken it.
//! The queue between the workers delivers twice, late and out of order, or loses what a dead
//! worker had not acknowledged; the keeper makes up for what is lost. Nobody waits for time to
//! pass: where a run waits, its record is put into the past.
//!
//! For each agent of the corpus, every write of the undisturbed run is tried, before, after and in
//! one of the other ways; then come runs with two kills. A run survives if it ends as the
//! undisturbed one does, every effect has happened once, as the outside world sees it, ledgers,
//! world and bus agree, everything is at rest, and the ledgers replay identically.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod boundary;
mod check;
mod corpus;
mod lane;
mod mail;
mod proxy;
mod recorder;
mod rig;
mod run;
mod toll;
mod workflow;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tdev_tests::process::Stage;

use boundary::{Kill, Moment};
use corpus::{Specimen, corpus};
use lane::Lane;
use mail::Dice;
use run::Plan;
use toll::Row;

/// How many runs with two kills each agent has.
const PAIRS: usize = 2;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// Decides on what comes twice, late and out of order in a run that is not disturbed.
const SEED: u64 = 1;

#[test]
fn whatever_is_killed_nothing_is_lost_and_nothing_happens_twice() -> Result<()> {
    let stage = Stage::set()?;
    let deadline = Instant::now() + PATIENCE;
    let name = |specimen: &Specimen| specimen.name;
    toll::kill_all(&stage, &corpus(), name, |specimen, row| {
        kill_everywhere(&stage, specimen, deadline, row)
    })
}

/// Runs one agent once in peace, and then over every kill.
fn kill_everywhere(
    stage: &Stage,
    specimen: &Specimen,
    deadline: Instant,
    row: &mut Row,
) -> Result<()> {
    let mut lane = Lane::new(stage, specimen)?;
    let finished = run::run(&mut lane, &Plan::in_peace(SEED)).context("undisturbed")?;
    let undisturbed = check::check(&mut lane.rig, &finished).context("undisturbed")?;
    undisturbed.as_described(&lane, &finished)?;
    row.writes = finished.writes.len();

    let plans = plans(specimen, SEED, &finished.writes);
    let fresh = || Lane::new(stage, specimen);
    toll::disturb(row, &plans, deadline, fresh, |lane, plan| {
        let finished = run::run(lane, plan)?;
        let seen = check::check(&mut lane.rig, &finished)?;
        seen.like(&undisturbed, lane, &finished)?;
        Ok(finished)
    })
}

/// A kill at every write, in every way, and some runs with two.
fn plans(specimen: &Specimen, seed: u64, writes: &[String]) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut add = |kills| {
        plans.push(Plan {
            seed,
            afterwards: plans.len() as u64,
            kills,
        });
    };
    let mut dice = Dice::new(seed);
    for (at, place) in writes.iter().enumerate() {
        let by = dice.below(6);
        let beyond_looking = place.starts_with("HTTP") && specimen.looks();
        let moment = match at % 2 {
            _ if beyond_looking => None,
            0 => Some(Moment::Stalled { by }),
            _ => Some(Moment::Late { by }),
        };
        for moment in [Moment::Before, Moment::After].into_iter().chain(moment) {
            add(vec![Kill { at, moment }]);
        }
    }
    for _ in 0..PAIRS {
        let first = dice.below(writes.len());
        let second = first + 1 + dice.below(writes.len() + 1 - first);
        let kills = [first, second].map(|at| {
            let sides = [Moment::Before, Moment::After];
            let moment = sides[dice.below(2)];
            Kill { at, moment }
        });
        add(kills.into());
    }
    plans
}
