//! The first command of README, as a newcomer types it.

use crate::binary::Desk;

/// Everything is proven, the stolen credentials are refused while it is contained, and the account ends as it began.
#[test]
fn what_the_instance_lost_is_refused_until_release() {
    let desk = Desk::new();
    let mut command = desk.command(&["demo", "--release", "--down", "--port", "0"]);
    // The demo takes its own lab, whatever else is set.
    command.env("BACKBURN_CACHE", crate::support::cache());
    let done = command.output().expect("it starts");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(done.status.code(), Some(0), "{out}\n{err}");
    for verdict in ["proven  isolate ", "proven  revoke-role "] {
        assert!(out.contains(verdict), "{out}");
    }
    assert!(!out.contains("presumed"), "{out}");
    for call in ["ssm:GetParameters\n", "ssm:GetParametersByPath\n", "s3:GetObject\n"] {
        assert!(err.contains(&format!("answered before, refused now: {call}")), "{call}: {err}");
    }
    assert!(!err.contains("\\x0a"), "{err}");
    // In the session that the instance was handed: it has the instance's name.
    assert!(err.contains(":assumed-role/") && err.contains("/i-"), "{err}");
    assert!(err.contains("with an explicit deny in an identity-based policy"), "{err}");
    assert!(err.contains("the role's calls are answered again"), "{err}");
    assert!(out.contains("the account is as before"), "{out}");
}
