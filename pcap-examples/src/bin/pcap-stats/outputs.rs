//! Prints the tables, and writes the report and the plots.

use std::io::Write;
use std::path::{Path, PathBuf};

use pcap_examples::chromium::Picture;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{self, is_same_file};
use pcap_examples::line_output::LineOutput;
use pcap_examples::options::plot::{PictureFormat, PlotArg};
use pcap_examples::output_paths::OutputPaths;
use pcap_examples::traffic::Traffic;
use pcap_examples::{chromium, safe_files, signals, stderr};

use crate::args::{Args, NAME};
use crate::sheet::Sheet;
use crate::tables::{self, Rows};
use crate::text::TextStyle;
use crate::{csv, json, plots, report};

/// The width of a picture, in CSS pixels.
const PICTURE_WIDTH: f64 = 960.0;

/// How PNG files are drawn: with sharp text on today's screens.
const PICTURE: Picture = Picture {
    scale: 2.0,
    dark: false,
};

/// What was counted, and where.
pub(crate) struct Result<'a> {
    pub(crate) traffic: &'a Traffic,
    /// The names of the savefiles or devices.
    pub(crate) sources: Vec<String>,
    /// Sentences about what is missing in the numbers.
    pub(crate) warnings: Vec<String>,
}

/// Checks the files to write before anything is read. None of them may be an input.
pub(crate) fn check(args: &Args, inputs: &[PathBuf]) -> Outcome {
    let mut outputs = OutputPaths::default();
    let report = args.report.iter().map(|path| ("--report", path));
    let plots = args.plot.iter().map(|plot| ("--plot", &plot.path));
    for (option, path) in report.chain(plots) {
        if let Some(input) = inputs.iter().find(|input| is_same_file(input, path)) {
            let (path, input) = (path.display(), input.display());
            let text = format!("cannot write `{path}`: it is the input `{input}`");
            return Err(Failure::Text(text));
        }
        outputs.add_file(option, path)?;
    }
    Ok(())
}

/// Writes everything that the command line requests.
pub(crate) fn write(args: &Args, result: &Result<'_>) -> Outcome {
    let mut outcome = Ok(());
    // With a report or plots, tables are printed only on request.
    let has_files = args.report.is_some() || !args.plot.is_empty();
    if !has_files || !args.tables.is_empty() || args.json {
        outcome = print(args, result.traffic);
    }
    if let Some(path) = &args.report {
        let page = report::report(result.traffic, &result.sources, result.warnings.clone());
        outcome = exit::both(outcome, save(path, page.to_html().as_bytes()));
    }
    for plot in &args.plot {
        outcome = exit::both(outcome, save_plot(result.traffic, plot));
    }
    outcome
}

fn save_plot(traffic: &Traffic, plot: &PlotArg) -> Outcome {
    let drawing = plots::plot(traffic, plot.name).draw(PICTURE_WIDTH);
    match plot.format {
        PictureFormat::Svg => save(&plot.path, drawing.to_file().as_bytes()),
        PictureFormat::Png => save(&plot.path, &chromium::to_png(&drawing, PICTURE)?),
    }
}

/// Writes a file. The path `-` means standard output.
fn save(path: &Path, bytes: &[u8]) -> Outcome {
    if path == Path::new("-") {
        let mut output = LineOutput::stdout();
        output.print_line(|out| out.extend(bytes))?;
        return Ok(output.flush()?);
    }
    // Opening a FIFO blocks until its other end is opened.
    let file = signals::while_killable(|| safe_files::create(path));
    let mut file = file.map_err(|error| files::creation_failure(path, &error))?;
    let written = file.write_all(bytes).and_then(|()| files::close(file));
    written.map_err(|error| {
        let path = path.display();
        Failure::Text(format!("cannot write `{path}`: {error}"))
    })
}

/// Prints the tables.
fn print(args: &Args, traffic: &Traffic) -> Outcome {
    let sheets = tables::tables(traffic, &args.tables, Rows::new(args));
    let style = TextStyle::new(args.color);
    let mut output = LineOutput::stdout().styled(true);
    let mut text = String::new();
    for sheet in &sheets {
        let mut out = Vec::new();
        if args.json {
            json::push(&mut out, sheet);
        } else if args.csv {
            csv::push(&mut out, sheet);
            print_notes(sheet);
        } else {
            style.push(&mut text, sheet);
            continue;
        }
        output.print_line(|line| line.append(&mut out))?;
    }
    output.print_listing(&text)?;
    Ok(output.flush()?)
}

/// Prints on standard error what a table lacks, because CSV has no place for it.
fn print_notes(sheet: &Sheet) {
    let rows = sheet.rows_left_out();
    for note in rows.iter().chain(&sheet.notes) {
        stderr::print_message(NAME, format_args!("warning: {note}"));
    }
}
