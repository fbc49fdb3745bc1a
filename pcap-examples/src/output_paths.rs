//! Checks the outputs of a program before it creates the first of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Failure, Outcome};
use crate::files::{self, FileId};
use crate::safe_files;

/// The number of symbolic links to follow, as on Linux.
const MAX_LINKS: usize = 40;

/// The outputs of a program. Each of them must be another file.
#[derive(Debug, Default)]
pub struct OutputPaths(Vec<OutputPath>);

#[derive(Debug)]
struct OutputPath {
    option: String,
    path: PathBuf,
    place: Place,
}

/// Where an output is, however its path is spelled.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A file that exists, or standard output.
    File(FileId),
    /// A file that does not exist.
    New(PathBuf),
    /// Several outputs may use this device.
    Device,
}

impl OutputPaths {
    /// Adds the path of an option. The path `-` means standard output.
    ///
    /// # Errors
    ///
    /// Returns an error if an output that was added before is the same file.
    pub fn add(&mut self, option: &str, path: &Path) -> Outcome {
        let place = Place::of(path);
        let mut others = self.0.iter();
        if let Some(other) = others.find(|other| place != Place::Device && other.place == place) {
            let (shown, other_path) = (path.display(), other.path.display());
            let other_option = &other.option;
            return Err(Failure::Text(format!(
                "cannot write `{shown}` for {option}: it is also the file `{other_path}` of {other_option}"
            )));
        }
        self.0.push(OutputPath {
            option: option.to_owned(),
            path: path.to_owned(),
            place,
        });
        Ok(())
    }

    /// Checks whether a file can be created or truncated, and adds it.
    ///
    /// # Errors
    ///
    /// The errors of [`add`](Self::add), and those of creating the file.
    pub fn add_file(&mut self, option: &str, path: &Path) -> Outcome {
        if path != Path::new("-") {
            safe_files::check(path).map_err(|e| files::creation_failure(path, &e))?;
        }
        self.add(option, path)
    }
}

impl Place {
    fn of(path: &Path) -> Place {
        if let Some(id) = files::output_id(path) {
            return Place::File(id);
        }
        if path.exists() {
            return Place::Device;
        }
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            match fs::read_link(&path) {
                Ok(target) => path = files::folder_of(&path).join(target),
                Err(_) => break,
            }
        }
        // If the folder does not exist, creating the file fails.
        let folder = fs::canonicalize(files::folder_of(&path));
        let name = path.file_name().unwrap_or_default();
        Place::New(folder.map_or_else(|_| path.clone(), |folder| folder.join(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_found_through_other_spellings() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "").unwrap();
        fs::create_dir(path("inner")).unwrap();
        let mut outputs = OutputPaths::default();
        outputs.add("-w", &path("new")).unwrap();
        outputs.add("--also", &path("old")).unwrap();
        outputs.add("--also", &path("other")).unwrap();
        let mut same = vec!["new", "inner/../new", "old", "./old"];
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink("new", path("dangling")).unwrap();
            symlink(folder.path(), path("inner/back")).unwrap();
            fs::hard_link(path("old"), path("hard")).unwrap();
            symlink("old", path("link")).unwrap();
            same.extend(["dangling", "inner/back/new", "inner/back/inner/../dangling"]);
            same.extend(["hard", "link"]);
            for _ in 0..2 {
                outputs.add("--also", Path::new("/dev/null")).unwrap();
            }
        }
        for name in same {
            let error = outputs.add("--status-file", &path(name)).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("for --status-file: it is also the file `"),
                "{error}"
            );
        }
        outputs.add("--also", Path::new("-")).unwrap();
        assert!(cfg!(windows) || outputs.add("--also", Path::new("-")).is_err());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            if cfg!(unix) { 5 } else { 2 }
        );
    }

    #[test]
    fn a_file_that_cannot_be_created_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut outputs = OutputPaths::default();
        outputs.add_file("-w", &folder.path().join("new")).unwrap();
        let missing = outputs.add_file("--also", &folder.path().join("none/new"));
        let missing = missing.unwrap_err().to_string();
        assert!(missing.contains("none` does not exist"), "{missing}");
        let error = outputs
            .add_file("--also", folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("it is a folder; add the name of a file"),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
