//! What can be said of each field by itself.

use serde_json::Value;

use super::Problems;
use crate::catalogue::Catalogue;
use crate::definition::{
    AgentRef, Backoff, Choice, Definition, Kind, Map, RetryPolicy, Step, Wait, Work, WorkflowRef,
};
use crate::limits;
use crate::problem::Code;

/// Whether there are as many steps and dependencies as there may be.
pub(super) fn check_size(definition: &Definition, problems: &mut Problems) -> bool {
    let steps = definition.steps.len();
    if steps == 0 {
        problems.add(Code::Empty, "/steps", "a workflow has at least one step");
        return false;
    }
    if steps > limits::MAX_STEPS {
        let message = format!("{steps} steps; at most {} are taken", limits::MAX_STEPS);
        problems.add(Code::TooManySteps, "/steps", message);
        return false;
    }
    let dependencies: usize = definition.steps.iter().map(|s| s.depends_on.len()).sum();
    if dependencies > limits::MAX_DEPENDENCIES {
        let most = limits::MAX_DEPENDENCIES;
        let message = format!("{dependencies} dependencies; at most {most} are taken");
        problems.add(Code::TooManyDependencies, "/steps", message);
        return false;
    }
    true
}

/// Checks the fields of the workflow and of every step.
pub(super) fn check(
    definition: &Definition,
    catalogue: Option<&Catalogue>,
    problems: &mut Problems,
) {
    if !(1..=limits::MAX_DEADLINE_SECONDS).contains(&definition.deadline_seconds) {
        let message = between("the deadline", 1, limits::MAX_DEADLINE_SECONDS, "seconds");
        problems.add(Code::InvalidTimeout, "/deadline_seconds", message);
    }
    let in_flight = definition.max_in_flight;
    if in_flight.is_some_and(|steps| !(1..=limits::MAX_IN_FLIGHT).contains(&steps)) {
        let message = between("max_in_flight", 1, limits::MAX_IN_FLIGHT.into(), "steps");
        problems.add(Code::InvalidMaxInFlight, "/max_in_flight", message);
    }
    if !is_schema(definition.input_schema.as_ref()) {
        problems.add(Code::InvalidSchema, "/input_schema", NO_SCHEMA);
    }
    for (index, step) in definition.steps.iter().enumerate() {
        let mut fields = Fields {
            index,
            step,
            problems,
        };
        fields.kind();
        fields.retry(&step.retry);
        fields.timeout();
        fields.cache();
        fields.without_effect();
        if let Some(catalogue) = catalogue {
            fields.names(catalogue);
        }
        for (field, value) in [
            ("/input_schema", &step.input_schema),
            ("/output_schema", &step.output_schema),
        ] {
            if !is_schema(value.as_ref()) {
                fields.add(Code::InvalidSchema, field, NO_SCHEMA);
            }
        }
    }
}

const NO_SCHEMA: &str = "a JSON Schema is an object, true or false";

/// Whether `schema` may be one, if it is there.
fn is_schema(schema: Option<&Value>) -> bool {
    schema.is_none_or(|schema| schema.is_object() || schema.is_boolean())
}

fn between(what: &str, least: u64, most: u64, unit: &str) -> String {
    format!("{what} must be {least} to {most} {unit}")
}

/// One step.
struct Fields<'a> {
    index: usize,
    step: &'a Step,
    problems: &'a mut Problems,
}

impl Fields<'_> {
    fn add(&mut self, code: Code, field: &str, message: impl Into<String>) {
        let pointer = format!("/steps/{}{field}", self.index);
        self.problems.add(code, pointer, message);
    }

    fn kind(&mut self) {
        match &self.step.kind {
            Kind::Map(map) => self.map(map),
            Kind::Choice(choice) => self.choice(choice),
            Kind::Wait(Wait::Seconds(seconds)) if *seconds > limits::MAX_DEADLINE_SECONDS => {
                let message = between("the wait", 0, limits::MAX_DEADLINE_SECONDS, "seconds");
                self.add(Code::InvalidTimeout, "/wait/seconds", message);
            }
            _ => {}
        }
    }

    fn map(&mut self, map: &Map) {
        if !(1..=limits::MAX_CONCURRENCY).contains(&map.concurrency) {
            let most = limits::MAX_CONCURRENCY.into();
            let message = between("the concurrency", 1, most, "items");
            self.add(Code::InvalidMap, "/map/concurrency", message);
        }
        if map
            .page_size
            .is_some_and(|size| !(1..=limits::MAX_PAGE_SIZE).contains(&size))
        {
            let message = between("a page", 1, limits::MAX_PAGE_SIZE.into(), "items");
            self.add(Code::InvalidMap, "/map/page_size", message);
        }
    }

    fn choice(&mut self, choice: &Choice) {
        if choice.branches.is_empty() || choice.branches.len() > limits::MAX_BRANCHES {
            let message = format!("a choice has 1 to {} branches", limits::MAX_BRANCHES);
            self.add(Code::InvalidChoice, "/choice/branches", message);
        }
    }

    fn retry(&mut self, retry: &RetryPolicy) {
        if !(1..=limits::MAX_ATTEMPTS).contains(&retry.max_attempts) {
            let most = limits::MAX_ATTEMPTS.into();
            let message = between("max_attempts", 1, most, "tries, the first included");
            self.add(Code::InvalidRetry, "/retry/max_attempts", message);
        }
        let Backoff {
            initial_seconds,
            multiplier,
            cap_seconds,
        } = retry.backoff;
        let most = limits::MAX_PAUSE_SECONDS;
        for (field, value, least, most) in [
            ("initial_seconds", initial_seconds, 0.0, most),
            ("multiplier", multiplier, 1.0, limits::MAX_MULTIPLIER),
            ("cap_seconds", cap_seconds, 0.0, most),
        ] {
            if !(least..=most).contains(&value) {
                let message = format!("{field} must be {least} to {most}");
                self.add(
                    Code::InvalidRetry,
                    &format!("/retry/backoff/{field}"),
                    message,
                );
            }
        }
    }

    fn timeout(&mut self) {
        let most = match &self.step.kind {
            Kind::Approval(_)
            | Kind::Workflow(_)
            | Kind::Map(Map {
                work: Work::Workflow(_),
                ..
            }) => limits::MAX_DEADLINE_SECONDS,
            _ => limits::MAX_TIMEOUT_SECONDS,
        };
        let given = self.step.timeout_seconds;
        if given.is_some_and(|seconds| !(1..=most).contains(&seconds)) {
            let message = between("the timeout", 1, most, "seconds");
            self.add(Code::InvalidTimeout, "/timeout_seconds", message);
        }
        let most = limits::MAX_EXPECTED_SECONDS;
        let expected = self.step.expected_seconds;
        if expected.is_some_and(|seconds| !(0.0..=most).contains(&seconds)) {
            let message = format!("a step is expected to take 0 to {most} seconds");
            self.add(Code::InvalidTimeout, "/expected_seconds", message);
        }
    }

    fn cache(&mut self) {
        let most = limits::MAX_CACHE_SECONDS;
        let given = self.step.cache;
        if given.is_some_and(|cache| !(1..=most).contains(&cache.ttl_seconds)) {
            let message = between("a cached output is kept for", 1, most, "seconds");
            let message = message.replace("must be ", "");
            self.add(Code::InvalidTimeout, "/cache/ttl_seconds", message);
        }
    }

    fn without_effect(&mut self) {
        let step = self.step;
        let kind = &step.kind;
        let timed = kind.runs_agents() || matches!(kind, Kind::Approval(_));
        let runs = kind.runs_agents();
        for (field, is_given, has_effect) in [
            ("/inputs", step.inputs.is_some(), runs),
            ("/retry", step.retry != RetryPolicy::default(), runs),
            ("/cache", step.cache.is_some(), runs),
            ("/compensate_with", step.compensate_with.is_some(), runs),
            ("/timeout_seconds", step.timeout_seconds.is_some(), timed),
        ] {
            if is_given && !has_effect {
                let message = format!(
                    "{} has no effect on a step of kind {}",
                    &field[1..],
                    kind.name()
                );
                self.add(Code::NoEffect, field, message);
            }
        }
    }

    fn names(&mut self, catalogue: &Catalogue) {
        let step = self.step;
        match &step.kind {
            Kind::Agent(agent) => self.agent(agent, "/agent", catalogue),
            Kind::Workflow(workflow) => self.workflow(workflow, "/workflow", catalogue),
            Kind::Map(map) => match &map.work {
                Work::Agent(agent) => self.agent(agent, "/map/agent", catalogue),
                Work::Workflow(workflow) => self.workflow(workflow, "/map/workflow", catalogue),
                Work::Task(_) => {}
            },
            _ => {}
        }
        if let Some(compensation) = &step.compensate_with {
            self.agent(&compensation.agent, "/compensate_with/agent", catalogue);
        }
    }

    fn agent(&mut self, agent: &AgentRef, field: &str, catalogue: &Catalogue) {
        if catalogue.agents.contains_key(agent) {
            return;
        }
        let known = catalogue.agents.keys().map(|agent| agent.name.as_str());
        let mut message = format!("there is no agent {}", agent.name);
        if let Some(version) = agent.version {
            message = format!("{message} in version {version}");
        }
        message += &self.problems.suggestion(agent.name.as_str(), known);
        self.add(Code::UnknownAgent, field, message);
    }

    fn workflow(&mut self, workflow: &WorkflowRef, field: &str, catalogue: &Catalogue) {
        if catalogue.workflows.contains_key(workflow) {
            return;
        }
        let known = catalogue
            .workflows
            .keys()
            .map(|workflow| workflow.name.as_str());
        let mut message = format!("there is no workflow {}", workflow.name);
        if let Some(version) = workflow.version {
            message = format!("{message} in version {version}");
        }
        message += &self.problems.suggestion(workflow.name.as_str(), known);
        self.add(Code::UnknownWorkflow, field, message);
    }
}
