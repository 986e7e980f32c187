//! Crossover.

use rand::RngExt;
use rand::seq::IndexedRandom;
use tdev_program::{Expr, Function, Name, Stmt};

use super::anatomy::{Anatomy, callable};
use super::{ATTEMPTS, offspring, tree};
use crate::{Genome, Operator, Rng, Scope, Trial};

/// Puts a subtree of the second parent in the place of a subtree of the first (Koza 1992), of the
/// same type, and at most about twice as large (size-fair, Langdon 2000). Variables that are not
/// known in the new place become others of their type that are.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubtreeCrossover;

impl Operator for SubtreeCrossover {
    fn name(&self) -> &'static str {
        "subtree-crossover"
    }

    fn arity(&self) -> usize {
        2
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        _: &mut Trial<'_>,
    ) -> Option<Genome> {
        let [mother, father] = parents else {
            return None;
        };
        let (at, mother_anatomy) = Anatomy::draw(mother, scope, rng)?;
        // What does the same is in the function of the same name.
        let same = father
            .functions
            .iter()
            .find(|function| function.name == mother_anatomy.function.name);
        let donor = match same {
            Some(same) if father.functions.len() == 1 || rng.random_bool(0.75) => same,
            _ => father.functions.choose(rng)?,
        };
        let father_anatomy = Anatomy::of(donor, scope);
        for _ in 0..ATTEMPTS {
            let crossed = cross(&mother_anatomy, &father_anatomy, scope, rng);
            let child = crossed.and_then(|child| offspring(mother, at, child, scope));
            // All of the second may have come into the place of all of the first.
            if child.as_ref().is_some_and(|child| child != *father) {
                return child;
            }
        }
        None
    }
}

/// A place of the first that a subtree of the second has been put in.
fn cross(
    mother: &Anatomy<'_>,
    father: &Anatomy<'_>,
    scope: &Scope,
    rng: &mut Rng,
) -> Option<Function> {
    let place = draw_place(mother, scope, rng)?;
    let donor = draw_donor(mother, place, father, scope, rng)?;
    let renamed = father.renaming(donor, mother.visible(place), rng)?;
    let mut rename = |name: &mut Name| {
        if let Some((_, new)) = renamed.iter().find(|(old, _)| old == name) {
            name.clone_from(new);
        }
    };
    if let Some(expr) = father.expr(donor) {
        let mut new = expr.clone();
        if !renamed.is_empty() {
            tree::each_name(&mut new, &mut rename);
        }
        return mother.with_expr(place, new);
    }
    let mut new = father.stmt(donor)?.clone();
    tree::each_stmt_name(&mut new, &mut rename);
    let mut child = mother.function.clone();
    child.replace_stmt(place, new).ok()?;
    let unsure = super::anatomy::unsure_reads(&child, scope)?;
    (unsure <= super::anatomy::unsure_reads(mother.function, scope)?).then_some(child)
}

/// A node to be replaced: nine times of ten one with others below it (Koza 1992).
fn draw_place(mother: &Anatomy<'_>, scope: &Scope, rng: &mut Rng) -> Option<usize> {
    let inner = rng.random_bool(0.9);
    for _ in 0..ATTEMPTS {
        let place = rng.random_range(0..mother.len().max(1));
        let suits = match mother.nodes.get(place)? {
            tdev_program::Node::Stmt(_) => scope.vocabulary.statements,
            tdev_program::Node::Expr(_) => !inner || mother.size(place) > 1,
        };
        if suits && !mother.is_fixed(place) {
            return Some(place);
        }
    }
    None
}

fn draw_donor(
    mother: &Anatomy<'_>,
    place: usize,
    father: &Anatomy<'_>,
    scope: &Scope,
    rng: &mut Rng,
) -> Option<usize> {
    let most = 2 * mother.size(place) + 1;
    let same_function = mother.function.name == father.function.name;
    let callable = callable(scope, mother.function);
    let suits = |donor: &usize| {
        let donor = *donor;
        if father.size(donor) > most || father.is_fixed(donor) {
            return false;
        }
        let of_kind = match (mother.stmt(place), father.stmt(donor)) {
            (None, None) => {
                mother.accepts(place, father.ty(donor))
                    && (mother.is_iterated(place) || !is_iterator(father.expr(donor)))
            }
            (Some(_), Some(stmt)) => {
                (mother.in_loop(place) || !tree::leaves_loop(stmt))
                    && (same_function || !returns(stmt))
            }
            _ => false,
        };
        of_kind && (same_function || father.calls_only(donor, callable))
    };
    // A draw mostly suits; if the first few do not, the choice is among those that do.
    for _ in 0..4 {
        let donor = rng.random_range(0..father.len().max(1));
        if donor < father.len() && suits(&donor) {
            return Some(donor);
        }
    }
    let all: Vec<usize> = (0..father.len()).filter(suits).collect();
    all.choose(rng).copied()
}

pub(super) fn is_iterator(expr: Option<&Expr>) -> bool {
    match expr {
        Some(Expr::Builtin(builtin, _)) => builtin.makes_iterator(),
        Some(Expr::Method(method, _)) => method.makes_iterator(),
        _ => false,
    }
}

/// Whether there is a `return` in it.
fn returns(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Return(_) => true,
        Stmt::If(arms, otherwise) => {
            let bodies = arms.iter().map(|arm| &arm.body).chain([otherwise]);
            bodies.flatten().any(returns)
        }
        Stmt::While(_, body) | Stmt::For(_, _, body) => body.iter().any(returns),
        _ => false,
    }
}
