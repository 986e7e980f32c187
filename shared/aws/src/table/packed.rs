//! JSON as a record keeps it: compressed.
//!
//! A record is paid for by the kilobyte at every write, and most of a small one is the same in all
//! of them: names of fields, states, the beginnings of identifiers. So it is compressed against
//! a [`Sample`], which both sides know.

use std::io::Read;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::item::Item;
use crate::{Error, Result};

/// What records look like. **What is stored can be read with exactly this text only**: a better one
/// needs another name for the attribute.
const TYPICAL: &[u8] = br#"{"here":[{"number":1,"call":{"tool":"remember","args":{"key":"","value":"recall","default":null,"event":"emit","detail":{"url":"http_get","headers":null,"body":null,"message":"log","fields":{}},"seconds":"sleep","signal":"wait_for","timeout":null,"name":"call_agent","input":{}}},"class":"recorded","answer":{"value":null},"begun_at":"2026-12-31T00:00:00.000000000Z","ended_at":"2026-12-31T00:00:00.000000000Z"}]}{"id":"task_019b0000000070008000000000000000","tenant":"default","text":"","input":{"text":""},"priority":5,"virtual_deadline":1790000000000000,"turn":0,"status":{"name":"completed","invocation":"inv_019b0000000070008000000000000000"},"attempts":[{"agent":"","version":1,"invocation":"inv_019b0000000070008000000000000000","started_at":"2026-12-31T00:00:00.000000000Z","ended_at":"2026-12-31T00:00:00.000000000Z"}],"decision":{"chosen":"","reason":"best_score","strategy":"best_score","confidence":0.9,"scope":{"probability":0.9,"threshold":0.5},"rules":[],"candidates":[{"agent":"","score":0.8,"fit":0.9,"success":0.8,"load":1.0},{"agent":"","score":0.1,"fit":0.0,"success":0.8,"load":1.0}],"removed":[{"agent":"","fit":0.0,"filter":"capability"}],"omitted":1},"revision":2,"due_at":"2026-12-31T00:00:00.000000000Z","created_at":"2026-12-31T00:00:00.000000000Z","updated_at":"2026-12-31T00:00:00.000000000Z"}{"content":{"id":"inv_019b0000000070008000000000000000","tenant":"default","callee":{"agent":"","version":1,"artifact":"","tools":["log","now","random","sleep","wait_for","call_agent","remember","recall","forget","emit","http_get","http_post","llm"],"limits":{"wall_time_ms":5000,"memory_bytes":67108864}},"input":{"text":""},"status":{"name":"running","lease_until":"2026-12-31T00:00:00.000000000Z"},"status":{"name":"suspended","wait":{"for":"time","until":""}},"status":{"name":"failed","failure":{"cause":"agent","kind":"raised","message":""}},"status":{"name":"completed","output":{}},"pending":{"number":1,"call":{"tool":"emit","args":{}},"class":"idempotent","stage":"intended","begun_at":"2026-12-31T00:00:00.000000000Z"},"snapshot":{"inline":[]},"status":{"name":"queued"},"pending":null,"snapshot":null,"next_effect":1,"first_effect":1,"signals":[],"parent":null,"task":"task_019b0000000070008000000000000000","task":null,"depth":0,"children":0,"budget":1024,"report":{"logs":[],"compile_us":0,"run_us":0},"cancel_requested":false,"token":1,"stalls":1,"revision":2,"due_at":"2026-12-31T00:00:00.000000000Z","due_at":null,"created_at":"2026-12-31T00:00:00.000000000Z","updated_at":"2026-12-31T00:00:00.000000000Z"}}"#;

/// What runs and their steps look like, under the same rule.
const TYPICAL_OF_RUNS: &[u8] = br#"{"content":{"id":"run_019b0000000070008000000000000000","tenant":"default","workflow":"","version":1,"definition":"","steps":10,"input":{"text":""},"status":{"name":"stopping","because":{"cause":"step_failed","step":"","error":{"kind":"agent_failed","message":""}}},"status":{"name":"completed","output":{}},"status":{"name":"running"},"parent":{"run":"run_019b0000000070008000000000000000","place":"0","part":"work","number":1},"parent":null,"depth":0,"deadline":"2026-12-31T00:00:00.000000000Z","resumed":0,"task_token":"","task_token":null,"revision":1,"due_at":"2026-12-31T00:00:00.000000000Z","created_at":"2026-12-31T00:00:00.000000000Z","updated_at":"2026-12-31T00:00:00.000000000Z"}}{"content":{"place":"12","id":"","state":{"name":"awaiting_approval","message":"","until":"2026-12-31T00:00:00.000000000Z"},"state":{"name":"waiting","until":"2026-12-31T00:00:00.000000000Z"},"state":{"name":"paused","until":""},"state":{"name":"skipped","reason":"its condition does not hold"},"state":{"name":"failed","error":{"kind":"timed_out","message":""}},"tries":[{"number":1,"work":{"by":"task","task":"task_019b0000000070008000000000000000"},"started_at":"2026-12-31T00:00:00.000000000Z","ended_at":null,"error":null}],"work":{"by":"map","items":100,"lanes":10},"work":{"by":"run","run":"run_019b0000000070008000000000000000"},"error":{"kind":"agent_failed","message":""}}],"compensation":{"name":"running","number":1},"compensation":{"name":"done"},"beside":{"/state/output":"","/input":""},"state":{"name":"running"},"tries":[],"state":{"name":"completed","output":{},"cached":false},"tries":[{"number":1,"work":{"by":"agent","agent":"","version":1,"invocation":"inv_019b0000000070008000000000000000"},"started_at":"2026-12-31T00:00:00.000000000Z","ended_at":"2026-12-31T00:00:00.000000000Z","error":null}],"forgiven":0,"compensation":null,"revision":1,"due_at":"2026-12-31T00:00:00.000000000Z","due_at":null,"started_at":"2026-12-31T00:00:00.000000000Z","ended_at":null}}"#;

/// zstd's own choice.
const LEVEL: i32 = 3;

/// The most bytes that are read back, so that a damaged record cannot fill the memory.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Of which kind a record is, which says what it is compressed against. One kind is always read as
/// it was written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sample {
    /// Invocations, their ledgers, tasks.
    Invocations,
    /// Runs and their steps.
    Runs,
}

impl Sample {
    const fn text(self) -> &'static [u8] {
        match self {
            Self::Invocations => TYPICAL,
            Self::Runs => TYPICAL_OF_RUNS,
        }
    }

    /// The attribute that keeps `value`.
    pub(super) fn pack(
        self,
        operation: &'static str,
        value: &impl Serialize,
    ) -> Result<AttributeValue> {
        let json = serde_json::to_vec(value).map_err(|e| Error::rejected(operation, e))?;
        let compressed = zstd::bulk::Compressor::with_dictionary(LEVEL, self.text())
            .and_then(|mut compressor| compressor.compress(&json))
            .map_err(|e| Error::rejected(operation, e))?;
        Ok(AttributeValue::B(Blob::new(compressed)))
    }

    /// What the attribute `name` keeps.
    pub(super) fn unpack<T: DeserializeOwned>(
        self,
        operation: &'static str,
        item: &Item,
        name: &'static str,
    ) -> Result<T> {
        let Some(AttributeValue::B(compressed)) = item.get(name) else {
            return Err(Error::corrupt(operation, format!("{name} is not bytes")));
        };
        let mut json = Vec::new();
        zstd::stream::Decoder::with_dictionary(compressed.as_ref(), self.text())
            .and_then(|decoder| decoder.take(MAX_BYTES).read_to_end(&mut json))
            .map_err(|e| Error::corrupt(operation, e))?;
        serde_json::from_slice(&json).map_err(|e| Error::corrupt(operation, e))
    }
}

/// The attribute that keeps `value`, which is of [`Sample::Invocations`].
pub(super) fn pack(operation: &'static str, value: &impl Serialize) -> Result<AttributeValue> {
    Sample::Invocations.pack(operation, value)
}

/// What the attribute `name` keeps, which is of [`Sample::Invocations`].
pub(super) fn unpack<T: DeserializeOwned>(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<T> {
    Sample::Invocations.unpack(operation, item, name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn stored(value: &Value) -> Item {
        Item::from([("body".to_owned(), pack("test", value).unwrap())])
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(text in ".*", n in any::<u64>(), x in any::<f64>()) {
            let value = json!({"text": text, "n": n, "x": [x, -0.0, 1e200, 1.0]});
            let found: Value = unpack("test", &stored(&value), "body").unwrap();
            prop_assert_eq!(found.to_string(), value.to_string());
        }
    }

    #[test]
    fn a_typical_record_becomes_small() {
        let record = json!({"id": "task_0199aa00000070008000000000000001", "tenant": "acme",
            "status": {"name": "queued"}, "attempts": [], "cancel_requested": false,
            "created_at": "2026-01-02T03:04:05.678901234Z",
            "updated_at": "2026-01-02T03:04:05.678901234Z"});
        let Some(AttributeValue::B(bytes)) = stored(&record).remove("body") else {
            panic!("not bytes")
        };
        assert!(bytes.as_ref().len() * 2 < record.to_string().len());
    }

    #[test]
    fn what_is_damaged_is_corrupt() {
        let good = stored(&json!({"text": "x".repeat(100)}));
        let mut cases = vec![good.clone(), good.clone(), good];
        cases[0].insert("body".to_owned(), AttributeValue::B(Blob::new("{}")));
        cases[1].insert("body".to_owned(), AttributeValue::S("{}".to_owned()));
        cases[2].remove("body");
        for item in cases {
            let error = unpack::<Value>("test", &item, "body").unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
        }
    }
}
