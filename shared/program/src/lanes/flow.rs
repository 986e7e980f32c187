//! Statements: what a lane does not do is masked.

use super::LaneError;
use super::expr::Lane;
use super::tape::{ALL, Do, Operation, Row, Tape};
use crate::ast::{Arm, Expr, Function, Module, Name, Stmt, Target, TopLevel};

type Result<T> = std::result::Result<T, LaneError>;

/// How deep calls of other functions may nest; each is written out where it stands.
const MAX_INLINED: usize = 8;

/// Where a function returned: the mask and the value.
type Returns = Vec<(Row, Lane)>;

/// Writes the tape of a function.
pub(super) struct Tracer<'a> {
    pub(super) tape: &'a mut Tape,
    module: Option<&'a Module>,
    /// The variables of the function that is traced, innermost call last.
    variables: Vec<(Name, Lane)>,
    /// Where the variables of the innermost call begin.
    frame: usize,
    calls: usize,
    /// The lanes that come here.
    pub(super) active: Row,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(tape: &'a mut Tape, module: Option<&'a Module>) -> Self {
        Self {
            tape,
            module,
            variables: Vec::new(),
            frame: 0,
            calls: 0,
            active: ALL,
        }
    }

    fn declare_inputs<'n>(&mut self, names: impl Iterator<Item = &'n Name>) {
        for (name, row) in names.zip(0..) {
            self.variables.push((name.clone(), Lane::Float(row)));
        }
    }

    pub(super) fn expression(&mut self, params: &[Name], expr: &Expr) -> Result<Row> {
        self.declare_inputs(params.iter());
        let value = self.expr(expr)?;
        self.row(value)
    }

    pub(super) fn function(&mut self, function: &Function) -> Result<Row> {
        self.declare_inputs(function.params.iter().map(|param| &param.name));
        let value = self.returned(function)?;
        self.row(value)
    }

    /// What a function returns, its parameters being declared. All lanes that come here return.
    fn returned(&mut self, function: &Function) -> Result<Lane> {
        let active = self.active;
        let mut returns = Returns::new();
        if self.body(&function.body, &mut returns)? {
            return Err(LaneError::NoValue);
        }
        self.active = active;
        let mut returns = returns.into_iter().rev();
        let (_, mut value) = returns.next().ok_or(LaneError::NoValue)?;
        for (mask, other) in returns {
            value = self.choose(mask, other, value)?;
        }
        Ok(value)
    }

    /// A call of a function of the module, written out.
    pub(super) fn call(&mut self, name: &Name, arguments: &[Expr]) -> Result<Lane> {
        let module = self.module.ok_or(LaneError::Undefined)?;
        let function = module.function(name).ok_or(LaneError::Undefined)?;
        if function.params.len() != arguments.len() {
            return Err(LaneError::Undefined);
        }
        if self.calls >= MAX_INLINED {
            return Err(LaneError::TooLarge);
        }
        let values = arguments.iter().map(|argument| self.expr(argument));
        let values = values.collect::<Result<Vec<_>>>()?;
        let (frame, begin) = (self.frame, self.variables.len());
        for (param, value) in function.params.iter().zip(values) {
            self.variables.push((param.name.clone(), value));
        }
        self.frame = begin;
        self.calls += 1;
        let value = self.returned(function);
        self.calls -= 1;
        self.frame = frame;
        self.variables.truncate(begin);
        value
    }

    pub(super) fn variable(&self, name: &Name) -> Result<Lane> {
        let own = &self.variables[self.frame..];
        if let Some((_, value)) = own.iter().rev().find(|(known, _)| known == name) {
            return Ok(*value);
        }
        let constants = self.module.into_iter().flat_map(|module| &module.items);
        let value = constants.into_iter().find_map(|item| match item {
            TopLevel::Constant(known, value) if known == name => Some(value),
            _ => None,
        });
        match value {
            Some(Expr::Int(value)) => Ok(Lane::Int(*value)),
            Some(Expr::Float(value)) => Ok(Lane::Fixed(*value)),
            Some(Expr::Bool(value)) => Ok(Lane::Truth(*value)),
            Some(_) => Err(LaneError::NotNumeric("a constant that is no number")),
            None => Err(LaneError::Undefined),
        }
    }

    /// Returns whether the end can be reached; then [`Self::active`] are the lanes that do.
    fn body(&mut self, body: &[Stmt], returns: &mut Returns) -> Result<bool> {
        for stmt in body {
            if !self.stmt(stmt, returns)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn stmt(&mut self, stmt: &Stmt, returns: &mut Returns) -> Result<bool> {
        match stmt {
            Stmt::Assign(Target::Name(name), value) => {
                let value = self.expr(value)?;
                self.set(name, value);
                Ok(true)
            }
            Stmt::Augment(Target::Name(name), op, value) => {
                let before = self.variable(name)?;
                let own = &self.variables[self.frame..];
                if !own.iter().any(|(known, _)| known == name) {
                    return Err(LaneError::Undefined);
                }
                let value = self.expr(value)?;
                let value = self.arithmetic(*op, before, value)?;
                self.set(name, value);
                Ok(true)
            }
            Stmt::Return(Some(value)) => {
                let value = self.expr(value)?;
                returns.push((self.active, value));
                Ok(false)
            }
            Stmt::Expr(Expr::Str(_)) | Stmt::Pass => Ok(true),
            Stmt::If(arms, otherwise) => self.conditional(arms, otherwise, returns),
            Stmt::Return(None) => Err(LaneError::NotNumeric("`return` without a value")),
            Stmt::While(..) | Stmt::For(..) | Stmt::Break | Stmt::Continue => {
                Err(LaneError::NotNumeric("a loop"))
            }
            Stmt::Raise(..) => Err(LaneError::NotNumeric("`raise`")),
            _ => Err(LaneError::NotNumeric("a statement about other values")),
        }
    }

    fn set(&mut self, name: &Name, value: Lane) {
        let own = &mut self.variables[self.frame..];
        match own.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = value,
            None => self.variables.push((name.clone(), value)),
        }
    }

    fn conditional(
        &mut self,
        arms: &[Arm],
        otherwise: &[Stmt],
        returns: &mut Returns,
    ) -> Result<bool> {
        let Some((arm, rest)) = arms.split_first() else {
            return self.body(otherwise, returns);
        };
        let test = self.expr(&arm.test)?;
        let test = match self.truth(test)? {
            Lane::Truth(true) => return self.body(&arm.body, returns),
            Lane::Truth(false) => return self.conditional(rest, otherwise, returns),
            mask => self.row(mask)?,
        };
        let before = self.variables.clone();
        let all = self.active;
        let came = (self.both(all, test)?, self.without(all, test)?);
        self.active = came.0;
        let then_ends = self.body(&arm.body, returns)?;
        let then = std::mem::replace(&mut self.variables, before);
        let then_active = self.active;
        self.active = came.1;
        let else_ends = self.conditional(rest, otherwise, returns)?;
        match (then_ends, else_ends) {
            (false, reached) => Ok(reached),
            (true, false) => {
                self.variables = then;
                self.active = then_active;
                Ok(true)
            }
            (true, true) => {
                self.merge(test, &then);
                // Where none returned on either way, all go on that came.
                let none_returned = (then_active, self.active) == came;
                self.active = if none_returned {
                    all
                } else {
                    self.either(then_active, self.active)?
                };
                Ok(true)
            }
        }
    }

    /// Joins the variables of the way taken where `test` with those of the other, which are here.
    fn merge(&mut self, test: Row, then: &[(Name, Lane)]) {
        let otherwise = std::mem::take(&mut self.variables);
        for (at, (name, value)) in otherwise.into_iter().enumerate() {
            // Variables of callers stand first, and are in both.
            let in_then = if at < self.frame {
                then.get(at)
            } else {
                then[self.frame..].iter().find(|(known, _)| *known == name)
            };
            let Some((_, other)) = in_then else { continue };
            let joined = if *other == value {
                Ok(value)
            } else {
                self.choose(test, *other, value)
            };
            // What has no common form is of use to nobody unless it is read.
            if let Ok(joined) = joined {
                self.variables.push((name, joined));
            }
        }
    }

    fn mask_operation(&mut self, what: Do, a: Row, b: Row) -> Result<Row> {
        self.tape.push(Operation { what, a, b, c: 0 })
    }

    /// The lanes that both masks let pass.
    pub(super) fn both(&mut self, a: Row, b: Row) -> Result<Row> {
        match (a, b) {
            (ALL, other) | (other, ALL) => Ok(other),
            _ => self.mask_operation(Do::And, a, b),
        }
    }

    fn either(&mut self, a: Row, b: Row) -> Result<Row> {
        match (a, b) {
            (ALL, _) | (_, ALL) => Ok(ALL),
            _ => self.mask_operation(Do::Or, a, b),
        }
    }

    /// The lanes of one mask that the other stops.
    pub(super) fn without(&mut self, a: Row, b: Row) -> Result<Row> {
        match a {
            ALL => self.mask_operation(Do::Not, b, b),
            _ => self.mask_operation(Do::AndNot, a, b),
        }
    }
}
