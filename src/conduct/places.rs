//! Where this user's own files are, by the XDG Base Directory Specification
//! (<https://specifications.freedesktop.org/basedir-spec/latest/>). Nothing of it is in a working folder: whoever
//! can write there must not decide what this user's program does.

use std::path::PathBuf;

/// `$XDG_STATE_HOME/backburn`, by default `~/.local/state/backburn`: the home unless another is named, and in any
/// case the key. None where the system knows no home directory of this user.
pub fn state() -> Option<PathBuf> {
    own("XDG_STATE_HOME", ".local/state")
}

/// `$XDG_CACHE_HOME/backburn`, by default `~/.cache/backburn`: what can be installed again.
pub(super) fn cache() -> Option<PathBuf> {
    own("XDG_CACHE_HOME", ".cache")
}

/// A relative path in the variable is ignored, as the specification wants it.
fn own(variable: &str, default: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|home| home.is_absolute());
    let base = named.or_else(|| Some(home()?.join(default)))?;
    Some(base.join("backburn"))
}
