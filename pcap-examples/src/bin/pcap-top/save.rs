//! Saves what the screen shows to a file.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::path::Path;

use pcap_core::Timestamp;
use pcap_examples::counted;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::safe_files;
use pcap_examples::traffic::Layer;

use crate::model::Model;
use crate::report;
use crate::table::{Row, Tab};
use crate::view::View;

/// Saves the whole table, or the packets of the open page, to a new file: as JSON if its name ends in `.json`, and else
/// as text. Returns what was saved.
///
/// # Errors
///
/// Returns an error if the file exists or cannot be created or written. If it cannot be written, no file is left.
pub(crate) fn save(name: &str, view: &View, model: &Model) -> Outcome<String> {
    let path = Path::new(name);
    let failure = |error: io::Error| {
        let reason = match error.kind() {
            ErrorKind::AlreadyExists => "it exists already; choose another name".to_owned(),
            _ => error.to_string(),
        };
        Failure::Text(format!("cannot save to `{}`: {reason}", path.display()))
    };
    let file = safe_files::create_new(path, &mut OpenOptions::new()).map_err(failure)?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let content = match is_json {
        true => json(view, model),
        false => text(view, model),
    };
    safe_files::write_new(file, path, &content).map_err(failure)?;
    Ok(format!(
        "saved {} to `{}`",
        counted::bytes(content.len() as u64),
        path.display()
    ))
}

fn json(view: &View, model: &Model) -> Vec<u8> {
    let mut out = Vec::new();
    report::push(
        &mut out,
        model,
        view.layer,
        usize::MAX,
        Some((view.tab, &view.rows)),
    );
    out.push(b'\n');
    out
}

fn text(view: &View, model: &Model) -> Vec<u8> {
    let mut lines = vec![format!("time: {:.0}", Timestamp::now().rfc3339())];
    for (source, interface) in model.sources.iter().zip(&model.interfaces) {
        let status = source.status();
        let filter = match status.filter.trim() {
            "" => String::new(),
            filter => format!(", filter: {filter}"),
        };
        lines.push(format!("source: {}{filter}", source.name));
        lines.extend(interface.iter().map(InterfaceCounts::to_string));
    }
    let (packets, bytes) = (
        counted::packets(model.totals.packets),
        counted::bytes(model.totals.bytes),
    );
    lines.push(format!("total: {packets}, {bytes}"));
    if let omitted @ 1.. = model.omitted() {
        lines.push(format!("in no table: {}", counted::packets(omitted)));
    }
    lines.push(String::new());
    match &view.page {
        Some(page) => {
            lines.push(page.title());
            lines.extend(view.connection());
            lines.extend(page.lines.iter().cloned());
        }
        None => lines.extend(table(view.tab, view.layer, &view.rows)),
    }
    lines.push(String::new());
    lines.join("\n").into_bytes()
}

/// Returns the lines of a table, with columns that are as wide as necessary.
fn table(tab: Tab, layer: Layer, rows: &[Row]) -> Vec<String> {
    let columns = tab.columns(layer);
    let titles: Vec<String> = columns
        .iter()
        .map(|column| tab.title(*column).to_owned())
        .collect();
    let cells = rows.iter().map(|row| {
        let cell = |column: &_| match row.number(*column) {
            Some(number) => number.to_string(),
            None => format!(
                "{:indent$}{}",
                "",
                row.text(*column),
                indent = 2 * row.depth
            ),
        };
        columns.iter().map(cell).collect::<Vec<String>>()
    });
    let lines: Vec<Vec<String>> = std::iter::once(titles).chain(cells).collect();
    let width = |index: usize| {
        lines
            .iter()
            .map(|line| line[index].len())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let is_text = |index: usize| {
        rows.first()
            .is_some_and(|row| row.number(columns[index]).is_none())
    };
    let join = |line: &Vec<String>| {
        let cells = line
            .iter()
            .enumerate()
            .map(|(index, cell)| match is_text(index) {
                true => format!("{cell:<width$}", width = widths[index]),
                false => format!("{cell:>width$}", width = widths[index]),
            });
        cells.collect::<Vec<String>>().join("  ")
    };
    lines.iter().map(join).collect()
}

#[cfg(test)]
mod tests {
    use pcap_examples::traffic::TrafficLimits;

    use super::*;
    use crate::look::Look;

    #[test]
    fn a_file_is_never_overwritten() {
        let model = Model::new(Vec::new(), TrafficLimits::default());
        let view = View::new(Look::new(false), Layer::Ipv4);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let name = path.to_str().unwrap();
        assert!(save(name, &view, &model).unwrap().starts_with("saved "));
        let content = std::fs::read(&path).unwrap();
        let error = save(name, &view, &model).unwrap_err().to_string();
        let expected = format!("cannot save to `{name}`: it exists already; choose another name");
        assert_eq!(error, expected);
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}
