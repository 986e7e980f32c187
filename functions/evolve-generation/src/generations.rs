//! Making generations, one after the other.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tdev_domain::ArtifactDigest;
use tdev_domain::evolution::{
    Evolution, Generation, Next, Progress, Shard, Spent, Status, Step, StopReason,
};
use tdev_evolution::search::{self, Population};
use tdev_lambda::Error;

use crate::handler::{Deps, compute, elsewhere, used};
use crate::lab::{Lab, Made, Watch, benches};
use crate::shards::shards;

/// How often a write is made anew when another writer was first.
const ATTEMPTS: u32 = 4;

/// What became of writing that a generation was made.
pub(crate) enum Recorded {
    /// It is on record.
    Written(Box<Evolution>),
    /// The evolution does not run any more, or the generation is on record already.
    Moot(Box<Evolution>),
}

impl Deps {
    /// Makes generations until the time for one call or the search is over.
    pub(crate) async fn generations(
        &self,
        mut evolution: Evolution,
        leg: u32,
    ) -> Result<Step, Error> {
        if let Some(step) = elsewhere(&evolution, leg) {
            return Ok(step);
        }
        let until = Instant::now() + self.time;
        let parts = self.parts(&evolution).await?;
        let lab = self.lab(&evolution, &parts).await?;
        let mut population = match self.population(&evolution, &lab).await? {
            Some(read) => Some(read.map_err(Error::internal)?),
            None => None,
        };
        let first = evolution.next_generation();
        loop {
            let watch = Watch {
                since: Instant::now(),
                until,
                counted: used(evolution.spent),
                dollars_per_second: self.dollars_per_second,
            };
            if watch.is_late() && evolution.next_generation() > first {
                return Ok(Step::from(Next::Generation));
            }
            match make(&lab, population.take(), watch).await? {
                Made::Stopped(reason) => return self.stop(evolution, leg, reason).await,
                Made::Unfinished { made, of } => {
                    let is_first = evolution.next_generation() == first;
                    let took = watch.uncounted().as_secs_f64();
                    return Ok(self.unfinished(&evolution, made, of, took, is_first));
                }
                Made::Generation(step) => {
                    let spent = self.spent(watch.uncounted().as_secs_f64());
                    match self.record(evolution, leg, &step, spent).await? {
                        Recorded::Written(next) => evolution = *next,
                        Recorded::Moot(found) => {
                            return Ok(elsewhere(&found, leg).unwrap_or_else(|| found.step()));
                        }
                    }
                    population = Some(step.population);
                }
            }
        }
    }

    /// What is next after a generation that did not fit into the call: the same in the next call,
    /// or in shards if it had a whole call.
    fn unfinished(
        &self,
        evolution: &Evolution,
        made: u32,
        of: u32,
        took: f64,
        had_all: bool,
    ) -> Step {
        let Some(progress) = evolution.progress.as_ref().filter(|_| had_all) else {
            return Step::from(Next::Generation);
        };
        let per_child = took / f64::from(made.max(1));
        self.fan_out(&progress.checkpoint, progress.generation + 1, of, per_child)
    }

    /// A generation in shards that fit into a call each, where a child takes `per_child` seconds.
    pub(crate) fn fan_out(
        &self,
        checkpoint: &ArtifactDigest,
        generation: u32,
        children: u32,
        per_child: f64,
    ) -> Step {
        let ranges = shards(children, per_child, self.time.as_secs_f64());
        let shard = |(from, to)| Shard {
            generation,
            checkpoint: checkpoint.clone(),
            from,
            to,
        };
        Step {
            shards: ranges.into_iter().map(shard).collect(),
            ..Step::from(Next::FanOut)
        }
    }

    /// Stores a generation's lineage and checkpoint, and then the record of it. When somebody else
    /// has written to the evolution, it is read again; what was made stays made.
    pub(crate) async fn record(
        &self,
        mut evolution: Evolution,
        leg: u32,
        step: &search::Step,
        spent: Spent,
    ) -> Result<Recorded, Error> {
        let tenant = evolution.draft.tenant.clone();
        let number = step.population.generation();
        let lines = search::lineage::Record::lines(&step.records).map_err(Error::internal)?;
        self.objects
            .put_lineage(&tenant, &evolution.id, number, lines)
            .await?;
        let bytes = step.population.to_bytes().map_err(Error::internal)?;
        let checkpoint = self
            .objects
            .put_checkpoint(&tenant, &evolution.id, number, bytes)
            .await?;
        let progress = progress(&step.population, checkpoint)?;
        let statistics = step.population.history().last();
        let statistics = serde_json::to_value(statistics).map_err(Error::internal)?;
        for _ in 0..ATTEMPTS {
            let now = Timestamp::now();
            let next = evolution.progressed(progress.clone(), spent, now);
            let Some(next) = next.filter(|next| next.resumed == leg) else {
                return Ok(Recorded::Moot(Box::new(evolution)));
            };
            let generation = Generation {
                tenant: tenant.clone(),
                evolution: evolution.id.clone(),
                progress: progress.clone(),
                spent,
                statistics: statistics.clone(),
                at: now,
            };
            match self.table.put_generation(&next, &generation).await {
                Ok(()) => {
                    tracing::info!(
                        evolution = %next.id, generation = number, best = progress.best,
                        "made a generation"
                    );
                    return Ok(Recorded::Written(Box::new(next)));
                }
                Err(tdev_aws::Error::Conflict { .. }) => {
                    evolution = self.find(&tenant, &evolution.id).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(
            tdev_domain::ErrorName::Conflict,
            "the evolution is being changed by others all the time",
        ))
    }

    /// Records that the search is over.
    pub(crate) async fn stop(
        &self,
        evolution: Evolution,
        leg: u32,
        stopped: StopReason,
    ) -> Result<Step, Error> {
        let mut evolution = evolution;
        for _ in 0..ATTEMPTS {
            if let Some(step) = elsewhere(&evolution, leg) {
                return Ok(step);
            }
            let now = Timestamp::now();
            let next = evolution
                .advance(Status::Examining { stopped }, now)
                .map_err(Error::internal)?;
            match self.table.put_evolution(&next).await {
                Ok(()) => {
                    tracing::info!(evolution = %next.id, stopped = stopped.as_str(), "the search is over");
                    return Ok(next.step());
                }
                Err(tdev_aws::Error::Conflict { .. }) => {
                    evolution = self.find(&next.draft.tenant, &next.id).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(
            tdev_domain::ErrorName::Conflict,
            "the evolution is being changed by others all the time",
        ))
    }
}

async fn make(lab: &Arc<Lab>, population: Option<Population>, watch: Watch) -> Result<Made, Error> {
    let lab = Arc::clone(lab);
    compute(move || match population {
        None => lab.begin(),
        Some(population) => lab.advance(population, &mut benches(), &watch),
    })
    .await
}

fn progress(population: &Population, checkpoint: ArtifactDigest) -> Result<Progress, Error> {
    let last = population.history().last();
    let lineage = population.head().to_string().parse()?;
    Ok(Progress {
        generation: population.generation(),
        checkpoint,
        lineage,
        evaluations: population.evaluations(),
        best: population.best().score.loss().value(),
        mean: last.map_or(0.0, |found| found.mean.value()),
        diversity: last.map_or(0.0, |found| found.diversity),
    })
}
