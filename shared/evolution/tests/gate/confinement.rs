//! Point 6: what a candidate can do at all in the evolution tier. There is no input or output in
//! it; what `functions/evolve-generation` runs winners in is tested there.

use rand::RngExt;
use serde_json::json;
use tdev_domain::Source;
use tdev_evolution::gate::Verdict;
use tdev_evolution::problem::{Part, Workbench};
use tdev_evolution::search::lineage::verify;
use tdev_evolution::search::{Individual, Island};
use tdev_evolution::variation::operators;
use tdev_evolution::{Genome, Loss, Operator, Rng, Scaffold, Scope, Settings, Trial};
use tdev_program::{Builtin, Constant, Exception, Method};

use crate::bench::{Outcome, RIGHT, Setting, estimate, returns, small, words};

/// Ways to files, to other processes, to the interpreter's insides and to whoever watches.
const REACHING: [&str; 52] = [
    "open(\"cases.jsonl\")",
    "open(\"cases.jsonl\").read()",
    "open(\"lineage.jsonl\", \"a\").write(\"x\")",
    "open(\"/proc/self/environ\")",
    "open(0)",
    "input()",
    "print(x)",
    "eval(\"x\")",
    "exec(\"x = 1\")",
    "compile(\"x\", \"\", \"eval\")",
    "__import__(\"os\")",
    "importlib.import_module(\"os\")",
    "os.environ",
    "os.listdir(\".\")",
    "os.system(\"ls\")",
    "sys.modules",
    "sys.stdout.write(\"x\")",
    "subprocess.run(\"ls\")",
    "socket.socket()",
    "pathlib.Path(\".\").iterdir()",
    "time.time()",
    "random.random()",
    "gc.get_objects()",
    "inspect.stack()",
    "globals()",
    "locals()",
    "vars()",
    "dir()",
    "getattr(x, \"real\")",
    "setattr(x, \"real\", 0)",
    "delattr(x, \"real\")",
    "hasattr(x, \"real\")",
    "type(x)",
    "type(x).__mro__",
    "object()",
    "super()",
    "id(x)",
    "hash(x)",
    "memoryview(x)",
    "callable(f)",
    "breakpoint()",
    "help()",
    "exit()",
    "x.__class__",
    "x.__class__.__base__.__subclasses__()",
    "f.__globals__",
    "f.__code__",
    "f.cache",
    "(lambda: x)()",
    "__builtins__",
    "__file__",
    "\"{0.__class__}\".format(x)",
];

/// Statements that reach out of a function.
const LEAVING: [&str; 12] = [
    "import os",
    "from os import environ",
    "from cases import *",
    "global SEEN",
    "nonlocal seen",
    "with open(\"cases.jsonl\") as file:\n        pass",
    "try:\n        x = 1\n    except Exception as error:\n        x = error.__traceback__",
    "class Seen:\n        all = []",
    "yield x",
    "await x",
    "del f",
    "f.cache = x",
];

/// Blocks that spoil what they are given, what stands around them, and what they stand among.
const SPOILING: [&str; 6] = [
    "def f(words):\n    words.reverse()\n    words.clear()\n    return words\n",
    "def f(words):\n    words.append(words)\n    return words\n",
    "def f(words):\n    words[0] = \"\"\n    words.sort()\n    return words[0]\n",
    "def f(words):\n    SEEN.append(words[0])\n    return SEEN[0]\n",
    "def f(words):\n    SEEN.clear()\n    return \"\"\n",
    "def f(words):\n    SEEN = words\n    return SEEN[-1]\n",
];

/// What every judge of a setting says of its agent and of a better block.
fn judgements(
    setting: &Setting,
    sibling: &str,
    bench: &mut Workbench,
) -> Vec<(u8, [u8; 32], Vec<Loss>)> {
    let divided = &setting.divided;
    let canaries = divided.canaries.iter().map(Part::Canary);
    let parts = [
        Part::Train(&divided.train),
        Part::HeldOut(&divided.held_out),
    ];
    let sibling = Genome::parse(sibling).unwrap();
    let mut said = Vec::new();
    for part in parts.into_iter().chain(canaries) {
        let judge = setting.judge_by(part);
        let all: Vec<u32> = (0..judge.cases()).collect();
        for (who, genome) in [(0, &setting.parent), (1, &sibling)] {
            let mut losses = Vec::new();
            judge.evaluate(genome, &all, bench, &mut losses);
            said.push((who, judge.digest(), losses));
        }
    }
    said
}

/// Runs blocks on all that a setting holds, on one bench, and has it judge again after each.
fn leave_no_trace(setting: &Setting, sibling: &str, blocks: &[Genome]) {
    let before = judgements(setting, sibling, &mut Workbench::default());
    let cases = setting.divided.clone();
    let mut bench = Workbench::default();
    for block in blocks {
        for part in [
            Part::Train(&setting.divided.train),
            Part::HeldOut(&setting.divided.held_out),
        ] {
            let judge = setting.judge_by(part);
            let all: Vec<u32> = (0..judge.cases()).collect();
            judge.evaluate(block, &all, &mut bench, &mut Vec::new());
        }
        assert_eq!(
            judgements(setting, sibling, &mut bench),
            before,
            "{}",
            block.text()
        );
    }
    assert_eq!(setting.divided.train, cases.train);
    assert_eq!(setting.divided.held_out, cases.held_out);
}

/// The attempts of a setting whose blocks are functions of `x` and `z`.
fn attempts() -> Vec<String> {
    let right = "3.0 * x + z * z / 4";
    let reaching = REACHING.iter().flat_map(|value| {
        // For its value, and beside the right answer.
        [
            returns(value),
            format!("def f(x, z):\n    seen = {value}\n    return {right}\n"),
        ]
    });
    let leaving = LEAVING.map(|stmt| format!("def f(x, z):\n    {stmt}\n    return {right}\n"));
    reaching.chain(leaving).collect()
}

#[test]
fn point_06_what_a_candidate_can_call_is_this_and_no_more() {
    let spelt = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(" ");
    insta::assert_json_snapshot!(json!({
        "functions": spelt(&mut Builtin::ALL.iter().map(|name| name.as_str())),
        "methods": spelt(&mut Method::ALL.iter().map(|name| name.as_str())),
        "constants": spelt(&mut Constant::ALL.iter().map(|name| name.as_str())),
        "exceptions": spelt(&mut Exception::ALL.iter().map(|name| name.as_str())),
    }));
}

#[test]
fn point_06_every_attempt_to_reach_out_is_refused_and_leaves_nothing() {
    let setting = estimate();
    let mut readable = Vec::new();
    for text in attempts() {
        match setting.admit(&text) {
            Outcome::Unreadable => {}
            Outcome::Judged(verdict) => {
                let is_kept_out =
                    matches!(verdict, Verdict::Refuse { .. } | Verdict::Quarantine { .. });
                assert!(is_kept_out, "{text}: {verdict:?}");
                readable.push(Genome::parse(&text).unwrap());
            }
        }
    }
    let mut bench = Workbench::default();
    let judge = setting.evaluator();
    let all: Vec<u32> = (0..judge.cases()).collect();
    for block in &readable {
        let mut losses = Vec::new();
        judge.evaluate(block, &all, &mut bench, &mut losses);
        assert!(
            losses.iter().all(|loss| *loss == Loss::WORST),
            "{}",
            block.text()
        );
    }
    leave_no_trace(&setting, RIGHT, &readable);
}

#[test]
fn point_06_what_a_candidate_spoils_is_gone_when_it_ends() {
    let words = words();
    let around =
        "SEEN = [\"one\", \"two\"]\n\n\n@\n\ndef execute(input):\n    return f(input) + SEEN[0]\n";
    let definition = serde_json::to_value(words.divided.problem.definition()).unwrap();
    let mut problem = definition;
    let cases = words.divided.train.iter().chain(&words.divided.held_out);
    problem["judge"]["cases"] = cases
        .map(|case| json!({"input": case.input, "output": case.output}))
        .collect();
    let setting = Setting::new(around, "def f(words):\n    return SEEN[1]\n", &problem);
    let spoiling = SPOILING.map(|text| Genome::parse(text).unwrap());
    leave_no_trace(
        &setting,
        "def f(words):\n    return SEEN[0] + words[0]\n",
        &spoiling,
    );
}

/// Yields attempts, whatever it is given.
struct Intruder(Vec<Genome>);

impl Operator for Intruder {
    fn name(&self) -> &'static str {
        "intruder"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        _parents: &[&Genome],
        _scope: &Scope,
        rng: &mut Rng,
        _trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        let drawn = rng.random_range(0..u32::try_from(self.0.len()).ok()?);
        self.0.get(drawn as usize).cloned()
    }
}

#[test]
fn point_06_a_search_among_intruders_keeps_its_archive_and_its_lineage() {
    let setting = estimate();
    let parsed = attempts()
        .iter()
        .filter_map(|text| Genome::parse(text).ok())
        .collect::<Vec<_>>();
    assert!(parsed.len() > 10, "{}", parsed.len());
    let mut intruding = operators(&[]).unwrap();
    intruding.push(Box::new(Intruder(parsed.clone())));
    let settings = Settings {
        novelty: false,
        ..small(11)
    };
    let (population, lines) = setting.search(intruding, settings);
    let entries = verify(&lines, population.identity(), population.head()).unwrap();
    assert!(entries.iter().any(|entry| entry.operator == "intruder"));
    let of_population = population.islands().iter().flat_map(Island::members);
    let archived = population.islands().iter().flat_map(Island::archive);
    let is_intruder = |one: &&Individual| parsed.contains(&one.genome);
    let intruders: Vec<_> = of_population.chain(archived).filter(is_intruder).collect();
    for intruder in intruders {
        assert!(intruder.losses.iter().all(|loss| *loss == Loss::WORST));
    }
    assert!(!parsed.contains(&population.best().genome));
    // Everybody else has the losses that they have where no intruder has ever been.
    let judge = setting.evaluator();
    let all: Vec<u32> = (0..judge.cases()).collect();
    for member in population.islands().iter().flat_map(Island::members) {
        let mut losses = Vec::new();
        judge.evaluate(&member.genome, &all, &mut Workbench::default(), &mut losses);
        assert_eq!(losses, member.losses, "{}", member.text);
    }
}

#[test]
fn point_06_a_candidate_does_not_replace_what_stands_around_it() {
    let setting = estimate();
    for other in ["get_capabilities()", "execute(input)"] {
        let text = format!("{RIGHT}\n\ndef {other}:\n    return {{}}\n");
        let Outcome::Judged(verdict) = setting.admit(&text) else {
            continue;
        };
        assert!(
            matches!(verdict, Verdict::Refuse { .. }),
            "{text}: {verdict:?}"
        );
    }
    let best = setting
        .scaffold
        .source(&Genome::parse(RIGHT).unwrap())
        .unwrap();
    let (around, _) = Scaffold::of(&Source::from_bytes(best.as_str().as_bytes()).unwrap()).unwrap();
    assert_eq!(around.surroundings(), setting.scaffold.surroundings());
}
