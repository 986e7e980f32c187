//! The evolution tier: a subset of Python as a tree to vary, a register program to run, and lanes
//! of floats.
//!
//! An agent's source is [parsed](parse) to a [`Module`], plain data that can be cloned, taken
//! apart, changed and printed as readable Python. [`Program::compile`] makes a register program of
//! it, which a [`Machine`] runs under a [`Budget`] of fuel and memory. A function that is numeric
//! alone is also a [`LaneProgram`], which computes many sets of inputs at once.
//!
//! # Varying a program
//!
//! [`Evolvable`] splits a source at its markers and puts other functions between them. Nodes are
//! numbered in preorder: [`Function::nodes`], [`Function::get`], [`Function::replace_expr`],
//! [`Function::replace_stmt`], and the same for an [`Expr`] alone. A [`Survey`] tells the type of
//! each node and the variables that surely have a value there.
//!
//! # Determinism
//!
//! What a run yields, and what it takes, depends on the program, its arguments and the budget
//! alone: no clock, no addresses, no order of hashing. Fuel is taken per instruction and, inside
//! built-in functions, per item and per few bytes; memory is taken before it is allocated and not
//! given back before the end of the run. Transcendental functions are those of `libm` in Rust, so
//! that every processor has the same bits. A program that is run cannot panic, overflow the stack
//! or make the process allocate more than a small multiple of its budget, for what grows is copied;
//! threads of 2 MiB stack suffice, with one machine each.
//!
//! # The subset
//!
//! Constants and functions at the top level; assignment, `if`, `while`, `for`, `break`,
//! `continue`, `return`, `pass`, `raise` of a common exception; numbers, booleans, strings, lists,
//! tuples, dicts, comprehensions with one `for`, and the functions and methods of [`Builtin`] and
//! [`Method`]. What else Python has is a [`ParseError`] that names the line. An f-string is read as
//! a sum of strings.
//!
//! What is accepted means what it means in Python, with these limits:
//!
//! | here | in Python |
//! |---|---|
//! | integers have 64 bits; beyond them a run ends with [`Error::IntegerRange`] | no limit |
//! | a complex result, `%` on strings, `\|` on dicts, half a surrogate pair: [`Error::Unsupported`] | a result |
//! | calls nest [`MAX_CALLS`] deep, trees and values [`MAX_DEPTH`] | about 1000 deep |
//! | a list that contains itself has no text | `[[...]]` |
//! | a name without any value, a wrong number of arguments, or a local variable that is called does not compile | an error when it is met |
//! | `range`, `enumerate`, `zip` (of at most four), `reversed`, `keys`, `values` and `items` stand where they are iterated, and nowhere else | are values |
//! | adding and removing a key while a dict is iterated is always an error | an error if its size differs |
//! | a method is looked up after its arguments are evaluated, so that their error comes first | before |
//! | NaN is in no list and equals no item | it is found if it is the same object |
//! | a list with NaN in it is sorted in an order of its own | in another |
//! | `isdigit` knows ASCII, and letters are what Unicode calls alphabetic | by its own tables |
//! | `sum` adds floats from left to right | so until 3.11, more exactly since |
//! | `exp`, `log`, `pow`, `**`, `sin`, `cos`, `tan` and `tanh` of floats may differ in the last bit | as the platform's library has it |
//! | `raise` keeps the kind of the exception and drops its text | keeps both |
//! | constants of the module cannot call its functions; every run begins with them as they were | can, and keep changes |

mod ast;
mod block;
mod compile;
mod lanes;
mod parse;
mod value;
mod vm;

pub use ast::{
    Arm, BinaryOp, Builtin, CompareOp, Comprehension, Constant, Context, Exception, Expr, Function,
    Item, MAX_DEPTH, Method, Module, Name, Node, NodeError, NodeInfo, Param, Slice, Stmt, Survey,
    Target, TopLevel, Type, UnaryOp, Variable,
};
pub use block::{BlockError, Evolvable};
pub use compile::{CompileError, Entry, Program};
pub use lanes::{LaneError, LaneMachine, LaneProgram};
pub use parse::{ParseError, parse, parse_expr, parse_functions};
pub use value::{JsonError, Value};
pub use vm::{Budget, Error, Machine};

/// How deep calls may nest, as for every agent.
pub const MAX_CALLS: usize = tdev_domain::limits::MAX_RECURSION as usize;
