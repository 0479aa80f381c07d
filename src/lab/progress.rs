//! How the lab reports to its caller what it does. It owns no terminal: the caller prints, or does not.

/// Receives what the lab is doing, in plain sentences without a trailing period.
pub trait Progress: Send + Sync {
    /// One thing that is being done or was done.
    fn say(&self, text: &str);

    /// `done` of `total` units of `label` are finished. The same label is reported again as it grows.
    fn bar(&self, label: &str, done: u64, total: u64);
}

/// Reports nothing.
pub struct Silent;

impl Progress for Silent {
    fn say(&self, _: &str) {}
    fn bar(&self, _: &str, _: u64, _: u64) {}
}
