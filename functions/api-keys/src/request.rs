//! What the function is asked and what it answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{ApiKeyId, Invalid, TenantId};

/// A request, told apart by its `action`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Request {
    /// Make a key.
    Issue(Issue),
    /// List a tenant's keys.
    List(List),
    /// Take a key back.
    Revoke(Revoke),
}

/// Make a key. Asked twice, two keys are made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// Whom the key speaks for.
    pub tenant: TenantId,
    /// What its holder calls it.
    pub label: Label,
    /// How the key reaches its holder.
    #[serde(default)]
    pub deliver: Delivery,
}

/// How a key reaches its holder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It is in the answer, once.
    #[default]
    Response,
    /// It is put into Secrets Manager; the answer names the secret.
    Secret,
}

/// List a tenant's keys, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Whose keys.
    pub tenant: TenantId,
    /// Where to go on: the `next` of the page before.
    #[serde(default)]
    pub after: Option<String>,
    /// The most keys to return, 1 to 1,000.
    #[serde(default = "default_limit")]
    pub limit: u32,
}

const fn default_limit() -> u32 {
    100
}

/// Take a key back, at once and for good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Whose key.
    pub tenant: TenantId,
    /// Which key.
    pub id: ApiKeyId,
}

/// What the holder of a key calls it: 1 to 100 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Label(String);

impl TryFrom<String> for Label {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let fits = (1..=100).contains(&text.chars().count());
        if fits && !text.trim().is_empty() && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "label",
                "1 to 100 characters, none of them a control character",
            ))
        }
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

/// The answer to a [`Request`]. It may hold a key, and is therefore not `Debug`.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Response {
    /// A key was made; this is the only time it is shown.
    Issued {
        /// The key's public identifier.
        id: ApiKeyId,
        /// Whom it speaks for.
        tenant: TenantId,
        /// What its holder calls it.
        label: String,
        /// The key.
        key: String,
    },
    /// A key was made and put into Secrets Manager.
    Stored {
        /// The key's public identifier.
        id: ApiKeyId,
        /// Whom it speaks for.
        tenant: TenantId,
        /// What its holder calls it.
        label: String,
        /// The name of the secret that holds it.
        secret: String,
    },
    /// A tenant's keys.
    Keys {
        /// The keys, the oldest first.
        keys: Vec<Listed>,
        /// Where the next page starts; `null` on the last.
        next: Option<String>,
    },
    /// What became of a key that was to be taken back.
    Revoked {
        /// `false` if the tenant has no such key.
        revoked: bool,
    },
}

/// One key of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The key's public identifier.
    pub id: ApiKeyId,
    /// What its holder calls it.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_printable() {
        for good in ["a", "CI, été 2026", &"é".repeat(100)] {
            assert!(Label::try_from(good.to_owned()).is_ok(), "{good:?}");
        }
        for bad in ["", " ", "a\nb", &"a".repeat(101)] {
            assert!(Label::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
