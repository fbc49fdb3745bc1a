//! How long a first build takes, beside the `pcap` crate.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::command;
use crate::{Result, unexpected};

/// What is built: its name, the dependency in `Cargo.toml`, and an expression that calls it. `OURS` stands for the path of
/// pcap-core, and `PEER` for the version of the `pcap` crate in the benchmarks.
const BUILDS: [Build; 3] = [
    Build {
        name: "pcap-core",
        dependency: "pcap-core = { path = \"OURS\" }",
        expression: "pcap_core::version()",
        lock: "Cargo.lock",
    },
    Build {
        name: "pcap-core without bindgen",
        dependency: "pcap-core = { path = \"OURS\", default-features = false }",
        expression: "pcap_core::version()",
        lock: "Cargo.lock",
    },
    Build {
        name: "pcap",
        dependency: "pcap = PEER",
        expression: "pcap::Capture::dead(pcap::Linktype::ETHERNET).is_ok()",
        lock: "pcap-core/benches/Cargo.lock",
    },
];
const PROFILES: [&str; 2] = ["debug", "release"];

/// Variables that change the build or its directory, in addition to those that the script unsets.
const UNWANTED: [&str; 6] = [
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// A program that calls a crate once.
struct Build {
    name: &'static str,
    dependency: &'static str,
    expression: &'static str,
    /// The `Cargo.lock` whose versions it uses.
    lock: &'static str,
}

/// What a build took, in seconds.
#[derive(Clone, Copy)]
struct Seconds {
    /// Processor time, of all cores together.
    processor: f64,
    /// Wall-clock time.
    clock: f64,
}

/// Runs `ci/cold-build [ROUNDS]`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let rounds: usize = match arguments {
        [] => 3,
        [rounds] => match rounds.parse() {
            Ok(rounds) if rounds > 0 => rounds,
            _ => return Err(format!("expected a number of rounds, found `{rounds}`")),
        },
        [_, more, ..] => return Err(unexpected(more)),
    };
    let root = command::root()?;
    let scratch = root.join("target/cold-build");
    command::empty_folder(&scratch)?;
    prepare(&root, &scratch)?;

    // For each profile and program, the times of all rounds.
    let mut times: [[Vec<Seconds>; BUILDS.len()]; PROFILES.len()] = Default::default();
    for round in 1..=rounds {
        for (profile, times) in PROFILES.iter().zip(&mut times) {
            for (build, times) in BUILDS.iter().zip(times) {
                eprintln!("ci/cold-build: round {round}: {}, {profile}", build.name);
                times.push(measure(&scratch, build.name, profile)?);
            }
        }
    }
    println!(
        "{:<9} {:<26} {:>12} {:>12}",
        "build", "crate", "processor s", "clock s"
    );
    for (profile, times) in PROFILES.iter().zip(&times) {
        for (build, times) in BUILDS.iter().zip(times) {
            let name = build.name;
            let processor = median(times.iter().map(|seconds| seconds.processor));
            let clock = median(times.iter().map(|seconds| seconds.clock));
            println!("{profile:<9} {name:<26} {processor:>12.2} {clock:>12.2}");
        }
    }
    command::remove_folder(&scratch)
}

/// Makes a program for each crate, and fetches what it needs.
fn prepare(root: &Path, scratch: &Path) -> Result<()> {
    let benches = command::read(&root.join("pcap-core/benches/Cargo.toml"))?;
    let version = benches
        .lines()
        .find_map(|line| line.strip_prefix("pcap = "));
    let version = version.ok_or("pcap-core/benches/Cargo.toml does not depend on pcap")?;
    for build in &BUILDS {
        let folder = scratch.join(build.name);
        command::empty_folder(&folder.join("src"))?;
        let ours = root.join("pcap-core").display().to_string();
        let dependency = build
            .dependency
            .replace("OURS", &ours)
            .replace("PEER", version);
        let manifest = format!(
            "[workspace]\n[package]\nname = \"cold\"\nedition = \"2024\"\n[dependencies]\n{dependency}\n"
        );
        command::write(&folder.join("Cargo.toml"), &manifest)?;
        let expression = build.expression;
        let program = format!("fn main() {{\n    println!(\"{{}}\", {expression});\n}}\n");
        command::write(&folder.join("src/main.rs"), &program)?;
        // The versions that this repository builds with.
        command::copy(&root.join(build.lock), &folder.join("Cargo.lock"))?;
        command::run(
            Command::new("cargo")
                .args(["fetch", "--quiet"])
                .current_dir(folder),
        )?;
    }
    Ok(())
}

/// Builds one of them in an empty folder.
fn measure(scratch: &Path, name: &str, profile: &str) -> Result<Seconds> {
    let target = scratch.join("target");
    command::remove_folder(&target)?;
    let release = if profile == "release" {
        "--release"
    } else {
        ""
    };
    // The shell knows the processor time of the programs that it waited for.
    let script = format!("cargo build --quiet --offline {release} >&2 || exit 1; times");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(scratch.join(name));
    for variable in UNWANTED {
        shell.env_remove(variable);
    }
    let began = Instant::now();
    let times = command::output(shell.env("CARGO_TARGET_DIR", &target))?;
    let clock = began.elapsed().as_secs_f64();
    let processor =
        processor_time(&times).ok_or_else(|| format!("cannot read the shell's times: {times}"))?;
    Ok(Seconds { processor, clock })
}

/// Reads the last line of the shell's `times`, such as `0m1.20s 0m0.30s`, and returns the sum in seconds.
pub(crate) fn processor_time(times: &str) -> Option<f64> {
    let line = times.lines().last()?;
    let parts = line.split_whitespace().map(|time| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    });
    parts.sum()
}

/// Returns the median of one number or more.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        (numbers[middle - 1] + numbers[middle]) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_shell_are_read() {
        assert_eq!(
            processor_time("0m0.00s 0m0.01s\n1m1.25s 0m0.50s\n"),
            Some(61.75)
        );
        assert_eq!(processor_time(""), None);
        assert_eq!(processor_time("1.25 0.50"), None);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
