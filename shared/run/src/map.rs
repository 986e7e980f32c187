//! Maps: the same work for every item of a list.
//!
//! So many items as the step's concurrency are under way at once: whoever ends an item begins the
//! next one. Who is under way and who comes next is kept at a [`Gate`], as for the steps of a run
//! that says how many may be; a map that does many items at once has several, to which its items
//! are dealt out in turn, so that not all that end together write the same record. The map is over
//! when nobody is left at any of them, or when an item has failed for good.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use futures_util::{StreamExt, TryStreamExt, future, stream};
use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{Gate, GateKey, Place, StepError, StepRecord, StepState, Work};
use tdev_workflow::Kind;

use crate::enter::Entry;
use crate::gate::of_items;
use crate::limits::{AT_ONCE, PLACES};
use crate::pass::Pass;
use crate::{Error, Members, Store, World, transition};

/// How the items of a map are dealt out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts {
    items: u32,
    lanes: u32,
    count: u32,
}

impl Parts {
    fn of(items: u32, lanes: u32) -> Self {
        let count = lanes.div_ceil(PLACES).max(1);
        Self {
            items,
            lanes,
            count,
        }
    }

    /// How many items of a part are done at once.
    const fn places(self, part: u32) -> u32 {
        self.lanes / self.count + (part < self.lanes % self.count) as u32
    }

    /// How many items a part has.
    const fn size(self, part: u32) -> u32 {
        self.items.saturating_sub(part).div_ceil(self.count)
    }

    /// The part that has the item, and which of that part's it is.
    const fn place(self, item: u32) -> (u32, u32) {
        (item % self.count, item / self.count)
    }

    /// The item that is the `number`-th of a part.
    const fn item(self, part: u32, number: u32) -> u32 {
        number * self.count + part
    }
}

impl<S: Store, W: World> Pass<'_, S, W> {
    /// Writes a map as it begins, and begins its first items.
    pub(crate) async fn begin_map(
        &self,
        record: StepRecord,
        items: Vec<Value>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Kind::Map(map) = &self.planned(record.place)?.kind else {
            return Ok(true);
        };
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        if count == 0 {
            let empty = StepState::Completed {
                output: Value::Array(Vec::new()),
                cached: false,
            };
            return self.end_as(transition::begun_as(record, empty, now)).await;
        }
        let lanes = map.concurrency.clamp(1, count);
        let (run, step) = (self.run.id.clone(), record.place.step);
        self.world.keep_items(&run, step, &items).await?;
        let number = transition::next_number(&record);
        let work = Work::Map {
            items: count,
            lanes,
        };
        let next = transition::trying(record, number, work, None, now);
        if !self.put(&next).await? {
            return Ok(false);
        }
        self.see_to_map(next).await
    }

    /// Begins an item. Boxed, since the end of one begins the next.
    fn enter_item(
        &self,
        step: u32,
        item: u32,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>>
    where
        S: Sync,
    {
        Box::pin(self.enter(Place::item(step, item), Entry::Ready))
    }

    async fn enter_items(&self, step: u32, items: Vec<u32>) -> Result<(), Error> {
        stream::iter(items)
            .map(|item| self.enter_item(step, item))
            .buffered(AT_ONCE)
            .try_for_each(future::ok)
            .await
    }

    /// Sees to a map that begins, or whose items, or some of them, nobody may be coming for.
    pub(crate) async fn see_to_map(&self, found: StepRecord) -> Result<bool, Error> {
        let Some(parts) = parts_of(&found) else {
            return Ok(true);
        };
        let step = found.place.step;
        let done = self.done_before(step).await?;
        for part in 0..parts.count {
            let key = self.gate_of(step, part);
            let new = new_gate(parts, part, &done);
            let change = |gate| of_items(gate, None, parts.places(part));
            let place = |number| Place::item(step, parts.item(part, number));
            let passed = self.pass_gate(key, Some(new), change, place).await?;
            let Some((_, gate)) = passed else {
                continue;
            };
            let items = gate.under_way.iter();
            let items = items.map(|number| parts.item(part, *number)).collect();
            self.enter_items(step, items).await?;
            if gate.is_deserted() {
                self.part_over(&found, part, parts).await?;
            }
        }
        Ok(true)
    }

    /// The items that were done before the run was last resumed, and are kept.
    async fn done_before(&self, step: u32) -> Result<BTreeSet<u32>, Error> {
        if self.run.resumed == 0 {
            return Ok(BTreeSet::new());
        }
        let items = self.store.items(&self.run.id, step).await?.into_iter();
        let done = items.filter(|item| matches!(item.state, StepState::Completed { .. }));
        Ok(done.filter_map(|item| item.place.item).collect())
    }

    fn gate_of(&self, step: u32, part: u32) -> GateKey {
        GateKey {
            resumed: self.run.resumed,
            map: Some(step),
            part,
        }
    }

    /// Does what follows from the end of an item.
    pub(crate) async fn follow_item(&self, record: StepRecord, item: u32) -> Result<(), Error> {
        let place = Place::step(record.place.step);
        let Some(map) = self.found(place).await? else {
            return Ok(());
        };
        let (StepState::Running, Some(parts)) = (&map.state, parts_of(&map)) else {
            return Ok(());
        };
        match record.state {
            StepState::Completed { .. } => {}
            StepState::Failed { error } => {
                let message = format!("item {item}: {}", error.message);
                let error = StepError::new(error.kind, message);
                let failed = StepState::Failed { error };
                let next = transition::ended(&map, failed, self.world.now());
                // A conflict means that another item was first.
                return self.end_as(next).await.map(|_| ());
            }
            _ => return Ok(()),
        }
        let (part, number) = parts.place(item);
        let key = self.gate_of(place.step, part);
        let change = |gate| of_items(gate, Some(number), parts.places(part));
        let at = |number| Place::item(place.step, parts.item(part, number));
        let Some((begin, gate)) = self.pass_gate(key, None, change, at).await? else {
            // The worker that began the map was lost before it wrote who is under way.
            return self.see_to_map(map).await.map(|_| ());
        };
        let begin = begin.into_iter();
        let begin = begin.map(|number| parts.item(part, number)).collect();
        self.enter_items(place.step, begin).await?;
        if gate.is_deserted() {
            self.part_over(&map, part, parts).await?;
        }
        Ok(())
    }

    /// Notes that all items of a part are over; the last part ends the map.
    async fn part_over(&self, map: &StepRecord, part: u32, parts: Parts) -> Result<(), Error> {
        let meeting = self.meeting(map.place.step, Members::Parts);
        let all = self.come(meeting, parts.count as usize, part as usize, false);
        if all.await?.is_none() {
            return Ok(());
        }
        let items = self.store.items(&self.run.id, map.place.step).await?;
        let outputs = items.into_iter().filter_map(|item| match item.state {
            StepState::Completed { output, .. } => Some(output),
            _ => None,
        });
        let completed = StepState::Completed {
            output: outputs.collect(),
            cached: false,
        };
        let next = transition::ended(map, completed, self.world.now());
        // A conflict means that it has ended already.
        self.end_as(next).await.map(|_| ())
    }
}

/// How the items of a map that has begun are dealt out.
fn parts_of(map: &StepRecord) -> Option<Parts> {
    match map.tries.last()?.work {
        Work::Map { items, lanes } => Some(Parts::of(items, lanes)),
        _ => None,
    }
}

/// Who waits at the gate of a part at first: all items but those that are done.
fn new_gate(parts: Parts, part: u32, done: &BTreeSet<u32>) -> Gate {
    let done_here = done.iter().map(|item| parts.place(*item));
    let done_here: BTreeSet<u32> = done_here
        .filter_map(|(of, number)| (of == part).then_some(number))
        .collect();
    let beyond = done_here.last().map_or(0, |last| last + 1);
    Gate {
        waiting: (0..beyond).filter(|n| !done_here.contains(n)).collect(),
        row: beyond..parts.size(part),
        ..Gate::default()
    }
}
