//! Runs a driver in a folder and a network namespace of its own, and collects what it leaves behind.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::daemon::Daemon;
use crate::drivers::{Driver, Input};
use crate::fault::Fault;
use crate::network::Network;
use crate::trace::{self, Trace};

/// How long a run may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// How long a run may take if another one was too long, perhaps because the machine is busy.
pub(crate) const LONG_LIMIT: Duration = Duration::from_secs(60);

/// The size of the report, which is 8 numbers.
const REPORT: usize = 64;

/// What the preloaded library has counted: `struct report` in preload.c.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Allocations.
    pub(crate) calls: u64,
    /// Allocations that failed.
    pub(crate) failed: u64,
    /// The size of the first of them.
    pub(crate) failed_bytes: u64,
    /// Its caller: the program, libpcap, another library.
    pub(crate) failed_owner: u64,
    /// The place of the call in the caller's file.
    pub(crate) failed_offset: u64,
    /// The blocks that are not freed, by owner.
    pub(crate) live: [i64; 3],
}

/// A run and its results.
#[derive(Debug)]
pub(crate) struct Run {
    /// What ptrace saw.
    pub(crate) trace: Trace,
    /// What the preloaded library counted.
    pub(crate) report: Report,
    /// Standard output.
    pub(crate) stdout: Vec<u8>,
    /// Standard error.
    pub(crate) stderr: String,
    /// The files in the folder of the run.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Whether it was killed because it did not end.
    pub(crate) hung: bool,
}

/// Runs drivers, one after another.
pub(crate) struct Worker {
    folder: PathBuf,
    places: Places,
    watched: Arc<Mutex<Watched>>,
    _daemon: Daemon,
    _network: Network,
}

/// Where the programs and their inputs are.
#[derive(Clone)]
pub(crate) struct Places {
    /// The programs.
    pub(crate) programs: PathBuf,
    /// `operations` with remote captures.
    pub(crate) remote: PathBuf,
    /// The libpcap with remote captures, and its daemon.
    pub(crate) remote_libpcap: PathBuf,
    /// The preloaded library.
    pub(crate) library: PathBuf,
    /// The savefiles.
    pub(crate) inputs: PathBuf,
}

/// The process that is killed if it does not end.
#[derive(Default)]
struct Watched {
    process: Option<OwnedFd>,
    until: Option<Instant>,
    killed: bool,
    finished: bool,
}

impl Worker {
    /// Prepares the folder and the network of this thread.
    ///
    /// # Errors
    ///
    /// If they cannot be created.
    pub(crate) fn new(folder: PathBuf, places: Places) -> Result<Worker, String> {
        fs::create_dir_all(folder.join("run"))
            .and_then(|()| fs::create_dir_all(folder.join("zones")))
            .map_err(|error| format!("cannot create `{}`: {error}", folder.display()))?;
        let network = Network::new()?;
        let daemon = Daemon::new(&places.remote_libpcap)?;
        let watched = Arc::new(Mutex::new(Watched::default()));
        let watching = Arc::clone(&watched);
        std::thread::spawn(move || watch(&watching));
        Ok(Worker {
            folder,
            places,
            watched,
            _daemon: daemon,
            _network: network,
        })
    }

    /// Runs a driver with a fault, and kills it after a time.
    ///
    /// # Errors
    ///
    /// If it cannot be started or traced.
    pub(crate) fn run(
        &self,
        driver: &Driver,
        fault: Fault,
        limit: Duration,
    ) -> Result<Run, String> {
        self.try_run(driver, fault, limit)
            .map_err(|error| format!("cannot run {}: {error}", driver.name))
    }

    fn try_run(&self, driver: &Driver, fault: Fault, limit: Duration) -> io::Result<Run> {
        let run = self.folder.join("run");
        empty(&run)?;
        for (from, to) in driver.copies {
            fs::copy(self.places.inputs.join(from), run.join(to))?;
        }
        let (out, err, report) = (
            self.folder.join("stdout"),
            self.folder.join("stderr"),
            self.folder.join("report"),
        );
        fs::write(&report, [0; REPORT])?;
        let program = match driver.program {
            "remote" => self.places.remote.clone(),
            name => self.places.programs.join(name),
        };
        let mut command = Command::new(program);
        command
            .args(driver.arguments(&self.places.inputs))
            .current_dir(&run)
            .env_clear();
        command.envs([
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("TZ", ""),
            ("LANG", "C.UTF-8"),
        ]);
        command
            .env("TMPDIR", &run)
            .env("LD_PRELOAD", &self.places.library)
            .env("INJECTOR_REPORT", &report);
        if driver.program == "remote" {
            command.env("LD_LIBRARY_PATH", self.places.remote_libpcap.join("lib"));
        }
        if let Fault::Allocation { nth, lasting } = fault {
            command.env(
                "INJECTOR_ALLOCATION",
                format!("{nth}{}", if lasting { "+" } else { "" }),
            );
        }
        command.stdin(match driver.input {
            Input::None => Stdio::null(),
            Input::File(name) => File::open(self.places.inputs.join(name))?.into(),
            Input::Pipe(name) => full_pipe(&fs::read(self.places.inputs.join(name))?)?,
        });
        command
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?);
        let child = trace::start(&mut command)?;
        let pid = child.id().cast_signed();
        *self.lock() = Watched {
            process: Some(pidfd(pid)?),
            until: Some(Instant::now() + limit),
            ..Watched::default()
        };
        let trace = trace::run(pid, fault);
        let hung = {
            let mut watched = self.lock();
            watched.process = None;
            watched.killed
        };
        Ok(Run {
            trace: trace?,
            report: Report::read(&report)?,
            stdout: fs::read(&out)?,
            stderr: String::from_utf8_lossy(&fs::read(&err)?).into_owned(),
            files: contents(&run)?,
            hung,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.watched
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.lock().finished = true;
    }
}

impl Report {
    fn read(path: &Path) -> io::Result<Report> {
        let bytes = fs::read(path)?;
        let mut numbers = bytes
            .chunks_exact(8)
            .map(|chunk| chunk.try_into().map_or(0, u64::from_ne_bytes));
        let mut next = || numbers.next().unwrap_or(0);
        Ok(Report {
            calls: next(),
            failed: next(),
            failed_bytes: next(),
            failed_owner: next(),
            failed_offset: next(),
            live: [next(), next(), next()].map(u64::cast_signed),
        })
    }
}

/// Kills the process of a worker if it does not end, until the worker is dropped.
fn watch(watched: &Mutex<Watched>) {
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let mut watched = watched
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if watched.finished {
            return;
        }
        let late = watched.until.is_some_and(|until| Instant::now() > until);
        if late && let Some(process) = watched.process.take() {
            use std::os::fd::AsRawFd as _;
            let (process, none) = (process.as_raw_fd(), std::ptr::null_mut::<u8>());
            // SAFETY: a system call on a descriptor that is open, without a structure.
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process, libc::SIGKILL, none, 0) };
            watched.killed = true;
        }
    }
}

/// Returns a descriptor of a process.
fn pidfd(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: a system call with numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(fd).unwrap_or(-1);
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, which nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Returns the reading end of a pipe that contains `bytes`.
fn full_pipe(bytes: &[u8]) -> io::Result<Stdio> {
    let (reader, mut writer) = io::pipe()?;
    // A pipe takes 64 KiB without a reader.
    writer.write_all(&bytes[..bytes.len().min(65_536)])?;
    Ok(reader.into())
}

/// Removes everything in a folder.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?
        } else {
            fs::remove_file(path)?
        }
    }
    Ok(())
}

/// Returns the names and contents of all files in a folder, and of the folders in it the names.
fn contents(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // The rest is random.
        let name = match name.starts_with("pcap-demo-") {
            true => "pcap-demo".into(),
            false => name,
        };
        found.insert(
            name,
            if path.is_file() {
                fs::read(&path)?
            } else {
                vec![]
            },
        );
    }
    Ok(found)
}
