//! How long runs take on the simulated clock beside how long they must, and what a step costs the
//! engine.
//!
//! `cargo bench -p tdev-run` reads real workflows from `$TDEV_DATA`, by default `../shared/data`
//! beside the workspace. The engine is the real one; its store, its agents and its clock are in
//! memory. An agent sleeps for as long as its task took, holds one of the workers all that time,
//! and waits for one in the order in which agents were started.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark prints, stops at the first error, and divides counts"
)]

mod counts;
mod instance;
mod kinds;
mod makespans;
mod platform;
mod scale;
mod simulation;

use std::path::{Path, PathBuf};

use comfy_table::Table;

fn main() {
    let data = std::env::var_os("TDEV_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    makespans::print(&data.join("wfinstances"));
    scale::print();
    kinds::print();
}

fn table<T: AsRef<str>>(header: &[T]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(header.iter().map(AsRef::as_ref));
    table
}
