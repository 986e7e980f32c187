//! From a definition to a problem: everything that is wrong, named by its place.

use std::str::FromStr;

use serde_json::Value as Json;
use serde_path_to_error::Segment;
use tdev_domain::evolution::ProblemName;
use tdev_domain::{AgentName, Capability, Invalid};
use tdev_program::Value;

use super::mistake::{Code, Mistake, Mistakes};
use super::split::canonical;
use super::{
    Canary, Case, Change, Definition, EXECUTE, Effect, HeldOut, Judge, MAX_CASES, Metric, Relation,
    packing,
};

/// The simulations that the platform has.
pub const SIMULATIONS: &[&str] = &[packing::NAME];

/// The most canaries, and the most relations.
const MAX_FEW: usize = 16;

/// A definition's name, or everything that is wrong with the definition.
pub(super) fn definition(definition: &Definition) -> Result<ProblemName, Vec<Mistake>> {
    let mut mistakes = Mistakes::default();
    let name = check_name(&definition.name, "/name", &mut mistakes);
    check_head(definition, &mut mistakes);
    match &definition.judge {
        Judge::Cases {
            function,
            metric,
            cases,
            held_out,
        } => {
            check_metric(metric, "/judge/metric", &mut mistakes);
            check_cases(cases, function, Some(metric), "/judge/cases", &mut mistakes);
            check_held_out(held_out, cases, function, Some(metric), &mut mistakes);
            check_canaries(&definition.canaries, function, Some(metric), &mut mistakes);
        }
        Judge::Agent {
            agent,
            version,
            function,
            cases,
            held_out,
        } => {
            check_name::<AgentName>(agent, "/judge/agent", &mut mistakes);
            mistakes.require(
                *version >= 1,
                Code::OutOfRange,
                "/judge/version",
                "1 or more",
            );
            check_cases(cases, function, None, "/judge/cases", &mut mistakes);
            check_held_out(held_out, cases, function, None, &mut mistakes);
            check_canaries(&definition.canaries, function, None, &mut mistakes);
        }
        Judge::Simulation {
            simulation,
            parameters,
        } => {
            check_simulation(definition, simulation, parameters, &mut mistakes);
        }
    }
    name.filter(|_| mistakes.0.is_empty()).ok_or(mistakes.0)
}

/// What serde says, with its place.
pub(super) fn malformed(error: &serde_path_to_error::Error<serde_json::Error>) -> Mistake {
    let segments = error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        _ => None,
    });
    let pointer = segments.collect();
    Mistake {
        code: Code::Malformed,
        pointer,
        message: error.inner().to_string(),
    }
}

fn check_name<T>(name: &str, pointer: &str, mistakes: &mut Mistakes) -> Option<T>
where
    T: FromStr<Err = Invalid>,
{
    name.parse()
        .map_err(|invalid: Invalid| mistakes.add(Code::InvalidName, pointer, invalid.expected))
        .ok()
}

fn check_head(definition: &Definition, mistakes: &mut Mistakes) {
    let budget = definition.budget;
    let range = Code::OutOfRange;
    let is_fuel = (10_000..=10_000_000).contains(&budget.fuel);
    mistakes.require(is_fuel, range, "/budget/fuel", "10000 to 10000000");
    let is_memory = (1 << 16..=1 << 24).contains(&budget.memory);
    mistakes.require(is_memory, range, "/budget/memory", "65536 to 16777216");
    let share = |value: f64| (0.0..1.0).contains(&value);
    let absolute = definition.tolerance.absolute;
    let is_absolute = absolute.is_finite() && absolute >= 0.0;
    mistakes.require(is_absolute, range, "/tolerance/absolute", "0 or more");
    let is_relative = share(definition.tolerance.relative);
    mistakes.require(
        is_relative,
        range,
        "/tolerance/relative",
        "0 or more, and less than 1",
    );
    let is_bound = definition
        .bound
        .is_none_or(|bound| bound.is_finite() && bound >= 0.0);
    mistakes.require(is_bound, range, "/bound", "0 or more");
    for (capability, at) in definition.capabilities.iter().zip(0..) {
        let is_one = capability.parse::<Capability>().is_ok();
        let pointer = format!("/capabilities/{at}");
        mistakes.require(
            is_one,
            Code::InvalidName,
            &pointer,
            "a capability such as `text.summary`",
        );
    }
    let few = |len: usize| len <= MAX_FEW;
    mistakes.require(
        few(definition.canaries.len()),
        Code::TooMany,
        "/canaries",
        "at most 16",
    );
    mistakes.require(
        few(definition.relations.len()),
        Code::TooMany,
        "/relations",
        "at most 16",
    );
    for (relation, at) in definition.relations.iter().zip(0..) {
        check_relation(relation, &format!("/relations/{at}"), mistakes);
    }
}

fn check_relation(relation: &Relation, pointer: &str, mistakes: &mut Mistakes) {
    let argument = &relation.argument;
    let is_pointer = argument.is_empty() || argument.starts_with('/');
    let at = format!("{pointer}/argument");
    mistakes.require(
        is_pointer,
        Code::Malformed,
        &at,
        "a JSON pointer into the input",
    );
    let is_factor = |factor: f64| factor.is_finite() && factor != 0.0;
    if let Change::Scale(factor) = relation.change {
        let at = format!("{pointer}/change");
        mistakes.require(
            is_factor(factor),
            Code::OutOfRange,
            &at,
            "a factor that is not 0",
        );
    }
    let fits = match relation.output {
        Effect::Same => true,
        Effect::Permute => relation.change == Change::Permute,
        Effect::Rename => relation.change == Change::Rename,
        Effect::Scale(factor) => is_factor(factor) && matches!(relation.change, Change::Scale(_)),
    };
    let at = format!("{pointer}/output");
    mistakes.require(
        fits,
        Code::Inconsistent,
        &at,
        "`same`, or what the change is",
    );
}

fn check_metric(metric: &Metric, pointer: &str, mistakes: &mut Mistakes) {
    match metric {
        Metric::Tolerance { absolute, relative } => {
            let is_one = |value: f64| value.is_finite() && value >= 0.0;
            let both = is_one(*absolute) && is_one(*relative);
            mistakes.require(both, Code::OutOfRange, pointer, "tolerances of 0 or more");
        }
        Metric::Fields { fields } => {
            mistakes.require(
                !fields.is_empty(),
                Code::Missing,
                pointer,
                "a field or more",
            );
            for (field, at) in fields.iter().zip(0..) {
                let pointer = format!("{pointer}/fields/{at}");
                check_weight(field.weight, &pointer, mistakes);
                let is_flat = !matches!(field.metric, Metric::Fields { .. });
                mistakes.require(
                    is_flat,
                    Code::Inconsistent,
                    &pointer,
                    "no fields within fields",
                );
                check_metric(&field.metric, &format!("{pointer}/metric"), mistakes);
            }
        }
        _ => {}
    }
}

fn check_weight(weight: f64, pointer: &str, mistakes: &mut Mistakes) {
    let is_one = weight > 0.0 && weight <= 1e6;
    let pointer = format!("{pointer}/weight");
    mistakes.require(
        is_one,
        Code::OutOfRange,
        &pointer,
        "more than 0, and 1000000 at most",
    );
}

pub(super) fn check_cases(
    cases: &[Case],
    function: &str,
    metric: Option<&Metric>,
    pointer: &str,
    mistakes: &mut Mistakes,
) {
    for (case, at) in cases.iter().zip(0..) {
        let pointer = format!("{pointer}/{at}");
        check_weight(case.weight, &pointer, mistakes);
        let unfit = |message: String| Mistake {
            code: Code::UnfitCase,
            pointer: pointer.clone(),
            message,
        };
        if function != EXECUTE && !case.input.is_array() {
            let message = format!("the input is not the list of the arguments of `{function}`");
            mistakes.0.push(unfit(message));
        }
        for value in [&case.input, &case.output] {
            if let Err(error) = Value::from_json(value) {
                mistakes.0.push(unfit(error.to_string()));
            }
        }
        if let Some(objection) = metric.and_then(|metric| metric.objection(&case.output)) {
            mistakes.0.push(unfit(objection));
        }
    }
}

fn check_held_out(
    held_out: &HeldOut,
    cases: &[Case],
    function: &str,
    metric: Option<&Metric>,
    mistakes: &mut Mistakes,
) {
    match held_out {
        HeldOut::Share(share) => {
            let is_one = (0.05..=0.9).contains(share);
            let (pointer, wanted) = ("/judge/held_out/share", "0.05 to 0.9");
            mistakes.require(is_one, Code::OutOfRange, pointer, wanted);
        }
        HeldOut::Cases(held_out) => {
            let pointer = "/judge/held_out/cases";
            let most = held_out.len() <= MAX_CASES;
            mistakes.require(most, Code::TooMany, pointer, "at most 100000 cases");
            mistakes.require(
                !held_out.is_empty(),
                Code::Missing,
                pointer,
                "a case or more",
            );
            check_cases(held_out, function, metric, pointer, mistakes);
            check_overlap(cases, held_out, mistakes);
        }
    }
}

pub(super) fn check_overlap(train: &[Case], held_out: &[Case], mistakes: &mut Mistakes) {
    let inputs = train.iter().map(|case| canonical(&case.input));
    let inputs: std::collections::BTreeSet<String> = inputs.collect();
    for (case, at) in held_out.iter().zip(0..) {
        if inputs.contains(&canonical(&case.input)) {
            let pointer = format!("/judge/held_out/cases/{at}");
            mistakes.add(
                Code::HeldOutOverlap,
                pointer,
                "the search sees this input too",
            );
        }
    }
}

fn check_canaries(
    canaries: &[Canary],
    function: &str,
    metric: Option<&Metric>,
    mistakes: &mut Mistakes,
) {
    for (canary, at) in canaries.iter().zip(0..) {
        let pointer = format!("/canaries/{at}");
        check_name::<ProblemName>(&canary.name, &format!("{pointer}/name"), mistakes);
        let cases = format!("{pointer}/cases");
        mistakes.require(
            !canary.cases.is_empty(),
            Code::Missing,
            &cases,
            "a case or more",
        );
        check_cases(&canary.cases, function, metric, &cases, mistakes);
        let parameters = format!("{pointer}/parameters");
        let is_null = canary.parameters.is_null();
        mistakes.require(
            is_null,
            Code::Inconsistent,
            &parameters,
            "none: cases judge",
        );
    }
}

fn check_simulation(
    definition: &Definition,
    simulation: &str,
    parameters: &Json,
    mistakes: &mut Mistakes,
) {
    if !SIMULATIONS.contains(&simulation) {
        let message = format!("one of: {}", SIMULATIONS.join(", "));
        mistakes.add(Code::UnknownSimulation, "/judge/simulation", message);
        return;
    }
    for (pointer, message) in packing::objections(parameters) {
        mistakes.add(
            Code::OutOfRange,
            format!("/judge/parameters{pointer}"),
            message,
        );
    }
    for (canary, at) in definition.canaries.iter().zip(0..) {
        check_name::<ProblemName>(&canary.name, &format!("/canaries/{at}/name"), mistakes);
        for (pointer, message) in packing::objections(&canary.parameters) {
            let pointer = format!("/canaries/{at}/parameters{pointer}");
            mistakes.add(Code::OutOfRange, pointer, message);
        }
        let has_none = canary.cases.is_empty();
        let pointer = format!("/canaries/{at}/cases");
        mistakes.require(
            has_none,
            Code::Inconsistent,
            &pointer,
            "none: a simulation judges",
        );
    }
    let has_none = definition.relations.is_empty();
    mistakes.require(
        has_none,
        Code::Inconsistent,
        "/relations",
        "none: a simulation judges",
    );
}

#[cfg(test)]
mod tests;
