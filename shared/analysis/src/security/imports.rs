//! Imports: what reaches outside, and what nobody knows.

use ruff_python_ast::{Stmt, StmtImportFrom};

use crate::rules;
use crate::walk::Walk;

/// Modules the sandbox has and agents may use.
const SANDBOX: &[&str] = &[
    "__future__",
    "asyncio",
    "base64",
    "binascii",
    "collections",
    "dataclasses",
    "datetime",
    "functools",
    "itertools",
    "json",
    "math",
    "re",
    "typing",
    "unicodedata",
];

/// What the sandbox has of `asyncio`. The rest of it is about processes and the network.
const OF_ASYNCIO: &[&str] = &["gather", "run"];

/// Modules that only compute. The sandbox lacks them, but there is no harm in wanting them.
const HARMLESS: &[&str] = &[
    "abc",
    "array",
    "ast",
    "bisect",
    "bz2",
    "calendar",
    "cmath",
    "codecs",
    "colorsys",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "graphlib",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "io",
    "ipaddress",
    "keyword",
    "locale",
    "logging",
    "lzma",
    "numbers",
    "operator",
    "pprint",
    "queue",
    "random",
    "reprlib",
    "secrets",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "textwrap",
    "time",
    "timeit",
    "tokenize",
    "tomllib",
    "traceback",
    "typing_extensions",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zlib",
    "zoneinfo",
];

/// Modules that reach files, processes, the network or the interpreter.
const REACHING: &[&str] = &[
    "aiohttp",
    "antigravity",
    "asyncio",
    "asyncore",
    "atexit",
    "bdb",
    "boto3",
    "botocore",
    "builtins",
    "cffi",
    "cloudpickle",
    "code",
    "codeop",
    "concurrent",
    "crypt",
    "ctypes",
    "curses",
    "dbm",
    "dill",
    "dis",
    "distutils",
    "docker",
    "ensurepip",
    "fabric",
    "faulthandler",
    "fcntl",
    "fileinput",
    "ftplib",
    "gc",
    "getpass",
    "glob",
    "grp",
    "http",
    "httpx",
    "imaplib",
    "imp",
    "importlib",
    "inspect",
    "joblib",
    "linecache",
    "mailbox",
    "marshal",
    "mmap",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nt",
    "os",
    "paramiko",
    "pathlib",
    "pdb",
    "pexpect",
    "pickle",
    "pickletools",
    "pip",
    "pkgutil",
    "platform",
    "poplib",
    "posix",
    "posixpath",
    "profile",
    "psutil",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "requests",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "select",
    "selectors",
    "setuptools",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "sysconfig",
    "syslog",
    "tarfile",
    "telnetlib",
    "tempfile",
    "termios",
    "threading",
    "tkinter",
    "trace",
    "tracemalloc",
    "tty",
    "types",
    "urllib",
    "urllib3",
    "venv",
    "webbrowser",
    "websockets",
    "winreg",
    "wsgiref",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
];

/// What is to be thought of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sandbox,
    Harmless,
    Reaching,
    Unknown,
}

fn kind(module: &str) -> Kind {
    let root = module.split('.').next().unwrap_or(module);
    if SANDBOX.contains(&module) {
        Kind::Sandbox
    } else if matches!(module, "urllib.parse" | "collections.abc" | "json.decoder")
        || HARMLESS.contains(&root)
    {
        Kind::Harmless
    } else if REACHING.contains(&root) || (root.starts_with('_') && root != "__future__") {
        Kind::Reaching
    } else {
        Kind::Unknown
    }
}

/// Whether `name` is of a module that agents may use, and reaches outside like one they may not.
pub(super) fn reaches_outside(module: &str, name: &str) -> bool {
    module == "asyncio" && !OF_ASYNCIO.contains(&name) && !name.starts_with('_')
}

/// Whether `name` is a module, and so not something another module is meant to offer.
pub(super) fn is_module(name: &str) -> bool {
    // `datetime`, `array` and the like are also what their modules are imported for.
    kind(name) == Kind::Reaching || matches!(name, "codecs" | "io" | "operator" | "re" | "math")
}

/// Whether `name` is one of the modules agents may use.
pub(super) fn is_in_sandbox(name: &str) -> bool {
    SANDBOX.contains(&name)
}

pub(super) fn stmt(walk: &mut Walk<'_, '_>, stmt: &Stmt) {
    match stmt {
        Stmt::Import(import) => {
            for alias in &import.names {
                judge(walk, stmt, alias.name.id.as_str());
            }
        }
        Stmt::ImportFrom(import) => from(walk, stmt, import),
        _ => {}
    }
}

fn from(walk: &mut Walk<'_, '_>, stmt: &Stmt, import: &StmtImportFrom) {
    let module = import
        .module
        .as_ref()
        .map_or("", |module| module.id.as_str());
    if import.level > 0 {
        let message = "an agent is one file; there is nothing beside it to import";
        walk.add(&rules::UNKNOWN_IMPORT, stmt, message);
        return;
    }
    judge(walk, stmt, module);
    if kind(module) == Kind::Sandbox {
        for alias in &import.names {
            let name = alias.name.id.as_str();
            if reaches_outside(module, name) {
                let message = format!("`{module}.{name}` reaches outside the sandbox");
                walk.add(&rules::FORBIDDEN_IMPORT, alias.range, message);
            }
            if name.starts_with('_') || is_module(name) {
                let message = format!("`{name}` is not what `{module}` is for");
                walk.add(&rules::MODULE_INTERNALS, alias.range, message);
            }
        }
    }
}

fn judge(walk: &mut Walk<'_, '_>, stmt: &Stmt, module: &str) {
    let (rule, message) = match kind(module) {
        Kind::Sandbox => return,
        Kind::Harmless => (
            &rules::MISSING_MODULE,
            format!("the sandbox has no `{module}`"),
        ),
        Kind::Reaching => (
            &rules::FORBIDDEN_IMPORT,
            format!("`{module}` reaches outside the sandbox"),
        ),
        Kind::Unknown => (
            &rules::UNKNOWN_IMPORT,
            format!("`{module}` is not known here"),
        ),
    };
    walk.add(rule, stmt, message);
}
