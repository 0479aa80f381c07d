//! Where the configuration is, and whether it is one's own. Owns the order of the places; reads no file.

use std::path::{Path, PathBuf};

/// Name of the file in a project's folder and in `~/.backburn`.
pub(super) const FILE: &str = "backburn.toml";

/// How the file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--config` or `BACKBURN_CONFIG`.
    Given,
    /// The current folder, or one that it is in, up to the root of its repository.
    Folder,
    /// `~/.backburn`.
    Home,
}

impl Origin {
    pub fn words(self) -> &'static str {
        match self {
            Self::Given => "given by `--config` or `BACKBURN_CONFIG`",
            Self::Folder => "found from the current folder upwards",
            Self::Home => "found in `~/.backburn`",
        }
    }
}

/// The file to use: the given one, else the nearest one from `from` upwards, else the home's.
/// `none`, or nothing between the quotes, gives no file at all.
pub(crate) fn locate(
    given: Option<&str>,
    from: &Path,
    home: Option<&Path>,
) -> Option<(PathBuf, Origin)> {
    match given {
        Some("none" | "") => return None,
        Some(path) => return Some((path.into(), Origin::Given)),
        None => {}
    }
    let root = from.ancestors().position(|folder| folder.join(".git").exists());
    let folders = from.ancestors().take(root.map_or(usize::MAX, |root| root + 1));
    let nearest = folders.map(|folder| folder.join(FILE)).find(|path| path.is_file());
    if let Some(path) = nearest {
        return Some((path, Origin::Folder));
    }
    let path = home?.join(".backburn").join(FILE);
    path.is_file().then_some((path, Origin::Home))
}

/// Why a file that was found and not named must not decide whom a run tells and asks: somebody else may
/// have written it. None where it is the user's own.
pub(crate) fn foreign(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let about = std::fs::metadata(path).ok()?;
        let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
        if about.uid() != user.as_raw() && about.uid() != 0 {
            return Some(format!("{} belongs to another user", path.display()));
        }
        // Many systems give each user a group, and new files a mode that lets it write.
        let others = if about.gid() == group.as_raw() { 0o002 } else { 0o022 };
        if about.mode() & others != 0 {
            return Some(format!("other users may write to {}", path.display()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_counts_and_what_is_given_before_it() {
        let root = tempfile::tempdir().expect("a directory");
        let inner = root.path().join("a/b");
        let home = root.path().join("home");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::create_dir_all(home.join(".backburn")).expect("folders");
        let write = |path: PathBuf| std::fs::write(&path, "").map(|()| path).expect("a file");
        let find = |given| locate(given, &inner, Some(&home));
        assert_eq!(find(None), None);
        let homes = write(home.join(".backburn").join(FILE));
        assert_eq!(find(None), Some((homes, Origin::Home)));
        let outer = write(root.path().join(FILE));
        assert_eq!(find(None), Some((outer, Origin::Folder)));
        let nearer = write(root.path().join("a").join(FILE));
        assert_eq!(find(None), Some((nearer, Origin::Folder)));
        assert_eq!(find(Some("x.toml")), Some(("x.toml".into(), Origin::Given)));
        assert_eq!(find(Some("none")), None);
        assert_eq!(find(Some("")), None);
        std::fs::create_dir(inner.join(".git")).expect("a folder");
        let homes = home.join(".backburn").join(FILE);
        assert_eq!(find(None), Some((homes, Origin::Home)), "above the repository is not its own");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_not_ones_own() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join(FILE);
        std::fs::write(&path, "").expect("written");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        mode(0o644).expect("set");
        assert_eq!(foreign(&path), None);
        mode(0o646).expect("set");
        assert!(foreign(&path).expect("foreign").contains("other users may write"));
    }
}
