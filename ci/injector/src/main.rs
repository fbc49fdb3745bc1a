//! Runs small programs again and again, and each time lets one system call or one allocation fail: `ci/torture` runs it.

mod calls;
mod daemon;
mod drivers;
mod fault;
mod inputs;
mod judge;
mod known;
mod network;
mod plan;
mod savefile;
mod trace;
mod worker;

use std::ffi::CStr;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::ExitCode;

use fault::Fault;
use known::List;
use worker::Places;

/// The command line.
struct Options {
    /// The drivers to run; all if empty.
    names: Vec<String>,
    /// Only this fault.
    fault: Option<Fault>,
    /// Every how many faults one is made.
    stride: usize,
    /// The number of concurrent runs.
    jobs: usize,
    /// Whether each result is printed.
    verbose: bool,
    /// The version of libpcap.
    version: String,
    /// The folder of this package.
    lists: PathBuf,
    /// Where programs and inputs are, and runs take place.
    folder: PathBuf,
    places: Places,
}

fn main() -> ExitCode {
    match options().and_then(run) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ci/torture: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let folder = PathBuf::from("target/torture");
    let absolute = |path: &str| std::path::absolute(path).map_err(|error| error.to_string());
    let mut options = Options {
        names: vec![],
        fault: None,
        stride: 1,
        jobs: 2,
        verbose: false,
        version: String::new(),
        lists: PathBuf::from("ci/injector"),
        places: Places {
            programs: absolute("target/debug")?,
            remote: absolute("target/torture/remote/debug/operations")?,
            remote_libpcap: absolute("target/libpcap/remote")?,
            library: absolute("target/torture/preload.so")?,
            inputs: absolute("target/torture/inputs")?,
        },
        folder: std::path::absolute(&folder).map_err(|error| error.to_string())?,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or(format!("expected a value after {argument}"))
        };
        let number = |text: String| {
            text.parse::<usize>()
                .map_err(|_| format!("expected a number, found `{text}`"))
        };
        match argument.as_str() {
            "--quick" => options.stride = plan::QUICK,
            "--every" => options.stride = number(value()?)?.max(1),
            "--jobs" => options.jobs = number(value()?)?.max(1),
            "--verbose" => options.verbose = true,
            "--fault" => {
                let text = value()?;
                options.fault =
                    Some(Fault::parse(&text).ok_or(format!("expected a fault, found `{text}`"))?);
            }
            "--list" => {
                for driver in drivers::all() {
                    println!("{}", driver.name);
                }
                std::process::exit(0);
            }
            name if !name.starts_with('-') => options.names.push(name.into()),
            other => return Err(format!("unexpected argument `{other}` (see --help)")),
        }
    }
    let version = std::process::Command::new(options.places.programs.join("operations"))
        .arg("version")
        .output();
    let version = version
        .map_err(|error| format!("cannot run the operations: {error}"))?
        .stdout;
    let version = String::from_utf8_lossy(&version);
    // `libpcap version 1.10.3 (with TPACKET_V3)`
    options.version = version
        .split_whitespace()
        .nth(2)
        .unwrap_or("of unknown version")
        .into();
    Ok(options)
}

fn run(options: Options) -> Result<bool, String> {
    let lock = std::fs::File::create(options.folder.join("lock"))
        .map_err(|error| format!("cannot lock the folder: {error}"))?;
    // SAFETY: a system call on an open descriptor.
    if unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } < 0 {
        return Err("it is running already".into());
    }
    inputs::write(&options.places.inputs)
        .map_err(|error| format!("cannot write the inputs: {error}"))?;
    // SAFETY: glibc returns a constant text.
    let glibc = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
    let glibc = glibc.to_string_lossy();
    let libraries = [("libpcap", options.version.as_str()), ("glibc", &*glibc)];
    let known = List::read(&options.lists.join("known.txt"), &libraries)?;
    let tolerated = List::read(&options.lists.join("tolerated.txt"), &libraries)?;
    let chosen = drivers::named(&options.names)?;
    let whole = options.names.is_empty() && options.stride == 1 && options.fault.is_none();
    println!("libpcap {}, glibc {glibc}", options.version);
    let totals = plan::run(&options, &chosen, &known, &tolerated)?;
    let mut failures = totals.bad;
    if whole {
        for text in known.unseen().into_iter().chain(tolerated.unseen()) {
            println!("{text}");
            failures += 1;
        }
    }
    // Otherwise a fault that is misspelled, or that no driver reaches, would pass.
    if totals.injected == 0 {
        println!("no fault was reached");
        failures += 1;
    }
    println!(
        "{} drivers, {} faults injected: {} without effect, {} errors, {} out of memory, {} tolerated, {} known; {failures} failures",
        chosen.len(),
        totals.injected,
        totals.unharmed,
        totals.errors,
        totals.out_of_memory,
        totals.tolerated,
        totals.known,
    );
    Ok(failures == 0)
}
