//! Writes reports and plots of made-up numbers to a folder, ordinary and extreme ones, to look at and to check them.
//!
//! `page-samples FOLDER` writes `ordinary.html`, `extreme.html`, each plot of the first as an SVG file, the first
//! also as PNG, and `broken.html`, which has every problem that `ci/check-page` finds.

mod extreme;
mod ordinary;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use pcap_examples::chromium::{self, Picture};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::report::{Item, Report};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("expected a folder as argument"));
    };
    fs::create_dir_all(&folder)?;
    let reports = [
        ("ordinary", ordinary::report()),
        ("extreme", extreme::report()),
    ];
    for (name, report) in &reports {
        fs::write(folder.join(format!("{name}.html")), report.to_html())?;
    }
    fs::write(folder.join("broken.html"), include_str!("broken.html"))?;
    pictures(&folder, &reports[0].1).map_err(io::Error::other)?;
    for (number, plot) in plots(&reports[0].1).enumerate() {
        let name = format!("plot-{}.svg", number + 1);
        fs::write(folder.join(name), plot.draw(760.0).to_file())?;
    }
    Ok(())
}

fn plots(report: &Report) -> impl Iterator<Item = &dyn pcap_examples::plot::Plot> {
    let items = report.sections.iter().flat_map(|section| &section.items);
    items.filter_map(|item| match item {
        Item::Plot(plot) => Some(plot.as_ref()),
        _ => None,
    })
}

/// Writes the first plot as PNG, light and dark, and checks their sizes.
fn pictures(folder: &Path, report: &Report) -> Outcome {
    for (name, scale, dark) in [("light.png", 1.0, false), ("dark.png", 2.0, true)] {
        let Some(plot) = plots(report).next() else {
            return Err(Failure::Text("expected a plot, found none".to_owned()));
        };
        let drawing = plot.draw(760.0);
        let png = chromium::to_png(&drawing, Picture { scale, dark })?;
        let part = |at: usize| {
            png.get(at..at + 4)
                .and_then(|bytes| bytes.try_into().ok())
                .map(u32::from_be_bytes)
        };
        let found = (part(16), part(20));
        let scaled = |size: u32| Some((f64::from(size) * scale) as u32);
        let expected = (scaled(drawing.width()), scaled(drawing.height()));
        if !png.starts_with(b"\x89PNG") || found != expected {
            return Err(Failure::Text(format!(
                "expected {name} of {expected:?} pixels, found {found:?}"
            )));
        }
        fs::write(folder.join(name), png)?;
    }
    Ok(())
}
