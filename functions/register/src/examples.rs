//! A manifest's examples against its schemas, and what the probe made of them.

use jsonschema::Validator;
use serde_json::{Number, Value};
use tdev_domain::{
    AgentFailure, ExampleResult, ExampleRun, FailureKind, Finding, Manifest, Outcome, Severity,
};

use crate::finding::{
    EXAMPLE_DIFFERS, EXAMPLE_FAILED, EXAMPLE_INPUT, EXAMPLE_NOT_RUN, EXAMPLE_OUTPUT,
    NOT_DETERMINISTIC, OUT_OF_BOUNDS, OUTPUT_SCHEMA, quoted_json,
};
use crate::schema::{compile, violation};

/// The compiled schemas of a manifest.
#[derive(Default)]
pub(crate) struct Schemas {
    input: Option<Validator>,
    output: Option<Validator>,
}

impl Schemas {
    /// Compiles the schemas; those that cannot be used become findings.
    pub(crate) fn of(manifest: &Manifest, findings: &mut Vec<Finding>) -> Self {
        let mut compiled = |field, schema: &Option<Value>| {
            compile(field, schema.as_ref()?)
                .map_err(|finding| findings.push(finding))
                .ok()
        };
        Self {
            input: compiled("input_schema", &manifest.input_schema),
            output: compiled("output_schema", &manifest.output_schema),
        }
    }

    /// Holds the examples as they are written against the schemas.
    pub(crate) fn check_examples(&self, manifest: &Manifest) -> Vec<Finding> {
        let broken = |schema: &Option<Validator>, value| violation(schema.as_ref()?, value);
        let mut findings = Vec::new();
        for (number, example) in (1..).zip(&manifest.examples) {
            if let Some(why) = broken(&self.input, &example.input) {
                let message = format!("the input of example {number} breaks its schema: {why}");
                findings.push(EXAMPLE_INPUT.finding(Severity::Error, message));
            }
            let output = example.output.as_ref();
            if let Some(why) = output.and_then(|output| broken(&self.output, output)) {
                let message = format!("the output of example {number} breaks its schema: {why}");
                findings.push(EXAMPLE_OUTPUT.finding(Severity::Error, message));
            }
        }
        findings
    }

    /// Judges one example that was run, or says that it was not. `released` says that a person has accepted what the
    /// agent does beyond its bounds; it fails all the same.
    pub(crate) fn check_run(
        &self,
        number: usize,
        run: &ExampleRun,
        released: bool,
    ) -> Vec<Finding> {
        let (outcome, deterministic) = match &run.result {
            ExampleResult::Ended {
                outcome,
                deterministic,
            } => (outcome, *deterministic),
            ExampleResult::Stopped { stopped_at } => {
                let message = format!("example {number} was not run: it calls `{stopped_at}`");
                return vec![EXAMPLE_NOT_RUN.finding(Severity::Info, message)];
            }
        };
        let mut findings = Vec::new();
        match outcome {
            Outcome::Failed(failure) => findings.push(failed(number, failure, released)),
            Outcome::Completed(completed) => {
                findings.extend(self.check_output(number, run, &completed.output));
            }
        }
        if !deterministic {
            let message = format!("example {number}, run twice, did not end the same way");
            findings.push(NOT_DETERMINISTIC.finding(Severity::Warning, message));
        }
        findings
    }

    fn check_output(&self, number: usize, run: &ExampleRun, output: &Value) -> Option<Finding> {
        match &run.example.output {
            // It has been held against the schema as it is written.
            Some(expected) if same(expected, output) => None,
            Some(expected) => {
                let message = format!(
                    "example {number} gave {}; its manifest says {}",
                    quoted_json(output),
                    quoted_json(expected)
                );
                Some(EXAMPLE_DIFFERS.finding(Severity::Error, message))
            }
            None => {
                let why = violation(self.output.as_ref()?, output)?;
                let message = format!("what example {number} gave breaks the output schema: {why}");
                Some(OUTPUT_SCHEMA.finding(Severity::Error, message))
            }
        }
    }
}

fn failed(number: usize, failure: &AgentFailure, released: bool) -> Finding {
    let what = format!("example {number} failed");
    match failure.kind {
        FailureKind::Forbidden | FailureKind::Interpreter if !released => {
            OUT_OF_BOUNDS.failure(Severity::Danger, &what, failure)
        }
        _ => EXAMPLE_FAILED.failure(Severity::Error, &what, failure),
    }
}

/// Whether two JSON values are the same value. Numbers are by what they amount to: `1` and `1.0`
/// are one number, in JSON Schema as in Python.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Integers beyond 2^53 differ as integers and may be equal as floats.
    if a.is_f64() || b.is_f64() {
        a.as_f64() == b.as_f64()
    } else {
        a == b
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_the_same_by_value() {
        for (a, b) in [
            (json!(1), json!(1.0)),
            (json!([{"a": 2.0}]), json!([{"a": 2}])),
            (json!(-0.0), json!(0)),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})),
        ] {
            assert!(same(&a, &b) && same(&b, &a), "{a} {b}");
        }
        for (a, b) in [
            (json!(1), json!(1.5)),
            (json!(1), json!("1")),
            (json!(1), json!(true)),
            (
                json!(9_007_199_254_740_993_i64),
                json!(9_007_199_254_740_992_i64),
            ),
            (json!([1]), json!([1, 1])),
            (json!({"a": null}), json!({"b": null})),
            (json!({"a": 1}), json!({"a": 1, "b": 1})),
        ] {
            assert!(!same(&a, &b) && !same(&b, &a), "{a} {b}");
        }
    }
}
