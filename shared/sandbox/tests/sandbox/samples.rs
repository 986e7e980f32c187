//! The platform's sample agents, as the sandbox runs them.

use serde_json::json;
use tdev_agents::{HOSTILE, SAMPLES};
use tdev_domain::{Limits, ManifestDraft, Tool};

use crate::harness::{FixedHost, compile, run, sandboxed};

#[test]
fn every_example_of_a_sample_gives_the_output_it_declares() {
    for sample in SAMPLES {
        let described = sandboxed(|| {
            let program = compile(sample.source, &Tool::ALL).unwrap();
            program.describe(&Limits::default()).outcome.unwrap()
        });
        let draft: ManifestDraft = serde_json::from_value(described).unwrap();
        let tools: Vec<Tool> = draft
            .tools
            .unwrap_or_default()
            .iter()
            .map(|tool| tool.parse().unwrap())
            .collect();
        for example in draft.examples.unwrap() {
            let output = run(sample.source, &tools, &example.input).outcome.unwrap();
            if let Some(expected) = example.output {
                assert_eq!(output, expected, "{}", sample.name);
            }
        }
        let input = serde_json::from_str(sample.input).unwrap();
        run(sample.source, &tools, &input).outcome.unwrap();
    }
}

#[test]
fn a_sample_runs_the_same_twice() {
    for sample in SAMPLES {
        let input = serde_json::from_str(sample.input).unwrap();
        let outcomes = sandboxed(|| {
            let program = compile(sample.source, &Tool::ALL).unwrap();
            [(); 2].map(|()| {
                program
                    .execute(&input, &Limits::default(), &mut FixedHost::default())
                    .outcome
            })
        });
        assert_eq!(outcomes[0], outcomes[1], "{}", sample.name);
    }
}

#[test]
fn the_hostile_sample_gets_nowhere() {
    let run = run(HOSTILE.source, &Tool::ALL, &json!({}));
    assert!(run.outcome.is_err(), "{:?}", run.outcome);
}
