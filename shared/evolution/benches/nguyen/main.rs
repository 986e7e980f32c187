//! The twelve functions of Nguyen (Uy et al. 2011): how fast candidates are judged, and how often
//! the functions are found again. `cargo bench -p tdev-evolution --bench nguyen -- --help`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark prints, stops at the first error, and divides counts"
)]

mod peers;
mod recovery;
mod targets;
mod throughput;

use clap::{Parser, ValueEnum};

/// What is measured, and how much of it.
#[derive(Debug, Clone, Parser)]
struct Flags {
    /// Runs per function, each with a seed of its own.
    #[arg(long, default_value_t = 2)]
    seeds: u64,
    /// Evaluations that a run may take.
    #[arg(long, default_value_t = 200_000)]
    evaluations: u64,
    /// Candidates in a population.
    #[arg(long, default_value_t = 1000)]
    population: u32,
    /// Islands that the population is divided among.
    #[arg(long, default_value_t = 4)]
    islands: u32,
    /// How many take part in a tournament.
    #[arg(long, default_value_t = 5)]
    tournament: u32,
    /// The share of children made by mutation to begin with.
    #[arg(long, default_value_t = 0.5)]
    mutation_rate: f64,
    /// What a node costs where two candidates are compared.
    #[arg(long, default_value_t = 0.0001)]
    parsimony: f64,
    /// The most nodes of a candidate.
    #[arg(long, default_value_t = 40)]
    max_nodes: u32,
    /// The functions by number; all if none is given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<usize>,
    /// Only one of the two parts.
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// Prints what was found by each run.
    #[arg(long)]
    verbose: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// How fast candidates are judged.
    Throughput,
    /// How often the functions are found again.
    Recovery,
}

fn main() {
    let flags = Flags::parse();
    if cfg!(debug_assertions) {
        println!("This is a debug build; its figures say nothing.");
    }
    if flags.part != Some(Part::Recovery) {
        throughput::run(&flags);
        peers::run();
    }
    if flags.part != Some(Part::Throughput) {
        recovery::run(&flags);
    }
}

/// A table as it is printed.
fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(header.iter().copied());
    table
}
