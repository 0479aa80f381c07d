//! A home with one run whose files are somebody else's: found, listed, held against its manifest, and reported in every
//! form. The input holds the files, each after a line `== NAME`. A journal's chain is made right, since who can write
//! the folder can do that, too.

#![no_main]

mod catalogue;
mod chain;

use std::{fs, path::Path, sync::LazyLock};

use backburn::{
    journal::{self, Recorded, RunDir},
    report::{
        ci, digest, html,
        look::Look,
        model::{self, LAWS, Options, Sources},
        readiness::{self, Readiness},
        timeline,
    },
};
use catalogue::CATALOGUE;
use libfuzzer_sys::fuzz_target;

const RUN: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// In memory where there is such a place: a run of this writes thousands of files a second.
static HOME: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a directory")
});

/// Writes the files; a name that leads out of the run is not written, since the attacker has no more than the folder.
fn laid_out(bytes: &[u8]) -> RunDir {
    let run = HOME.path().join("runs").join(RUN);
    let _ = fs::remove_dir_all(&run);
    let dir = RunDir::create(HOME.path(), RUN).expect("a run's directory");
    let mut rest = bytes;
    while let Some(start) = rest.strip_prefix(b"== ") {
        let end = start.iter().position(|byte| *byte == b'\n').unwrap_or(start.len());
        let name = String::from_utf8_lossy(&start[..end]).into_owned();
        let body = &start[(end + 1).min(start.len())..];
        let next = body.windows(4).position(|four| four == b"\n== ");
        let content = &body[..next.map_or(body.len(), |at| at + 1)];
        rest = &body[next.map_or(body.len(), |at| at + 1)..];
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let parts: Vec<_> = name.split('/').collect();
        if parts.len() > 2
            || parts
                .iter()
                .any(|part| part.starts_with('.') || part.is_empty() || !part.chars().all(plain))
        {
            continue;
        }
        let path = run.join(&name);
        let _ = path.parent().map(fs::create_dir_all);
        let chained =
            if name == "journal.jsonl" { chain::chained(content) } else { content.to_vec() };
        let _ = fs::write(path, chained);
    }
    dir
}

fuzz_target!(|bytes: &[u8]| {
    let dir = laid_out(bytes);
    let listed = RunDir::list(HOME.path()).expect("a listing");
    assert_eq!(listed.len(), 1);
    let _ = (dir.state(None), dir.state(None), dir.questions(), dir.answers());

    let mut recorded = Recorded::of(&dir);
    let Ok(tail) = journal::each(&dir.journal(), |line| recorded.add(&line)) else { return };
    let _ = recorded.stock(&dir, &tail.head);

    let Ok(sources) = Sources::read(&dir, &CATALOGUE) else { return };
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    for t0 in [None, Some(now)] {
        let report = model::fold(
            &sources,
            &Options {
                now,
                t0,
                laws: LAWS.iter().map(|(_, law)| *law).collect(),
                live: t0.is_none(),
            },
        );
        html::html(&report);
        digest::digest(&report);
        let text = serde_json::to_string(&report).expect("JSON");
        let again: model::Report = serde_json::from_str(&text).expect("its own form");
        let document = ci::Document { file: "playbook.yaml", text: "", program: None };
        let findings = ci::of_report(&again, &document);
        let _ = (
            ci::junit::junit(&findings),
            ci::sarif::sarif(&findings),
            ci::github::annotations(&findings),
            findings.markdown(),
        );
        let cards = report.drill.into_iter().collect();
        readiness::html(&Readiness::fold(&[], &[], cards, None, now));
    }
    timeline::timeline(&sources.read.lines, &Look { color: false, width: 80 });
});
