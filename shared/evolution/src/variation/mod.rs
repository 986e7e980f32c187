//! Operators: genetic programming on the trees of a block.

use tdev_program::{BinaryOp, Builtin, Expr, Method};

/// What random expressions and statements are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    /// Operators between numbers.
    pub binary: Vec<BinaryOp>,
    /// Built-in functions, `math`'s among them.
    pub builtins: Vec<Builtin>,
    /// Methods of strings, lists and dicts.
    pub methods: Vec<Method>,
    /// Constants worth trying: those of the agent, of the problem, and a few that are always.
    pub constants: Vec<Expr>,
    /// Whether comparisons, `and`, `or`, `not` and `… if … else …` are among them.
    pub logic: bool,
    /// Whether statements are made and varied too; expressions alone otherwise.
    pub statements: bool,
}
