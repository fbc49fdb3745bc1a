//! Tests of the screen, drawn into memory.

use std::sync::Arc;

use pcap_core::{CompileOptions, Dlt, Packet, Stats, Timestamp};
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::traffic::{Layer, TrafficLimits};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::draw;
use crate::look::Look;
use crate::model::Model;
use crate::source::{Kind, Source, State};
use crate::view::View;

/// Sizes at which something changes, and others.
const WIDTHS: [u16; 9] = [1, 5, 39, 40, 57, 80, 110, 200, 400];
const HEIGHTS: [u16; 8] = [1, 2, 9, 10, 15, 16, 24, 60];

/// A frame of Ethernet with an IPv4 packet.
fn frame(last: u8) -> Vec<u8> {
    let mut data = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    data.extend([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0, 0]);
    data.extend([192, 0, 2, last, 198, 51, 100, 7]);
    data
}

fn model(kind: Kind) -> Model {
    model_with(kind, TrafficLimits::default())
}

fn model_with(kind: Kind, limits: TrafficLimits) -> Model {
    let filter = ("udp", CompileOptions::new());
    let source = Source::new(0, "eth0".to_owned(), filter, kind, limits);
    for last in 1..=30 {
        let data = frame(last);
        let packet = Packet::whole(Timestamp::default(), &data);
        source.counter.lock().count(Dlt::EN10MB, packet, 0, true);
    }
    let mut model = Model::new(vec![source], limits);
    model.update(false, |_| {});
    model
}

fn view(model: &Model, is_unicode: bool) -> View {
    let look = Look {
        is_unicode,
        is_colored: true,
    };
    let mut view = View::new(look, Layer::Ipv4);
    view.refresh(model);
    view
}

/// Returns the lines of the screen.
fn lines(terminal: &Terminal<TestBackend>) -> Vec<String> {
    let buffer = terminal.backend().buffer();
    let line = |y| {
        (0..buffer.area.width)
            .map(|x| buffer[(x, y)].symbol())
            .collect()
    };
    (0..buffer.area.height).map(line).collect()
}

fn drawn(view: &mut View, model: &Model, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, view, model)).unwrap();
    terminal
}

#[test]
fn any_size_is_drawn() {
    let model = model(Kind::Device);
    for is_unicode in [true, false] {
        let mut view = view(&model, is_unicode);
        for help in [None, Some(1000)] {
            let sizes = WIDTHS
                .iter()
                .flat_map(|width| HEIGHTS.map(|height| (*width, height)));
            for (width, height) in sizes {
                view.help = help;
                let terminal = drawn(&mut view, &model, width, height);
                let text = lines(&terminal).join("\n");
                assert!(is_unicode || text.is_ascii(), "{text}");
                let is_small = width < 40 || height < 10;
                assert_eq!(
                    text.contains("kernel"),
                    !is_small,
                    "{width}x{height}\n{text}"
                );
            }
        }
    }
}

#[test]
fn dropped_packets_cannot_be_overlooked() {
    let model = model(Kind::Device);
    let mut counts = InterfaceCounts::new("eth0");
    let mut stats = Stats::default();
    (stats.received, stats.dropped) = (40, 7);
    counts.stats = Some(stats);
    model.sources[0].update(|status| status.interface = Some(counts));
    let mut view = view(&model, true);
    // Also while the screen is paused.
    for is_paused in [false, true] {
        view.is_paused = is_paused;
        for (width, height) in [(40, 10), (80, 24), (200, 50)] {
            let terminal = drawn(&mut view, &model, width, height);
            let shown = lines(&terminal);
            assert!(shown[1].contains("30 packets, 1020 bytes"), "{}", shown[1]);
            let tabs = shown
                .iter()
                .find(|line| line.starts_with("1 Conversations"));
            assert!(tabs.expect("tabs").contains("layer ip"), "{tabs:?}");
            assert_eq!(
                tabs.unwrap().contains("2 Endpoints  3 Protocols "),
                width > 40
            );
            let line = &shown[2];
            let at = line.find("kernel 7").expect("the count") as u16;
            let style = terminal.backend().buffer()[(at, 2)].modifier;
            assert!(style.contains(Modifier::REVERSED), "{line}");
            let other = match width {
                40 => "if 0",
                _ => "interface 0",
            };
            let other = line.find(other).expect("the count") as u16;
            let style = terminal.backend().buffer()[(other, 2)].modifier;
            assert!(!style.contains(Modifier::REVERSED), "{line}");
        }
    }
}

#[test]
fn large_counts_fit_the_smallest_screen() {
    let limits = TrafficLimits {
        conversations: 1,
        ..TrafficLimits::default()
    };
    let mut model = model_with(Kind::Device, limits);
    let mut counts = InterfaceCounts::new("eth0");
    let mut stats = Stats::default();
    (stats.dropped, stats.if_dropped) = (u64::MAX, 99_999);
    counts.stats = Some(stats);
    model.sources[0].update(|status| status.interface = Some(counts));
    assert!((10..30).contains(&model.omitted()));
    let omitted = model.omitted();
    let mut view = view(&model, true);
    let mut shown = |model: &Model, width| lines(&drawn(&mut view, model, width, 10));
    let line = &shown(&model, 40)[2];
    assert_eq!(
        line.trim_end(),
        format!("drops kernel 18.4E  if 99999  rest {omitted}")
    );
    let line = &shown(&model, 80)[2];
    let expected = format!("dropped kernel 18.4E  interface 99999  {omitted} in no table");
    assert_eq!(line.trim_end(), expected);
    // Totals that would hide the filter, or be hidden by it.
    model.totals.packets = 123_456_789;
    model.totals.bytes = 123_456_789_012;
    let line = &shown(&model, 40)[1];
    assert_eq!(line, "filter udp      123M packets, 123G bytes");
    let line = &shown(&model, 60)[1];
    assert!(
        line.ends_with(" 123456789 packets, 123456789012 bytes"),
        "{line}"
    );
}

#[test]
fn the_position_fits_the_smallest_screen() {
    let model = model(Kind::Savefile);
    let mut view = view(&model, true);
    view.layer = Layer::Ipv6;
    view.rows = vec![view.rows[0].clone(); 1_234_567];
    view.move_to_end(true);
    for (width, text) in [
        (40, " ipv6 1.23M/1.23M"),
        (80, " layer ipv6  1234567/1234567"),
    ] {
        let shown = lines(&drawn(&mut view, &model, width, 10));
        assert!(shown[3].ends_with(text), "{}", shown[3]);
    }
}

#[test]
fn one_packet_is_singular() {
    let mut model = model(Kind::Savefile);
    model.totals.packets = 1;
    let mut view = view(&model, true);
    let line = &lines(&drawn(&mut view, &model, 80, 24))[1];
    assert!(line.contains(" 1 packet, 1020 bytes"), "{line}");
}

#[test]
fn the_state_of_a_source_is_shown() {
    let model = model(Kind::Savefile);
    let source = Arc::clone(&model.sources[0]);
    let mut view = view(&model, true);
    let error =
        "cannot read `a/rather/long/path.pcap`: truncated dump file; tried to read 54 bytes";
    for (state, text) in [
        (State::Running, "running"),
        (State::AtEnd, "end of file"),
        (State::Failed(error.to_owned()), "failed"),
    ] {
        source.update(|status| status.state = state.clone());
        let terminal = drawn(&mut view, &model, 80, 24);
        let shown = lines(&terminal);
        assert!(shown[0].trim_end().ends_with(text), "{shown:#?}");
        assert!(shown[0].starts_with("pcap-top  eth0  "), "{shown:#?}");
        if text == "failed" {
            assert!(
                shown[2].contains("cannot read `a/rather/long"),
                "{shown:#?}"
            );
            assert!(shown[2].ends_with('…'), "{shown:#?}");
        }
    }
}

#[test]
fn no_rate_exceeds_the_maximum() {
    let mut model = model(Kind::Savefile);
    let mut view = view(&model, true);
    let title = |model: &Model, view: &mut View| lines(&drawn(view, model, 80, 24))[3].clone();
    // All packets are in one second, of which a column may only be a part.
    for _ in 0..6 {
        let line = title(&model, &mut view);
        assert!(line.contains("packets/s 0  max 30  "), "{line}");
        view.change_span(&model, true);
    }
    model.rate = (45.0, 4500.0);
    let line = title(&model, &mut view);
    assert!(line.contains("packets/s 45  max 45  "), "{line}");
    assert!(line.contains("bit/s 36.0k  max 36.0k  "), "{line}");
}

#[test]
fn graphs_of_long_savefiles_say_what_they_show() {
    let limits = TrafficLimits::default();
    let filter = ("", CompileOptions::new());
    let source = Source::new(0, "x".to_owned(), filter, Kind::Savefile, limits);
    let data = frame(1);
    for second in [0, 200_000] {
        let packet = Packet::whole(Timestamp::new(second, 0), &data);
        source
            .counter
            .lock()
            .count(Dlt::EN10MB, packet, second, true);
    }
    let mut model = Model::new(vec![source], limits);
    model.update(false, |_| {});
    let mut view = view(&model, true);
    let shown = lines(&drawn(&mut view, &model, 80, 24));
    assert!(shown[2].starts_with("duration 2d 07:33"), "{}", shown[2]);
    assert!(shown[3].contains("  last 24 h"), "{}", shown[3]);
}

#[test]
fn the_selected_row_stays_visible() {
    let model = model(Kind::Savefile);
    let mut view = view(&model, true);
    drawn(&mut view, &model, 80, 24);
    for steps in [1, 5, 100, -3, -100, 12] {
        view.move_by(steps);
        let terminal = drawn(&mut view, &model, 80, 24);
        let row = &view.rows[view.selected];
        let text = row.text(crate::table::Column::Name);
        let buffer = terminal.backend().buffer();
        let is_selected = |line: &(usize, String)| {
            buffer[(0, line.0 as u16)]
                .modifier
                .contains(Modifier::REVERSED)
                && line.1.starts_with(&format!("{text} "))
        };
        let lines: Vec<(usize, String)> = lines(&terminal).into_iter().enumerate().collect();
        assert!(lines.iter().any(is_selected), "{text}: {lines:#?}");
    }
    assert!(view.search(true, false) && !view.rows.is_empty());
    view.searched = "192.0.2.17".to_owned();
    assert!(view.search(true, true));
    assert_eq!(
        view.rows[view.selected].text(crate::table::Column::Name),
        "192.0.2.17"
    );
    view.searched = "none".to_owned();
    assert!(!view.search(true, true));
}
