//! Running both command lines of a pair.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::pair::{Live, Pair};
use crate::Result;
use crate::command;

/// How long a command line may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How long captures wait after the last packet was sent. libpcap delivers packets after a second at most.
const QUIET: Duration = Duration::from_millis(1500);

/// How long programs may take from opening the first socket to capturing on all devices with their filters.
const SETTLED: Duration = Duration::from_secs(1);

/// Both sides of a pair.
pub(crate) const SIDES: [&str; 2] = ["theirs", "ours"];

/// What a command line left behind.
#[derive(Clone)]
pub(crate) struct Ran {
    /// Its exit status, or -1 if a signal ended it.
    pub(crate) status: i32,
    /// Its standard output.
    pub(crate) stdout: Vec<u8>,
    /// Its standard error.
    pub(crate) stderr: Vec<u8>,
    /// The files that it created, by name.
    pub(crate) files: BTreeMap<String, PathBuf>,
}

/// Runs the command lines of pairs, in a network that has only `lo` and the connected devices `eth0` and `eth1`.
pub(crate) struct Runner {
    /// The folder with the input files.
    inputs: PathBuf,
    /// Each side of a pair runs in a folder below this one.
    scratch: PathBuf,
}

impl Runner {
    /// Creates the devices and the input files.
    pub(crate) fn new(folder: &Path) -> Result<Runner> {
        create_devices()?;
        let runner = Runner {
            inputs: folder.join("inputs"),
            scratch: folder.join("run"),
        };
        super::inputs::create(&runner.inputs)?;
        command::empty_folder(&runner.scratch)?;
        Ok(runner)
    }

    /// Runs both sides.
    pub(crate) fn run(&self, pair: &Pair) -> Result<[Ran; 2]> {
        let folders = SIDES.map(|side| self.scratch.join(&pair.name).join(side));
        for folder in &folders {
            command::empty_folder(folder)?;
            // tcpdump writes further files as another user.
            let all = fs::Permissions::from_mode(0o777);
            fs::set_permissions(folder, all).map_err(|error| error.to_string())?;
            for input in command::list(&self.inputs)? {
                let name = input.file_name().ok_or("an input without a name")?;
                command::copy(&input, &folder.join(name))?;
            }
        }
        let lines = [&pair.theirs, &pair.ours];
        let mut statuses = Vec::new();
        match &pair.live {
            Some(Live::Capture(sent)) => {
                let mut running = Vec::new();
                for (line, folder) in lines.iter().zip(&folders) {
                    running.push(Running::start_command(line, folder)?);
                }
                let sent = wait_for_all(&mut running).and_then(|()| send(sent, &self.inputs));
                thread::sleep(QUIET);
                running.iter().for_each(|running| running.signal("INT"));
                for running in running {
                    statuses.push(running.end()?);
                }
                sent?;
            }
            Some(Live::Send) => {
                for (line, folder) in lines.iter().zip(&folders) {
                    statuses.push(run_and_record(line, folder)?);
                }
            }
            Some(Live::Devices) | None => {
                for (line, folder) in lines.iter().zip(&folders) {
                    statuses.push(Running::start(line, folder)?.end()?);
                }
            }
        }
        self.results(&folders, &statuses)
    }

    fn results(&self, folders: &[PathBuf; 2], statuses: &[i32]) -> Result<[Ran; 2]> {
        let result = |side: usize| -> Result<Ran> {
            let folder = &folders[side];
            let read = |name: &str| {
                let path = folder.join(name);
                fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
            };
            let mut files = BTreeMap::new();
            for path in command::files(folder)? {
                let name = path
                    .strip_prefix(folder)
                    .map_err(|error| error.to_string())?;
                let name = name.to_string_lossy().into_owned();
                if !name.starts_with(".std") && !self.inputs.join(&name).exists() {
                    files.insert(name, path);
                }
            }
            Ok(Ran {
                status: statuses[side],
                stdout: read(".stdout")?,
                stderr: read(".stderr")?,
                files,
            })
        };
        Ok([result(0)?, result(1)?])
    }
}

/// Creates the connected devices. Fails outside a new network namespace, so that nothing is sent or captured elsewhere.
pub(crate) fn create_devices() -> Result<()> {
    let devices = command::read(Path::new("/proc/self/net/dev"))?;
    let names = devices.lines().filter_map(|line| line.split_once(':'));
    if names.map(|(name, _)| name.trim()).ne(["lo"]) {
        return Err("expected a new network namespace (ci/programs creates one)".to_owned());
    }
    for which in ["all", "default"] {
        // A kernel without IPv6 has no such file.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1");
    }
    for words in [
        "link set lo up",
        "link add eth0 type veth peer name eth1",
        "link set eth0 up",
        "link set eth1 up",
    ] {
        command::run(Command::new("ip").args(words.split(' ')))?;
    }
    Ok(())
}

/// A running command line.
struct Running {
    child: Child,
    began: Instant,
}

impl Running {
    /// Starts a command line in a folder, which receives what it prints.
    fn start(line: &str, folder: &Path) -> Result<Running> {
        let create = |name: &str| {
            let path = folder.join(name);
            File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))
        };
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            .current_dir(folder)
            // Half an hour off, so that times in UTC are noticed. Needs no time zone database.
            .env("TZ", "<+0530>-5:30")
            .env("LC_ALL", "C.UTF-8")
            .env("WIRESHARK_CONFIG_DIR", "/nonexistent")
            .stdin(Stdio::null())
            .stdout(create(".stdout")?)
            .stderr(create(".stderr")?);
        let child = shell
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        let began = Instant::now();
        Ok(Running { child, began })
    }

    /// Starts a single command, which receives the signals for the shell.
    fn start_command(line: &str, folder: &Path) -> Result<Running> {
        Running::start(&format!("exec {line}"), folder)
    }

    /// Sends a signal. The command may have ended already.
    fn signal(&self, signal: &str) {
        let _ = command::signal(signal, self.child.id());
    }

    /// Returns whether the program has ended.
    fn has_ended(&mut self) -> Result<bool> {
        let status = self.child.try_wait().map_err(|error| error.to_string())?;
        Ok(status.is_some())
    }

    /// Waits for the end, and returns the exit status. Kills the program if it takes too long.
    fn end(mut self) -> Result<i32> {
        loop {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Ok(status.code().unwrap_or(-1));
            }
            if self.began.elapsed() > LIMIT {
                self.signal("KILL");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Returns the number of sockets that capture on a device other than `lo`.
fn capturing_sockets() -> Result<usize> {
    // sk RefCnt Type Proto Iface R …, where R is 1 if the socket is bound.
    let table = command::read(Path::new("/proc/self/net/packet"))?;
    let running = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.len() > 5 && words[5] == "1"
    };
    Ok(table.lines().skip(1).filter(running).count())
}

/// Waits until this number of programs capture: there is a socket for each, and no further one appears for a while. Also
/// returns when one has ended.
pub(crate) fn wait_for_captures(
    programs: usize,
    mut has_ended: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let began = Instant::now();
    let mut count = 0;
    let mut since = Instant::now();
    while count < programs || since.elapsed() < SETTLED {
        let now = capturing_sockets()?;
        if now != count {
            count = now;
            since = Instant::now();
        }
        if began.elapsed() > LIMIT / 2 {
            return Err("a program does not capture".to_owned());
        }
        if has_ended()? {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Waits until all of these programs capture, or one has ended.
fn wait_for_all(running: &mut [Running]) -> Result<()> {
    wait_for_captures(running.len(), || {
        for program in running.iter_mut() {
            if program.has_ended()? {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// Sends a file on `eth0` by tcpreplay: `[OPTION…] FILE`.
fn send(sent: &str, inputs: &Path) -> Result<()> {
    let mut tcpreplay = Command::new("tcpreplay");
    tcpreplay.args(["-q", "-i", "eth0"]).args(sent.split(' '));
    command::quiet_output(tcpreplay.current_dir(inputs)).map(drop)
}

/// Runs a command line that sends, and records what arrives on both devices. Returns its exit status.
fn run_and_record(line: &str, folder: &Path) -> Result<i32> {
    let mut recorders = Vec::new();
    for (device, name) in [("eth1", "received"), ("eth0", "returned")] {
        // Its buffer holds all packets.
        let record = format!("tcpdump -i {device} -Q in -B 16384 -s 2048 -U -w ../../{name}.pcap");
        let scratch = folder.join(".recorders").join(device);
        command::make_folder(&scratch)?;
        recorders.push(Running::start_command(&record, &scratch)?);
    }
    let status = wait_for_all(&mut recorders).and_then(|()| Running::start(line, folder)?.end());
    thread::sleep(QUIET);
    for recorder in recorders {
        recorder.signal("INT");
        recorder.end()?;
    }
    command::remove_folder(&folder.join(".recorders"))?;
    status
}
