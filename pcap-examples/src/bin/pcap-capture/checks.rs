//! Checks the options and the outputs before the first output is created.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use pcap_examples::exit::{self, Outcome};
use pcap_examples::files::TERMINAL_ERROR;
use pcap_examples::output_paths::OutputPaths;
use pcap_examples::packet_printer::PrintFormat;
use pcap_examples::rotation::names::insert_number;
use pcap_examples::rotation::{Naming, Rotation};
use pcap_examples::status_file::StatusFile;

use crate::args::Args;

/// Returns how the savefile changes. Ends the program if options contradict each other.
pub(crate) fn check_options(args: &Args) -> Rotation {
    let usage_error = |text: &str| exit::usage_error::<Args>(text);
    let rotation = args.rotation.rotation(args.write.as_deref(), &args.stop);
    let rotation = rotation.unwrap_or_else(|why| usage_error(&why));
    if args.print && args.rotation.prints_files() && args.form() == PrintFormat::Line {
        usage_error(
            "cannot print packets and names of files on standard output: use --json, or `-b printname:FILE`",
        );
    }
    if args.write.is_none() && args.also.is_empty() && args.format.is_given() {
        usage_error("--format and --compress require --write");
    }
    if args.is_to_stdout() && args.is_printing() {
        usage_error("cannot print packets on standard output: the savefile is written there");
    }
    if args.is_also_to_stdout() && rotation.naming != Naming::Single {
        usage_error("cannot change files on standard output: use `--also EXPR=FILE`");
    }
    if args.is_also_to_stdout() && args.rotation.prints_files() {
        usage_error(
            "cannot print names of files on standard output: the savefile is written there",
        );
    }
    if args.is_to_stdout() && io::stdout().is_terminal() {
        usage_error(TERMINAL_ERROR);
    }
    if args.is_to_stdout() && args.threads.is_some() {
        usage_error("cannot write the savefiles of several threads to standard output");
    }
    rotation
}

/// Checks that each output is another file and can be created. Creates none.
pub(crate) fn check_outputs(args: &Args, rotation: &Rotation, threads: u64) -> Outcome {
    let mut outputs = OutputPaths::default();
    let savefiles = args.write.iter().map(|path| ("-w", path));
    let savefiles = savefiles.chain(args.also.iter().map(|also| ("--also", &also.path)));
    for (option, path) in savefiles {
        for path in paths_of_threads(args, path, threads) {
            rotation.check_path(&path)?;
            match rotation.naming {
                Naming::Single => outputs.add_file(option, &path)?,
                _ => outputs.add(option, &path)?,
            }
        }
    }
    for path in args.rotation.list_paths() {
        outputs.add_file("printname", path)?;
    }
    if let Some(path) = &args.status_file {
        StatusFile::check(path)?;
        outputs.add("--status-file", path)?;
    }
    Ok(())
}

/// Returns the paths of the savefiles of all threads.
fn paths_of_threads(args: &Args, path: &Path, threads: u64) -> Vec<PathBuf> {
    match args.threads {
        Some(_) => (1..=threads)
            .map(|number| insert_number(path, number))
            .collect(),
        None => vec![path.to_owned()],
    }
}
