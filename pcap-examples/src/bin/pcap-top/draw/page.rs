//! The packets of a conversation.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::view::View;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, view: &mut View) {
    let connection = view.connection();
    let lines = u16::from(connection.is_some());
    view.height = view.height.saturating_sub(usize::from(lines)).max(1);
    let height = view.height;
    let Some(page) = &mut view.page else {
        return;
    };
    let look = canvas.look;
    let position = format!("{} lines", page.lines.len());
    let x = canvas.right(area, area.y, &position, look.weak());
    let width = x.saturating_sub(area.x + 1);
    canvas.text(area.x, area.y, width, &page.title(), look.strong());
    let note = match page.lines.is_empty() {
        true => "no packet of this conversation is in memory any more; further ones will be shown",
        false => "the last packets; Left and Right show the rest of long lines",
    };
    if let Some(line) = connection {
        canvas.cut(area.x, area.y + 1, area.width, &line, Style::new());
    }
    let y = area.y + 1 + lines;
    canvas.text(area.x, y, area.width, note, look.weak());
    page.below = page.below.min(page.lines.len().saturating_sub(height));
    let end = page.lines.len() - page.below;
    let start = end.saturating_sub(height);
    for (line, y) in page.lines.range(start..end).zip(y + 1..area.bottom()) {
        let visible: String = line.chars().skip(page.left).collect();
        canvas.text(area.x, y, area.width, &visible, Style::new());
    }
}
