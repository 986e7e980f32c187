//! A run from its acceptance to its end, under a clock that only moves when nothing else does.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tdev_domain::{
    ArtifactDigest, Latest, Place, Run, RunId, RunStatus, StepRecord, VersionNumber,
};
use tdev_run::World;
use tdev_workflow::Plan;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::counts::Counts;
use crate::platform::{Event, Job, Platform};

/// How long a delivery may go on before it leaves the rest to others, as in the function that
/// moves runs.
const TURN: SignedDuration = SignedDuration::from_secs(15);

/// How long the engine itself takes, on the simulated clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// For every delivery, before it does anything.
    pub per_pass: Duration,
    /// For everything that it asks of the store and the world, one after the other.
    pub per_call: Duration,
}

/// What became of a run.
pub struct Outcome {
    /// From its acceptance until its end was told, on the simulated clock.
    pub makespan: Duration,
    pub run: Run,
    pub records: Vec<StepRecord>,
    pub counts: Counts,
}

/// Runs `plan` with `workers` workers, or as many as it takes. A worker runs one agent at a time,
/// in the order in which they were started, and then brings the run further.
pub fn simulate(plan: &Arc<Plan>, input: Value, workers: Option<usize>, pace: Pace) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads or sockets")
        .block_on(Simulation::run(plan, input, workers, pace))
}

struct Simulation {
    platform: Platform,
    run: RunId,
    workers: Option<Semaphore>,
    pace: Pace,
}

fn accepted(plan: &Plan, input: Value) -> Run {
    let start = Timestamp::UNIX_EPOCH;
    let agents = plan.agents().into_iter();
    let latest = Latest {
        agents: agents
            .map(|name| (name.clone(), VersionNumber::FIRST))
            .collect(),
        ..Latest::default()
    };
    let run = Run {
        id: RunId::generate(),
        tenant: "acme".parse().expect("a tenant's name"),
        workflow: plan.name.clone(),
        version: VersionNumber::FIRST,
        definition: ArtifactDigest::of(b""),
        steps: plan.len(),
        input,
        status: RunStatus::Running,
        parent: None,
        depth: 0,
        deadline: start + SignedDuration::from_hours(30 * 24),
        resumed: 0,
        latest,
        task_token: None,
        revision: 0,
        due_at: None,
        created_at: start,
        updated_at: start,
    };
    tdev_run::accept(run, start)
}

impl Simulation {
    async fn run(plan: &Arc<Plan>, input: Value, workers: Option<usize>, pace: Pace) -> Outcome {
        let run = accepted(plan, input);
        let (sender, mut events) = mpsc::unbounded_channel();
        let simulation = Arc::new(Self {
            run: run.id.clone(),
            platform: Platform::new(run, Arc::clone(plan), sender, pace.per_call),
            workers: workers.map(Semaphore::new),
            pace,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&simulation).pass(None));
        loop {
            let due = simulation.platform.due_at();
            if due.is_none() && tasks.is_empty() {
                break;
            }
            let keeper = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(event) = events.recv() => {
                    let simulation = Arc::clone(&simulation);
                    match event {
                        Event::Run(job) => tasks.spawn(simulation.work(job)),
                        Event::Wake(step, at) => tasks.spawn(async move {
                            sleep_until(at).await;
                            simulation.pass(Some(step)).await;
                        }),
                    };
                }
                Some(passed) = tasks.join_next() => passed.expect("no pass panics"),
                () = keeper => {
                    let (platform, run) = (&simulation.platform, &simulation.run);
                    let postponed = tdev_run::postpone(run, platform, platform.now()).await;
                    if postponed.expect("the store is there") {
                        tasks.spawn(Arc::clone(&simulation).pass(None));
                    }
                }
            }
        }
        let platform = &simulation.platform;
        Outcome {
            makespan: platform.makespan().expect("the run's end was told"),
            run: platform.record(),
            records: platform.records(),
            counts: platform.counts(),
        }
    }

    /// A worker's part.
    async fn work(self: Arc<Self>, job: Job) {
        let simulation = Arc::clone(&self);
        let permit = match &simulation.workers {
            Some(workers) => Some(workers.acquire().await.expect("it is never closed")),
            None => None,
        };
        sleep(job.duration).await;
        self.platform.end(&job);
        self.pass(Some(job.place)).await;
        drop(permit);
    }

    /// One delivery.
    async fn pass(self: Arc<Self>, place: Option<Place>) {
        if !self.pace.per_pass.is_zero() {
            sleep(self.pace.per_pass).await;
        }
        let (platform, run) = (&self.platform, &self.run);
        let yield_at = platform.now() + TURN;
        let passed = match place {
            Some(place) => tdev_run::see_to(run, place, platform, platform, yield_at).await,
            None => tdev_run::look_after(run, platform, platform, yield_at).await,
        };
        passed.expect("the store is there");
    }
}
