//! Runs that say how many steps may be under way at once.
//!
//! Who has a place, and who waits for one, is one record ([`Gate`]), written by every pass in which
//! a step ends or becomes ready. A step that runs agents needs a place from its beginning to its
//! end, its pauses included; of those that wait the one with the longest path to the end of the run
//! comes first. Whoever gives a step a place begins it. If that worker is lost in between, whoever
//! takes its message again finds that nothing is to be changed at the gate, and so looks whether
//! all that have a place have begun; so does every look after the whole run.

use std::cmp::Ordering;

use tdev_domain::{Gate, Place, StepState};
use tdev_workflow::Plan;

use crate::enter::Entry;
use crate::error::written;
use crate::limits::MAX_GATE_CONFLICTS;
use crate::pass::Pass;
use crate::{Error, Store, World};

/// What a pass changes at the gate.
#[derive(Debug, Default, PartialEq)]
struct Change {
    /// The gate thereafter; absent if it stays as it is.
    next: Option<Gate>,
    /// Who has been given a place.
    admitted: Vec<u32>,
    /// Whether some of it had been done before, by a worker that may have been lost thereafter.
    repeated: bool,
}

/// Takes their places from the steps in `left`, and gives all that are free to those that wait and
/// to those in `ready`, the longest path first.
fn change(found: &Gate, left: &[u32], ready: &[u32], places: u32, plan: &Plan) -> Change {
    let mut next = found.clone();
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
    let mut waiting: Vec<u32> = next.waiting.iter().copied().collect();
    waiting.sort_by(|a, b| longest_first(plan, *a, *b));
    waiting.truncate((places as usize).saturating_sub(next.under_way.len()));
    for step in &waiting {
        next.waiting.remove(step);
        next.under_way.insert(*step);
    }
    let has_changed = next != *found;
    next.revision += 1;
    Change {
        next: has_changed.then_some(next),
        admitted: waiting,
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
        let (run, resumed) = (self.run.id.clone(), self.run.resumed);
        for _ in 0..MAX_GATE_CONFLICTS {
            let found = self.store.gate(&run, resumed).await?;
            let is_new = found.is_none();
            let found = found.unwrap_or(Gate {
                resumed,
                ..Gate::default()
            });
            let mut change = change(&found, &left, &ready, places, &self.plan);
            if let Some(next) = &mut change.next {
                if is_new {
                    next.revision = 0;
                }
                if !written(self.store.put_gate(&run, next).await)? {
                    continue;
                }
            }
            let admitted = if change.repeated {
                let gate = change.next.unwrap_or(found);
                self.not_begun(&gate).await?
            } else {
                change.admitted
            };
            let admitted = admitted.into_iter();
            let admitted = admitted.map(|step| (step, Entry::Admitted)).collect();
            self.enter_all(admitted).await?;
            return Ok(true);
        }
        Err(Error::Contended)
    }

    /// The steps that have a place and have not begun, the longest path first.
    async fn not_begun(&self, gate: &Gate) -> Result<Vec<u32>, Error> {
        let places: Vec<Place> = gate.under_way.iter().copied().map(Place::step).collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.steps(&self.run.id, &places).await?;
        let has_begun = |step: u32| {
            let mut found = found.iter();
            found.any(|record| record.place.step == step && record.state != StepState::Pending)
        };
        let mut steps: Vec<u32> = gate.under_way.iter().copied().collect();
        steps.retain(|step| !has_begun(*step));
        steps.sort_by(|a, b| self.longest_first(*a, *b));
        Ok(steps)
    }
}
