//! Runs one test in a process of its own, with limits.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, command};

/// Signal of the kernel to a process that used the processor for too long.
const SIGXCPU: i32 = 24;

/// A test and its program.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Test {
    /// The test program: `lib` for the unit tests, or a name in `pcap-core/tests`. Those of pcap-sys begin with
    /// `pcap-sys/`.
    pub(crate) program: String,
    /// The path of the test in it.
    pub(crate) name: String,
}

impl Test {
    /// Reads what `to_string` returns.
    pub(crate) fn parse(text: &str) -> Option<Test> {
        let (program, name) = text.split_once(' ')?;
        Some(Test {
            program: program.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.program, self.name)
    }
}

/// Returns the package of a test program, and its name in the package.
pub(crate) fn package(program: &str) -> (&str, &str) {
    program.split_once('/').unwrap_or(("pcap-core", program))
}

/// How a test ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// It passed.
    Passed,
    /// It failed, or its process crashed.
    Failed,
    /// It did not end in time.
    Hung,
}

/// Limits of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Processor time.
    pub(crate) processor: Duration,
    /// Time on a clock.
    pub(crate) clock: Duration,
}

/// Runs tests in the folder of their package, as cargo does.
#[derive(Debug)]
pub(crate) struct Runner {
    /// The root of the copied repository.
    pub(crate) tree: PathBuf,
    /// For temporary files.
    pub(crate) temporary: PathBuf,
}

impl Runner {
    /// Returns the folder of a test program's package.
    pub(crate) fn folder(&self, program: &str) -> PathBuf {
        self.tree.join(package(program).0)
    }

    /// Runs a test, whose program is at `path`, with an environment variable. Returns how the test ended, and its
    /// processor time.
    pub(crate) fn run(
        &self,
        path: &Path,
        test: &Test,
        variable: Option<(&str, &str)>,
        limits: Limits,
    ) -> Result<(End, Duration)> {
        let name = &test.name;
        let before = processor_time();
        let seconds = limits.processor.as_secs().max(1);
        let mut child = Command::new("prlimit")
            .arg(format!("--cpu={seconds}"))
            // A mutant must not use up the memory or the disk.
            .args(["--as=12884901888", "--fsize=8589934592", "--core=0", "--"])
            .arg(path)
            .args(["--exact", name, "--test-threads=1", "--quiet"])
            .current_dir(self.folder(&test.program))
            .env("TMPDIR", &self.temporary)
            .env_remove("MUTANT")
            .env_remove("MUTANTS_REACHED")
            .envs(variable)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot run prlimit: {error}"))?;
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        let status = loop {
            match child
                .try_wait()
                .map_err(|error| format!("cannot wait for {name}: {error}"))?
            {
                Some(status) => break Some(status),
                None if began.elapsed() > limits.clock => break None,
                None => std::thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        if status.is_none_or(|status| !status.success()) {
            // Also what it started.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill")
                .args(["-KILL", "--", &group])
                .stderr(Stdio::null())
                .status();
            let _ = child.wait();
            if command::files(&self.temporary).len() > 100
                || fs::read_dir(&self.temporary).is_ok_and(|it| it.count() > 0)
            {
                command::empty_folder(&self.temporary)?;
            }
        }
        Ok((end(status), processor_time().saturating_sub(before)))
    }
}

fn end(status: Option<ExitStatus>) -> End {
    match status {
        None => End::Hung,
        Some(status) if status.success() => End::Passed,
        Some(status) if status.signal() == Some(SIGXCPU) => End::Hung,
        Some(_) => End::Failed,
    }
}

/// Returns the processor time of all children that ended. Zero where there is no `/proc`.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may contain spaces. Fields 16 and 17 are in hundredths of a second.
    let rest = text.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = rest
        .split(' ')
        .skip(13)
        .take(2)
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
