//! Maps: the same work for every item of a list.
//!
//! The items are done in lanes, as many as the step's concurrency: lane `n` does the items `n`,
//! `n + lanes`, `n + 2 × lanes` …, one after the other. So what comes after an item is known from
//! its number alone, and nothing is written but the items themselves. The map is over when all
//! lanes are, or when an item has failed for good.

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{Place, StepError, StepRecord, StepState, Work};
use tdev_workflow::Kind;

use crate::enter::Entry;
use crate::pass::Pass;
use crate::{Error, Members, Store, World, transition};

impl<S: Store, W: World> Pass<'_, S, W> {
    /// Writes a map as it begins, and begins the first item of each lane.
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
        for lane in 0..lanes {
            self.enter_item(step, lane).await?;
        }
        Ok(true)
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

    /// Sees to a map whose items, or some of them, nobody may be coming for.
    pub(crate) async fn see_to_map(&self, found: StepRecord) -> Result<bool, Error> {
        let Some(Work::Map { items, lanes }) = found.tries.last().map(|last| last.work.clone())
        else {
            return Ok(true);
        };
        let step = found.place.step;
        let begun = self.store.items(&self.run.id, step).await?;
        for lane in 0..lanes {
            // Where the lane stands: its first item that is not completed.
            let mut item = lane;
            let is_done = |item: u32| {
                begun
                    .binary_search_by_key(&Some(item), |record| record.place.item)
                    .ok()
                    .and_then(|place| begun.get(place))
                    .is_some_and(|record| matches!(record.state, StepState::Completed { .. }))
            };
            while item < items && is_done(item) {
                item += lanes;
            }
            if item < items {
                self.enter_item(step, item).await?;
            } else {
                self.lane_over(&found, lane, lanes).await?;
            }
        }
        Ok(true)
    }

    /// Does what follows from the end of an item.
    pub(crate) async fn follow_item(&self, record: StepRecord, item: u32) -> Result<(), Error> {
        let place = Place::step(record.place.step);
        let Some(map) = self.found(place).await? else {
            return Ok(());
        };
        let (StepState::Running, Some(Work::Map { items, lanes })) =
            (&map.state, map.tries.last().map(|last| last.work.clone()))
        else {
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
        match item.checked_add(lanes).filter(|next| *next < items) {
            Some(next) => self.enter_item(place.step, next).await,
            None => self.lane_over(&map, item % lanes, lanes).await,
        }
    }

    /// Notes that a lane is over; the last one ends the map.
    async fn lane_over(&self, map: &StepRecord, lane: u32, lanes: u32) -> Result<(), Error> {
        let meeting = self.meeting(map.place.step, Members::Lanes);
        let all = self.come(meeting, lanes as usize, lane as usize, false);
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
