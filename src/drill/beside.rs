//! The files that a simulation names: which of them are read. Owns the fence: whoever writes a simulation
//! that somebody else checks must not get to see what else lies on that machine.

use std::{
    fs,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// The longest of those that somebody names: longer than a playbook may be, so that its reader can say so.
const LONGEST_NAMED: u64 = 16 << 20;

/// Reads the files beside the simulation at `path`.
pub fn beside(path: &Path) -> impl Fn(&str) -> Result<String, String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_path_buf();
    move |name| {
        let known = |e: io::Error| e.to_string();
        let named = Path::new(name);
        let is_plain =
            |part| matches!(part, Component::Normal(_) | Component::ParentDir | Component::CurDir);
        if !named.components().all(is_plain) {
            return Err("files are named relative to the simulation's own file".into());
        }
        let found = folder.join(named).canonicalize().map_err(known)?;
        let root = project(&folder.canonicalize().map_err(known)?);
        let below = found
            .strip_prefix(&root)
            .map_err(|_| format!("it is outside of the project, which is {}", root.display()))?;
        let is_hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
        if below.components().any(is_hidden) {
            return Err("hidden files and folders are not read".into());
        }
        let about = fs::metadata(&found).map_err(known)?;
        if !about.is_file() {
            return Err("it is no regular file".into());
        }
        if about.len() > LONGEST {
            return Err(format!("it has {} bytes, and at most {LONGEST} are read", about.len()));
        }
        let mut text = String::new();
        let file = fs::File::open(found).map_err(known)?;
        file.take(LONGEST).read_to_string(&mut text).map_err(known)?;
        Ok(text)
    }
}

/// Reads a file that somebody named on the command line, or that a pattern there found: a link in the project must not
/// show what lies elsewhere on this machine, as where a pipeline checks what a stranger has sent. What is named as a
/// device, such as `/dev/stdin`, is read as it is.
///
/// # Errors
/// It cannot be read, is too long or no regular file, or leads out of its project by a link.
pub fn named(path: &Path) -> io::Result<Vec<u8>> {
    let refuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let lexical = std::path::absolute(path)?;
    let is_device = lexical.starts_with("/dev") && !fs::metadata(path)?.is_file();
    let mut file = if is_device {
        fs::File::open(path)?
    } else {
        let folder = lexical.parent().unwrap_or(Path::new("/"));
        let root = folder.ancestors().find(|above| above.join(".git").exists()).unwrap_or(folder);
        let (root, found) = (root.canonicalize()?, path.canonicalize()?);
        if !found.starts_with(&root) {
            return refuse(format!(
                "it is a link to {}, outside of {}; name that file itself",
                found.display(),
                root.display()
            ));
        }
        // A pipe would be waited for.
        if !fs::metadata(&found)?.is_file() {
            return refuse("it is no regular file".into());
        }
        fs::File::open(found)?
    };
    let mut bytes = Vec::new();
    (&mut file).take(LONGEST_NAMED + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_NAMED {
        return refuse(format!("it is longer than the {LONGEST_NAMED} bytes that are read"));
    }
    Ok(bytes)
}

/// The nearest folder with a `.git` that has `folder` in it; without one its own, or the one above it where
/// it is called `simulations`, since playbooks lie beside those.
fn project(folder: &Path) -> PathBuf {
    let root = folder.ancestors().find(|above| above.join(".git").exists());
    let is_part = folder.file_name().is_some_and(|name| name == "simulations");
    // The whole disk is nobody's project.
    let above = folder.parent().filter(|above| is_part && above.parent().is_some());
    root.or(above).unwrap_or(folder).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new() -> Self {
            let tree = Self(tempfile::tempdir().expect("a directory"));
            for (file, text) in [
                ("outside.yaml", "secret"),
                ("project/playbooks/p.yaml", "playbook: p"),
                ("project/.aws/credentials", "secret"),
                ("project/simulations/t.json", "{}"),
            ] {
                let path = tree.0.path().join(file);
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(path, text).expect("written");
            }
            tree
        }

        fn read(&self, name: &str) -> Result<String, String> {
            beside(&self.0.path().join("project/simulations/s.yaml"))(name)
        }
    }

    #[test]
    fn the_projects_own_files_are_read() {
        let tree = Tree::new();
        assert_eq!(tree.read("t.json").as_deref(), Ok("{}"));
        assert_eq!(tree.read("./../playbooks/p.yaml").as_deref(), Ok("playbook: p"));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_else_is() {
        let tree = Tree::new();
        let at = |file: &str| tree.0.path().join("project/simulations").join(file);
        std::os::unix::fs::symlink("/etc/passwd", at("link.yaml")).expect("a link");
        std::os::unix::fs::symlink("../../", at("up")).expect("a link");
        for bad in [
            "/etc/passwd",
            "/proc/self/environ",
            "../../outside.yaml",
            "../.aws/credentials",
            "link.yaml",
            "up/outside.yaml",
            "../playbooks",
            "not-there.yaml",
        ] {
            let why = tree.read(bad).expect_err(bad);
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn a_repository_is_a_project() {
        let tree = Tree::new();
        fs::create_dir(tree.0.path().join(".git")).expect("made");
        assert_eq!(tree.read("../../outside.yaml").as_deref(), Ok("secret"));
    }

    #[test]
    fn a_link_out_of_the_project_is_not_read() {
        let tree = Tree::new();
        let project = tree.0.path().join("project");
        let link = |to: &Path, from: &str| {
            let from = project.join(from);
            std::os::unix::fs::symlink(to, &from).expect("linked");
            named(&from).map(|bytes| String::from_utf8(bytes).expect("text"))
        };
        fs::create_dir(project.join(".git")).expect("made");
        let inside = link(&project.join("simulations/t.json"), "playbooks/in.yaml");
        assert_eq!(inside.expect("inside"), "{}");
        for to in [&tree.0.path().join("outside.yaml"), Path::new("/proc/self/environ")] {
            let name = format!("playbooks/{}.yaml", to.as_os_str().len());
            let error = link(to, &name).expect_err("outside").to_string();
            assert!(error.contains("outside of") && !error.contains("secret"), "{error}");
        }
        std::os::unix::fs::symlink(tree.0.path(), project.join("folder")).expect("linked");
        assert!(named(&project.join("folder/outside.yaml")).is_err());
        assert!(named(&project).is_err(), "a folder");
        let long = project.join("long.yaml");
        fs::write(&long, vec![b'a'; usize::try_from(LONGEST_NAMED).expect("small") + 1])
            .expect("written");
        assert!(named(&long).expect_err("long").to_string().contains("longer"));
        assert_eq!(named(Path::new("/dev/null")).expect("a device"), b"");
        // Not everything there is a device.
        let shm = Path::new("/dev/shm");
        if shm.is_dir() {
            let shared = tempfile::tempdir_in(shm).expect("a folder");
            let link = shared.path().join("l.yaml");
            std::os::unix::fs::symlink(tree.0.path().join("outside.yaml"), &link).expect("linked");
            assert!(named(&link).is_err());
        }
    }
}
