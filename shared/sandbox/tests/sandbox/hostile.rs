//! Programs that mean harm, each in a file of its own under `hostile/`.
//!
//! Every one must end in a clean failure or a harmless result, give its memory back and leave the
//! next run unharmed. The few that the interpreter cannot stop from within must cost no more than
//! their worker process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;

use crate::harness::{FixedHost, compile, sandboxed, source, tools};
use monty_types::LIVE_MEMORY;
use serde_json::{Value, json};
use tdev_domain::{FailureKind, Limits, Tool};
use tdev_sandbox::{Run, Worker};

use Expected::{EndsWorker, Fails, Raises, Returns};
use FailureKind::{
    Forbidden, Interpreter, InvalidSource, OutOfMemory, OutputNotJson, OutputTooLarge,
    RecursionTooDeep, TimedOut, TooManyToolCalls, TooMuchLogged,
};

/// What must become of a program.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// It fails in this way.
    Fails(FailureKind),
    /// It raises this exception.
    Raises(&'static str),
    /// It returns this JSON, which does no harm.
    Returns(&'static str),
    /// Nothing within the process stops it; the process ends, out of time or out of memory.
    EndsWorker,
}

const NONE: &[Tool] = &[];
const LOG: &[Tool] = &[Tool::Log];
const BOTH: &[Tool] = &Tool::ALL;

const PROGRAMS: &[(&str, &[Tool], Expected)] = &[
    // Time.
    ("infinite_loop", NONE, Fails(TimedOut)),
    ("infinite_loop_at_import", NONE, Fails(TimedOut)),
    ("except_everything", NONE, Fails(TimedOut)),
    ("finally_loop", NONE, Fails(TimedOut)),
    ("sum_of_endless", NONE, Fails(TimedOut)),
    ("itertools_cycle_exhausted", NONE, Fails(TimedOut)),
    ("itertools_repeat_max", NONE, Fails(TimedOut)),
    ("sort_past_deadline", NONE, Fails(TimedOut)),
    ("sort_one_past_deadline", NONE, Fails(TimedOut)),
    ("sort_key_past_deadline", NONE, Fails(TimedOut)),
    ("asyncio_never", NONE, Fails(TimedOut)),
    ("gc_cycles", NONE, Fails(TimedOut)),
    ("hostile_str_in_log", LOG, Fails(TimedOut)),
    // Memory.
    ("string_doubling", NONE, Fails(OutOfMemory)),
    ("string_repeat", NONE, Fails(OutOfMemory)),
    ("bytes_repeat", NONE, Fails(OutOfMemory)),
    ("list_append", NONE, Fails(OutOfMemory)),
    ("list_doubling", NONE, Fails(OutOfMemory)),
    ("list_repeat", NONE, Fails(OutOfMemory)),
    ("list_from_range", NONE, Fails(OutOfMemory)),
    ("tuple_repeat", NONE, Fails(OutOfMemory)),
    ("dict_growth", NONE, Fails(OutOfMemory)),
    ("set_growth", NONE, Fails(OutOfMemory)),
    ("power_tower", NONE, Fails(OutOfMemory)),
    ("shift", NONE, Fails(OutOfMemory)),
    ("generator_into_list", NONE, Fails(OutOfMemory)),
    ("itertools_into_list", NONE, Fails(OutOfMemory)),
    ("hostile_iterator", NONE, Fails(OutOfMemory)),
    ("asyncio_gather_bomb", NONE, Fails(OutOfMemory)),
    (
        "except_base_exception_out_of_memory",
        NONE,
        Fails(OutOfMemory),
    ),
    ("replace_growth", NONE, Fails(OutOfMemory)),
    ("ljust", NONE, Fails(OutOfMemory)),
    ("zfill", NONE, Fails(OutOfMemory)),
    ("expandtabs", NONE, Fails(OutOfMemory)),
    ("format_width", NONE, Fails(OutOfMemory)),
    ("format_precision", NONE, Fails(OutOfMemory)),
    ("fstring_width", NONE, Fails(OutOfMemory)),
    ("fstring_precision", NONE, Fails(OutOfMemory)),
    ("percent_width", NONE, Raises("TypeError")),
    ("factorial", NONE, Raises("OverflowError")),
    ("int_to_str", NONE, Raises("ValueError")),
    // Depth.
    ("recursion", NONE, Fails(RecursionTooDeep)),
    ("mutual_recursion", NONE, Fails(RecursionTooDeep)),
    ("recursion_caught", NONE, Fails(TimedOut)),
    ("hostile_repr", NONE, Fails(RecursionTooDeep)),
    ("hostile_eq", NONE, Fails(RecursionTooDeep)),
    ("hostile_hash", NONE, Fails(RecursionTooDeep)),
    ("nested_comparison", NONE, Fails(RecursionTooDeep)),
    ("nested_dumps", NONE, Fails(RecursionTooDeep)),
    ("nested_closures", NONE, Fails(RecursionTooDeep)),
    ("nested_loads", NONE, Raises("json.JSONDecodeError")),
    ("nested_repr", NONE, Returns("401")),
    ("nested_drop", NONE, Returns("\"dropped\"")),
    // Output.
    ("output_huge", NONE, Fails(OutputTooLarge)),
    ("output_shared_string", NONE, Fails(OutputTooLarge)),
    ("output_shared_lists", NONE, Fails(OutputTooLarge)),
    ("output_shared_dicts", NONE, Fails(OutputTooLarge)),
    ("output_deep", NONE, Fails(OutputTooLarge)),
    ("output_very_deep", NONE, Fails(OutputTooLarge)),
    ("output_cyclic", NONE, Fails(OutputNotJson)),
    ("output_cyclic_dict", NONE, Fails(OutputNotJson)),
    ("output_shared_tuple_keys", NONE, Fails(OutputNotJson)),
    ("output_bigint", NONE, Fails(OutputNotJson)),
    ("output_bigint_shared", NONE, Fails(OutputNotJson)),
    ("output_bigint_key", NONE, Fails(OutputNotJson)),
    ("output_nan", NONE, Fails(OutputNotJson)),
    ("output_infinity", NONE, Fails(OutputNotJson)),
    ("output_set", NONE, Fails(OutputNotJson)),
    ("output_bytes", NONE, Fails(OutputNotJson)),
    ("output_function", NONE, Fails(OutputNotJson)),
    ("output_instance", NONE, Fails(OutputNotJson)),
    (
        "output_instance_with_hostile_class",
        NONE,
        Fails(OutputNotJson),
    ),
    ("output_coroutine", NONE, Fails(OutputNotJson)),
    // Words.
    ("print_flood", NONE, Fails(TooMuchLogged)),
    ("print_flood_caught", NONE, Fails(TooMuchLogged)),
    ("print_one_large", NONE, Fails(TooMuchLogged)),
    ("log_flood", LOG, Fails(TooMuchLogged)),
    ("tool_flood", BOTH, Fails(TooManyToolCalls)),
    ("log_set", LOG, Raises("TypeError")),
    ("log_shared_lists", LOG, Raises("TypeError")),
    ("exception_text", NONE, Raises("ValueError")),
    // The world outside.
    ("open_file", NONE, Fails(Forbidden)),
    ("write_file", NONE, Fails(Forbidden)),
    ("environ", NONE, Fails(Forbidden)),
    ("getenv", NONE, Fails(Forbidden)),
    ("path_read_text", NONE, Fails(Forbidden)),
    ("path_iterdir", NONE, Fails(Forbidden)),
    ("import_os", NONE, Fails(Forbidden)),
    ("clock", NONE, Fails(Forbidden)),
    ("import_os_system", NONE, Raises("AttributeError")),
    ("import_subprocess", NONE, Raises("ModuleNotFoundError")),
    ("import_socket", NONE, Raises("ModuleNotFoundError")),
    ("import_ctypes", NONE, Raises("ModuleNotFoundError")),
    ("exit_process", NONE, Fails(Interpreter)),
    // The interpreter's insides.
    ("subclasses", NONE, Raises("AttributeError")),
    ("getattr_chain", NONE, Raises("AttributeError")),
    ("globals_of_function", NONE, Raises("AttributeError")),
    ("code_object", NONE, Raises("AttributeError")),
    ("frame_of_exception", NONE, Raises("AttributeError")),
    ("generator_frame", NONE, Raises("AttributeError")),
    ("format_attributes", NONE, Raises("AttributeError")),
    ("format_function_globals", NONE, Raises("AttributeError")),
    ("builtins_name", NONE, Raises("NameError")),
    ("eval_call", NONE, Raises("NameError")),
    ("exec_call", NONE, Raises("NameError")),
    ("dunder_import", NONE, Raises("NameError")),
    ("compile_call", NONE, Raises("NameError")),
    ("globals_call", NONE, Raises("NameError")),
    // The wrapper.
    ("reserved_name", LOG, Fails(InvalidSource)),
    ("reserved_name_fullwidth", LOG, Fails(InvalidSource)),
    ("reserved_name_redefined", NONE, Fails(InvalidSource)),
    ("reserved_name_deleted", NONE, Fails(InvalidSource)),
    (
        "reserved_name_by_getattr",
        LOG,
        Returns(
            "[null,false,null,false,null,false,null,false,null,false,null,false,null,false,null,false]",
        ),
    ),
    ("tool_of_a_tool", LOG, Returns("[true,true,true]")),
    ("tool_not_granted", LOG, Raises("NameError")),
    ("unbound_call_shared_lists", BOTH, Raises("NameError")),
    (
        "unbound_builtin_call_shared_lists",
        BOTH,
        Raises("NameError"),
    ),
    (
        "called_before_bound_shared_lists",
        BOTH,
        Raises("NameError"),
    ),
    ("shadowed_builtins", NONE, Fails(OutputTooLarge)),
    ("shadowed_json", NONE, Fails(OutputNotJson)),
    ("module_return", NONE, Fails(InvalidSource)),
    ("no_execute", NONE, Raises("NameError")),
    ("execute_is_data", NONE, Raises("TypeError")),
    ("wrong_arity", NONE, Raises("TypeError")),
    ("await_nothing", NONE, Raises("TypeError")),
    // Sorting and searching.
    ("sort_inconsistent", NONE, Fails(Interpreter)),
    ("sort_sets", NONE, Raises("TypeError")),
    ("regex_nested_quantifiers", NONE, Returns("false")),
    ("regex_lookaround", NONE, Returns("false")),
    ("regex_backreference", NONE, Raises("re.PatternError")),
    ("regex_repeat_bomb", NONE, Raises("re.PatternError")),
    // Small structures that unfold without end.
    ("shared_tuples_hash", NONE, Returns("1")),
    ("shared_lists_raised", NONE, Fails(Interpreter)),
    ("shared_lists_asserted", NONE, Raises("AssertionError")),
    ("shared_lists_comparison", NONE, EndsWorker),
    ("shared_lists_ordering", NONE, EndsWorker),
    ("shared_lists_repr", NONE, EndsWorker),
    ("shared_lists_print", NONE, EndsWorker),
    ("shared_lists_fstring", NONE, EndsWorker),
    ("shared_lists_dumps", NONE, EndsWorker),
    ("shared_dicts_dumps", NONE, EndsWorker),
    ("join_growth", NONE, EndsWorker),
    ("dumps_indent", NONE, EndsWorker),
    ("square_forever", NONE, EndsWorker),
    ("digits_modulo", NONE, EndsWorker),
];

const LIMITS: Limits = Limits {
    wall_time_ms: 1_500,
    memory_bytes: 16 * 1024 * 1024,
};

const GOOD: &str = "def execute(input):\n    return {'sum': sum(input)}\n";

fn corpus() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What is wrong with `run`, if anything.
fn complaint(expected: Expected, run: &Run) -> Option<String> {
    let as_expected = match (expected, &run.outcome) {
        (Fails(kind), Err(failure)) => failure.kind == kind,
        (EndsWorker, Err(failure)) => matches!(failure.kind, TimedOut | OutOfMemory),
        (Raises(exception), Err(failure)) => {
            failure.kind == FailureKind::Raised && failure.exception.as_deref() == Some(exception)
        }
        (Returns(text), Ok(value)) => *value == serde_json::from_str::<Value>(text).unwrap(),
        _ => false,
    };
    (!as_expected).then(|| format!("expected {expected:?}, came to {:?}", run.outcome))
}

#[test]
fn the_table_names_every_program_once() {
    let mut named: Vec<_> = PROGRAMS
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    named.sort();
    assert_eq!(named, corpus().into_keys().collect::<Vec<_>>());
}

#[test]
fn every_program_ends_cleanly_within_the_process_and_gives_its_memory_back() {
    let corpus = corpus();
    let complaints = sandboxed(|| {
        let mut complaints = Vec::new();
        let good = compile(GOOD, NONE).unwrap();
        for (name, granted, expected) in PROGRAMS {
            if matches!(expected, EndsWorker) {
                continue;
            }
            let text = &corpus[*name];
            let before = LIVE_MEMORY.load(Ordering::Relaxed);
            let run = execute_once(text, granted);
            complaints.extend(complaint(*expected, &run).map(|what| format!("{name}: {what}")));
            drop(run);
            let kept = LIVE_MEMORY.load(Ordering::Relaxed).saturating_sub(before);
            // What remains are tables that are built once, and the complaints.
            if kept > 256 * 1024 {
                complaints.push(format!("{name}: kept {kept} bytes"));
            }
            let after = good.execute(&json!([1, 2]), &LIMITS, &mut FixedHost::default());
            assert_eq!(after.outcome, Ok(json!({"sum": 3})), "after {name}");
        }
        complaints
    });
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn execute_once(text: &str, granted: &[Tool]) -> Run {
    match compile(text, granted) {
        Ok(program) => program.execute(&json!([]), &LIMITS, &mut FixedHost::default()),
        Err(failure) => Run {
            outcome: Err(failure),
            run_us: 0,
            logs: Vec::new(),
        },
    }
}

#[test]
fn every_program_costs_at_most_its_worker_process() {
    let corpus = corpus();
    let mut worker = Worker::new(|| Command::new(env!("CARGO_BIN_EXE_sandbox-worker")));
    let mut complaints = Vec::new();
    for (name, granted, expected) in PROGRAMS {
        let mut execute = |text: &str, input: Value| {
            worker
                .execute(
                    &source(text),
                    &tools(granted),
                    &input,
                    &LIMITS,
                    &mut FixedHost::default(),
                )
                .unwrap()
                .run
        };
        execute(GOOD, json!([]));
        let run = execute(&corpus[*name], json!([]));
        complaints.extend(complaint(*expected, &run).map(|what| format!("{name}: {what}")));
        let survived = worker.process_id().is_some();
        if survived == matches!(expected, EndsWorker) {
            complaints.push(format!("{name}: the process survived: {survived}"));
        }
        let after = worker
            .execute(
                &source(GOOD),
                &tools(NONE),
                &json!([1, 2]),
                &LIMITS,
                &mut FixedHost::default(),
            )
            .unwrap();
        assert_eq!(after.run.outcome, Ok(json!({"sum": 3})), "after {name}");
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}
