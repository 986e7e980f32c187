//! The expressions and templates of steps, parsed.

use serde_json::Value;

use super::Problems;
use crate::definition::{
    Approval, Branch, Choice, Compensation, Definition, Kind, Map, Step, Wait,
};
use crate::expression::Expression;
use crate::problem::Problem;
use crate::template::Template;

/// What has been parsed of one step. What could not be is absent, and a problem.
pub(crate) struct Draft {
    pub(crate) kind: Option<Kind<Expression, Template>>,
    pub(crate) inputs: Option<Template>,
    pub(crate) when: Option<Expression>,
    pub(crate) compensate_with: Option<Compensation<Template>>,
}

/// Parses every step.
pub(super) fn parse(definition: &Definition, problems: &mut Problems) -> Vec<Draft> {
    let steps = definition.steps.iter().enumerate();
    steps
        .map(|(index, step)| {
            let mut parser = Parser { index, problems };
            Draft {
                kind: parser.kind(step),
                inputs: parser.optional(step.inputs.as_ref(), "inputs"),
                when: step
                    .when
                    .as_ref()
                    .and_then(|when| parser.expression(when, "when")),
                compensate_with: parser.compensation(step),
            }
        })
        .collect()
}

/// Parses the template at `pointer`.
pub(super) fn template(value: &Value, pointer: &str, problems: &mut Problems) -> Option<Template> {
    Template::parse(value)
        .map_err(|errors| {
            for error in errors {
                problems.push(Problem::syntax(
                    format!("{pointer}{}", error.pointer),
                    &error.source,
                ));
            }
        })
        .ok()
}

struct Parser<'a> {
    index: usize,
    problems: &'a mut Problems,
}

impl Parser<'_> {
    fn expression(&mut self, source: &str, field: &str) -> Option<Expression> {
        Expression::parse(source)
            .map_err(|error| {
                let pointer = format!("/steps/{}/{field}", self.index);
                self.problems.push(Problem::syntax(pointer, &error));
            })
            .ok()
    }

    fn optional(&mut self, value: Option<&Value>, field: &str) -> Option<Template> {
        template(
            value?,
            &format!("/steps/{}/{field}", self.index),
            self.problems,
        )
    }

    fn compensation(&mut self, step: &Step) -> Option<Compensation<Template>> {
        let written = step.compensate_with.as_ref()?;
        Some(Compensation {
            agent: written.agent.clone(),
            inputs: self.optional(written.inputs.as_ref(), "compensate_with/inputs"),
        })
    }

    fn kind(&mut self, step: &Step) -> Option<Kind<Expression, Template>> {
        Some(match &step.kind {
            Kind::Agent(agent) => Kind::Agent(agent.clone()),
            Kind::Task(task) => Kind::Task(task.clone()),
            Kind::Workflow(workflow) => Kind::Workflow(workflow.clone()),
            Kind::Wait(Wait::Seconds(seconds)) => Kind::Wait(Wait::Seconds(*seconds)),
            Kind::Wait(Wait::Until(until)) => {
                Kind::Wait(Wait::Until(self.expression(until, "wait/until")?))
            }
            Kind::Approval(approval) => Kind::Approval(Approval {
                message: self.optional(approval.message.as_ref(), "approval/message"),
            }),
            Kind::Map(map) => Kind::Map(Map {
                over: self.expression(&map.over, "map/over")?,
                concurrency: map.concurrency,
                page_size: map.page_size,
                work: map.work.clone(),
            }),
            Kind::Choice(choice) => Kind::Choice(self.choice(choice)?),
        })
    }

    fn choice(&mut self, choice: &Choice) -> Option<Choice<Expression>> {
        let branches: Vec<Option<Branch<Expression>>> = choice
            .branches
            .iter()
            .enumerate()
            .map(|(number, branch)| {
                let field = format!("choice/branches/{number}/when");
                let when = self.expression(&branch.when, &field)?;
                let then = branch.then.clone();
                Some(Branch { when, then })
            })
            .collect();
        Some(Choice {
            branches: branches.into_iter().collect::<Option<_>>()?,
            otherwise: choice.otherwise.clone(),
        })
    }
}
