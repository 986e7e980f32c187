//! The agenda of invocations and runs.
//!
//! What has ended stays on the agenda until it expires, since taking it off would be a write for
//! every run. So each shard has a watermark, up to which everything was seen to, and a sweep begins
//! there. It moves on only after that, so whatever ends a sweep, the next one makes up for it.
//!
//! An entry stands up to [`EARLY`] before its time and is left where it is if that has not come, so
//! a sweep begins by as much before where the last one ended. And whoever writes an entry may be
//! late, or have a clock that is: the whole agenda is read a second time, [`LATE`] later. A process
//! that goes on from one minute to the next looks at what has ended once all the same: it remembers
//! that there is nothing left to do.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use lru::LruCache;
use tdev_aws::{DUE_SHARDS, Due, DueInvocation, EARLY, Watermark};
use tdev_domain::{ErrorName, InvocationId, Task, TaskId, TaskMessage, TenantId};
use tdev_invocation::keeper::{Care, look_after};
use tdev_invocation::{Unavailable, Waiter};
use tdev_lambda::Error;

use crate::handler::{Deps, Sweep};

/// How many records are seen to at once.
const AT_ONCE: usize = 32;
/// How many entries are read at once.
const PAGE: u32 = 200;
/// How long after the first sweep of an entry there is a second one.
const LATE: SignedDuration = SignedDuration::from_mins(10);
/// By how much what a sweep reads overlaps with what the last one has read, beside [`EARLY`]: the
/// index may lag by seconds, and clocks differ by as much.
const MARGIN: SignedDuration = SignedDuration::from_secs(20);

/// How many invocations a process remembers, of some 200 bytes each.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// Invocations that have ended, which nobody waits for who does not know it: they need nothing, and
/// never will.
#[derive(Debug)]
pub(crate) struct Done(Mutex<LruCache<InvocationId, ()>>);

impl Default for Done {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Done {
    fn ids(&self) -> MutexGuard<'_, LruCache<InvocationId, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, id: &InvocationId) -> bool {
        self.ids().contains(id)
    }

    pub(crate) fn add(&self, id: InvocationId) {
        self.ids().put(id, ());
    }
}

/// What invocations that have ended need, by owner and identifier.
type Seen = HashMap<(TenantId, InvocationId), Care>;

/// One sweep of one shard. Each has a watermark of its own.
#[derive(Debug, Clone, Copy)]
struct Part {
    sweep: &'static str,
    shard: u8,
    /// How far it reads.
    until: Timestamp,
    /// Where the next one begins if this one is done.
    next: Timestamp,
}

impl Part {
    /// All parts of what is done every minute.
    fn all(now: Timestamp) -> Vec<Self> {
        let back = |from: Timestamp, by| from.saturating_sub(by).unwrap_or(Timestamp::MIN);
        let late = back(now, LATE);
        let first = back(now, EARLY.saturating_add(MARGIN));
        let sweeps = [("first", now, first), ("late", late, late)];
        let shards = |(sweep, until, next)| {
            (0..DUE_SHARDS).map(move |shard| Self {
                sweep,
                shard,
                until,
                next,
            })
        };
        sweeps.into_iter().flat_map(shards).collect()
    }

    /// The watermark to store, if `is_done` or where it stopped: what may have been early is read
    /// again.
    fn reached(&self, watermark: Watermark, is_done: bool) -> Watermark {
        let stopped = watermark.after.as_deref().and_then(time_of);
        if is_done || stopped.is_some_and(|at| at >= self.next) {
            return Watermark {
                since: self.next,
                after: None,
            };
        }
        watermark
    }
}

impl Deps {
    /// Sees to all shards, for about as long as `budget`, which each has an equal share of at least.
    ///
    /// # Errors
    /// The first of those that stopped a part; the other parts were seen to.
    pub(crate) async fn invocations(
        &self,
        now: Timestamp,
        budget: Duration,
    ) -> Result<Sweep, Error> {
        let mut sum = Sweep::default();
        let mut failure = None;
        let ends = Instant::now() + budget;
        let parts = Part::all(now);
        for (part, left) in parts.iter().zip((1..=parts.len()).rev()) {
            let time = ends.saturating_duration_since(Instant::now());
            let share = time / u32::try_from(left).unwrap_or(u32::MAX);
            match self.part(*part, now, Instant::now() + share).await {
                Ok(swept) => sum = sum + swept,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(sum), Err)
    }

    /// Sees to a part, page by page, until it is done or the time is up: one page at least.
    async fn part(&self, part: Part, now: Timestamp, ends: Instant) -> Result<Sweep, Error> {
        let Part { sweep, shard, .. } = part;
        let mut watermark = self.table.watermark(sweep, shard).await?;
        let mut sum = Sweep::default();
        let result = loop {
            match self.page(part, &watermark, now).await {
                Ok((swept, next)) => {
                    sum = sum + swept;
                    watermark.after = next;
                }
                Err(error) => break Err(error),
            }
            if watermark.after.is_none() || Instant::now() >= ends {
                break Ok(sum);
            }
        };
        let is_done = result.is_ok() && watermark.after.is_none();
        let next = part.reached(watermark, is_done);
        self.table.put_watermark(sweep, shard, &next).await?;
        result
    }

    /// Sees to one page; returns what there is to go on after.
    async fn page(
        &self,
        part: Part,
        watermark: &Watermark,
        now: Timestamp,
    ) -> Result<(Sweep, Option<String>), Error> {
        let found = self.journals.due(part.shard, watermark, part.until, PAGE);
        let found = found.await?;
        let seen = self.glance_at(&found.items).await?;
        let swept = stream::iter(found.items)
            .map(|due| self.see_to(due, &seen, now))
            .buffer_unordered(AT_ONCE)
            .try_fold(Sweep::default(), async |sum, swept| Ok(sum + swept))
            .await?;
        Ok((swept, found.next))
    }

    /// What those of the invocations that have ended need; nearly all have. They are read together.
    async fn glance_at(&self, found: &[Due]) -> Result<Seen, Error> {
        let unknown = found.iter().filter_map(|due| match due {
            Due::Invocation(DueInvocation { tenant, id }) if !self.done.has(id) => {
                Some((tenant, id))
            }
            _ => None,
        });
        let seen = self.journals.glance_at_invocations(unknown).await?;
        let ended = seen.into_iter().filter_map(|seen| {
            let care = Care::of_ended(&seen)?;
            Some(((seen.tenant, seen.id), care))
        });
        Ok(ended.collect())
    }

    async fn see_to(&self, due: Due, seen: &Seen, now: Timestamp) -> Result<Sweep, Error> {
        match due {
            Due::Invocation(due) => self.invocation(due, seen, now).await,
            Due::Run { tenant, run } => self.run(&tenant, run, now).await,
            Due::Step { tenant, run, place } => self.step(&tenant, run, place, now).await,
        }
    }

    async fn invocation(
        &self,
        due: DueInvocation,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<Sweep, Error> {
        if self.done.has(&due.id) {
            return Ok(Sweep::default());
        }
        let DueInvocation { tenant, id } = due;
        let owned = (tenant, id);
        let care = match seen.get(&owned) {
            Some(care) => care.clone(),
            None => self.look_after(&owned.0, &owned.1, now).await?,
        };
        let (tenant, id) = owned;
        match care {
            Care::Nothing => return Ok(Sweep::default()),
            Care::Over => {
                self.done.add(id);
                return Ok(Sweep::default());
            }
            Care::Wake(_) if self.is_unwanted(&tenant, &id, now).await? => {
                return Ok(Sweep::default());
            }
            Care::Wake(wake) | Care::Tell(Waiter::Invocation(wake)) => {
                self.journals.wake(&tenant, &wake, now).await?;
            }
            Care::Tell(Waiter::Task(task)) => return self.tell(tenant, task, id).await,
            Care::Tell(Waiter::Step(step)) => return self.tell_step(&tenant, step, id).await,
        }
        tracing::info!(%tenant, invocation = %id, "sent for");
        Ok(Sweep {
            invocations: 1,
            ..Sweep::default()
        })
    }

    /// What an invocation needs that was not seen to have ended.
    async fn look_after(
        &self,
        tenant: &TenantId,
        id: &InvocationId,
        now: Timestamp,
    ) -> Result<Care, Error> {
        match look_after(id, &self.journals.of(tenant), now).await {
            Ok(care) => Ok(care),
            // It would stand in the way of all that comes after it.
            Err(error) if is_damaged(&error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(%tenant, invocation = %id, error, "passed over");
                Ok(Care::Nothing)
            }
            Err(error) => Err(Error::caused_by(ErrorName::Transient, error)),
        }
    }

    /// Has a task settled whose run has ended, unless it knows.
    async fn tell(
        &self,
        tenant: TenantId,
        task: TaskId,
        ended: InvocationId,
    ) -> Result<Sweep, Error> {
        // Most know, and then a glance is enough.
        let seen = self.table.glance_at_task(&tenant, &task).await?;
        if seen.is_some_and(|task| knows(&task, &ended)) {
            self.done.add(ended);
            return Ok(Sweep::default());
        }
        let found = self.table.task(&tenant, &task).await?;
        let current = found.as_ref().and_then(Task::current);
        if current.is_none_or(|attempt| attempt.invocation != ended) {
            return Ok(Sweep::default());
        }
        tracing::info!(%tenant, %task, invocation = %ended, "told of the end");
        let message = TaskMessage::Ended { tenant, task };
        self.tasks.send(&message, &[]).await?;
        Ok(Sweep {
            tasks: 1,
            ..Sweep::default()
        })
    }
}

/// Whether the attempt that `ended` is has been settled. One that the task does not have may yet
/// become its own.
fn knows(task: &Task, ended: &InvocationId) -> bool {
    let mut attempts = task.attempts.iter();
    attempts.any(|attempt| attempt.invocation == *ended && attempt.ended_at.is_some())
}

/// The place on the agenda with which a page ended.
fn time_of(next: &str) -> Option<Timestamp> {
    let (seconds, _) = next.split_once(' ')?;
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

/// Whether a record cannot be read, now or ever.
fn is_damaged(error: &tdev_invocation::Error) -> bool {
    let tdev_invocation::Error::Unavailable(Unavailable(error)) = error else {
        return false;
    };
    matches!(error.downcast_ref(), Some(tdev_aws::Error::Corrupt { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_part_goes_on_where_it_stopped_but_reads_what_may_have_been_early_again() {
        let parts = Part::all(at("2026-01-01T00:10:00Z"));
        assert_eq!(parts.len(), 2 * usize::from(DUE_SHARDS));
        let first = parts[0];
        let stopped = |at: &str| Watermark {
            since: Timestamp::UNIX_EPOCH,
            after: Some(format!("{:012} acme inv_1", self::at(at).as_second())),
        };
        let next = Watermark {
            since: at("2026-01-01T00:08:40Z"),
            after: None,
        };
        let begun = Watermark::default();
        assert_eq!(first.reached(begun.clone(), true), next);
        assert_eq!(first.reached(begun.clone(), false), begun);
        let early = stopped("2026-01-01T00:08:30Z");
        assert_eq!(first.reached(early.clone(), false), early);
        let late = stopped("2026-01-01T00:08:40Z");
        assert_eq!(first.reached(late, false), next);
    }

    #[test]
    fn the_second_sweep_reads_everything_once() {
        let parts = Part::all(at("2026-01-01T00:10:00Z"));
        let second = parts[usize::from(DUE_SHARDS)];
        assert_eq!(second.until, at("2026-01-01T00:00:00Z"));
        assert_eq!(second.next, second.until);
    }
}
