//! What an expression looks at, and of what type its value is, as far as schemas tell.

use jmespath::ast::Ast;
use tdev_domain::StepId;

use super::Problems;
use super::expressions::Look;
use super::graph::Graph;
use crate::catalogue::Catalogue;
use crate::definition::{AgentRef, Definition, Kind, Work, WorkflowRef};
use crate::expression::{Expression, returns};
use crate::problem::Code;
use crate::schema::{Property, Schema, Types};

/// What is known of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// All that expressions see.
    Root,
    /// All steps.
    Steps,
    /// What is seen of one step, by its place in the definition.
    Step(usize),
    /// What a schema describes.
    Schema(Schema<'a>),
    /// A list of what a schema describes.
    List(Schema<'a>),
    /// A value of one of these types.
    Types(Types),
}

const ANY: Shape<'static> = Shape::Types(Types::ANY);

impl Shape<'_> {
    pub(super) fn types(self) -> Types {
        match self {
            Self::Root | Self::Steps | Self::Step(_) => Types::OBJECT,
            Self::Schema(schema) => schema.types(),
            Self::List(_) => Types::ARRAY,
            Self::Types(types) => types,
        }
    }

    /// What is known of the items, if it is a list.
    pub(super) fn element(self) -> Self {
        match self {
            Self::Schema(list) => list.items().map_or(ANY, Self::Schema),
            Self::List(item) => Self::Schema(item),
            _ => ANY,
        }
    }
}

/// What is there for expressions to look at.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) definition: &'a Definition,
    pub(super) graph: &'a Graph<'a>,
    pub(super) catalogue: Option<&'a Catalogue>,
}

impl<'a> Seen<'a> {
    /// What is known of a run's input.
    fn input(self) -> Shape<'a> {
        let schema = self.definition.input_schema.as_ref();
        schema.map_or(ANY, |schema| Shape::Schema(Schema::new(schema)))
    }

    /// What is known of a step's output.
    fn output(self, step: usize) -> Shape<'a> {
        let step = &self.definition.steps[step];
        if let Some(schema) = &step.output_schema {
            return Shape::Schema(Schema::new(schema));
        }
        match &step.kind {
            Kind::Agent(agent) => self.agent(agent).1.map_or(ANY, Shape::Schema),
            Kind::Workflow(workflow) => self.workflow(workflow).1.map_or(ANY, Shape::Schema),
            Kind::Map(map) => {
                let item = self.work(&map.work).1;
                item.map_or(Shape::Types(Types::ARRAY), Shape::List)
            }
            Kind::Choice(_) => Shape::Types(Types::OBJECT),
            Kind::Task(_) | Kind::Wait(_) | Kind::Approval(_) => ANY,
        }
    }

    /// What is known of what a step's work takes.
    pub(super) fn takes(self, step: usize) -> Option<Schema<'a>> {
        let step = &self.definition.steps[step];
        if let Some(schema) = &step.input_schema {
            return Some(Schema::new(schema));
        }
        match &step.kind {
            Kind::Agent(agent) => self.agent(agent).0,
            Kind::Workflow(workflow) => self.workflow(workflow).0,
            Kind::Map(map) => self.work(&map.work).0,
            _ => None,
        }
    }

    fn work(self, work: &Work) -> (Option<Schema<'a>>, Option<Schema<'a>>) {
        match work {
            Work::Agent(agent) => self.agent(agent),
            Work::Workflow(workflow) => self.workflow(workflow),
            Work::Task(_) => (None, None),
        }
    }

    /// What an agent takes and gives.
    pub(super) fn agent(self, agent: &AgentRef) -> (Option<Schema<'a>>, Option<Schema<'a>>) {
        let signature = self.catalogue.and_then(|known| known.agents.get(agent));
        signature.map_or((None, None), |signature| {
            let schema = |schema: &'a Option<_>| schema.as_ref().map(Schema::new);
            (
                schema(&signature.input_schema),
                schema(&signature.output_schema),
            )
        })
    }

    fn workflow(self, workflow: &WorkflowRef) -> (Option<Schema<'a>>, Option<Schema<'a>>) {
        let signature = self
            .catalogue
            .and_then(|known| known.workflows.get(workflow));
        signature.map_or((None, None), |signature| {
            let schema = |schema: &'a Option<_>| schema.as_ref().map(Schema::new);
            (
                schema(&signature.input_schema),
                schema(&signature.output_schema),
            )
        })
    }
}

/// One expression at a place of the definition.
pub(super) struct Inference<'a, 'p> {
    pub(super) seen: Seen<'a>,
    /// The item, in the inputs of a map.
    pub(super) item: Option<Shape<'a>>,
    pub(super) pointer: &'p str,
    /// The steps that are looked at, as often as they are.
    pub(super) looks: &'p mut Vec<Look>,
    pub(super) problems: &'p mut Problems,
}

impl<'a> Inference<'a, '_> {
    /// What is known of what `expression` gives.
    pub(super) fn expression(&mut self, expression: &Expression) -> Shape<'a> {
        self.value(expression.ast(), Shape::Root)
    }

    fn complain(&mut self, code: Code, message: impl Into<String>) {
        self.problems.add(code, self.pointer, message);
    }

    /// What `node` gives on `data`, where it is used as a value.
    fn value(&mut self, node: &Ast, data: Shape<'a>) -> Shape<'a> {
        let shape = self.node(node, data);
        self.used(shape)
    }

    /// `shape`, unless it is more than an expression may use at once.
    fn used(&mut self, shape: Shape<'a>) -> Shape<'a> {
        match shape {
            Shape::Root => self.complain(
                Code::ImpreciseReference,
                "an expression begins with input, steps, run, item or index",
            ),
            Shape::Steps => self.complain(
                Code::ImpreciseReference,
                "steps is followed by the id of a step, as in steps.a.output",
            ),
            known => return known,
        }
        ANY
    }

    fn node(&mut self, node: &Ast, data: Shape<'a>) -> Shape<'a> {
        match node {
            Ast::Identity { .. } => data,
            Ast::Field { name, .. } => self.field(name, data),
            Ast::Literal { value, .. } => Shape::Types(literal_types(value)),
            Ast::Subexpr { lhs, rhs, .. } => {
                let left = self.node(lhs, data);
                self.node(rhs, left)
            }
            Ast::Index { .. } => {
                let list = self.list(data);
                list.element()
            }
            Ast::Slice { .. } => self.list(data),
            Ast::Projection { lhs, rhs, .. } => {
                let left = self.node(lhs, data);
                let list = self.list(left);
                self.value(rhs, list.element());
                Shape::Types(Types::ARRAY.or(Types::NULL))
            }
            Ast::Flatten { node, .. } => {
                let list = self.node(node, data);
                self.list(list);
                Shape::Types(Types::ARRAY.or(Types::NULL))
            }
            Ast::ObjectValues { node, .. } => {
                self.value(node, data);
                Shape::Types(Types::ARRAY.or(Types::NULL))
            }
            Ast::Condition {
                predicate, then, ..
            } => {
                self.value(predicate, data);
                self.node(then, data)
            }
            Ast::Comparison { lhs, rhs, .. } => {
                self.value(lhs, data);
                self.value(rhs, data);
                Shape::Types(Types::BOOLEAN.or(Types::NULL))
            }
            Ast::Not { node, .. } => {
                self.value(node, data);
                Shape::Types(Types::BOOLEAN)
            }
            Ast::And { lhs, rhs, .. } | Ast::Or { lhs, rhs, .. } => {
                let left = self.value(lhs, data).types();
                let right = self.value(rhs, data).types();
                Shape::Types(left.or(right))
            }
            Ast::MultiList { elements, .. } => {
                for element in elements {
                    self.value(element, data);
                }
                Shape::Types(Types::ARRAY.or(Types::NULL))
            }
            Ast::MultiHash { elements, .. } => {
                for pair in elements {
                    self.value(&pair.value, data);
                }
                Shape::Types(Types::OBJECT.or(Types::NULL))
            }
            Ast::Function { name, args, .. } => {
                for arg in args {
                    self.value(arg, data);
                }
                Shape::Types(returns(name))
            }
            // It is evaluated on items of which nothing is known here.
            Ast::Expref { ast, .. } => self.value(ast, ANY),
        }
    }

    /// `data`, where a list is needed.
    fn list(&mut self, data: Shape<'a>) -> Shape<'a> {
        let data = self.used(data);
        let types = data.types();
        if types.excludes(Types::ARRAY) {
            let message = format!("a list is needed, and this is {types}");
            self.complain(Code::TypeMismatch, message);
            return ANY;
        }
        data
    }

    fn field(&mut self, name: &str, data: Shape<'a>) -> Shape<'a> {
        match data {
            Shape::Root => self.root(name),
            Shape::Steps => self.step(name),
            Shape::Step(step) => match name {
                "status" => Shape::Types(Types::STRING),
                "output" => self.seen.output(step),
                "error" => Shape::Types(Types::OBJECT.or(Types::NULL)),
                other => {
                    let message = format!("a step has status, output and error, and no {other}");
                    self.complain(Code::UnknownName, message);
                    ANY
                }
            },
            Shape::Schema(schema) => self.property(name, schema),
            Shape::List(_) | Shape::Types(_) => {
                self.object(name, data.types());
                ANY
            }
        }
    }

    /// Whether a value of one of `types` may have properties.
    fn object(&mut self, name: &str, types: Types) -> bool {
        let excluded = types.excludes(Types::OBJECT);
        if excluded {
            let message = format!("there is no {name} in what is {types}");
            self.complain(Code::TypeMismatch, message);
        }
        !excluded
    }

    fn root(&mut self, name: &str) -> Shape<'a> {
        match (name, self.item) {
            ("input", _) => self.seen.input(),
            ("steps", _) => Shape::Steps,
            ("run", _) => Shape::Types(Types::OBJECT),
            ("item", Some(item)) => item,
            ("index", Some(_)) => Shape::Types(Types::INTEGER),
            ("item" | "index", None) => {
                let message = format!("{name} is there in the inputs of a map only");
                self.complain(Code::UnknownName, message);
                ANY
            }
            _ => {
                let known = ["input", "steps", "run", "item", "index"];
                let suggestion = self.problems.suggestion(name, known.into_iter());
                let message = format!(
                    "an expression begins with input, steps, run, item or index, and not with {name}{suggestion}"
                );
                self.complain(Code::UnknownName, message);
                ANY
            }
        }
    }

    fn step(&mut self, name: &str) -> Shape<'a> {
        let id: Option<StepId> = name.parse().ok();
        if let Some(step) = id.and_then(|id| self.seen.graph.ids.get(&id)) {
            self.looks.push(Look {
                step: *step,
                pointer: self.pointer.to_owned(),
            });
            return Shape::Step(*step);
        }
        let steps = &self.seen.definition.steps;
        let known = steps.iter().map(|step| step.id.as_str());
        let suggestion = self.problems.suggestion(name, known);
        self.complain(
            Code::UnknownStep,
            format!("there is no step {name}{suggestion}"),
        );
        ANY
    }

    fn property(&mut self, name: &str, schema: Schema<'a>) -> Shape<'a> {
        if !self.object(name, schema.types()) {
            return ANY;
        }
        match schema.property(name) {
            Property::Declared(property) => Shape::Schema(property),
            Property::Open => ANY,
            Property::Excluded(declared) => {
                let known = declared.keys().map(String::as_str);
                let suggestion = self.problems.suggestion(name, known);
                let message = format!("the schema declares no property {name}{suggestion}");
                self.complain(Code::TypeMismatch, message);
                ANY
            }
        }
    }
}

fn literal_types(value: &jmespath::Variable) -> Types {
    use jmespath::Variable;
    match value {
        Variable::Null => Types::NULL,
        Variable::String(_) => Types::STRING,
        Variable::Bool(_) => Types::BOOLEAN,
        Variable::Number(number) if number.is_f64() => Types::NUMBER,
        Variable::Number(_) => Types::INTEGER,
        Variable::Array(_) => Types::ARRAY,
        Variable::Object(_) => Types::OBJECT,
        Variable::Expref(_) => Types::ANY,
    }
}
