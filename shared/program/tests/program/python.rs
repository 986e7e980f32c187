//! CPython, as a process that answers for programs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};
use tdev_program::{Error, Value};

/// `python3`, answering for programs.
pub(crate) struct Python {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("python3")
            .args(["-W", "ignore", "-c", include_str!("cpython.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        Self { child, to, from }
    }

    pub(crate) fn ask(&mut self, programs: &Json) -> Vec<Json> {
        writeln!(self.to, "{programs}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("CPython answers")
    }

    pub(crate) fn stop(self) {
        let Self { mut child, to, .. } = self;
        drop(to);
        assert!(child.wait().unwrap().success());
    }
}

pub(crate) fn encode(value: &Value) -> Json {
    let all = |items: &[Value]| Json::Array(items.iter().map(encode).collect());
    match value {
        Value::None => json!(["n"]),
        Value::Bool(value) => json!(["b", value]),
        Value::Int(value) => json!(["i", value.to_string()]),
        Value::Float(value) => json!(["f", value.to_bits().to_string()]),
        Value::Str(text) => json!(["s", text]),
        Value::List(items) => json!(["l", all(items)]),
        Value::Tuple(items) => json!(["t", all(items)]),
        Value::Dict(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(k, v)| json!([encode(k), encode(v)]))
                .collect();
            json!(["d", pairs])
        }
    }
}

pub(crate) fn decode(json: &Json) -> Value {
    let items = || json[1].as_array().unwrap().iter().map(decode).collect();
    let text = || json[1].as_str().unwrap();
    match json[0].as_str().unwrap() {
        "n" => Value::None,
        "b" => Value::Bool(json[1].as_bool().unwrap()),
        "i" => Value::Int(text().parse().expect("an integer of 64 bits")),
        "f" => Value::Float(f64::from_bits(text().parse().unwrap())),
        "s" => Value::Str(text().to_owned()),
        "l" => Value::List(items()),
        "t" => Value::Tuple(items()),
        _ => {
            let pairs = json[1].as_array().unwrap();
            Value::Dict(
                pairs
                    .iter()
                    .map(|pair| (decode(&pair[0]), decode(&pair[1])))
                    .collect(),
            )
        }
    }
}

/// The exception that Python raises where we have `error`; nothing for what is ours alone.
pub(crate) fn exception(error: Error) -> Option<&'static str> {
    Some(match error {
        Error::Type => "TypeError",
        Error::Value => "ValueError",
        Error::Index => "IndexError",
        Error::Key => "KeyError",
        Error::ZeroDivision => "ZeroDivisionError",
        Error::Overflow => "OverflowError",
        Error::Attribute => "AttributeError",
        Error::Unbound => "UnboundLocalError",
        Error::Runtime => "RuntimeError",
        Error::Exception => "Exception",
        Error::OutOfFuel
        | Error::OutOfMemory
        | Error::Recursion
        | Error::IntegerRange
        | Error::Unsupported => return None,
    })
}
