//! Who may see the page: the token of the printed link, which works once, and the session that it is
//! exchanged for. Owns their making and comparison; they are written nowhere else.

use std::{
    fmt::Write,
    sync::atomic::{AtomicBool, Ordering},
};

use subtle::ConstantTimeEq;

/// 256 random bits, in hex. It has no `Debug` and no `Display`, so that no log can have it.
pub(super) struct Secret(String);

impl Secret {
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let mut hex = String::with_capacity(64);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Ok(Self(hex))
    }

    /// Takes as long wherever the first difference is.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// The value, for the one place that needs it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Open,
    Wrong,
    /// It was the right one, and somebody has used it already.
    Used,
}

/// The secrets of one server.
pub(super) struct Gate {
    token: Secret,
    used: AtomicBool,
    session: Secret,
    /// Goes with each request that changes something.
    csrf: Secret,
    /// The folder of the page. Cookies know no port: by its path the session's cookie goes to no other
    /// server on this machine.
    folder: Secret,
}

/// Name of the session's cookie.
const COOKIE: &str = "backburn";

impl Gate {
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self {
            token: Secret::new()?,
            used: AtomicBool::new(false),
            session: Secret::new()?,
            csrf: Secret::new()?,
            folder: Secret::new()?,
        })
    }

    /// Part of the printed link, and of nothing else.
    pub(super) fn token(&self) -> &str {
        self.token.reveal()
    }

    /// Uses the link up.
    pub(super) fn enter(&self, token: &str) -> Entry {
        if !self.token.is(token) {
            return Entry::Wrong;
        }
        match self.used.swap(true, Ordering::SeqCst) {
            true => Entry::Used,
            false => Entry::Open,
        }
    }

    pub(super) fn place(&self) -> String {
        format!("/{}/", self.folder.reveal())
    }

    pub(super) fn is_place(&self, folder: &str) -> bool {
        self.folder.is(folder)
    }

    /// The header that hands out the session.
    pub(super) fn cookie(&self) -> String {
        let (session, place) = (self.session.reveal(), self.place());
        format!("{COOKIE}={session}; Path={place}; HttpOnly; SameSite=Strict")
    }

    /// Whether one of the cookies is the session's. Others may have set one of the same name.
    pub(super) fn knows<'a>(&self, cookies: impl Iterator<Item = &'a str>) -> bool {
        // Nobody has a session before the link was used.
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        });
        let found = pairs.fold(false, |found, value| self.session.is(value) | found);
        found && self.used.load(Ordering::SeqCst)
    }

    pub(super) fn csrf(&self) -> &str {
        self.csrf.reveal()
    }

    pub(super) fn is_csrf(&self, given: &str) -> bool {
        self.csrf.is(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_once_and_a_wrong_one_does_not_use_it_up() {
        let gate = Gate::new().expect("random numbers");
        let session = gate.cookie();
        let cookie = session.split(';').next().expect("a pair");
        assert!(!gate.knows(std::iter::once(cookie)), "nobody has a session yet");
        for wrong in ["", "0", &"0".repeat(64), &gate.token()[..63], &format!("{}0", gate.token())]
        {
            assert_eq!(gate.enter(wrong), Entry::Wrong);
        }
        assert_eq!(gate.enter(gate.token()), Entry::Open);
        assert_eq!(gate.enter(gate.token()), Entry::Used);
        assert!(gate.knows(std::iter::once(cookie)));
        assert!(gate.knows(["a=b", &format!("backburn=0; {cookie}; c=d")].into_iter()));
        assert!(!gate.knows(["", "backburn=", "backburn", "x=1"].into_iter()));
    }

    #[test]
    fn secrets_are_256_bits_and_differ() {
        let gate = Gate::new().expect("random numbers");
        let all = [&gate.token, &gate.session, &gate.csrf, &gate.folder];
        assert!(all.iter().all(|one| one.reveal().len() == 64));
        let unique: std::collections::BTreeSet<_> = all.iter().map(|one| one.reveal()).collect();
        assert_eq!(unique.len(), 4);
        assert!(gate.cookie().contains("; HttpOnly; SameSite=Strict"));
    }
}
