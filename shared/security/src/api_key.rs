//! API keys: `tdev_<environment>_<secret><checksum>`.
//!
//! The secret is 160 random bits in 32 characters of Crockford's base 32 (lower case); the
//! checksum is the CRC-32 of everything before it in 8 hexadecimal digits. The prefix lets a
//! secret scanner recognise a leaked key, and the checksum lets it, and the gateway, tell a
//! mistyped key from an unknown one without a look-up (the format GitHub uses for its tokens:
//! <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>).
//!
//! Only the SHA-256 of a key is stored. A fast hash is enough: 160 random bits cannot be guessed.

use std::fmt;
use std::str::FromStr;

use tdev_domain::KeyDigest;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SECRET_BYTES: usize = 20;
const SECRET_CHARS: usize = SECRET_BYTES * 8 / 5;
const CHECKSUM_CHARS: usize = 8;

/// A key as the client holds it. `Debug` shows no more than the prefix, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// Why a text is not an API key, or none could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It does not have the form of a key.
    #[error("not of the form tdev_<environment>_<40 characters>")]
    Malformed,
    /// It has the form, but was mistyped or cut off.
    #[error("the checksum does not match")]
    Checksum,
    /// The environment's name cannot be part of a key.
    #[error("an environment is 1 to 16 lower-case letters and digits")]
    Environment,
    /// The operating system gave no random bytes.
    #[error("the operating system's random source failed")]
    Random,
}

impl ApiKey {
    /// A new key for `environment` (`dev`, `staging`, `prod`, …).
    pub fn generate(environment: &str) -> Result<Self, ApiKeyError> {
        if !is_environment(environment) {
            return Err(ApiKeyError::Environment);
        }
        let mut secret = [0u8; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|_| ApiKeyError::Random)?;
        let mut key = format!("tdev_{environment}_{}", base32(&secret));
        let checksum = checksum(&key);
        key.push_str(&checksum);
        Ok(Self(key))
    }

    /// The key itself: to be shown once, and never logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of the key.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.0)
    }
}

fn is_environment(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

/// Five bits a character, the first bits first.
fn base32(bytes: &[u8; SECRET_BYTES]) -> String {
    let mut text = String::with_capacity(SECRET_CHARS);
    for chunk in bytes.chunks_exact(5) {
        let bits = chunk
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for shift in (0..8).rev() {
            text.push(char::from(ALPHABET[(bits >> (shift * 5) & 31) as usize]));
        }
    }
    text
}

impl FromStr for ApiKey {
    type Err = ApiKeyError;

    fn from_str(text: &str) -> Result<Self, ApiKeyError> {
        let rest = text.strip_prefix("tdev_").ok_or(ApiKeyError::Malformed)?;
        let (environment, tail) = rest.split_once('_').ok_or(ApiKeyError::Malformed)?;
        let well_formed = is_environment(environment)
            && tail.len() == SECRET_CHARS + CHECKSUM_CHARS
            && tail.is_ascii();
        if !well_formed {
            return Err(ApiKeyError::Malformed);
        }
        let (body, checksum) = text.split_at(text.len() - CHECKSUM_CHARS);
        if self::checksum(body) != checksum {
            return Err(ApiKeyError::Checksum);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(tdev_…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_generated_key_has_the_form_and_parses() {
        let key = ApiKey::generate("dev").unwrap();
        assert!(key.expose().starts_with("tdev_dev_"));
        assert_eq!(key.expose().len(), "tdev_dev_".len() + 40);
        assert_eq!(key.expose().parse::<ApiKey>().unwrap(), key);
    }

    #[test]
    fn keys_differ() {
        assert_ne!(
            ApiKey::generate("dev").unwrap(),
            ApiKey::generate("dev").unwrap()
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = ApiKey::generate("dev").unwrap();
        let shown = format!("{key:?}");
        assert!(!shown.contains(&key.expose()[9..]), "{shown}");
    }

    #[test]
    fn environments_are_checked() {
        for bad in ["", "Dev", "a_b", "x".repeat(17).as_str()] {
            assert_eq!(ApiKey::generate(bad).unwrap_err(), ApiKeyError::Environment);
        }
    }

    #[test]
    fn base_32_is_positional() {
        assert_eq!(base32(&[0; 20]), "0".repeat(32));
        assert_eq!(base32(&[255; 20]), "z".repeat(32));
        let mut one = [0; 20];
        one[19] = 1;
        assert_eq!(base32(&one), format!("{}1", "0".repeat(31)));
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_noticed(place in 9usize..49, other in "[0-9a-z]") {
            let key = ApiKey::generate("dev").unwrap();
            let mut text = key.expose().to_owned();
            prop_assume!(text[place..=place] != other);
            text.replace_range(place..=place, &other);
            prop_assert_eq!(text.parse::<ApiKey>().unwrap_err(), ApiKeyError::Checksum);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<ApiKey>();
            let _ = format!("tdev_{text}").parse::<ApiKey>();
        }
    }
}
