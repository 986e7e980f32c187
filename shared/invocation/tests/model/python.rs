//! The real interpreter, killed and resumed.

use serde_json::{Value, json};
use tdev_domain::{Answer, Call, Invocation, Source};
use tdev_invocation::{Machine, MachineError, Turn, Unavailable};
use tdev_sandbox::{Program, Progress, SnapshotFailure, Suspended, ToolError, on_sandbox_thread};

use crate::programs;
use crate::sim::{Manner, Sim};
use crate::sweep::{Figure, disturbed_at};
use crate::undisturbed::Undisturbed;

/// The name under which the programs have this agent.
pub(crate) const NAME: &str = "python";

/// What it calls `now` is an effect in the world here; the log is only recorded.
const AGENT: &str = r#"
import asyncio
import re

seen = {}


def note(word):
    seen[word] = seen.get(word, 0) + 1
    receipt = now()
    log("noted", word=word, receipt=receipt)
    return {"word": word, "receipt": receipt, "share": seen[word] / 3}


async def ask(name, n):
    try:
        answer = await call_agent(name, n)
        return [answer, await call_agent("echo", n)]
    except RuntimeError as error:
        return str(error)


async def ask_all(n):
    return await asyncio.gather(ask("one-post", n), ask("nobody", n), ask("raises", n))


def execute(input):
    print("begin")
    text = "the cat saw the other cat" + str(input["n"])
    notes = [note(word) for word in re.findall(r"\w+", text)]
    shares = sum(note["share"] for note in notes)
    told = asyncio.run(ask_all(input["n"]))
    return {"notes": notes, "seen": seen, "shares": round(shares, 6), "told": told}
"#;

/// A run that exists, between two turns, only as bytes.
#[derive(Debug, Default)]
pub(crate) struct Python {
    program: Option<Program>,
    suspended: Vec<u8>,
}

impl Python {
    /// Compiles the agent, as every worker does for itself.
    fn load(&mut self, invocation: &Invocation) -> Result<&Program, MachineError> {
        let source = Source::from_bytes(AGENT.as_bytes()).unwrap();
        let tools = &invocation.callee.tools;
        let compiled = on_sandbox_thread(|| Program::compile(&source, tools).unwrap());
        let program = compiled.map_err(|error| Unavailable(Box::new(error)))?;
        Ok(self.program.insert(program))
    }

    fn turn(
        &mut self,
        advance: impl FnOnce() -> Result<Progress, MachineError> + Send,
    ) -> Result<Turn, MachineError> {
        let turned = on_sandbox_thread(|| written(advance()?));
        let (turn, suspended) = turned.map_err(|error| Unavailable(Box::new(error)))??;
        self.suspended = suspended;
        Ok(turn)
    }
}

fn written(progress: Progress) -> Result<(Turn, Vec<u8>), MachineError> {
    Ok(match progress {
        Progress::Ended(run) => (Turn::Ended(run.outcome), Vec::new()),
        Progress::Suspended(suspended) => {
            let calls = suspended.calls().iter().map(|call| Call {
                tool: call.tool.to_string(),
                args: call.args.clone(),
            });
            let calls = calls.collect();
            let snapshot = suspended
                .to_snapshot()
                .map_err(|error| unreadable(&error))?;
            (Turn::Called(calls), snapshot)
        }
    })
}

fn unreadable(error: &SnapshotFailure) -> MachineError {
    MachineError::Snapshot(error.to_string())
}

impl Machine for Python {
    async fn start(&mut self, invocation: &Invocation) -> Result<Turn, MachineError> {
        let program = self.load(invocation)?.clone();
        self.turn(|| Ok(program.start(&invocation.input, &invocation.callee.limits)))
    }

    async fn restore(
        &mut self,
        invocation: &Invocation,
        snapshot: Vec<u8>,
    ) -> Result<(), MachineError> {
        let program = self.load(invocation)?;
        Suspended::from_snapshot(program, &snapshot).map_err(|error| unreadable(&error))?;
        self.suspended = snapshot;
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<Vec<u8>, MachineError> {
        Ok(self.suspended.clone())
    }

    async fn answer(&mut self, answers: &[Answer]) -> Result<Turn, MachineError> {
        let snapshot = std::mem::take(&mut self.suspended);
        let program = self.program.clone().unwrap();
        self.turn(|| {
            let suspended = Suspended::from_snapshot(&program, &snapshot)
                .map_err(|error| unreadable(&error))?;
            let answers = answers.iter().map(|answer| match answer {
                Answer::Value(value) => Ok(value.clone()),
                Answer::Error(error) => Err(ToolError::new(&error.message)),
            });
            Ok(suspended.resume(answers.collect()))
        })
    }
}

/// Whether this is the call of the agent above that touches the world.
pub(crate) fn touches(invocation: &Invocation, call: &Call) -> bool {
    invocation.callee.agent.as_str() == NAME && call.tool == "now"
}

#[test]
fn an_agent_killed_at_any_place_gives_the_same_bytes() {
    let program = programs::Program {
        agent: NAME,
        signals: &[],
    };
    let bytes = |sim: &Sim| serde_json::to_vec(&sim.output()).unwrap();
    let mut undisturbed = Sim::new(program, Manner::default());
    undisturbed.settle(|_, _| {});
    let output = bytes(&undisturbed);
    let found: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(found["shares"].to_string(), "2.333333");
    assert_eq!(
        found["told"],
        json!([[{"n": 1}, 1], "no such agent", "fell"])
    );

    for yields in [false, true] {
        let manner = Manner {
            yields,
            ..Manner::default()
        };
        let expected = Undisturbed::run(program, manner);
        let mut kills = Figure::default();
        for place in 0..expected.stops {
            kills.count(|| {
                let sim = disturbed_at(program, manner, &[place], Sim::kill);
                expected.check(&sim, 1);
                assert_eq!(bytes(&sim), output);
            });
        }
        kills.show("kills in the sandbox", 40);
    }
}
