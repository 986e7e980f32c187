//! The register machine.

mod builtin;
mod compare;
mod consume;
mod dict;
mod error;
mod exec;
mod heap;
mod iter;
pub(crate) mod math;
mod method;
pub(crate) mod number;
mod sequence;
mod sort;
mod string;
mod text;

pub(crate) use compare::holds;
pub use error::Error;
pub use exec::{Budget, Machine};
pub(crate) use heap::{Heap, MAX_MEMORY, Val};
pub(crate) use iter::MAX_ZIPPED;
