//! Past drills, as the program leaves them: a signed journal and a scorecard. Owns how they are made without a lab.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use backburn::journal::{self, Head, Journal, Known, Origins, Record, RunDir, Scope, Seal, Who};
use serde_json::{Value, json};

use crate::binary::{Desk, wait_for};

/// No lab: nothing that these commands do needs an account.
pub(super) fn alone() -> Desk {
    Desk::at("http://127.0.0.1:1", "000000000000")
}

/// A run of this desk that was a drill.
pub(super) struct Past<'a> {
    pub desk: &'a Desk,
    pub run: &'a str,
}

impl Past<'_> {
    pub(super) fn path(&self) -> PathBuf {
        self.desk.path("home").join("runs").join(self.run)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.path().join("drill.json")
    }

    /// The key of this desk's user, made where there is none.
    fn seal(&self) -> Seal {
        let folder = self.desk.path(".local/state/backburn");
        journal::create_private_dirs(&folder).expect("made");
        let path = folder.join("key");
        if !path.exists() {
            fs::write(&path, rand(&self.desk.path(""))).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        }
        let key = fs::read(&path).expect("a key").try_into().expect("32 bytes");
        Seal::new(key, folder.join("heads"))
    }

    /// Appends records as this user's program does.
    pub(super) fn journal(&self, records: &[Record]) {
        let path = self.path().join(RunDir::JOURNAL);
        let head =
            if path.exists() { journal::read(&path).expect("read").head } else { Head::default() };
        let seal = Some((self.seal(), self.run.to_owned()));
        let known = Known { head, origins: Origins::default(), ledger: None, seal };
        let journal = Journal::append_knowing(&path, known, Vec::new().into(), None);
        let journal = journal.expect("a journal");
        wait_for(async {
            for record in records {
                journal.append(record.clone()).await.expect("appended");
            }
        });
    }

    /// A drill as an earlier version left it: its journal knows nothing of its scorecard.
    pub(super) fn begun(&self) {
        RunDir::create(&self.desk.path("home"), self.run).expect("made");
        let scope = Scope {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            principal: "p".into(),
        };
        let started = Record::RunStarted {
            format: journal::FORMAT,
            program: "test".into(),
            run: self.run.into(),
            playbook: "iam-key-leak".into(),
            drill: Some("leaked-key".into()),
            playbook_sha256: "a".into(),
            plan_sha256: "b".into(),
            inputs_sha256: None,
            scope,
            endpoint: None,
            lab: None,
            operator: "tester".into(),
            who: Who::default(),
            clock: None,
        };
        self.journal(&[started]);
    }

    /// The scorecard, not saved yet.
    pub(super) fn card(&self, started: &str, outcome: &str, detection: &Value) -> String {
        let guard = json!({ "part": "guard", "name": "may run here", "outcome": "pass" });
        json!({ "simulation": "leaked-key", "title": "A leaked access key is used",
            "version": "1.0.0", "hypothesis": "It is seen.", "attack": ["T1078.004"], "run": self.run,
            "account": "123456789012", "region": "us-east-1", "endpoint": null, "started": started,
            "outcome": outcome, "objectives": [guard, detection] })
        .to_string()
    }

    /// Saves a scorecard, and journals that.
    pub(super) fn saved(&self, card: &str, outcome: &str) {
        fs::write(self.file(), card).expect("written");
        let (sha256, outcome) = (journal::hash(card.as_bytes()), outcome.to_owned());
        self.journal(&[Record::Scored { sha256, outcome }]);
    }

    /// A drill that ended and was scored.
    pub(super) fn scored(&self, started: &str, outcome: &str, detection: &Value) {
        self.begun();
        self.saved(&self.card(started, outcome, detection), outcome);
    }
}

/// Bytes that no other desk has.
fn rand(desk: &std::path::Path) -> [u8; 32] {
    let name = journal::hash(desk.display().to_string().as_bytes());
    name.as_bytes()[..32].try_into().expect("32 bytes")
}
