//! The steps that tasks become, by the kind of task.

use serde_json::{Value, json};
use tdev_domain::{AgentName, VersionNumber};

use super::data::{Data, Scope, name};
use super::flow::{Position, tried_once};
use super::node::{Found, Node};
use super::policy;
use super::task::{Task, Translator};
use crate::definition::{AgentRef, Kind, Map, Step, Wait, Work};
use crate::limits;

const ITERATION: &str = "an item is worked on without what the one before it gave: use the \
    variable of the item, or $workflow.input";

impl Translator {
    /// Puts a step at `begin`, and gives the place after it.
    fn step(
        &mut self,
        mut step: Step,
        begin: &Position,
        when: Option<&str>,
        at: &Node<'_>,
    ) -> Found<Position> {
        step.when = when.map(str::to_owned);
        let id = step.id.clone();
        self.steps.add(step, begin, at)?;
        Ok(match when {
            Some(_) => begin.after_skippable(&id),
            None => begin.after(&id),
        })
    }

    /// The agent and the inputs of a `call`.
    fn agent(&mut self, task: &Task<'_>, scope: &Scope) -> Found<(AgentRef, Value)> {
        let call = task.node.require("call")?;
        task.only("call", &["call", "with"])?;
        let called = call.text()?;
        if called != "agent" {
            let why = "agents are called, by call: agent with {name, version, input}";
            return Err(call.unsupported(format_args!("call/{called}"), why));
        }
        let with = task.node.require("with")?;
        with.only("the call of an agent", &["name", "version", "input"])?;
        let name = with.require("name")?;
        let agent: AgentName = name
            .text()?
            .parse()
            .map_err(|error: tdev_domain::Invalid| name.malformed(error.to_string()))?;
        let version = match with.get("version") {
            None => None,
            Some(version) => Some(number(&version)?),
        };
        let inputs = match with.get("input") {
            Some(input) => self.folder.template(&input, scope)?,
            None => json!({}),
        };
        let name = agent;
        Ok((AgentRef { name, version }, inputs))
    }

    /// The step for a `call`, tried once.
    fn called(&mut self, task: &Task<'_>, kind: Kind, inputs: Value) -> Found<Step> {
        let mut step = Step::new(self.steps.id(task.name, &task.node)?, kind);
        step.inputs = Some(inputs);
        step.retry = tried_once();
        if let Some(timeout) = task.node.get("timeout") {
            let seconds = policy::timeout(&timeout, limits::MAX_TIMEOUT_SECONDS)?;
            step.timeout_seconds = Some(seconds);
        }
        Ok(step)
    }

    pub(super) fn call(
        &mut self,
        task: &Task<'_>,
        begin: &Position,
        when: Option<&str>,
    ) -> Found<Position> {
        let (agent, inputs) = self.agent(task, &self.scope(begin))?;
        let step = self.called(task, Kind::Agent(agent), inputs)?;
        let data = Data::output_of(step.id.as_str());
        let mut after = self.step(step, begin, when, &task.node)?;
        after.data = data;
        Ok(after)
    }

    pub(super) fn each(
        &mut self,
        task: &Task<'_>,
        begin: &Position,
        when: Option<&str>,
    ) -> Found<Position> {
        task.only("for", &["for", "while", "do"])?;
        task.refuse("while", "every item of the list is worked on")?;
        task.refuse(
            "timeout",
            "a time limit holds for each item, not for all of them",
        )?;
        let each = task.node.require("for")?;
        each.only("a for", &["each", "in", "at"])?;
        let mut scope = self.scope(begin);
        let over = self.folder.expression(&each.require("in")?, &scope)?;
        scope.data = Data::Unknown(ITERATION);
        scope
            .variables
            .insert("input".to_owned(), scope.data.clone());
        for (field, default, seen) in [("each", "item", "item"), ("at", "index", "index")] {
            let variable = match each.get(field) {
                Some(variable) => variable.text()?,
                None => default,
            };
            let data = Data::expression(seen);
            scope.variables.insert(variable.to_owned(), data);
        }
        let list = task.node.require("do")?;
        let mut items = list.items()?;
        if items.len() != 1 {
            let why = "for each item one agent is called; put several into a workflow";
            return Err(list.unsupported("a for with several tasks", why));
        }
        let (inner_name, node) = items.remove(0).named()?;
        let inner = Task {
            name: inner_name,
            node,
        };
        for field in ["if", "input", "output", "export", "then", "timeout"] {
            inner.refuse(field, "the task of a for is a call and nothing else")?;
        }
        if inner.kind()? != "call" {
            let why = "for each item one agent is called";
            return Err(inner.node.unsupported("this task of a for", why));
        }
        let (agent, inputs) = self.agent(&inner, &scope)?;
        self.note(
            &task.node,
            "one item is worked on at a time, as a for does; more of them may be, by concurrency",
        );
        let kind = Kind::Map(Map {
            over,
            concurrency: 1,
            page_size: None,
            work: Work::Agent(agent),
        });
        let step = self.called(task, kind, inputs)?;
        let output = format!("steps.{}.output[-1]", name(step.id.as_str()));
        let mut after = self.step(step, begin, when, &task.node)?;
        after.data = Data::expression(&output);
        Ok(after)
    }

    pub(super) fn wait(
        &mut self,
        task: &Task<'_>,
        begin: &Position,
        when: Option<&str>,
    ) -> Found<Position> {
        task.only("wait", &["wait"])?;
        let wait = task.node.require("wait")?;
        let seconds = policy::whole_seconds(&wait, limits::MAX_DEADLINE_SECONDS)?;
        let id = self.steps.id(task.name, &task.node)?;
        let step = Step::new(id, Kind::Wait(Wait::Seconds(seconds)));
        self.step(step, begin, when, &task.node)
    }

    pub(super) fn set(&mut self, task: &Task<'_>, begin: &Position) -> Found<Position> {
        task.only("set", &["set"])?;
        let template = self
            .folder
            .template(&task.node.require("set")?, &self.scope(begin))?;
        let mut after = begin.clone();
        after.data = Data::known(template);
        Ok(after)
    }

    pub(super) fn fork(&mut self, task: &Task<'_>, begin: &Position) -> Found<Position> {
        task.only("fork", &["fork"])?;
        let fork = task.node.require("fork")?;
        fork.only("a fork", &["branches", "compete"])?;
        if let Some(compete) = fork.get("compete")
            && compete.value != &json!(false)
        {
            let why = "every branch runs to its end";
            return Err(compete.unsupported("fork/compete", why));
        }
        let branches = fork.require("branches")?;
        let (mut ends, mut outputs) = (Vec::new(), Vec::new());
        for branch in branches.items()? {
            let (name, node) = branch.named()?;
            let inner = Task { name, node };
            if inner.kind()? == "switch" {
                let why = "a branch is one task; put the switch into a do";
                return Err(inner.node.unsupported("a switch as a branch", why));
            }
            inner.refuse("then", "a branch leads to the end of its fork")?;
            let end = self.plain(&inner, begin)?;
            outputs.push(end.data.clone());
            ends.push(end);
        }
        if ends.is_empty() {
            return Err(branches.malformed("a fork has at least one branch"));
        }
        let mut after = begin.joined(&ends).ok_or_else(|| {
            let why = "one of its branches need not be left";
            fork.unsupported("this fork", why)
        })?;
        let outputs = outputs.into_iter().map(|output| match output {
            Data::Known(template) => Some((*template).clone()),
            Data::Unknown(_) => None,
        });
        after.data = outputs.collect::<Option<Vec<_>>>().map_or(
            Data::Unknown("a branch of the fork gives what is not known"),
            |all| Data::known(all.into()),
        );
        Ok(after)
    }
}

/// The version of an agent, as a number or its digits.
fn number(node: &Node<'_>) -> Found<VersionNumber> {
    let number = match node.value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|n| u32::try_from(n).ok()),
    };
    number
        .and_then(|number| VersionNumber::try_from(number).ok())
        .ok_or_else(|| node.malformed("a version of an agent is a number from 1"))
}
