//! Names of savefiles: patterns with conversions of strftime(3), and numbers.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use pcap_core::Timestamp;

use crate::compression::Recognized;
use crate::exit::{Failure, Outcome};
use crate::files::creation_failure;
use crate::safe_files;

/// The form of times in the names of dumpcap.
const STAMP: &str = "%Y%m%d%H%M%S";

/// A path whose conversions, such as `%Y` or `%H`, are replaced with the date and time of a savefile.
#[derive(Clone, Debug)]
pub struct NamePattern {
    path: PathBuf,
    /// The path as a format. `None` if it has no conversions.
    format: Option<String>,
    zone: TimeZone,
}

impl NamePattern {
    /// Parses a pattern, for times in the local time zone. `%%` stands for `%`.
    ///
    /// # Errors
    ///
    /// Returns an error if a conversion is unknown, or if the path has one and is not UTF-8.
    pub fn new(path: &Path) -> Outcome<NamePattern> {
        NamePattern::in_zone(path, TimeZone::system())
    }

    fn in_zone(path: &Path, zone: TimeZone) -> Outcome<NamePattern> {
        let mut pattern = NamePattern::literal(path);
        pattern.zone = zone;
        if path.as_os_str().as_encoded_bytes().contains(&b'%') {
            let text = path
                .to_str()
                .ok_or_else(|| pattern.failure("expected UTF-8"))?;
            pattern.format = Some(text.to_owned());
            pattern.at(Timestamp::new(0, 0))?;
        }
        Ok(pattern)
    }

    /// Takes a path as it is. `%` has no meaning.
    #[must_use]
    pub fn literal(path: &Path) -> NamePattern {
        NamePattern {
            path: path.to_owned(),
            format: None,
            zone: TimeZone::system(),
        }
    }

    /// Returns whether the names depend on the time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.format
            .as_ref()
            .is_some_and(|format| format.replace("%%", "").contains('%'))
    }

    /// Returns the path for a time.
    ///
    /// # Errors
    ///
    /// Returns an error if the year of the time has more than four digits.
    pub fn at(&self, time: Timestamp) -> Outcome<PathBuf> {
        let Some(format) = &self.format else {
            return Ok(self.path.clone());
        };
        let name = strtime::format(format, &self.zoned(time)?).map_err(|e| self.failure(e))?;
        match name.contains('\0') {
            true => Err(self.failure("expected no NUL")),
            false => Ok(name.into()),
        }
    }

    /// Returns the path with a number and a time as dumpcap names the files of a ring:
    /// `a_00001_20261128093000.pcapng`.
    ///
    /// # Errors
    ///
    /// Returns an error if the year of the time has more than four digits.
    pub fn numbered_at(&self, number: u64, time: Timestamp) -> Outcome<PathBuf> {
        let time = self.zoned(time)?.strftime(STAMP).to_string();
        Ok(insert(&self.path, &format!("_{number:05}_{time}")))
    }

    fn zoned(&self, time: Timestamp) -> Outcome<ZonedDateTime> {
        let instant = jiff::Timestamp::new(time.secs(), time.subsec_nanos() as i32);
        let zoned = instant.map(|instant| instant.to_zoned_datetime(self.zone.clone()));
        zoned.map_err(|e| self.failure(e))
    }

    fn failure(&self, why: impl std::fmt::Display) -> Failure {
        let path = self.path.display();
        Failure::Text(format!("cannot use `{path}` as a name with a time: {why}"))
    }
}

/// Appends a number to a path, as tcpdump does: `a.pcap7`. Number 0 leaves the path unchanged, unless `digits` asks for
/// leading zeros.
#[must_use]
pub fn append_number(path: &Path, number: u64, digits: Option<usize>) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    match (number, digits) {
        (0, None) => {}
        (number, None) => name.push(number.to_string()),
        (number, Some(digits)) => name.push(format!("{number:0digits$}")),
    }
    name.into()
}

/// Inserts a number before the extension of a path: `a-7.pcap.gz`. Number 0 leaves the path unchanged.
#[must_use]
pub fn insert_number(path: &Path, number: u64) -> PathBuf {
    match number {
        0 => path.to_owned(),
        number => insert(path, &format!("-{number}")),
    }
}

/// Inserts text before the extension of a path. The extension of a compression does not count.
fn insert(path: &Path, text: &str) -> PathBuf {
    let mut stem = path.to_owned();
    let mut extensions = OsString::new();
    let compression = Recognized::from_name(path).map_or(0, |_| 1);
    for _ in 0..=compression {
        if let Some(extension) = stem.extension() {
            let mut longer = OsString::from(".");
            longer.push(extension);
            longer.push(&extensions);
            extensions = longer;
            stem.set_extension("");
        }
    }
    let mut name = stem.into_os_string();
    name.push(text);
    name.push(extensions);
    name.into()
}

/// Creates the first of several files that does not exist. Never replaces a file, and never follows a symbolic link.
///
/// Creates a missing folder if `make_folders` is set.
///
/// # Errors
///
/// Returns an error if a file cannot be created for another reason than that it exists, or if all of them exist.
pub fn create_first_free(
    paths: impl IntoIterator<Item = PathBuf>,
    make_folders: bool,
) -> Outcome<(PathBuf, File)> {
    let mut last = None;
    for path in paths {
        let failure = |e: io::Error| creation_failure(&path, &e);
        if let (Some(folder), true) = (path.parent(), make_folders) {
            fs::create_dir_all(folder).map_err(failure)?;
        }
        match safe_files::create_new(&path, &mut OpenOptions::new()) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = Some(failure(e)),
            Err(e) => return Err(failure(e)),
        }
    }
    Err(last.unwrap_or_else(|| Failure::Text("cannot create a file without a name".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-28 09:30:00 in Berlin.
    const TIME: i64 = 1_795_854_600;

    fn name(pattern: &str, secs: i64) -> Result<String, String> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let pattern = NamePattern::in_zone(Path::new(pattern), zone).map_err(|e| e.to_string())?;
        let path = pattern.at(Timestamp::new(secs, 0));
        path.map(|path| path.display().to_string())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn conversions_are_replaced_with_the_local_time() {
        assert_eq!(
            name("a-%F_%H%M%S.pcap", TIME).unwrap(),
            "a-2026-11-28_093000.pcap"
        );
        assert_eq!(name("%s.pcap", TIME).unwrap(), format!("{TIME}.pcap"));
        assert_eq!(name("100%%.pcap", TIME).unwrap(), "100%.pcap");
        assert_eq!(name("plain.pcap", TIME).unwrap(), "plain.pcap");
        for wrong in ["a%", "a%-", "a%!.pcap", "%E"] {
            assert!(name(wrong, TIME).is_err(), "{wrong}");
        }
        assert!(name("%Y", i64::MAX).is_err());
        let timed = |pattern: &str| NamePattern::new(Path::new(pattern)).unwrap().is_timed();
        assert!(timed("%H") && timed("%%%H") && !timed("%%") && !timed("%%H") && !timed("H"));
    }

    #[test]
    fn an_hour_that_is_repeated_has_two_offsets() {
        // Summer time ended at 01:00 UTC.
        let end = 1_792_890_000;
        assert_eq!(name("%H%M%z", end - 1800).unwrap(), "0230+0200".to_owned());
        assert_eq!(name("%H%M%z", end + 1800).unwrap(), "0230+0100");
    }

    #[test]
    fn numbers_have_the_forms_of_tcpdump_and_dumpcap() {
        let path = Path::new("d.x/a.pcap");
        assert_eq!(append_number(path, 0, None), path);
        assert_eq!(append_number(path, 12, None), Path::new("d.x/a.pcap12"));
        assert_eq!(append_number(path, 0, Some(2)), Path::new("d.x/a.pcap00"));
        assert_eq!(insert_number(path, 0), path);
        assert_eq!(insert_number(path, 3), Path::new("d.x/a-3.pcap"));
        let gz = Path::new("a.b.pcapng.gz");
        assert_eq!(insert_number(gz, 3), Path::new("a.b-3.pcapng.gz"));
        assert_eq!(insert_number(Path::new("d.x/a"), 3), Path::new("d.x/a-3"));
        assert_eq!(insert_number(Path::new("a.gz"), 3), Path::new("a-3.gz"));
        let mut pattern = NamePattern::literal(Path::new("d/a.pcapng"));
        pattern.zone = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(
            pattern.numbered_at(1, Timestamp::new(TIME, 0)).unwrap(),
            Path::new("d/a_00001_20261128093000.pcapng")
        );
    }

    #[test]
    fn existing_files_and_links_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("0"), "old").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(path("target"), path("1")).unwrap();
        #[cfg(not(unix))]
        fs::write(path("1"), "old").unwrap();
        let names = || ["0", "1", "2"].map(path);
        assert_eq!(create_first_free(names(), false).unwrap().0, path("2"));
        assert_eq!(fs::read(path("0")).unwrap(), b"old");
        assert!(!path("target").exists());
        assert!(create_first_free(names(), false).is_err());
        let deep = [path("x/y/z")];
        assert!(create_first_free(deep.clone(), false).is_err());
        assert!(create_first_free(deep, true).is_ok());
    }
}
