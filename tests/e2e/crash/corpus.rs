//! The agents that are killed, and how each must end.

use serde_json::{Value, json};

/// What an agent is to have waited for, and when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signals {
    /// Before the run begins.
    Early,
    /// When the run waits for it.
    Awaited,
}

/// An agent of the corpus.
#[derive(Debug)]
pub(crate) struct Specimen {
    pub(crate) name: &'static str,
    /// The body of `execute(input)`. `input["url"]` is where the recorder is.
    pub(crate) body: &'static str,
    /// How it ends: `{"output": …}`, or `{"failed": message}`.
    pub(crate) ends: Value,
    /// How it may end instead, if a call that is made at most once was interrupted.
    pub(crate) ends_unsure: Option<Value>,
    /// The labels of its posts, in order of the alphabet.
    pub(crate) posts: &'static [&'static str],
    /// The agents that it calls, as registered.
    pub(crate) calls: &'static [(&'static str, &'static str)],
    /// The signals that it is sent, each with its own name as payload.
    pub(crate) signals: &'static [(&'static str, Signals)],
    /// What at least one write of the run must go to.
    pub(crate) writes_to: &'static str,
}

const TABLE: &str = "DynamoDB_20120810.PutItem";

impl Specimen {
    fn new(name: &'static str, body: &'static str, output: &Value) -> Self {
        Self {
            name,
            body,
            ends: json!({ "output": output }),
            ends_unsure: None,
            posts: &[],
            calls: &[],
            signals: &[],
            writes_to: TABLE,
        }
    }

    fn posting(self, posts: &'static [&'static str]) -> Self {
        Self { posts, ..self }
    }

    fn calling(self, calls: &'static [(&'static str, &'static str)]) -> Self {
        Self { calls, ..self }
    }

    fn hearing(self, signals: &'static [(&'static str, Signals)]) -> Self {
        Self { signals, ..self }
    }

    fn writing_to(self, writes_to: &'static str) -> Self {
        Self { writes_to, ..self }
    }

    fn failing(self, message: &str) -> Self {
        let ends = json!({ "failed": message });
        Self { ends, ..self }
    }

    /// Whether the agent looks whether what it does not know has happened. That can be told of what
    /// was lost or done, and not of what is still on its way.
    pub(crate) fn looks(&self) -> bool {
        self.ends_unsure.as_ref() == Some(&self.ends)
    }

    fn unsure(self, ends: Value) -> Self {
        Self {
            ends_unsure: Some(ends),
            ..self
        }
    }
}

/// The source of an agent whose `execute` has this body.
pub(crate) fn source(body: &str) -> String {
    let body = body.trim().replace('\n', "\n    ");
    format!("def get_capabilities():\n    return {{}}\n\n\ndef execute(input):\n    {body}\n")
}

/// What an agent is called with.
pub(crate) fn input(recorder: u16) -> Value {
    // Large enough to be kept beside the record.
    let text = "A sentence that says little, and often. ".repeat(400);
    json!({"url": format!("http://127.0.0.1:{recorder}"), "text": text})
}

const POSTER: (&str, &str) = (
    "poster",
    "return http_post(input['url'], input['label'], idempotent=True)['body']",
);

/// All of them.
pub(crate) fn corpus() -> Vec<Specimen> {
    let mut all = Vec::from(recorded_and_posted());
    all.extend(at_most_once());
    all.extend(waiting());
    all.extend(calling());
    all.extend(remembering());
    all.extend(large_and_failing());
    all
}

fn recorded_and_posted() -> [Specimen; 5] {
    [
        Specimen::new(
            "recorded",
            "
drawn = []
for i in range(3):
    drawn.append(random())
log('drawn', count=len(drawn))
return [len(drawn), now() != '']",
            &json!([3, true]),
        ),
        Specimen::new(
            "three-posts",
            "
told = []
for label in ['one', 'two', 'three']:
    told.append(http_post(input['url'], label, idempotent=True)['body'])
return told",
            &json!(["one", "two", "three"]),
        )
        .posting(&["one", "three", "two"]),
        Specimen::new(
            "random-posts",
            "
agreed = 0
for i in range(4):
    body = 'n' + str(i) + ' ' + str(random())
    if http_post(input['url'], body, idempotent=True)['body'] == body:
        agreed += 1
return agreed",
            &json!(4),
        )
        .posting(&["n0", "n1", "n2", "n3"]),
        Specimen::new(
            "emitter",
            "
for i in range(4):
    emit('crash.counted', {'n': i, 'r': random()})
return 'emitted'",
            &json!("emitted"),
        )
        .writing_to("AWSEvents.PutEvents"),
        Specimen::new(
            "getter",
            "
first = http_get(input['url'] + '/seen/greeting')['body']
http_post(input['url'], 'greeting', idempotent=True)
return [first, http_get(input['url'] + '/seen/greeting')['body']]",
            &json!(["no", "yes"]),
        )
        .posting(&["greeting"]),
    ]
}

fn at_most_once() -> [Specimen; 3] {
    [
        Specimen::new(
            "once-handled",
            "
try:
    charged = http_post(input['url'], 'charge')['body']
except RuntimeError as error:
    if not str(error).startswith('outcome_unknown'):
        raise
    charged = 'unknown'
http_post(input['url'], 'receipt', idempotent=True)
return charged",
            &json!("charge"),
        )
        .posting(&["charge", "receipt"])
        .unsure(json!({"output": "unknown"})),
        Specimen::new(
            "once-unhandled",
            "
http_post(input['url'], 'first')
http_post(input['url'], 'second')
return 'both'",
            &json!("both"),
        )
        .posting(&["first", "second"])
        .unsure(json!({
            "failed": "outcome_unknown: the effect was interrupted; it may or may not have happened"
        })),
        // What is done at most once is done exactly once by an agent that looks.
        Specimen::new(
            "once-looked-up",
            "
asked = 0
while True:
    try:
        return http_post(input['url'], 'charge')['body']
    except RuntimeError as error:
        if http_get(input['url'] + '/seen/charge')['body'] == 'yes':
            return 'charge'",
            &json!("charge"),
        )
        .posting(&["charge"])
        .unsure(json!({"output": "charge"})),
    ]
}

fn waiting() -> [Specimen; 4] {
    [
        Specimen::new(
            "sleeper",
            "
http_post(input['url'], 'evening', idempotent=True)
sleep(30)
http_post(input['url'], 'night', idempotent=True)
sleep(30000)
http_post(input['url'], 'morning', idempotent=True)
return 'awake'",
            &json!("awake"),
        )
        .posting(&["evening", "morning", "night"]),
        Specimen::new(
            "approved",
            "
http_post(input['url'], 'asked', idempotent=True)
verdict = wait_for('verdict', 600)
http_post(input['url'], 'done', idempotent=True)
return verdict",
            &json!("verdict"),
        )
        .posting(&["asked", "done"])
        .hearing(&[("verdict", Signals::Awaited)]),
        Specimen::new(
            "early-signals",
            "
second = wait_for('second')
http_post(input['url'], second, idempotent=True)
first = wait_for('first')
third = wait_for('third')
return [first, second, third]",
            &json!(["first", "second", "third"]),
        )
        .posting(&["second"])
        .hearing(&[
            ("first", Signals::Early),
            ("second", Signals::Early),
            ("third", Signals::Awaited),
        ]),
        Specimen::new(
            "timed-out",
            "
try:
    wait_for('never', 60)
except RuntimeError as error:
    http_post(input['url'], 'reminder', idempotent=True)
    return str(error)[:9]",
            &json!("timed_out"),
        )
        .posting(&["reminder"]),
    ]
}

fn calling() -> [Specimen; 4] {
    [
        Specimen::new(
            "parent",
            "
told = []
for label in ['left', 'right']:
    told.append(call_agent('poster', {'url': input['url'], 'label': label}))
return told",
            &json!(["left", "right"]),
        )
        .calling(&[POSTER])
        .posting(&["left", "right"])
        .writing_to("AmazonSQS.SendMessage"),
        Specimen::new(
            "grandparent",
            "
told = call_agent('middle', input['url'])
http_post(input['url'], 'top', idempotent=True)
return told",
            &json!(["slept", "bottom"]),
        )
        .calling(&[
            POSTER,
            (
                "middle",
                "
sleep(5)
return ['slept', call_agent('poster', {'url': input, 'label': 'bottom'})]",
            ),
        ])
        .posting(&["bottom", "top"]),
        Specimen::new(
            "failing-child",
            "
try:
    call_agent('failing', input['url'])
except RuntimeError as error:
    http_post(input['url'], 'noted', idempotent=True)
    return str(error)",
            &json!("child_failed: not today"),
        )
        .calling(&[(
            "failing",
            "
http_post(input, 'begun', idempotent=True)
raise ValueError('not today')",
        )])
        .posting(&["begun", "noted"]),
        Specimen::new(
            "gatherer",
            "
import asyncio
async def ask(agent, label):
    try:
        return await call_agent(agent, {'url': input['url'], 'label': label})
    except RuntimeError as error:
        return str(error)
async def ask_all():
    return await asyncio.gather(ask('poster', 'one'), ask('late', 'two'), ask('failing', 'three'))
told = asyncio.run(ask_all())
http_post(input['url'], 'told', idempotent=True)
return told",
            &json!(["one", "late two", "child_failed: not three"]),
        )
        .calling(&[
            POSTER,
            (
                "late",
                "
sleep(5)
return 'late ' + http_post(input['url'], input['label'], idempotent=True)['body']",
            ),
            (
                "failing",
                "
http_post(input['url'], input['label'], idempotent=True)
raise ValueError('not three')",
            ),
        ])
        .posting(&["one", "three", "told", "two"]),
    ]
}

fn remembering() -> [Specimen; 2] {
    [
        Specimen::new(
            "counter",
            "
for i in range(3):
    remember('count', recall('count', 0) + 1)
return recall('count')",
            &json!(3),
        )
        .writing_to("DynamoDB_20120810.TransactWriteItems"),
        Specimen::new(
            "forgetter",
            "
remember('name', 'Ada')
known = recall('name')
forget('name')
return [known, recall('name', 'nobody')]",
            &json!(["Ada", "nobody"]),
        ),
    ]
}

fn large_and_failing() -> [Specimen; 5] {
    [
        Specimen::new(
            "large-state",
            "
state = []
seed = 7
for i in range(4000):
    seed = (seed * 1103515245 + 12345) % 2147483648
    state.append(seed)
http_post(input['url'], 'early', idempotent=True)
sleep(10)
http_post(input['url'], 'late', idempotent=True)
return [len(state), state[3999] == seed]",
            &json!([4000, true]),
        )
        .posting(&["early", "late"])
        .writing_to("S3 PUT"),
        Specimen::new(
            "large-values",
            "
filler = http_get(input['url'] + '/filler/20000')['body']
remember('filler', filler)
known = recall('filler')
body = http_post(input['url'], 'large ' + filler, idempotent=True)['body']
return [len(input['text']), known == filler, len(body), input['text']]",
            &json!([16_000, true, 20_006, input(0)["text"]]),
        )
        .posting(&["large"])
        .writing_to("S3 PUT"),
        Specimen::new(
            "refused",
            "
try:
    http_post('http://refused.example/', 'never')
except RuntimeError as error:
    http_post(input['url'], 'instead', idempotent=True)
    return str(error)[:11]",
            &json!("not_allowed"),
        )
        .posting(&["instead"])
        .unsure(json!({"output": "outcome_unk"})),
        Specimen::new(
            "raises",
            "
http_post(input['url'], 'before', idempotent=True)
emit('crash.raised', {'n': 1})
raise ValueError('at the end')",
            &Value::Null,
        )
        .posting(&["before"])
        .failing("at the end"),
        Specimen::new(
            "everything",
            "
remember('last', 'a ' + str(random()))
emit('crash.begun', {'at': now()})
http_post(input['url'], recall('last'), idempotent=True)
answer = call_agent('poster', {'url': input['url'], 'label': 'b'})
sleep(20)
log('on it goes')
word = wait_for('word')
http_post(input['url'], 'c', idempotent=True)
emit('crash.ended', {'word': word})
return [answer, word]",
            &json!(["b", "word"]),
        )
        .calling(&[POSTER])
        .hearing(&[("word", Signals::Awaited)])
        .posting(&["a", "b", "c"]),
    ]
}
