//! A line of text that is being edited, with the keys of readline.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The maximum number of characters. Longer filters come from files.
const MAX_LENGTH: usize = 4096;

/// A line of text with a cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineEdit {
    text: Vec<char>,
    cursor: usize,
}

impl LineEdit {
    /// Begins with a text, and the cursor at its end.
    pub(crate) fn new(text: &str) -> LineEdit {
        let text: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
        LineEdit {
            cursor: text.len(),
            text,
        }
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Returns the part of the text that fits `width` columns, and the column of the cursor.
    pub(crate) fn visible(&self, width: usize) -> (String, usize) {
        let start = (self.cursor + 1).saturating_sub(width.max(1));
        (self.text[start..].iter().collect(), self.cursor - start)
    }

    /// Handles a key. Ignores those that do not edit text.
    pub(crate) fn press(&mut self, key: KeyEvent) {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('a') if is_control => self.cursor = 0,
            KeyCode::Char('e') if is_control => self.cursor = self.text.len(),
            KeyCode::Char('u') if is_control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('k') if is_control => self.text.truncate(self.cursor),
            KeyCode::Char('w') if is_control => {
                let start = self.word_start();
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            KeyCode::Char('h') if is_control => self.delete_before(),
            KeyCode::Char(_) if is_control => {}
            KeyCode::Char(character) if self.text.len() < MAX_LENGTH && !character.is_control() => {
                self.text.insert(self.cursor, character);
                self.cursor += 1;
            }
            KeyCode::Backspace => self.delete_before(),
            KeyCode::Delete if self.cursor < self.text.len() => drop(self.text.remove(self.cursor)),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => {}
        }
    }

    fn delete_before(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.text.remove(self.cursor);
        }
    }

    /// Returns where the word before the cursor begins.
    fn word_start(&self) -> usize {
        let before = &self.text[..self.cursor];
        let end = before
            .iter()
            .rposition(|c| *c != ' ')
            .map_or(0, |at| at + 1);
        before[..end]
            .iter()
            .rposition(|c| *c == ' ')
            .map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_the_line() {
        let mut line = LineEdit::new("tcp port 80");
        let mut press = |code, modifiers| {
            line.press(KeyEvent::new(code, modifiers));
            line.text()
        };
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        assert_eq!(press(KeyCode::Backspace, none), "tcp port 8");
        assert_eq!(press(KeyCode::Char('w'), control), "tcp port ");
        assert_eq!(press(KeyCode::Char('w'), control), "tcp ");
        assert_eq!(press(KeyCode::Home, none), "tcp ");
        assert_eq!(press(KeyCode::Delete, none), "cp ");
        assert_eq!(press(KeyCode::Char('u'), none), "ucp ");
        assert_eq!(press(KeyCode::Char('k'), control), "u");
        assert_eq!(press(KeyCode::Delete, none), "u");
        assert_eq!(press(KeyCode::Char('u'), control), "");
        assert_eq!(press(KeyCode::Backspace, none), "");
        assert_eq!(press(KeyCode::Char('\u{7}'), none), "");
    }

    #[test]
    fn the_cursor_stays_visible() {
        let mut line = LineEdit::new("0123456789");
        assert_eq!(line.visible(20), ("0123456789".to_owned(), 10));
        assert_eq!(line.visible(5), ("6789".to_owned(), 4));
        line.press(KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        assert_eq!(line.visible(5), ("0123456789".to_owned(), 0));
    }
}
