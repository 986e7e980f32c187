//! Records that are stored as one JSON text.
//!
//! A number attribute of DynamoDB has at most 38 digits and a magnitude below 10^126
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>), which a
//! loss may exceed; and what a tenant gave is to come back as it was.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A record, and the revision that its next write is conditional on.
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: DeserializeOwned"))]
pub(super) struct Text<T> {
    pub(super) revision: u64,
    #[serde(serialize_with = "serialize", deserialize_with = "deserialize")]
    pub(super) body: T,
}

fn serialize<T: Serialize, S: Serializer>(body: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let text = serde_json::to_string(body).map_err(S::Error::custom)?;
    serializer.serialize_str(&text)
}

fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}
