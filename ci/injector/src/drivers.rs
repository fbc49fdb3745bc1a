//! The programs that run, and their arguments.

use std::path::Path;

/// Standard input of a driver.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    /// /dev/null.
    None,
    /// A savefile.
    File(&'static str),
    /// A pipe that contains a savefile.
    Pipe(&'static str),
}

/// A program with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Driver {
    /// Its name.
    pub(crate) name: &'static str,
    /// The program: `operations`, one of pcap-examples, or `remote`, which is `operations` with remote captures.
    pub(crate) program: &'static str,
    /// Its arguments; `@` begins the name of an input.
    arguments: Vec<&'static str>,
    /// Standard input.
    pub(crate) input: Input,
    /// Inputs that it changes, and their names in the folder of the run.
    pub(crate) copies: &'static [(&'static str, &'static str)],
    /// Whether the times of the packets differ from run to run.
    pub(crate) times: bool,
    /// Whether an incomplete output may differ from the beginning of the complete one.
    pub(crate) unordered: bool,
    /// The number of blocks of memory that may be left in addition, because they exist once per process.
    pub(crate) lazy: i64,
}

impl Driver {
    fn new(name: &'static str, program: &'static str, arguments: &'static str) -> Driver {
        let arguments = arguments.split_whitespace().collect();
        let (copies, input) = (&[][..], Input::None);
        Driver {
            name,
            program,
            arguments,
            input,
            copies,
            times: false,
            unordered: false,
            lazy: 0,
        }
    }

    /// Returns the arguments.
    pub(crate) fn arguments(&self, inputs: &Path) -> Vec<String> {
        let path = |name: &str| inputs.join(name).display().to_string();
        self.arguments
            .iter()
            .map(|word| word.strip_prefix('@').map_or_else(|| (*word).into(), path))
            .collect()
    }

    fn file(self, name: &'static str) -> Driver {
        Driver {
            input: Input::File(name),
            ..self
        }
    }

    fn pipe(self, name: &'static str) -> Driver {
        Driver {
            input: Input::Pipe(name),
            ..self
        }
    }

    fn copies(self, copies: &'static [(&'static str, &'static str)]) -> Driver {
        Driver { copies, ..self }
    }

    fn unordered(self) -> Driver {
        Driver {
            unordered: true,
            ..self
        }
    }

    fn live(self) -> Driver {
        Driver {
            times: true,
            ..self
        }
    }
}

/// Returns all drivers.
pub(crate) fn all() -> Vec<Driver> {
    let mut drivers = operations();
    drivers.extend(remote());
    drivers.extend(programs());
    drivers
}

/// Returns the drivers with these names; all if there are no names.
///
/// # Errors
///
/// If there is no driver with a name.
pub(crate) fn named(names: &[String]) -> Result<Vec<Driver>, String> {
    let mut drivers = all();
    if let Some(unknown) = names
        .iter()
        .find(|name| !drivers.iter().any(|driver| driver.name == name.as_str()))
    {
        return Err(format!(
            "expected a driver, found `{unknown}`: --list prints all"
        ));
    }
    drivers.retain(|driver| names.is_empty() || names.iter().any(|name| driver.name == name));
    Ok(drivers)
}

/// Returns those that do one operation of pcap-core.
fn operations() -> Vec<Driver> {
    let one = |name, arguments| Driver::new(name, "operations", arguments);
    vec![
        one("read-classic", "next @classic.pcap"),
        one("read-nano", "next @nano.pcap"),
        one("read-swapped", "next @swapped.pcap"),
        one("read-modified", "next @modified.pcap"),
        one("read-pcapng", "next @little.pcapng"),
        one("read-pcapng-swapped", "next @big.pcapng"),
        one("read-large", "next @large.pcap"),
        one("read-large-pcapng", "next @large.pcapng"),
        one("open-file", "open-file @classic.pcap"),
        one("open-file-pcapng", "open-file @little.pcapng"),
        one("reader", "reader @classic.pcap"),
        one("reader-swapped", "reader @swapped.pcap"),
        one("reader-pcapng", "reader @little.pcapng"),
        one("standard-input", "stdin").file("classic.pcap"),
        one("pipe", "stdin").pipe("classic.pcap"),
        one("pipe-swapped", "stdin").pipe("swapped.pcap"),
        one("pipe-pcapng", "stdin").pipe("little.pcapng"),
        one("batches", "batches @large.pcap"),
        one("batches-pcapng", "batches @little.pcapng"),
        one("for-each", "for-each @classic.pcap"),
        one("iterator", "iterator @classic.pcap"),
        one("filtered", "filtered @classic.pcap"),
        one("follow", "follow grown.pcap").copies(&[("classic.pcap", "grown.pcap")]),
        one("blocks", "blocks @little.pcapng"),
        one("write", "write out.pcap"),
        one("write-nano", "write-nano out.pcap"),
        one("write-open-file", "write-open-file out.pcap"),
        one("write-writer", "write-writer out.pcap"),
        one("append", "append out.pcap").copies(&[("classic.pcap", "out.pcap")]),
        one("write-pcapng", "write-pcapng out.pcapng"),
        one("append-pcapng", "append-pcapng out.pcapng").copies(&[("little.pcapng", "out.pcapng")]),
        one("copy", "copy @classic.pcap out.pcap"),
        one("compile", "compile"),
        one("compile-names", "compile-names"),
        one("any-of", "any-of"),
        one("match", "match"),
        one("listing", "listing"),
        one("dead", "dead"),
        one("devices", "devices"),
        one("find-device", "find right"),
        one("questions", "questions right"),
        one("activate", "activate right"),
        one("activate-options", "activate-options right"),
        one("activate-any", "activate any"),
        one("live-next", "live-next right"),
        one("live-batch", "live-batch right"),
        one("live-for-each", "live-for-each right"),
        one("live-timeout", "live-timeout lo"),
        one("live-filter", "live-filter right"),
        one("live-stop", "live-stop right"),
        one("live-stats", "live-stats right"),
        one("live-write", "live-write right out.pcap").live(),
        one("break", "break lo"),
        one("inject", "inject left"),
        one("send-queue", "send-queue left"),
        one("sender", "sender left"),
        one("fanout", "fanout right"),
        one("async-file", "async-file @classic.pcap"),
        one("async-pipe", "async-stdin").pipe("classic.pcap"),
        one("async-live", "async-live right"),
    ]
}

/// Returns those that do one operation on a remote capture.
fn remote() -> Vec<Driver> {
    let one = |name, arguments| Driver::new(name, "remote", arguments);
    vec![
        one("remote-devices", "remote-devices"),
        one("remote-open", "remote-open right"),
        one("remote-next", "remote-next right"),
        one("remote-for-each", "remote-for-each right"),
        one("remote-filter", "remote-filter right"),
        one("remote-stats", "remote-stats right"),
        one("remote-udp", "remote-udp right"),
    ]
}

/// Returns the main paths of the programs.
fn programs() -> Vec<Driver> {
    vec![
        Driver::new("pcap-read", "pcap-read", "-n @classic.pcap"),
        Driver::new("pcap-read-json", "pcap-read", "--json @little.pcapng"),
        Driver::new("pcap-read-verbose", "pcap-read", "-v -X @swapped.pcap"),
        Driver::new("pcap-info-json", "pcap-info", "--json @little.pcapng"),
        Driver::new(
            "pcap-filter",
            "pcap-filter",
            "-f udp @classic.pcap out.pcap",
        ),
        Driver::new(
            "pcap-filter-pcapng",
            "pcap-filter",
            "@little.pcapng out.pcapng",
        ),
        Driver::new(
            "pcap-split",
            "pcap-split",
            "--packets 7 -o part- @classic.pcap",
        ),
        Driver::new(
            "pcap-merge",
            "pcap-merge",
            "-w out.pcapng @classic.pcap @little.pcapng",
        )
        .unordered(),
        Driver::new("pcap-recode", "pcap-recode", "@classic.pcap out.pcapng"),
        Driver::new(
            "pcap-recode-gzip",
            "pcap-recode",
            "@classic.pcap out.pcap.gz",
        )
        .unordered(),
        Driver::new("pcap-bpf", "pcap-bpf", "udp port 9"),
        Driver::new("pcap-devices", "pcap-devices", ""),
        Driver::new("pcap-devices-json", "pcap-devices", "--json"),
        Driver::new("pcap-info", "pcap-info", "@classic.pcap"),
        Driver::new("pcap-stats", "pcap-stats", "@classic.pcap"),
        Driver::new("pcap-top-json", "pcap-top", "--json -r @classic.pcap").live(),
        Driver::new(
            "pcap-capture",
            "pcap-capture",
            "-i right -c 3 -q -w out.pcap",
        )
        .live(),
        Driver::new("pcap-capture-lines", "pcap-capture", "-i right -c 3 -q -t").live(),
        Driver::new("pcap-replay", "pcap-replay", "-i left --fast @classic.pcap").live(),
        Driver::new("pcap-demo", "pcap-demo", "").live(),
    ]
}

#[cfg(test)]
mod tests {
    use super::{all, named};

    #[test]
    fn names_choose_drivers() {
        let count = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            named(&names).map(|drivers| drivers.len())
        };
        assert_eq!(count(&[]), Ok(all().len()));
        assert_eq!(count(&["reader", "read-nano"]), Ok(2));
        let error = count(&["reader", "other"]).unwrap_err();
        assert!(error.contains("`other`"), "{error}");
    }
}
