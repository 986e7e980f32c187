//! From the Serverless Workflow language to a definition.
//!
//! # What is taken over
//!
//! The [Serverless Workflow DSL](https://serverlessworkflow.io) 1.0 lets every task work on what
//! the one before has given, while a step names what it looks at. So the flow of the document is
//! followed, and at each of its places is known what `.` stands for:
//!
//! | task | what becomes of it |
//! |---|---|
//! | `do` | its tasks, each after the one before |
//! | `call: agent`, with `{name, version, input}` | a step that runs the agent, tried once |
//! | `fork` | steps that do not depend on each other; `.` is then the list of what they gave |
//! | `switch` | a choice; tasks that are led to later in the list are its branches |
//! | `for` with one call | a map that works on one item at a time; `.` is then the last output |
//! | `wait` | a wait, in whole seconds |
//! | `try` of one call or `for` | the step, for a call with the retries of its `catch` |
//! | `catch` with `do` | a choice that lets its tasks run if the step has failed |
//! | `catch` with neither `do` nor `retry` | what follows depends on the step softly |
//! | `set`, `input.from`, `output.as`, `export.as` | nothing: what they say is put in where it is used |
//!
//! A runtime expression is a path from `.`, `$context`, `$input`, `$workflow.input` or the
//! variable of a `for` or a `catch`; a condition may compare paths and literals besides. After a
//! task that need not have run, `.` is not known, and an expression that begins with it is
//! refused; so is everything else that has no exact counterpart. A retry counts what is tried
//! again, and once it is used up the step has failed.

mod attempt;
mod data;
mod flow;
mod jq;
mod kinds;
mod node;
mod policy;
mod task;

use std::collections::BTreeMap;

use serde_json::Value;
use tdev_domain::WorkflowName;

use crate::definition::Definition;
use crate::limits;
use crate::problem::{Code, Problem};
use data::Data;
use flow::Position;
use node::{Found, Node};
use task::Translator;

/// What has been made of a document in another language.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The workflow, which is to be [validated](crate::validate) like any other.
    pub definition: Definition,
    /// What of the document was left out, or means something else than it did there.
    pub notes: Vec<Note>,
}

/// Something that an author should know of a document that was taken over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// The place in the document, as a JSON pointer.
    pub pointer: String,
    /// What is to be known.
    pub message: String,
}

/// Makes a definition of a document in the Serverless Workflow DSL 1.0.
///
/// # Errors
/// What in it is wrong or has no counterpart, up to [`limits::MAX_PROBLEMS`] problems, with
/// pointers into the document. What comes after a task that is wrong is not looked at.
pub fn import_serverless_workflow(document: &Value) -> Result<Imported, Vec<Problem>> {
    let root = Node::root(document);
    let mut translator = Translator::new(BTreeMap::new());
    match translate(&root, &mut translator) {
        Ok(imported) if translator.problems.is_empty() => Ok(imported),
        Ok(_) => Err(translator.problems),
        Err(problem) => {
            translator.problems.push(problem);
            Err(translator.problems)
        }
    }
}

fn translate(root: &Node<'_>, translator: &mut Translator) -> Found<Imported> {
    root.only(
        "a document",
        &["document", "input", "output", "timeout", "do", "evaluate"],
    )?;
    if let Some(language) = root.get("evaluate").and_then(|e| e.get("language"))
        && language.text()? != "jq"
    {
        let why = "expressions are written in jq";
        return Err(language.unsupported("another language", why));
    }
    let about = root.require("document")?;
    let version = about.require("dsl")?;
    if !version.text()?.starts_with("1.0") {
        return Err(version.unsupported("this version of the language", "1.0 is taken"));
    }
    let name = about.require("name")?;
    let name: WorkflowName = name
        .text()?
        .parse()
        .map_err(|error: tdev_domain::Invalid| name.malformed(error.to_string()))?;
    let description = match about.get("summary").or_else(|| about.get("title")) {
        Some(text) => Some(text.text()?.to_owned()),
        None => None,
    };
    let deadline_seconds = match root.get("timeout") {
        Some(timeout) => policy::timeout(&timeout, limits::MAX_DEADLINE_SECONDS)?,
        None => limits::DEFAULT_DEADLINE_SECONDS,
    };

    let mut start = Position::start(Data::expression("input"), Data::known(Value::Null));
    if let Some(from) = root.get("input").and_then(|input| input.get("from")) {
        let scope = translator.scope(&start);
        start.data = Data::known(translator.folder.template(&from, &scope)?);
    }
    let exits = translator.list(&root.require("do")?, start)?;
    translator.steps.follow_tolerated(root)?;
    let mut notes = notes(root);
    notes.append(&mut translator.notes);
    let output = output(root, translator, exits, &mut notes)?;
    let input_schema = root
        .get("input")
        .and_then(|input| input.get("schema")?.get("document"))
        .map(|schema| schema.value.clone());
    let steps = std::mem::take(&mut translator.steps.list);
    if steps.is_empty() && translator.problems.is_empty() {
        let tasks = root.require("do")?;
        return Err(tasks.problem(Code::Empty, "no task of it becomes a step"));
    }
    Ok(Imported {
        definition: Definition {
            name,
            description,
            input_schema,
            output,
            deadline_seconds,
            max_in_flight: None,
            steps,
        },
        notes,
    })
}

/// The output of the run: that of the last task, if it is always the same one.
fn output(
    root: &Node<'_>,
    translator: &mut Translator,
    exits: Vec<Position>,
    notes: &mut Vec<Note>,
) -> Found<Option<Value>> {
    let written = root.get("output").and_then(|output| output.get("as"));
    // Ways that part for good do so before the end, where nothing joins them.
    let end = translator.steps.merge(exits, root).ok();
    match (written, end) {
        (Some(written), Some(end)) => {
            let scope = translator.scope(&end);
            translator.folder.template(&written, &scope).map(Some)
        }
        (Some(written), None) => {
            let why = "the run may end in different places";
            Err(written.unsupported("output/as", why))
        }
        (None, Some(end)) if matches!(end.data, Data::Known(_)) => match end.data {
            Data::Known(template) => Ok(Some((*template).clone())),
            Data::Unknown(_) => Ok(None),
        },
        (None, _) => {
            notes.push(Note {
                pointer: "/do".to_owned(),
                message: "the run gives the outputs of all last steps, under their ids: which \
                    task is the last depends on how it goes"
                    .to_owned(),
            });
            Ok(None)
        }
    }
}

/// What of the document as a whole is left out.
fn notes(root: &Node<'_>) -> Vec<Note> {
    let left_out = [
        (
            &["document", "namespace"][..],
            "workflows have no namespace",
        ),
        (
            &["document", "version"],
            "versions are numbered as they are registered",
        ),
        (&["document", "tags"], "workflows have no tags"),
        (&["document", "metadata"], "workflows have no metadata"),
        (&["output", "schema"], "the output is not checked"),
    ];
    let mut notes = Vec::new();
    for (path, message) in left_out {
        let place = path
            .iter()
            .try_fold(root.clone(), |place, field| place.get(field));
        if let Some(place) = place {
            notes.push(Note {
                pointer: place.pointer,
                message: format!("left out: {message}"),
            });
        }
    }
    notes
}

#[cfg(test)]
mod tests;
