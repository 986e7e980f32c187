//! Point 6 of the gate: what a winner can reach in the sandbox that it is run in once more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use evolve_generation::SANDBOX_WORKER;
use serde_json::{Value, json};
use tdev_domain::{Limits, Source};
use tdev_sandbox::{Turn, Worker};

/// What stands in every file around the worker, and in its parent's environment.
const SECRET: &str = "SK7OTHERS7";
/// What a candidate would like to see or to change.
const FILES: [&str; 6] = [
    "evaluator.json",
    "held-out.jsonl",
    "tests.py",
    "events.log",
    "archive/checkpoint",
    "archive/sibling.py",
];

/// A folder with the files, in which the worker runs.
struct Room(PathBuf);

impl Room {
    fn new() -> Self {
        let folder = format!("evolve-generation-room-{}", std::process::id());
        let room = Self(std::env::temp_dir().join(folder));
        fs::create_dir_all(room.0.join("archive")).unwrap();
        for file in FILES {
            fs::write(room.0.join(file), format!("{SECRET} in {file}")).unwrap();
        }
        room
    }

    /// Every file with its contents.
    fn contents(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = fs::read_to_string(&path).unwrap();
                    found.insert(path, text);
                }
            }
        }
        found
    }

    fn worker(&self) -> Worker {
        let folder = self.0.clone();
        Worker::new(move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_evolve-generation"));
            command
                .arg(SANDBOX_WORKER)
                .current_dir(&folder)
                .env("AWS_SECRET_ACCESS_KEY", SECRET);
            command
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What is left is in the system's folder for such.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Expressions and statements that reach for a file.
fn at_file(path: &str) -> Vec<String> {
    vec![
        format!("return open({path:?}).read()"),
        format!("return open({path:?}, 'w').write('spoilt')"),
        format!("return open({path:?}, 'a').write('spoilt')"),
        format!("from pathlib import Path\n    return Path({path:?}).read_text()"),
        format!("from pathlib import Path\n    return Path({path:?}).write_text('spoilt')"),
        format!("from pathlib import Path\n    return Path({path:?}).unlink()"),
        format!("from pathlib import Path\n    return Path({path:?}).exists() and [][0]"),
        format!("import os\n    return os.remove({path:?})"),
        format!("import os\n    return os.rename({path:?}, 'elsewhere')"),
        format!("import os\n    return os.stat({path:?})"),
    ]
}

/// Ways to everything else.
const ELSEWHERE: [&str; 28] = [
    "import os\n    return os.listdir('.')",
    "import os\n    return os.getcwd()",
    "import os\n    return os.mkdir('new')",
    "import os\n    return os.environ['AWS_SECRET_ACCESS_KEY']",
    "import os\n    return os.getenv('AWS_SECRET_ACCESS_KEY')",
    "import os\n    return os.system('touch new')",
    "import os\n    return os.getppid()",
    "from pathlib import Path\n    return [str(p) for p in Path('.').iterdir()]",
    "from pathlib import Path\n    return Path('/proc/self/environ').read_text()",
    "from pathlib import Path\n    return Path.cwd()",
    "return open(0).read()",
    "return open(1, 'w').write('{\"Ended\": 1}')",
    "import sys\n    return sys.stdin.read()",
    "import sys\n    return sys.stdout.write('{\"Ended\": 1}')",
    "import sys\n    return sys.modules['os']",
    "import sys\n    return sys._getframe(0)",
    "import subprocess\n    return subprocess.run('ls')",
    "import socket\n    return socket.socket()",
    "import ctypes\n    return ctypes.CDLL(None)",
    "import importlib\n    return importlib.import_module('os')",
    "import shutil\n    return shutil.rmtree('archive')",
    "import tempfile\n    return tempfile.mkstemp()",
    "import signal\n    return signal.raise_signal(9)",
    "import gc\n    return len(gc.get_objects())",
    "return __import__('os').getcwd()",
    "return eval('1 + 1')",
    "return exec('x = 1')",
    "return globals()['execute'].__globals__",
];

fn attempts(room: &Room) -> Vec<String> {
    let files = FILES.iter().flat_map(|file| {
        let absolute = room.0.join(file);
        [(*file).to_owned(), absolute.to_str().unwrap().to_owned()]
    });
    let own = [
        "new",
        "/tmp/new",
        "../new",
        "/etc/passwd",
        "/proc/self/mem",
        "/proc/self/fd/0",
    ];
    let paths = files.chain(own.map(str::to_owned));
    let at_files = paths.flat_map(|path| at_file(&path));
    at_files.chain(ELSEWHERE.map(str::to_owned)).collect()
}

/// Runs `execute` with that body.
fn run(worker: &mut Worker, source: &str, input: &Value) -> Result<Value, String> {
    let source = Source::from_bytes(source.as_bytes()).unwrap();
    let turn = worker
        .start(&source, &BTreeSet::new(), input, &Limits::default())
        .unwrap();
    let Turn::Ended(ended) = turn else {
        panic!("no tool was granted: {turn:?}");
    };
    assert_eq!(ended.run.logs, [], "{source:?}");
    ended.run.outcome.map_err(|failure| format!("{failure:?}"))
}

/// A sibling, and what it must come to whoever ran before it in the same process.
const SIBLING: &str = "import math\nimport json\n\nSEEN = []\n\n\ndef execute(input):\n    SEEN.append(len(input))\n    return [SEEN, math.floor(math.pi * 100), json.dumps(input), sorted(input), max(input)]\n";

fn sibling(worker: &mut Worker) -> Result<Value, String> {
    run(worker, SIBLING, &json!([3, 1, 2]))
}

#[test]
fn a_winner_reaches_nothing_of_what_stands_around_its_process() {
    let room = Room::new();
    let before = room.contents();
    assert_eq!(before.len(), FILES.len());
    let mut worker = room.worker();
    let expected = Ok(json!([[3], 314, "[3, 1, 2]", [1, 2, 3], 3]));
    assert_eq!(sibling(&mut worker), expected);
    let process = worker.process_id().unwrap();
    for body in attempts(&room) {
        let source = format!("def execute(input):\n    {body}\n");
        let failure = run(&mut worker, &source, &json!([])).expect_err(&body);
        assert!(!failure.contains(SECRET), "{body}: {failure}");
        assert_eq!(sibling(&mut worker), expected, "after {body}");
    }
    assert_eq!(room.contents(), before);
    // Nobody had to be ended: each was refused.
    assert_eq!(worker.process_id(), Some(process));
    confined(process);
}

/// The process has no environment, and nothing open that is in a folder.
fn confined(process: u32) {
    let process = Path::new("/proc").join(process.to_string());
    if !process.exists() {
        return;
    }
    assert_eq!(fs::read(process.join("environ")).unwrap(), b"");
    for stream in fs::read_dir(process.join("fd")).unwrap() {
        let stream = stream.unwrap();
        // The error stream is that of whoever started it.
        if stream.file_name() != "2" {
            let target = fs::read_link(stream.path()).unwrap();
            assert!(!target.is_file(), "{} is open", target.display());
        }
    }
}

#[test]
fn a_winner_leaves_nothing_for_the_next_in_its_process() {
    let room = Room::new();
    let mut worker = room.worker();
    let expected = Ok(json!([[3], 314, "[3, 1, 2]", [1, 2, 3], 3]));
    let spoiling = [
        "import math\n    math.pi = 4",
        "import json\n    json.dumps = len",
        "global sorted\n    sorted = len",
        "global SEEN\n    SEEN = [1]",
        "list.append = None",
        "import builtins\n    builtins.max = min",
        "setattr(math, 'pi', 4)",
        "input.append(99)",
        "execute.cache = input",
    ];
    for body in spoiling {
        let source = format!(
            "import math\n\nSEEN = []\n\n\ndef execute(input):\n    {body}\n    return 1\n"
        );
        // Some of it is allowed, and stays within the run.
        let _ = run(&mut worker, &source, &json!([3, 1, 2]));
        assert_eq!(sibling(&mut worker), expected, "after {body}");
    }
    // The same winner begins anew, too.
    assert_eq!(sibling(&mut worker), expected);
}
