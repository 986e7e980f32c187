//! Tasks, and the steps that they become.

use std::collections::BTreeMap;

use super::Note;
use super::data::{Data, Folder, Scope};
use super::flow::{Position, Steps};
use super::node::{Found, Node};
use crate::limits;
use crate::problem::{Code, Problem};

const SKIPPED: &str = "the task before need not have run";

/// Where a task leads.
enum Flow {
    /// To the next task of the list.
    Continue,
    /// Out of the list.
    Exit,
    /// To the end of the run.
    End,
    /// To a task of the list.
    To(String),
}

/// The translation of a document.
pub(super) struct Translator {
    pub(super) steps: Steps,
    pub(super) folder: Folder,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
    /// What is known everywhere, such as the error in what follows a `catch`.
    pub(super) variables: BTreeMap<String, Data>,
    depth: usize,
}

/// A task by its name.
pub(super) struct Task<'a> {
    pub(super) name: &'a str,
    pub(super) node: Node<'a>,
}

/// The kinds of task, by the field they are told by. `for` and `try` come before what they hold.
const KINDS: [&str; 12] = [
    "call", "for", "try", "fork", "switch", "set", "wait", "do", "emit", "listen", "raise", "run",
];

/// The fields that tasks of every kind have.
const COMMON: [&str; 7] = [
    "if", "input", "output", "export", "timeout", "then", "metadata",
];

impl Task<'_> {
    pub(super) fn kind(&self) -> Found<&'static str> {
        let kind = KINDS.iter().find(|kind| self.node.get(kind).is_some());
        let kind = kind.ok_or_else(|| {
            let message = format!("a task has one of the fields {}", KINDS.join(", "));
            self.node.malformed(message)
        })?;
        Ok(kind)
    }

    pub(super) fn only(&self, kind: &str, own: &[&str]) -> Found<()> {
        let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
        self.node.only(&format!("a task of kind {kind}"), &known)
    }

    pub(super) fn refuse(&self, field: &str, why: &str) -> Found<()> {
        match self.node.get(field) {
            Some(node) => Err(node.unsupported(format_args!("{field} here"), why)),
            None => Ok(()),
        }
    }
}

impl Translator {
    pub(super) fn new(variables: BTreeMap<String, Data>) -> Self {
        Self {
            steps: Steps::new(),
            folder: Folder::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            variables,
            depth: 0,
        }
    }

    pub(super) fn scope(&self, position: &Position) -> Scope {
        let mut variables = self.variables.clone();
        variables.insert("context".to_owned(), position.context.clone());
        variables.insert("input".to_owned(), position.data.clone());
        Scope {
            data: position.data.clone(),
            variables,
        }
    }

    /// Translates the list of tasks `list`, from `start` to every place where it is left.
    pub(super) fn list(&mut self, list: &Node<'_>, start: Position) -> Found<Vec<Position>> {
        if self.depth == limits::MAX_DEPTH {
            return Err(list.malformed(format!("it nests deeper than {}", limits::MAX_DEPTH)));
        }
        let mut tasks = Vec::new();
        for item in list.items()? {
            let (name, node) = item.named()?;
            tasks.push(Task { name, node });
        }
        let mut ways: Vec<Vec<Position>> = tasks.iter().map(|_| Vec::new()).collect();
        let mut exits = Vec::new();
        match ways.first_mut() {
            Some(first) => first.push(start),
            None => exits.push(start),
        }
        self.depth += 1;
        for (index, task) in tasks.iter().enumerate() {
            let into = std::mem::take(&mut ways[index]);
            if into.is_empty() && !self.problems.is_empty() {
                // What leads here may be among what is wrong.
                continue;
            }
            for (position, flow, at) in self.task(task, into) {
                let target = match self.target(&flow, index, &tasks, &at) {
                    Ok(target) => target,
                    Err(problem) => {
                        self.report(problem);
                        continue;
                    }
                };
                match target.and_then(|target| ways.get_mut(target)) {
                    Some(way) => way.push(position),
                    None => exits.push(position),
                }
            }
        }
        self.depth -= 1;
        Ok(exits)
    }

    pub(super) fn note(&mut self, at: &Node<'_>, message: &str) {
        self.notes.push(Note {
            pointer: at.pointer.clone(),
            message: message.to_owned(),
        });
    }

    fn report(&mut self, problem: Problem) {
        if self.problems.len() < limits::MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Which task `flow` leads to from task `index`; `None` for out of the list.
    fn target(
        &self,
        flow: &Flow,
        index: usize,
        tasks: &[Task<'_>],
        at: &Node<'_>,
    ) -> Found<Option<usize>> {
        match flow {
            Flow::Continue => Ok(Some(index + 1)),
            Flow::Exit => Ok(None),
            Flow::End if self.depth == 1 => Ok(None),
            Flow::End => Err(at.unsupported(
                "end inside of another task",
                "the tasks beside it run to their end; use exit",
            )),
            Flow::To(name) => {
                let place = tasks.iter().position(|task| task.name == name);
                let place = place.ok_or_else(|| {
                    let message = format!("there is no task {name} in this list");
                    at.problem(Code::UnknownStep, message)
                })?;
                if place <= index {
                    let why = "steps are run once; there are no loops";
                    return Err(at.unsupported(format_args!("going back to {name}"), why));
                }
                Ok(Some(place))
            }
        }
    }

    /// Translates one task, and gives where it leads. What is wrong with it is reported.
    fn task<'a>(
        &mut self,
        task: &Task<'a>,
        into: Vec<Position>,
    ) -> Vec<(Position, Flow, Node<'a>)> {
        let position = match self.steps.merge(into, &task.node) {
            Ok(position) => position,
            Err(problem) => {
                self.report(problem);
                return Vec::new();
            }
        };
        self.led(task, &position).unwrap_or_else(|problem| {
            self.report(problem);
            Vec::new()
        })
    }

    fn led<'a>(
        &mut self,
        task: &Task<'a>,
        position: &Position,
    ) -> Found<Vec<(Position, Flow, Node<'a>)>> {
        if task.kind()? == "switch" {
            return self.switch(task, position);
        }
        let (flow, at) = match task.node.get("then") {
            Some(then) => (flow(&then)?, then),
            None => (Flow::Continue, task.node.clone()),
        };
        let after = self.plain(task, position)?;
        Ok(vec![(after, flow, at)])
    }

    /// Translates a task with what it does to its input and output.
    pub(super) fn plain(&mut self, task: &Task<'_>, position: &Position) -> Found<Position> {
        let kind = task.kind()?;
        let composite = matches!(kind, "do" | "fork");
        if composite || matches!(kind, "set" | "wait") {
            task.refuse(
                "timeout",
                "time limits are for calls, and for the whole document",
            )?;
        }
        for field in ["input", "output"] {
            let schema = task.node.get(field).and_then(|field| field.get("schema"));
            if let Some(schema) = schema {
                self.note(&schema, "left out: the agent's own schema is what counts");
            }
        }
        let mut begin = position.clone();
        let condition = match task.node.get("if") {
            Some(node) => Some(self.folder.condition(&node, &self.scope(position))?),
            None => None,
        };
        if let Some(from) = task.node.get("input").and_then(|input| input.get("from")) {
            let template = self.folder.template(&from, &self.scope(position))?;
            begin.data = Data::known(template);
        }
        let mut skipped = None;
        if let (Some(condition), true) = (&condition, composite) {
            let id = self.steps.id(&format!("{}_if", task.name), &task.node)?;
            let mut ways = self
                .steps
                .choose(id, vec![condition.clone()], &begin, &task.node)?;
            skipped = ways.pop();
            if let Some(way) = ways.pop() {
                begin = way;
            }
        }
        let when = condition.as_deref().filter(|_| !composite);
        let mut after = match kind {
            "call" => self.call(task, &begin, when)?,
            "for" => self.each(task, &begin, when)?,
            "try" => self.attempt(task, &begin, when)?,
            "wait" => self.wait(task, &begin, when)?,
            "set" => self.set(task, &begin)?,
            "fork" => self.fork(task, &begin)?,
            "do" => {
                task.only(kind, &["do"])?;
                let list = task.node.require("do")?;
                let exits = self.list(&list, begin.clone())?;
                self.leave(exits, &list)?
            }
            other => {
                let place = task.node.require(other)?;
                let why = "only calls of agents, and what orders them, have a counterpart";
                return Err(place.unsupported(format_args!("a task of kind {other}"), why));
            }
        };
        self.transform(task, &begin, &mut after)?;
        if condition.is_some() {
            if after.data != position.data {
                after.data = Data::Unknown(SKIPPED);
            }
            if after.context != position.context {
                after.context = Data::Unknown(SKIPPED);
            }
        }
        match skipped {
            Some(skipped) => self.steps.merge(vec![after, skipped], &task.node),
            None => Ok(after),
        }
    }

    /// The one place where a list inside of a task is left.
    pub(super) fn leave(&self, exits: Vec<Position>, list: &Node<'_>) -> Found<Position> {
        match exits.first() {
            // Everything that leads out of it is wrong, and reported.
            None => Err(list.problem(Code::UnreachableStep, "nothing leads out of this list")),
            Some(_) => self.steps.merge(exits, list),
        }
    }

    /// What `output.as` and `export.as` make of the output of a task.
    pub(super) fn transform(
        &mut self,
        task: &Task<'_>,
        begin: &Position,
        after: &mut Position,
    ) -> Found<()> {
        let scope = |translator: &Self, after: &Position| {
            let mut scope = translator.scope(after);
            let input = begin.data.clone();
            scope.variables.insert("input".to_owned(), input);
            let output = after.data.clone();
            scope.variables.insert("output".to_owned(), output);
            scope
        };
        if let Some(as_) = task.node.get("output").and_then(|output| output.get("as")) {
            let scope = scope(self, after);
            after.data = Data::known(self.folder.template(&as_, &scope)?);
        }
        if let Some(as_) = task.node.get("export").and_then(|export| export.get("as")) {
            let scope = scope(self, after);
            after.context = Data::known(self.folder.template(&as_, &scope)?);
        }
        Ok(())
    }

    fn switch<'a>(
        &mut self,
        task: &Task<'a>,
        position: &Position,
    ) -> Found<Vec<(Position, Flow, Node<'a>)>> {
        task.only("switch", &["switch"])?;
        for field in ["if", "input", "output", "export", "timeout"] {
            task.refuse(field, "a switch only chooses; set it at another task")?;
        }
        let after = match task.node.get("then") {
            Some(then) => (flow(&then)?, then),
            None => (Flow::Continue, task.node.clone()),
        };
        let scope = self.scope(position);
        let (mut conditions, mut ways, mut otherwise) = (Vec::new(), Vec::new(), None);
        let cases = task.node.require("switch")?;
        for case in cases.items()? {
            let (_, case) = case.named()?;
            case.only("a case", &["when", "then"])?;
            if otherwise.is_some() {
                return Err(case.malformed("nothing follows the case that has no when"));
            }
            let then = case.require("then")?;
            let way = (flow(&then)?, then);
            match case.get("when") {
                Some(when) => {
                    conditions.push(self.folder.condition(&when, &scope)?);
                    ways.push(way);
                }
                None => otherwise = Some(way),
            }
        }
        if conditions.is_empty() || conditions.len() > limits::MAX_BRANCHES {
            let message = format!("a switch has 1 to {} cases", limits::MAX_BRANCHES);
            return Err(cases.problem(Code::InvalidChoice, message));
        }
        ways.push(otherwise.unwrap_or(after));
        let id = self.steps.id(task.name, &task.node)?;
        let begins = self.steps.choose(id, conditions, position, &task.node)?;
        let led = begins.into_iter().zip(ways);
        Ok(led.map(|(begin, (flow, at))| (begin, flow, at)).collect())
    }
}

fn flow(node: &Node<'_>) -> Found<Flow> {
    Ok(match node.text()? {
        "continue" => Flow::Continue,
        "exit" => Flow::Exit,
        "end" => Flow::End,
        name => Flow::To(name.to_owned()),
    })
}
