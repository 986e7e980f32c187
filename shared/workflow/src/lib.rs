//! Workflow definitions: parsed, checked, made into a plan, drawn and made shorter.
//!
//! A [`Definition`] is what an author wrote, in JSON or YAML. [`validate`] checks it against a
//! [`Catalogue`] of what there is to be called, and gives either every [`Problem`] in it or a
//! [`Plan`]: its steps in topological order, their edges in both directions, and their expressions
//! parsed. [`optimise`] says what a plan could do without, and a [`Drawing`] shows it.
//! [`import_serverless_workflow`] and [`export_state_machine`] are the ways from and to other
//! languages, and [`templates`] are definitions to begin with. All of it is pure, and takes time in
//! proportion to the definition but where it says otherwise.
//!
//! # A definition
//!
//! ```yaml
//! name: digest
//! input_schema: {type: object, properties: {urls: {type: array}}}
//! output: {text: "${steps.write.output}"}
//! steps:
//!   - id: read
//!     map: {over: input.urls, agent: reader}
//!     inputs: {url: "${item}"}
//!   - id: write
//!     agent: writer
//!     inputs: {pages: "${steps.read.output}", title: "From ${length(input.urls)} pages"}
//!     depends_on: [read]
//! ```
//!
//! A step has an `id` and exactly one of:
//!
//! | field | the step | its output |
//! |---|---|---|
//! | `agent` | calls an agent with its `inputs` | the agent's |
//! | `task` | has its `inputs` routed to an agent | the agent's |
//! | `workflow` | runs a workflow on its `inputs` | the run's |
//! | `map` | does one of these for each item of the list that `over` gives | the list of outputs, in the order of the items |
//! | `choice` | takes the first branch whose `when` holds, else `otherwise` | `{branch, steps}`: the branch's number or `null`, and the steps it lets run |
//! | `wait` | lets `seconds` pass, or the time until a point in time | what the engine says |
//! | `approval` | waits for a person | what the engine says |
//!
//! # Expressions
//!
//! An [`Expression`] is [JMESPath](https://jmespath.org) over `input`, the run's input;
//! `steps.<id>`, with `status` (`completed`, `skipped`, `failed`), `output` and `error` of a step
//! that has ended; `run`, with `id`, `workflow` and `version`; and, in the inputs of a map, `item`
//! and `index`. A name with a `-` is quoted: `steps."my-step".output`. What is not there is
//! `null`. An object that is taken whole has its keys in alphabetical order, and numbers that a
//! function makes are floating-point.
//!
//! `when`, `over` and `until` are expressions. `inputs`, `output`, `message` and the inputs of a
//! compensation are [`Template`]s: JSON in whose strings `${ … }` is an expression. Evaluation is
//! bounded in time, size and depth ([`limits`]).
//!
//! # What an engine does with a plan
//!
//! - **A step is ready when all its dependencies have ended**: completed, been skipped, or failed
//!   for good. A step ends only after it was ready, so all that is before it, however far, has
//!   ended too, and its expressions may look at that.
//! - **A hard dependency that was skipped skips the step.** One that failed for good never lets it
//!   start.
//! - **A soft dependency only orders**: the step runs after it, whatever became of it.
//! - **A failure is tolerated if and only if something depends on the step and all that does so
//!   softly** ([`Plan::tolerates`]). Any other failure fails the run.
//! - **A `when` that is false skips the step**; one that is neither true nor false fails it.
//! - **A choice lets run the steps of one branch.** Every step that depends on it hard is named in
//!   a branch, and is skipped unless the branch that was taken names it. What follows the choice
//!   whatever it takes depends on it, or on the steps it names, softly.
//! - **A map's items have ended when the map has.** Retries, the timeout and the cache hold for
//!   each item.
//! - **Ready steps begin in the order of the longest path behind them** ([`Plan::path_seconds`]), and
//!   no more steps that run agents are under way than `max_in_flight` says; a map counts as one.
//! - A try may be followed by another as [`RetryPolicy::retries`] says, after
//!   [`RetryPolicy::pause`].
//! - If the run fails, what completed is compensated in the reverse order of completion; the
//!   inputs of a compensation may look at the step itself and at what the step may look at.
//!
//! # What counts as wrong
//!
//! A step is *unreachable* if its `when` is constantly false; if it depends hard on a step that is
//! unreachable; or if it depends hard on a choice of which no branch that may be taken names it.
//!
//! An expression that looks at a step which is no dependency, direct or not, is a problem and adds
//! no edge.
//!
//! Schemas are compared as far as their types, properties and items go. A schema that declares
//! properties and says nothing of others is taken to have no others where an expression looks for
//! one, and to allow others where an input gives one. What is described by `patternProperties`,
//! `if` or a combination of schemas counts as open.

mod catalogue;
mod context;
mod definition;
mod drawing;
mod export;
mod expression;
mod import;
pub mod limits;
mod optimise;
mod parse;
mod plan;
mod pointer;
mod problem;
mod schema;
mod shapes;
mod template;
mod validate;

pub use catalogue::{Catalogue, Signature};
pub use context::Context;
pub use definition::{
    AgentRef, Approval, Backoff, Branch, Cache, Choice, Compensation, Definition, Dependency,
    DependencyKind, Kind, Map, RetryOn, RetryPolicy, Step, TaskWork, Wait, Work, WorkflowRef,
};
pub use drawing::{Drawing, DrawnEdge, DrawnNode};
pub use export::{StateMachine, export_state_machine};
pub use expression::{Error, Expression, SyntaxError};
pub use import::{Imported, Note, import_serverless_workflow};
pub use optimise::{Figures, FoundEdge, Repeated, Report, optimise};
pub use parse::document_from_yaml;
pub use plan::{Edge, Output, Plan, PlanStep, StepIndex};
pub use problem::{Code, Problem};
pub use shapes::{Shape, templates};
pub use template::{Template, TemplateError};
pub use validate::validate;
