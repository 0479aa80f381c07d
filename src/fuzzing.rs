//! What the fuzz targets reach and nobody else should: readers that are private otherwise.

use std::path::Path;

/// What a `backburn.toml` means, with its mistakes. `name` is how messages call the file.
pub fn config(name: &Path, text: &str) -> crate::config::Checked {
    crate::config::parse(name, text)
}
