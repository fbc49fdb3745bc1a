//! The source of libpcap: a directory or an archive, of which a copy is built.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{is_installed, run};
use crate::env::Setting;

/// Where releases and packages of the source are.
pub(super) const ORIGIN: &str = "a release from https://www.tcpdump.org/release or the archive in a distribution's \
                                 source package (in Debian's, the .orig.tar.xz), unpacked or not";

/// The files that show that a directory contains the source.
const SIGNS: [&str; 3] = ["VERSION", "pcap/pcap.h", "pcap.c"];

/// The first bytes of compressed files, and the program that decompresses each.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"LZIP", "lzip"),
];

/// Copies the source to a new directory in `out_dir`, or unpacks it there. Returns the new directory. All files in it
/// are writable, and the results of an earlier build are left out.
pub(super) fn copy(source: &Setting, out_dir: &Path) -> Result<PathBuf, String> {
    let from = source.path();
    if from.is_relative() {
        // It would be relative to the directory of this crate's source.
        return Err(source.wrong("expected an absolute path"));
    }
    let about = fs::metadata(&from).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            source.wrong(&format!("no such file or directory; expected {ORIGIN}"))
        }
        _ => source.wrong(&format!("cannot open it: {error}")),
    })?;
    if real(&from).starts_with(real(out_dir)) {
        return Err(source.wrong(
            "it is in the directory in which cargo builds pcap-sys, whose contents are replaced: move it elsewhere",
        ));
    }
    let (copy, unpacked) = (
        out_dir.join("libpcap-source"),
        out_dir.join("libpcap-archive"),
    );
    remove(&copy)?;
    remove(&unpacked)?;
    let (folder, within) = if about.is_dir() {
        has_source(&from).map_err(|lacks| source.wrong(&lacks))?;
        watch(&from, out_dir);
        (from, None)
    } else {
        println!("cargo::rerun-if-changed={}", from.display());
        unpack(&from, &unpacked).map_err(|error| source.wrong(&error))?;
        let folder = folder_in(&unpacked).map_err(|error| source.wrong(&error))?;
        (folder, Some(real(&unpacked)))
    };
    let mut copying = Copying {
        out_dir,
        within,
        above: Vec::new(),
    };
    copying.folder(&folder, &copy)?;
    remove(&unpacked)?;
    Ok(copy)
}

/// Makes cargo watch the source, except for the target directory and the history of a repository.
fn watch(from: &Path, out_dir: &Path) {
    let (foreign, mut watched): (Vec<_>, Vec<_>) = entries(from)
        .unwrap_or_default()
        .into_iter()
        .partition(|path| is_foreign(path, out_dir));
    if foreign.is_empty() {
        // Then cargo also notices new files, and another directory behind a link.
        watched = vec![from.to_owned()];
    }
    // cargo would always consider a file that does not exist as changed.
    let exists = |path: &PathBuf| path.exists() && path.to_str().is_some();
    for path in watched.into_iter().filter(exists) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Returns whether a path in a directory of the source is not part of the source.
fn is_foreign(path: &Path, out_dir: &Path) -> bool {
    path.file_name() == Some(OsStr::new(".git")) || real(out_dir).starts_with(real(path))
}

/// Returns a path without links.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Checks that a directory contains the source.
fn has_source(folder: &Path) -> Result<(), String> {
    match SIGNS.iter().find(|sign| !folder.join(sign).is_file()) {
        None => Ok(()),
        Some(sign) => Err(format!("no {sign} in the directory; expected {ORIGIN}")),
    }
}

/// Returns the directory with the source in an unpacked archive: the archive's root, or the only one in it.
fn folder_in(unpacked: &Path) -> Result<PathBuf, String> {
    if has_source(unpacked).is_ok() {
        return Ok(unpacked.to_owned());
    }
    let mut folders = entries(unpacked).unwrap_or_default();
    folders.retain(|folder| has_source(folder).is_ok());
    folders.sort();
    match folders.as_slice() {
        [] => Err(format!("no source of libpcap; expected {ORIGIN}")),
        [folder] => Ok(folder.clone()),
        [first, second, ..] => Err(format!(
            "expected one source of libpcap, found {} and {}",
            name_of(first),
            name_of(second)
        )),
    }
}

/// Returns the name of a file.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Unpacks an archive into a new directory.
fn unpack(archive: &Path, to: &Path) -> Result<(), String> {
    let decompressor = decompressor(archive)?;
    fs::create_dir_all(to).map_err(|error| format!("cannot create {}: {error}", to.display()))?;
    if !is_installed("tar") {
        return Err("unpacking it requires `tar`, which is not installed".to_owned());
    }
    // The owners in the archive may not exist here.
    let mut tar = Command::new("tar");
    tar.arg("-xof").arg(archive).arg("-C").arg(to);
    run(&mut tar).map_err(|error| match decompressor {
        Some(program) if !is_installed(program) => {
            format!("unpacking it requires `{program}`, which is not installed")
        }
        _ => format!("expected {ORIGIN}; {error}"),
    })?;
    permit_folders(to).map_err(|error| format!("cannot read it after unpacking: {error}"))
}

/// Returns the program that decompresses an archive, or `None` if the file is not compressed.
fn decompressor(archive: &Path) -> Result<Option<&'static str>, String> {
    let mut start = Vec::new();
    fs::File::open(archive)
        .and_then(|file| file.take(6).read_to_end(&mut start))
        .map_err(|error| format!("cannot read it: {error}"))?;
    let mut formats = COMPRESSED.iter();
    let format = formats.find(|(bytes, _)| start.starts_with(bytes));
    Ok(format.map(|(_, program)| *program))
}

/// The state of copying the source.
struct Copying<'a> {
    /// The output directory, which may be inside the source.
    out_dir: &'a Path,
    /// The root of the unpacked archive. Symbolic links to directories outside the root are not followed.
    within: Option<PathBuf>,
    /// The current directory and those that contain it, outermost first.
    above: Vec<PathBuf>,
}

impl Copying<'_> {
    /// Copies a directory. Follows links, but not to the directories above.
    fn folder(&mut self, from: &Path, to: &Path) -> Result<(), String> {
        let failed = |path: &Path, error| format!("cannot copy {}: {error}", path.display());
        let folder = real(from);
        if self.above.contains(&folder) {
            return Ok(());
        }
        self.above.push(folder);
        fs::create_dir_all(to).map_err(|error| failed(to, error))?;
        for path in entries(from).map_err(|error| failed(from, error))? {
            let target = to.join(path.file_name().unwrap_or_default());
            let is_inside = |folder| real(&path).starts_with(folder);
            if is_foreign(&path, self.out_dir) {
                continue;
            }
            if path.is_dir() {
                if self.within.as_ref().is_none_or(is_inside) {
                    self.folder(&path, &target)?;
                }
            } else if path.is_file() && !(self.above.len() == 1 && is_result(&path)) {
                copy_file(&path, &target).map_err(|error| failed(&path, error))?;
            }
        }
        self.above.pop();
        Ok(())
    }
}

/// Returns whether a build in the source itself has left this file. It may be for another machine, or not
/// position-independent.
fn is_result(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    matches!(extension, Some("o" | "a" | "so" | "status" | "cache"))
}

/// Copies a file with its time, because `make` compares times. The copy is writable.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    permit(to, 0o600)?;
    let modified = fs::metadata(from)?.modified()?;
    fs::File::options()
        .write(true)
        .open(to)?
        .set_modified(modified)
}

/// Removes a directory of an earlier run. Its directories may be read-only, as in an archive.
pub(super) fn remove(folder: &Path) -> Result<(), String> {
    if fs::symlink_metadata(folder).is_err() {
        return Ok(());
    }
    permit_folders(folder)
        .and_then(|()| fs::remove_dir_all(folder))
        .map_err(|error| format!("cannot remove {}: {error}", folder.display()))
}

/// Permits the owner to do everything in a directory and those in it.
fn permit_folders(folder: &Path) -> io::Result<()> {
    permit(folder, 0o700)?;
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() {
            permit_folders(&path)?;
        }
    }
    Ok(())
}

/// Adds permissions. On systems other than Unix, permits to write.
#[cfg_attr(not(unix), allow(unused_variables))]
fn permit(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        permissions.set_mode(permissions.mode() | mode);
    }
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions)
}

/// Returns the paths in a directory.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}
