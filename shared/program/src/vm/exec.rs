//! Running.

use super::error::{Error, Result};
use super::heap::{Heap, MAX_MEMORY, Val};
use crate::ast::{BinaryOp, CompareOp};
use crate::compile::{Code, Entry, Op, Pool, Program};
use crate::{MAX_CALLS, Value};

/// The most registers of all calls together.
const MAX_REGISTERS: usize = 1 << 17;
/// What a call costs beside its registers, in fuel.
const CALL_FUEL: usize = 4;

/// What a run may use. The same budget always ends the same run at the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Instructions, items iterated or compared, and bytes moved (by 8, 16 or 32).
    pub fuel: u64,
    /// Bytes allocated in the whole run; nothing is given back before its end. At most 2 GiB.
    pub memory: usize,
}

impl Default for Budget {
    /// Ten million units of fuel, some tens of milliseconds, and 16 MiB.
    fn default() -> Self {
        Self {
            fuel: 10_000_000,
            memory: 16 << 20,
        }
    }
}

/// A call that waits for another to return.
#[derive(Debug, Clone, Copy)]
struct Frame {
    function: u16,
    /// The instruction to go on with.
    at: u32,
    base: u32,
    /// Where the result goes.
    result: u16,
    /// How many iterators there were.
    iters: u32,
}

/// What a thread runs programs with: registers and arenas, kept between runs.
#[derive(Debug, Default)]
pub struct Machine {
    pub(crate) heap: Heap,
    registers: Vec<Val>,
    frames: Vec<Frame>,
}

impl Heap {
    /// Gives a run what it may use.
    pub(crate) fn refill(&mut self, fuel: u64, memory: usize) {
        self.fuel = fuel;
        self.memory = memory.min(MAX_MEMORY);
    }
}

impl Program {
    /// Calls the function `entry` with `arguments`, on a machine that may have run anything
    /// before; nothing of that is seen.
    ///
    /// # Errors
    ///
    /// [`Error`]: what the program raised, or the limit that it met. [`Error::Type`] also for a
    /// wrong number of arguments.
    pub fn run(
        &self,
        machine: &mut Machine,
        entry: Entry,
        arguments: &[Value],
        budget: Budget,
    ) -> std::result::Result<Value, Error> {
        let function = usize::from(entry.0);
        let code = self.codes.get(function).ok_or(Error::Type)?;
        if usize::from(code.params) != arguments.len() {
            return Err(Error::Type);
        }
        machine.heap.reset(&self.image);
        machine.heap.refill(budget.fuel, budget.memory);
        machine.enter(code)?;
        for (at, argument) in arguments.iter().enumerate() {
            machine.registers[at] = machine.heap.import(argument, Heap::LEVELS)?;
        }
        let value = machine.execute(entry.0, code, &self.codes, &self.pool)?;
        machine.heap.export(value, Heap::LEVELS)
    }
}

impl Machine {
    /// A machine that has run nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is left of the budget of the last run.
    pub fn left(&self) -> Budget {
        Budget {
            fuel: self.heap.fuel,
            memory: self.heap.memory,
        }
    }

    /// Evaluates the code of a constant, in the heap as it is.
    pub(crate) fn evaluate(&mut self, code: &Code, pool: &Pool) -> Result<Val> {
        self.enter(code)?;
        self.execute(0, code, &[], pool)
    }

    /// Makes ready for the first call.
    fn enter(&mut self, code: &Code) -> Result<()> {
        self.frames.clear();
        if self.registers.len() > 1 << 12 {
            self.registers = Vec::new();
        }
        self.open(0, code)
    }

    /// Makes the registers of a call: its variables have no value.
    fn open(&mut self, base: usize, code: &Code) -> Result<()> {
        let end = base + usize::from(code.registers);
        if end > MAX_REGISTERS {
            return Err(Error::Recursion);
        }
        if end > self.registers.len() {
            self.registers.resize(end, Val::Unbound);
        }
        let locals = base + usize::from(code.params)..base + usize::from(code.variables);
        self.registers[locals].fill(Val::Unbound);
        Ok(())
    }

    /// Runs until the first call returns.
    #[expect(clippy::too_many_lines, reason = "one arm per instruction")]
    fn execute(&mut self, function: u16, code: &Code, codes: &[Code], pool: &Pool) -> Result<Val> {
        let (mut function, mut code) = (function, code);
        let mut base = 0_usize;
        let mut at = 0_usize;
        macro_rules! reg {
            ($r:expr) => {
                self.registers[base + usize::from($r)]
            };
        }
        loop {
            let op = code.ops[at];
            at += 1;
            self.heap.fuel = self.heap.fuel.checked_sub(1).ok_or(Error::OutOfFuel)?;
            match op {
                Op::Const { d, k } => reg!(d) = pool.consts[usize::from(k)],
                Op::Global { d, g } => reg!(d) = pool.globals[usize::from(g)],
                Op::Move { d, a } => reg!(d) = reg!(a),
                Op::Bound { a } => {
                    if let Val::Unbound = reg!(a) {
                        return Err(Error::Unbound);
                    }
                }
                Op::Unary { op, d, a } => reg!(d) = Heap::unary(op, reg!(a))?,
                Op::Not { d, a } => reg!(d) = Val::Bool(!self.heap.truth(reg!(a))),
                Op::Binary { op, d, a, b } => {
                    reg!(d) = match (op, reg!(a), reg!(b)) {
                        (BinaryOp::Add, Val::Int(a), Val::Int(b)) => {
                            Val::Int(a.checked_add(b).ok_or(Error::IntegerRange)?)
                        }
                        (BinaryOp::Sub, Val::Int(a), Val::Int(b)) => {
                            Val::Int(a.checked_sub(b).ok_or(Error::IntegerRange)?)
                        }
                        (op, a, b) => self.heap.binary(op, a, b)?,
                    }
                }
                Op::Augment { op, d, a, b } => {
                    reg!(d) = match (op, reg!(a), reg!(b)) {
                        (BinaryOp::Add, Val::Int(a), Val::Int(b)) => {
                            Val::Int(a.checked_add(b).ok_or(Error::IntegerRange)?)
                        }
                        (op, a, b) => self.heap.augment(op, a, b)?,
                    }
                }
                Op::Compare { op, d, a, b } => {
                    reg!(d) = Val::Bool(self.heap.compare(op, reg!(a), reg!(b))?);
                }
                Op::Jump { to } => at = usize::from(to),
                Op::JumpIf { is, a, to } => {
                    if self.heap.truth(reg!(a)) == is {
                        at = usize::from(to);
                    }
                }
                Op::Unless { op, a, b, to } => {
                    if !self.holds(op, reg!(a), reg!(b))? {
                        at = usize::from(to);
                    }
                }
                Op::When { op, a, b, to } => {
                    if self.holds(op, reg!(a), reg!(b))? {
                        at = usize::from(to);
                    }
                }
                Op::List { d, first, n } => {
                    let from = base + usize::from(first);
                    let items = &self.registers[from..from + usize::from(n)];
                    reg!(d) = Val::List(self.heap.new_list(items)?);
                }
                Op::Tuple { d, first, n } => {
                    let from = base + usize::from(first);
                    let items = &self.registers[from..from + usize::from(n)];
                    reg!(d) = Val::Tuple(self.heap.new_list(items)?);
                }
                Op::Dict { d, first, n } => {
                    let id = self.heap.new_dict()?;
                    let first = base + usize::from(first);
                    for pair in 0..usize::from(n) {
                        let (key, value) = (first + pair * 2, first + pair * 2 + 1);
                        self.heap
                            .insert(id, self.registers[key], self.registers[value])?;
                    }
                    reg!(d) = Val::Dict(id);
                }
                Op::Push { list, a } => {
                    if let Val::List(id) = reg!(list) {
                        self.heap.push(id, reg!(a))?;
                    }
                }
                Op::Index { d, a, b } => reg!(d) = self.heap.index(reg!(a), reg!(b))?,
                Op::SetIndex { a, b, c } => {
                    self.heap.set_index(reg!(a), reg!(b), reg!(c))?;
                }
                Op::Slice { d, a, first } => {
                    let bounds = [reg!(first), reg!(first + 1), reg!(first + 2)];
                    reg!(d) = self.heap.slice(reg!(a), bounds)?;
                }
                Op::Iter { d, a } => reg!(d) = Val::Iter(self.heap.iterate(reg!(a))?),
                Op::Next { d, iter, to } => {
                    let Val::Iter(id) = reg!(iter) else {
                        return Err(Error::Type);
                    };
                    if let Some(item) = self.heap.next(id)? {
                        reg!(d) = item;
                    } else {
                        self.heap.release(id);
                        at = usize::from(to);
                    }
                }
                Op::NextPair { d, iter, to } => {
                    let Val::Iter(id) = reg!(iter) else {
                        return Err(Error::Type);
                    };
                    if let Some([first, second]) = self.heap.next_pair(id)? {
                        reg!(d) = first;
                        reg!(d + 1) = second;
                    } else {
                        self.heap.release(id);
                        at = usize::from(to);
                    }
                }
                Op::Leave { iter } => {
                    if let Val::Iter(id) = reg!(iter) {
                        self.heap.release(id);
                    }
                }
                Op::Unpack { first, a, n } => {
                    let value = reg!(a);
                    let from = base + usize::from(first);
                    let places = &mut self.registers[from..from + usize::from(n)];
                    self.heap.unpack(value, places)?;
                }
                Op::Call {
                    d,
                    function: callee,
                    first,
                } => {
                    if self.frames.len() + 1 >= MAX_CALLS {
                        return Err(Error::Recursion);
                    }
                    let code_of_it = &codes[usize::from(callee)];
                    self.heap
                        .burn(CALL_FUEL + usize::from(code_of_it.variables))?;
                    self.frames
                        .push(frame(function, at, base, d, self.heap.iters.len()));
                    base += usize::from(first);
                    self.open(base, code_of_it)?;
                    function = callee;
                    code = code_of_it;
                    at = 0;
                }
                Op::Builtin {
                    builtin,
                    n,
                    d,
                    first,
                } => {
                    let from = base + usize::from(first);
                    let arguments = &self.registers[from..from + usize::from(n)];
                    reg!(d) = self.heap.builtin(builtin, arguments)?;
                }
                Op::Method {
                    method,
                    n,
                    d,
                    first,
                } => {
                    let from = base + usize::from(first);
                    let arguments = &self.registers[from + 1..from + usize::from(n)];
                    reg!(d) = self.heap.method(method, reg!(first), arguments)?;
                }
                Op::Return { a } => {
                    let value = reg!(a);
                    let Some(caller) = self.frames.pop() else {
                        return Ok(value);
                    };
                    self.heap.iters.truncate(caller.iters as usize);
                    function = caller.function;
                    code = &codes[usize::from(function)];
                    at = caller.at as usize;
                    base = caller.base as usize;
                    reg!(caller.result) = value;
                }
                Op::Raise { error } => return Err(error),
            }
        }
    }

    #[inline]
    fn holds(&mut self, op: CompareOp, a: Val, b: Val) -> Result<bool> {
        match (a, b) {
            (Val::Int(a), Val::Int(b)) => match super::holds(op, Some(a.cmp(&b))) {
                Some(result) => Ok(result),
                None => self.heap.compare(op, Val::Int(a), Val::Int(b)),
            },
            (a, b) => self.heap.compare(op, a, b),
        }
    }
}

/// Everything in a frame is bounded by the size of a function and [`MAX_REGISTERS`].
#[expect(clippy::cast_possible_truncation, reason = "bounded")]
fn frame(function: u16, at: usize, base: usize, result: u16, iters: usize) -> Frame {
    Frame {
        function,
        at: at as u32,
        base: base as u32,
        result,
        iters: iters as u32,
    }
}
