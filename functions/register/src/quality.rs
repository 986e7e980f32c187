//! How good an agent is judged to be.

use tdev_analysis::Analysis;
use tdev_domain::{ExampleResult, Finding, Manifest, ProbeReport, Quality, QualityPart, Severity};

use crate::finding::NOT_DETERMINISTIC;

/// Scores an agent that is about to be admitted, out of 100 points. `findings` are all there are.
#[must_use]
pub fn quality(
    analysis: &Analysis,
    manifest: &Manifest,
    probe: &ProbeReport,
    findings: &[Finding],
) -> Quality {
    Quality::from_parts(vec![
        documentation(analysis, manifest),
        examples(manifest),
        schemas(manifest),
        complexity(analysis, findings),
        security(findings),
        determinism(probe),
    ])
}

fn part(name: &str, points: u8, of: u8, reason: impl Into<String>) -> QualityPart {
    QualityPart {
        name: name.to_owned(),
        points,
        of,
        reason: reason.into(),
    }
}

/// Five points each: the module's docstring, the functions', a description of some length, and
/// utterances.
fn documentation(analysis: &Analysis, manifest: &Manifest) -> QualityPart {
    let documentation = &analysis.documentation;
    let described = manifest.description.chars().count() >= 20;
    let mut missing = Vec::new();
    let mut points = 0;
    for (is_there, name) in [
        (documentation.module, "a docstring of the module"),
        (
            documentation.functions == documentation.of,
            "docstrings of all functions",
        ),
        (described, "a description of 20 characters or more"),
        (manifest.utterances.len() >= 3, "three utterances or more"),
    ] {
        if is_there {
            points += 5;
        } else {
            missing.push(name);
        }
    }
    let reason = if missing.is_empty() {
        "the module, its functions and its use are documented".to_owned()
    } else {
        format!("missing: {}", missing.join(", "))
    };
    part("documentation", points, 20, reason)
}

/// An example that says what it must give counts double; three of them are enough.
fn examples(manifest: &Manifest) -> QualityPart {
    let all = manifest.examples.len();
    let with_output = manifest
        .examples
        .iter()
        .filter(|e| e.output.is_some())
        .count();
    let points = match all + with_output {
        0 => 0,
        1 => 5,
        2 => 10,
        3 => 12,
        4 | 5 => 15,
        _ => 20,
    };
    let reason = format!("{}, {with_output} with an output", count(all, "example"));
    part("examples", points, 20, reason)
}

fn schemas(manifest: &Manifest) -> QualityPart {
    let says_something = |schema: &Option<serde_json::Value>| {
        schema
            .as_ref()
            .and_then(serde_json::Value::as_object)
            .is_some_and(|keywords| !keywords.is_empty())
    };
    let input = says_something(&manifest.input_schema);
    let output = says_something(&manifest.output_schema);
    let reason = match (input, output) {
        (true, true) => "input and output have a schema",
        (true, false) => "the output has no schema",
        (false, true) => "the input has no schema",
        (false, false) => "neither input nor output has a schema",
    };
    let points = if input { 8 } else { 0 } + if output { 7 } else { 0 };
    part("schemas", points, 15, reason)
}

/// McCabe's bound and what lies beyond it; each warning about the source costs two points.
fn complexity(analysis: &Analysis, findings: &[Finding]) -> QualityPart {
    let cyclomatic = analysis.complexity.cyclomatic;
    let points: u8 = match cyclomatic {
        0..=10 => 15,
        11..=15 => 11,
        16..=25 => 6,
        _ => 0,
    };
    let warnings = findings
        .iter()
        .filter(|f| f.severity == Severity::Warning && f.rule != NOT_DETERMINISTIC.id)
        .count();
    let cost = u8::try_from(warnings.saturating_mul(2)).unwrap_or(u8::MAX);
    let reason = format!(
        "the most intricate function has a cyclomatic complexity of {cyclomatic}; {}",
        count(warnings, "warning")
    );
    part("complexity", points.saturating_sub(cost), 15, reason)
}

fn security(findings: &[Finding]) -> QualityPart {
    let dangers = findings
        .iter()
        .filter(|f| f.severity == Severity::Danger)
        .count();
    if dangers == 0 {
        part("security", 20, 20, "no security finding")
    } else {
        let dangers = count(dangers, "security finding");
        part(
            "security",
            0,
            20,
            format!("{dangers}, accepted by a person"),
        )
    }
}

/// Of the examples that were run; one that calls out was not, which is no fault.
fn determinism(probe: &ProbeReport) -> QualityPart {
    let all = probe.examples.len();
    let verdicts: Vec<bool> = probe
        .examples
        .iter()
        .filter_map(|run| match run.result {
            ExampleResult::Ended { deterministic, .. } => Some(deterministic),
            ExampleResult::Stopped { .. } => None,
        })
        .collect();
    let run = verdicts.len();
    let same = verdicts.iter().filter(|same| **same).count();
    let (points, reason) = if all == 0 {
        (5, "no example to run twice".to_owned())
    } else if run == 0 {
        let examples = count(all, "example");
        (10, format!("{examples} not run, for calling out"))
    } else if same == run {
        let examples = count(run, "example");
        (
            10,
            format!("{examples}, run twice, gave the same both times"),
        )
    } else {
        (
            0,
            format!(
                "{} of {} gave something else the second time",
                run - same,
                count(run, "example")
            ),
        )
    };
    part("determinism", points, 10, reason)
}

/// `1 example`, `2 examples`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tdev_analysis::{Complexity, Documentation};
    use tdev_domain::{Completed, ExampleRun, Limits, Outcome, Tool};

    use super::*;

    fn analysis(cyclomatic: u32, documentation: [u32; 3]) -> Analysis {
        let [module, functions, of] = documentation;
        Analysis {
            complexity: Complexity {
                cyclomatic,
                ..Complexity::default()
            },
            documentation: Documentation {
                module: module == 1,
                functions,
                of,
            },
            ..Analysis::default()
        }
    }

    fn manifest(fields: &serde_json::Value) -> Manifest {
        let mut manifest = json!({
            "description": "Counts.",
            "capabilities": ["text.count"],
            "utterances": [],
            "examples": [],
            "tools": [],
            "limits": Limits::default(),
        });
        for (name, value) in fields.as_object().unwrap() {
            manifest[name] = value.clone();
        }
        serde_json::from_value(manifest).unwrap()
    }

    fn probe(deterministic: &[bool]) -> ProbeReport {
        ProbeReport {
            declared: tdev_domain::ManifestDraft::default(),
            compile_us: 0,
            describe_us: 0,
            compiled_bytes: 0,
            examples: deterministic
                .iter()
                .map(|deterministic| ExampleRun {
                    example: serde_json::from_value(json!({"input": 1})).unwrap(),
                    result: ExampleResult::Ended {
                        outcome: Outcome::Completed(Completed { output: json!(1) }),
                        deterministic: *deterministic,
                    },
                })
                .collect(),
        }
    }

    fn finding(severity: Severity, rule: &str) -> Finding {
        serde_json::from_value(json!({
            "rule": rule, "severity": severity, "message": "", "advice": "",
        }))
        .unwrap()
    }

    #[test]
    fn the_best_agent_has_a_hundred_points() {
        let examples = [1, 2, 3].map(|n| json!({"input": n, "output": n}));
        let manifest = manifest(&json!({
            "description": "Counts the words of a text.",
            "utterances": ["count words", "how long is it", "words?"],
            "examples": examples,
            "input_schema": {"type": "integer"},
            "output_schema": {"type": "integer"},
        }));
        let quality = quality(&analysis(4, [1, 2, 2]), &manifest, &probe(&[true; 3]), &[]);
        insta::assert_json_snapshot!(quality);
        assert_eq!(quality.score, 100);
    }

    #[test]
    fn the_worst_agent_that_is_admitted_has_none() {
        let findings = [
            finding(Severity::Danger, "SEC001"),
            finding(Severity::Warning, "QUA001"),
        ];
        let manifest = manifest(&json!({"input_schema": true}));
        let quality = quality(
            &analysis(40, [0, 0, 2]),
            &manifest,
            &probe(&[true, false]),
            &findings,
        );
        insta::assert_json_snapshot!(quality);
        assert_eq!(quality.score, 0);
    }

    #[test]
    fn each_part_adds_up_to_its_share() {
        let points = |part: QualityPart| part.points;
        let of = |fields: serde_json::Value| manifest(&fields);
        let example = |output: bool| {
            if output {
                json!({"input": 1, "output": 1})
            } else {
                json!({"input": 1})
            }
        };
        for (outputs, expected) in [
            (vec![], 0),
            (vec![false], 5),
            (vec![true], 10),
            (vec![true, false], 12),
            (vec![true, true], 15),
            (vec![true, true, true], 20),
            (vec![false; 6], 20),
        ] {
            let examples_: Vec<_> = outputs.into_iter().map(example).collect();
            assert_eq!(
                points(examples(&of(json!({"examples": examples_})))),
                expected
            );
        }
        assert_eq!(
            points(schemas(&of(json!({"input_schema": {"type": "string"}})))),
            8
        );
        assert_eq!(
            points(schemas(&of(json!({"output_schema": {"type": "string"}})))),
            7
        );
        assert_eq!(points(schemas(&of(json!({"output_schema": {}})))), 0);
        for (cyclomatic, expected) in [(10, 15), (11, 11), (16, 6), (26, 0)] {
            assert_eq!(
                points(complexity(&analysis(cyclomatic, [0; 3]), &[])),
                expected
            );
        }
        let warnings = [
            finding(Severity::Warning, "QUA001"),
            finding(Severity::Info, "QUA003"),
            finding(Severity::Warning, NOT_DETERMINISTIC.id),
        ];
        assert_eq!(points(complexity(&analysis(1, [0; 3]), &warnings)), 13);
        assert_eq!(points(determinism(&probe(&[]))), 5);
        assert_eq!(points(determinism(&probe(&[false]))), 0);
    }

    #[test]
    fn an_example_that_was_not_run_costs_nothing() {
        let with_stopped = |verdicts: &[bool]| {
            let mut probe = probe(verdicts);
            probe.examples.push(ExampleRun {
                example: serde_json::from_value(json!({"input": 1})).unwrap(),
                result: ExampleResult::Stopped {
                    stopped_at: Tool::Emit,
                },
            });
            determinism(&probe)
        };
        let alone = with_stopped(&[]);
        assert_eq!(alone.points, 10);
        assert_eq!(alone.reason, "1 example not run, for calling out");
        assert_eq!(with_stopped(&[true]), determinism(&probe(&[true])));
        assert_eq!(with_stopped(&[false]), determinism(&probe(&[false])));
    }
}
