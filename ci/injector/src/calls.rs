//! The system calls of Linux on x86-64, and how each of them fails.

use libc::*;

/// The result that a program receives instead of that of the system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An error; the kernel does not do the call.
    Error(i32),
    /// An error after the kernel has done the call: close(2) always releases the descriptor.
    Late(i32),
    /// Half of the bytes.
    Half,
    /// One byte.
    One,
}

use Failure::{Error as E, Half, Late, One};

/// Number, name and failures of a system call.
type Row = (c_long, &'static str, &'static [Failure]);

const READ: &[Failure] = &[E(EINTR), E(EAGAIN), E(EIO), E(ENOMEM), Half, One];
const WRITE: &[Failure] = &[E(EINTR), E(EAGAIN), E(EIO), E(ENOSPC), E(EDQUOT), Half, One];
const OPEN: &[Failure] = &[E(EINTR), E(EACCES), E(EMFILE), E(ENOMEM), E(EIO)];
const LOOK: &[Failure] = &[E(EACCES), E(EIO), E(ENOMEM)];
const CHANGE: &[Failure] = &[E(EACCES), E(EROFS), E(ENOSPC), E(EIO)];
const DESCRIPTOR: &[Failure] = &[E(EMFILE), E(ENOMEM)];
const MEMORY: &[Failure] = &[E(ENOMEM)];
const RECEIVE: &[Failure] = &[E(EINTR), E(EAGAIN), E(ENETDOWN), E(ENOBUFS), E(ENOMEM)];
const SEND: &[Failure] = &[
    E(EINTR),
    E(EAGAIN),
    E(ENOBUFS),
    E(ENETDOWN),
    E(EPERM),
    E(EMSGSIZE),
];
const WAIT: &[Failure] = &[E(EINTR), E(ENOMEM)];
const RIGHTS: &[Failure] = &[E(EPERM), E(EINVAL)];

/// The system calls that can fail.
const TABLE: &[Row] = &[
    (SYS_read, "read", READ),
    (SYS_pread64, "pread64", READ),
    (
        SYS_readv,
        "readv",
        &[E(EINTR), E(EAGAIN), E(EIO), E(ENOMEM)],
    ),
    (SYS_write, "write", WRITE),
    (SYS_pwrite64, "pwrite64", WRITE),
    (
        SYS_writev,
        "writev",
        &[E(EINTR), E(EAGAIN), E(EIO), E(ENOSPC), E(EDQUOT), One],
    ),
    (
        SYS_copy_file_range,
        "copy_file_range",
        &[E(EXDEV), E(EIO), E(ENOSPC), E(ENOSYS)],
    ),
    (SYS_sendfile, "sendfile", &[E(EIO), E(EINVAL), E(EAGAIN)]),
    (SYS_open, "open", OPEN),
    (SYS_openat, "openat", OPEN),
    (SYS_close, "close", &[Late(EINTR), Late(EIO), Late(ENOSPC)]),
    (SYS_stat, "stat", LOOK),
    (SYS_lstat, "lstat", LOOK),
    (SYS_fstat, "fstat", LOOK),
    (SYS_newfstatat, "newfstatat", LOOK),
    (SYS_statx, "statx", LOOK),
    (SYS_statfs, "statfs", LOOK),
    (SYS_fstatfs, "fstatfs", LOOK),
    (SYS_access, "access", LOOK),
    (SYS_faccessat, "faccessat", LOOK),
    (SYS_readlink, "readlink", LOOK),
    (SYS_readlinkat, "readlinkat", LOOK),
    (SYS_getcwd, "getcwd", LOOK),
    (SYS_getdents64, "getdents64", &[E(EIO), E(ENOMEM)]),
    (SYS_lseek, "lseek", &[E(ESPIPE), E(EINVAL), E(EIO)]),
    (SYS_fsync, "fsync", &[E(EIO), E(ENOSPC), E(EDQUOT)]),
    (SYS_fdatasync, "fdatasync", &[E(EIO), E(ENOSPC), E(EDQUOT)]),
    (
        SYS_ftruncate,
        "ftruncate",
        &[E(EINTR), E(EIO), E(EFBIG), E(EPERM)],
    ),
    (
        SYS_fallocate,
        "fallocate",
        &[E(EINTR), E(ENOSPC), E(EOPNOTSUPP)],
    ),
    (SYS_fadvise64, "fadvise64", &[E(EINVAL)]),
    (SYS_flock, "flock", &[E(EINTR), E(EAGAIN), E(ENOLCK)]),
    (SYS_unlink, "unlink", CHANGE),
    (SYS_unlinkat, "unlinkat", CHANGE),
    (SYS_rename, "rename", CHANGE),
    (SYS_renameat, "renameat", CHANGE),
    (SYS_renameat2, "renameat2", CHANGE),
    (SYS_link, "link", CHANGE),
    (SYS_linkat, "linkat", CHANGE),
    (SYS_mkdir, "mkdir", CHANGE),
    (SYS_mkdirat, "mkdirat", CHANGE),
    (SYS_rmdir, "rmdir", CHANGE),
    (SYS_chmod, "chmod", CHANGE),
    (SYS_fchmod, "fchmod", CHANGE),
    (SYS_fchown, "fchown", &[E(EPERM), E(EIO)]),
    (SYS_utimensat, "utimensat", &[E(EPERM), E(EACCES)]),
    (SYS_dup, "dup", DESCRIPTOR),
    (SYS_dup2, "dup2", DESCRIPTOR),
    (SYS_dup3, "dup3", DESCRIPTOR),
    (SYS_fcntl, "fcntl", &[E(EMFILE)]),
    (SYS_pipe2, "pipe2", DESCRIPTOR),
    (SYS_eventfd2, "eventfd2", DESCRIPTOR),
    (SYS_signalfd4, "signalfd4", DESCRIPTOR),
    (SYS_timerfd_create, "timerfd_create", DESCRIPTOR),
    (SYS_timerfd_settime, "timerfd_settime", &[E(EINVAL)]),
    (SYS_epoll_create1, "epoll_create1", DESCRIPTOR),
    (
        SYS_epoll_ctl,
        "epoll_ctl",
        &[E(ENOMEM), E(ENOSPC), E(EPERM)],
    ),
    (SYS_epoll_wait, "epoll_wait", &[E(EINTR)]),
    (SYS_epoll_pwait, "epoll_pwait", &[E(EINTR)]),
    (SYS_poll, "poll", WAIT),
    (SYS_ppoll, "ppoll", WAIT),
    (SYS_select, "select", WAIT),
    (SYS_pselect6, "pselect6", WAIT),
    (SYS_memfd_create, "memfd_create", DESCRIPTOR),
    (SYS_mmap, "mmap", &[E(ENOMEM), E(EAGAIN), E(EPERM)]),
    (SYS_mremap, "mremap", MEMORY),
    (SYS_mprotect, "mprotect", &[E(ENOMEM), E(EACCES)]),
    (SYS_madvise, "madvise", &[E(EINVAL), E(EAGAIN)]),
    (SYS_munmap, "munmap", &[Late(ENOMEM), Late(EINVAL)]),
    // The C library takes an error for the new end; the kernel instead returns the old one.
    (SYS_brk, "brk", MEMORY),
    (
        SYS_ioctl,
        "ioctl",
        &[
            E(EINTR),
            E(EPERM),
            E(ENODEV),
            E(ENOMEM),
            E(EOPNOTSUPP),
            E(EIO),
        ],
    ),
    (
        SYS_socket,
        "socket",
        &[E(EMFILE), E(ENOBUFS), E(EPERM), E(EAFNOSUPPORT)],
    ),
    (SYS_socketpair, "socketpair", DESCRIPTOR),
    (
        SYS_bind,
        "bind",
        &[E(EADDRINUSE), E(ENODEV), E(ENETDOWN), E(EPERM), E(ENOMEM)],
    ),
    (
        SYS_connect,
        "connect",
        &[
            E(EINTR),
            E(ECONNREFUSED),
            E(ETIMEDOUT),
            E(ENOENT),
            E(EACCES),
        ],
    ),
    (SYS_listen, "listen", &[E(EADDRINUSE)]),
    (
        SYS_accept4,
        "accept4",
        &[E(EINTR), E(EMFILE), E(ECONNABORTED)],
    ),
    (SYS_getsockname, "getsockname", &[E(EACCES)]),
    (SYS_getpeername, "getpeername", &[E(ENOTCONN)]),
    (
        SYS_setsockopt,
        "setsockopt",
        &[E(ENOPROTOOPT), E(EINVAL), E(EPERM), E(ENOMEM), E(EBUSY)],
    ),
    (
        SYS_getsockopt,
        "getsockopt",
        &[E(ENOPROTOOPT), E(EINVAL), E(ENOBUFS)],
    ),
    (SYS_sendto, "sendto", SEND),
    (SYS_sendmsg, "sendmsg", SEND),
    (SYS_sendmmsg, "sendmmsg", SEND),
    (SYS_recvfrom, "recvfrom", RECEIVE),
    (SYS_recvmsg, "recvmsg", RECEIVE),
    (SYS_recvmmsg, "recvmmsg", RECEIVE),
    (SYS_shutdown, "shutdown", &[E(ENOTCONN)]),
    (SYS_clone, "clone", &[E(EAGAIN), E(ENOMEM)]),
    (SYS_clone3, "clone3", &[E(EAGAIN), E(ENOMEM), E(ENOSYS)]),
    (SYS_vfork, "vfork", &[E(EAGAIN), E(ENOMEM)]),
    (SYS_fork, "fork", &[E(EAGAIN), E(ENOMEM)]),
    (SYS_execve, "execve", &[E(EACCES), E(ENOENT), E(ENOMEM)]),
    (SYS_wait4, "wait4", &[E(EINTR)]),
    (SYS_waitid, "waitid", &[E(EINTR)]),
    (SYS_kill, "kill", &[E(EPERM)]),
    (SYS_unshare, "unshare", RIGHTS),
    (SYS_setns, "setns", RIGHTS),
    (SYS_prctl, "prctl", RIGHTS),
    (SYS_capset, "capset", RIGHTS),
    (SYS_setuid, "setuid", RIGHTS),
    (SYS_setgid, "setgid", RIGHTS),
    (SYS_setgroups, "setgroups", RIGHTS),
    (SYS_setresuid, "setresuid", RIGHTS),
    (SYS_setresgid, "setresgid", RIGHTS),
    (SYS_prlimit64, "prlimit64", &[E(EPERM)]),
    (
        SYS_sched_getaffinity,
        "sched_getaffinity",
        &[E(EINVAL), E(EPERM)],
    ),
    (
        SYS_sched_setaffinity,
        "sched_setaffinity",
        &[E(EINVAL), E(EPERM)],
    ),
    (SYS_getrandom, "getrandom", &[E(EINTR), E(ENOSYS)]),
    (SYS_clock_nanosleep, "clock_nanosleep", &[E(EINTR)]),
    (SYS_nanosleep, "nanosleep", &[E(EINTR)]),
    (SYS_clock_gettime, "clock_gettime", &[E(EINVAL)]),
    // Only these: the C library aborts the process if the kernel returns others, which it does not.
    (SYS_futex, "futex", &[E(EINTR), E(EAGAIN)]),
    (SYS_sysinfo, "sysinfo", &[E(EFAULT)]),
    (SYS_uname, "uname", &[E(EFAULT)]),
    (SYS_inotify_init1, "inotify_init1", DESCRIPTOR),
    (
        SYS_inotify_add_watch,
        "inotify_add_watch",
        &[E(ENOSPC), E(EACCES)],
    ),
    (SYS_bpf, "bpf", &[E(EPERM), E(ENOMEM)]),
];

/// The system calls that fail only if their arguments are wrong, or that end the process or the handling of a signal.
const NEVER: &[c_long] = &[
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_sigaltstack,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getpgrp,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_set_tid_address,
    SYS_arch_prctl,
    SYS_sched_yield,
    SYS_tgkill,
    SYS_umask,
    SYS_alarm,
    SYS_setitimer,
    SYS_membarrier,
    SYS_getrusage,
    SYS_times,
    SYS_rt_sigtimedwait,
];

/// Returns the failures of a system call.
pub(crate) fn failures(number: c_long) -> &'static [Failure] {
    match TABLE.iter().find(|row| row.0 == number) {
        Some(row) => row.2,
        None if NEVER.contains(&number) => &[],
        None => &[E(ENOMEM), E(EPERM)],
    }
}

/// Returns the name of a system call.
pub(crate) fn name(number: c_long) -> String {
    match TABLE.iter().find(|row| row.0 == number) {
        Some(row) => row.1.into(),
        None => format!("call-{number}"),
    }
}

/// Returns whether a failure can last: all later calls of the same kind fail as well. A program may repeat a call until
/// it is no longer interrupted.
pub(crate) fn lasts(failure: Failure) -> bool {
    matches!(failure, E(error) if ![EINTR, EAGAIN, ENOBUFS, ENOSYS].contains(&error))
}

/// Returns the name of an error.
pub(crate) fn error_name(error: i32) -> String {
    let names = [
        (EINTR, "EINTR"),
        (EAGAIN, "EAGAIN"),
        (EIO, "EIO"),
        (ENOMEM, "ENOMEM"),
        (ENOSPC, "ENOSPC"),
        (EDQUOT, "EDQUOT"),
        (EACCES, "EACCES"),
        (EMFILE, "EMFILE"),
        (EROFS, "EROFS"),
        (ENETDOWN, "ENETDOWN"),
        (ENOBUFS, "ENOBUFS"),
        (EPERM, "EPERM"),
        (EMSGSIZE, "EMSGSIZE"),
        (EINVAL, "EINVAL"),
        (EXDEV, "EXDEV"),
        (ENOSYS, "ENOSYS"),
        (ESPIPE, "ESPIPE"),
        (EFBIG, "EFBIG"),
        (EOPNOTSUPP, "EOPNOTSUPP"),
        (ENOLCK, "ENOLCK"),
        (ENODEV, "ENODEV"),
        (EAFNOSUPPORT, "EAFNOSUPPORT"),
        (EADDRINUSE, "EADDRINUSE"),
        (ENOENT, "ENOENT"),
        (ECONNREFUSED, "ECONNREFUSED"),
        (ETIMEDOUT, "ETIMEDOUT"),
        (ECONNABORTED, "ECONNABORTED"),
        (ENOTCONN, "ENOTCONN"),
        (ENOPROTOOPT, "ENOPROTOOPT"),
        (EBUSY, "EBUSY"),
        (EFAULT, "EFAULT"),
    ];
    match names.iter().find(|(number, _)| *number == error) {
        Some((_, name)) => (*name).into(),
        None => format!("error {error}"),
    }
}

/// Returns the system call of a name.
pub(crate) fn number(name: &str) -> Option<c_long> {
    match TABLE.iter().find(|row| row.1 == name) {
        Some(row) => Some(row.0),
        None => name.strip_prefix("call-")?.parse().ok(),
    }
}
