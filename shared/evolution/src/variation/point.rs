//! Point mutation.

use rand::seq::IndexedRandom;
use tdev_program::{BinaryOp, CompareOp, Expr, Function, Type};

use super::anatomy::Anatomy;
use super::grow::{Grower, builtin_arguments, method_arguments, operands};
use super::subtree::vary_expr;
use crate::{Genome, Operator, Rng, Scope, Trial};

/// Replaces one operator or function by another for the same types, or one variable or constant by
/// another of its type.
#[derive(Debug, Clone, Copy, Default)]
pub struct Point;

impl Operator for Point {
    fn name(&self) -> &'static str {
        "point"
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
        vary_expr(parents, scope, rng, |anatomy, place, expr, rng| {
            point(anatomy, place, expr, scope, rng)
        })
    }
}

fn point(
    anatomy: &Anatomy<'_>,
    place: usize,
    expr: &Expr,
    scope: &Scope,
    rng: &mut Rng,
) -> Option<Function> {
    if anatomy.size(place) == 1 {
        let new = Grower::at(anatomy, place, scope).terminal(anatomy.wanted(place), rng);
        return (new != *expr).then(|| anatomy.with_expr(place, new))?;
    }
    let mut function = anatomy.function.clone();
    let ty = anatomy.ty(place);
    let below = types_below(anatomy, place);
    let words = &scope.vocabulary;
    match function.expr_mut(place).ok()? {
        Expr::Binary(op, _) => {
            *op = other(&words.binary, *op, rng, |op| {
                // Where the types are not known, they are numbers for the most part.
                below.contains(&Type::Any) || operands(op, ty).contains(&below)
            })?;
        }
        Expr::Compare(_, rest) => {
            let (op, _) = rest.first_mut()?;
            *op = other(comparisons(*op), *op, rng, |_| true)?;
        }
        Expr::And(operands) => {
            let operands = std::mem::take(operands);
            *function.expr_mut(place).ok()? = Expr::Or(operands);
        }
        Expr::Or(operands) => {
            let operands = std::mem::take(operands);
            *function.expr_mut(place).ok()? = Expr::And(operands);
        }
        Expr::Builtin(builtin, _) => {
            *builtin = other(&words.builtins, *builtin, rng, |builtin| {
                builtin_arguments(builtin, ty, &words.types).contains(&below)
            })?;
        }
        Expr::Method(method, _) => {
            *method = other(&words.methods, *method, rng, |method| {
                method_arguments(method, ty, &words.types).contains(&below)
            })?;
        }
        _ => return None,
    }
    Some(function)
}

fn types_below(anatomy: &Anatomy<'_>, place: usize) -> Vec<Type> {
    let mut types = Vec::new();
    let mut index = place + 1;
    while index < place + anatomy.size(place) {
        types.push(anatomy.ty(index));
        index += anatomy.size(index);
    }
    types
}

/// One of `all` but `this` that `suits`.
fn other<T: Copy + PartialEq>(
    all: &[T],
    this: T,
    rng: &mut Rng,
    suits: impl Fn(T) -> bool,
) -> Option<T> {
    let all = all.iter().copied();
    let others: Vec<T> = all.filter(|one| *one != this && suits(*one)).collect();
    others.choose(rng).copied()
}

/// The comparisons that take what `op` takes.
fn comparisons(op: CompareOp) -> &'static [CompareOp] {
    use CompareOp::{Eq, Ge, Gt, In, Is, IsNot, Le, Lt, Ne, NotIn};
    match op {
        Lt | Le | Gt | Ge => &[Lt, Le, Gt, Ge, Eq, Ne],
        // Not everything has an order.
        Eq | Ne => &[Eq, Ne],
        In | NotIn => &[In, NotIn],
        Is | IsNot => &[Is, IsNot],
    }
}

/// Arithmetic that may take the place of another in `+=`.
pub(super) fn other_augmentation(
    op: BinaryOp,
    words: &[BinaryOp],
    rng: &mut Rng,
) -> Option<BinaryOp> {
    let arithmetic = |op| matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul);
    other(words, op, rng, arithmetic)
}
