//! Workflow definitions: parsed, checked, made into a plan, drawn and made shorter.

mod catalogue;
mod context;
mod definition;
mod drawing;
mod expression;
pub mod limits;
mod optimise;
mod parse;
mod plan;
mod pointer;
mod problem;
mod schema;
mod template;
mod validate;

pub use catalogue::{Catalogue, Signature};
pub use context::Context;
pub use definition::{
    AgentRef, Approval, Backoff, Branch, Cache, Choice, Compensation, Definition, Dependency,
    DependencyKind, Kind, Map, RetryOn, RetryPolicy, Step, TaskWork, Wait, Work, WorkflowRef,
};
pub use drawing::{Drawing, DrawnEdge, DrawnNode};
pub use expression::{Error, Expression, SyntaxError};
pub use optimise::{Figures, FoundEdge, Repeated, Report, optimise};
pub use plan::{Edge, Output, Plan, PlanStep, StepIndex};
pub use problem::{Code, Problem};
pub use template::{Template, TemplateError};
pub use validate::validate;
