//! The user as which a process continues.

use std::ffi::CString;
use std::fmt;
use std::io;

use crate::error::{Error, ErrorKind, Result};
use crate::sys::linux::rights::Ids;
use crate::sys::linux::users;

/// A user with its groups, as which a process continues after [`drop_privileges`](super::drop_privileges).
///
/// `Display` prints the name, or the number if the user has no name.
///
/// # Examples
///
/// ```
/// use pcap_core::os::linux::User;
///
/// # fn main() -> pcap_core::Result<()> {
/// let root = User::from_name("root")?;
/// assert_eq!((root.uid(), root.gid()), (0, 0));
/// let service = User::new(64_321, 64_321, &[]);
/// assert_eq!(service.to_string(), "64321");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    name: Option<String>,
    ids: Ids,
}

impl User {
    /// Looks up a user by name, with the primary group and all supplementary groups of that user.
    ///
    /// Call this before `chroot(2)`: the C library may read files and ask services.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io)`(NotFound)` if there is no such user.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the name contains a NUL byte.
    /// - [`Io`](ErrorKind::Io) if the C library cannot look up users, for example because a directory service does not
    ///   answer.
    ///
    #[doc = manual!(linux 3 "getpwnam")]
    ///
    #[doc(alias = "getpwnam")]
    #[doc(alias = "initgroups")]
    pub fn from_name(name: &str) -> Result<User> {
        const OPERATION: &str = "look up the user";
        let refuse = |kind, text: &str| Err(Error::cannot(kind, OPERATION, name.to_owned(), text));
        let Ok(c_name) = CString::new(name) else {
            return refuse(ErrorKind::InvalidArgument, "the name contains a NUL byte");
        };
        match users::find(&c_name) {
            Ok(Some(ids)) => Ok(User {
                name: Some(name.to_owned()),
                ids,
            }),
            Ok(None) => refuse(
                ErrorKind::Io(io::ErrorKind::NotFound),
                "there is no such user",
            ),
            Err(error) => Err(Error::io(OPERATION, name.to_owned(), error)),
        }
    }

    /// Creates a user from the numbers of the user, of the primary group and of the supplementary groups. The system
    /// need not know these numbers.
    #[must_use]
    pub fn new(uid: u32, gid: u32, groups: &[u32]) -> User {
        User {
            name: None,
            ids: Ids {
                uid,
                gid,
                groups: groups.to_vec(),
            },
        }
    }

    /// Returns the user who started this process: the real user and group, with the supplementary groups.
    ///
    /// This is meant for programs that obtain their rights from their file, through `setcap(8)` or the set-user-ID bit.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the kernel does not return the groups.
    ///
    #[doc = manual!(linux 2 "getgroups")]
    ///
    pub fn current() -> Result<User> {
        match users::current() {
            Ok(ids) => Ok(User { name: None, ids }),
            Err(error) => Err(Error::io("look up the current user", None, error)),
        }
    }

    /// Returns the number of the user.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.ids.uid
    }

    /// Returns the number of the primary group.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.ids.gid
    }

    /// Returns the numbers of the supplementary groups. After [`from_name`](User::from_name), these include the primary
    /// group.
    #[must_use]
    pub fn groups(&self) -> &[u32] {
        &self.ids.groups
    }

    pub(super) fn ids(&self) -> &Ids {
        &self.ids
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.ids.uid.fmt(f),
        }
    }
}
