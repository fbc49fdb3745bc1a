//! `manual`: generates manual pages and shell completions for packages from the command lines of the programs.

#[path = "../src/bin/pcap-bpf.rs"]
#[allow(dead_code)]
mod bpf;
#[path = "../src/bin/pcap-capture/args.rs"]
#[allow(dead_code)]
mod capture;
#[path = "../src/bin/pcap-demo.rs"]
#[allow(dead_code)]
mod demo;
#[path = "../src/bin/pcap-devices.rs"]
#[allow(dead_code)]
mod devices;
#[path = "../src/bin/pcap-filter/args.rs"]
#[allow(dead_code)]
mod filter;
#[path = "../src/bin/pcap-info/args.rs"]
#[allow(dead_code)]
mod info;
#[path = "../src/bin/pcap-merge/args.rs"]
#[allow(dead_code)]
mod merge;
#[path = "../src/bin/pcap-read/args.rs"]
#[allow(dead_code)]
mod read;
#[path = "../src/bin/pcap-recode/args.rs"]
#[allow(dead_code)]
mod recode;
#[path = "../src/bin/pcap-replay/args.rs"]
#[allow(dead_code)]
mod replay;
#[path = "../src/bin/pcap-split/args.rs"]
#[allow(dead_code)]
mod split;
#[path = "../src/bin/pcap-stats/args.rs"]
#[allow(dead_code)]
mod stats;
#[path = "../src/bin/pcap-top/args.rs"]
#[allow(dead_code)]
mod top;

mod completions;
mod page;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, Parser};
use clap_complete::Shell;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::program;

const NAME: &str = env!("CARGO_BIN_NAME");

/// Writes the manual pages of the programs, and completions for bash, zsh and fish.
///
/// The files are written to the folders man1, bash, zsh and fish, below FOLDER.
#[derive(Parser)]
#[command(name = NAME)]
struct Args {
    /// The date to print on the manual pages
    #[arg(long, value_name = "DATE", default_value = "")]
    date: String,
    /// The folder to write to
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    for (name, command) in commands() {
        let write = |folder: &str, file: String, text: &[u8]| {
            let path = args.folder.join(folder).join(file);
            save(&path, text)
                .map_err(|e| Failure::Text(format!("cannot write `{}`: {e}", path.display())))
        };
        let page = page::page(command.clone(), &args.date)?;
        write("man1", format!("{name}.1"), page.as_bytes())?;
        for (shell, file) in [
            (Shell::Bash, name.to_owned()),
            (Shell::Zsh, format!("_{name}")),
            (Shell::Fish, format!("{name}.fish")),
        ] {
            let script = completions::script(command.clone(), name, shell);
            write(&shell.to_string(), file, script.as_bytes())?;
        }
    }
    Ok(())
}

/// Returns the name and the command line of each program.
fn commands() -> [(&'static str, Command); program::NAMES.len()] {
    program::NAMES.map(|name| {
        // In the modules above, `CARGO_BIN_NAME` is the name of this program.
        let command = match name {
            "pcap-bpf" => program::command_of::<bpf::Args>(name),
            "pcap-capture" => program::command_of::<capture::Args>(name),
            "pcap-demo" => program::command_of::<demo::Args>(name),
            "pcap-devices" => program::command_of::<devices::Args>(name),
            "pcap-filter" => program::command_of::<filter::Args>(name),
            "pcap-info" => program::command_of::<info::Args>(name),
            "pcap-merge" => program::command_of::<merge::Args>(name),
            "pcap-read" => program::command_of::<read::Args>(name),
            "pcap-recode" => program::command_of::<recode::Args>(name),
            "pcap-replay" => program::command_of::<replay::Args>(name),
            "pcap-split" => program::command_of::<split::Args>(name),
            "pcap-stats" => program::command_of::<stats::Args>(name),
            "pcap-top" => program::command_of::<top::Args>(name),
            other => unreachable!("there is no program {other}"),
        };
        (name, command)
    })
}

/// Writes a file, and creates its folder.
fn save(path: &Path, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}
