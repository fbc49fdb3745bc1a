//! The rights and signals of the threads of this process, as `/proc` shows them.

use std::fs;
use std::io;
use std::str::FromStr;

/// The folder of the threads.
const THREADS: &str = "/proc/self/task";

/// The capability that permits dropping capabilities from the bounding set.
const CAP_SETPCAP: u32 = 8;

/// The status of a thread.
#[derive(Debug, Default)]
pub(crate) struct ThreadStatus {
    pub(crate) id: i32,
    pub(crate) name: String,
    /// The real, effective and saved user, and the one for files.
    pub(crate) uids: Vec<u32>,
    /// The same numbers of the group.
    pub(crate) gids: Vec<u32>,
    /// The supplementary groups.
    pub(crate) groups: Vec<u32>,
    /// The sets of capabilities that the thread has or may obtain, with their names.
    pub(crate) capabilities: [(&'static str, u64); 4],
    pub(crate) bounding: u64,
    /// Whether programs that the thread starts gain no rights.
    pub(crate) no_new_privileges: bool,
    /// Sets of signals: bit 0 is signal 1.
    pub(crate) blocked_signals: u64,
    pub(crate) ignored_signals: u64,
    pub(crate) handled_signals: u64,
    has_ended: bool,
}

/// The threads of a process at one time.
#[derive(Debug)]
pub(crate) struct Threads {
    pub(crate) list: Vec<ThreadStatus>,
    /// Whether no thread ended while the list was read. One that ended may have started another one.
    pub(crate) is_complete: bool,
}

impl Threads {
    /// Reads the status of all threads of this process.
    pub(crate) fn read() -> io::Result<Threads> {
        let mut threads = Threads {
            list: Vec::new(),
            is_complete: true,
        };
        for entry in fs::read_dir(THREADS)? {
            match fs::read_to_string(entry?.path().join("status")) {
                Ok(text) => match ThreadStatus::parse(&text)? {
                    // The first thread stays in the list after its end.
                    status if status.has_ended => {}
                    status => threads.list.push(status),
                },
                Err(error) if is_gone(&error) => threads.is_complete = false,
                Err(error) => return Err(error),
            }
        }
        Ok(threads)
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

impl ThreadStatus {
    /// Returns whether the thread may drop capabilities from its bounding set.
    pub(crate) fn may_change_bounding(&self) -> bool {
        self.capabilities
            .iter()
            .any(|&(name, set)| name == "CapPrm" && set & (1 << CAP_SETPCAP) != 0)
    }

    /// Parses the lines of a `status` file. In names, the kernel escapes line breaks.
    fn parse(text: &str) -> io::Result<ThreadStatus> {
        let mut capabilities = [("CapInh", 0), ("CapPrm", 0), ("CapEff", 0), ("CapAmb", 0)];
        for (name, set) in &mut capabilities {
            *set = mask(text, name)?;
        }
        let ids: Vec<i32> = numbers(text, "NSpid")?;
        let no_new_privileges: Vec<u8> = numbers(text, "NoNewPrivs")?;
        Ok(ThreadStatus {
            // The last number is that of the thread's own namespace.
            id: *ids.last().ok_or_else(|| unexpected("NSpid"))?,
            name: field(text, "Name")?.to_owned(),
            uids: numbers(text, "Uid")?,
            gids: numbers(text, "Gid")?,
            groups: numbers(text, "Groups")?,
            capabilities,
            bounding: mask(text, "CapBnd")?,
            no_new_privileges: no_new_privileges == [1],
            blocked_signals: mask(text, "SigBlk")?,
            ignored_signals: mask(text, "SigIgn")?,
            handled_signals: mask(text, "SigCgt")?,
            has_ended: field(text, "State")?.starts_with(['Z', 'X']),
        })
    }
}

fn field<'a>(text: &'a str, name: &str) -> io::Result<&'a str> {
    let values = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(values.ok_or_else(|| unexpected(name))?.trim())
}

fn numbers<T: FromStr>(text: &str, name: &str) -> io::Result<Vec<T>> {
    let words = field(text, name)?.split_whitespace();
    let numbers: Result<_, T::Err> = words.map(T::from_str).collect();
    numbers.map_err(|_| unexpected(name))
}

fn mask(text: &str, name: &str) -> io::Result<u64> {
    // MIPS has 128 signals, and so 32 digits.
    u128::from_str_radix(field(text, name)?, 16)
        .map(|mask| mask as u64)
        .map_err(|_| unexpected(name))
}

fn unexpected(name: &str) -> io::Error {
    io::Error::other(format!(
        "expected the field `{name}` of Linux 4.10 or newer"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_this_thread_is_parsed() {
        let own = super::super::rights::thread_id();
        let threads = Threads::read().unwrap();
        let status = threads.list.iter().find(|status| status.id == own).unwrap();
        // SAFETY: takes no arguments, and always succeeds.
        let uid = unsafe { libc::getuid() };
        assert_eq!(status.uids, [uid; 4]);
        assert_eq!(status.gids.len(), 4);
        assert!(!status.has_ended);
        assert!(!status.name.is_empty());
    }

    #[test]
    fn fields_that_are_missing_or_wrong_are_errors() {
        let text = fs::read_to_string("/proc/self/status").unwrap();
        assert!(ThreadStatus::parse(&text).is_ok());
        for name in ["Name", "NSpid", "Uid", "CapBnd", "NoNewPrivs", "SigBlk"] {
            let other = text.replace(&format!("{name}:"), "Other:");
            let error = ThreadStatus::parse(&other).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        let bad = text.replace("Uid:", "Uid:\tx");
        assert!(ThreadStatus::parse(&bad).is_err());
    }
}
