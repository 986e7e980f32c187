//! Whether every step can run.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Problems;
use super::draft::Draft;
use super::graph::Graph;
use crate::definition::{Choice, Definition, Kind};
use crate::expression::Expression;
use crate::problem::Code;

/// Reports every step that can never run: whose condition is always false, which depends hard on
/// one of those, or which no way of a choice leads to that it depends on hard.
pub(super) fn check(
    definition: &Definition,
    graph: &Graph<'_>,
    drafts: &[Draft],
    problems: &mut Problems,
) {
    let choices: HashMap<usize, Targets> = drafts
        .iter()
        .enumerate()
        .filter_map(|(index, draft)| match &draft.kind {
            Some(Kind::Choice(choice)) => Some((index, targets(choice, graph))),
            _ => None,
        })
        .collect();
    let mut dead = vec![false; drafts.len()];
    for step in &graph.order {
        let id = |step: usize| &definition.steps[step].id;
        let never = drafts[*step].when.as_ref().is_some_and(is_never);
        let found = if never {
            Some((
                format!("/steps/{step}/when"),
                "its condition never holds".to_owned(),
            ))
        } else {
            let cause = graph.hard(*step).find_map(|before| {
                if dead[before] {
                    return Some(format!("it depends on {}, which never does", id(before)));
                }
                let targets = choices.get(&before)?;
                if !targets.named.contains(step) {
                    Some(format!("it is in no branch of the choice {}", id(before)))
                } else if !targets.open.contains(step) {
                    Some(format!(
                        "no branch of {} that names it is ever taken",
                        id(before)
                    ))
                } else {
                    None
                }
            });
            cause.map(|cause| (format!("/steps/{step}"), cause))
        };
        if let Some((pointer, cause)) = found {
            dead[*step] = true;
            let message = format!("{} never runs: {cause}", id(*step));
            problems.add(Code::UnreachableStep, pointer, message);
        }
    }
}

fn constant(expression: &Expression) -> Option<bool> {
    match expression.constant() {
        Some(Ok(Value::Bool(holds))) => Some(holds),
        _ => None,
    }
}

fn is_never(condition: &Expression) -> bool {
    constant(condition) == Some(false)
}

/// What a choice leads to.
struct Targets {
    /// The steps it names.
    named: HashSet<usize>,
    /// Those that it may let run, given the conditions that are constant.
    open: HashSet<usize>,
}

fn targets(choice: &Choice<Expression>, graph: &Graph<'_>) -> Targets {
    let mut ways = Vec::new();
    let mut is_sure = false;
    for branch in &choice.branches {
        let holds = constant(&branch.when);
        if holds != Some(false) {
            ways.push(&branch.then);
        }
        if holds == Some(true) {
            is_sure = true;
            break;
        }
    }
    if !is_sure {
        ways.push(&choice.otherwise);
    }
    let place = |id| graph.ids.get(id).copied();
    Targets {
        named: choice.targets().filter_map(place).collect(),
        open: ways.into_iter().flatten().filter_map(place).collect(),
    }
}
