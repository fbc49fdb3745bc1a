//! Where and when the measurement took place.
//!
//! May import: nothing of this program.

use std::ffi::CStr;
use std::fs;
use std::mem;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the processor's name, if the system has it in a file, and the number of usable CPUs.
pub(crate) fn cpu() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    let name = name.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} x {name}")
}

/// Returns the system and its version.
pub(crate) fn kernel() -> String {
    // SAFETY: a structure of characters, for which zero is valid.
    let mut names: libc::utsname = unsafe { mem::zeroed() };
    // SAFETY: the structure is a local variable for the result.
    unsafe { libc::uname(&mut names) };
    let text = |field: &[libc::c_char]| {
        // SAFETY: the system terminates each name with a zero, and the structure was zeroed.
        let text = unsafe { CStr::from_ptr(field.as_ptr()) };
        text.to_string_lossy().into_owned()
    };
    format!("{} {}", text(&names.sysname), text(&names.release))
}

/// Returns the date in UTC: year, month and day.
pub(crate) fn date() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut days = now.map_or(0, |now| now.as_secs() / 86400);
    let mut year = 1970;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}
