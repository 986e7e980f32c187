//! A graph as steps one after the other and side by side.

use crate::plan::{Plan, StepIndex, at};

/// Steps that run one after the other, or at once.
#[derive(Debug, PartialEq)]
pub(super) enum Block {
    Step(StepIndex),
    /// Each part begins when all of the one before has ended.
    Series(Vec<Self>),
    /// The parts do not wait for each other.
    Parallel(Vec<Self>),
}

/// Four steps that cannot be put like that: `c` waits for `a` and `b`, and `d` for `b` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crossing {
    pub(super) a: StepIndex,
    pub(super) b: StepIndex,
    pub(super) c: StepIndex,
    pub(super) d: StepIndex,
}

/// Puts the steps of `plan` one after the other and side by side, such that they wait for what
/// they do in the plan and for nothing else.
///
/// It takes time in proportion to the cube of the number of steps.
pub(super) fn decompose(plan: &Plan) -> Result<Block, Crossing> {
    let steps: Vec<StepIndex> = (0..plan.len()).collect();
    Order::new(plan).part(&steps)
}

/// Which step is before which, however far.
struct Order {
    before: Vec<Vec<bool>>,
}

impl Order {
    fn new(plan: &Plan) -> Self {
        let count = at(plan.len());
        let mut before: Vec<Vec<bool>> = Vec::with_capacity(count);
        for step in 0..plan.len() {
            let mut row = vec![false; count];
            for edge in plan.dependencies(step) {
                row[at(edge.step)] = true;
                for (known, earlier) in row.iter_mut().zip(&before[at(edge.step)]) {
                    *known |= *earlier;
                }
            }
            before.push(row);
        }
        Self { before }
    }

    fn is_before(&self, one: StepIndex, other: StepIndex) -> bool {
        self.before[at(other)][at(one)]
    }

    fn are_ordered(&self, one: StepIndex, other: StepIndex) -> bool {
        self.is_before(one, other) || self.is_before(other, one)
    }

    fn part(&self, steps: &[StepIndex]) -> Result<Block, Crossing> {
        if let [step] = *steps {
            return Ok(Block::Step(step));
        }
        let parts = self.connected(steps, true);
        if parts.len() > 1 {
            let parts = parts.iter().map(|part| self.part(part));
            return Ok(Block::Parallel(parts.collect::<Result<_, _>>()?));
        }
        let parts = self.connected(steps, false);
        if parts.len() > 1 {
            let parts = parts.iter().map(|part| self.part(part));
            return Ok(Block::Series(parts.collect::<Result<_, _>>()?));
        }
        Err(self.crossing(steps))
    }

    /// The parts of `steps` that are held together by being `ordered` or by not being so, each
    /// ascending, in the order of their first steps.
    fn connected(&self, steps: &[StepIndex], ordered: bool) -> Vec<Vec<StepIndex>> {
        let mut left = steps.to_vec();
        let mut parts = Vec::new();
        while let Some(first) = left.first().copied() {
            left.remove(0);
            let mut part = vec![first];
            let mut seen = 0;
            while let Some(step) = part.get(seen).copied() {
                seen += 1;
                left.retain(|other| {
                    let joins = self.are_ordered(step, *other) == ordered;
                    if joins {
                        part.push(*other);
                    }
                    !joins
                });
            }
            part.sort_unstable();
            parts.push(part);
        }
        parts
    }

    /// A crossing among `steps`, which hold together in both ways, so that there is one.
    fn crossing(&self, steps: &[StepIndex]) -> Crossing {
        let first = steps[0];
        let mut found = Crossing {
            a: first,
            b: first,
            c: first,
            d: first,
        };
        for c in steps.iter().copied() {
            for d in steps.iter().copied() {
                if c == d || self.are_ordered(c, d) {
                    continue;
                }
                let (shared, own): (Vec<_>, Vec<_>) = steps
                    .iter()
                    .copied()
                    .filter(|step| self.is_before(*step, c))
                    .partition(|step| self.is_before(*step, d));
                for b in shared {
                    if let Some(a) = own.iter().find(|a| !self.are_ordered(**a, b)) {
                        found = Crossing { a: *a, b, c, d };
                        return found;
                    }
                }
            }
        }
        found
    }
}
