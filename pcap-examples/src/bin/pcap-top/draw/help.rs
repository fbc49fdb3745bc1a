//! The help.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::view::View;

const LINES: [(&str, &str); 25] = [
    ("Tab, 1, 2, 3", "conversations, endpoints or protocols"),
    (
        "l, L",
        "the next or previous layer: eth, ip, ipv6, tcp, udp, sctp",
    ),
    (
        "<, >, Left, Right",
        "sort by the column to the left or right",
    ),
    ("r", "sort in the other direction"),
    ("Up, Down, k, j", "move by a row"),
    ("Page Up, Page Down", "move by a screen"),
    ("Home, End, g, G", "move to the first or last row"),
    ("Enter", "the last packets of the conversation"),
    ("Escape", "back to the table"),
    ("s, F3", "search for text in the rows"),
    ("n, N", "the next or previous row with the text"),
    ("/, f", "edit the filter; Escape keeps the previous one"),
    ("+, -", "a longer or shorter time in the graphs"),
    ("Space", "pause the screen; packets are still counted"),
    ("z", "set all counts to zero"),
    ("w", "save what is shown to a new file, as text or JSON"),
    ("Ctrl-L", "draw the screen again"),
    ("Ctrl-Z", "stop; fg continues"),
    ("q, Ctrl-C", "quit"),
    ("", ""),
    (
        "dropped kernel",
        "packets that pcap-top did not read in time (see -B)",
    ),
    (
        "dropped interface",
        "packets that the network card or its driver lost",
    ),
    (
        "Retr",
        "TCP retransmissions; on a narrow screen, sort by them",
    ),
    ("in no table, rest", "packets beyond --max-conversations"),
    ("bit/s", "in the last interval; of a savefile, the mean"),
];
/// The columns of the keys.
const KEYS: u16 = 20;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, view: &mut View) {
    let look = canvas.look;
    canvas.text(
        area.x,
        area.y,
        area.width,
        "Help: ? or Escape goes back",
        look.strong(),
    );
    let height = usize::from(area.height) - 1;
    let most = LINES.len().saturating_sub(height);
    let first = view.help.unwrap_or(0).min(most);
    view.help = Some(first);
    for ((keys, text), y) in LINES.iter().skip(first).zip(area.y + 1..area.bottom()) {
        canvas.text(area.x, y, KEYS, keys, look.weak());
        let width = area.width.saturating_sub(KEYS);
        canvas.text(area.x + KEYS, y, width, text, Style::new());
    }
}
