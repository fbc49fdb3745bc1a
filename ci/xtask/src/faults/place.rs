//! Where a row is made: a folder, its disks, and the two connected devices.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::found::{Failure, Found};
use super::packets::{self, Packets};
use super::process::{Ended, Process};
use crate::flood::capture::count;
use crate::{Result, command};

/// The files of a row. What it mounts there is unmounted at its end.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// The number of programs started.
    programs: Cell<u32>,
}

impl Place {
    pub(super) fn new(folder: &Path) -> Result<Place> {
        command::empty_folder(folder)?;
        // Without links, as in the list of mounts.
        let folder = folder.canonicalize();
        Ok(Place {
            folder: folder.map_err(|error| format!("cannot find a folder: {error}"))?,
            programs: Cell::new(0),
        })
    }

    /// Returns the path of a file of this row.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Removes the files.
    pub(super) fn remove(self) -> Result<()> {
        let folder = self.folder.clone();
        drop(self);
        command::remove_folder(&folder)
    }

    /// Starts a command of the shell.
    pub(super) fn start(&self, script: &str) -> Result<Process> {
        let number = self.programs.get();
        self.programs.set(number + 1);
        Process::start(&self.folder, number, script)
    }

    /// Runs a command of the shell until it ends.
    pub(super) fn run(&self, script: &str) -> Result<Ended> {
        self.start(script)?.end()
    }

    /// Runs a command that prepares the fault, and must succeed.
    pub(super) fn prepare(&self, script: &str) -> std::result::Result<(), Failure> {
        let ended = self.run(script)?;
        match ended.has_failed() {
            false => Ok(()),
            true => Err(Failure::CannotBeMade(format!(
                "`{script}`: {}",
                ended.summary()
            ))),
        }
    }

    /// Writes a savefile of numbered packets.
    pub(super) fn savefile(&self, name: &str, count: u64) -> Result<()> {
        packets::write_savefile(&self.path(name), count)
    }

    /// Mounts a file system in memory on the folder `disk`.
    pub(super) fn small_disk(&self, size: &str) -> std::result::Result<(), Failure> {
        self.prepare(&format!(
            "mkdir disk && mount -t tmpfs -o size={size} none disk"
        ))
    }

    /// Compiles a library of C that programs preload. Returns its path from the folder of the row: `LD_PRELOAD` cannot
    /// contain the blanks that the whole path may have.
    pub(super) fn library(&self, name: &str, source: &str) -> std::result::Result<String, Failure> {
        command::write(&self.path(&format!("{name}.c")), source)?;
        self.prepare(&format!(
            "cc -Wall -O1 -shared -fPIC -o {name}.so {name}.c -ldl"
        ))?;
        Ok(format!("./{name}.so"))
    }

    /// Creates the devices `left` and `right` anew, and connects a sender to `left`.
    pub(super) fn devices(&self) -> Result<Packets> {
        for name in ["left", "other", "new"] {
            let _ = Command::new("ip")
                .args(["link", "del", name])
                .stderr(Stdio::null())
                .status();
        }
        crate::flood::connect()?;
        Packets::new()
    }

    /// Starts pcap-capture for the numbered packets on `left`, and waits until it captures.
    pub(super) fn capture(&self, options: &str) -> Result<Process> {
        self.capture_with("exec", options)
    }

    /// Does the same with words of the shell before the program.
    pub(super) fn capture_with(&self, before: &str, options: &str) -> Result<Process> {
        let script = format!("{before} pcap-capture -i left -f 'udp dst port 9' {options}");
        let mut process = self.start(&script)?;
        process.wait_until("the capture", |it| it.stderr().contains("listening on"))?;
        Ok(process)
    }

    /// Returns what became of the packets sent: those in these files, and those that the statistics report.
    ///
    /// # Errors
    ///
    /// Returns an error if a packet is in the files twice, or if the statistics differ from the files.
    pub(super) fn account(&self, ended: &Ended, sent: u64, files: &[PathBuf]) -> Result<Found> {
        let (after, are_whole) = packets::count_once(files)?;
        if !ended.has_failed() && !are_whole {
            return Err(format!("a savefile is not whole ({})", ended.summary()));
        }
        if ended.statistics().is_none() {
            return Ok(Found::new(ended, sent, after, 0));
        }
        let (written, reported) = (ended.number("packets")?, ended.reported()?);
        let found = Found::new(ended, sent, after, reported);
        if written != after {
            return Err(format!(
                "the statistics have {written} packets, and the files {after} ({})",
                found.seen
            ));
        }
        if written + reported > sent {
            return Err(format!(
                "{sent} packets were sent, but the statistics have {written}, and report {reported} as lost"
            ));
        }
        // With a status other than 0, too, the numbers are exact.
        let missing = sent - written - reported;
        Ok(Found {
            lost: missing,
            seen: format!("{}; {reported} reported", found.seen),
            ..found
        })
    }

    /// Does the same for a capture that has ended by itself: packets sent afterwards do not count.
    pub(super) fn account_received(
        &self,
        ended: &Ended,
        sent: u64,
        files: &[PathBuf],
    ) -> Result<Found> {
        let received = ended.number("received")?;
        match received > sent {
            true => Err(format!("{sent} packets were sent, but {received} received")),
            false => self.account(ended, received, files),
        }
    }

    /// Lists the files of this row whose names begin so, in the order of their names.
    pub(super) fn files(&self, prefix: &str) -> Result<Vec<PathBuf>> {
        let (folder, prefix) = prefix.rsplit_once('/').unwrap_or((".", prefix));
        let mut files = command::list(&self.path(folder))?;
        files.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(prefix)
        });
        Ok(files)
    }
}

impl Ended {
    /// Returns the statistics of pcap-capture, in JSON.
    pub(super) fn statistics(&self) -> Option<&str> {
        let mut lines = self.stdout.lines().chain(self.stderr.lines());
        lines.find(|line| line.contains("\"type\":\"statistics\""))
    }

    /// Returns a number of the statistics.
    pub(super) fn number(&self, name: &str) -> Result<u64> {
        let statistics = self.statistics();
        count(
            statistics.ok_or_else(|| format!("no statistics: {}", self.summary()))?,
            name,
        )
    }

    /// Returns how many packets the statistics report as missing.
    pub(super) fn reported(&self) -> Result<u64> {
        let names = ["dropped", "dropped_waiting", "not_written"];
        names.iter().map(|name| self.number(name)).sum()
    }

    /// Lists the objects for finished files.
    pub(super) fn listed_files(&self) -> impl Iterator<Item = &str> {
        let lines = self.stdout.lines();
        lines.filter(|line| line.contains("\"type\":\"file\""))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Those mounted later may be on those mounted earlier.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        for line in mounts.lines().rev() {
            let target = line.split(' ').nth(1).unwrap_or_default();
            let target = target.replace("\\040", " ");
            if Path::new(&target).starts_with(&self.folder) {
                let _ = Command::new("umount").args(["-l", &target]).status();
            }
        }
    }
}
