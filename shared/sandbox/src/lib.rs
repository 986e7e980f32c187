//! Runs Python agents under limits, pausing at every tool call.
//!
//! An agent's [`Source`](tdev_domain::Source) is compiled once into a [`Program`] and run many
//! times, each time on a fresh instance that sees nothing of the others. A run has no ambient
//! authority: no files, no environment, no clock, no network, only the tools it was granted. It
//! pauses at every tool call as a [`Suspended`], which can be written as bytes and resumed
//! elsewhere. JSON goes in and JSON comes out.
//!
//! # Agents called at once
//!
//! In an agent that imports `asyncio`, `call_agent` is a coroutine function: what is called has to
//! be awaited, alone or with others by `asyncio.gather`. The run pauses when nothing in it can go on
//! without an agent's answer, and then for all the calls that are awaited. Their answers are given
//! to it together, and reach it in the order of the calls. All other tools are plain functions
//! there too.
//!
//! # Two ways to run
//!
//! - [`Program`] runs an agent in this process, in microseconds.
//! - [`Worker`] runs it in a process of its own, for some twenty microseconds more. **Agents that
//!   nobody has read belong here**: see what remains, below. It too can stop at each tool call and
//!   give the run as bytes to another worker.
//!
//! # Snapshots
//!
//! A suspended run is written as what it has beyond its program, which is a few hundred bytes and
//! what the agent holds. So whoever restores it needs the agent too, compiled with the same tools
//! by the same interpreter; any other program is refused. Functions that share two or more
//! variables with functions in them are compiled anew each time, so their code, and that of the
//! functions after them, is in the snapshot: at most some 7 KB for the largest agent.
//!
//! # What holds
//!
//! | limit | by |
//! |---|---|
//! | wall time | the interpreter's checkpoints, in loops of its own too; tool calls do not count |
//! | memory | [`LimitedAllocator`], checked against at the same points |
//! | depth of calls and data | the interpreter's counter; the parser's own limit on nesting |
//! | output and tool arguments | a walk in bytecode before anything is converted |
//! | input and tool answers | a look at depth and size before anything is converted |
//! | printing, logging, tool calls | a count whose end no `except` sees |
//! | the wrapper around the agent | names beginning with `__tdev` do not compile |
//!
//! A panic of the interpreter is caught and fails the run. Memory is counted for the process as a
//! whole, so one run at a time proceeds and others wait; threads that allocate meanwhile disturb
//! the count. A thread that compiles or runs agents needs a stack of [`SANDBOX_STACK_BYTES`].
//!
//! # What remains
//!
//! Some operations of the interpreter look at neither clock nor memory until they are done:
//! comparing, printing or encoding a small structure that refers to itself many times over;
//! `json.dumps` with a vast `indent`; `str.join` of large strings; arithmetic on integers of
//! millions of digits. In this process such an agent either keeps its thread for ever, or
//! allocates past [`ceiling_bytes`] and the allocator ends the process with status 65. A [`Worker`]
//! turns both into a failure of the agent.

mod cache;
mod failure;
mod json;
mod memory;
mod names;
mod program;
mod reference;
mod run;
mod snapshot;
mod stable;
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
pub use snapshot::SnapshotFailure;
pub use worker::{Turn, Worker, WorkerRun, serve};
