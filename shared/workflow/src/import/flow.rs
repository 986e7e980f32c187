//! Where the flow of a document stands, and the steps that are put there.

use std::collections::{BTreeSet, HashMap, HashSet};

use tdev_domain::StepId;

use super::data::Data;
use super::node::{Found, Node};
use crate::definition::{
    Branch, Choice, Dependency, DependencyKind, Kind, RetryPolicy, Step, Wait,
};
use crate::limits;
use crate::problem::Code;

const DIFFERS: &str = "the ways that lead here give different values";

/// A place in the flow: what must have ended before it, and what is known there.
#[derive(Debug, Clone)]
pub(super) struct Position {
    /// Steps of the same region, which must have completed.
    hard: Vec<StepId>,
    /// Steps that must have ended, and may have been skipped.
    soft: Vec<Soft>,
    /// The branches that must have been taken, the outermost first.
    regions: Vec<Region>,
    /// `.`
    pub(super) data: Data,
    /// `$context`
    pub(super) context: Data,
}

/// Some branches of a choice, one of which must have been taken.
#[derive(Debug, Clone, PartialEq)]
struct Region {
    choice: usize,
    branches: BTreeSet<usize>,
}

#[derive(Debug, Clone, PartialEq)]
enum Soft {
    /// A failure of it fails the run.
    Ended(StepId),
    /// A failure of it is passed over.
    Tolerated(StepId),
}

impl Position {
    /// Where the run begins.
    pub(super) const fn start(data: Data, context: Data) -> Self {
        Self {
            hard: Vec::new(),
            soft: Vec::new(),
            regions: Vec::new(),
            data,
            context,
        }
    }

    /// The place after `step`, which has completed there.
    pub(super) fn after(&self, step: &StepId) -> Self {
        Self {
            hard: vec![step.clone()],
            soft: Vec::new(),
            ..self.clone()
        }
    }

    /// The place after `step`, which may have been skipped.
    pub(super) fn after_skippable(&self, step: &StepId) -> Self {
        self.after_soft(Soft::Ended(step.clone()))
    }

    /// The place after `step`, which may have been skipped or failed.
    pub(super) fn after_tolerated(&self, step: &StepId) -> Self {
        self.after_soft(Soft::Tolerated(step.clone()))
    }

    fn after_soft(&self, soft: Soft) -> Self {
        Self {
            hard: Vec::new(),
            soft: vec![soft],
            ..self.clone()
        }
    }

    /// The place after all of `ends`, which began at `self`; `None` if some of them need not be
    /// reached.
    pub(super) fn joined(&self, ends: &[Self]) -> Option<Self> {
        let mut joined = Self {
            hard: Vec::new(),
            soft: Vec::new(),
            ..self.clone()
        };
        for end in ends {
            if end.regions != self.regions {
                return None;
            }
            joined.take(end);
            if end.context != self.context {
                joined.context = Data::Unknown("branches that run at once export to it");
            }
        }
        Some(joined)
    }

    fn take(&mut self, other: &Self) {
        for step in &other.hard {
            if !self.hard.contains(step) {
                self.hard.push(step.clone());
            }
        }
        for step in &other.soft {
            self.wait_for(step.clone());
        }
    }

    fn wait_for(&mut self, step: Soft) {
        if !self.soft.contains(&step) {
            self.soft.push(step);
        }
    }
}

/// The steps so far.
pub(super) struct Steps {
    pub(super) list: Vec<Step>,
    ids: HashSet<String>,
    /// By id: the number of the last step that was named after it.
    numbers: HashMap<String, u32>,
    /// By step that may be skipped: the step that keeps its failure from being passed over.
    guards: HashMap<StepId, StepId>,
    /// Steps whose failure is passed over, which something must follow.
    tolerated: Vec<StepId>,
    /// How many ways each choice has, `otherwise` included.
    ways: HashMap<usize, usize>,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            list: Vec::new(),
            ids: HashSet::new(),
            numbers: HashMap::new(),
            guards: HashMap::new(),
            tolerated: Vec::new(),
            ways: HashMap::new(),
        }
    }

    /// An id like `name` that no other step has.
    pub(super) fn id(&mut self, name: &str, at: &Node<'_>) -> Found<StepId> {
        const LONGEST: usize = 50;
        if self.list.len() >= limits::MAX_STEPS {
            let message = format!("at most {} steps are taken", limits::MAX_STEPS);
            return Err(at.problem(Code::TooManySteps, message));
        }
        let mut id: String = name
            .chars()
            .take(LONGEST)
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() || c == '-' => c,
                _ => '_',
            })
            .collect();
        if !id.starts_with(|c: char| c.is_ascii_alphabetic()) {
            id.insert_str(0, "s_");
        }
        let mut unique = id.clone();
        // Where the search for a free number goes on, so that it does not begin anew each time.
        let number = self.numbers.entry(id.clone()).or_insert(1);
        while !self.ids.insert(unique.clone()) {
            *number += 1;
            unique = format!("{id}_{number}");
        }
        unique
            .parse()
            .map_err(|_| at.malformed("a name must have a letter or a digit"))
    }

    /// Puts `step` at `position`.
    pub(super) fn add(&mut self, mut step: Step, position: &Position, at: &Node<'_>) -> Found<()> {
        for before in &position.hard {
            depend(&mut step, before, DependencyKind::Hard);
        }
        if position.hard.is_empty()
            && let Some(region) = position.regions.last()
        {
            let choice = self.list[region.choice].id.clone();
            depend(&mut step, &choice, DependencyKind::Hard);
            self.name_in(region, &step.id);
        }
        for before in &position.soft {
            let before = match before {
                Soft::Tolerated(step) => step.clone(),
                Soft::Ended(step) => self.guard(step, at)?,
            };
            depend(&mut step, &before, DependencyKind::Soft);
        }
        self.list.push(step);
        Ok(())
    }

    /// Puts a choice at `position` that takes the first of `conditions` that holds, and gives the
    /// places where its branches begin, the last that of no branch.
    pub(super) fn choose(
        &mut self,
        id: StepId,
        conditions: Vec<String>,
        position: &Position,
        at: &Node<'_>,
    ) -> Found<Vec<Position>> {
        let ways = conditions.len() + 1;
        let branches = conditions.into_iter().map(|when| Branch {
            when,
            then: Vec::new(),
        });
        let choice = Kind::Choice(Choice {
            branches: branches.collect(),
            otherwise: Vec::new(),
        });
        self.add(Step::new(id, choice), position, at)?;
        let choice = self.list.len() - 1;
        self.ways.insert(choice, ways);
        let begin = |branch| {
            let mut begin = Position {
                hard: Vec::new(),
                soft: Vec::new(),
                ..position.clone()
            };
            begin.regions.push(Region {
                choice,
                branches: BTreeSet::from([branch]),
            });
            begin
        };
        Ok((0..ways).map(begin).collect())
    }

    /// Notes that a failure of `step` is passed over.
    pub(super) fn tolerate(&mut self, step: &StepId) {
        self.tolerated.push(step.clone());
    }

    /// Lets something follow every step whose failure is passed over.
    pub(super) fn follow_tolerated(&mut self, at: &Node<'_>) -> Found<()> {
        let followed: HashSet<StepId> = self
            .list
            .iter()
            .flat_map(|step| step.depends_on.iter().map(|d| d.step.clone()))
            .collect();
        for step in std::mem::take(&mut self.tolerated) {
            if !followed.contains(&step) {
                let mut done = Step::new(self.id(&format!("{step}_done"), at)?, no_time());
                depend(&mut done, &step, DependencyKind::Soft);
                self.list.push(done);
            }
        }
        Ok(())
    }

    /// The place that all of `ways` lead to.
    pub(super) fn merge(&self, mut ways: Vec<Position>, at: &Node<'_>) -> Found<Position> {
        loop {
            let Some(deepest) = ways.iter().max_by_key(|way| way.regions.len()) else {
                return Err(at.problem(Code::UnreachableStep, "nothing leads here"));
            };
            if ways.len() == 1 {
                return Ok(ways.remove(0));
            }
            let regions = deepest.regions.clone();
            let (same, others): (Vec<_>, Vec<_>) = ways
                .into_iter()
                .partition(|way| are_of_one_choice(&way.regions, &regions));
            if same.len() == 1 && !others.is_empty() {
                let why = "the ways that lead here part at different places";
                return Err(at.unsupported("this join", why));
            }
            ways = others;
            ways.push(self.union(&same, regions));
        }
    }

    /// The place that all of `ways` lead to, which are branches of the last of `regions`.
    fn union(&self, ways: &[Position], mut regions: Vec<Region>) -> Position {
        let first = &ways[0];
        let known = |same: bool, data: &Data| match data {
            data if same => data.clone(),
            _ => Data::Unknown(DIFFERS),
        };
        let mut union = Position {
            hard: Vec::new(),
            soft: Vec::new(),
            regions: Vec::new(),
            data: known(ways.iter().all(|w| w.data == first.data), &first.data),
            context: known(
                ways.iter().all(|w| w.context == first.context),
                &first.context,
            ),
        };
        for way in ways {
            for step in &way.hard {
                union.wait_for(Soft::Ended(step.clone()));
            }
            for step in &way.soft {
                union.wait_for(step.clone());
            }
        }
        if let Some(mut last) = regions.pop() {
            for way in ways {
                last.branches
                    .extend(way.regions.last().into_iter().flat_map(|r| &r.branches));
            }
            if self.ways.get(&last.choice) == Some(&last.branches.len()) {
                union.wait_for(Soft::Tolerated(self.list[last.choice].id.clone()));
            } else {
                regions.push(last);
            }
        }
        union.regions = regions;
        union
    }

    fn name_in(&mut self, region: &Region, step: &StepId) {
        if let Kind::Choice(choice) = &mut self.list[region.choice].kind {
            for branch in &region.branches {
                match choice.branches.get_mut(*branch) {
                    Some(branch) => branch.then.push(step.clone()),
                    None => choice.otherwise.push(step.clone()),
                }
            }
        }
    }

    /// The step to wait for so that a failure of `step`, which may be skipped, is not passed over.
    fn guard(&mut self, step: &StepId, at: &Node<'_>) -> Found<StepId> {
        if let Some(guard) = self.guards.get(step) {
            return Ok(guard.clone());
        }
        let id = self.id(&format!("{step}_done"), at)?;
        let mut guard = Step::new(id.clone(), no_time());
        depend(&mut guard, step, DependencyKind::Hard);
        self.list.push(guard);
        self.guards.insert(step.clone(), id.clone());
        Ok(id)
    }
}

/// Whether both end in branches of the same choice, and are the same before that.
fn are_of_one_choice(one: &[Region], other: &[Region]) -> bool {
    match (one.split_last(), other.split_last()) {
        (None, None) => true,
        (Some((one, before)), Some((other, before_other))) => {
            one.choice == other.choice && before == before_other
        }
        _ => false,
    }
}

fn depend(step: &mut Step, on: &StepId, kind: DependencyKind) {
    if step.depends_on.iter().all(|d| d.step != *on) {
        step.depends_on.push(Dependency {
            step: on.clone(),
            kind,
        });
    }
}

const fn no_time() -> Kind {
    Kind::Wait(Wait::Seconds(0))
}

/// The policy of what is tried once.
pub(super) fn tried_once() -> RetryPolicy {
    RetryPolicy {
        max_attempts: 1,
        ..RetryPolicy::default()
    }
}
