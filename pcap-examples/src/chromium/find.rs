//! Finds the program of Chromium.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::exit::{Failure, Outcome};

/// The variable that names the program.
const VARIABLE: &str = "PCAP_CHROMIUM";

/// The names of the program in distributions, and of those made from it.
const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Where macOS has it.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Returns the path of the program.
pub(super) fn chromium() -> Outcome<PathBuf> {
    if cfg!(not(unix)) {
        return Err(Failure::Text(
            "cannot start Chromium: expected a Unix system".to_owned(),
        ));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let named = env::var_os(VARIABLE).filter(|name| !name.is_empty());
    find(named.as_deref(), &path)
}

fn find(named: Option<&OsStr>, path: &OsStr) -> Outcome<PathBuf> {
    let in_path = |name: &OsStr| {
        env::split_paths(path)
            .map(|folder| folder.join(name))
            .find(|file| is_program(file))
    };
    if let Some(named) = named {
        let file = Path::new(named);
        let has_folder = file.components().count() > 1;
        let found = if has_folder {
            Some(file.to_owned()).filter(|file| is_program(file))
        } else {
            in_path(named)
        };
        return found.ok_or_else(|| {
            Failure::Text(format!(
                "cannot find Chromium: {VARIABLE} names `{}`, which is no program",
                file.display()
            ))
        });
    }
    let found = NAMES.iter().find_map(|name| in_path(OsStr::new(name)));
    let found = found.or_else(|| {
        APPLICATIONS
            .iter()
            .map(PathBuf::from)
            .find(|file| is_program(file))
    });
    found.ok_or_else(|| {
        Failure::Text(format!(
            "cannot find Chromium, which draws PNG: install it (apt-get install chromium, dnf install chromium, apk add \
             chromium, pacman -S chromium), or name its program in {VARIABLE}; SVG needs no Chromium"
        ))
    })
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_variable_comes_before_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let program = |name: &str| {
            let file = folder.path().join(name);
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            file
        };
        let path = folder.path().as_os_str();
        let missing = find(None, OsStr::new("/nonexistent"));
        if let Err(failure) = missing {
            assert!(failure.to_string().contains("apt-get install chromium"));
        }
        let chrome = program("google-chrome");
        assert_eq!(find(None, path).unwrap(), chrome);
        let own = program("own");
        assert_eq!(find(Some(OsStr::new("own")), path).unwrap(), own);
        assert_eq!(find(Some(own.as_os_str()), OsStr::new("")).unwrap(), own);
        let failure = find(Some(OsStr::new("other")), path).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "cannot find Chromium: PCAP_CHROMIUM names `other`, which is no program"
        );
    }
}
