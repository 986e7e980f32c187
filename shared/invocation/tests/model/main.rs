//! The engine against a model of everything around it: a store with exact conditions, a world that
//! counts, scripted agents, and a schedule that kills, delays, repeats and loses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and the sweeps print their figures"
)]

mod begin;
mod cancel;
mod gather;
mod limits;
mod machine;
mod programs;
mod python;
mod random;
mod resume;
mod sim;
mod state;
mod store;
mod sweep;
mod undisturbed;
