//! How a step begins whose dependencies are over. Pure.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tdev_domain::{Run, StepError, StepErrorKind, StepId, StepRecord, StepState};
use tdev_workflow::{Choice, Context, Expression, Kind, PlanStep, Template, Wait, Work, limits};

use crate::transition::seconds;

/// What is to be done about a step that is ready.
#[derive(Debug)]
pub(crate) enum Begin {
    /// It is over at once, or waits for nothing that runs.
    As(StepState),
    /// It has work done for it.
    Work(Work, Value),
    /// It has work done for every item.
    Map(Vec<Value>),
}

/// What expressions see of the run and of `steps`, those of them that are over.
pub(crate) fn context(run: &Run, steps: &[StepRecord]) -> Context {
    let over = steps.iter().filter(|step| step.state.is_over());
    let results: Map<String, Value> = over
        .map(|step| (step.id.to_string(), result(&step.state)))
        .collect();
    Context::new(&json!({
        "input": run.input,
        "steps": results,
        "run": {"id": run.id, "workflow": run.workflow, "version": run.version},
    }))
}

fn result(state: &StepState) -> Value {
    let (output, error) = match state {
        StepState::Completed { output, .. } => (Some(output), None),
        StepState::Failed { error } => (None, Some(error)),
        _ => (None, None),
    };
    json!({"status": state.name().as_str(), "output": output, "error": error})
}

fn invalid(error: impl std::fmt::Display) -> StepError {
    StepError::new(StepErrorKind::InvalidInput, error.to_string())
}

pub(crate) fn skipped(reason: impl Into<String>) -> StepState {
    StepState::Skipped {
        reason: reason.into(),
    }
}

/// Decides on a step whose dependencies are over.
pub(crate) fn begin(step: &PlanStep, context: &Context, now: Timestamp) -> Begin {
    decided(step, context, now).unwrap_or_else(|error| Begin::As(StepState::Failed { error }))
}

fn decided(step: &PlanStep, context: &Context, now: Timestamp) -> Result<Begin, StepError> {
    if let Some(when) = &step.when
        && !holds(when, context)?
    {
        return Ok(Begin::As(skipped("its condition does not hold")));
    }
    Ok(match &step.kind {
        Kind::Agent(agent) => Begin::Work(Work::Agent(agent.clone()), inputs(step, None, context)?),
        Kind::Task(task) => Begin::Work(Work::Task(task.clone()), inputs(step, None, context)?),
        Kind::Workflow(workflow) => Begin::Work(
            Work::Workflow(workflow.clone()),
            inputs(step, None, context)?,
        ),
        Kind::Map(map) => Begin::Map(items(&map.over, context)?),
        Kind::Choice(choice) => Begin::As(chosen(choice, context)?),
        Kind::Wait(wait) => Begin::As(StepState::Waiting {
            until: until(wait, context, now)?,
        }),
        Kind::Approval(approval) => Begin::As(StepState::AwaitingApproval {
            message: message(approval.message.as_ref(), context)?,
            until: seconds(now, step.timeout()),
        }),
    })
}

/// What the step's work is called with, or the work for one item of a map.
pub(crate) fn inputs(
    step: &PlanStep,
    item: Option<&Value>,
    context: &Context,
) -> Result<Value, StepError> {
    match (&step.inputs, item) {
        (Some(template), _) => template.evaluate(context).map_err(invalid),
        (None, Some(item)) => Ok(item.clone()),
        (None, None) => Ok(json!({})),
    }
}

fn holds(when: &Expression, context: &Context) -> Result<bool, StepError> {
    when.holds(context).map_err(invalid)
}

fn items(over: &Expression, context: &Context) -> Result<Vec<Value>, StepError> {
    match over.evaluate(context).map_err(invalid)? {
        Value::Array(items) if items.len() > limits::MAX_ITEMS => Err(StepError::new(
            StepErrorKind::LimitExceeded,
            format!(
                "`{}` gives {} items; a map has at most {}",
                over.as_str(),
                items.len(),
                limits::MAX_ITEMS
            ),
        )),
        Value::Array(items) => Ok(items),
        _ => Err(invalid(format!("`{}` gives no list", over.as_str()))),
    }
}

fn chosen(choice: &Choice<Expression>, context: &Context) -> Result<StepState, StepError> {
    let mut taken: (Option<usize>, &[StepId]) = (None, &choice.otherwise);
    for (number, branch) in choice.branches.iter().enumerate() {
        if holds(&branch.when, context)? {
            taken = (Some(number), &branch.then);
            break;
        }
    }
    let (branch, steps) = taken;
    Ok(StepState::Completed {
        output: json!({"branch": branch, "steps": steps}),
        cached: false,
    })
}

/// Whether a choice that has come to `output` lets `step` run.
pub(crate) fn lets_run(output: &Value, step: &StepId) -> bool {
    let steps = output.get("steps").and_then(Value::as_array);
    steps.is_some_and(|steps| steps.iter().any(|chosen| chosen == step.as_str()))
}

fn until(
    wait: &Wait<Expression>,
    context: &Context,
    now: Timestamp,
) -> Result<Timestamp, StepError> {
    let over = match wait {
        Wait::Seconds(wait) => return Ok(seconds(now, *wait)),
        Wait::Until(over) => over,
    };
    let given = over.evaluate(context).map_err(invalid)?;
    let until = match &given {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number
            .as_i64()
            .and_then(|second| Timestamp::from_second(second).ok()),
        _ => None,
    };
    let latest = seconds(now, limits::MAX_DEADLINE_SECONDS);
    until.filter(|until| *until <= latest).ok_or_else(|| {
        invalid(format!(
            "`{}` gives {given}, which is no point in time of the next 365 days",
            over.as_str()
        ))
    })
}

fn message(template: Option<&Template>, context: &Context) -> Result<String, StepError> {
    match template.map(|template| template.evaluate(context)) {
        None => Ok(String::new()),
        Some(Ok(Value::String(text))) => Ok(text),
        Some(Ok(other)) => Ok(other.to_string()),
        Some(Err(error)) => Err(invalid(error)),
    }
}
