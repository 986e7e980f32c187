//! The written forms that are shorter or flatter than the types they stand for.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tdev_domain::{AgentName, Invalid, StepId, VersionNumber, WorkflowName};

use super::work::default_concurrency;
use super::{
    AgentRef, Approval, Cache, Choice, Compensation, Dependency, DependencyKind, Kind, Map,
    RetryPolicy, Step, TaskWork, Wait, Work, WorkflowRef,
};

/// A step with its kind as one of several fields.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepForm {
    id: StepId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<AgentRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<TaskWork>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    choice: Option<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    map: Option<Map>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<Wait>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<Approval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow: Option<WorkflowRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inputs: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input_schema: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_schema: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<Dependency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    retry: RetryPolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected_seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compensate_with: Option<Compensation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache: Option<Cache>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The one of `given` that is there.
fn exactly_one<T>(
    given: impl IntoIterator<Item = Option<T>>,
    expected: &'static str,
) -> Result<T, Invalid> {
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Invalid::new("kind", expected)),
    }
}

impl TryFrom<StepForm> for Step {
    type Error = Invalid;

    fn try_from(form: StepForm) -> Result<Self, Invalid> {
        let kind = exactly_one(
            [
                form.agent.map(Kind::Agent),
                form.task.map(Kind::Task),
                form.choice.map(Kind::Choice),
                form.map.map(Kind::Map),
                form.wait.map(Kind::Wait),
                form.approval.map(Kind::Approval),
                form.workflow.map(Kind::Workflow),
            ],
            "exactly one of agent, task, choice, map, wait, approval, workflow",
        )?;
        Ok(Self {
            id: form.id,
            kind,
            inputs: form.inputs,
            input_schema: form.input_schema,
            output_schema: form.output_schema,
            depends_on: form.depends_on,
            when: form.when,
            retry: form.retry,
            timeout_seconds: form.timeout_seconds,
            expected_seconds: form.expected_seconds,
            compensate_with: form.compensate_with,
            cache: form.cache,
        })
    }
}

impl From<Step> for StepForm {
    fn from(step: Step) -> Self {
        let mut form = Self {
            id: step.id,
            agent: None,
            task: None,
            choice: None,
            map: None,
            wait: None,
            approval: None,
            workflow: None,
            inputs: step.inputs,
            input_schema: step.input_schema,
            output_schema: step.output_schema,
            depends_on: step.depends_on,
            when: step.when,
            retry: step.retry,
            timeout_seconds: step.timeout_seconds,
            expected_seconds: step.expected_seconds,
            compensate_with: step.compensate_with,
            cache: step.cache,
        };
        match step.kind {
            Kind::Agent(agent) => form.agent = Some(agent),
            Kind::Task(task) => form.task = Some(task),
            Kind::Choice(choice) => form.choice = Some(choice),
            Kind::Map(map) => form.map = Some(map),
            Kind::Wait(wait) => form.wait = Some(wait),
            Kind::Approval(approval) => form.approval = Some(approval),
            Kind::Workflow(workflow) => form.workflow = Some(workflow),
        }
        form
    }
}

/// A map with its work as one of several fields.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapForm<E> {
    over: E,
    #[serde(default = "default_concurrency")]
    concurrency: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<AgentRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<TaskWork>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow: Option<WorkflowRef>,
}

impl<'de, E: Deserialize<'de>> Deserialize<'de> for Map<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = MapForm::deserialize(deserializer)?;
        let work = exactly_one(
            [
                form.agent.map(Work::Agent),
                form.task.map(Work::Task),
                form.workflow.map(Work::Workflow),
            ],
            "exactly one of agent, task, workflow",
        )
        .map_err(D::Error::custom)?;
        Ok(Self {
            over: form.over,
            concurrency: form.concurrency,
            page_size: form.page_size,
            work,
        })
    }
}

impl<E: Serialize> Serialize for Map<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = MapForm {
            over: &self.over,
            concurrency: self.concurrency,
            page_size: self.page_size,
            agent: None,
            task: None,
            workflow: None,
        };
        match &self.work {
            Work::Agent(agent) => form.agent = Some(agent.clone()),
            Work::Task(task) => form.task = Some(task.clone()),
            Work::Workflow(workflow) => form.workflow = Some(workflow.clone()),
        }
        form.serialize(serializer)
    }
}

/// Reads a value that is written as text, or as the map `F`.
fn text_or_map<'de, D, T, F>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<F> + From<F::Text>,
    F: Form,
{
    deserializer.deserialize_any(TextOrMap::<T, F>(expected, PhantomData))
}

/// A map that has a shorter form, which is text.
trait Form: DeserializeOwned {
    type Text: FromStr<Err = Invalid>;
}

struct TextOrMap<T, F>(&'static str, PhantomData<(T, F)>);

impl<'de, F: Form, T: From<F> + From<F::Text>> Visitor<'de> for TextOrMap<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse::<F::Text>().map(T::from).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        F::deserialize(MapAccessDeserializer::new(map)).map(T::from)
    }
}

/// Declares a named thing that may have a version: written as its name, or as a map.
macro_rules! versioned {
    ($reference:ident, $name:ident, $form:ident, $expected:literal) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $form {
            name: $name,
            #[serde(default)]
            version: Option<VersionNumber>,
        }

        impl Form for $form {
            type Text = $name;
        }

        impl From<$form> for $reference {
            fn from(form: $form) -> Self {
                Self {
                    name: form.name,
                    version: form.version,
                }
            }
        }

        impl From<$name> for $reference {
            fn from(name: $name) -> Self {
                Self {
                    name,
                    version: None,
                }
            }
        }

        impl<'de> Deserialize<'de> for $reference {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text_or_map::<_, _, $form>(deserializer, $expected)
            }
        }

        impl Serialize for $reference {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Some(version) = &self.version else {
                    return self.name.serialize(serializer);
                };
                let mut map = serializer.serialize_struct(stringify!($reference), 2)?;
                map.serialize_field("name", &self.name)?;
                map.serialize_field("version", version)?;
                map.end()
            }
        }
    };
}

versioned!(
    AgentRef,
    AgentName,
    AgentForm,
    "an agent's name, or {name, version}"
);
versioned!(
    WorkflowRef,
    WorkflowName,
    WorkflowForm,
    "a workflow's name, or {name, version}"
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DependencyForm {
    step: StepId,
    #[serde(default)]
    kind: DependencyKind,
}

impl Form for DependencyForm {
    type Text = StepId;
}

impl From<DependencyForm> for Dependency {
    fn from(form: DependencyForm) -> Self {
        Self {
            step: form.step,
            kind: form.kind,
        }
    }
}

impl From<StepId> for Dependency {
    fn from(step: StepId) -> Self {
        Self {
            step,
            kind: DependencyKind::Hard,
        }
    }
}

impl<'de> Deserialize<'de> for Dependency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_map::<_, _, DependencyForm>(deserializer, "a step's id, or {step, kind}")
    }
}

impl Serialize for Dependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.kind == DependencyKind::Hard {
            return self.step.serialize(serializer);
        }
        let mut map = serializer.serialize_struct("Dependency", 2)?;
        map.serialize_field("step", &self.step)?;
        map.serialize_field("kind", &self.kind)?;
        map.end()
    }
}
