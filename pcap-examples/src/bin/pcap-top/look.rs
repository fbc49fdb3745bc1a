//! What the terminal can show: characters and colors.

use pcap_examples::terminal;
use ratatui::style::{Color, Modifier, Style};

/// What the screen looks like. Only the 16 colors of every terminal are used, and the background is never set, so that
/// dark and light terminals are readable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Whether the terminal shows more than ASCII.
    pub(crate) is_unicode: bool,
    /// Whether to use colors.
    pub(crate) is_colored: bool,
}

impl Look {
    /// Returns what the environment allows.
    pub(crate) fn new(is_colored: bool) -> Look {
        Look {
            is_unicode: terminal::is_unicode(),
            is_colored,
        }
    }

    fn color(self, color: Color) -> Style {
        match self.is_colored {
            true => Style::new().fg(color),
            false => Style::new(),
        }
    }

    /// The name of the program, and what is important.
    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Labels.
    pub(crate) fn weak(self) -> Style {
        self.color(Color::Cyan)
    }

    /// The graph of bits.
    pub(crate) fn bits(self) -> Style {
        self.color(Color::Green)
    }

    /// The graph of packets.
    pub(crate) fn packets(self) -> Style {
        self.color(Color::Blue)
    }

    /// What must not be overlooked, such as dropped packets. It is visible without colors, too.
    pub(crate) fn alarm(self) -> Style {
        self.color(Color::Red)
            .add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// What needs attention, such as a paused screen.
    pub(crate) fn notice(self) -> Style {
        self.color(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// The selected row, and the keys at the bottom.
    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The names of columns.
    pub(crate) fn heading(self) -> Style {
        self.color(Color::Cyan)
            .add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// Returns text with only the characters that the terminal shows.
    pub(crate) fn text(self, text: &str) -> String {
        let shown = |character: char| match character {
            '\t' => ' ',
            '…' if !self.is_unicode => '.',
            _ if self.is_unicode || character.is_ascii() => character,
            _ => '?',
        };
        text.chars().map(shown).collect()
    }

    /// The mark of a column that is sorted upwards or downwards.
    pub(crate) fn arrow(self, is_descending: bool) -> &'static str {
        match (self.is_unicode, is_descending) {
            (true, true) => "▼",
            (true, false) => "▲",
            (false, true) => "v",
            (false, false) => "^",
        }
    }

    /// The characters of a bar, from empty to full.
    pub(crate) fn levels(self) -> &'static [&'static str] {
        match self.is_unicode {
            true => &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            false => &[" ", ".", ":", "|"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_unicode_gets_ascii() {
        let look = Look {
            is_unicode: false,
            is_colored: false,
        };
        assert_eq!(look.text("naïve… 日本\ta"), "na?ve. ?? a");
        assert!(look.levels().iter().all(|level| level.is_ascii()));
        assert_eq!(look.weak(), Style::new());
    }
}
