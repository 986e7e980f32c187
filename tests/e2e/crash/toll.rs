//! Corpora are worked off side by side, and what it cost is counted.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::boundary::{Kill, Moment};
use crate::run::{Finished, Plan};
use tdev_tests::process::Stage;

/// How many are at it at a time.
const LANES: usize = 2;
/// How many failures of one specimen are told; it is given up then.
const TOLD: usize = 3;

/// What came of one specimen.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// How many writes its undisturbed run has.
    pub(crate) writes: usize,
    pub(crate) kills: usize,
    pub(crate) survived: usize,
    /// Workers that were left hanging, none of which did harm.
    pub(crate) overtaken: usize,
    /// Runs that were over before the write at which they were to be disturbed: what happens at the
    /// same time makes a write more or less.
    pub(crate) missed: usize,
    pub(crate) failures: Vec<String>,
}

/// Has every specimen of a corpus killed, prints what came of it, and checks that nothing failed
/// and that nothing is left to do.
pub(crate) fn kill_all<T: Sync>(
    stage: &Stage,
    corpus: &[T],
    name: impl Fn(&T) -> &'static str + Sync,
    kill: impl Fn(&T, &mut Row) -> Result<()> + Sync,
) -> Result<()> {
    eprintln!("specimen         writes  kills survived overtaken");
    let waiting = Mutex::new(corpus.iter());
    let take = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next()
    };
    let put_to_death = |specimen| {
        let mut row = Row {
            name: name(specimen),
            ..Row::default()
        };
        if let Err(error) = kill(specimen, &mut row) {
            row.failures.push(format!("{}: {error:#}", row.name));
        }
        tell(&row);
        row
    };
    let work = || {
        std::iter::from_fn(take)
            .map(put_to_death)
            .collect::<Vec<_>>()
    };
    let rows: Vec<Row> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(work)).collect();
        let rows = lanes.into_iter().map(|lane| lane.join().unwrap());
        rows.flatten().collect()
    });
    report(&rows);
    let failures: Vec<_> = rows.iter().flat_map(|row| &row.failures).collect();
    ensure!(failures.is_empty(), "{failures:#?}");
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let (kills, missed) = (sum(|row| row.kills), sum(|row| row.missed));
    ensure!(missed * 100 <= kills, "{missed} runs were over too early");

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let left = runtime.block_on(stage.left_over())?;
    ensure!(left.is_empty(), "the keeper still has {left:?}");
    Ok(())
}

/// A line of the table.
fn tell(row: &Row) {
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

fn report(rows: &[Row]) {
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let overtaken = sum(|row| row.overtaken);
    let (kills, survived) = (sum(|row| row.kills), sum(|row| row.survived));
    eprintln!("{overtaken} workers overtaken");
    let missed = sum(|row| row.missed);
    if missed > 0 {
        eprintln!("{missed} runs were over before they could be disturbed");
    }
    eprintln!("{survived} of {kills} kills survived");
}

/// Disturbs runs in a lane as planned, each of which `survive` begins, brings to its end and
/// checks. After one that fails there is a fresh lane: what it left behind is none of the next
/// one's business.
pub(crate) fn disturb<L>(
    row: &mut Row,
    plans: &[Plan],
    deadline: Instant,
    fresh: impl Fn() -> Result<L>,
    mut survive: impl FnMut(&mut L, &Plan) -> Result<Finished>,
) -> Result<()> {
    let mut lane = fresh()?;
    for plan in plans {
        ensure!(Instant::now() < deadline, "it takes too long");
        let planned = plan.kills.len();
        match survive(&mut lane, plan) {
            Ok(Finished { kills, stalls, .. })
                if kills + stalls == planned || (planned > 1 && kills > 0) =>
            {
                row.kills += kills;
                row.survived += kills;
                row.overtaken += stalls;
            }
            Ok(Finished {
                kills: 0, writes, ..
            }) if plan.kills.iter().all(|kill| kill.at >= writes.len()) => {
                row.missed += 1;
            }
            failed => {
                let is_kill = |kill: &&Kill| !matches!(kill.moment, Moment::Stalled { .. });
                row.kills += plan.kills.iter().filter(is_kill).count();
                let how = match failed {
                    Ok(_) => "there was no such write".to_owned(),
                    Err(error) => format!("{error:#}"),
                };
                let name = row.name;
                row.failures.push(format!("{name} killed {plan}: {how}"));
                if row.failures.len() >= TOLD {
                    return Ok(());
                }
                lane = fresh()?;
            }
        }
    }
    Ok(())
}
