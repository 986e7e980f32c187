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
mod http;
mod lane;
mod mail;
mod proxy;
mod recorder;
mod run;
mod stage;
mod worker;

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use boundary::{Kill, Moment};
use corpus::{Specimen, corpus};
use lane::Lane;
use mail::Dice;
use run::{Finished, Plan};
use stage::Stage;

/// How many agents are at it at a time.
const LANES: usize = 2;
/// How many runs with two kills each agent has.
const PAIRS: usize = 2;
/// How many failures of one agent are told; it is given up then.
const TOLD: usize = 3;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// What came of one agent.
#[derive(Debug, Default)]
struct Row {
    name: &'static str,
    writes: usize,
    kills: usize,
    survived: usize,
    /// Workers that were left hanging, none of which did harm.
    overtaken: usize,
    failures: Vec<String>,
}

#[test]
fn whatever_is_killed_nothing_is_lost_and_nothing_happens_twice() -> Result<()> {
    let stage = Stage::set()?;
    let corpus = corpus();
    let deadline = Instant::now() + PATIENCE;
    let waiting = Mutex::new(corpus.iter());
    let take = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next()
    };
    let work = || -> Vec<Row> {
        let taken = std::iter::from_fn(take);
        taken
            .map(|one| put_to_death(&stage, one, deadline))
            .collect()
    };
    let mut rows: Vec<Row> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(work)).collect();
        let rows = lanes.into_iter().map(|lane| lane.join().unwrap());
        rows.flatten().collect()
    });
    let place = |row: &Row| corpus.iter().position(|one| one.name == row.name);
    rows.sort_by_key(place);
    report(&rows);
    let failures: Vec<_> = rows.iter().flat_map(|row| &row.failures).collect();
    ensure!(failures.is_empty(), "{failures:#?}");

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let left = runtime.block_on(stage.left_over())?;
    ensure!(left.is_empty(), "the keeper still has {left:?}");
    Ok(())
}

fn report(rows: &[Row]) {
    eprintln!("agent            writes  kills survived overtaken");
    for row in rows {
        let Row {
            name,
            writes,
            kills,
            survived,
            overtaken,
            ..
        } = row;
        eprintln!("{name:<16} {writes:>6} {kills:>6} {survived:>8} {overtaken:>9}");
    }
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let overtaken = sum(|row| row.overtaken);
    let (kills, survived) = (sum(|row| row.kills), sum(|row| row.survived));
    eprintln!("{overtaken} workers overtaken");
    eprintln!("{survived} of {kills} kills survived");
}

/// Runs one agent once in peace, and then over every kill.
fn put_to_death(stage: &Stage, specimen: &Specimen, deadline: Instant) -> Row {
    let mut row = Row {
        name: specimen.name,
        ..Row::default()
    };
    if let Err(error) = kill_everywhere(stage, specimen, deadline, &mut row) {
        row.failures.push(format!("{}: {error:#}", specimen.name));
    }
    row
}

fn kill_everywhere(
    stage: &Stage,
    specimen: &Specimen,
    deadline: Instant,
    row: &mut Row,
) -> Result<()> {
    const SEED: u64 = 1;
    let mut lane = Lane::new(stage, specimen)?;
    let in_peace = Plan {
        seed: SEED,
        afterwards: 0,
        kills: Vec::new(),
    };
    let finished = run::run(&mut lane, &in_peace).context("undisturbed")?;
    let undisturbed = check::check(&mut lane, &finished).context("undisturbed")?;
    undisturbed.as_described(&lane, &finished)?;
    row.writes = finished.writes.len();

    for plan in plans(specimen, SEED, &finished.writes) {
        ensure!(Instant::now() < deadline, "it takes too long");
        let survived = run::run(&mut lane, &plan).and_then(|finished| {
            let seen = check::check(&mut lane, &finished)?;
            seen.like(&undisturbed, &lane, &finished)?;
            Ok(finished)
        });
        let planned = plan.kills.len();
        match survived {
            Ok(Finished { kills, stalls, .. })
                if kills + stalls == planned || (planned > 1 && kills > 0) =>
            {
                row.kills += kills;
                row.survived += kills;
                row.overtaken += stalls;
            }
            failed => {
                let is_kill = |kill: &&Kill| !matches!(kill.moment, Moment::Stalled { .. });
                row.kills += plan.kills.iter().filter(is_kill).count();
                let Plan {
                    seed,
                    afterwards,
                    kills,
                } = &plan;
                let kills: Vec<_> = kills.iter().map(ToString::to_string).collect();
                let how = match failed {
                    Ok(_) => "there was no such write".to_owned(),
                    Err(error) => format!("{error:#}"),
                };
                row.failures.push(format!(
                    "{} killed {} (seeds {seed}, {afterwards}): {how}",
                    specimen.name,
                    kills.join(" and "),
                ));
                if row.failures.len() >= TOLD {
                    return Ok(());
                }
                // What a run that failed left behind is none of the next one's business.
                lane = Lane::new(stage, specimen)?;
            }
        }
    }
    Ok(())
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
