//! Creates output files. In folders that other users can write to, such as `/tmp`, those users could have prepared a
//! symbolic link or a file of their own under the name of the output.

use std::fs::File;
use std::io;
use std::path::Path;

/// Creates or truncates a file.
///
/// In a sticky folder that everyone can write to, symbolic links are never followed, and files of other users and files
/// with several names are not opened. Symbolic links of other users are not followed in the folders of the path either.
///
/// # Errors
///
/// Returns an error if the file cannot be created, or if another user may have prepared it.
pub fn create(path: &Path) -> io::Result<File> {
    system::create(path)
}

/// Checks the folders of a path, as [`create`] does. For files that are created only if they do not exist.
///
/// # Errors
///
/// Returns an error if another user may have prepared a folder of the path.
pub fn check_folders(path: &Path) -> io::Result<()> {
    system::check_folders(path)
}

#[cfg(unix)]
mod system {
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    /// The permission bits of a folder that everyone can write to, but in which only owners remove their files.
    const SHARED: u32 = 0o1002;

    pub(super) fn create(path: &Path) -> io::Result<File> {
        check_folders(path)?;
        let Some(folder) = shared_folder(path)? else {
            return File::create(path);
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).mode(0o666);
        options.custom_flags(libc::O_NOFOLLOW);
        let file = options
            .open(path)
            .map_err(|error| match error.raw_os_error() {
                Some(libc::ELOOP) => refusal("it is a symbolic link"),
                _ => error,
            })?;
        let metadata = file.metadata()?;
        let is_checked = metadata.is_file() || metadata.file_type().is_fifo();
        if is_checked && !is_trusted(&metadata, &folder) {
            return Err(refusal("it belongs to another user"));
        }
        if metadata.is_file() {
            if metadata.nlink() > 1 {
                return Err(refusal("it has several names"));
            }
            file.set_len(0)?;
        }
        Ok(file)
    }

    pub(super) fn check_folders(path: &Path) -> io::Result<()> {
        for ancestor in path.ancestors().skip(1) {
            let Ok(metadata) = fs::symlink_metadata(ancestor) else {
                continue;
            };
            if !metadata.is_symlink() {
                continue;
            }
            if let Some(folder) = shared_folder(ancestor)? {
                if !is_trusted(&metadata, &folder) {
                    let what = format!(
                        "`{}` is a symbolic link of another user",
                        ancestor.display()
                    );
                    return Err(refusal(&what));
                }
            }
        }
        Ok(())
    }

    /// Returns the folder that contains a path, if other users can write to it.
    fn shared_folder(path: &Path) -> io::Result<Option<Metadata>> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) => Path::new("."),
            None => return Ok(None),
        };
        match fs::metadata(folder) {
            Ok(metadata) => Ok(Some(metadata).filter(|found| found.mode() & SHARED == SHARED)),
            // Creating the file reports this.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether a file belongs to this user, or to the owner of its folder.
    fn is_trusted(file: &Metadata, folder: &Metadata) -> bool {
        file.uid() == nix::unistd::geteuid().as_raw() || file.uid() == folder.uid()
    }

    fn refusal(what: &str) -> io::Error {
        let text = format!("{what}, in a folder that other users can write to");
        io::Error::new(io::ErrorKind::PermissionDenied, text)
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(super) fn create(path: &Path) -> io::Result<File> {
        File::create(path)
    }

    pub(super) fn check_folders(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn nothing_is_written_through_links_in_shared_folders() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "kept").unwrap();
        symlink(&target, &link).unwrap();
        let second = folder.path().join("second");
        fs::hard_link(&target, &second).unwrap();
        let shared = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(folder.path(), shared).unwrap();
        for (path, text) in [
            (&link, "it is a symbolic link, in a"),
            (&second, "it has several names"),
        ] {
            let error = create(path).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        assert_eq!(fs::read(&target).unwrap(), b"kept");
        fs::remove_file(&second).unwrap();
        create(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
        create(&folder.path().join("new")).unwrap();
        // A folder of this user's own may contain links.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        create(&link).unwrap();
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
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let error = create(&other).unwrap_err().to_string();
        assert!(error.contains("it belongs to another user"), "{error}");
        assert_eq!(fs::read(&other).unwrap(), b"theirs");
        let inside = link.join("new");
        let error = create(&inside).unwrap_err().to_string();
        assert!(
            error.contains("is a symbolic link of another user"),
            "{error}"
        );
        assert!(check_folders(&inside).is_err());
        assert!(check_folders(&inner.join("new")).is_ok());
    }
}
