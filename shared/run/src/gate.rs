//! Places: how many steps of a run, or items of a map, may be under way at once.
//!
//! Who has a place, and who waits for one, is one record ([`Gate`]), written by every pass in which
//! one ends or becomes ready. A step that runs agents needs a place from its beginning to its end,
//! its pauses included, in a run that says how many may be under way; of those that wait the one
//! with the longest path to the end of the run comes first. Items of a map come in their order.
//! Whoever gives out a place begins what gets it. If that worker is lost in between, whoever
//! takes its message again finds that nothing is to be changed at the gate, and so looks whether
//! all that have a place have begun; so does every look after the whole run.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use tdev_domain::{Gate, GateKey, Place, StepState};
use tdev_workflow::Plan;

use crate::enter::Entry;
use crate::error::written;
use crate::limits::MAX_GATE_CONFLICTS;
use crate::pass::Pass;
use crate::{Error, Store, World};

/// What is changed at a gate.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Change {
    /// The gate thereafter.
    next: Gate,
    /// Who has been given a place.
    admitted: Vec<u32>,
    /// Whether some of it had been done before, by a worker that may have been lost thereafter.
    repeated: bool,
}

/// Takes their places from the steps in `left`, and gives all that are free to those that wait and
/// to those in `ready`, the longest path first.
fn of_steps(found: Gate, left: &[u32], ready: &[u32], places: u32, plan: &Plan) -> Change {
    let mut next = found;
    let mut repeated = false;
    for step in left {
        repeated |= !next.under_way.remove(step);
        next.waiting.remove(step);
    }
    for step in ready {
        if next.under_way.contains(step) {
            repeated = true;
        } else {
            next.waiting.insert(*step);
        }
    }
    let mut admitted: Vec<u32> = next.waiting.iter().copied().collect();
    admitted.sort_by(|a, b| longest_first(plan, *a, *b));
    admitted.truncate((places as usize).saturating_sub(next.under_way.len()));
    for step in &admitted {
        next.waiting.remove(step);
        next.under_way.insert(*step);
    }
    Change {
        next,
        admitted,
        repeated,
    }
}

/// Takes its place from an item that is over, and gives all that are free to those that wait, in
/// their order.
pub(crate) fn of_items(found: Gate, left: Option<u32>, places: u32) -> Change {
    let mut next = found;
    let repeated = left.is_some_and(|item| !next.under_way.remove(&item));
    let mut admitted = Vec::new();
    while next.under_way.len() < places as usize
        && let Some(item) = next.waiting.pop_first().or_else(|| next.row.next())
    {
        next.under_way.insert(item);
        admitted.push(item);
    }
    Change {
        next,
        admitted,
        repeated,
    }
}

/// The order in which steps begin that are ready: by the path behind them, then by place.
fn longest_first(plan: &Plan, a: u32, b: u32) -> Ordering {
    let paths = plan.path_seconds(b).total_cmp(&plan.path_seconds(a));
    paths.then(a.cmp(&b))
}

impl<S: Store, W: World> Pass<'_, S, W> {
    /// [`longest_first`] in the run's plan.
    pub(crate) fn longest_first(&self, a: u32, b: u32) -> Ordering {
        longest_first(&self.plan, a, b)
    }

    /// Whether what is in `place` begins only when it has been given a place at the gate.
    pub(crate) fn needs_place(&self, place: Place) -> bool {
        self.plan.max_in_flight.is_some()
            && place.item.is_none()
            && self.plan.step(place.step).kind.runs_agents()
    }

    pub(crate) fn wait_for_place(&self, place: Place) {
        self.noted().ready.push(place.step);
    }

    /// Gives the places that have become free to the steps that wait for one, and begins these.
    /// Returns whether there was anything to do.
    pub(crate) async fn give_places(&mut self) -> Result<bool, Error> {
        let (left, ready) = {
            let mut noted = self.noted();
            let left = std::mem::take(&mut noted.left);
            (left, std::mem::take(&mut noted.ready))
        };
        let Some(places) = self.plan.max_in_flight else {
            return Ok(false);
        };
        if left.is_empty() && ready.is_empty() {
            return Ok(false);
        }
        let key = GateKey {
            resumed: self.run.resumed,
            ..GateKey::default()
        };
        let plan = Arc::clone(&self.plan);
        let change = |found| of_steps(found, &left, &ready, places, &plan);
        let (new, place) = (Some(Gate::default()), Place::step);
        let passed = self.pass_gate(key, new, change, place).await?;
        let mut admitted = passed.map(|(admitted, _)| admitted).unwrap_or_default();
        admitted.sort_by(|a, b| self.longest_first(*a, *b));
        let admitted = admitted.into_iter();
        let admitted = admitted.map(|step| (step, Entry::Admitted)).collect();
        self.enter_all(admitted).await?;
        Ok(true)
    }

    /// Changes who has a place at a gate, which is `new` if there is none yet. Returns who is to
    /// begin, and the gate as it is then; nothing if there is none. `place` says where in the run
    /// somebody stands.
    pub(crate) async fn pass_gate(
        &self,
        key: GateKey,
        new: Option<Gate>,
        change: impl Fn(Gate) -> Change,
        place: impl Fn(u32) -> Place,
    ) -> Result<Option<(Vec<u32>, Gate)>, Error> {
        let run = &self.run.id;
        for _ in 0..MAX_GATE_CONFLICTS {
            let found = self.store.gate(run, key).await?;
            let revision = found.as_ref().map_or(0, |gate| gate.revision + 1);
            let Some(found) = found.or_else(|| new.clone()) else {
                return Ok(None);
            };
            let found = Gate { key, ..found };
            let mut change = change(found.clone());
            if change.next != found {
                change.next.revision = revision;
                if !written(self.store.put_gate(run, &change.next).await)? {
                    continue;
                }
            }
            let begin = if change.repeated {
                self.not_begun(&change.next, &place).await?
            } else {
                change.admitted
            };
            return Ok(Some((begin, change.next)));
        }
        Err(Error::Contended)
    }

    /// Those who have a place and have not begun.
    async fn not_begun(
        &self,
        gate: &Gate,
        place: impl Fn(u32) -> Place,
    ) -> Result<Vec<u32>, Error> {
        let mut numbers: Vec<u32> = gate.under_way.iter().copied().collect();
        if numbers.is_empty() {
            return Ok(numbers);
        }
        let places: Vec<Place> = numbers.iter().map(|number| place(*number)).collect();
        let found = self.store.steps(&self.run.id, &places).await?;
        let begun = found.iter();
        let begun = begun.filter(|record| record.state != StepState::Pending);
        let begun: BTreeSet<Place> = begun.map(|record| record.place).collect();
        numbers.retain(|number| !begun.contains(&place(*number)));
        Ok(numbers)
    }
}
