//! The environment of the function.

use tdev_lambda::env::Env;

/// What the function is configured with. Every variable is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `ARTIFACTS_BUCKET`: where the agents' bytes are.
    pub bucket: String,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        Some(Self {
            bucket: env.var("ARTIFACTS_BUCKET")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_required() {
        let config = Env::of([("ARTIFACTS_BUCKET", "artifacts")]).load(Config::read);
        assert_eq!(config.unwrap().bucket, "artifacts");
        assert!(Env::of([]).load(Config::read).is_err());
    }
}
