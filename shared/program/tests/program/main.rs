//! The evolution tier from outside.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod corpus;
mod differential;
mod generate;
mod hostile;
mod lanes;
mod math;
mod mutants;
mod python;
mod round_trip;
mod semantics;

use tdev_program::{Budget, Error, Machine, Program, Value, parse};

/// Parses, compiles and calls `f()` of a source.
fn call(source: &str) -> Result<Value, Error> {
    call_with(source, &[])
}

/// Parses, compiles and calls `f` of a source.
fn call_with(source: &str, arguments: &[Value]) -> Result<Value, Error> {
    let module = parse(source).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let program = Program::compile(&module).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let entry = program.entry("f").unwrap();
    program.run(&mut Machine::new(), entry, arguments, Budget::default())
}

/// How many cases a test has: `variable`, or `default` within the suite.
fn cases(variable: &str, default: u32) -> u32 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// A property with so many cases.
fn config(variable: &str, default: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        failure_persistence: None,
        ..proptest::test_runner::Config::with_cases(cases(variable, default))
    }
}

/// The sample agent that packs bins.
fn packer() -> &'static str {
    let samples = tdev_agents::SAMPLES.iter();
    let mut packers = samples.filter(|agent| agent.name == "online-bin-packer");
    packers.next().unwrap().source
}
