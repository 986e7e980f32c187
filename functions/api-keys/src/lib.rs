//! Issues, lists and revokes API keys.
//!
//! An operator invokes this function under IAM; it is not reachable from the Internet. A key is
//! shown once, in the answer, or put into Secrets Manager and never shown. It is in no log.

mod config;
mod handler;
mod request;

pub use config::{Config, Environment};
pub use handler::{Deps, handle};
pub use request::{Delivery, Issue, Label, List, Listed, Request, Response, Revoke};
