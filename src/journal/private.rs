//! Files and directories that only their owner may read, whatever the umask. Owns the modes: 0700 and
//! 0600 on Unix; elsewhere the home's own protection is all there is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
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

/// Makes a directory and those above it where they are not there; what it makes is its owner's alone.
///
/// # Errors
/// The disk refuses it.
pub fn dirs(path: &Path) -> io::Result<()> {
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

/// Opens a regular file with `options`; where that makes it, it is its owner's alone. A pipe in its place is not waited
/// for, as in [`regular`].
pub(super) fn file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let is_new = !path.exists();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A link in its place would have this user's program write elsewhere.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = is_regular(options.open(path)?)?;
    if is_new {
        own(&file)?;
    }
    Ok(file)
}

/// Opens a regular file to be read. A pipe is not waited for, and a link is not followed: whoever may write
/// to a directory must not make the program hang, or read what lies elsewhere.
///
/// # Errors
/// It is something else, or cannot be opened.
pub(super) fn regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    is_regular(options.open(path)?)
}

fn is_regular(file: File) -> io::Result<File> {
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
    }
}

/// Makes an open file its owner's alone.
pub(super) fn own(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(mode(0o600))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// The user to whom an open file belongs.
pub(super) fn writer(file: &File) -> io::Result<Option<u32>> {
    #[cfg(unix)]
    {
        Ok(Some(std::os::unix::fs::MetadataExt::uid(&file.metadata()?)))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(None)
    }
}

/// Lets the owner of `folder` read a file of another user in it; who may enter the folder is the folder's own rule.
pub(super) fn readable_by_owner_of(folder: &Path, file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if fs::metadata(folder)?.uid() != file.metadata()?.uid() {
            file.set_permissions(mode(0o644))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, file);
    Ok(())
}

/// Writes a file whole or not at all, readable by its owner alone. A link of that name is replaced and not
/// followed; what is no file, such as a terminal or a pipe, is written as it is.
///
/// # Errors
/// The disk refuses it.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    replace(path, bytes)
}

/// The same for a name in a folder of the program's own: whatever is there is replaced.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(parent)?;
    own(draft.as_file())?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(path).map_err(|e| e.error)?;
    // The name is on the disk only once its directory is.
    File::open(parent)?.sync_all()
}

#[cfg(unix)]
fn mode(bits: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}
