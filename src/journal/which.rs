//! Which folder or file a path led to. Owns how one is told from another that was put in its place under the same name.

use std::{
    fs::{self, File, Metadata},
    io,
    path::Path,
};

/// A folder or file itself, whatever its name is: no other has this while it is there. Where the system does not tell,
/// all of a kind are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    device: u64,
    inode: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    Other,
}

impl Which {
    /// Of what a path names; a link is the link and not what it leads to.
    ///
    /// # Errors
    /// There is nothing of that name, or it cannot be looked at.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|about| Self::of(&about))
    }

    /// Of what was opened.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn opened(file: &File) -> io::Result<Self> {
        file.metadata().map(|about| Self::of(&about))
    }

    pub fn is_folder(self) -> bool {
        self.kind == Kind::Folder
    }

    fn of(about: &Metadata) -> Self {
        let kind = match (about.is_dir(), about.is_file()) {
            (true, _) => Kind::Folder,
            (_, true) => Kind::File,
            _ => Kind::Other,
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Self { device: about.dev(), inode: about.ino(), kind }
        }
        #[cfg(not(unix))]
        Self { device: 0, inode: 0, kind }
    }
}
