//! From a definition to the Amazon States Language.
//!
//! The state machine runs by itself, without the platform's engine. Its expressions are in
//! JSONata, in which a name that is looked up in a list gives a list, where it gives null in
//! JMESPath. What runs through it is an object with the `{status, output, error}` of the steps
//! that have ended, under their ids, which like all data of a state machine may have 256 KiB.
//!
//! Two functions are to be put in where their names stand: `${InvokeAgent}`, which is called with
//! `{agent: {name, version?}, input}` and gives the agent's output, and, for approvals,
//! `${RequestApproval}`, which is called with `{step, message, token}` and has the token answered.
//!
//! | step | states |
//! |---|---|
//! | an agent | a `Task` with the retries and the time limit of the step |
//! | a map | an inline `Map` of such tasks |
//! | a choice | a `Choice`, all of whose ways go on to the same state and note what was chosen |
//! | a wait | a `Wait` |
//! | an approval | a `Task` that waits for its token |
//! | a step that may be skipped | a `Choice` before it, which goes on to it or notes that it was skipped |
//! | steps that do not wait for each other | a `Parallel` |

mod jsonata;
mod retry;
mod series;
mod states;
mod work;

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tdev_domain::StepId;

use crate::definition::Definition;
use crate::plan::{Plan, StepIndex};
use crate::problem::{Code, Problem};
use series::{Crossing, decompose};
use states::Builder;

/// The most steps of a workflow that is exported.
const MAX_STEPS: usize = 500;

/// The most bytes of a state machine, which Step Functions sets.
const MAX_BYTES: usize = 1024 * 1024;

/// A workflow as a state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMachine {
    /// Its definition in the Amazon States Language.
    pub definition: Value,
    /// What of the workflow it does otherwise, with the places of the workflow.
    pub notes: Vec<crate::Note>,
}

/// Makes a state machine for Step Functions of `definition`, whose agents are taken to be there.
///
/// # Errors
/// Everything that is wrong with the definition, as in [`Plan::new`]; else everything in it that a
/// state machine cannot do: compensations, routed tasks, nested workflows, expressions beyond
/// paths and comparisons, and a graph that cannot be put as steps one after the other and side by
/// side.
pub fn export_state_machine(definition: &Definition) -> Result<StateMachine, Vec<Problem>> {
    if definition.steps.len() > MAX_STEPS {
        let message = format!(
            "{} steps; at most {MAX_STEPS} are put into a state machine",
            definition.steps.len()
        );
        return Err(vec![Problem::new(Code::TooManySteps, "/steps", message)]);
    }
    let plan = Plan::new(definition)?;
    let ids = definition.steps.iter().map(|step| &step.id).zip(0..);
    let places: HashMap<&StepId, usize> = ids.collect();
    let pointer = |step: StepIndex| {
        let place = places.get(&plan.step(step).id);
        place.map_or_else(String::new, |place| format!("/steps/{place}"))
    };
    let mut builder = Builder::new(&plan, &pointer);
    let block = decompose(&plan).map_err(|crossing| vec![crossed(&plan, crossing, &pointer)])?;
    let output = builder.output();
    if definition.max_in_flight.is_some() {
        builder.notes.push(crate::Note {
            pointer: "/max_in_flight".to_owned(),
            message: "a state machine begins whatever is ready at once".to_owned(),
        });
    }
    let mut states = Map::new();
    let start = builder.block(&block, Some(states::END), &mut states);
    if !builder.problems.is_empty() {
        return Err(builder.problems);
    }
    states.insert(
        states::BEGIN.to_owned(),
        json!({"Type": "Pass", "Output": {}, "Next": start}),
    );
    states.insert(
        states::END.to_owned(),
        json!({"Type": "Pass", "Output": output, "End": true}),
    );
    let machine = json!({
        "Comment": definition.description.as_deref().unwrap_or(definition.name.as_str()),
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": definition.deadline_seconds,
        "StartAt": states::BEGIN,
        "States": states,
    });
    let bytes = machine.to_string().len();
    if bytes > MAX_BYTES {
        let message = format!("the state machine would have {bytes} bytes, more than {MAX_BYTES}");
        return Err(vec![Problem::new(Code::TooLarge, "", message)]);
    }
    Ok(StateMachine {
        definition: machine,
        notes: builder.notes,
    })
}

/// That the graph of `plan` cannot be put as steps one after the other and side by side.
fn crossed(plan: &Plan, found: Crossing, pointer: &impl Fn(StepIndex) -> String) -> Problem {
    let id = |step| &plan.step(step).id;
    let (a, b, c, d) = (id(found.a), id(found.b), id(found.c), id(found.d));
    let message = format!(
        "a state machine has steps one after the other and side by side, and nothing between: \
         {c} waits for {a} and {b}, but {d} waits for {b} and not for {a}. Let {d} wait for {a} \
         too, or {c} not for {b}"
    );
    Problem::new(
        Code::Unsupported,
        format!("{}/depends_on", pointer(found.d)),
        message,
    )
}

#[cfg(test)]
mod tests;
