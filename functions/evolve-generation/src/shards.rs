//! Large generations, whose children are made by several calls at once.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tdev_domain::evolution::{Evolution, Next, Shard, ShardDone, Step};
use tdev_lambda::Error;

use crate::generations::Recorded;
use crate::handler::{Deps, compute, elsewhere, used};
use crate::lab::benches;

/// The most shards of a generation.
const MAX_SHARDS: u32 = 40;
/// The share of a call that a shard is to take.
const SHARE: f64 = 0.5;
/// After how many generations another execution of the state machine goes on. One has room for
/// 25,000 events, of which a generation in shards makes up to 300.
const RELAY_EVERY: u32 = 50;
/// How many shards are read at once.
const READS: usize = 8;

/// The ranges of children that shards are to make, where a child takes `per_child` seconds and a
/// call `call`.
pub(crate) fn shards(children: u32, per_child: f64, call: f64) -> Vec<(u32, u32)> {
    let fit = (call * SHARE / per_child.max(f64::MIN_POSITIVE)).clamp(1.0, f64::from(u32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 1 and the greatest number"
    )]
    let size = (fit as u32).max(children.div_ceil(MAX_SHARDS)).max(1);
    let starts = (0..children).step_by(size as usize);
    starts
        .map(|from| (from, children.min(from.saturating_add(size))))
        .collect()
}

impl Deps {
    /// Makes some children of a generation.
    pub(crate) async fn shard(
        &self,
        evolution: Evolution,
        shard: Shard,
    ) -> Result<ShardDone, Error> {
        let started = Instant::now();
        let parts = self.parts(&evolution).await?;
        let lab = self.lab(&evolution, &parts).await?;
        let tenant = &evolution.draft.tenant;
        let before = shard
            .generation
            .checked_sub(1)
            .ok_or_else(|| Error::invalid_input("the first generation has no children"))?;
        let bytes = self
            .objects
            .checkpoint(tenant, &evolution.id, before, &shard.checkpoint)
            .await?;
        let population = lab.read(&bytes)?.map_err(Error::internal)?;
        let range = shard.from..shard.to;
        let packed = compute(move || lab.shard(&population, range, &mut benches())).await?;
        let children = self
            .objects
            .put_children(tenant, &evolution.id, packed)
            .await?;
        Ok(ShardDone {
            shard,
            children,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Makes the generation that shards make up, unless that was done.
    pub(crate) async fn merge(
        &self,
        evolution: Evolution,
        leg: u32,
        done: &[ShardDone],
    ) -> Result<Step, Error> {
        if let Some(step) = elsewhere(&evolution, leg) {
            return Ok(step);
        }
        let Some(generation) = done.first().map(|done| done.shard.generation) else {
            return Err(Error::invalid_input("there are no shards"));
        };
        if evolution.next_generation() != generation {
            return Ok(evolution.step());
        }
        let parts = self.parts(&evolution).await?;
        let lab = self.lab(&evolution, &parts).await?;
        let Some(population) = self.population(&evolution, &lab).await? else {
            return Err(Error::invalid_input("the first generation has no shards"));
        };
        let population = population.map_err(Error::internal)?;
        let packed = self.packed(&evolution, done).await?;
        let merging = Arc::clone(&lab);
        let step = compute(move || merging.merge(population, &packed)).await?;
        let seconds: f64 = done.iter().map(|done| done.seconds).sum();
        let spent = self.spent(seconds);
        let next = match self.record(evolution, leg, &step, spent).await? {
            Recorded::Written(next) => *next,
            Recorded::Moot(found) => {
                return Ok(elsewhere(&found, leg).unwrap_or_else(|| found.step()));
            }
        };
        if let Some(reason) = lab.stop(&step.population, used(next.spent))? {
            return self.stop(next, leg, reason).await;
        }
        let children = done.iter().map(|done| done.shard.to).max().unwrap_or(1);
        let per_child = seconds / f64::from(children.max(1));
        self.after_merge(next, &lab, &step.population, per_child)
            .await
    }

    /// What is next after a generation that was made in shards.
    async fn after_merge(
        &self,
        evolution: Evolution,
        lab: &crate::lab::Lab,
        population: &tdev_evolution::search::Population,
        per_child: f64,
    ) -> Result<Step, Error> {
        let Some(progress) = &evolution.progress else {
            return Ok(evolution.step());
        };
        if progress.generation.is_multiple_of(RELAY_EVERY)
            && let Some(relayed) = evolution.relayed(Timestamp::now())
        {
            self.table.put_evolution(&relayed).await?;
            return Ok(Step::from(Next::Relay));
        }
        let children = lab.children_of(population)?;
        if per_child * f64::from(children) < self.time.as_secs_f64() * SHARE {
            return Ok(Step::from(Next::Generation));
        }
        let number = progress.generation + 1;
        Ok(self.fan_out(&progress.checkpoint, number, children, per_child))
    }

    async fn packed(
        &self,
        evolution: &Evolution,
        done: &[ShardDone],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let (tenant, id) = (&evolution.draft.tenant, &evolution.id);
        let packed: Result<Vec<Vec<u8>>, tdev_aws::Error> = stream::iter(done)
            .map(|done| self.objects.children(tenant, id, &done.children))
            .buffered(READS)
            .try_collect()
            .await;
        Ok(packed?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_all_children_once_and_fit() {
        assert_eq!(shards(10, 1.0, 8.0), [(0, 4), (4, 8), (8, 10)]);
        assert_eq!(shards(10, 100.0, 8.0).len(), 10);
        assert_eq!(shards(10, 0.0, 8.0), [(0, 10)]);
        assert_eq!(shards(0, 1.0, 8.0), []);
        let many = shards(10_000, 100.0, 8.0);
        assert_eq!(many.len(), 40);
        let ends = many.iter().map(|(_, to)| *to);
        let starts = many.iter().skip(1).map(|(from, _)| *from);
        assert!(
            ends.zip(starts.chain([10_000]))
                .all(|(to, from)| to == from)
        );
    }
}
