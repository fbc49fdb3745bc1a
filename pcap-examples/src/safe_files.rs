//! Creates output files. In folders that other users can write to, such as `/tmp`, those users could have prepared a
//! symbolic link or a file of their own under the name of the output.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::files;

/// Creates or truncates a file.
///
/// In a folder that everyone can write to, symbolic links are never followed, and files of other users and files
/// with several names are not opened. Symbolic links of other users are not followed in the folders of the path either.
///
/// # Errors
///
/// Returns an error if the file cannot be created, or if another user may have prepared it.
pub fn create(path: &Path) -> io::Result<File> {
    let file = system::open(path, OpenOptions::new().write(true).create(true))?;
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Creates a file that does not exist.
///
/// # Errors
///
/// Returns an error if the file exists or cannot be created, or if another user may have prepared a folder of the path.
pub fn create_new(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    system::check_folders(path)?;
    options.write(true).create_new(true).open(path)
}

/// Writes all of a file that [`create_new`] has created, to the disk.
///
/// # Errors
///
/// Returns an error if it cannot be written, such as on a full disk. Then removes the file, because a part of it may look
/// like all.
pub fn write_new(mut file: File, path: &Path, content: &[u8]) -> io::Result<()> {
    let written = file.write_all(content).and_then(|()| file.sync_all());
    drop(file);
    written.inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Opens a file that exists, with the checks of [`create`].
///
/// # Errors
///
/// Returns an error if the file cannot be opened, or if another user may have prepared it.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    system::open(path, options)
}

/// Checks whether [`create`] can create or truncate a file, without changing it.
///
/// # Errors
///
/// Returns the error that `create` would return.
pub fn check(path: &Path) -> io::Result<()> {
    match path.metadata() {
        // Opening a FIFO waits for its reader, and opening a device may affect it.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => system::check_folders(path),
        Ok(_) => system::open(path, OpenOptions::new().write(true)).map(drop),
        Err(_) => system::check_new(path),
    }
}

/// Checks whether files can be created in a folder.
///
/// # Errors
///
/// Returns an error if the folder does not exist or cannot be written to, or if another user may have prepared it.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    system::check_folders(&folder.join("file"))?;
    system::check_access(folder)
}

/// Checks whether a file can be replaced with a new one of the same name. Only regular files can.
///
/// # Errors
///
/// Returns an error if the path is another kind of file, or if another user may have prepared it.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    check_folder(files::folder_of(path))?;
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => {
            let found = match metadata.file_type() {
                kind if kind.is_dir() => "a folder",
                kind if kind.is_symlink() => "a symbolic link",
                _ => "a device, a FIFO or a socket",
            };
            let text = format!("expected a regular file, found {found}");
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        }
        Ok(metadata) => system::check_owner(path, &metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
    use std::path::{Path, PathBuf};

    use nix::fcntl::{AT_FDCWD, AtFlags};
    use nix::unistd::{self, AccessFlags};

    use crate::files::folder_of;

    /// The permission bit of a folder that everyone can write to.
    const SHARED: u32 = 0o0002;
    /// The number of symbolic links to follow, as on Linux.
    const MAX_LINKS: usize = 40;

    pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
        let (path, Some(folder)) = follow_links(path)? else {
            return options.open(path);
        };
        let file = options.custom_flags(libc::O_NOFOLLOW).open(path);
        let file = file.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => refusal("it is a symbolic link"),
            _ => error,
        })?;
        check_prepared(&file.metadata()?, &folder)?;
        Ok(file)
    }

    /// Checks whether a file that does not exist can be created.
    pub(super) fn check_new(path: &Path) -> io::Result<()> {
        let (path, folder) = follow_links(path)?;
        if folder.is_some() && path.is_symlink() {
            return Err(refusal("it is a symbolic link"));
        }
        check_access(folder_of(&path))
    }

    /// Checks whether this user can create files in a folder.
    pub(super) fn check_access(folder: &Path) -> io::Result<()> {
        let access = AccessFlags::W_OK | AccessFlags::X_OK;
        let checked = unistd::faccessat(AT_FDCWD, folder, access, AtFlags::AT_EACCESS);
        checked.map_err(io::Error::from)
    }

    /// Follows symbolic links in folders that only this user can write to. Returns the path at their end, and its
    /// folder if other users can write to that.
    fn follow_links(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            check_folders(&path)?;
            let folder = shared_folder(&path)?;
            let target = match fs::read_link(&path) {
                Ok(target) if folder.is_none() => folder_of(&path).join(target),
                _ => return Ok((path, folder)),
            };
            // The system also has links to files without a name, such as `/proc/self/fd/1`.
            if path.exists() && identity(&path) != identity(&target) {
                return Ok((path, None));
            }
            path = target;
        }
        Err(io::Error::from_raw_os_error(libc::ELOOP))
    }

    fn identity(path: &Path) -> Option<(u64, u64)> {
        let metadata = path.metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    pub(super) fn check_folders(path: &Path) -> io::Result<()> {
        for ancestor in path.ancestors().skip(1) {
            let Ok(metadata) = fs::symlink_metadata(ancestor) else {
                continue;
            };
            if !metadata.is_symlink() {
                continue;
            }
            if let Some(folder) = shared_folder(ancestor)?
                && !is_trusted(&metadata, &folder)
            {
                let what = format!(
                    "`{}` is a symbolic link of another user",
                    ancestor.display()
                );
                return Err(refusal(&what));
            }
        }
        Ok(())
    }

    /// Checks that another user cannot have prepared a file in a shared folder.
    pub(super) fn check_owner(path: &Path, metadata: &Metadata) -> io::Result<()> {
        match shared_folder(path)? {
            Some(folder) => check_prepared(metadata, &folder),
            None => Ok(()),
        }
    }

    fn check_prepared(metadata: &Metadata, folder: &Metadata) -> io::Result<()> {
        let is_checked = metadata.is_file() || metadata.file_type().is_fifo();
        if is_checked && !is_trusted(metadata, folder) {
            return Err(refusal("it belongs to another user"));
        }
        if metadata.is_file() && metadata.nlink() > 1 {
            return Err(refusal("it has several names"));
        }
        Ok(())
    }

    /// Returns the folder that contains a path, if other users can write to it.
    fn shared_folder(path: &Path) -> io::Result<Option<Metadata>> {
        match fs::metadata(folder_of(path)) {
            Ok(metadata) => Ok(Some(metadata).filter(|found| found.mode() & SHARED == SHARED)),
            // Creating the file reports this.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether a file belongs to this user, or to the owner of its folder.
    fn is_trusted(file: &Metadata, folder: &Metadata) -> bool {
        file.uid() == unistd::geteuid().as_raw() || file.uid() == folder.uid()
    }

    fn refusal(what: &str) -> io::Error {
        let text = format!("{what}, in a folder that other users can write to");
        io::Error::new(io::ErrorKind::PermissionDenied, text)
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    use crate::files::folder_of;

    pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
        options.open(path)
    }

    pub(super) fn check_new(path: &Path) -> io::Result<()> {
        check_access(folder_of(path))
    }

    pub(super) fn check_access(folder: &Path) -> io::Result<()> {
        folder.metadata().map(drop)
    }

    pub(super) fn check_folders(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn check_owner(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn set_mode(folder: &Path, mode: u32) {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn nothing_is_written_through_links_in_shared_folders() {
        for mode in [0o1777, 0o777] {
            check_shared_folder(mode);
        }
    }

    fn check_shared_folder(mode: u32) {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "kept").unwrap();
        symlink(&target, &link).unwrap();
        let second = folder.path().join("second");
        fs::hard_link(&target, &second).unwrap();
        set_mode(folder.path(), mode);
        // A link in a folder of this user's own leads to that folder.
        let own = tempfile::tempdir().unwrap();
        let indirect = own.path().join("indirect");
        symlink(&link, &indirect).unwrap();
        let dangling = folder.path().join("dangling");
        symlink(folder.path().join("nothing"), &dangling).unwrap();
        assert!(check(&dangling).is_err() && create(&dangling).is_err());
        for (path, text) in [
            (&indirect, "it is a symbolic link, in a"),
            (&link, "it is a symbolic link, in a"),
            (&second, "it has several names"),
        ] {
            for error in [create(path).unwrap_err(), check(path).unwrap_err()] {
                assert!(error.to_string().contains(text), "{error}");
            }
        }
        assert_eq!(fs::read(&target).unwrap(), b"kept");
        fs::remove_file(&second).unwrap();
        create(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
        create(&folder.path().join("new")).unwrap();
        // A folder of this user's own may contain links.
        set_mode(folder.path(), 0o700);
        fs::write(&target, "text").unwrap();
        check(&indirect).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"text");
        create(&indirect).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
        create(Path::new("/dev/null")).unwrap();
    }

    #[test]
    fn a_check_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        check(&path("new")).unwrap();
        assert!(!path("new").exists());
        assert!(check(&path("none/new")).is_err() && check(folder.path()).is_err());
        assert!(check(Path::new("/dev/full")).is_ok());
    }

    #[test]
    fn a_failed_write_leaves_no_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = create_new(&path, &mut OpenOptions::new()).unwrap();
        write_new(file, &path, b"all").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"all");
        // The system refuses to write to this one.
        let read_only = File::open(&path).unwrap();
        assert!(write_new(read_only, &path, b"part").is_err());
        assert!(!path.exists());
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "text").unwrap();
        symlink(path("file"), path("link")).unwrap();
        check_replaceable(&path("file")).unwrap();
        check_replaceable(&path("new")).unwrap();
        let refused = [&path("link"), folder.path(), Path::new("/dev/null")];
        for (path, kind) in refused.into_iter().zip(["link", "folder", "device"]) {
            let error = check_replaceable(path).unwrap_err().to_string();
            assert!(
                error.starts_with("expected a regular file, found a "),
                "{error}"
            );
            assert!(error.contains(kind), "{error}");
        }
    }

    #[test]
    fn files_and_links_of_others_are_not_used_in_shared_folders() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (other, link) = (folder.path().join("other"), folder.path().join("link"));
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(&other, "theirs").unwrap();
        symlink(&inner, &link).unwrap();
        let user = Some(65_534);
        std::os::unix::fs::chown(&other, user, user).unwrap();
        std::os::unix::fs::lchown(&link, user, user).unwrap();
        set_mode(folder.path(), 0o1777);
        let error = check_replaceable(&other).unwrap_err().to_string();
        assert!(error.contains("it belongs to another user"), "{error}");
        let error = create(&other).unwrap_err().to_string();
        assert!(error.contains("it belongs to another user"), "{error}");
        assert_eq!(fs::read(&other).unwrap(), b"theirs");
        let inside = link.join("new");
        let error = create(&inside).unwrap_err().to_string();
        assert!(
            error.contains("is a symbolic link of another user"),
            "{error}"
        );
        assert!(create_new(&inside, &mut OpenOptions::new()).is_err());
        assert!(create_new(&inner.join("new"), &mut OpenOptions::new()).is_ok());
    }
}
