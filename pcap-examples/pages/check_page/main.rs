//! Checks how pages and plots look in Chromium: see `ci/check-page --help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;
use pcap_examples::chromium::{Chromium, View};
use pcap_examples::exit::{Failure, Outcome};

/// Checks how pages and plots look in Chromium.
#[derive(Parser)]
struct Args {
    /// Files of HTML or SVG.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The widths of screens, in CSS pixels.
    #[arg(
        long,
        value_name = "PIXELS",
        value_delimiter = ',',
        default_value = "320,400,700,1280"
    )]
    widths: Vec<u32>,
    /// The most bytes that a file may have.
    #[arg(long, value_name = "BYTES", default_value_t = 2_000_000)]
    most_bytes: u64,
    /// Saves pictures and PDF in this folder.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

/// The width of A4 without margins of 14 mm.
const PAPER: u32 = 688;

fn main() -> ExitCode {
    let args = Args::parse();
    match check(&args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(problems) => {
            eprintln!("{problems} problems");
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Checks all files and returns the number of problems.
fn check(args: &Args) -> Outcome<usize> {
    if let Some(folder) = &args.save {
        fs::create_dir_all(folder).map_err(|e| cannot("create", folder, &e))?;
    }
    let mut chromium = Chromium::start()?;
    let mut problems = 0;
    for file in &args.files {
        problems += check_file(args, &mut chromium, file)?;
    }
    Ok(problems)
}

fn check_file(args: &Args, chromium: &mut Chromium, file: &Path) -> Outcome<usize> {
    let bytes = file.metadata().map_err(|e| cannot("open", file, &e))?.len();
    let mut problems = Vec::new();
    if bytes > args.most_bytes {
        problems.push(format!(
            "the file has {bytes} bytes, expected at most {}",
            args.most_bytes
        ));
    }
    let (mut pictures, mut texts) = (0, 0);
    let views = match file.extension() {
        // A picture has its own width. Printing it has no page to adapt.
        Some(extension) if extension == "svg" => {
            chromium.load(file)?;
            let width = chromium.evaluate("document.documentElement.width.baseVal.value")?;
            views(&[width.as_f64().unwrap_or(0.0) as u32], false)
        }
        _ => views(&args.widths, true),
    };
    for (name, view) in &views {
        chromium.set_view(*view)?;
        chromium.load(file)?;
        let found = chromium.evaluate(include_str!("check.js"))?;
        let texts_of = |name: &str| found[name].as_array().cloned().unwrap_or_default();
        let complaints = chromium.complaints()?;
        let new = texts_of("problems")
            .into_iter()
            .filter_map(|text| text.as_str().map(str::to_owned));
        problems.extend(
            new.chain(complaints)
                .map(|problem| format!("{name}: {problem}")),
        );
        pictures = pictures.max(found["pictures"].as_u64().unwrap_or(0));
        texts = texts.max(found["texts"].as_u64().unwrap_or(0));
        if let Some(folder) = &args.save {
            save(chromium, folder, file, name, view, found["height"].as_u64())?;
        }
    }
    if texts == 0 {
        problems.push("the file shows no text".to_owned());
    }
    let name = file.display();
    for problem in &problems {
        println!("{name}: {problem}");
    }
    if problems.is_empty() {
        println!(
            "{name}: {bytes} bytes, {pictures} pictures and {texts} texts are right in {} views",
            views.len()
        );
    }
    Ok(problems.len())
}

/// Returns each width in light and dark, and perhaps paper, with their names.
fn views(widths: &[u32], paper: bool) -> Vec<(String, View)> {
    let mut views = Vec::new();
    for &width in widths {
        for dark in [false, true] {
            let view = View {
                width,
                height: 800,
                scale: 1.0,
                dark,
                print: false,
            };
            views.push((
                format!("{width}-{}", if dark { "dark" } else { "light" }),
                view,
            ));
        }
    }
    if paper {
        // The colors of paper are light, whatever the user prefers for screens.
        let view = View {
            width: PAPER,
            height: 971,
            scale: 1.0,
            dark: true,
            print: true,
        };
        views.push(("paper".to_owned(), view));
    }
    views
}

fn save(
    chromium: &mut Chromium,
    folder: &Path,
    file: &Path,
    view_name: &str,
    view: &View,
    height: Option<u64>,
) -> Outcome {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let write = |name: String, bytes: Vec<u8>| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|e| cannot("write", &path, &e))
    };
    if view.print {
        return write(format!("{stem}.pdf"), chromium.print()?);
    }
    // Chromium draws no larger pictures.
    let height = height.unwrap_or(0).clamp(100, 16_000) as u32;
    chromium.set_view(View { height, ..*view })?;
    write(format!("{stem}-{view_name}.png"), chromium.picture(false)?)
}

fn cannot(operation: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Text(format!("cannot {operation} `{}`: {error}", path.display()))
}
