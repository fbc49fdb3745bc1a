//! The tasks of `ci/` that are too complex for a shell script. Each has a `ci/NAME` script, which explains it, installs
//! missing dependencies and runs this program from the root of the repository.

mod check_top;
mod cold_build;
mod command;
mod coverage;
mod crates;
mod deb;
mod faults;
mod flood;
mod gallery;
mod install_programs;
#[cfg(test)]
mod names;
mod programs;
mod update_bindings;

use std::process::ExitCode;

/// Error message of a failed task.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let result = match verb.as_str() {
        "check-top" => check_top::run(&arguments),
        "cold-build" => cold_build::run(&arguments),
        "coverage" => coverage::run(&arguments),
        "crates" => crates::run(&arguments),
        "deb" => deb::run(&arguments),
        "faults" => faults::run(&arguments),
        "flood" => flood::run(&arguments),
        "flood-top" => flood::top::run(&arguments),
        "gallery" => gallery::run(&arguments),
        "install-programs" => install_programs::run(&arguments),
        "programs" => programs::run(&arguments),
        "update-bindings" => update_bindings::run(&arguments),
        _ => {
            eprintln!(
                "usage: cargo xtask check-top|cold-build|coverage|crates|deb|faults|flood|flood-top|gallery|install-programs|programs|update-bindings"
            );
            eprintln!(
                "`ci/NAME --help` explains each; ci/package runs deb, and ci/coverage runs coverage"
            );
            return ExitCode::FAILURE;
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ci/{verb}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the error of an argument that the task does not accept.
fn unexpected(argument: &str) -> String {
    format!("unexpected argument `{argument}` (see --help)")
}
