//! The option that gives up privileges.

use clap::Args;

use crate::exit::Outcome;
use crate::privileges;

/// As which user a program continues after the devices are open: tcpdump's `-Z`.
#[derive(Args, Clone, Debug, Default)]
pub struct UserOption {
    /// Continue as this user, without privileges, after the devices are open; `root` keeps the privileges
    ///
    /// Files that the program creates then belong to this user, and commands that it starts run as this user, too.
    #[arg(short = 'Z', long = "relinquish-privileges", value_name = "USER")]
    user: Option<String>,
}

impl UserOption {
    /// Returns whether the command line has the option.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.user.is_some()
    }

    /// Gives up the privileges, if the command line has the option.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such user, or if the process may not become that user.
    pub fn drop_privileges(&self) -> Outcome {
        match &self.user {
            Some(user) => privileges::drop_to(user),
            None => Ok(()),
        }
    }
}
