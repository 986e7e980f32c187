//! What is drawn.

use serde_json::json;

use super::*;
use crate::Definition;

fn drawing(yaml: &str, statuses: &[(&str, StepStateName)]) -> Drawing {
    let definition = Definition::from_yaml(&format!("name: draw\nsteps:\n{yaml}")).unwrap();
    let statuses = statuses
        .iter()
        .map(|(id, status)| (id.parse().unwrap(), *status));
    Drawing::new(&Plan::new(&definition).unwrap(), &statuses.collect())
}

fn sample() -> Drawing {
    drawing(
        r#"
  - {id: fetch, map: {over: input.urls, agent: reader}}
  - id: pick
    depends_on: [fetch]
    choice:
      branches: [{when: "input.x < `3` && input.y == '<b>\"|&'", then: [ask]}]
      otherwise: [pause]
  - {id: ask, approval: {}, depends_on: [pick]}
  - {id: pause, wait: {seconds: 5}, depends_on: [pick]}
  - {id: write, agent: writer, depends_on: [{step: ask, kind: soft}, {step: pause, kind: soft}]}
"#,
        &[
            ("fetch", StepStateName::Completed),
            ("ask", StepStateName::AwaitingApproval),
            ("pause", StepStateName::Skipped),
        ],
    )
}

#[test]
fn the_graph_as_a_client_sees_it() {
    insta::assert_json_snapshot!(sample());
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(sample().to_mermaid());
}

#[test]
fn svg() {
    insta::assert_snapshot!(sample().to_svg());
}

#[test]
fn no_text_of_an_author_gets_out_of_its_place() {
    let (svg, mermaid) = (sample().to_svg(), sample().to_mermaid());
    assert!(!svg.contains("<b>") && svg.contains("&lt;b&gt;&quot;|&amp;"));
    let labels = mermaid
        .lines()
        .filter(|line| line.contains("&&") || line.contains("<b>"));
    assert_eq!(labels.count(), 0);
}

#[test]
fn every_step_is_right_of_what_it_depends_on_and_in_a_place_of_its_own() {
    let drawing = sample();
    let places = layout::places(drawing.nodes.len(), &drawing.edges);
    assert_eq!(
        places.iter().map(|place| place.0).collect::<Vec<_>>(),
        [0, 1, 2, 2, 3]
    );
    let unique: std::collections::HashSet<_> = places.iter().collect();
    assert_eq!(unique.len(), places.len());
}

#[test]
fn many_steps_are_drawn_small() {
    let steps: Vec<_> = (0..300)
        .map(|i| {
            let depends_on: Vec<_> = (0..i).rev().take(90).map(|j| format!("s{j}")).collect();
            json!({"id": format!("s{i}"), "agent": "x", "depends_on": depends_on})
        })
        .collect();
    let text = json!({"name": "x", "steps": steps}).to_string();
    let plan = Plan::new(&Definition::from_json(&text).unwrap()).unwrap();
    let svg = Drawing::new(&plan, &BTreeMap::new()).to_svg();
    assert!(!svg.contains("<text"));
    assert_eq!(svg.matches("<rect").count(), 300);
    assert_eq!(svg.matches("<path").count(), 1 + 20_000);
    assert!(svg.contains("lines are left out"));
}
