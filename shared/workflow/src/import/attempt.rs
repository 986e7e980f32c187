//! What is tried, and what is done about its failures.

use super::data::{Data, name};
use super::flow::Position;
use super::node::{Found, Node};
use super::policy;
use super::task::{Task, Translator};
use crate::limits;

const FAILED: &str = "the task before may have failed";

impl Translator {
    pub(super) fn attempt(
        &mut self,
        task: &Task<'_>,
        begin: &Position,
        when: Option<&str>,
    ) -> Found<Position> {
        task.only("try", &["try", "catch"])?;
        task.refuse("timeout", "set it at the call that is tried")?;
        let list = task.node.require("try")?;
        let mut items = list.items()?;
        if items.len() != 1 {
            let why = "a step is tried by itself; put a try around each of them";
            return Err(list.unsupported("a try of several tasks", why));
        }
        let (inner_name, node) = items.remove(0).named()?;
        let inner = Task {
            name: inner_name,
            node,
        };
        inner.refuse("if", "set it at the try")?;
        inner.refuse("then", "set it at the try")?;
        if inner
            .node
            .get("input")
            .is_some_and(|i| i.get("from").is_some())
        {
            inner.refuse("input", "set it at the try")?;
        }
        let kind = inner.kind()?;
        let mut tried = match kind {
            "call" => self.call(&inner, begin, when)?,
            "for" => self.each(&inner, begin, when)?,
            _ => {
                let why = "what is tried is one call, or a for";
                return Err(inner.node.unsupported(format_args!("try/{kind}"), why));
            }
        };
        self.transform(&inner, begin, &mut tried)?;
        let place = self.steps.list.len() - 1;
        let catch = task.node.require("catch")?;
        catch.only("a catch", &["errors", "as", "retry", "do"])?;
        if let Some(retry) = catch.get("retry") {
            if retry.value.is_string() {
                let why = "write the policy where it is used";
                return Err(retry.unsupported("a retry by name", why));
            }
            if kind == "for" {
                let why = "each item is tried again by itself, not all of them";
                return Err(retry.unsupported("a retry of a for", why));
            }
            self.steps.list[place].retry = policy::retry(&retry)?;
            if retry.get("limit").is_none() {
                self.note(
                    &retry,
                    &format!("tried at most {} times", limits::MAX_ATTEMPTS),
                );
            }
            if let Some(jitter) = retry.get("jitter") {
                self.note(&jitter, "each pause is spread over its upper half");
            }
        }
        let does = catch.get("do");
        if let Some(errors) = catch.get("errors") {
            let on = policy::failures(&errors)?;
            let filtered = errors.get("with").is_some();
            if filtered && (does.is_some() || catch.get("retry").is_none()) {
                let why = "a step is retried after some errors, but caught after all";
                return Err(errors.unsupported("a catch of some errors", why));
            }
            self.steps.list[place].retry.on = on;
        }
        match does {
            None if catch.get("retry").is_some() => Ok(tried),
            None => {
                let id = self.steps.list[place].id.clone();
                self.steps.tolerate(&id);
                let mut after = begin.after_tolerated(&id);
                after.data = Data::Unknown(FAILED);
                after.context = tried.context;
                if after.context != begin.context {
                    after.context = Data::Unknown(FAILED);
                }
                Ok(after)
            }
            Some(does) => self.caught(&catch, &does, place, begin, &tried),
        }
    }

    /// What runs if the step in `place`, which was put at `begin`, has failed.
    fn caught(
        &mut self,
        catch: &Node<'_>,
        does: &Node<'_>,
        place: usize,
        begin: &Position,
        tried: &Position,
    ) -> Found<Position> {
        let id = self.steps.list[place].id.clone();
        let seen = format!("steps.{}", name(id.as_str()));
        let mut ended = begin.after_tolerated(&id);
        ended.data = Data::Unknown(FAILED);
        let choice = self.steps.id(&format!("{id}_failed"), does)?;
        let condition = format!("{seen}.status == 'failed'");
        let mut ways = self.steps.choose(choice, vec![condition], &ended, does)?;
        let mut completed = ways.pop().unwrap_or_else(|| ended.clone());
        completed.data = tried.data.clone();
        completed.context = tried.context.clone();
        let failed = ways.pop().unwrap_or(ended);
        let variable = match catch.get("as") {
            Some(variable) => variable.text()?.trim_start_matches('$').to_owned(),
            None => "error".to_owned(),
        };
        let error = Data::expression(&format!("{seen}.error"));
        let hidden = self.variables.insert(variable.clone(), error);
        let exits = self.list(does, failed);
        match hidden {
            Some(hidden) => self.variables.insert(variable, hidden),
            None => self.variables.remove(&variable),
        };
        let caught = self.leave(exits?, does)?;
        self.steps.merge(vec![completed, caught], does)
    }
}
