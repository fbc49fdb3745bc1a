//! With `-Z`, a capture has no privileges during the whole flood, and all its files belong to the user.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::capture::Capture;
use super::{Plan, accounting};
use crate::{Result, command};

/// The options after the user: files of 5 MB, so that new ones are created several times per second.
const OPTIONS: &str = "--json --print-files -b filesize:5MB -b total:400MB -w user.pcapng";

pub(super) fn run(plan: &Plan) -> Result<()> {
    let user = User::find(&plan.user)?;
    // The user may not be able to reach the other folder.
    let folder = std::env::temp_dir().join(format!("flood-{}", std::process::id()));
    let created = fs::create_dir(&folder)
        .and_then(|()| fs::set_permissions(&folder, Permissions::from_mode(0o755)))
        .and_then(|()| std::os::unix::fs::chown(&folder, Some(user.id), Some(user.group)));
    created.map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    let plan = Plan {
        folder: folder.clone(),
        ..plan.clone()
    };
    let options = format!("-Z {} {OPTIONS}", plan.user);
    let outcome = accounting::flood(&plan, &options, |capture, path| user.check(capture, path));
    let _ = fs::remove_dir_all(&folder);
    outcome?;
    println!(
        "all files were created by {}, without privileges",
        plan.user
    );
    Ok(())
}

/// A user of this system.
struct User {
    id: u32,
    group: u32,
    /// The groups, sorted.
    groups: Vec<u32>,
}

impl User {
    fn find(name: &str) -> Result<User> {
        let id = |option: &str| command::output(Command::new("id").args([option, name]));
        let one = |option: &str| {
            let found = numbers(&id(option)?);
            found.first().copied().ok_or(format!("no user {name}"))
        };
        Ok(User {
            id: one("-u")?,
            group: one("-g")?,
            groups: numbers(&id("-G")?),
        })
    }

    /// Checks a finished file, and all threads of the capture.
    fn check(&self, capture: &Capture, path: &Path) -> Result<()> {
        let metadata = fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?;
        if (metadata.uid(), metadata.gid()) != (self.id, self.group) {
            return Err(format!("{} belongs to another user", path.display()));
        }
        let tasks = format!("/proc/{}/task", capture.child.id());
        for task in fs::read_dir(&tasks).map_err(|e| format!("{tasks}: {e}"))? {
            let task = task.map_err(|e| e.to_string())?.path();
            // A thread may have ended.
            if let Ok(status) = fs::read_to_string(task.join("status")) {
                self.check_thread(&status)?;
            }
        }
        Ok(())
    }

    fn check_thread(&self, status: &str) -> Result<()> {
        for (name, expected) in [
            ("Uid:", vec![self.id; 4]),
            ("Gid:", vec![self.group; 4]),
            ("Groups:", self.groups.clone()),
            ("CapInh:", vec![0]),
            ("CapPrm:", vec![0]),
            ("CapEff:", vec![0]),
            ("CapBnd:", vec![0]),
            ("CapAmb:", vec![0]),
            ("NoNewPrivs:", vec![1]),
        ] {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            if line.map(numbers) != Some(expected) {
                return Err(format!(
                    "a thread has other privileges: {name}{}",
                    line.unwrap_or_default()
                ));
            }
        }
        Ok(())
    }
}

/// Returns the decimal numbers of a line, sorted. A set of capabilities is 0 only if it is empty.
fn numbers(text: &str) -> Vec<u32> {
    let words = text.split_whitespace();
    let mut numbers: Vec<u32> = words.map(|word| word.parse().unwrap_or(u32::MAX)).collect();
    numbers.sort_unstable();
    numbers
}
