//! Who runs the program, as its records name them.

/// By `BACKBURN_OPERATOR`, or the user of the system.
pub fn operator() -> String {
    let name = ["BACKBURN_OPERATOR", "USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    name.unwrap_or_else(|| "unknown".into())
}
