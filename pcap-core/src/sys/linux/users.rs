//! The users of this system.

use std::ffi::{CStr, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use super::rights::Ids;

/// The first size of the buffers, and the one at which looking up gives up.
const BUFFER_SIZES: (usize, usize) = (1024, 1 << 20);

/// Looks up a user and all groups to which the user belongs. Returns `None` if there is no such user.
pub(crate) fn find(name: &CStr) -> io::Result<Option<Ids>> {
    let (mut size, max_size) = BUFFER_SIZES;
    loop {
        let mut buffer = vec![0; size];
        let mut entry = MaybeUninit::<libc::passwd>::zeroed();
        let mut found = ptr::null_mut();
        // SAFETY: the name is a C string, and the other pointers are valid for writing; the buffer has this size.
        let status = unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                entry.as_mut_ptr(),
                buffer.as_mut_ptr(),
                size,
                &mut found,
            )
        };
        match status {
            // Some systems return an error if there is no such user.
            0 | libc::ENOENT | libc::ESRCH if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: the call has found a user, and has written the entry.
                let entry = unsafe { entry.assume_init() };
                return Ok(Some(Ids {
                    uid: entry.pw_uid,
                    gid: entry.pw_gid,
                    groups: groups(name, entry.pw_gid)?,
                }));
            }
            libc::ERANGE if size < max_size => size *= 2,
            number => return Err(io::Error::from_raw_os_error(number)),
        }
    }
}

/// Returns the groups of a user, including the primary one.
fn groups(name: &CStr, gid: u32) -> io::Result<Vec<u32>> {
    let (mut size, max_size) = BUFFER_SIZES;
    loop {
        let mut groups = vec![0; size];
        let mut count = size as c_int;
        // SAFETY: the name is a C string, and the buffer has as many elements as `count` says.
        let status =
            unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &mut count) };
        if status >= 0 {
            groups.truncate(usize::try_from(count).unwrap_or(0));
            return Ok(groups);
        }
        let larger = Some(2 * size).filter(|size| *size <= max_size);
        let too_many = || io::Error::other("the user belongs to too many groups");
        size = larger.ok_or_else(too_many)?;
    }
}

/// Returns the real user and group of this process, and its supplementary groups.
pub(crate) fn current() -> io::Result<Ids> {
    // SAFETY: takes no arguments, and always succeeds.
    let uid = unsafe { libc::getuid() };
    // SAFETY: as above.
    let gid = unsafe { libc::getgid() };
    loop {
        // SAFETY: with a size of 0, the function only returns the number of groups.
        let count = unsafe { libc::getgroups(0, ptr::null_mut()) };
        let mut groups = vec![0; usize::try_from(count).unwrap_or(0)];
        // SAFETY: the buffer has this number of elements.
        let count = unsafe { libc::getgroups(count.max(0), groups.as_mut_ptr()) };
        match usize::try_from(count) {
            Ok(count) => {
                groups.truncate(count);
                return Ok(Ids { uid, gid, groups });
            }
            Err(_) => match io::Error::last_os_error() {
                // Another thread has added groups since.
                error if error.raw_os_error() == Some(libc::EINVAL) => {}
                error => return Err(error),
            },
        }
    }
}
