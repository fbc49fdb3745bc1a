//! Savefiles on Windows: names in any alphabet, and the temporary files from which libpcap reads what has no name.

use crate::support::files;

use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::support::files::{open, pings, pings_ng, read_all};
use pcap_core::{Capture, Dlt, ErrorKind, Offline};

/// No code page contains all of these characters.
const NAME: &str = "größe 文件.pcap";

/// Returns this library's temporary files in a directory.
fn temps(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("pcap-core-")
        })
        .collect()
}

#[test]
fn names_may_be_in_any_alphabet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut dumper = Capture::dead(Dlt::EN10MB).unwrap().dump(&path).unwrap();
    dumper.write_now(&[1; 60]).unwrap();
    dumper.close().unwrap();
    let mut dumper = Capture::dead(Dlt::EN10MB)
        .unwrap()
        .dump_append(&path)
        .unwrap();
    dumper.write_now(&[2; 60]).unwrap();
    dumper.close().unwrap();

    let count = |mut capture: Capture<Offline>| read_all(&mut capture).unwrap().len();
    assert_eq!(count(Capture::from_file(&path).unwrap()), 2);
    let file = File::open(&path).unwrap();
    assert_eq!(count(Capture::from_open_file(file).unwrap()), 2);

    // libpcap opens this one by its name, and reads all of it.
    fs::write(&path, pings_ng(3)).unwrap();
    assert_eq!(count(Capture::from_file(&path).unwrap()), 3);

    fs::write(&path, b"this is no savefile at all").unwrap();
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    assert!(error.to_string().contains(NAME), "{error}");
    // It is no longer open.
    fs::remove_file(&path).unwrap();
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Io(std::io::ErrorKind::NotFound),
        "{error}"
    );
    assert!(error.to_string().contains(NAME), "{error}");
}

/// Longer than the 260 characters that old calls accept.
#[test]
fn a_path_may_be_long() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("ä".repeat(120)).join("b".repeat(120));
    // Such a long path has to be written in this form.
    let deep = PathBuf::from(format!(r"\\?\{}", deep.display()));
    fs::create_dir_all(&deep).unwrap();
    let path = deep.join(NAME);
    fs::write(&path, pings_ng(3)).unwrap();
    let mut capture = Capture::from_file(&path).unwrap();
    assert_eq!(read_all(&mut capture).unwrap().len(), 3);
}

/// A private directory for temporary files, with a name as a user may have, so that the remaining ones can be counted.
#[test]
fn temporary_files_are_private_and_are_deleted() {
    if !files::in_child() {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("Jürgen 文");
        fs::create_dir(&users).unwrap();
        files::run(
            files::child(temporary_files_are_private_and_are_deleted)
                .env("TMP", &users)
                .env("TEMP", &users),
        );
        return;
    }
    let folder = std::env::temp_dir();
    assert!(folder.ends_with("Jürgen 文"), "{folder:?}");

    let mut capture = open(pings_ng(20));
    let there = temps(&folder);
    assert_eq!(there.len(), 1, "{there:?}");
    let id = std::process::id().to_string();
    assert!(!there[0].to_string_lossy().contains(&id), "{there:?}");
    File::options().write(true).open(&there[0]).unwrap_err();
    fs::remove_file(&there[0]).unwrap_err();
    assert_eq!(read_all(&mut capture).unwrap().len(), 20);
    drop(capture);
    assert_eq!(temps(&folder), [] as [PathBuf; 0]);

    // From the middle of a file, and a damaged one, for which libpcap opens another.
    let path = folder.join("a.pcap");
    let mut bytes = vec![0; 3];
    bytes.extend(pings(9));
    bytes.extend([1, 0, 300_000_u32, 60].map(u32::to_le_bytes).concat());
    fs::write(&path, bytes).unwrap();
    let mut file = File::open(&path).unwrap();
    file.seek(SeekFrom::Start(3)).unwrap();
    let mut capture = Capture::from_open_file(file).unwrap();
    read_all(&mut capture).unwrap_err();
    assert!(temps(&folder).len() <= 1, "{:?}", temps(&folder));
    drop(capture);
    assert_eq!(temps(&folder), [] as [PathBuf; 0]);

    // Bytes that are no savefile.
    Capture::from_reader(Cursor::new(b"this is no savefile at all")).unwrap_err();
    assert_eq!(temps(&folder), [] as [PathBuf; 0]);

    // A reader that panics, when it is opened or later.
    struct Panics(Cursor<Vec<u8>>);
    impl Read for Panics {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => panic!("an intended panic of the reader"),
                n => Ok(n),
            }
        }
    }
    let opened = catch_unwind(|| Capture::from_reader(Panics(Cursor::new(pings_ng(3)))));
    assert!(opened.is_err());
    assert_eq!(temps(&folder), [] as [PathBuf; 0]);
    let mut capture = Capture::from_reader(Panics(Cursor::new(pings(3)))).unwrap();
    catch_unwind(AssertUnwindSafe(|| read_all(&mut capture))).unwrap_err();
    // A part of a record may be lost: it is not read again.
    let error = read_all(&mut capture).unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    drop(capture);
    assert_eq!(temps(&folder), [] as [PathBuf; 0]);
}
