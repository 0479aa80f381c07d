//! Files and directories that only their owner may read, whatever the umask. Owns the modes: 0700 and
//! 0600 on Unix; elsewhere the home's own protection is all there is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::Path,
};

/// Makes a directory; one that is there already is an error.
pub(super) fn dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    // The umask removes bits, even those that the owner needs.
    #[cfg(unix)]
    fs::set_permissions(path, mode(0o700))?;
    Ok(())
}

/// Makes a directory and those above it where they are not there.
pub(super) fn dirs(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        dirs(parent)?;
    }
    match dir(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Opens a file with `options`; where that makes it, it is its owner's alone.
pub(super) fn file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let is_new = !path.exists();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path)?;
    if is_new {
        own(&file)?;
    }
    Ok(file)
}

/// Makes an open file its owner's alone.
pub(super) fn own(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(mode(0o600))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

#[cfg(unix)]
fn mode(bits: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}
