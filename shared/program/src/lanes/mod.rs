//! Numeric functions over columns of floats.

mod call;
mod eval;
mod expr;
mod flow;
mod tape;

use crate::ast::{Expr, Function, Module, Name};
use crate::vm::Error;

pub use eval::LaneMachine;
use flow::Tracer;
use tape::Tape;

/// A numeric function as a tape: every operation works on a column of floats, a lane for each set
/// of inputs.
///
/// What a lane yields is `float(f(inputs))` as [`Program::run`](crate::Program::run) computes it,
/// bit for bit, or the error that it ends with. There is no fuel: nothing loops. Functions with
/// loops, lists, strings or dicts have no lanes; nor have those in which integers of more than 53
/// bits could arise.
#[derive(Debug, Clone, Default)]
pub struct LaneProgram {
    tape: Tape,
    /// The row that has the results.
    result: u16,
}

/// Why a function has no lanes. It may still run as a [`Program`](crate::Program).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// A statement or expression that is not about numbers alone.
    #[error("not a numeric function: {0}")]
    NotNumeric(&'static str),
    /// A variable that has no value on every way, or values that lanes cannot mix, or a function
    /// that is not there.
    #[error("a name without a value")]
    Undefined,
    /// The end can be reached without a `return`.
    #[error("a way without `return`")]
    NoValue,
    /// Arithmetic on integers that floats may not hold exactly.
    #[error("integers of more than 53 bits")]
    LargeIntegers,
    /// More operations, parameters or levels of calls than fit.
    #[error("too large")]
    TooLarge,
}

impl LaneProgram {
    /// The lanes of an expression in the variables `params`.
    ///
    /// # Errors
    ///
    /// [`LaneError`] for what is not numeric.
    pub fn of_expr(params: &[Name], expr: &Expr) -> Result<Self, LaneError> {
        let mut this = Self::default();
        this.load_expr(params, expr)?;
        Ok(this)
    }

    /// The lanes of a function, which may use the module's numeric constants and call its numeric
    /// functions.
    ///
    /// # Errors
    ///
    /// [`LaneError`] for what is not numeric.
    pub fn of_function(module: &Module, function: &Function) -> Result<Self, LaneError> {
        let mut this = Self::default();
        this.load_function(module, function)?;
        Ok(this)
    }

    /// As [`Self::of_expr`], in the place of what was here. After an error there is nothing of use.
    ///
    /// # Errors
    ///
    /// [`LaneError`] for what is not numeric.
    pub fn load_expr(&mut self, params: &[Name], expr: &Expr) -> Result<(), LaneError> {
        self.tape.clear(params.len())?;
        let mut tracer = Tracer::new(&mut self.tape, None);
        self.result = tracer.expression(params, expr)?;
        Ok(())
    }

    /// As [`Self::of_function`], in the place of what was here. After an error there is nothing of
    /// use.
    ///
    /// # Errors
    ///
    /// [`LaneError`] for what is not numeric.
    pub fn load_function(&mut self, module: &Module, function: &Function) -> Result<(), LaneError> {
        self.tape.clear(function.params.len())?;
        let mut tracer = Tracer::new(&mut self.tape, Some(module));
        self.result = tracer.function(function)?;
        Ok(())
    }

    /// How many inputs it has.
    pub fn inputs(&self) -> usize {
        self.tape.inputs()
    }

    /// How many operations it has, equal ones counted once.
    pub fn operations(&self) -> usize {
        self.tape.ops().len()
    }

    /// Computes a lane for each place of `out`: `inputs` has a column per parameter, each as long
    /// as `out`. A lane that fails yields NaN; [`LaneMachine::error`] has its error. Returns
    /// whether none failed.
    ///
    /// # Panics
    ///
    /// If there is another number of columns than parameters, or a column is shorter than `out`.
    pub fn eval(&self, machine: &mut LaneMachine, inputs: &[&[f64]], out: &mut [f64]) -> bool {
        machine.eval(&self.tape, self.result, inputs, out)
    }
}

impl LaneMachine {
    /// The error of a lane of the last evaluation.
    pub fn error(&self, lane: usize) -> Option<Error> {
        self.error_of(lane)
    }
}
