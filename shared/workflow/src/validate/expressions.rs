//! Every expression of a definition, at its place.

use serde_json::{Map, Value};

use super::Problems;
use super::draft::{self, Draft};
use super::graph::Graph;
use super::infer::{Inference, Seen, Shape};
use super::inputs::Inputs;
use crate::catalogue::Catalogue;
use crate::definition::{Definition, Kind, Wait};
use crate::expression::Expression;
use crate::problem::Code;
use crate::schema::{Schema, Types};
use crate::template::Template;

/// What the expressions of a definition look at.
pub(crate) struct Looks {
    /// By step: the steps its expressions look at, as often as they do.
    pub(crate) by_step: Vec<Vec<Look>>,
    /// The steps the output looks at.
    pub(crate) by_output: Vec<Look>,
    /// The output, parsed.
    pub(crate) output_template: Option<Template>,
}

/// A step that is looked at, by its place in the definition.
pub(crate) struct Look {
    pub(crate) step: usize,
    /// Where it is looked at from.
    pub(crate) pointer: String,
}

/// Checks every expression against what it looks at and what is taken where it stands.
pub(super) fn check(
    definition: &Definition,
    graph: &Graph<'_>,
    drafts: &[Draft],
    catalogue: Option<&Catalogue>,
    problems: &mut Problems,
) -> Looks {
    let seen = Seen {
        definition,
        graph,
        catalogue,
    };
    let mut by_step = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.iter().enumerate() {
        let mut step = StepCheck {
            seen,
            index,
            looks: Vec::new(),
            problems,
        };
        step.check(draft);
        by_step.push(step.looks);
    }
    let written = definition.output.as_ref();
    let output_template = written.and_then(|value| draft::template(value, "/output", problems));
    let mut by_output = Vec::new();
    if let Some(template) = &output_template {
        Inputs {
            seen,
            item: None,
            pointer: "/output".to_owned(),
            looks: &mut by_output,
            problems,
        }
        .node(template.root(), None);
    }
    Looks {
        by_step,
        by_output,
        output_template,
    }
}

struct StepCheck<'a, 'p> {
    seen: Seen<'a>,
    index: usize,
    looks: Vec<Look>,
    problems: &'p mut Problems,
}

impl<'a> StepCheck<'a, '_> {
    fn check(&mut self, draft: &Draft) {
        if let Some(when) = &draft.when {
            self.condition(when, "when");
        }
        let mut item = None;
        match &draft.kind {
            Some(Kind::Choice(choice)) => {
                for (number, branch) in choice.branches.iter().enumerate() {
                    self.condition(&branch.when, &format!("choice/branches/{number}/when"));
                }
            }
            Some(Kind::Map(map)) => {
                let list = self.typed(&map.over, "map/over", Types::ARRAY, Code::InvalidMap);
                item = Some(list.element());
            }
            Some(Kind::Wait(Wait::Until(until))) => {
                let taken = Types::STRING.or(Types::NUMBER);
                self.typed(until, "wait/until", taken, Code::TypeMismatch);
            }
            Some(Kind::Approval(approval)) => {
                self.template(approval.message.as_ref(), "approval/message", None, None);
            }
            _ => {}
        }
        self.inputs(draft, item);
        self.no_look_at_itself();
        if let Some(compensation) = &draft.compensate_with {
            let taken = self.seen.agent(&compensation.agent).0;
            let field = "compensate_with/inputs";
            self.template(compensation.inputs.as_ref(), field, None, taken);
        }
    }

    fn pointer(&self, field: &str) -> String {
        format!("/steps/{}/{field}", self.index)
    }

    fn inputs(&mut self, draft: &Draft, item: Option<Shape<'a>>) {
        let step = &self.seen.definition.steps[self.index];
        let taken = self.seen.takes(self.index);
        if step.inputs.is_some() {
            // What could not be parsed is a problem already.
            self.template(draft.inputs.as_ref(), "inputs", item, taken);
        } else if step.kind.runs_agents() && taken.is_some() {
            let mut inputs = Inputs {
                seen: self.seen,
                item: None,
                pointer: format!("/steps/{}", self.index),
                looks: &mut self.looks,
                problems: self.problems,
            };
            match item {
                Some(item) => {
                    inputs.types(item.types(), taken);
                }
                None => inputs.literal(&Value::Object(Map::new()), taken),
            }
        }
    }

    fn template(
        &mut self,
        template: Option<&Template>,
        field: &str,
        item: Option<Shape<'a>>,
        taken: Option<Schema<'a>>,
    ) {
        let Some(template) = template else { return };
        let pointer = self.pointer(field);
        Inputs {
            seen: self.seen,
            item,
            pointer,
            looks: &mut self.looks,
            problems: self.problems,
        }
        .node(template.root(), taken);
    }

    fn condition(&mut self, condition: &Expression, field: &str) {
        self.typed(condition, field, Types::BOOLEAN, Code::TypeMismatch);
    }

    /// Checks that `expression` may give one of the types `taken`, and does if it is constant.
    fn typed(
        &mut self,
        expression: &Expression,
        field: &str,
        taken: Types,
        code: Code,
    ) -> Shape<'a> {
        let pointer = self.pointer(field);
        let shape = Inference {
            seen: self.seen,
            item: None,
            pointer: &pointer,
            looks: &mut self.looks,
            problems: self.problems,
        }
        .expression(expression);
        let given = match expression.constant() {
            Some(Ok(value)) => Types::of(&value),
            Some(Err(error)) => {
                self.problems.add(code, pointer, error.to_string());
                return shape;
            }
            None => shape.types(),
        };
        if given.excludes(taken) {
            let message = format!("{taken} is needed, and this is {given}");
            self.problems.add(code, pointer, message);
        }
        shape
    }

    /// Only what undoes a step may look at the step.
    fn no_look_at_itself(&mut self) {
        let own = self.index;
        let id = &self.seen.definition.steps[own].id;
        for look in self.looks.extract_if(.., |look| look.step == own) {
            let message = format!("{id} looks at steps.{id}, which has not ended when it is read");
            self.problems
                .add(Code::NotADependency, look.pointer, message);
        }
    }
}
