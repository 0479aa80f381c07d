//! Tools that tests take from package registries: installed once into the target directory, by hash. A test
//! whose tool cannot be had says so loudly.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::root;

/// The tool is not here and cannot be had: said loudly, since nothing was tested.
pub(crate) fn skipped(what: &str, why: &str) {
    eprintln!("\n*** SKIPPED: {what}\n*** {why}\n");
}

/// The folder of a tool, which is this process's alone until the lock is dropped.
pub(crate) fn tools(name: &str) -> Result<(PathBuf, std::fs::File), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-tools");
    let lock = || {
        std::fs::create_dir_all(&folder)?;
        let lock = std::fs::File::create(folder.join(format!("{name}.lock")))?;
        lock.lock().map(|()| lock)
    };
    Ok((folder.join(name), lock().map_err(|error| error.to_string())?))
}

pub(crate) fn succeeds(command: &mut Command) -> Result<String, String> {
    let done = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    match done.status.success() {
        true => Ok(text),
        false => Err(format!("{text}{}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// The folder of a Python package of the requirements `tests/support/NAME.txt`, without what it depends on.
pub(crate) fn package(name: &str, package: &str) -> Result<PathBuf, String> {
    let (home, _lock) = tools(&format!("{name}-1"))?;
    let (requirements, kept) = (format!("tests/support/{name}.txt"), home.join("requirements.txt"));
    let wanted = std::fs::read(root().join(&requirements)).map_err(|error| error.to_string())?;
    let found = home.join("packages").join(package);
    // Written last: without it, the folder is half made, or of other requirements.
    if std::fs::read(&kept).is_ok_and(|have| have == wanted) {
        return Ok(found);
    }
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    succeeds(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")))?;
    let mut pip = Command::new(home.join("venv/bin/python"));
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]);
    pip.args(["--require-hashes", "--only-binary", ":all:", "--no-compile"]);
    pip.arg("--target").arg(home.join("packages")).arg("-r").arg(root().join(&requirements));
    succeeds(&mut pip)?;
    std::fs::write(&kept, wanted).map_err(|error| error.to_string())?;
    Ok(found)
}
