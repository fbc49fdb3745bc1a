//! The options for writing one savefile after another: tcpdump's `-C`, `-G`, `-W` and `-z`, and dumpcap's `-b`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args};

use crate::background_writer::Sync;
use crate::counted;
use crate::exit::Outcome;
use crate::options::stop::StopOptions;
use crate::rotation::{FileLines, Hooks, MinFree, Naming, Rotation, TimeLimit};
use crate::value_parsers;

/// The section of `--help` about these options.
pub const HELP: &str = "\
Rotation:
  pcap-capture -C 100 -w a.pcap           a.pcap, a.pcap1, … of 100 MB each
  pcap-capture -C 100 -W 10 -w a.pcap     a ring: a.pcap0 to a.pcap9
  pcap-capture -G 3600 -w %F_%H%M.pcap    a file per hour after the start
  pcap-capture -b interval:1h -b files:24 -w a.pcapng
                                          a_00001_20261128100000.pcapng, …: the
                                          last 24 full hours of the clock
  pcap-capture -b filesize:50MB -b total:2GB -w a.pcapng.gz --print-files |
    while read f; do echo \"$f is complete\"; done

  A packet is in exactly one file, and each file is complete by itself. Times
  are those at which the program receives packets. A file ends on time even if
  no packet arrives, and the next one begins with its first packet, so that no
  file is empty, except the first one if there are no packets at all. Sizes
  count the bytes of the file, including headers; with compression, a file can
  exceed its size by what the compressor still holds. With -G, with
  `interval:` and in names, times are local; when the clock is changed, an
  hour stays an hour, and a day has 23 or 25 hours.

  No existing file is replaced: with -C the next free number is used, and with
  -G a name that exists gets a number, as in a-1.pcap. A ring removes only
  files that this run has created, and keeps those for which a command of -z
  waits or runs, even if they are too many. With -b, a name with conversions
  is used as with -G.

  After SIGKILL, all files are complete but the last one that is not empty. A
  file that cannot be closed is reported and not listed; the capture
  continues, and the status is 1. A compressed file on a full disk can
  contain packets that count as not written. At the end, the program waits for the
  commands of -z, for a minute after Ctrl-C or until another one.";

/// When a savefile ends and the next one begins, and what happens to finished ones.
#[derive(Args, Clone, Debug, Default)]
pub struct RotationOptions {
    /// Begin a new file before a file exceeds SIZE, in millions of bytes or with a unit: 10, 64KiB,
    /// 1.5GiB
    #[arg(short = 'C', long, value_name = "SIZE", value_parser = value_parsers::megabytes)]
    file_size: Option<u64>,
    /// Begin a new file every TIME, in seconds or with a unit. Conversions of strftime(3) in the name,
    /// such as %H, stand for the local time
    #[arg(short = 'G', long, value_name = "TIME", value_parser = value_parsers::nonzero_seconds)]
    file_time: Option<Duration>,
    /// Keep N files with -C, and remove the oldest; with -G, end the capture after N times TIME
    #[arg(short = 'W', long, value_name = "N", value_parser = value_parsers::number(1_u64..))]
    file_count: Option<u64>,
    /// Change files as dumpcap does, after duration:TIME, interval:TIME (of the clock), filesize:SIZE or
    /// packets:N; files:N and total:SIZE keep a ring of files; printname:FILE lists them. Can be repeated
    ///
    /// A bare TIME is in seconds and a bare SIZE in thousands of bytes. files:N and total:SIZE remove the oldest files,
    /// so that there are at most N files, or SIZE bytes in all files. printname:FILE writes the name of each finished
    /// file to FILE; `-` means standard output, and `stderr` standard error.
    #[arg(short = 'b', long = "ring-buffer", value_name = "OPTION", action = ArgAction::Append,
        value_parser = ring_option)]
    ring: Vec<RingOption>,
    /// Print the name of each finished file, or with --json its number of packets, size and times, too
    #[arg(long)]
    print_files: bool,
    /// Run COMMAND FILE for each finished file, without a shell and with the lowest priority; at most
    /// four run at a time
    #[arg(short = 'z', long, value_name = "COMMAND")]
    postrotate_command: Option<OsString>,
    /// Keep this much free space on the disk, as a size or a percentage: a ring removes its oldest
    /// file, and otherwise the capture ends with status 1
    #[arg(long, value_name = "SIZE|PERCENT%", value_parser = MinFree::parse)]
    min_free: Option<MinFree>,
    /// Make written data survive a crash of the system: every TIME, or at the end of each `file`
    ///
    /// After a loss of power, all packets that arrived more than TIME and about two seconds before,
    /// and the time that the disk needs, are in the savefile. Each savefile that the program has
    /// listed, or for which it has started a command, is complete.
    #[arg(long, value_name = "TIME|file", value_parser = sync)]
    sync: Option<Sync>,
}

/// An option of `-b`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RingOption {
    Duration(Duration),
    Interval(Duration),
    Files(u64),
    FileSize(u64),
    Packets(u64),
    Total(u64),
    PrintName(PathBuf),
}

impl RotationOptions {
    /// Returns what the options ask for, given the path of `-w` and the conditions of `-a`.
    ///
    /// Without an option that changes files, `filesize` and `files` of `-a` end the capture.
    ///
    /// # Errors
    ///
    /// Returns a sentence if the options contradict each other.
    pub fn rotation(&self, write: Option<&Path>, stop: &StopOptions) -> Result<Rotation, String> {
        let mut rotation = Rotation {
            max_packets: self.smallest(|o| matches_number(o, "packets")),
            ring_files: self.smallest(|o| matches_number(o, "files")),
            ring_bytes: self.smallest(|o| matches_number(o, "total")),
            max_files: stop.files(),
            min_free: self.min_free,
            sync: self.sync.unwrap_or_default(),
            ..Rotation::default()
        };
        let size = self.smallest(|o| matches_number(o, "filesize"));
        if size.is_some() && self.file_size.is_some() {
            return Err("expected one of -C and -b filesize, found both".to_owned());
        }
        rotation.max_size = size.or(self.file_size);
        rotation.time = self.time_limit()?;
        self.count(&mut rotation)?;
        rotation.naming = self.naming(&rotation);
        if rotation.changes_files() {
            // As with dumpcap, the size then ends a file instead of the capture.
            let sizes = rotation.max_size.into_iter().chain(stop.file_size());
            rotation.max_size = sizes.min();
        } else {
            if rotation.ring_files.is_some() || rotation.ring_bytes.is_some() {
                return Err(
                    "a ring needs -C, -G, or -b with filesize, duration, interval or packets"
                        .to_owned(),
                );
            }
            if stop.files().is_some() {
                return Err(
                    "`-a files` needs -C, -G, or -b with filesize, duration, interval or packets"
                        .to_owned(),
                );
            }
            rotation.max_size = stop.file_size();
            rotation.max_files = stop.file_size().map(|_| 1);
        }
        check_ring(&rotation)?;
        self.check_lists()?;
        self.check_path(write, stop)?;
        Ok(rotation)
    }

    /// Returns the files of `printname`. The path `-` means standard output.
    pub fn list_paths(&self) -> impl Iterator<Item = &Path> {
        self.print_names().filter_map(FileLines::path_of)
    }

    /// Returns the values of `printname`.
    fn print_names(&self) -> impl Iterator<Item = &Path> {
        self.ring.iter().filter_map(|option| match option {
            RingOption::PrintName(path) => Some(path.as_path()),
            _ => None,
        })
    }

    /// Returns the values of `printname`, and `-` for `--print-files`.
    fn lists(&self) -> impl Iterator<Item = &Path> {
        let printed = self.print_files.then_some(Path::new("-"));
        printed.into_iter().chain(self.print_names())
    }

    /// Completes what [`rotation`](Self::rotation) has returned: opens the lists of files. `program` is the name of the
    /// program, for messages.
    ///
    /// # Errors
    ///
    /// Returns an error if a list cannot be created, or if the command does not exist.
    pub fn open(
        &self,
        mut rotation: Rotation,
        program: &'static str,
        json: bool,
    ) -> Outcome<Rotation> {
        rotation.program = program;
        for path in self.lists() {
            rotation.lines.push(FileLines::to(path, json)?);
        }
        if let Some(command) = &self.postrotate_command {
            rotation.hooks = Some(Hooks::new(program, command.clone())?);
        }
        Ok(rotation)
    }

    /// Returns whether names of files are printed on standard output.
    #[must_use]
    pub fn prints_files(&self) -> bool {
        let mut paths = self.lists().map(FileLines::path_of);
        paths.any(|path| path == Some(Path::new("-")))
    }

    fn smallest(&self, number: impl Fn(&RingOption) -> Option<u64>) -> Option<u64> {
        self.ring.iter().filter_map(number).min()
    }

    fn time_limit(&self) -> Result<Option<TimeLimit>, String> {
        let times = self.ring.iter().filter_map(|option| match option {
            RingOption::Duration(time) => Some(TimeLimit::Age(*time)),
            RingOption::Interval(time) => Some(TimeLimit::Aligned(*time)),
            _ => None,
        });
        let mut times = times.chain(self.file_time.map(TimeLimit::Period));
        let first = times.next();
        match times.next() {
            None => Ok(first),
            Some(_) => Err("expected one of -G, -b duration and -b interval, found two".to_owned()),
        }
    }

    /// Applies `-W`.
    fn count(&self, rotation: &mut Rotation) -> Result<(), String> {
        let Some(count) = self.file_count else {
            return Ok(());
        };
        match (self.file_size, self.file_time) {
            (Some(_), None) if rotation.ring_files.is_some() => {
                return Err("expected one of -W and -b files, found both".to_owned());
            }
            (Some(_), None) => rotation.ring_files = Some(count),
            (None, Some(_)) => rotation.max_periods = Some(count),
            (Some(_), Some(_)) => {
                return Err("-W means a ring with -C and an end with -G; with both, use `-b files:N` for a ring or \
                     `-a files:N` for an end"
                    .to_owned());
            }
            (None, None) => {
                return Err("-W needs -C or -G; with -b, use `-b files:N` for a ring or `-a files:N` for an end".to_owned());
            }
        }
        Ok(())
    }

    fn naming(&self, rotation: &Rotation) -> Naming {
        // As with tcpdump, a ring of one file has no number.
        let count = self.file_count.filter(|count| *count > 1);
        let digits = count.map(|count| (count - 1).to_string().len());
        match (self.file_size, self.file_time) {
            (Some(_), None) => Naming::Appended { digits },
            (None, Some(_)) => Naming::Timed,
            (Some(_), Some(_)) => Naming::TimedAppended,
            (None, None) if rotation.changes_files() => Naming::Dumpcap,
            (None, None) => Naming::Single,
        }
    }

    /// Checks that no name of a file is printed twice on a standard stream.
    fn check_lists(&self) -> Result<(), String> {
        for (stream, path) in [
            ("standard output", Some(Path::new("-"))),
            ("standard error", None),
        ] {
            let lists = self.lists().map(FileLines::path_of);
            if lists.filter(|list| *list == path).count() > 1 {
                return Err(format!(
                    "expected one list of files on {stream}, found two: use one of --print-files and `-b printname:FILE`"
                ));
            }
        }
        Ok(())
    }

    fn check_path(&self, write: Option<&Path>, stop: &StopOptions) -> Result<(), String> {
        let used = [
            (self.file_size.is_some(), "-C"),
            (self.file_time.is_some(), "-G"),
            (!self.ring.is_empty(), "-b"),
            (self.print_files, "--print-files"),
            (self.postrotate_command.is_some(), "-z"),
            (self.min_free.is_some(), "--min-free"),
            (self.sync.is_some(), "--sync"),
            (stop.file_size().is_some(), "-a filesize"),
        ];
        match (used.iter().find(|(is_used, _)| *is_used), write) {
            (Some((_, name)), None) => Err(format!("{name} needs a savefile: use `-w FILE`")),
            (Some((_, name)), Some(path)) if path == Path::new("-") && *name != "-a filesize" => {
                Err(format!(
                    "{name} needs a file, but `-w -` is standard output"
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Checks that a ring can have files.
fn check_ring(rotation: &Rotation) -> Result<(), String> {
    match (rotation.ring_bytes, rotation.max_size) {
        (Some(_), None) => Err("-b total needs a size of each file: -C or -b filesize".to_owned()),
        (Some(total), Some(size)) if total < size.saturating_mul(2) => Err(format!(
            "expected a total of at least two files of {}, found {}",
            counted::bytes(size),
            counted::bytes(total)
        )),
        _ => Ok(()),
    }
}

/// Returns the number of an option of `-b` with this name.
fn matches_number(option: &RingOption, name: &str) -> Option<u64> {
    match (option, name) {
        (RingOption::Files(number), "files")
        | (RingOption::FileSize(number), "filesize")
        | (RingOption::Packets(number), "packets")
        | (RingOption::Total(number), "total") => Some(*number),
        _ => None,
    }
}

/// Parses an option of `-b`.
fn ring_option(text: &str) -> Result<RingOption, String> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    match name {
        "duration" => value_parsers::nonzero_seconds(value).map(RingOption::Duration),
        "interval" => value_parsers::nonzero_seconds(value).map(RingOption::Interval),
        "files" => value_parsers::count(value, "files").map(RingOption::Files),
        "filesize" => value_parsers::kilobytes(value).map(RingOption::FileSize),
        "packets" => value_parsers::count(value, "packets").map(RingOption::Packets),
        "total" => value_parsers::kilobytes(value).map(RingOption::Total),
        "printname" if !value.is_empty() => Ok(RingOption::PrintName(
            value_parsers::to_output_path(value.into()),
        )),
        _ => Err(format!(
            "expected duration:TIME, interval:TIME, filesize:SIZE, packets:N, files:N, total:SIZE or printname:FILE, \
             found `{text}`"
        )),
    }
}

/// Parses the value of `--sync`.
fn sync(text: &str) -> Result<Sync, String> {
    match text {
        "file" => Ok(Sync::AtEnd),
        _ => value_parsers::nonzero_seconds(text)
            .map(Sync::Every)
            .map_err(|why| format!("expected `file` or a time: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        rotation: RotationOptions,
        #[command(flatten)]
        stop: StopOptions,
    }

    fn parse(line: &str) -> Result<Rotation, String> {
        let words = ["program"].into_iter().chain(line.split_whitespace());
        let program = Program::try_parse_from(words).map_err(|e| e.to_string())?;
        program
            .rotation
            .rotation(Some(Path::new("a")), &program.stop)
    }

    #[test]
    fn tcpdump_options_have_its_units_and_names() {
        let rotation = parse("-C 2 -W 11").unwrap();
        assert_eq!(rotation.max_size, Some(2_000_000));
        assert_eq!(rotation.ring_files, Some(11));
        assert_eq!(rotation.naming, Naming::Appended { digits: Some(2) });
        let single = parse("-C 2 -W 1").unwrap().naming;
        assert_eq!(single, Naming::Appended { digits: None });
        let rotation = parse("-G 60 -W 3").unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(rotation.time, Some(TimeLimit::Period(minute)));
        assert_eq!((rotation.max_periods, rotation.ring_files), (Some(3), None));
        assert_eq!(rotation.naming, Naming::Timed);
        assert_eq!(parse("-G 1 -C 1").unwrap().naming, Naming::TimedAppended);
        let rotation = parse("-G 1h -b files:24").unwrap();
        assert_eq!(rotation.ring_files, Some(24));
    }

    #[test]
    fn dumpcap_options_have_its_units_and_names() {
        let rotation = parse("-b filesize:10 -b packets:5 -b files:3 -b total:1MB").unwrap();
        assert_eq!(rotation.max_size, Some(10_000));
        assert_eq!(
            (rotation.max_packets, rotation.ring_files),
            (Some(5), Some(3))
        );
        assert_eq!(rotation.ring_bytes, Some(1_000_000));
        assert_eq!(rotation.naming, Naming::Dumpcap);
        let rotation = parse("-b interval:15m --sync file").unwrap();
        let quarter = Duration::from_secs(900);
        assert_eq!(rotation.time, Some(TimeLimit::Aligned(quarter)));
        assert_eq!(rotation.sync, Sync::AtEnd);
        let rotation = parse("-b duration:9 -a filesize:3 -a files:2 --sync 0.5").unwrap();
        assert_eq!(
            (rotation.max_size, rotation.max_files),
            (Some(3000), Some(2))
        );
        assert_eq!(rotation.sync, Sync::Every(Duration::from_millis(500)));
        // Without an option that changes files, the size ends the capture.
        let rotation = parse("-a filesize:3").unwrap();
        assert_eq!(
            (rotation.max_size, rotation.max_files),
            (Some(3000), Some(1))
        );
        assert_eq!(rotation.naming, Naming::Single);
    }

    #[test]
    fn contradictions_are_rejected() {
        for (line, part) in [
            ("-C 1 -G 1 -W 1", "use `-b files:N`"),
            ("-W 1", "-W needs"),
            ("-b packets:1 -W 1", "-W needs"),
            ("-C 1 -W 1 -b files:2", "one of -W and -b files"),
            ("-C 1 -b filesize:1", "one of -C and -b filesize"),
            ("-G 1 -b duration:1", "one of -G"),
            ("-b interval:1 -b duration:1", "one of -G"),
            ("-b files:2", "a ring needs"),
            ("-a files:2", "`-a files` needs"),
            ("-b total:1MB -b duration:1", "-b total needs"),
            ("-b total:1MB -C 1", "at least two files"),
            ("-b event:1", "expected duration:TIME"),
            ("-b files:0", "greater than 0"),
            ("-b printname:", "expected duration:TIME"),
            ("--print-files -b printname:-", "on standard output"),
            ("--print-files -b printname:stdout", "on standard output"),
            (
                "-b printname:stderr -b printname:stderr",
                "on standard error",
            ),
            ("--sync never", "expected `file` or a time"),
            ("--min-free 100%", "between 0 and 100"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn options_need_a_file() {
        let check = |line: &str, write: Option<&str>| {
            let words = ["program"].into_iter().chain(line.split_whitespace());
            let program = Program::try_parse_from(words).unwrap();
            program
                .rotation
                .rotation(write.map(Path::new), &program.stop)
                .map(drop)
        };
        for line in [
            "-C 1",
            "-G 1",
            "-b packets:1",
            "-z gzip",
            "--min-free 1%",
            "--sync 1",
            "--print-files",
        ] {
            assert!(
                check(line, None).unwrap_err().contains("use `-w FILE`"),
                "{line}"
            );
            assert!(
                check(line, Some("-"))
                    .unwrap_err()
                    .contains("standard output"),
                "{line}"
            );
            assert_eq!(check(line, Some("a")), Ok(()));
        }
        assert_eq!(check("-a filesize:1", Some("-")), Ok(()));
        assert_eq!(check("", None), Ok(()));
    }
}
