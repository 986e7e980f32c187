//! The functions' own binaries, each in a process of its own that a test feeds, watches and kills,
//! over resources of the test's own.

mod agent;
mod http;
mod stage;
mod upstream;
mod worker;

pub use agent::admit;
pub use http::{Request, Response, serve};
pub use stage::{Bus, Stage};
pub use upstream::Upstream;
pub use worker::{Heard, Victim, Worker};
