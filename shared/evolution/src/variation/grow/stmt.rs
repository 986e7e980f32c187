//! Random statements.

use rand::RngExt;
use rand::seq::IndexedRandom;
use tdev_program::{Arm, BinaryOp, CompareOp, Expr, Item, Method, Stmt, Target, Type, Variable};

use super::Grower;
use crate::Rng;

/// How many levels the expressions in random statements have at most.
const LEVELS: usize = 3;

impl Grower<'_> {
    /// A statement, or a few that belong together, nesting at most so deep. The variables that
    /// they add are visible after them.
    pub(in crate::variation) fn stmts(&mut self, nesting: usize, rng: &mut Rng) -> Vec<Stmt> {
        self.left = self.left.saturating_sub(1);
        let loops = self.scope.vocabulary.loops && nesting > 0;
        match rng.random_range(0..20_u8) {
            6..9 => self.augmentation(rng),
            9..11 => self.change(rng),
            11..15 if nesting > 0 => vec![self.conditional(nesting, rng)],
            15..18 if loops => vec![self.for_loop(nesting, rng)],
            18 if loops => self.while_loop(nesting, rng),
            19 if self.returns != Type::Any && nesting > 0 => {
                let test = self.expr(Type::Bool, LEVELS, rng);
                let value = self.expr(self.returns, LEVELS, rng);
                vec![when(test, vec![Stmt::Return(Some(value))])]
            }
            _ => self.assignment(rng),
        }
    }

    /// A body of one or two statements; the variables that they add are not visible after it.
    fn body(&mut self, nesting: usize, rng: &mut Rng) -> Vec<Stmt> {
        let visible = self.visible.clone();
        let mut body = self.stmts(nesting, rng);
        if rng.random_bool(0.3) {
            body.extend(self.stmts(nesting, rng));
        }
        if self.in_loop && rng.random_bool(0.05) {
            let test = self.expr(Type::Bool, LEVELS, rng);
            let leave = if rng.random() {
                Stmt::Break
            } else {
                Stmt::Continue
            };
            body.push(when(test, vec![leave]));
        }
        self.visible = visible;
        body
    }

    /// Variables of the function, not constants of the module.
    fn variables(&self) -> Vec<Variable> {
        let constants = &self.scope.context.constants;
        let is_own = |v: &&Variable| !constants.iter().any(|known| known.name == v.name);
        self.visible.iter().filter(is_own).cloned().collect()
    }

    fn assignment(&mut self, rng: &mut Rng) -> Vec<Stmt> {
        let variables = self.variables();
        let (name, ty) = match variables.choose(rng) {
            Some(known) if known.ty != Type::Any && rng.random_bool(0.8) => {
                (known.name.clone(), known.ty)
            }
            _ => {
                let types = &self.scope.vocabulary.types;
                let ty = types.choose(rng).copied().unwrap_or(Type::Float);
                (self.fresh(), ty)
            }
        };
        let value = self.expr(ty, LEVELS, rng);
        if !self.visible.iter().any(|known| known.name == name) {
            self.visible.push(Variable {
                name: name.clone(),
                ty,
            });
        }
        vec![Stmt::Assign(Target::Name(name), value)]
    }

    fn augmentation(&mut self, rng: &mut Rng) -> Vec<Stmt> {
        let grows = |ty| matches!(ty, Type::Int | Type::Float | Type::Str | Type::List(_));
        let mut variables = self.variables();
        variables.retain(|v| grows(v.ty));
        let Some(variable) = variables.choose(rng).cloned() else {
            return self.assignment(rng);
        };
        let op = match variable.ty {
            Type::Int | Type::Float => {
                let ops = [BinaryOp::Add, BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul];
                ops.choose(rng).copied().unwrap_or(BinaryOp::Add)
            }
            _ => BinaryOp::Add,
        };
        let value = self.expr(variable.ty, LEVELS - 1, rng);
        vec![Stmt::Augment(Target::Name(variable.name), op, value)]
    }

    /// A change within a list or dict.
    fn change(&mut self, rng: &mut Rng) -> Vec<Stmt> {
        let mut variables = self.variables();
        let is_changed =
            |ty| matches!(ty, Type::List(item) | Type::Dict(item) if item != Item::Any);
        variables.retain(|v| is_changed(v.ty));
        let Some(Variable { name, ty }) = variables.choose(rng).cloned() else {
            return self.augmentation(rng);
        };
        let value = self.expr(ty.indexed(), LEVELS - 1, rng);
        let container = Expr::Name(name);
        if matches!(ty, Type::List(_)) && rng.random_bool(0.6) {
            return vec![Stmt::Expr(Expr::Method(
                Method::Append,
                vec![container, value],
            ))];
        }
        let key = if matches!(ty, Type::List(_)) {
            Type::Int
        } else {
            Type::Str
        };
        let key = self.expr(key, 2, rng);
        vec![Stmt::Assign(
            Target::Index(Box::new([container, key])),
            value,
        )]
    }

    fn conditional(&mut self, nesting: usize, rng: &mut Rng) -> Stmt {
        let test = self.expr(Type::Bool, LEVELS, rng);
        let body = self.body(nesting - 1, rng);
        let otherwise = if rng.random_bool(0.3) {
            self.body(nesting - 1, rng)
        } else {
            Vec::new()
        };
        Stmt::If(vec![Arm { test, body }], otherwise)
    }

    fn for_loop(&mut self, nesting: usize, rng: &mut Rng) -> Stmt {
        let (target, iterable, added) = self.iteration(LEVELS, rng);
        let visible = self.visible.len();
        self.visible.extend(added);
        let body = self.loop_body(nesting, rng);
        self.visible.truncate(visible);
        Stmt::For(target, iterable, body)
    }

    /// A loop around `stmt`.
    pub(in crate::variation) fn looped(&mut self, stmt: Stmt, rng: &mut Rng) -> Stmt {
        let (target, iterable, _) = self.iteration(LEVELS, rng);
        Stmt::For(target, iterable, vec![stmt])
    }

    /// The body of a loop.
    fn loop_body(&mut self, nesting: usize, rng: &mut Rng) -> Vec<Stmt> {
        let was_in_loop = std::mem::replace(&mut self.in_loop, true);
        let body = self.body(nesting.saturating_sub(1), rng);
        self.in_loop = was_in_loop;
        body
    }

    /// A loop that counts its rounds and ends by itself.
    fn while_loop(&mut self, nesting: usize, rng: &mut Rng) -> Vec<Stmt> {
        let counter = self.fresh();
        let start = Stmt::Assign(Target::Name(counter.clone()), Expr::Int(0));
        let limit = self.expr(Type::Int, 2, rng);
        let mut test = Expr::compare(CompareOp::Lt, Expr::Name(counter.clone()), limit);
        if rng.random_bool(0.5) {
            test = Expr::And(vec![test, self.expr(Type::Bool, 2, rng)]);
        }
        let step = Stmt::Augment(Target::Name(counter.clone()), BinaryOp::Add, Expr::Int(1));
        self.visible.push(Variable {
            name: counter,
            ty: Type::Int,
        });
        let mut body = self.loop_body(nesting, rng);
        // At the front, where no `continue` passes it over.
        body.insert(0, step);
        vec![start, Stmt::While(test, body)]
    }
}

/// `if test: body`
pub(in crate::variation) fn when(test: Expr, body: Vec<Stmt>) -> Stmt {
    Stmt::If(vec![Arm { test, body }], Vec::new())
}
