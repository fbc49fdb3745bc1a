//! The source of libpcap: a directory or an archive, of which a copy is built.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{is_installed, run};
use crate::env::Setting;

/// Where releases and packages of the source are.
pub(super) const ORIGIN: &str = "a release from https://www.tcpdump.org/release or the source package of a \
                                 distribution (of Debian's, the .orig.tar.xz), unpacked or not";

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

/// Where an archive that is not compressed has the word "ustar".
const USTAR: usize = 257;

/// The greatest depth of the directories. Links may form a circle.
const DEPTH: usize = 16;

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
    let (copy, unpacked) = (
        out_dir.join("libpcap-source"),
        out_dir.join("libpcap-archive"),
    );
    remove(&copy)?;
    remove(&unpacked)?;
    let folder = if about.is_dir() {
        let folder = from.canonicalize().unwrap_or(from);
        has_source(&folder).map_err(|lacks| source.wrong(&lacks))?;
        watch(&folder, out_dir);
        folder
    } else {
        println!("cargo::rerun-if-changed={}", from.display());
        unpack(&from, &unpacked).map_err(|error| source.wrong(&error))?;
        folder_in(&unpacked)
            .ok_or_else(|| source.wrong(&format!("no source of libpcap; expected {ORIGIN}")))?
    };
    if !folder.join("configure").is_file() {
        // The source of a repository.
        let way_out = match about.is_dir() {
            true => "run `./autogen.sh` in the directory",
            false => "unpack it, run `./autogen.sh`, and name the new directory",
        };
        return Err(source.wrong(&format!("no `configure`: {way_out}")));
    }
    copy_folder(&folder, &copy, out_dir, 0)?;
    remove(&unpacked)?;
    Ok(copy)
}

/// Makes cargo watch the source, except for the target directory and the history of a repository.
fn watch(from: &Path, out_dir: &Path) {
    for path in entries(from).unwrap_or_default() {
        if !is_foreign(&path, out_dir) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

/// Returns whether a path in a directory of the source is not part of the source.
fn is_foreign(path: &Path, out_dir: &Path) -> bool {
    path.file_name() == Some(OsStr::new(".git")) || out_dir.starts_with(path)
}

/// Checks that a directory contains the source.
fn has_source(folder: &Path) -> Result<(), String> {
    match SIGNS.iter().find(|sign| !folder.join(sign).is_file()) {
        None => Ok(()),
        Some(sign) => Err(format!("no {sign} in the directory; expected {ORIGIN}")),
    }
}

/// Returns the directory with the source in an unpacked archive. A package contains one directory.
fn folder_in(unpacked: &Path) -> Option<PathBuf> {
    let mut folders = entries(unpacked).unwrap_or_default();
    folders.push(unpacked.to_owned());
    folders
        .into_iter()
        .find(|folder| has_source(folder).is_ok())
}

/// Unpacks an archive into a new directory.
fn unpack(archive: &Path, to: &Path) -> Result<(), String> {
    let decompressor = decompressor(archive)?;
    fs::create_dir_all(to).map_err(|error| format!("cannot create {}: {error}", to.display()))?;
    // The owners in the archive may not exist here.
    let mut tar = Command::new("tar");
    tar.arg("-xof").arg(archive).arg("-C").arg(to);
    run(&mut tar).map_err(|error| match decompressor {
        Some(program) if !is_installed(program) => {
            format!("unpacking it requires `{program}`, which is not installed")
        }
        _ => error,
    })
}

/// Returns the program that decompresses an archive, or `None` if the archive is not compressed.
fn decompressor(archive: &Path) -> Result<Option<&'static str>, String> {
    let mut start = Vec::new();
    fs::File::open(archive)
        .and_then(|file| file.take(512).read_to_end(&mut start))
        .map_err(|error| format!("cannot read it: {error}"))?;
    if start
        .get(USTAR..)
        .is_some_and(|rest| rest.starts_with(b"ustar"))
    {
        return Ok(None);
    }
    match COMPRESSED
        .iter()
        .find(|(bytes, _)| start.starts_with(bytes))
    {
        Some((_, program)) => Ok(Some(program)),
        None => Err(format!("not a tar archive; expected {ORIGIN}")),
    }
}

/// Copies a directory. Follows links, because they may leave the source.
fn copy_folder(from: &Path, to: &Path, out_dir: &Path, depth: usize) -> Result<(), String> {
    let failed = |path: &Path, error| format!("cannot copy {}: {error}", path.display());
    if depth == DEPTH {
        return Err(failed(
            from,
            io::Error::other("the directories are too deep"),
        ));
    }
    fs::create_dir_all(to).map_err(|error| failed(to, error))?;
    for path in entries(from).map_err(|error| failed(from, error))? {
        let target = to.join(path.file_name().unwrap_or_default());
        if is_foreign(&path, out_dir) {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &target, out_dir, depth + 1)?;
        } else if path.is_file() && !(depth == 0 && is_result(&path)) {
            copy_file(&path, &target).map_err(|error| failed(&path, error))?;
        }
    }
    Ok(())
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
    make_writable(to)?;
    let modified = fs::metadata(from)?.modified()?;
    fs::File::options()
        .write(true)
        .open(to)?
        .set_modified(modified)
}

/// Removes a directory of an earlier run. Its directories may be read-only, as in an archive.
fn remove(folder: &Path) -> Result<(), String> {
    if fs::symlink_metadata(folder).is_err() {
        return Ok(());
    }
    make_folders_writable(folder)
        .and_then(|()| fs::remove_dir_all(folder))
        .map_err(|error| format!("cannot remove {}: {error}", folder.display()))
}

fn make_folders_writable(folder: &Path) -> io::Result<()> {
    make_writable(folder)?;
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() {
            make_folders_writable(&path)?;
        }
    }
    Ok(())
}

/// Permits the owner to write.
fn make_writable(path: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        permissions.set_mode(permissions.mode() | 0o200);
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
