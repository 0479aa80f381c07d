//! Where the configuration is. Owns the order of the places; reads no file.

use std::path::{Path, PathBuf};

/// Name of the file in a project's folder and in `~/.backburn`.
pub const FILE: &str = "backburn.toml";

/// How the file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--config` or `BACKBURN_CONFIG`.
    Given,
    /// The current folder, or one that it is in.
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
pub fn locate(given: Option<&str>, from: &Path, home: Option<&Path>) -> Option<(PathBuf, Origin)> {
    match given {
        Some("none" | "") => return None,
        Some(path) => return Some((path.into(), Origin::Given)),
        None => {}
    }
    let nearest = from.ancestors().map(|folder| folder.join(FILE)).find(|path| path.is_file());
    if let Some(path) = nearest {
        return Some((path, Origin::Folder));
    }
    let path = home?.join(".backburn").join(FILE);
    path.is_file().then_some((path, Origin::Home))
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
    }
}
