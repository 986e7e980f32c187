//! Who is calling, and whether they may.
//!
//! [`ApiKey`] is the secret a client holds; a [`KeyRecord`] is what the platform keeps of it. A
//! request is authenticated by looking up the record of the key's digest, which yields a
//! [`Principal`]; [`authorize`] is the one place that decides what a principal may do.
//!
//! [`KeyRecord`]: tdev_domain::KeyRecord

mod api_key;
mod authorize;

pub use api_key::{ApiKey, ApiKeyError};
pub use authorize::{Action, Denied, Principal, authorize};
