//! Files of the lab that are replaced while others may read them.

use std::fs;
use std::path::Path;

use ulid::Ulid;

use super::LabError;

/// Writes a file so that who opens it meanwhile reads the old or the new one, never half of one.
/// Any number of writers may do so at once, in one process too: the last one wins.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), LabError> {
    let temporary = path.with_extension(format!("{}.tmp", Ulid::generate()));
    let written = fs::write(&temporary, text).map_err(LabError::io("cannot write", &temporary));
    let moved = written
        .and_then(|()| fs::rename(&temporary, path).map_err(LabError::io("cannot write", path)));
    if moved.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_at_once_leave_one_whole_file() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("serve.py");
        let texts: Vec<_> = (0..8).map(|n| n.to_string().repeat(50_000)).collect();
        std::thread::scope(|threads| {
            for text in &texts {
                threads.spawn(|| replace(&path, text).expect("written"));
            }
        });
        assert!(texts.contains(&fs::read_to_string(&path).expect("a file")));
        assert_eq!(fs::read_dir(folder.path()).expect("a directory").count(), 1);
    }
}
