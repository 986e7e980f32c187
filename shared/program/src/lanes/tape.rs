//! The operations of a lane program, each written once.

use super::LaneError;
use crate::ast::{Builtin, CompareOp};
use crate::vm::Error;

/// A row of lanes: an input, or the result of an operation.
pub(super) type Row = u16;

/// The mask that all lanes pass.
pub(super) const ALL: Row = Row::MAX;

/// How many rows there may be.
const MAX_ROWS: usize = 1 << 13;
/// The slots in which an equal operation is looked for.
const SLOTS: usize = 512;

/// What is done with rows `a` and `b`. What can fail does so in the lanes of its mask alone.
/// Masks have 1.0 where they let pass, and 0.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Do {
    /// A constant, by its number in `a`.
    Const,
    Add,
    Sub,
    Mul,
    Div,
    /// By a constant that is not zero.
    DivSafe,
    FloorDiv,
    Mod,
    Pow,
    /// `a ** 2`
    Square,
    Neg,
    Abs,
    /// `a` where mask `c`, else `b`.
    Select,
    Compare(CompareOp),
    /// The mask of what counts as true.
    Truth,
    And,
    Or,
    /// Mask `a` without mask `b`.
    AndNot,
    Not,
    /// `a` with -0.0 made 0.0 where mask `c`: integers have one zero.
    OneZero,
    /// A function of `math` with one argument.
    Math(Builtin),
    /// A function of `math` with two arguments.
    Math2(Builtin),
    /// To an integer: `math.floor`, `math.ceil`, `round` or `int`.
    Whole(Builtin),
    /// Fails wherever the mask lets pass.
    Fail(Error),
}

/// An operation; the mask, or third operand, is `c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) what: Do,
    pub(super) a: Row,
    pub(super) b: Row,
    pub(super) c: Row,
}

/// Operations in order, and the constants they use.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    inputs: usize,
    ops: Vec<Operation>,
    consts: Vec<f64>,
    /// Where an operation with this hash was seen last. What is found is compared, so what an
    /// earlier program left does no harm.
    seen: Box<[u16; SLOTS]>,
}

impl Default for Tape {
    fn default() -> Self {
        Self {
            inputs: 0,
            ops: Vec::new(),
            consts: Vec::new(),
            seen: Box::new([0; SLOTS]),
        }
    }
}

impl Operation {
    fn slot(self) -> usize {
        let what = match self.what {
            Do::Compare(op) => 64 + op as usize,
            Do::Math(f) | Do::Math2(f) | Do::Whole(f) => 128 + f as usize,
            Do::Fail(_) => 63,
            Do::Const => 0,
            Do::Add => 1,
            Do::Sub => 2,
            Do::Mul => 3,
            Do::Div => 4,
            Do::DivSafe => 5,
            Do::FloorDiv => 6,
            Do::Mod => 7,
            Do::Pow => 8,
            Do::Square => 9,
            Do::Neg => 10,
            Do::Abs => 11,
            Do::Select => 12,
            Do::Truth => 13,
            Do::And => 14,
            Do::Or => 15,
            Do::AndNot => 16,
            Do::Not => 17,
            Do::OneZero => 18,
        };
        let mixed = what
            .wrapping_mul(31)
            .wrapping_add(usize::from(self.a).wrapping_mul(97))
            .wrapping_add(usize::from(self.b).wrapping_mul(1021))
            .wrapping_add(usize::from(self.c).wrapping_mul(7));
        mixed % SLOTS
    }
}

impl Tape {
    pub(super) fn clear(&mut self, inputs: usize) -> Result<(), LaneError> {
        if inputs >= MAX_ROWS {
            return Err(LaneError::TooLarge);
        }
        self.inputs = inputs;
        self.ops.clear();
        self.consts.clear();
        Ok(())
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn ops(&self) -> &[Operation] {
        &self.ops
    }

    pub(super) fn consts(&self) -> &[f64] {
        &self.consts
    }

    /// The row of the operation's result: that of an equal one before it, if there is one.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "there are no more than MAX_ROWS rows"
    )]
    pub(super) fn push(&mut self, operation: Operation) -> Result<Row, LaneError> {
        let slot = operation.slot();
        let known = usize::from(self.seen[slot]);
        if self.ops.get(known) == Some(&operation) {
            return Ok((self.inputs + known) as Row);
        }
        let number = self.ops.len();
        if self.inputs + number >= MAX_ROWS {
            return Err(LaneError::TooLarge);
        }
        self.seen[slot] = number as u16;
        self.ops.push(operation);
        Ok((self.inputs + number) as Row)
    }

    /// A row that has the same float in every lane.
    pub(super) fn constant(&mut self, value: f64) -> Result<Row, LaneError> {
        let is_same = |known: &f64| known.to_bits() == value.to_bits();
        let number = self.consts.iter().position(is_same).unwrap_or_else(|| {
            self.consts.push(value);
            self.consts.len() - 1
        });
        let a = Row::try_from(number).map_err(|_| LaneError::TooLarge)?;
        self.push(Operation {
            what: Do::Const,
            a,
            b: 0,
            c: 0,
        })
    }
}
