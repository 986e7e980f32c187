//! What the analysis says, word for word, of some agents; and what it measures.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use tdev_analysis::{Analysis, EvolveBlock, analyse, check_tools};
use tdev_domain::{Severity, Source, Tool};

fn analysis(text: &str) -> Analysis {
    analyse(&Source::from_bytes(text.as_bytes()).unwrap())
}

/// An agent around `body`, the body of `execute`.
fn agent(body: &str) -> String {
    format!(
        "\"\"\"An agent.\"\"\"\n\n\ndef get_capabilities():\n    return {{\"name\": \"a\"}}\n\n\ndef execute(input):\n{body}\n"
    )
}

#[test]
fn a_syntax_error_is_shown_with_a_caret() {
    let text = "def get_capabilities():\n    return {\"name\": \"grüße\", \"x\": 1\n\n\ndef execute(input):\n    return input\n";
    insta::assert_json_snapshot!(analysis(text).findings);
}

#[test]
fn a_missing_colon_is_shown_with_a_caret() {
    insta::assert_json_snapshot!(analysis("def execute(input)\n    return input\n").findings);
}

#[test]
fn a_hostile_agent() {
    insta::assert_json_snapshot!(analysis(tdev_agents::HOSTILE.source).findings);
}

#[test]
fn a_careless_agent() {
    let text = "import requests\nfrom random import random\n\nclass execute:\n    pass\n\nasync def get_capabilities(tenant):\n    return {}\n";
    insta::assert_json_snapshot!(analysis(text).findings);
}

#[test]
fn tools_used_are_held_against_tools_declared() {
    let analysis = analysis(&agent("    log(\"x\")\n    return input"));
    assert_eq!(analysis.tools_used, BTreeSet::from([Tool::Log]));
    assert!(check_tools(&analysis, &BTreeSet::from([Tool::Log])).is_empty());
    insta::assert_json_snapshot!(check_tools(&analysis, &BTreeSet::from([Tool::Now])));
}

#[test]
fn every_tool_is_known_wherever_it_is_named() {
    for tool in Tool::ALL {
        let analysis = analysis(&agent(&format!("    return {tool}(input)")));
        assert_eq!(analysis.tools_used, BTreeSet::from([tool]));
        assert!(
            analysis.findings.iter().all(|f| f.rule != "QUA009"),
            "{tool} is taken for a misspelling: {:?}",
            analysis.findings
        );
        let undeclared = check_tools(&analysis, &BTreeSet::new());
        assert_eq!(undeclared[0].rule, "TOOL001", "{tool}");
    }
}

#[test]
fn a_manifest_may_depend_on_no_tool() {
    for tool in Tool::ALL {
        let text = format!(
            "def get_capabilities():\n    return {{\"description\": {tool}(\"a\")}}\n\n\ndef execute(input):\n    return input\n"
        );
        let grave = analysis(&text).findings;
        assert!(
            grave
                .iter()
                .any(|f| f.severity == Severity::Danger && f.message.contains(tool.as_str())),
            "{tool}: {grave:?}"
        );
    }
}

#[test]
fn a_name_of_the_agents_own_is_no_tool() {
    for body in [
        "    now = 3\n    return now",
        "    return [log for log in input]",
        "    from math import log\n    return log(2)",
        "    def log(text):\n        return text\n    return log(input)",
        "    return input.log(input[\"now\"])",
        "    from random import random\n    return random()",
        "    def sleep(seconds):\n        return seconds\n    return sleep(input)",
    ] {
        assert!(analysis(&agent(body)).tools_used.is_empty(), "{body}");
    }
    for body in [
        "    clock = now\n    return clock()",
        "    return list(map(log, input))",
        "    return (lambda: now())()",
    ] {
        assert_eq!(analysis(&agent(body)).tools_used.len(), 1, "{body}");
    }
}

#[test]
fn findings_come_gravest_first_then_by_place() {
    let findings = analysis(&agent(
        "    x = eval(\"1\")\n    import os\n    return id(x)",
    ))
    .findings;
    let order: Vec<_> = findings.iter().map(|f| (f.rule.as_str(), f.line)).collect();
    assert_eq!(
        order,
        [
            ("SEC003", Some(9)),
            ("SEC001", Some(10)),
            ("QUA010", Some(11)),
            ("QUA004", Some(8)),
        ]
    );
    assert!(
        findings
            .iter()
            .map(|f| f.severity)
            .is_sorted_by(|a, b| a >= b)
    );
}

#[test]
fn the_evolve_block_is_located() {
    let packer = tdev_agents::SAMPLES
        .iter()
        .find(|a| a.name == "online-bin-packer")
        .unwrap();
    let block = analysis(packer.source).evolve_block.unwrap();
    let lines: Vec<_> = packer.source.lines().collect();
    assert_eq!(lines[block.start_line as usize - 1], "# EVOLVE-BLOCK-START");
    assert_eq!(lines[block.end_line as usize - 1], "# EVOLVE-BLOCK-END");

    let text = format!(
        "NOTE = '''\n# EVOLVE-BLOCK-START\n'''\n{}",
        agent("    return input")
    );
    assert_eq!(
        analysis(&text).evolve_block,
        None,
        "a marker inside a string is none"
    );
    let text = format!(
        "# EVOLVE-BLOCK-START\nX = 1\n# EVOLVE-BLOCK-END\n{}",
        agent("    return X")
    );
    assert_eq!(
        analysis(&text).evolve_block,
        Some(EvolveBlock {
            start_line: 1,
            end_line: 3
        })
    );
}

#[test]
fn complexity_and_documentation_are_measured() {
    let body = "    \"\"\"Not counted.\"\"\"\n    total = 0\n    for x in input:\n        if x and x > 1:\n            total += x\n    return total\n\n\ndef helper(x):\n    \"\"\"Helps.\"\"\"\n    return x\n\n\ndef other(x):\n    return x";
    let analysis = analysis(&agent(body));
    assert_eq!(analysis.complexity.functions, 4);
    assert_eq!(analysis.complexity.cyclomatic, 4, "for, if, and");
    assert_eq!(analysis.complexity.nesting, 3);
    assert_eq!(analysis.complexity.statements, 12);
    assert!(analysis.documentation.module);
    assert_eq!(
        (analysis.documentation.functions, analysis.documentation.of),
        (1, 2)
    );
}

#[test]
fn entry_points_must_be_plain_functions_of_the_right_arity() {
    let manifest = "def get_capabilities():\n    return {}\n";
    for (execute, rule) in [
        ("def execute(input):\n    return 1\n", None),
        ("def execute(data, /):\n    return 1\n", None),
        ("def execute(input) -> dict:\n    return {}\n", None),
        ("async def execute(input):\n    return 1\n", Some("STR005")),
        ("def execute(input):\n    yield 1\n", Some("STR005")),
        ("class execute:\n    pass\n", Some("STR005")),
        ("execute = print\n", Some("STR005")),
        (
            "if True:\n    def execute(input):\n        return 1\n",
            Some("STR005"),
        ),
        (
            "def execute(input):\n    return 1\nexecute = print\n",
            Some("STR005"),
        ),
        (
            "def f():\n    global execute\n    execute = f\ndef execute(input):\n    return f()\n",
            Some("STR005"),
        ),
        ("def execute():\n    return 1\n", Some("STR006")),
        ("def execute(a, b):\n    return 1\n", Some("STR006")),
        ("def execute(a, b=1):\n    return 1\n", Some("STR006")),
        ("def execute(a=1):\n    return 1\n", Some("STR006")),
        ("def execute(*a):\n    return 1\n", Some("STR006")),
        ("def execute(a, **b):\n    return 1\n", Some("STR006")),
        ("def execute(*, a):\n    return 1\n", Some("STR006")),
        ("", Some("STR003")),
    ] {
        let findings = analysis(&format!("{manifest}{execute}")).findings;
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.rule.as_str())
            .collect();
        assert_eq!(errors, Vec::from_iter(rule), "{execute}");
    }
}
