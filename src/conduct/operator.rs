//! Who runs the program, as its records name them and as the system shows them. What AWS says of them is `identity`'s.

use crate::journal::SystemUser;

/// By `BACKBURN_OPERATOR`, or the user of the system. A claim: anybody can set it.
pub(crate) fn operator() -> String {
    named(|name| std::env::var(name).ok(), system_user())
}

/// Cron, systemd and containers often set none of these variables: then it is what the system knows.
fn named(variable: impl Fn(&str) -> Option<String>, user: Option<SystemUser>) -> String {
    ["BACKBURN_OPERATOR", "USER", "USERNAME", "LOGNAME"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        .or_else(|| user.map(|user| user.name.unwrap_or_else(|| format!("uid {}", user.uid))))
        .unwrap_or_else(|| "unknown".into())
}

/// The user whom this process belongs to.
pub(super) fn system_user() -> Option<SystemUser> {
    #[cfg(unix)]
    {
        let uid = rustix::process::getuid().as_raw();
        let name = uzers::get_user_by_uid(uid);
        let name = name.map(|user| user.name().to_string_lossy().into_owned());
        // https://man7.org/linux/man-pages/man5/proc_pid_loginuid.5.html: all ones where nobody logged in.
        let login = std::fs::read_to_string("/proc/self/loginuid").ok();
        let login = login.and_then(|text| text.trim().parse().ok()).filter(|id| *id != u32::MAX);
        Some(SystemUser { uid, name, login })
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_variable_the_system_says_who_it_is() {
        let user = |name: Option<&str>| {
            Some(SystemUser { uid: 1001, name: name.map(str::to_owned), login: None })
        };
        let only = |set: &'static str| move |name: &str| (name == set).then(|| "anna".to_owned());
        assert_eq!(named(only("BACKBURN_OPERATOR"), user(Some("ben"))), "anna");
        assert_eq!(named(only("LOGNAME"), user(Some("ben"))), "anna");
        assert_eq!(named(|_| None, user(Some("ben"))), "ben");
        assert_eq!(named(|_| Some(String::new()), user(Some("ben"))), "ben");
        assert_eq!(named(|_| None, user(None)), "uid 1001");
        assert_eq!(named(|_| None, None), "unknown");
    }
}
