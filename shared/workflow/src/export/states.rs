//! The states of a state machine.

use serde_json::{Map, Value, json};

use super::jsonata::{Unsupported, Writer, enclosed, ended, step};
use super::series::Block;
use crate::definition::{Choice, DependencyKind, Kind};
use crate::plan::{Plan, PlanStep, StepIndex, at};
use crate::problem::{Code, Problem};
use crate::template::Template;
use crate::{Expression, Note};

/// The first and the last state. No step has such an id.
pub(super) const BEGIN: &str = "Begin run";
pub(super) const END: &str = "End run";

/// States by their names.
type States = Map<String, Value>;

/// Makes the states of one workflow.
pub(super) struct Builder<'a> {
    pub(super) plan: &'a Plan,
    /// Where a step is in the definition.
    pointer: &'a dyn Fn(StepIndex) -> String,
    writer: Writer<'a>,
    /// By step: whether it may be skipped.
    skippable: Vec<bool>,
    /// How many states run others at once.
    parallels: u32,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(plan: &'a Plan, pointer: &'a dyn Fn(StepIndex) -> String) -> Self {
        let mut skippable = Vec::with_capacity(plan.steps().len());
        for step in plan.steps() {
            let depends_on_such = step.dependencies.iter().any(|edge| {
                let is_choice = matches!(plan.step(edge.step).kind, Kind::Choice(_));
                edge.kind == DependencyKind::Hard && (is_choice || skippable[at(edge.step)])
            });
            skippable.push(step.when.is_some() || depends_on_such);
        }
        Self {
            plan,
            pointer,
            writer: Writer {
                workflow: plan.name.as_str(),
            },
            skippable,
            parallels: 0,
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn refuse(&mut self, index: StepIndex, field: &str, message: impl Into<String>) {
        let pointer = format!("{}{field}", (self.pointer)(index));
        self.problems
            .push(Problem::new(Code::Unsupported, pointer, message));
    }

    pub(super) fn note(&mut self, index: StepIndex, field: &str, message: impl Into<String>) {
        self.notes.push(Note {
            pointer: format!("{}{field}", (self.pointer)(index)),
            message: message.into(),
        });
    }

    pub(super) fn expression(
        &mut self,
        index: StepIndex,
        field: &str,
        expression: &Expression,
    ) -> String {
        let written = self.writer.expression(expression);
        self.taken(index, field, written)
    }

    pub(super) fn template(&mut self, index: StepIndex, field: &str, template: &Template) -> Value {
        let written = self.writer.template(template);
        self.taken(index, field, written)
    }

    fn taken<T: Default>(
        &mut self,
        index: StepIndex,
        field: &str,
        written: Result<T, Unsupported>,
    ) -> T {
        written.unwrap_or_else(|Unsupported(why)| {
            self.refuse(
                index,
                field,
                format!("the expression is not supported: {why}"),
            );
            T::default()
        })
    }

    /// What the run gives.
    pub(super) fn output(&mut self) -> Value {
        if let Some(output) = &self.plan.output {
            return self
                .writer
                .template(&output.template)
                .unwrap_or_else(|Unsupported(why)| {
                    let message = format!("the expression is not supported: {why}");
                    self.problems
                        .push(Problem::new(Code::Unsupported, "/output", message));
                    Value::Null
                });
        }
        let sinks = self.plan.sinks().iter().map(|sink| {
            let id = self.plan.step(*sink).id.as_str();
            let output = format!("($v := {}.output; $exists($v) ? $v : null)", step(id));
            (id.to_owned(), enclosed(&output))
        });
        Value::Object(sinks.collect())
    }

    /// Puts `block` into `states`, before the state `next` or at the end, and gives its first
    /// state.
    pub(super) fn block(
        &mut self,
        block: &Block,
        next: Option<&str>,
        states: &mut States,
    ) -> String {
        match block {
            Block::Step(index) => self.step(*index, next, states),
            Block::Series(parts) => {
                let mut next = next.map(str::to_owned);
                for part in parts.iter().rev() {
                    next = Some(self.block(part, next.as_deref(), states));
                }
                next.unwrap_or_default()
            }
            Block::Parallel(parts) => {
                self.parallels += 1;
                let name = format!("Parallel {}", self.parallels);
                let mut branches = Vec::new();
                for part in parts {
                    let mut inner = States::new();
                    let start = self.block(part, None, &mut inner);
                    branches.push(json!({"StartAt": start, "States": inner}));
                }
                let output = enclosed("$merge($states.result)");
                let state = json!({"Type": "Parallel", "Branches": branches, "Output": output});
                states.insert(name.clone(), then(state, next));
                name
            }
        }
    }

    fn step(&mut self, index: StepIndex, next: Option<&str>, states: &mut States) -> String {
        let plan = self.plan;
        let planned = plan.step(index);
        let id = planned.id.as_str();
        if planned.compensate_with.is_some() {
            let message = "a compensation is not supported: a state machine that fails undoes \
                nothing";
            self.refuse(index, "/compensate_with", message);
        }
        if planned.cache.is_some() {
            self.note(
                index,
                "/cache",
                "left out: nothing is kept from one run to the next",
            );
        }
        if let Kind::Choice(choice) = &planned.kind {
            self.choice(index, choice, next, states);
        } else {
            let state = match &planned.kind {
                Kind::Agent(agent) => self.agent(index, agent),
                Kind::Map(_) => self.map(index),
                Kind::Wait(wait) => self.wait(index, wait),
                Kind::Approval(approval) => self.approval(index, approval.message.as_ref()),
                Kind::Task(_) => {
                    let why = "a state machine has no router; name an agent";
                    self.refuse(
                        index,
                        "/task",
                        format!("a routed task is not supported: {why}"),
                    );
                    Value::Null
                }
                Kind::Workflow(_) => {
                    let why = "export it by itself, and let an agent start it";
                    let message = format!("a nested workflow is not supported: {why}");
                    self.refuse(index, "/workflow", message);
                    Value::Null
                }
                Kind::Choice(_) => Value::Null,
            };
            let state = self.tolerated(index, state, next, states);
            states.insert(id.to_owned(), then(state, next));
        }
        if !self.skippable[at(index)] {
            return id.to_owned();
        }
        let condition = self.runs(index, planned);
        let (guard, skipped) = (format!("{id} runs"), format!("{id} skipped"));
        let output = enclosed(&ended(id, r#"{"status": "skipped", "output": null}"#));
        let pass = json!({"Type": "Pass", "Output": output});
        states.insert(skipped.clone(), then(pass, next));
        let choices = json!([{"Condition": enclosed(&condition), "Next": id}]);
        states.insert(
            guard.clone(),
            json!({"Type": "Choice", "Choices": choices, "Default": skipped}),
        );
        guard
    }

    /// The condition on which a step that may be skipped runs.
    fn runs(&mut self, index: StepIndex, planned: &PlanStep) -> String {
        let mut terms = Vec::new();
        for edge in &planned.dependencies {
            let before = self.plan.step(edge.step);
            if edge.kind == DependencyKind::Soft {
                continue;
            }
            let seen = step(before.id.as_str());
            if self.skippable[at(edge.step)] {
                terms.push(format!("{seen}.status = \"completed\""));
            }
            if matches!(before.kind, Kind::Choice(_)) {
                let id = Value::from(planned.id.as_str());
                terms.push(format!("{id} in {seen}.output.steps"));
            }
        }
        let when = planned
            .when
            .as_ref()
            .map(|when| self.expression(index, "/when", when));
        match (terms.is_empty(), when) {
            (true, when) => when.unwrap_or_else(|| "true".to_owned()),
            (false, None) => terms.join(" and "),
            // The condition may look at what is not there if they do not hold.
            (false, Some(when)) => format!("({}) ? {when} : false", terms.join(" and ")),
        }
    }

    /// Lets the run go on after a failure of the step, if it tolerates it.
    fn tolerated(
        &mut self,
        index: StepIndex,
        mut state: Value,
        next: Option<&str>,
        states: &mut States,
    ) -> Value {
        let planned = self.plan.step(index);
        let can_be_caught = planned.kind.runs_agents() || matches!(planned.kind, Kind::Approval(_));
        if !self.plan.tolerates(index) || !can_be_caught || state.is_null() {
            return state;
        }
        let end = r#"{"status": "failed", "output": null, "error": $states.errorOutput}"#;
        let output = enclosed(&ended(planned.id.as_str(), end));
        // Something depends on it; but that may be outside of the branch which ends with it.
        let target = if let Some(next) = next {
            next.to_owned()
        } else {
            let failed = format!("{} failed", planned.id);
            let pass = json!({"Type": "Pass"});
            states.insert(failed.clone(), then(pass, None));
            failed
        };
        state["Catch"] = json!([
            {"ErrorEquals": ["States.ALL"], "Output": output, "Next": target}
        ]);
        state
    }

    fn choice(
        &mut self,
        index: StepIndex,
        choice: &Choice<Expression>,
        next: Option<&str>,
        states: &mut States,
    ) {
        let id = self.plan.step(index).id.as_str();
        // A choice cannot be where a branch ends.
        let target = if let Some(next) = next {
            next.to_owned()
        } else {
            let decided = format!("{id} decided");
            states.insert(decided.clone(), json!({"Type": "Pass", "End": true}));
            decided
        };
        let decided = |branch: Option<usize>, steps: &[tdev_domain::StepId]| {
            let output = json!({"branch": branch, "steps": steps});
            let end = format!(r#"{{"status": "completed", "output": {output}}}"#);
            enclosed(&ended(id, &end))
        };
        let mut rules = Vec::new();
        for (number, branch) in choice.branches.iter().enumerate() {
            let field = format!("/choice/branches/{number}/when");
            rules.push(json!({
                "Condition": enclosed(&self.expression(index, &field, &branch.when)),
                "Output": decided(Some(number), &branch.then),
                "Next": target,
            }));
        }
        let state = json!({
            "Type": "Choice",
            "Choices": rules,
            "Default": target,
            "Output": decided(None, &choice.otherwise),
        });
        states.insert(id.to_owned(), state);
    }
}

/// `state`, followed by `next` or by nothing.
pub(super) fn then(mut state: Value, next: Option<&str>) -> Value {
    if let Value::Object(fields) = &mut state {
        match next {
            Some(next) => fields.insert("Next".to_owned(), next.into()),
            None => fields.insert("End".to_owned(), true.into()),
        };
    }
    state
}
