//! The files that a component may read: copies of what the manifest lists, in a temporary folder that the component
//! sees as its root and cannot write to.

use std::{
    fs, io,
    path::{Component as Part, Path, PathBuf},
};

use glob::{MatchOptions, Pattern};
use tempfile::TempDir;

use crate::manifest::FilesMount;

/// Copies `mounts`, which are relative to the folder `root`. `None` if there are none. An error says which entry is
/// wrong.
pub(crate) fn mount(root: &Path, mounts: &[FilesMount]) -> Result<Option<TempDir>, String> {
    if mounts.is_empty() {
        return Ok(None);
    }
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    for mount in mounts {
        let copied = match mount {
            FilesMount::Pattern(pattern) => copy_pattern(root, pattern, folder.path()),
            FilesMount::Placement(placement) => inside(&placement.source).and_then(|source| {
                let destination = inside(placement.destination.trim_start_matches('/'))?;
                copy(&root.join(source), &folder.path().join(destination))
            }),
        };
        copied.map_err(|message| format!("{}: {message}", shown(mount)))?;
    }
    Ok(Some(folder))
}

fn shown(mount: &FilesMount) -> String {
    match mount {
        FilesMount::Pattern(pattern) => format!("{pattern:?}"),
        FilesMount::Placement(placement) => format!("{:?} to {:?}", placement.source, placement.destination),
    }
}

/// A path that stays below the folder it is relative to.
fn inside(path: &str) -> Result<PathBuf, String> {
    let mut inside = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Part::Normal(name) => inside.push(name),
            Part::CurDir => {}
            Part::ParentDir | Part::RootDir | Part::Prefix(_) => {
                return Err("it must be a path below the manifest's folder, without `..`".to_owned());
            }
        }
    }
    Ok(inside)
}

/// Copies what a path or glob pattern names to the same place below `target`.
fn copy_pattern(root: &Path, pattern: &str, target: &Path) -> Result<(), String> {
    let path = inside(pattern)?;
    let source = root.join(&path);
    if source.exists() {
        return copy(&source, &target.join(path));
    }
    if Pattern::escape(pattern) == pattern {
        return Err("there is no such file".to_owned());
    }
    let root_text = root.to_str().ok_or("the manifest's folder is not UTF-8")?;
    let absolute = format!("{}/{}", Pattern::escape(root_text), path.display());
    let matches = glob::glob_with(&absolute, MatchOptions::new()).map_err(|error| error.to_string())?;
    for source in matches {
        let source = source.map_err(|error| error.to_string())?;
        // As in Spin: a folder that matches brings nothing of what is in it.
        if source.is_file() {
            let path = source.strip_prefix(root).map_err(|error| error.to_string())?;
            copy_file(&source, &target.join(path)).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// Copies a file, or a folder with all that is in it.
fn copy(source: &Path, target: &Path) -> Result<(), String> {
    copy_tree(source, target).map_err(|error| error.to_string())
}

fn copy_tree(source: &Path, target: &Path) -> io::Result<()> {
    if !fs::metadata(source)?.is_dir() {
        return copy_file(source, target);
    }
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        copy_tree(&entry.path(), &target.join(entry.file_name()))?;
    }
    Ok(())
}

fn copy_file(source: &Path, target: &Path) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(source, target).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Placement;

    fn application() -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for path in ["config.ini", "a/one.txt", "a/b/two.txt", "a/b/three.md", "secret"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(&path, path.file_name().expect("a name").as_encoded_bytes()).expect("a file");
        }
        folder
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(folder).expect("below").display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    fn mounted(mounts: &[FilesMount]) -> Result<Vec<String>, String> {
        let application = application();
        mount(application.path(), mounts).map(|folder| folder.map_or_else(Vec::new, |folder| files(folder.path())))
    }

    fn pattern(pattern: &str) -> FilesMount {
        FilesMount::Pattern(pattern.to_owned())
    }

    fn placement(source: &str, destination: &str) -> FilesMount {
        FilesMount::Placement(Placement { source: source.to_owned(), destination: destination.to_owned() })
    }

    #[test]
    fn only_what_is_listed_is_there() {
        for (mounts, expected) in [
            (vec![], vec![]),
            (vec![pattern("config.ini")], vec!["config.ini"]),
            (vec![pattern("a")], vec!["a/b/three.md", "a/b/two.txt", "a/one.txt"]),
            (vec![pattern("a/*")], vec!["a/one.txt"]),
            (vec![pattern("a/**/*.txt")], vec!["a/b/two.txt", "a/one.txt"]),
            (vec![pattern("none*")], vec![]),
            (vec![placement("a/b", "/")], vec!["three.md", "two.txt"]),
            (vec![placement("config.ini", "/etc/x.ini"), pattern("a/b/*.md")], vec!["a/b/three.md", "etc/x.ini"]),
        ] {
            assert_eq!(mounted(&mounts).expect("files"), expected, "{mounts:?}");
        }
    }

    #[test]
    fn wrong_entries_are_named() {
        for mount in [
            pattern("absent.ini"),
            pattern("../secret"),
            pattern("/etc/passwd"),
            pattern("a/../../*"),
            placement("absent", "x"),
            placement("../x", "x"),
            placement("secret", "../x"),
        ] {
            let message = mounted(std::slice::from_ref(&mount)).expect_err("a wrong entry");
            assert!(message.starts_with(&shown(&mount)), "{message}");
        }
    }
}
