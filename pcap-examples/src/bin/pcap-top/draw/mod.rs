//! Draws the screen.

mod graph;
mod header;
mod help;
mod page;
mod rows;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::look::Look;
use crate::model::Model;
use crate::view::{Bottom, Question, View};

/// The smallest screen.
const MIN_WIDTH: u16 = 40;
const MIN_HEIGHT: u16 = 10;
/// On screens of less than this width, words are shortened.
const NARROW: u16 = 60;
/// The number of lines of the header.
const HEADER: u16 = 3;

/// The keys that the last line shows, the most important first.
const KEYS: &str = "?help q:quit Tab:table l:layer <>:sort r:reverse Enter:packets /:filter s:search Space:pause w:save";
const PAGE_KEYS: &str = "?help q:quit Esc:back Up/Down/End:scroll /:filter Space:pause w:save";

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, view: &mut View, model: &Model) {
    let area = frame.area();
    let mut canvas = Canvas {
        buffer: frame.buffer_mut(),
        look: view.look,
    };
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        too_small(&mut canvas, area);
        return;
    }
    header::draw(&mut canvas, part(area, 0, HEADER), view, model);
    let graphs = match area.height {
        0..16 => 0,
        height => ((height - 9) / 3).clamp(4, 14),
    };
    if view.help.is_none() && graphs > 0 {
        graph::draw(&mut canvas, part(area, HEADER, graphs), view, model);
    }
    let top = match view.help {
        Some(_) => HEADER,
        None => HEADER + graphs,
    };
    let middle = part(area, top, area.height - top - 1);
    view.height = usize::from(middle.height).saturating_sub(2).max(1);
    match (view.help, view.page.is_some()) {
        (Some(_), _) => help::draw(&mut canvas, middle, view),
        (None, true) => page::draw(&mut canvas, middle, view),
        (None, false) => rows::draw(&mut canvas, middle, view),
    }
    let cursor = bottom(&mut canvas, part(area, area.height - 1, 1), view);
    if let Some((x, y)) = cursor {
        frame.set_cursor_position((x, y));
    }
}

/// Returns some lines of an area.
fn part(area: Rect, top: u16, height: u16) -> Rect {
    Rect {
        y: area.y + top,
        height,
        ..area
    }
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let (width, height) = (area.width, area.height);
    let text = format!(
        "The screen is too small: expected {MIN_WIDTH}x{MIN_HEIGHT}, found {width}x{height}. q quits."
    );
    let mut line = String::new();
    let mut y = area.y;
    for word in text.split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > usize::from(width) {
            canvas.text(area.x, y, width, &line, Style::new());
            line.clear();
            y += 1;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
        if y >= area.bottom() {
            return;
        }
    }
    canvas.text(area.x, y, width, &line, Style::new());
}

/// Draws the last line. Returns where the cursor is, if a question is being answered.
fn bottom(canvas: &mut Canvas<'_>, area: Rect, view: &View) -> Option<(u16, u16)> {
    let look = canvas.look;
    let (text, style) = match &view.bottom {
        Bottom::Keys => {
            let keys = match view.page.is_some() {
                true => PAGE_KEYS,
                false => KEYS,
            };
            let fitting = keys.split(' ').scan(0, |length, key| {
                *length += key.len() + 1;
                (*length <= usize::from(area.width) + 1).then_some(key)
            });
            (fitting.collect::<Vec<_>>().join(" "), look.weak())
        }
        Bottom::Notice(text) => (text.clone(), look.notice()),
        Bottom::Alarm(text) => (text.clone(), look.alarm()),
        Bottom::Question(question, line) => {
            let label = match question {
                Question::Filter => "filter: ",
                Question::Search => "search: ",
                Question::Save => "save as (.json or text): ",
            };
            let width = area.width.saturating_sub(label.len() as u16);
            let (text, cursor) = line.visible(usize::from(width));
            canvas.text(area.x, area.y, area.width, label, look.strong());
            let x = area.x + label.len() as u16;
            canvas.text(x, area.y, width, &text, Style::new());
            return Some((x + cursor as u16, area.y));
        }
    };
    canvas.cut(area.x, area.y, area.width, &text, style);
    None
}

/// Where text is drawn.
pub(crate) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    pub(crate) look: Look,
}

impl Canvas<'_> {
    /// Draws text of at most `width` columns. Returns the column after it.
    pub(crate) fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        if !self.buffer.area.contains((x, y).into()) {
            return x;
        }
        let text = self.look.text(text);
        self.buffer
            .set_stringn(x, y, text, usize::from(width), style)
            .0
    }

    /// Draws text of at most `width` columns, or its beginning and an ellipsis.
    pub(crate) fn cut(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let width = usize::from(width);
        match text.chars().count() > width {
            true => {
                let beginning = text.chars().take(width.saturating_sub(1));
                let text = beginning.chain(['…']).collect::<String>();
                self.text(x, y, width as u16, &text, style)
            }
            false => self.text(x, y, width as u16, text, style),
        }
    }

    /// Draws text that ends at the right of an area. Returns its first column.
    pub(crate) fn right(&mut self, area: Rect, y: u16, text: &str, style: Style) -> u16 {
        let length = u16::try_from(text.chars().count())
            .unwrap_or(u16::MAX)
            .min(area.width);
        let x = area.right() - length;
        self.text(x, y, length, text, style);
        x
    }

    /// Draws a whole line in a style.
    pub(crate) fn fill(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }
}

#[cfg(test)]
mod tests;
