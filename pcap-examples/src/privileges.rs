//! Gives up privileges after the devices are open: tcpdump's `-Z`.

pub use system::drop_to;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use nix::unistd;
    use pcap_core::os::linux::{User, drop_privileges};

    use crate::exit::Outcome;

    /// Continues as another user, with that user's groups and without capabilities, in all threads. The process and the
    /// programs that it starts cannot regain privileges. If the process runs as root, `root` changes nothing, as in
    /// tcpdump.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such user, or if the process may not become that user.
    pub fn drop_to(name: &str) -> Outcome {
        let user = User::from_name(name)?;
        if user.uid() == 0 && unistd::geteuid().is_root() {
            return Ok(());
        }
        Ok(drop_privileges(&user)?)
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod system {
    use std::ffi::CString;
    use std::fmt::Display;
    use std::io;

    use nix::errno::Errno;
    use nix::unistd::{self, User};

    use crate::exit::{Failure, Outcome};

    /// Continues as another user, with that user's groups.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such user, or if the process may not become that user.
    pub fn drop_to(name: &str) -> Outcome {
        let failure =
            |why: &dyn Display| Failure::Text(format!("cannot continue as user `{name}`: {why}"));
        let user = User::from_name(name).map_err(|error| failure(&io::Error::from(error)))?;
        let user = user.ok_or_else(|| failure(&"there is no such user"))?;
        if !is_only(&user) {
            change_ids(&user).map_err(|error| failure(&io::Error::from(error)))?;
        }
        if !is_only(&user) {
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

#[cfg(not(unix))]
mod system {
    use crate::exit::{Failure, Outcome};

    /// Fails: only Unix systems have such users.
    ///
    /// # Errors
    ///
    /// Always returns an error.
    pub fn drop_to(name: &str) -> Outcome {
        let text = format!("cannot continue as user `{name}`: only Unix systems support this");
        Err(Failure::Text(text))
    }
}
