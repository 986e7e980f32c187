//! Runs Python agents under limits, pausing at every tool call.

mod cache;
mod failure;
mod json;
mod memory;
mod names;
mod program;
mod run;
mod snapshot;
mod transcript;
mod worker;
mod wrapper;

pub use cache::Programs;
pub use memory::{
    SANDBOX_STACK_BYTES, ceiling_bytes, memory_limit_is_enforced, on_sandbox_thread,
    silence_interpreter_panics,
};
pub use monty_alloc::LimitedAllocator;
pub use program::Program;
pub use run::{Host, Progress, Run, Suspended, ToolCall, ToolError};
pub use snapshot::SnapshotError;
pub use worker::{Worker, WorkerRun, serve};
