//! The file `.env`.

use std::env;

use super::settings::TOKEN_SOURCES;

/// Reads `.env` into the environment, which takes precedence where both have a setting. Where the
/// environment configures a source of tokens, it is production's, and the file is not read.
pub(crate) fn read_env_file() {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !TOKEN_SOURCES.settings.iter().any(|setting| is_set(setting.name)) {
        // A missing file is no fault, and a faulty line shows in the settings that are missing.
        let _ = dotenvy::from_path(".env");
    }
}
