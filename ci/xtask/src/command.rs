//! Running programs, and files, with errors that say what was tried.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// Returns the current folder, the root of the repository.
pub(crate) fn root() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| format!("cannot find the current folder: {error}"))
}

/// Runs a program, which fails if its exit status is not 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| cannot_run(command, &error.to_string()))?;
    if status.success() {
        Ok(())
    } else {
        Err(cannot_run(command, &status.to_string()))
    }
}

/// Sends a signal, such as `INT`, to a process. The shell does it, because not every system has a program for it.
pub(crate) fn signal(name: &str, process: u32) -> Result<()> {
    run(Command::new("sh").args(["-c", &format!("kill -s {name} {process}")]))
}

/// Runs a program and returns its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    take_output(command.stderr(Stdio::inherit()))
}

/// Runs a program and returns its standard output. Prints what it writes to standard error only if it fails.
pub(crate) fn quiet_output(command: &mut Command) -> Result<String> {
    take_output(command.stderr(Stdio::piped()))
}

fn take_output(command: &mut Command) -> Result<String> {
    let output = command
        .stdout(Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output())
        .map_err(|error| cannot_run(command, &error.to_string()))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(cannot_run(command, &output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(|_| cannot_run(command, "its output is not UTF-8"))
}

fn cannot_run(command: &Command, why: &str) -> String {
    let arguments = command
        .get_args()
        .map(|argument| format!(" {}", argument.to_string_lossy()));
    format!(
        "{}{}: {why}",
        command.get_program().to_string_lossy(),
        arguments.collect::<String>()
    )
}

/// A package of a workspace.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
}

/// Lists the packages that cargo takes from folders when it builds the workspace in `folder`.
pub(crate) fn packages(folder: &Path) -> Result<Vec<Package>> {
    let format = [
        "tree",
        "--workspace",
        "--all-features",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let text = output(Command::new("cargo").args(format).current_dir(folder))?;
    // pcap-core v0.1.0 (/folder/pcap-core)
    let mut lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let packages = lines.iter().filter_map(|line| {
        let (id, folder) = line.strip_suffix(')')?.split_once(" (/")?;
        let (name, version) = id.split_once(" v")?;
        let (name, version) = (name.to_owned(), version.to_owned());
        Some(Package {
            name,
            version,
            folder: Path::new("/").join(folder),
        })
    });
    Ok(packages.collect())
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a text file.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Returns the size of a file in bytes.
pub(crate) fn size(file: &Path) -> Result<u64> {
    let metadata = fs::metadata(file);
    metadata
        .map(|it| it.len())
        .map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Copies a file.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = fs::copy(from, to);
    copied.map(drop).map_err(|error| {
        format!(
            "cannot copy {} to {}: {error}",
            from.display(),
            to.display()
        )
    })
}

/// Makes a folder, and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| format!("cannot make {}: {error}", path.display()))
}

/// Makes a folder anew, empty.
pub(crate) fn empty_folder(path: &Path) -> Result<()> {
    remove_folder(path)?;
    make_folder(path)
}

/// Removes a folder with what is in it, if it exists.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if path.exists() => Err(format!("cannot remove {}: {error}", path.display())),
        _ => Ok(()),
    }
}

/// Lists the paths in a folder, in the order of their names.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(cannot)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(cannot));
    let mut paths = paths.collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Lists the files below a folder, in the order of their names.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in list(folder)? {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
