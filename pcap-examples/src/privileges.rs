//! Gives up privileges after the devices are open: tcpdump's `-Z`.

use crate::exit::Outcome;

/// Continues as another user, with that user's groups and without capabilities, for the rest of the process. On Linux,
/// the process and the programs that it starts cannot regain privileges.
///
/// Call this while the process has only its main thread and the one that waits for signals.
///
/// # Errors
///
/// Returns an error if there is no such user, or if the process may not become that user.
pub fn drop_to(user: &str) -> Outcome {
    system::drop_to(user)
}

#[cfg(unix)]
mod system {
    use std::ffi::CString;
    use std::fmt::Display;
    use std::io;

    use nix::errno::Errno;
    use nix::unistd::{self, User};

    use super::threads;
    use crate::exit::{Failure, Outcome};
    use crate::signal_thread;

    pub(super) fn drop_to(name: &str) -> Outcome {
        let failure =
            |why: &dyn Display| Failure::Text(format!("cannot continue as user `{name}`: {why}"));
        let user = User::from_name(name).map_err(|error| failure(&io::Error::from(error)))?;
        let user = user.ok_or_else(|| failure(&"there is no such user"))?;
        // The kernel has these settings for each thread.
        threads::restrict().map_err(|error| failure(&error))?;
        signal_thread::call(|| _ = threads::restrict());
        if !is_only(&user) {
            change_ids(&user).map_err(|error| failure(&io::Error::from(error)))?;
        }
        threads::clear_capabilities().map_err(|error| failure(&error))?;
        signal_thread::call(|| _ = threads::clear_capabilities());
        if !is_only(&user) || threads::has_capabilities() {
            return Err(failure(&"the process still has other privileges"));
        }
        Ok(())
    }

    fn change_ids(user: &User) -> nix::Result<()> {
        let name = CString::new(user.name.as_str()).unwrap_or_default();
        #[allow(clippy::unnecessary_cast)] // Apple's function takes another type
        let group = user.gid.as_raw() as _;
        // SAFETY: the name is a C string that lives through the call.
        Errno::result(unsafe { libc::initgroups(name.as_ptr(), group) })?;
        unistd::setgid(user.gid)?;
        unistd::setuid(user.uid)
    }

    /// Returns whether the process runs as this user and as no other.
    fn is_only(user: &User) -> bool {
        let users = [unistd::getuid(), unistd::geteuid()];
        let groups = [unistd::getgid(), unistd::getegid()];
        users == [user.uid; 2] && groups == [user.gid; 2]
    }
}

#[cfg(target_os = "linux")]
mod threads {
    use std::io;

    /// The number of capabilities that the kernel's interface can represent.
    const MAX_CAPABILITIES: libc::c_ulong = 64;
    /// Version 3 of the structures of capset(2), which have 64 bits per set.
    const CAPABILITY_VERSION: u32 = 0x2008_0522;
    /// The user 0 has no special privileges, capabilities do not survive a change of the user, and ambient ones cannot be
    /// raised. None of this can be changed again. See capabilities(7).
    const SECURE_BITS: libc::c_ulong = 0b1110_1011;

    /// The header of capset(2): its version, and 0 for this thread.
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }

    /// The sets of 32 capabilities: effective, permitted and inheritable.
    type Sets = [[u32; 3]; 2];

    /// Removes what would let this thread, or a program that it starts, obtain privileges later.
    pub(super) fn restrict() -> io::Result<()> {
        for capability in 0..MAX_CAPABILITIES {
            // This fails for numbers that the kernel does not know. Without CAP_SETPCAP, it always fails; no program gets
            // these capabilities then because of the last step.
            let _ = control(libc::PR_CAPBSET_DROP, capability);
        }
        let _ = control(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong,
        );
        let _ = control(libc::PR_SET_SECUREBITS, SECURE_BITS);
        control(libc::PR_SET_NO_NEW_PRIVS, 1)
    }

    /// Clears all capabilities of this thread.
    pub(super) fn clear_capabilities() -> io::Result<()> {
        let (header, sets) = (
            Header {
                version: CAPABILITY_VERSION,
                pid: 0,
            },
            Sets::default(),
        );
        // SAFETY: both pointers are valid, and the sets have the size of this version.
        match unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Returns whether this thread has a capability, or may obtain one.
    pub(super) fn has_capabilities() -> bool {
        let mut header = Header {
            version: CAPABILITY_VERSION,
            pid: 0,
        };
        let mut sets = Sets::default();
        // SAFETY: both pointers are valid for writing, and the sets have the size of this version.
        let status = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) };
        status != 0 || sets != Sets::default()
    }

    fn control(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
        let none: libc::c_ulong = 0;
        // SAFETY: these options take numbers, not pointers.
        match unsafe { libc::prctl(option, value, none, none, none) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Other systems than Linux have no capabilities.
#[cfg(all(unix, not(target_os = "linux")))]
mod threads {
    use std::io;

    pub(super) fn restrict() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn clear_capabilities() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn has_capabilities() -> bool {
        false
    }
}

#[cfg(not(unix))]
mod system {
    use crate::exit::{Failure, Outcome};

    pub(super) fn drop_to(user: &str) -> Outcome {
        let text = format!("cannot continue as user `{user}`: only Unix systems support this");
        Err(Failure::Text(text))
    }
}
