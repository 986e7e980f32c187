//! The instructions of the register machine.

use crate::ast::{BinaryOp, Builtin, CompareOp, Method, UnaryOp};
use crate::vm::{Error, Val};

/// A register of the running function, counted from its first parameter.
pub(crate) type Reg = u16;

/// An instruction. `d` is where the result goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// `d` = a constant of the program.
    Const {
        d: Reg,
        k: u16,
    },
    /// `d` = a constant of the module that is no scalar.
    Global {
        d: Reg,
        g: u16,
    },
    Move {
        d: Reg,
        a: Reg,
    },
    /// Fails if a variable has no value.
    Bound {
        a: Reg,
    },
    Unary {
        op: UnaryOp,
        d: Reg,
        a: Reg,
    },
    Not {
        d: Reg,
        a: Reg,
    },
    Binary {
        op: BinaryOp,
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Augment {
        op: BinaryOp,
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Compare {
        op: CompareOp,
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Jump {
        to: u16,
    },
    /// Jumps if the truth of `a` is `is`.
    JumpIf {
        is: bool,
        a: Reg,
        to: u16,
    },
    /// Jumps if the comparison does not hold.
    Unless {
        op: CompareOp,
        a: Reg,
        b: Reg,
        to: u16,
    },
    /// Jumps if the comparison holds.
    When {
        op: CompareOp,
        a: Reg,
        b: Reg,
        to: u16,
    },
    /// `d` = a list of `n` registers from `first`.
    List {
        d: Reg,
        first: Reg,
        n: u16,
    },
    Tuple {
        d: Reg,
        first: Reg,
        n: u16,
    },
    /// `d` = a dict of `n` pairs of registers from `first`.
    Dict {
        d: Reg,
        first: Reg,
        n: u16,
    },
    /// Adds `a` to the list in `list`.
    Push {
        list: Reg,
        a: Reg,
    },
    Index {
        d: Reg,
        a: Reg,
        b: Reg,
    },
    /// `a[b] = c`
    SetIndex {
        a: Reg,
        b: Reg,
        c: Reg,
    },
    /// `d` = `a[…]` with the bounds in three registers from `first`.
    Slice {
        d: Reg,
        a: Reg,
        first: Reg,
    },
    /// `d` = an iterator over `a`.
    Iter {
        d: Reg,
        a: Reg,
    },
    /// `d` = the next item of an iterator; jumps at its end.
    Next {
        d: Reg,
        iter: Reg,
        to: u16,
    },
    /// `d` and the register after it = the two parts of the next item; jumps at the end.
    NextPair {
        d: Reg,
        iter: Reg,
        to: u16,
    },
    /// An iterator is left before its end.
    Leave {
        iter: Reg,
    },
    /// Spreads `a` over `n` registers from `first`.
    Unpack {
        first: Reg,
        a: Reg,
        n: u16,
    },
    /// Calls a function with the arguments from `first`.
    Call {
        d: Reg,
        function: u16,
        first: Reg,
    },
    Builtin {
        builtin: Builtin,
        n: u8,
        d: Reg,
        first: Reg,
    },
    /// The receiver is the first of the `n` registers.
    Method {
        method: Method,
        n: u8,
        d: Reg,
        first: Reg,
    },
    Return {
        a: Reg,
    },
    Raise {
        error: Error,
    },
}

/// A compiled function.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) name: String,
    pub(crate) params: u16,
    /// Registers that hold variables, parameters included; the rest hold what lies between.
    pub(crate) variables: u16,
    pub(crate) registers: u16,
    pub(crate) ops: Vec<Op>,
}

/// What functions refer to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    pub(crate) consts: Vec<Val>,
    pub(crate) globals: Vec<Val>,
}
