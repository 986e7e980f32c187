//! Expressions.

use super::function::{Compiler, Label};
use super::op::{Op, Reg};
use super::{CompileError, Result, makes_iterator};
use crate::ast::{CompareOp, Comprehension, Expr, Name, Slice, Target, UnaryOp};
use crate::vm::Val;

impl<'b> Compiler<'_, 'b> {
    /// Evaluates an expression; returns where its value is, which may be a variable's register.
    pub(super) fn value(&mut self, expr: &'b Expr) -> Result<Reg> {
        if let Expr::Name(name) = expr
            && let Some(reg) = self.variable(name)
        {
            self.check_bound(reg);
            return Ok(reg);
        }
        let d = self.temporary()?;
        let mark = self.mark();
        self.compute(expr, d)?;
        self.release_to(mark);
        Ok(d)
    }

    /// Evaluates an expression into the register of a variable.
    pub(super) fn value_to(&mut self, expr: &'b Expr, d: Reg) -> Result<()> {
        // These write their target before they have read everything.
        let writes_early = matches!(
            expr,
            Expr::And(_)
                | Expr::Or(_)
                | Expr::If(_)
                | Expr::Comprehension(_)
                | Expr::Compare(..)
                | Expr::Unary(UnaryOp::Not, _)
        );
        if writes_early {
            let a = self.value(expr)?;
            self.emit(Op::Move { d, a });
            return Ok(());
        }
        let mark = self.mark();
        self.compute(expr, d)?;
        self.release_to(mark);
        Ok(())
    }

    /// Evaluates expressions into registers that follow one another; returns the first.
    pub(super) fn consecutive(&mut self, exprs: &'b [Expr]) -> Result<Reg> {
        let first = self.temporaries(exprs.len())?;
        for (expr, d) in exprs.iter().zip(first..) {
            let mark = self.mark();
            self.compute(expr, d)?;
            self.release_to(mark);
        }
        Ok(first)
    }

    /// Evaluates what is iterated at once, be it a value or an iterator.
    pub(super) fn iterable(&mut self, expr: &'b Expr) -> Result<Reg> {
        let d = self.temporary()?;
        let mark = self.mark();
        self.iterable_to(expr, d)?;
        self.release_to(mark);
        Ok(d)
    }

    pub(super) fn iterable_to(&mut self, expr: &'b Expr, d: Reg) -> Result<()> {
        match expr {
            Expr::Builtin(builtin, arguments) if builtin.makes_iterator() => {
                self.builtin(*builtin, arguments, d)
            }
            Expr::Method(method, arguments) if method.makes_iterator() => {
                self.method(*method, arguments, d)
            }
            other => self.compute(other, d),
        }
    }

    pub(super) fn count(&self, len: usize) -> Result<u16> {
        u16::try_from(len).map_err(|_| CompileError::TooLarge(self.name.clone()))
    }

    /// Evaluates an expression into `d`.
    pub(super) fn compute(&mut self, expr: &'b Expr, d: Reg) -> Result<()> {
        if let Some(name) = makes_iterator(expr) {
            return Err(CompileError::Iterator {
                function: self.name.clone(),
                name: name.to_owned(),
            });
        }
        match expr {
            Expr::None => self.constant_to(d, Val::None),
            Expr::Bool(value) => self.constant_to(d, Val::Bool(*value)),
            Expr::Int(value) => self.constant_to(d, Val::Int(*value)),
            Expr::Float(value) => self.constant_to(d, Val::Float(*value)),
            Expr::Str(text) => {
                let value = self.text(text);
                self.constant_to(d, value)
            }
            Expr::Constant(constant) => self.constant_to(d, Val::Float(constant.value())),
            Expr::Name(name) => self.name_to(name, d),
            Expr::List(items) => {
                let (first, n) = (self.consecutive(items)?, self.count(items.len())?);
                self.emit(Op::List { d, first, n });
                Ok(())
            }
            Expr::Tuple(items) => {
                let (first, n) = (self.consecutive(items)?, self.count(items.len())?);
                self.emit(Op::Tuple { d, first, n });
                Ok(())
            }
            Expr::Dict(pairs) => {
                let (first, n) = (
                    self.consecutive(pairs.as_flattened())?,
                    self.count(pairs.len())?,
                );
                self.emit(Op::Dict { d, first, n });
                Ok(())
            }
            Expr::Unary(op, operand) => {
                let a = self.value(operand)?;
                self.emit(match op {
                    UnaryOp::Not => Op::Not { d, a },
                    op => Op::Unary { op: *op, d, a },
                });
                Ok(())
            }
            Expr::Binary(op, pair) => {
                let (a, b) = self.pair(pair)?;
                self.emit(Op::Binary { op: *op, d, a, b });
                Ok(())
            }
            Expr::Compare(first, rest) => self.compare(first, rest, d),
            Expr::And(operands) => self.logic(operands, false, d),
            Expr::Or(operands) => self.logic(operands, true, d),
            Expr::If(three) => self.choose(three, d),
            Expr::Index(pair) => {
                let (a, b) = self.pair(pair)?;
                self.emit(Op::Index { d, a, b });
                Ok(())
            }
            Expr::Slice(slice) => self.slice(slice, d),
            Expr::Comprehension(all) => self.comprehension(all, d),
            Expr::Call(name, arguments) => self.call(name, arguments, d),
            Expr::Builtin(builtin, arguments) => self.builtin(*builtin, arguments, d),
            Expr::Method(method, arguments) => self.method(*method, arguments, d),
        }
    }

    fn pair(&mut self, [a, b]: &'b [Expr; 2]) -> Result<(Reg, Reg)> {
        Ok((self.value(a)?, self.value(b)?))
    }

    fn name_to(&mut self, name: &'b Name, d: Reg) -> Result<()> {
        if let Some(a) = self.variable(name) {
            self.check_bound(a);
            self.emit(Op::Move { d, a });
            return Ok(());
        }
        let constants = &self.globals.constants;
        let Some(at) = constants.iter().position(|(known, _)| *known == name) else {
            return Err(CompileError::UndefinedName {
                function: self.name.clone(),
                name: name.to_string(),
            });
        };
        match constants[at].1 {
            // What lies in the heap changes hands; every run has its own.
            Val::List(_) | Val::Tuple(_) | Val::Dict(_) => {
                let g = self.count(at)?;
                self.emit(Op::Global { d, g });
                Ok(())
            }
            scalar => self.constant_to(d, scalar),
        }
    }

    fn check_is(&self, op: CompareOp, a: &Expr, b: &Expr) -> Result<()> {
        let is = matches!(op, CompareOp::Is | CompareOp::IsNot);
        if is && *a != Expr::None && *b != Expr::None {
            return Err(self.malformed());
        }
        Ok(())
    }

    /// The right operand of a comparison, which for `in` may be an iterator.
    fn compared(&mut self, op: CompareOp, expr: &'b Expr) -> Result<Reg> {
        if matches!(op, CompareOp::In | CompareOp::NotIn) && makes_iterator(expr).is_some() {
            self.iterable(expr)
        } else {
            self.value(expr)
        }
    }

    fn compare(&mut self, first: &'b Expr, rest: &'b [(CompareOp, Expr)], d: Reg) -> Result<()> {
        let end = self.label()?;
        let mut left = (first, self.value(first)?);
        let mut after = None;
        for (index, (op, operand)) in rest.iter().enumerate() {
            self.check_is(*op, left.0, operand)?;
            let b = self.compared(*op, operand)?;
            self.emit(Op::Compare {
                op: *op,
                d,
                a: left.1,
                b,
            });
            if index + 1 < rest.len() {
                self.emit(Op::JumpIf {
                    is: false,
                    a: d,
                    to: Self::to(end),
                });
            }
            left = (operand, b);
            // Whatever follows is not always evaluated.
            after.get_or_insert_with(|| self.bound.clone());
        }
        self.bound = after.unwrap_or_else(|| std::mem::take(&mut self.bound));
        self.place(end);
        if rest.is_empty() {
            Err(self.malformed())
        } else {
            Ok(())
        }
    }

    fn logic(&mut self, operands: &'b [Expr], is: bool, d: Reg) -> Result<()> {
        let end = self.label()?;
        let (last, others) = operands.split_last().ok_or_else(|| self.malformed())?;
        let mut after = None;
        for operand in others {
            let mark = self.mark();
            self.compute(operand, d)?;
            self.release_to(mark);
            self.emit(Op::JumpIf {
                is,
                a: d,
                to: Self::to(end),
            });
            after.get_or_insert_with(|| self.bound.clone());
        }
        self.compute(last, d)?;
        self.bound = after.unwrap_or_else(|| std::mem::take(&mut self.bound));
        self.place(end);
        Ok(())
    }

    fn choose(&mut self, [test, then, otherwise]: &'b [Expr; 3], d: Reg) -> Result<()> {
        let (other, end) = (self.label()?, self.label()?);
        self.jump_unless(test, other)?;
        let before = self.bound.clone();
        let mark = self.mark();
        self.compute(then, d)?;
        self.release_to(mark);
        self.emit(Op::Jump { to: Self::to(end) });
        self.place(other);
        self.bound.clone_from(&before);
        self.compute(otherwise, d)?;
        self.bound = before;
        self.place(end);
        Ok(())
    }

    /// Jumps to `label` unless the test holds.
    pub(super) fn jump_unless(&mut self, test: &'b Expr, label: Label) -> Result<()> {
        self.jump(test, false, label)
    }

    /// Jumps to `label` if the truth of `test` is `is`. What a variable surely has a value after
    /// is only known of what is always evaluated.
    fn jump(&mut self, test: &'b Expr, is: bool, label: Label) -> Result<()> {
        let mark = self.mark();
        match test {
            Expr::Unary(UnaryOp::Not, inner) => self.jump(inner, !is, label)?,
            Expr::And(operands) | Expr::Or(operands) if !operands.is_empty() => {
                self.jump_logic(operands, matches!(test, Expr::Or(_)), is, label)?;
            }
            Expr::Compare(first, rest) => match &rest[..] {
                [(op, operand)] => {
                    self.check_is(*op, first, operand)?;
                    let a = self.value(first)?;
                    let b = self.compared(*op, operand)?;
                    let (op, to) = (*op, Self::to(label));
                    self.emit(if is {
                        Op::When { op, a, b, to }
                    } else {
                        Op::Unless { op, a, b, to }
                    });
                }
                _ => self.jump_on_value(test, is, label)?,
            },
            _ => self.jump_on_value(test, is, label)?,
        }
        self.release_to(mark);
        Ok(())
    }

    fn jump_on_value(&mut self, test: &'b Expr, is: bool, label: Label) -> Result<()> {
        let a = self.value(test)?;
        self.emit(Op::JumpIf {
            is,
            a,
            to: Self::to(label),
        });
        Ok(())
    }

    /// `decides` is the truth of an operand that decides the whole: true for `or`.
    fn jump_logic(
        &mut self,
        operands: &'b [Expr],
        decides: bool,
        is: bool,
        label: Label,
    ) -> Result<()> {
        let past = self.label()?;
        let mut after = None;
        for (index, operand) in operands.iter().enumerate() {
            let is_last = index + 1 == operands.len();
            if is_last {
                self.jump(operand, is, label)?;
            } else {
                let target = if decides == is { label } else { past };
                self.jump(operand, decides, target)?;
            }
            after.get_or_insert_with(|| self.bound.clone());
        }
        self.bound = after.unwrap_or_else(|| std::mem::take(&mut self.bound));
        self.place(past);
        Ok(())
    }

    fn slice(&mut self, slice: &'b Slice, d: Reg) -> Result<()> {
        let a = self.value(&slice.value)?;
        let first = self.temporaries(3)?;
        for (bound, reg) in [&slice.lower, &slice.upper, &slice.step]
            .into_iter()
            .zip(first..)
        {
            match bound {
                Some(bound) => {
                    let mark = self.mark();
                    self.compute(bound, reg)?;
                    self.release_to(mark);
                }
                None => self.constant_to(reg, Val::None)?,
            }
        }
        self.emit(Op::Slice { d, a, first });
        Ok(())
    }

    fn comprehension(&mut self, all: &'b Comprehension, d: Reg) -> Result<()> {
        let iter = self.start(&all.iterable)?;
        self.emit(Op::List { d, first: d, n: 0 });
        let outer = self.inner.len();
        self.declare(&all.target)?;
        let before = self.bound.clone();
        let (again, end) = (self.label()?, self.label()?);
        self.place(again);
        let mark = self.mark();
        self.next(&all.target, iter, end)?;
        for condition in &all.conditions {
            self.jump_unless(condition, again)?;
        }
        let a = self.value(&all.element)?;
        self.emit(Op::Push { list: d, a });
        self.release_to(mark);
        self.emit(Op::Jump {
            to: Self::to(again),
        });
        self.place(end);
        self.bound = before;
        self.inner.truncate(outer);
        Ok(())
    }

    /// Gives the variables of a comprehension registers of their own.
    fn declare(&mut self, target: &'b Target) -> Result<()> {
        match target {
            Target::Name(name) => {
                let reg = self.temporary()?;
                self.inner.push((name, reg));
                Ok(())
            }
            Target::Index(_) => Err(self.malformed()),
            Target::Tuple(targets) => targets.iter().try_for_each(|target| self.declare(target)),
        }
    }
}
