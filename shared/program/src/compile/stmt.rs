//! Statements.

use super::function::{Compiler, Loop};
use super::op::{Op, Reg};
use super::{CompileError, Result};
use crate::ast::{Arm, BinaryOp, Exception, Expr, Stmt, Target};
use crate::vm::Error;

impl<'b> Compiler<'_, 'b> {
    pub(super) fn body(&mut self, body: &'b [Stmt]) -> Result<()> {
        body.iter().try_for_each(|stmt| {
            let mark = self.mark();
            self.stmt(stmt)?;
            self.release_to(mark);
            Ok(())
        })
    }

    pub(super) fn malformed(&self) -> CompileError {
        CompileError::Malformed(self.name.clone())
    }

    fn stmt(&mut self, stmt: &'b Stmt) -> Result<()> {
        match stmt {
            Stmt::Assign(target, value) => self.assign(target, value),
            Stmt::Augment(target, op, value) => self.augment(target, *op, value),
            // A docstring does nothing.
            Stmt::Expr(Expr::Str(_)) | Stmt::Pass => Ok(()),
            Stmt::Expr(value) => self.value(value).map(|_| ()),
            Stmt::If(arms, otherwise) => self.conditional(arms, otherwise),
            Stmt::While(test, body) => self.repeat(test, body),
            Stmt::For(target, iterable, body) => self.iterate(target, iterable, body),
            Stmt::Return(value) => {
                let a = self.value(value.as_ref().unwrap_or(&Expr::None))?;
                self.emit(Op::Return { a });
                self.never();
                Ok(())
            }
            Stmt::Raise(exception, message) => {
                if let Some(message) = message {
                    self.value(message)?;
                }
                let error = match exception {
                    Exception::Exception => Error::Exception,
                    Exception::Value => Error::Value,
                    Exception::Type => Error::Type,
                    Exception::Index => Error::Index,
                    Exception::Key => Error::Key,
                    Exception::ZeroDivision => Error::ZeroDivision,
                    Exception::Overflow => Error::Overflow,
                    Exception::Runtime => Error::Runtime,
                };
                self.emit(Op::Raise { error });
                self.never();
                Ok(())
            }
            Stmt::Break => {
                let around = *self.loops.last().ok_or_else(|| self.malformed())?;
                if let Some(iter) = around.iter {
                    self.emit(Op::Leave { iter });
                }
                self.emit(Op::Jump {
                    to: Self::to(around.end),
                });
                self.never();
                Ok(())
            }
            Stmt::Continue => {
                let around = *self.loops.last().ok_or_else(|| self.malformed())?;
                self.emit(Op::Jump {
                    to: Self::to(around.again),
                });
                self.never();
                Ok(())
            }
        }
    }

    /// What follows is not reached, so nothing is amiss with any variable there.
    fn never(&mut self) {
        self.bound.fill(true);
    }

    fn assign(&mut self, target: &'b Target, value: &'b Expr) -> Result<()> {
        if let Target::Name(name) = target
            && let Some(reg) = self.variable(name)
        {
            self.value_to(value, reg)?;
            self.bind(reg);
            return Ok(());
        }
        // `a, b = b, a` needs no tuple.
        if let (Target::Tuple(targets), Expr::Tuple(values)) = (target, value)
            && targets.len() == values.len()
        {
            let first = self.consecutive(values)?;
            return self.spread(targets, first);
        }
        let value = self.value(value)?;
        self.store(target, value)
    }

    /// Assigns the value in `reg`.
    fn store(&mut self, target: &'b Target, reg: Reg) -> Result<()> {
        match target {
            Target::Name(name) => {
                let d = self.variable(name).ok_or_else(|| self.malformed())?;
                self.emit(Op::Move { d, a: reg });
                self.bind(d);
                Ok(())
            }
            Target::Index(pair) => {
                let [value, index] = &**pair;
                let a = self.value(value)?;
                let b = self.value(index)?;
                self.emit(Op::SetIndex { a, b, c: reg });
                Ok(())
            }
            Target::Tuple(targets) => {
                let first = self.temporaries(targets.len())?;
                let n = u16::try_from(targets.len()).map_err(|_| self.malformed())?;
                self.emit(Op::Unpack { first, a: reg, n });
                self.spread(targets, first)
            }
        }
    }

    fn spread(&mut self, targets: &'b [Target], first: Reg) -> Result<()> {
        let regs = first..;
        for (target, reg) in targets.iter().zip(regs) {
            self.store(target, reg)?;
        }
        Ok(())
    }

    fn augment(&mut self, target: &'b Target, op: BinaryOp, value: &'b Expr) -> Result<()> {
        match target {
            Target::Name(name) => {
                let d = self.variable(name).ok_or_else(|| self.malformed())?;
                self.check_bound(d);
                let b = self.value(value)?;
                self.emit(Op::Augment { op, d, a: d, b });
                Ok(())
            }
            Target::Index(pair) => {
                let [container, index] = &**pair;
                let a = self.value(container)?;
                let b = self.value(index)?;
                let d = self.temporary()?;
                self.emit(Op::Index { d, a, b });
                let c = self.value(value)?;
                self.emit(Op::Augment { op, d, a: d, b: c });
                self.emit(Op::SetIndex { a, b, c: d });
                Ok(())
            }
            Target::Tuple(_) => Err(self.malformed()),
        }
    }

    fn conditional(&mut self, arms: &'b [Arm], otherwise: &'b [Stmt]) -> Result<()> {
        if arms.is_empty() {
            return Err(self.malformed());
        }
        let end = self.label()?;
        let mut after: Option<Vec<bool>> = None;
        for (index, arm) in arms.iter().enumerate() {
            let next = self.label()?;
            self.jump_unless(&arm.test, next)?;
            let before = self.bound.clone();
            self.body(&arm.body)?;
            if index + 1 < arms.len() || !otherwise.is_empty() {
                self.emit(Op::Jump { to: Self::to(end) });
            }
            let now = std::mem::replace(&mut self.bound, before);
            after = Some(both(after, now));
            self.place(next);
        }
        self.body(otherwise)?;
        self.bound = both(after, std::mem::take(&mut self.bound));
        self.place(end);
        Ok(())
    }

    fn repeat(&mut self, test: &'b Expr, body: &'b [Stmt]) -> Result<()> {
        let (again, end) = (self.label()?, self.label()?);
        self.place(again);
        self.jump_unless(test, end)?;
        let before = self.bound.clone();
        self.loops.push(Loop {
            again,
            end,
            iter: None,
        });
        self.body(body)?;
        self.loops.pop();
        self.bound = before;
        self.emit(Op::Jump {
            to: Self::to(again),
        });
        self.place(end);
        Ok(())
    }

    fn iterate(&mut self, target: &'b Target, iterable: &'b Expr, body: &'b [Stmt]) -> Result<()> {
        let iter = self.start(iterable)?;
        let before = self.bound.clone();
        let (again, end) = (self.label()?, self.label()?);
        self.place(again);
        self.next(target, iter, end)?;
        self.loops.push(Loop {
            again,
            end,
            iter: Some(iter),
        });
        self.body(body)?;
        self.loops.pop();
        self.emit(Op::Jump {
            to: Self::to(again),
        });
        self.place(end);
        self.bound = before;
        Ok(())
    }

    /// Evaluates an iterable and starts to iterate.
    pub(super) fn start(&mut self, iterable: &'b Expr) -> Result<Reg> {
        let a = self.iterable(iterable)?;
        let d = self.temporary()?;
        self.emit(Op::Iter { d, a });
        Ok(d)
    }

    /// Assigns the next item, or jumps to `end`.
    pub(super) fn next(
        &mut self,
        target: &'b Target,
        iter: Reg,
        end: super::function::Label,
    ) -> Result<()> {
        let to = Self::to(end);
        match target {
            Target::Name(name) => {
                let d = self.variable(name).ok_or_else(|| self.malformed())?;
                self.emit(Op::Next { d, iter, to });
                self.bind(d);
                Ok(())
            }
            Target::Tuple(pair) if pair.len() == 2 => {
                let d = self.temporaries(2)?;
                self.emit(Op::NextPair { d, iter, to });
                self.spread(pair, d)
            }
            other => {
                let d = self.temporary()?;
                self.emit(Op::Next { d, iter, to });
                self.store(other, d)
            }
        }
    }
}

/// What holds at the end of both ways.
fn both(a: Option<Vec<bool>>, b: Vec<bool>) -> Vec<bool> {
    match a {
        Some(a) => a.iter().zip(b).map(|(a, b)| *a && b).collect(),
        None => b,
    }
}
