//! Random expressions.

use rand::RngExt;
use rand::seq::IndexedRandom;
use tdev_program::{
    Builtin, Comprehension, Expr, Item, Method, Slice, Target, Type, UnaryOp, Variable,
};

use super::production::{Production, Root};
use super::{Grower, Shape};
use crate::Rng;

impl Grower<'_> {
    /// An expression of type `ty` with at most so many levels.
    pub(in crate::variation) fn expr(&mut self, ty: Type, levels: usize, rng: &mut Rng) -> Expr {
        // A third of the places below the root end early when growing.
        let ends = levels <= 1
            || self.left <= 2
            || self.shape == Shape::Grow && levels < 4 && rng.random_bool(0.3);
        if ends {
            return self.terminal(ty, rng);
        }
        let ty = self.known(ty, rng);
        let at = self.productions_of(ty);
        let Some(production) = self.productions[at].1.choose(rng).cloned() else {
            return self.terminal(ty, rng);
        };
        self.left -= 1;
        self.produce(&production, ty, levels - 1, rng)
    }

    fn produce(&mut self, production: &Production, ty: Type, levels: usize, rng: &mut Rng) -> Expr {
        if production.root == Root::Comprehension {
            return self.comprehension(ty, levels, rng);
        }
        let mut below: Vec<Expr> = production
            .below
            .iter()
            .map(|ty| self.expr(*ty, levels, rng))
            .collect();
        let mut next = || below.remove(0);
        match &production.root {
            Root::Binary(op) => Expr::binary(*op, next(), next()),
            Root::Negated => negated(next()),
            Root::Compare(op) => Expr::compare(*op, next(), next()),
            Root::Not => Expr::Unary(UnaryOp::Not, Box::new(next())),
            Root::Conditional => Expr::conditional(next(), next(), next()),
            Root::Index => Expr::Index(Box::new([next(), next()])),
            Root::Slice => {
                let value = next();
                self.slice(value, levels, rng)
            }
            Root::And => Expr::And(below),
            Root::Or => Expr::Or(below),
            Root::Builtin(builtin) => Expr::Builtin(*builtin, below),
            Root::Method(method) => Expr::Method(*method, below),
            Root::Call(name) => Expr::Call(name.clone(), below),
            Root::List | Root::Comprehension => Expr::List(below),
        }
    }

    fn slice(&mut self, value: Expr, levels: usize, rng: &mut Rng) -> Expr {
        let (mut lower, mut upper, mut step) = (None, None, None);
        let kind = rng.random_range(0..4_u8);
        let mut bound = || Some(self.expr(Type::Int, levels.min(2), rng));
        match kind {
            0 => lower = bound(),
            1 => upper = bound(),
            2 => {
                lower = bound();
                upper = bound();
            }
            _ => step = Some(Expr::Int(-1)),
        }
        Expr::Slice(Box::new(Slice {
            value,
            lower,
            upper,
            step,
        }))
    }

    fn comprehension(&mut self, ty: Type, levels: usize, rng: &mut Rng) -> Expr {
        let Type::List(item) = ty else {
            return self.terminal(ty, rng);
        };
        let (target, iterable, added) = self.iteration(levels, rng);
        let visible = self.visible.len();
        self.visible.extend(added);
        let element = self.expr(item.into(), levels, rng);
        let conditions = if self.scope.vocabulary.logic && rng.random_bool(0.4) {
            vec![self.expr(Type::Bool, levels, rng)]
        } else {
            Vec::new()
        };
        self.visible.truncate(visible);
        Expr::Comprehension(Box::new(Comprehension {
            element,
            target,
            iterable,
            conditions,
        }))
    }

    /// Something to iterate, what each item is assigned to, and the variables that there are then.
    pub(super) fn iteration(
        &mut self,
        levels: usize,
        rng: &mut Rng,
    ) -> (Target, Expr, Vec<Variable>) {
        let name = self.fresh();
        let types = &self.scope.vocabulary.types;
        let sequences = types.iter().copied();
        let sequences: Vec<Type> = sequences
            .filter(|ty| matches!(ty, Type::List(_) | Type::Str))
            .collect();
        let sequence = sequences.choose(rng).copied();
        let (iterable, ty) = match sequence {
            Some(sequence) if rng.random_bool(0.6) => {
                let reverses = matches!(sequence, Type::List(_)) && rng.random_bool(0.1);
                let value = self.expr(sequence, levels.min(2), rng);
                let item = sequence.iterated();
                match sequence {
                    _ if rng.random_bool(0.15) => {
                        let counter = self.fresh();
                        let pair = [(&counter, Type::Int), (&name, item)];
                        let added = pair.map(|(name, ty)| Variable {
                            name: name.clone(),
                            ty,
                        });
                        let target = Target::Tuple(vec![Target::Name(counter), Target::Name(name)]);
                        let iterable = Expr::Builtin(Builtin::Enumerate, vec![value]);
                        return (target, iterable, added.into());
                    }
                    Type::Str if rng.random_bool(0.2) => (
                        Expr::Method(Method::Split, vec![value]),
                        Type::from(Item::Str),
                    ),
                    _ if reverses => (Expr::Builtin(Builtin::Reversed, vec![value]), item),
                    _ => (value, item),
                }
            }
            Some(sequence) if rng.random_bool(0.5) => {
                let value = self.expr(sequence, 1, rng);
                let len = Expr::Builtin(Builtin::Len, vec![value]);
                (Expr::Builtin(Builtin::Range, vec![len]), Type::Int)
            }
            _ => {
                let stop = self.expr(Type::Int, levels.min(2), rng);
                (Expr::Builtin(Builtin::Range, vec![stop]), Type::Int)
            }
        };
        let variable = Variable {
            name: name.clone(),
            ty,
        };
        (Target::Name(name), iterable, vec![variable])
    }
}

/// `-operand`; the negative literal of a literal.
fn negated(operand: Expr) -> Expr {
    match operand {
        Expr::Int(value) if value >= 0 => Expr::Int(-value),
        Expr::Float(value) if value.is_sign_positive() => Expr::Float(-value),
        other => Expr::Unary(UnaryOp::Neg, Box::new(other)),
    }
}
