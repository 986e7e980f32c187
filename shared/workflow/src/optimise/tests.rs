//! What is found, and that leaving it out changes nothing.

use super::*;

fn definition(yaml: &str) -> Definition {
    Definition::from_yaml(&format!("name: x\nsteps:\n{yaml}")).unwrap()
}

fn report(yaml: &str) -> Report {
    optimise(&Plan::new(&definition(yaml)).unwrap(), &BTreeMap::new())
}

fn pairs(edges: &[FoundEdge]) -> Vec<(&str, &str)> {
    edges
        .iter()
        .map(|edge| (edge.on.as_str(), edge.step.as_str()))
        .collect()
}

#[test]
fn an_edge_that_follows_is_redundant() {
    let report = report(
        "
  - {id: a, agent: x}
  - {id: b, agent: x, depends_on: [a]}
  - {id: c, agent: x, depends_on: [a, b], inputs: '${steps.a.output}'}
  - {id: d, agent: x, depends_on: [{step: a, kind: soft}, {step: b, kind: soft}]}
  - {id: e, agent: x, depends_on: [a, d]}
  - {id: f, agent: x, depends_on: [a, {step: b, kind: soft}]}
",
    );
    // a → e does not follow from a → b ~> d → e: b's failure would let d and so e run.
    assert_eq!(pairs(&report.redundant), [("a", "c"), ("a", "d")]);
}

#[test]
fn what_a_choice_decides_is_not_redundant() {
    let report = report(
        "
  - {id: pick, choice: {branches: [{when: 'input.x', then: [a, b]}]}}
  - {id: a, agent: x, depends_on: [pick]}
  - {id: b, agent: x, depends_on: [pick, a]}
  - {id: c, agent: x, depends_on: [{step: pick, kind: soft}, {step: b, kind: soft}]}
",
    );
    assert_eq!(pairs(&report.redundant), [("pick", "c")]);
    assert_eq!(report.needless, []);
}

#[test]
fn an_edge_without_data_is_needless() {
    let report = report(
        "
  - {id: a, agent: x}
  - {id: b, agent: y, depends_on: [a]}
  - {id: c, agent: z, depends_on: [b], inputs: '${steps.b.output}'}
  - {id: undone, agent: x, compensate_with: {agent: x}}
  - {id: after, agent: x, depends_on: [undone]}
  - {id: odd, agent: x, when: input.odd}
  - {id: evener, agent: x, depends_on: [odd]}
  - {id: asked, approval: {}}
  - {id: agreed, agent: x, depends_on: [asked]}
  - {id: risky, agent: x}
  - {id: next, agent: x, depends_on: [risky]}
  - {id: anyway, agent: x, depends_on: [{step: risky, kind: soft}]}
  - {id: p, agent: x}
  - {id: q, agent: x, depends_on: [p]}
  - {id: r, agent: x, depends_on: [q]}
  - {id: s, agent: x, depends_on: [r], inputs: '${steps.p.output}'}
",
    );
    assert_eq!(pairs(&report.needless), [("a", "b")]);
    assert_eq!(report.figures.critical_path.len(), 4);
}

#[test]
fn leaving_needless_edges_out_makes_a_run_shorter() {
    let yaml = "
  - {id: a, agent: x}
  - {id: b, agent: y, depends_on: [a]}
  - {id: pause, wait: {seconds: 3}, depends_on: [b]}
";
    let definition = definition(yaml);
    let plan = Plan::new(&definition).unwrap();
    let seconds = BTreeMap::from([("a".parse().unwrap(), 2.0), ("b".parse().unwrap(), 4.0)]);
    let report = optimise(&plan, &seconds);
    let path = |figures: &Figures| {
        figures
            .critical_path
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(path(&report.figures), ["a", "b", "pause"]);
    assert_eq!(path(&report.figures_without_needless), ["b", "pause"]);
    let rounded = |figures: &Figures| {
        let Figures {
            critical_seconds,
            total_seconds,
            speed_up_bound,
            ..
        } = figures;
        format!("{critical_seconds:.1} {total_seconds:.1} {speed_up_bound:.2}")
    };
    assert_eq!(rounded(&report.figures), "9.0 9.0 1.00");
    assert_eq!(rounded(&report.figures_without_needless), "7.0 9.0 1.29");
    assert_eq!(report.apply(&definition, false), definition);
    let shorter = Plan::new(&report.apply(&definition, true)).unwrap();
    assert_eq!(shorter.roots().len(), 2);
}

#[test]
fn what_follows_from_a_needless_edge_is_not_left_out_with_it() {
    let yaml = "
  - {id: a, agent: x}
  - {id: b, agent: x, depends_on: [a]}
  - {id: c, agent: x, depends_on: [a, b], inputs: ['${steps.a.output}', '${steps.b.output}']}
";
    let report = report(yaml);
    assert_eq!(pairs(&report.needless), [("a", "b")]);
    assert_eq!(pairs(&report.redundant), [("a", "c")]);
    let simpler = report.apply(&definition(yaml), true);
    assert_eq!(Plan::new(&simpler).unwrap().in_degree(2), 2);
}

#[test]
fn the_same_call_twice_could_share_a_cache() {
    let report = report(
        "
  - {id: a, agent: x, inputs: {n: '${input.n}'}}
  - {id: b, agent: x, inputs: {n: '${input.n}'}}
  - {id: c, agent: {name: x, version: 2}, inputs: {n: '${input.n}'}}
  - {id: d, agent: x, inputs: {n: '${input.m}'}}
  - {id: e, agent: y}
",
    );
    insta::assert_json_snapshot!(report);
}
