//! Giving up all privileges after the devices are open.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::User;
use crate::error::{Error, ErrorKind, Result};
use crate::sys::linux::rights::{self, Ids};
use crate::sys::linux::thread_signal::DropSignal;
use crate::sys::linux::thread_status::{ThreadStatus, Threads};

const OPERATION: &str = "continue as user";
/// How long other threads may take. Only a thread in an uninterruptible system call takes more than milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long another thread may block all signals.
const BLOCKED_PATIENCE: Duration = Duration::from_secs(1);
/// How often the other threads are checked.
const INTERVAL: Duration = Duration::from_millis(1);

/// Gives up all privileges: the process continues as an ordinary user, and neither the process nor a program that it
/// starts can regain a privilege. Requires Linux 4.10 or newer, and `/proc`.
///
/// Call this after opening the devices, and before reading the first packet. Open captures, senders, dumpers and other
/// files work as before, because the kernel checks privileges when they are opened. Filters and statistics of open
/// captures work, too. This call affects **all threads** of the process, in this order:
///
/// - The capability bounding set and the ambient set become empty.
/// - The securebits are set and locked, so that user 0 would have no capabilities.
/// - `no_new_privs` is set: set-user-ID bits and capabilities of files have no effect on programs that are started.
/// - The supplementary groups, and the real, effective and saved group and user are replaced by those of `user`.
/// - The effective, permitted and inheritable capabilities become empty.
///
/// Then it reads from `/proc/self/task` what rights each thread has, and **fails if one has any other**. After `Ok`,
/// opening a device fails with [`PermissionDenied`](ErrorKind::PermissionDenied). So does everything else that requires
/// privileges, such as `setuid(0)`, `setns(2)` and reading `/etc/shadow`.
///
/// Without the capability `CAP_SETPCAP`, which a program with `setcap cap_net_raw+ep` lacks, the process may change
/// neither the bounding set nor the securebits. Both then stay as they were, and have no effect, because of
/// `no_new_privs`.
///
/// # Threads
///
/// In Linux, each thread has its own rights. The call sends a signal to the other threads, whose handler drops the
/// rights of that thread, as the C library does for `setuid(3)`. The signal is a real-time signal, or else `SIGURG`,
/// that the process neither handles nor ignores, and that no thread blocks; its action is restored afterwards. As with
/// every signal, a system call in which a thread waits may return `EINTR`. Reading and sending calls of this crate are
/// not affected.
///
/// No other thread may change the action of signals or its signal mask during the call. A signal for which a thread
/// waits with `sigwait(3)` must be blocked in the thread that calls this, as POSIX requires of all threads.
///
/// # Errors
///
/// In these cases, the call has not changed anything:
///
/// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the user is root, who has rights even without capabilities, or
///   if a number is `u32::MAX`, which stands for no user or group.
/// - [`Unsupported`](ErrorKind::Unsupported) if there are other threads, and each of these signals is blocked by a
///   thread, so that none reaches all threads.
/// - [`Io`](ErrorKind::Io) if the files in `/proc/self/task` cannot be read.
///
/// In these cases, **some rights may be lost and others may remain**, in each thread. The process should end.
///
/// - [`Io`](ErrorKind::Io)`(PermissionDenied)` if the process may not become this user. It needs the capabilities
///   `CAP_SETUID` and `CAP_SETGID`, unless it already runs as this user with these groups.
/// - [`Io`](ErrorKind::Io) if the kernel rejects another step, for example if it cannot queue another signal
///   (`RLIMIT_SIGPENDING`).
/// - [`Other`](ErrorKind::Other) if a thread still has other rights. The text names the thread and the right.
///
/// # What remains
///
/// - The rights of `user` and of its groups. Use a user that owns nothing.
/// - Open file descriptors: close those that are not needed. Whoever takes over the process can read and send on the
///   devices that are open.
/// - What the kernel permits every user, such as creating a user namespace.
/// - The session keyring of the process, with the keys that it contains.
/// - Other processes, such as those that were started before.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::Capture;
/// use pcap_core::os::linux::{User, drop_privileges};
///
/// # fn main() -> pcap_core::Result<()> {
/// let user = User::from_name("nobody")?;
/// let mut capture = Capture::from_device("eth0").activate()?;
/// drop_privileges(&user)?;
/// capture.for_each(|packet| println!("{packet:?}"))?;
/// # Ok(()) }
/// ```
///
/// In a program with the capability `CAP_NET_RAW` in its file:
///
/// ```no_run
/// use pcap_core::os::linux::{User, drop_privileges};
///
/// # fn main() -> pcap_core::Result<()> {
/// drop_privileges(&User::current()?)?;
/// # Ok(()) }
/// ```
///
#[doc = manual!(linux 7 "capabilities")]
///
#[doc(alias = "setuid")]
#[doc(alias = "setresuid")]
#[doc(alias = "capset")]
pub fn drop_privileges(user: &User) -> Result<()> {
    /// Calls of several threads would send signals to each other.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    check_user(user)?;
    let threads = read_threads(user)?;
    let own_id = rights::thread_id();
    let (own, others): (Vec<_>, Vec<_>) = threads.list.into_iter().partition(|t| t.id == own_id);
    let [own] = &own[..] else {
        let text = "cannot find this thread in /proc/self/task".to_owned();
        return Err(io_error(user, io::ErrorKind::NotFound, text));
    };
    let goal = Goal {
        user,
        empties_bounding: own.may_change_bounding(),
    };
    let number = choose_signal(&goal, own, others)?;

    let dropped = rights::drop_rights(user.ids());
    // An error does not matter if nothing is left.
    let threads = read_threads(user)?;
    let own = threads.list.iter().find(|thread| thread.id == own_id);
    own.map_or(Ok(()), |own| goal.check(own, dropped.err()))?;
    drop_in_others(&goal, number, own_id)
}

fn check_user(user: &User) -> Result<()> {
    let refuse = |text: &str| {
        let kind = ErrorKind::InvalidArgument;
        Err(Error::cannot(kind, OPERATION, user.to_string(), text))
    };
    if user.uid() == 0 {
        return refuse("root has rights even without capabilities");
    }
    let ids = [user.uid(), user.gid()];
    if ids.iter().chain(user.groups()).any(|&id| id == u32::MAX) {
        return refuse("expected numbers below 4294967295");
    }
    Ok(())
}

fn read_threads(user: &User) -> Result<Threads> {
    Threads::read().map_err(|error| {
        let text = format!("cannot read the threads in /proc/self/task: {error}");
        io_error(user, error.kind(), text)
    })
}

fn io_error(user: &User, kind: io::ErrorKind, text: String) -> Error {
    Error::io(OPERATION, user.to_string(), io::Error::new(kind, text))
}

fn named(thread: &ThreadStatus) -> String {
    format!("the thread `{}` ({})", thread.name, thread.id)
}

/// Chooses a signal that reaches the other threads with other rights. Returns `None` if there are none and this thread
/// blocks all signals. Each thread blocks all signals while it starts, and while it starts another one.
fn choose_signal(
    goal: &Goal<'_>,
    own: &ThreadStatus,
    mut others: Vec<ThreadStatus>,
) -> Result<Option<i32>> {
    let user = goal.user;
    others.retain(|thread| !goal.is_reached(thread));
    let start = Instant::now();
    while !others.is_empty() {
        if let Some(number) = DropSignal::choose(own, &others) {
            return Ok(Some(number));
        }
        if start.elapsed() > BLOCKED_PATIENCE {
            let threads = others.iter().chain([own]);
            let blocking = threads.max_by_key(|thread| thread.blocked_signals.count_ones());
            return Err(unreachable(user, blocking.unwrap_or(own)));
        }
        thread::sleep(INTERVAL);
        let threads = read_threads(user)?.list;
        others.retain_mut(|other| {
            let now = threads.iter().find(|thread| thread.id == other.id);
            other.blocked_signals &= now.map_or(0, |thread| thread.blocked_signals);
            now.is_some()
        });
    }
    // The list may lack a thread that has just started.
    Ok(DropSignal::choose(own, &[]))
}

fn unreachable(user: &User, blocking: &ThreadStatus) -> Error {
    let text = format!(
        "no signal reaches all threads; {} blocks most",
        named(blocking)
    );
    Error::cannot(ErrorKind::Unsupported, OPERATION, user.to_string(), text)
}

/// Makes each thread drop its rights, until two complete lists of threads have none with other rights.
///
/// One list is not enough: while it is read, a thread with a pending signal may start another thread, which inherits
/// its rights, and then drop its own. When the second list is read, the signal of no thread is pending.
fn drop_in_others(goal: &Goal<'_>, number: Option<i32>, own: i32) -> Result<()> {
    let user = goal.user;
    let failed = |error: io::Error| io_error(user, error.kind(), error.to_string());
    let mut signal: Option<DropSignal> = None;
    let mut signalled = Vec::new();
    let mut was_reached = false;
    let start = Instant::now();
    loop {
        // If this is set, no handler runs any more.
        let is_handled = signal.as_ref().is_none_or(DropSignal::is_handled);
        let threads = read_threads(user)?;
        let mut remaining = threads
            .list
            .iter()
            .filter(|thread| !goal.is_reached(thread))
            .peekable();
        if remaining.peek().is_some() {
            was_reached = false;
        } else if threads.is_complete {
            if was_reached {
                break;
            }
            was_reached = true;
            continue;
        }
        for thread in remaining {
            let is_new = !signalled.contains(&thread.id);
            let is_late = start.elapsed() > PATIENCE;
            if thread.id == own || is_late || (!is_new && is_handled) {
                goal.check(thread, None)?;
            }
            if is_new {
                let number = number.ok_or_else(|| unreachable(user, thread))?;
                let signal = match &mut signal {
                    Some(signal) => signal,
                    None => signal.insert(DropSignal::install(number, user.ids()).map_err(failed)?),
                };
                signal.send(thread.id).map_err(failed)?;
                signalled.push(thread.id);
            }
        }
        if start.elapsed() > 2 * PATIENCE {
            let text = "threads keep starting and ending".to_owned();
            return Err(io_error(user, io::ErrorKind::TimedOut, text));
        }
        thread::sleep(INTERVAL);
    }
    // After a failure, the handler stays, because a signal may be pending.
    if let Some(signal) = signal {
        signal.restore();
    }
    Ok(())
}

/// The rights that a thread may have in the end.
struct Goal<'a> {
    user: &'a User,
    /// Whether the bounding set becomes empty.
    empties_bounding: bool,
}

impl Goal<'_> {
    fn is_reached(&self, thread: &ThreadStatus) -> bool {
        self.leftover(thread).is_none()
    }

    /// Fails if a thread has other rights. `error` is the error of the thread's last attempt.
    fn check(&self, thread: &ThreadStatus, error: Option<io::Error>) -> Result<()> {
        let Some(leftover) = self.leftover(thread) else {
            return Ok(());
        };
        let text = format!("{} still has {leftover}", named(thread));
        Err(match error {
            Some(error) => io_error(self.user, error.kind(), format!("{error}; {text}")),
            None => Error::cannot(ErrorKind::Other, OPERATION, self.user.to_string(), text),
        })
    }

    /// Returns the first right of a thread that it may not have.
    fn leftover(&self, thread: &ThreadStatus) -> Option<String> {
        let Ids { uid, gid, groups } = self.user.ids();
        let capability = thread.capabilities.iter().find(|(_, set)| *set != 0);
        if thread.uids != [*uid; 4] {
            Some(format!("the users {}", listed(&thread.uids)))
        } else if thread.gids != [*gid; 4] {
            Some(format!("the groups {}", listed(&thread.gids)))
        } else if sorted(&thread.groups) != sorted(groups) {
            let groups = listed(&thread.groups);
            Some(format!("the supplementary groups {groups}"))
        } else if let Some((name, set)) = capability {
            Some(format!("the capabilities {name} {set:#x}"))
        } else if self.empties_bounding && thread.bounding != 0 {
            Some(format!("the capabilities CapBnd {:#x}", thread.bounding))
        } else if !thread.no_new_privileges {
            Some("no flag no_new_privs".to_owned())
        } else {
            None
        }
    }
}

fn listed(ids: &[u32]) -> String {
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    match ids.is_empty() {
        true => "(none)".to_owned(),
        false => ids.join(", "),
    }
}

fn sorted(groups: &[u32]) -> Vec<u32> {
    let mut groups = groups.to_vec();
    groups.sort_unstable();
    groups.dedup();
    groups
}
