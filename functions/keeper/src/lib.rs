//! The function `keeper`: finds what nobody is coming for.
//!
//! Every step of an invocation or a task is called for by a message, and a message may be lost: a
//! worker dies between its write and its send, or with its lease. Nothing is lost with it, since a
//! record that needs somebody says so on the agenda. Once a minute this function reads the agenda
//! and sends the messages again: for invocations whose lease has expired, whose message should
//! have arrived, or whose time has come; for tasks that wait and whose time has come, or that have
//! been in the queue for longer than a permit takes.
//!
//! An invocation that has ended is on the agenda too, until it expires. If a task waits for it that
//! has not been told, the message that should have told it is sent again.
//!
//! It decides nothing that a worker would not find out from the record, so a message too many is
//! harmless.

mod config;
mod handler;
mod invocations;
mod runs;
mod unwanted;

pub use config::Config;
pub use handler::{Deps, Sweep, handle};
