//! Mutations of subtrees.

use rand::RngExt;
use rand::seq::IndexedRandom;
use tdev_program::{Expr, Function};

use super::anatomy::Anatomy;
use super::crossover::is_iterator;
use super::grow::Grower;
use super::{ATTEMPTS, offspring};
use crate::{Genome, Operator, Rng, Scope, Trial};

/// Puts a random subtree of the same type in the place of one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubtreeMutation;

/// Puts a part of an expression in its place, so that what is around the part is gone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hoist;

/// Puts a variable or constant in the place of a subtree.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shrink;

/// Tries `change` on expressions drawn from the only parent until it makes a child of one.
pub(super) fn vary_expr(
    parents: &[&Genome],
    scope: &Scope,
    rng: &mut Rng,
    change: impl Fn(&Anatomy<'_>, usize, &Expr, &mut Rng) -> Option<Function>,
) -> Option<Genome> {
    let [parent, ..] = parents else {
        return None;
    };
    let (at, anatomy) = Anatomy::draw(parent, scope, rng)?;
    for _ in 0..ATTEMPTS {
        let place = rng.random_range(0..anatomy.len().max(1));
        let expr = anatomy.nodes.get(place).and_then(|_| anatomy.expr(place));
        let Some(expr) = expr.filter(|_| !anatomy.is_fixed(place)) else {
            continue;
        };
        let changed = change(&anatomy, place, expr, rng);
        let child = changed.and_then(|changed| offspring(parent, at, changed, scope));
        if child.is_some() {
            return child;
        }
    }
    None
}

impl Operator for SubtreeMutation {
    fn name(&self) -> &'static str {
        "subtree-mutation"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        _: &mut Trial<'_>,
    ) -> Option<Genome> {
        vary_expr(parents, scope, rng, |anatomy, place, _, rng| {
            let levels = rng.random_range(1..=4);
            let mut grower = Grower::at(anatomy, place, scope);
            let new = grower.expr(anatomy.wanted(place), levels, rng);
            anatomy.with_expr(place, new)
        })
    }
}

impl Operator for Hoist {
    fn name(&self) -> &'static str {
        "hoist"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        _: &mut Trial<'_>,
    ) -> Option<Genome> {
        vary_expr(parents, scope, rng, |anatomy, place, _, rng| {
            let below = place + 1..place + anatomy.size(place);
            let suits = |part: &usize| {
                let part = *part;
                anatomy.accepts(place, anatomy.ty(part))
                    && (anatomy.is_iterated(place) || !is_iterator(anatomy.expr(part)))
                    // Variables of a comprehension stay in it.
                    && anatomy.renaming(part, anatomy.visible(place), rng).is_some_and(|all| all.is_empty())
            };
            let parts: Vec<usize> = below.filter(suits).collect();
            let part = *parts.choose(rng)?;
            anatomy.with_expr(place, anatomy.expr(part)?.clone())
        })
    }
}

impl Operator for Shrink {
    fn name(&self) -> &'static str {
        "shrink"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        _: &mut Trial<'_>,
    ) -> Option<Genome> {
        vary_expr(parents, scope, rng, |anatomy, place, _, rng| {
            if anatomy.size(place) == 1 {
                return None;
            }
            let mut grower = Grower::at(anatomy, place, scope);
            let new = grower.terminal(anatomy.wanted(place), rng);
            anatomy.with_expr(place, new)
        })
    }
}
