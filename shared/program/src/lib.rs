//! The evolution tier.
mod ast;
mod block;
mod compile;
mod lanes;
mod parse;
mod value;
mod vm;
pub use ast::*;
pub use block::{BlockError, Evolvable};
pub use compile::{CompileError, Entry, Program};
pub use lanes::{LaneError, LaneMachine, LaneProgram};
pub use parse::{ParseError, parse, parse_expr, parse_functions};
pub use value::{JsonError, Value};
pub use vm::{Budget, Error, Machine};

/// How deep calls may nest, as for every agent.
pub const MAX_CALLS: usize = tdev_domain::limits::MAX_RECURSION as usize;
