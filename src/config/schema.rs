//! The JSON Schema of `backburn.toml`, for editors.

use serde_json::Value;

use super::Config;

/// What `schema --kind config` prints.
pub(crate) fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Config);
    schema.insert("title".into(), "backburn.toml".into());
    schema.to_value()
}
