//! What an agent costs in the sandbox, beside the same agent in CPython and an Agno agent.
//!
//! Every time is the fastest of many. CPython is `python3`; Agno is measured where
//! `TDEV_AGNO_PYTHON` names a Python that has it.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{env, fs};

use comfy_table::{CellAlignment, Table, presets};
use monty_types::LIVE_MEMORY;
use serde::Deserialize;
use serde_json::{Value, json};
use tdev_domain::{Limits, ManifestDraft, Source, Tool};
use tdev_sandbox::{Host, Program, Programs, Progress, Suspended, ToolCall, ToolError, Worker};

#[global_allocator]
static ALLOCATOR: tdev_sandbox::LimitedAllocator = tdev_sandbox::LimitedAllocator;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 5_000;
const IDLE_AGENTS: usize = 10_000;

/// What was measured, in nanoseconds and bytes; what was not is absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Figures {
    compile_ns: Option<u64>,
    instantiate_ns: Option<u64>,
    first_call_ns: Option<u64>,
    cold_call_ns: Option<u64>,
    warm_call_ns: Option<u64>,
    tools_call_ns: Option<u64>,
    worker_call_ns: Option<u64>,
    idle_bytes: Option<u64>,
    compiled_bytes: Option<u64>,
}

struct Subject {
    name: &'static str,
    source: Source,
    input: Value,
}

struct NoTools;

impl Host for NoTools {
    fn call(&mut self, _: &ToolCall) -> Result<Value, ToolError> {
        Err(ToolError::new("the benchmark has no tools"))
    }
}

fn main() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if cfg!(debug_assertions) {
        writeln!(out, "This is a debug build; its figures say nothing.")?;
    }
    for (name, text) in [
        ("small", include_str!("small-agent.py")),
        ("text-statistics", tdev_agents::SAMPLES[0].source),
    ] {
        let subject = subject(name, text)?;
        let ours = tdev_sandbox::on_sandbox_thread(|| sandbox(&subject))??;
        let cpython = python("python3", "cpython-agent.py", &subject)?;
        let agno = match env::var("TDEV_AGNO_PYTHON") {
            Ok(program) => Some(python(&program, "agno-agent.py", &subject)?),
            Err(_) => None,
        };
        writeln!(
            out,
            "\nAgent '{}', {} bytes",
            subject.name,
            subject.source.len()
        )?;
        writeln!(out, "{}", table(&ours, &cpython, agno.as_ref()))?;
        if agno.is_none() {
            writeln!(
                out,
                "Agno left out: TDEV_AGNO_PYTHON names no Python with it."
            )?;
        }
    }
    let durable = tdev_sandbox::on_sandbox_thread(snapshots)??;
    writeln!(
        out,
        "\nAgents suspended at their first tool call\n{durable}"
    )?;
    Ok(())
}

/// What it takes to write and to read the runs of the agents that are written at all.
fn snapshots() -> Result<Table, Failure> {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["", "source", "state", "snapshot", "write µs", "read µs"]);
    for agent in tdev_agents::DURABLE {
        let source = Source::from_bytes(agent.source.as_bytes())?;
        let program = Program::compile(&source, &Tool::ALL.into())?;
        let input = serde_json::from_str(agent.input)?;
        let Progress::Suspended(run) = program.start(&input, &Limits::default()) else {
            return Err("a durable agent called no tool".into());
        };
        let snapshot = run.to_snapshot()?;
        let write = fastest(ROUNDS / 10, || run.to_snapshot());
        let read = fastest(ROUNDS / 10, || {
            Suspended::from_snapshot(&program, &snapshot)
        });
        table.add_row([
            agent.name.to_owned(),
            source.len().to_string(),
            state_bytes(&snapshot)?.to_string(),
            snapshot.len().to_string(),
            micros(nanos(write)),
            micros(nanos(read)),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table)
}

/// How large the state in a snapshot is, as its compressed form says.
fn state_bytes(snapshot: &[u8]) -> Result<u64, Failure> {
    let begins = |frame: &[u8]| frame.starts_with(&zstd::zstd_safe::MAGICNUMBER.to_le_bytes());
    let start = (0..snapshot.len()).find(|start| begins(&snapshot[*start..]));
    let frame = &snapshot[start.ok_or("the snapshot is not compressed")?..];
    let bytes = zstd::zstd_safe::get_frame_content_size(frame)
        .ok()
        .flatten();
    bytes.ok_or_else(|| "the size of the state is not told".into())
}

/// The agent with the input of its first example, whose output it must give.
fn subject(name: &'static str, text: &str) -> Result<Subject, Failure> {
    let source = Source::from_bytes(text.as_bytes())?;
    let (described, limits) = (&source, Limits::default());
    let declared = tdev_sandbox::on_sandbox_thread(|| {
        Program::compile(described, &BTreeSet::new())?
            .describe(&limits)
            .outcome
    })??;
    let draft: ManifestDraft = serde_json::from_value(declared)?;
    let example = draft
        .examples
        .into_iter()
        .flatten()
        .next()
        .ok_or("the agent has no example")?;
    Ok(Subject {
        name,
        source,
        input: example.input,
    })
}

fn sandbox(subject: &Subject) -> Result<Figures, Failure> {
    let limits = Limits::default();
    let none = BTreeSet::new();
    let compile = || Program::compile(&subject.source, &none);
    let execute = |program: &Program| program.execute(&subject.input, &limits, &mut NoTools);

    let programs = Programs::new(std::num::NonZeroUsize::MIN);
    let (program, _) = programs.get_or_compile(&subject.source, &none)?;
    execute(&program).outcome?;
    let digest = subject.source.digest();

    let mut cold_call = Duration::MAX;
    for _ in 0..ROUNDS / 10 {
        let fresh = compile()?;
        cold_call = cold_call.min(fastest(1, || execute(&fresh)));
    }
    // Every call has an instance of its own, so a warm call is a first one too.
    let call = nanos(fastest(ROUNDS, || execute(&program)));

    let tools = Tool::ALL.into_iter().collect();
    let with_tools = Program::compile(&subject.source, &tools)?;

    let mut worker = Worker::new(|| Command::new(env!("CARGO_BIN_EXE_sandbox-worker")));
    let mut by_worker = || {
        worker.execute(
            &subject.source,
            &none,
            &subject.input,
            &limits,
            &mut NoTools,
        )
    };
    by_worker()?.run.outcome?;

    let before = LIVE_MEMORY.load(Ordering::Relaxed);
    let idle: Vec<Program> = (0..IDLE_AGENTS).map(|_| program.clone()).collect();
    let held = LIVE_MEMORY.load(Ordering::Relaxed) - before;
    drop(black_box(idle));

    Ok(Figures {
        compile_ns: Some(nanos(fastest(ROUNDS / 10, compile))),
        instantiate_ns: Some(nanos(fastest(ROUNDS, || programs.get(&digest, &none)))),
        first_call_ns: Some(call),
        cold_call_ns: Some(nanos(cold_call)),
        warm_call_ns: Some(call),
        tools_call_ns: Some(nanos(fastest(ROUNDS, || execute(&with_tools)))),
        worker_call_ns: Some(nanos(fastest(ROUNDS, &mut by_worker))),
        idle_bytes: Some((held / IDLE_AGENTS) as u64),
        compiled_bytes: Some(program.compiled_bytes()),
    })
}

fn fastest<T>(rounds: usize, mut action: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        let result = action();
        best = best.min(start.elapsed());
        black_box(result);
    }
    best
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn micros(nanos: u64) -> String {
    format!("{}.{:02}", nanos / 1_000, nanos % 1_000 / 10)
}

fn python(program: &str, script: &str, subject: &Subject) -> Result<Figures, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    let job = tempfile::NamedTempFile::new()?;
    let description = json!({
        "source": subject.source.as_str(),
        "input": subject.input,
        "rounds": ROUNDS,
    });
    fs::write(job.path(), description.to_string())?;
    let output = Command::new(program)
        .arg(folder.join(script))
        .arg(job.path())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn table(ours: &Figures, cpython: &Figures, agno: Option<&Figures>) -> Table {
    type Pick = fn(&Figures) -> Option<u64>;
    let rows: [(&str, &str, Pick); 9] = [
        ("compile", "µs", |f| f.compile_ns),
        ("instantiate", "µs", |f| f.instantiate_ns),
        ("instantiate and first call", "µs", |f| f.first_call_ns),
        ("… right after compiling", "µs", |f| f.cold_call_ns),
        ("warm call", "µs", |f| f.warm_call_ns),
        ("… with tools granted", "µs", |f| f.tools_call_ns),
        ("… through a worker process", "µs", |f| f.worker_call_ns),
        ("memory per idle agent", "bytes", |f| f.idle_bytes),
        ("compiled form, shared", "bytes", |f| f.compiled_bytes),
    ];
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["", "", "sandbox", "CPython", "Agno"]);
    for (label, unit, pick) in rows {
        let show = |figures: Option<&Figures>| match (figures.and_then(pick), unit) {
            (Some(ns), "µs") => micros(ns),
            (Some(bytes), _) => bytes.to_string(),
            (None, _) => "–".to_owned(),
        };
        table.add_row([
            label.to_owned(),
            unit.to_owned(),
            show(Some(ours)),
            show(Some(cpython)),
            show(agno),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
