//! Identifiers, each a type of its own, valid by construction.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{AttemptKey, EffectKey, Invalid, StepTry};

/// Declares a string newtype whose `FromStr` is its only way in.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $field:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "std::borrow::Cow<'_, str>", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Invalid;

            fn from_str(text: &str) -> Result<Self, $crate::Invalid> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::Invalid::new($field, $expected))
                }
            }
        }

        impl TryFrom<std::borrow::Cow<'_, str>> for $name {
            type Error = $crate::Invalid;

            fn try_from(text: std::borrow::Cow<'_, str>) -> Result<Self, $crate::Invalid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text_id;

/// Lower-case words joined by single separators: `a`, `csv-summary`, `text.statistics`.
pub(crate) fn is_slug(text: &str, separators: &[char], max: usize) -> bool {
    text.len() <= max
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split(separators).all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn is_sha_256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn sha_256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The 32 digits of an identifier that is given by what it is made for.
pub(crate) fn digits_of(cause: &impl fmt::Display) -> String {
    let mut digits = sha_256(cause.to_string().as_bytes());
    digits.truncate(32);
    digits
}

pub(crate) fn is_prefixed_uuid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 32 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

text_id! {
    /// The owner of agents, keys, budgets and data.
    TenantId, "tenant",
    "2 to 32 characters: lower-case letters and digits, in words joined by '-', starting with a letter",
    |text| text.len() >= 2 && is_slug(text, &['-'], 32)
}

text_id! {
    /// An agent's name, unique within its tenant.
    AgentName, "name",
    "1 to 63 characters: lower-case letters and digits, in words joined by '-', starting with a letter",
    |text| is_slug(text, &['-'], 63)
}

text_id! {
    /// Something an agent can do, as a dotted path from the general to the particular:
    /// `text.statistics`.
    Capability, "capability",
    "1 to 64 characters: lower-case letters and digits, in words joined by '.' or '-', starting with a letter",
    |text| is_slug(text, &['.', '-'], 64)
}

text_id! {
    /// A registration: `reg_` and 32 hexadecimal digits, ordered by time of creation.
    RegistrationId, "registration",
    "reg_ followed by 32 hexadecimal digits",
    |text| is_prefixed_uuid(text, "reg_")
}

text_id! {
    /// An invocation: `inv_` and 32 hexadecimal digits.
    InvocationId, "invocation",
    "inv_ followed by 32 hexadecimal digits",
    |text| is_prefixed_uuid(text, "inv_")
}

text_id! {
    /// A task: `task_` and 32 hexadecimal digits, ordered by time of creation.
    TaskId, "task",
    "task_ followed by 32 hexadecimal digits",
    |text| is_prefixed_uuid(text, "task_")
}

text_id! {
    /// An API key's public identifier: `key_` and 32 hexadecimal digits. Not a secret.
    ApiKeyId, "api_key",
    "key_ followed by 32 hexadecimal digits",
    |text| is_prefixed_uuid(text, "key_")
}

text_id! {
    /// The SHA-256 of an artifact's bytes, in lower-case hexadecimal.
    ArtifactDigest, "artifact",
    "64 lower-case hexadecimal digits",
    is_sha_256
}

text_id! {
    /// The SHA-256 of an API key, in lower-case hexadecimal: what is stored and looked up.
    KeyDigest, "key_digest",
    "64 lower-case hexadecimal digits",
    is_sha_256
}

/// A call of the API: what a request that is made again under the same `Idempotency-Key` has in
/// common with the first. What a call makes is named after it, so that whoever serves it again
/// finds what there is already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(Uuid);

impl CallId {
    /// A new one; what later ones make sorts after what earlier ones do.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl RegistrationId {
    /// The identifier of the registration that `call` makes: always the same one.
    #[must_use]
    pub fn made_by(call: CallId) -> Self {
        Self(format!("reg_{call}"))
    }

    /// A new identifier; later ones sort after earlier ones.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("reg_{}", Uuid::now_v7().simple()))
    }

    /// The identifier of these 32 digits.
    pub(crate) fn of_digits(digits: &str) -> Self {
        Self(format!("reg_{digits}"))
    }
}

impl InvocationId {
    /// The identifier of the invocation that `call` makes: always the same one.
    #[must_use]
    pub fn made_by(call: CallId) -> Self {
        Self(format!("inv_{call}"))
    }

    /// A new identifier; later ones sort after earlier ones.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("inv_{}", Uuid::now_v7().simple()))
    }

    /// The identifier of the invocation that `caller` starts: always the same one.
    #[must_use]
    pub fn called_by(caller: &EffectKey) -> Self {
        Self(format!("inv_{}", digits_of(caller)))
    }

    /// The identifier of the invocation that runs for `attempt`: always the same one.
    #[must_use]
    pub fn attempted_by(attempt: &AttemptKey) -> Self {
        Self(format!("inv_{}", digits_of(attempt)))
    }

    /// The identifier of the invocation that runs for a try of a step: always the same one.
    #[must_use]
    pub fn started_by(step: &StepTry) -> Self {
        Self(format!("inv_{}", digits_of(step)))
    }
}

impl TaskId {
    /// The identifier of the task that `call` makes: always the same one.
    #[must_use]
    pub fn made_by(call: CallId) -> Self {
        Self(format!("task_{call}"))
    }

    /// A new identifier; later ones sort after earlier ones.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("task_{}", Uuid::now_v7().simple()))
    }

    /// The identifier of the task that is sent for a try of a step: always the same one.
    #[must_use]
    pub fn started_by(step: &StepTry) -> Self {
        Self(format!("task_{}", digits_of(step)))
    }
}

impl ApiKeyId {
    /// A new identifier; later ones sort after earlier ones.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("key_{}", Uuid::now_v7().simple()))
    }
}

impl ArtifactDigest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha_256(bytes))
    }
}

impl KeyDigest {
    /// The digest of a key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(sha_256(key.as_bytes()))
    }
}

/// A version of an agent: 1, 2, 3 … in the order of admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(NonZeroU32);

impl VersionNumber {
    /// The first version of every agent.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl TryFrom<u32> for VersionNumber {
    type Error = Invalid;

    fn try_from(number: u32) -> Result<Self, Invalid> {
        NonZeroU32::new(number)
            .map(Self)
            .ok_or_else(|| Invalid::new("version", "a whole number from 1"))
    }
}

impl FromStr for VersionNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse::<u32>()
            .map_err(|_| Invalid::new("version", "a whole number from 1"))
            .and_then(Self::try_from)
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_slugs() {
        for good in ["a", "csv-summary", "a1-b2-c3", &"a".repeat(63)] {
            assert_eq!(good.parse::<AgentName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "1a",
            "a_b",
            "a.b",
            "ä",
            "a b",
            "a\n",
            &"a".repeat(64),
        ] {
            assert_eq!(
                bad.parse::<AgentName>().unwrap_err().field,
                "name",
                "{bad:?}"
            );
        }
    }

    #[test]
    fn capabilities_may_be_dotted() {
        assert!("text.statistics.word-count".parse::<Capability>().is_ok());
        assert!("text..statistics".parse::<Capability>().is_err());
    }

    #[test]
    fn deserialising_validates() {
        assert!(serde_json::from_str::<TenantId>(r#""acme""#).is_ok());
        let error = serde_json::from_str::<TenantId>(r#""ACME""#)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("tenant: expected 2 to 32 characters"),
            "{error}"
        );
    }

    #[test]
    fn versions_start_at_one() {
        assert!("0".parse::<VersionNumber>().is_err());
        assert!(serde_json::from_str::<VersionNumber>("0").is_err());
        assert_eq!(VersionNumber::FIRST.next().get(), 2);
    }

    #[test]
    fn digest_is_sha_256() {
        assert_eq!(
            ArtifactDigest::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn generated_ids_parse_and_sort_by_time() {
        let ids: Vec<_> = (0..100).map(|_| RegistrationId::generate()).collect();
        assert!(ids.is_sorted());
        for id in ids {
            assert_eq!(id.as_str().parse::<RegistrationId>().unwrap(), id);
        }
    }

    #[test]
    fn what_a_call_makes_is_named_after_it() {
        let calls: Vec<_> = (0..100).map(|_| CallId::generate()).collect();
        let ids: Vec<_> = calls.iter().map(|call| TaskId::made_by(*call)).collect();
        assert!(ids.is_sorted());
        let call = calls[0];
        assert_eq!(ids[0], TaskId::made_by(call));
        assert_eq!(ids[0].as_str().parse(), Ok(TaskId::made_by(call)));
        for (id, prefix) in [
            (InvocationId::made_by(call).to_string(), "inv_"),
            (RegistrationId::made_by(call).to_string(), "reg_"),
        ] {
            assert_eq!(
                id.strip_prefix(prefix),
                ids[0].as_str().strip_prefix("task_")
            );
        }
        let text = serde_json::to_string(&call).unwrap();
        assert_eq!(serde_json::from_str::<CallId>(&text).unwrap(), call);
    }

    #[test]
    fn an_effect_calls_one_invocation() {
        let key = |number| EffectKey {
            invocation: "inv_00000000000000000000000000000001".parse().unwrap(),
            number,
        };
        let called = InvocationId::called_by(&key(1));
        assert_eq!(called, InvocationId::called_by(&key(1)));
        assert_ne!(called, InvocationId::called_by(&key(2)));
        assert_eq!(called.as_str().parse(), Ok(called));
    }

    proptest! {
        #[test]
        fn what_parses_survives_json(text in "[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}") {
            let name: AgentName = text.parse().unwrap();
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<AgentName>(&json).unwrap(), name);
        }
    }
}
