//! Runs a program under ptrace(2), and lets one of its system calls fail.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::ptr::null_mut;
use std::time::Duration;

use libc::{c_int, c_long, pid_t};

use crate::calls::Failure;
use crate::fault::Fault;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited with this status.
    Status(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What was seen of a run.
#[derive(Debug)]
pub(crate) struct Trace {
    /// How it ended.
    pub(crate) end: End,
    /// The system calls after the start of main, by number.
    pub(crate) calls: BTreeMap<c_long, u32>,
    /// The number of system calls that failed.
    pub(crate) failed: u32,
    /// The file or descriptor of the first one.
    pub(crate) object: String,
    /// The descriptors that are open when it exits, except the standard streams.
    pub(crate) descriptors: Vec<String>,
    /// The number of threads when it exits.
    pub(crate) threads: usize,
    /// The number of processes that it left behind.
    pub(crate) children: usize,
    /// The instruction at which the signal that ended it arrived: a file and an offset.
    pub(crate) place: String,
}

/// A thread of the traced program.
#[derive(Default)]
struct Thread {
    /// What its current system call returns instead of the kernel's result.
    result: Option<c_long>,
    /// The arguments before they were changed, the first and the third: programs may use their registers again.
    arguments: Option<(u64, u64)>,
}

/// What is known of a running program.
struct Tracer {
    fault: Fault,
    started: bool,
    threads: HashMap<pid_t, Thread>,
    trace: Trace,
}

/// Starts a program that waits to be traced by this thread.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    // SAFETY: ptrace(2) is a system call without effect on memory, as is required between fork and exec.
    unsafe {
        command.pre_exec(|| {
            if libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<u8>(), null_mut::<u8>()) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    command.spawn()
}

/// Runs a started program to its end.
///
/// # Errors
///
/// If it cannot be traced.
pub(crate) fn run(pid: pid_t, fault: Fault) -> io::Result<Trace> {
    let trace = Trace {
        end: End::Status(0),
        calls: BTreeMap::new(),
        failed: 0,
        object: String::new(),
        descriptors: vec![],
        threads: 0,
        children: 0,
        place: String::new(),
    };
    let mut tracer = Tracer {
        fault,
        started: false,
        threads: HashMap::new(),
        trace,
    };
    let mut status = 0;
    wait(pid, &mut status)?;
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    request(libc::PTRACE_SETOPTIONS, pid, options as usize)?;
    tracer.threads.insert(pid, Thread::default());
    request(libc::PTRACE_SYSCALL, pid, 0)?;
    let mut ended = false;
    while !tracer.threads.is_empty() {
        let mut status = 0;
        let thread = match wait(-1, &mut status) {
            Ok(thread) => thread,
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => break,
            Err(error) => return Err(error),
        };
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            tracer.threads.remove(&thread);
            if thread == pid {
                ended = true;
                tracer.trace.end = if libc::WIFEXITED(status) {
                    End::Status(libc::WEXITSTATUS(status))
                } else {
                    End::Signal(libc::WTERMSIG(status))
                };
                // The leader is reported last of its process: the others are processes of their own.
                tracer.trace.children = tracer.threads.len();
                for &other in tracer.threads.keys() {
                    // SAFETY: a system call on a process that this thread traces, so its id is not reused.
                    unsafe { libc::kill(other, libc::SIGKILL) };
                }
            }
        } else if libc::WIFSTOPPED(status) {
            tracer.stopped(thread, status);
        }
    }
    if ended {
        Ok(tracer.trace)
    } else {
        Err(io::Error::other("the traced process was lost"))
    }
}

impl Tracer {
    /// Continues a thread that has stopped. It may have been killed meanwhile, so errors are ignored.
    fn stopped(&mut self, thread: pid_t, status: c_int) {
        let signal = libc::WSTOPSIG(status);
        let known = self.threads.contains_key(&thread);
        self.threads.entry(thread).or_default();
        let mut pass_on = 0;
        if signal == libc::SIGTRAP | 0x80 {
            self.call(thread);
        } else if signal == libc::SIGTRAP && status >> 16 != 0 {
            // A new thread or process, which is reported itself, or a new program.
        } else if signal == libc::SIGSTOP && !known {
            // The start of a new thread.
        } else {
            if [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE].contains(&signal) {
                self.trace.place = place(thread);
            }
            pass_on = signal;
        }
        let _ = request(libc::PTRACE_SYSCALL, thread, pass_on as usize);
    }

    /// Handles the start or the end of a system call.
    fn call(&mut self, thread: pid_t) {
        let Some(mut registers) = registers(thread) else {
            return;
        };
        if !is_start(thread) {
            let thread_state = self.threads.entry(thread).or_default();
            let (result, arguments) = (thread_state.result.take(), thread_state.arguments.take());
            if let Some(result) = result {
                registers.rax = result as u64;
            }
            if let Some((first, third)) = arguments {
                (registers.rdi, registers.rdx) = (first, third);
            }
            if result.is_some() || arguments.is_some() {
                set_registers(thread, &registers);
            }
            return;
        }
        let number = registers.orig_rax as c_long;
        if !self.started {
            // The standard library prepares the handling of stack overflows last, before it calls main.
            self.started = number == libc::SYS_sigaltstack && registers.rdi != 0;
            return;
        }
        if number == libc::SYS_exit_group {
            self.trace.descriptors = descriptors(thread);
            self.trace.threads = running(thread);
        }
        let count = self.trace.calls.entry(number).or_default();
        *count += 1;
        let Fault::Call {
            number: wanted,
            nth,
            failure,
            lasting,
        } = self.fault
        else {
            return;
        };
        if wanted != number || *count < nth || (*count > nth && !lasting) {
            return;
        }
        let object = fs::read_link(format!("/proc/{thread}/fd/{}", registers.rdi as i32))
            .map_or(String::new(), |path| path.display().to_string());
        let interrupted = matches!(
            failure,
            Failure::Error(libc::EINTR) | Failure::Late(libc::EINTR)
        );
        if never(number, &registers, &object) || interrupted && blocks_signals(thread) {
            return;
        }
        self.trace.failed += 1;
        if self.trace.failed == 1 {
            self.trace.object = object;
        }
        let arguments = Some((registers.rdi, registers.rdx));
        let mut result = None;
        match failure {
            Failure::Error(_) if number == libc::SYS_brk => registers.rdi = 0,
            Failure::Error(error) => {
                // Not a call: the kernel skips it.
                registers.orig_rax = u64::MAX;
                result = Some(-c_long::from(error));
            }
            Failure::Late(error) => result = Some(-c_long::from(error)),
            Failure::Half => registers.rdx = registers.rdx.div_ceil(2),
            Failure::One => registers.rdx = registers.rdx.min(1),
        }
        *self.threads.entry(thread).or_default() = Thread { result, arguments };
        set_registers(thread, &registers);
    }
}

/// Returns whether the kernel never lets a system call with these arguments fail.
fn never(number: c_long, registers: &libc::user_regs_struct, object: &str) -> bool {
    match number {
        // Reading and changing the flags of an open descriptor.
        libc::SYS_fcntl => {
            ![libc::F_DUPFD, libc::F_DUPFD_CLOEXEC].contains(&(registers.rsi as c_int))
        }
        // Except waiting.
        libc::SYS_futex => {
            ![libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET].contains(&(registers.rsi as c_int & 0x7f))
        }
        // The standard library panics if closing a directory fails.
        libc::SYS_close => Path::new(object).is_dir(),
        // Except with EAGAIN, if its counter is at the maximum.
        libc::SYS_write => object.starts_with("anon_inode:[eventfd]"),
        _ => false,
    }
}

/// Returns whether a stopped thread blocks SIGUSR1, for which `operations` installs a handler that interrupts system
/// calls.
fn blocks_signals(thread: pid_t) -> bool {
    const GETSIGMASK: libc::c_uint = 0x420a;
    let mut blocked = 0_u64;
    let to = &raw mut blocked;
    // SAFETY: the kernel writes as many bytes as the third argument says.
    unsafe { libc::ptrace(GETSIGMASK, thread, size_of::<u64>(), to) };
    blocked >> (libc::SIGUSR1 - 1) & 1 == 1
}

/// Waits for a process or thread that this thread traces.
fn wait(pid: pid_t, status: &mut c_int) -> io::Result<pid_t> {
    loop {
        // SAFETY: the pointer is valid during the call.
        let thread = unsafe { libc::waitpid(pid, status, libc::__WALL | libc::__WNOTHREAD) };
        if thread >= 0 {
            return Ok(thread);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Makes a request that reads or writes no memory of this process.
fn request(request: libc::c_uint, thread: pid_t, data: usize) -> io::Result<()> {
    // SAFETY: the requests that come here take a number, no pointer.
    let result = unsafe { libc::ptrace(request, thread, null_mut::<u8>(), data) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Returns whether a thread has stopped at the start of a system call, not at its end.
fn is_start(thread: pid_t) -> bool {
    let mut kind = 0_u8;
    let to = &raw mut kind;
    // SAFETY: the kernel writes as many bytes as the third argument says, of which the first is the kind of the stop.
    unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, thread, 1_usize, to) };
    kind == libc::PTRACE_SYSCALL_INFO_ENTRY
}

/// Returns the registers of a stopped thread.
fn registers(thread: pid_t) -> Option<libc::user_regs_struct> {
    // SAFETY: a structure of numbers, for which zeros are valid.
    let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    let to = &raw mut registers;
    // SAFETY: the kernel writes a structure of this type.
    let result = unsafe { libc::ptrace(libc::PTRACE_GETREGS, thread, null_mut::<u8>(), to) };
    (result >= 0).then_some(registers)
}

/// Changes the registers of a stopped thread.
fn set_registers(thread: pid_t, registers: &libc::user_regs_struct) {
    let from = &raw const *registers;
    // SAFETY: the kernel reads a structure of this type.
    unsafe { libc::ptrace(libc::PTRACE_SETREGS, thread, null_mut::<u8>(), from) };
}

/// Returns what the open descriptors of a process refer to, except the standard streams.
fn descriptors(pid: pid_t) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return vec![];
    };
    let mut found: Vec<String> = entries
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
                > Some(2)
        })
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|target| target.display().to_string())
        .collect();
    found.sort();
    found
}

/// Returns the number of threads of a process. Those that have been joined may need a moment to end.
fn running(pid: pid_t) -> usize {
    let ended = |stat: String| {
        stat.rsplit(") ")
            .next()
            .is_none_or(|rest| rest.starts_with(['Z', 'X']))
    };
    let mut threads = 0;
    for _ in 0..20 {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else {
            return 0;
        };
        let stats = entries
            .flatten()
            .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        threads = stats.filter(|stat| !ended(stat.clone())).count();
        if threads <= 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    threads
}

/// Returns the file and the offset of the instruction at which a thread has stopped.
fn place(thread: pid_t) -> String {
    let Some(registers) = registers(thread) else {
        return String::new();
    };
    let maps = fs::read_to_string(format!("/proc/{thread}/maps")).unwrap_or_default();
    let mut base = (String::new(), 0);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let range = words
            .next()
            .unwrap_or_default()
            .split_once('-')
            .unwrap_or_default();
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        let file = words
            .nth(4)
            .unwrap_or("memory")
            .rsplit('/')
            .next()
            .unwrap_or_default();
        if base.0 != file {
            base = (file.into(), number(range.0));
        }
        if (number(range.0)..number(range.1)).contains(&registers.rip) {
            return format!("{file}+{:#x}", registers.rip - base.1);
        }
    }
    format!("{:#x}", registers.rip)
}
