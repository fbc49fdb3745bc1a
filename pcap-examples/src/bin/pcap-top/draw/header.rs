//! The header: the sources, the filter, the state, the totals, and the packets that were lost.

use pcap_examples::background_writer::Totals;
use pcap_examples::stderr;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Canvas, NARROW};
use crate::args::NAME;
use crate::model::Model;
use crate::number::{clock, fit};
use crate::source::{State, Status};
use crate::view::View;

/// The width of a number of lost packets, also on a narrow screen.
const LOST_WIDTH: usize = 9;
const NARROW_LOST_WIDTH: usize = 5;
/// The width of numbers with all digits.
const EXACT_WIDTH: usize = 12;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, view: &View, model: &Model) {
    let statuses: Vec<Status> = model.sources.iter().map(|source| source.status()).collect();
    let look = canvas.look;

    let (state, is_alarming) = state(view, &statuses);
    let style = match (is_alarming, view.is_paused) {
        (true, _) => look.alarm(),
        (false, true) => look.notice(),
        (false, false) => Style::new(),
    };
    let mut right = canvas.right(area, area.y, state, style);
    if statuses.iter().any(|status| status.state == State::Running) {
        let up = format!("up {}  ", clock(model.started.elapsed().as_secs()));
        let before = Rect {
            width: right - area.x,
            ..area
        };
        right = canvas.right(before, area.y, &up, Style::new());
    }
    let x = canvas.text(area.x, area.y, area.width, NAME, look.strong());
    let names: Vec<&str> = model
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    let width = right.saturating_sub(x + 3);
    canvas.text(x + 2, area.y, width, &names.join(", "), Style::new());

    let label = "filter ";
    let room = usize::from(area.width).saturating_sub(label.len() + 1);
    let totals = totals(model.totals, room);
    let right = canvas.right(area, area.y + 1, &totals, Style::new());
    let x = canvas.text(area.x, area.y + 1, area.width, label, look.weak());
    let width = right.saturating_sub(x + 1);
    canvas.text(x, area.y + 1, width, &filter(&statuses), Style::new());

    let y = area.y + 2;
    let mut x = area.x;
    if model.sources.iter().any(|source| source.is_device) {
        let (label, names, number_width) = match area.width < NARROW {
            true => ("drops ", ["kernel", "if"], NARROW_LOST_WIDTH),
            false => ("dropped ", ["kernel", "interface"], LOST_WIDTH),
        };
        x = canvas.text(x, y, area.width, label, look.weak());
        for (name, count) in names.into_iter().zip(lost(&statuses)) {
            let style = if count > 0 {
                look.alarm()
            } else {
                Style::new()
            };
            let text = format!("{name} {}", fit(count, number_width));
            x = canvas.text(x, y, area.right().saturating_sub(x), &text, style) + 2;
        }
    } else {
        let duration = match model.duration() {
            seconds if seconds < 86_400.0 => format!("{seconds:.3} s"),
            seconds => clock(seconds as u64),
        };
        x = canvas.text(x, y, area.width, "duration ", look.weak());
        x = canvas.text(x, y, area.right() - x, &duration, Style::new()) + 2;
    }
    if let omitted @ 1.. = model.omitted() {
        let text = match area.width < NARROW {
            true => format!("rest {}", fit(omitted, NARROW_LOST_WIDTH)),
            false => format!("{} in no table", fit(omitted, LOST_WIDTH)),
        };
        x = canvas.text(x, y, area.right().saturating_sub(x), &text, look.alarm()) + 2;
    }
    let rest = area.right().saturating_sub(x);
    if let Some(error) = error(&statuses) {
        canvas.cut(x, y, rest, error, look.alarm());
    } else if let Some(line) = stderr::last_held() {
        canvas.cut(x, y, rest, &line, look.notice());
    }
}

/// Returns the numbers of packets and bytes, with all digits if they fit.
fn totals(totals: Totals, room: usize) -> String {
    let counted = |count, unit, width| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {unit}{plural}", fit(count, width))
    };
    let text = |width| {
        let packets = counted(totals.packets, "packet", width);
        format!("{packets}, {}", counted(totals.bytes, "byte", width))
    };
    let whole = text(EXACT_WIDTH);
    match whole.len() <= room {
        true => whole,
        false => text(NARROW_LOST_WIDTH),
    }
}

/// Returns the state of the program, and whether it is alarming.
fn state(view: &View, statuses: &[Status]) -> (&'static str, bool) {
    let has_failed = error(statuses).is_some();
    let state = match statuses.iter().all(|status| status.state == State::AtEnd) {
        _ if view.is_paused => "PAUSED",
        _ if has_failed => "failed",
        true => "end of file",
        false => "running",
    };
    (state, has_failed)
}

/// Returns the error of the first source that has failed.
fn error(statuses: &[Status]) -> Option<&str> {
    let mut errors = statuses.iter().filter_map(|status| status.error());
    errors.next()
}

/// Returns the filter of all sources, or of those that are open, if there are any.
fn filter(statuses: &[Status]) -> String {
    let all_closed = statuses.iter().all(|status| status.is_closed);
    let shown = statuses
        .iter()
        .filter(|status| all_closed || !status.is_closed);
    let mut filters: Vec<&str> = shown.map(|status| status.filter.trim()).collect();
    filters.dedup();
    let shown = filters.iter().map(|filter| match *filter {
        "" => "none",
        filter => filter,
    });
    shown.collect::<Vec<_>>().join(" | ")
}

/// Returns the numbers of packets that the kernel and the interfaces dropped.
fn lost(statuses: &[Status]) -> [u64; 2] {
    let interfaces = || {
        statuses
            .iter()
            .filter_map(|status| status.interface.as_ref())
    };
    let by_interface = |stats: pcap_core::Stats| stats.if_dropped;
    [
        interfaces().map(|one| one.dropped_by_kernel()).sum(),
        interfaces()
            .filter_map(|one| one.stats.map(by_interface))
            .sum(),
    ]
}
