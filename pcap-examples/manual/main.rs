//! Writes the manual pages of the programs, and completions for shells, of their own command lines: for packages.

#[path = "../src/bin/bpf.rs"]
#[allow(dead_code)]
mod bpf;
#[path = "../src/bin/capture.rs"]
#[allow(dead_code)]
mod capture;
#[path = "../src/bin/count.rs"]
#[allow(dead_code)]
mod count;
#[path = "../src/bin/demo.rs"]
#[allow(dead_code)]
mod demo;
#[path = "../src/bin/devices.rs"]
#[allow(dead_code)]
mod devices;
#[path = "../src/bin/filter.rs"]
#[allow(dead_code)]
mod filter;
#[path = "../src/bin/merge.rs"]
#[allow(dead_code)]
mod merge;
#[path = "../src/bin/read.rs"]
#[allow(dead_code)]
mod read;
#[path = "../src/bin/recode.rs"]
#[allow(dead_code)]
mod recode;
#[path = "../src/bin/replay.rs"]
#[allow(dead_code)]
mod replay;
#[path = "../src/bin/split.rs"]
#[allow(dead_code)]
mod split;

mod page;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, CommandFactory, Parser};
use clap_complete::Shell;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::program;

const NAME: &str = env!("CARGO_BIN_NAME");

/// Writes the manual pages of the programs, and completions for bash, zsh and fish.
///
/// They are in the folders man1, bash, zsh and fish then, for the programs as they are called when
/// they are installed.
#[derive(Parser)]
#[command(name = NAME, version)]
struct Args {
    /// What is put before the name of each program
    #[arg(long, value_name = "PREFIX", default_value = "pcap-")]
    prefix: String,
    /// The date of the pages
    #[arg(long, value_name = "DATE", default_value = "")]
    date: String,
    /// The folder that they are written in
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    for (name, command) in commands() {
        let command = program::renamed(command, name, &args.prefix);
        let installed = command.get_name().to_owned();
        let write = |folder: &str, file: String, text: &[u8]| {
            let path = args.folder.join(folder).join(file);
            save(&path, text)
                .map_err(|e| Failure::Text(format!("cannot write `{}`: {e}", path.display())))
        };
        let page = page::page(command.clone(), name, &args.prefix, &args.date)?;
        write("man1", format!("{installed}.1"), page.as_bytes())?;
        for (shell, file) in [
            (Shell::Bash, installed.clone()),
            (Shell::Zsh, format!("_{installed}")),
            (Shell::Fish, format!("{installed}.fish")),
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command.clone(), &installed, &mut script);
            write(&shell.to_string(), file, &script)?;
        }
    }
    Ok(())
}

/// The programs, by their names.
fn commands() -> [(&'static str, Command); 11] {
    program::NAMES.map(|name| {
        let command = match name {
            "bpf" => bpf::Args::command(),
            "capture" => capture::Args::command(),
            "count" => count::Args::command(),
            "demo" => demo::Args::command(),
            "devices" => devices::Args::command(),
            "filter" => filter::Args::command(),
            "merge" => merge::Args::command(),
            "read" => read::Args::command(),
            "recode" => recode::Args::command(),
            "replay" => replay::Args::command(),
            "split" => split::Args::command(),
            other => unreachable!("there is no program {other}"),
        };
        (name, command)
    })
}

fn save(path: &Path, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}
