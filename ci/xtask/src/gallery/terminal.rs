//! A terminal that keeps what programs print: characters with their colors.

/// What a cell looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Style {
    /// The color of the character.
    pub(super) color: Option<Color>,
    /// The color behind it.
    pub(super) background: Option<Color>,
    /// Whether it is bold.
    pub(super) is_bold: bool,
    /// Whether it is faint.
    pub(super) is_dim: bool,
    /// Whether it is italic.
    pub(super) is_italic: bool,
    /// Whether it is underlined.
    pub(super) is_underlined: bool,
    /// Whether the colors are exchanged.
    pub(super) is_reversed: bool,
}

/// A color.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Color {
    /// One of the sixteen that a terminal's theme defines.
    Named(u8),
    /// Red, green and blue.
    Exact([u8; 3]),
}

/// A character and what it looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// The character; a space if nothing was printed.
    pub(super) character: char,
    /// Its style.
    pub(super) style: Style,
}

const EMPTY: Cell = Cell {
    character: ' ',
    style: Style {
        color: None,
        background: None,
        is_bold: false,
        is_dim: false,
        is_italic: false,
        is_underlined: false,
        is_reversed: false,
    },
};

/// A screen of a fixed width, which grows downwards.
pub(super) struct Terminal {
    columns: usize,
    rows: Vec<Vec<Cell>>,
    row: usize,
    column: usize,
    style: Style,
}

impl Terminal {
    /// Returns an empty screen.
    pub(super) fn new(columns: usize) -> Terminal {
        Terminal {
            columns,
            rows: Vec::new(),
            row: 0,
            column: 0,
            style: Style::default(),
        }
    }

    /// Prints text with control sequences. Those that it does not know have no effect.
    pub(super) fn print(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '\n' => self.row += 1,
                '\r' => self.column = 0,
                '\x08' => self.column = self.column.saturating_sub(1),
                '\t' => self.column = (self.column / 8 * 8 + 8).min(self.columns - 1),
                '\x1b' => self.escape(&mut characters),
                _ if character.is_control() => {}
                _ => self.put(character),
            }
        }
    }

    /// Returns the rows without empty cells at their ends, and without empty rows at the end.
    pub(super) fn into_rows(mut self) -> Vec<Vec<Cell>> {
        for row in &mut self.rows {
            while row.last() == Some(&EMPTY) {
                row.pop();
            }
        }
        while self.rows.last().is_some_and(Vec::is_empty) {
            self.rows.pop();
        }
        self.rows
    }

    fn put(&mut self, character: char) {
        if self.column == self.columns {
            self.column = 0;
            self.row += 1;
        }
        let (row, column, style) = (self.row, self.column, self.style);
        let row = self.row_at(row);
        if row.len() <= column {
            row.resize(column + 1, EMPTY);
        }
        row[column] = Cell { character, style };
        self.column += 1;
    }

    fn row_at(&mut self, row: usize) -> &mut Vec<Cell> {
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        &mut self.rows[row]
    }

    fn escape(&mut self, characters: &mut std::str::Chars<'_>) {
        match characters.next() {
            Some('[') => {}
            Some(']') => {
                // A title or the like, up to a bell or another escape.
                let mut rest = characters.skip_while(|&it| it != '\x07' && it != '\x1b');
                if rest.next() == Some('\x1b') {
                    rest.next();
                }
                return;
            }
            _ => return,
        }
        let mut arguments = String::new();
        for character in characters {
            if ('@'..='~').contains(&character) {
                return self.control(character, &arguments);
            }
            arguments.push(character);
        }
    }

    /// Obeys a control sequence: its last character, and the text before it.
    fn control(&mut self, last: char, arguments: &str) {
        let numbers: Vec<Option<usize>> = arguments
            .split([';', ':'])
            .map(|number| number.parse().ok())
            .collect();
        let first = numbers[0];
        let count = first.unwrap_or(1).max(1);
        match last {
            'm' => self.set_style(&numbers),
            'A' => self.row = self.row.saturating_sub(count),
            'B' => self.row += count,
            'C' => self.column = (self.column + count).min(self.columns - 1),
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = (count - 1).min(self.columns - 1),
            'K' => {
                let column = self.column;
                let (row, style) = (self.row, EMPTY);
                let row = self.row_at(row);
                match first {
                    None | Some(0) => row.truncate(column),
                    Some(1) => row
                        .iter_mut()
                        .take(column + 1)
                        .for_each(|cell| *cell = style),
                    Some(_) => row.clear(),
                }
            }
            'J' if matches!(first, None | Some(0)) => {
                let (row, column) = (self.row, self.column);
                self.row_at(row).truncate(column);
                self.rows.truncate(row + 1);
            }
            _ => {}
        }
    }

    fn set_style(&mut self, numbers: &[Option<usize>]) {
        let mut numbers = numbers.iter().map(|number| number.unwrap_or(0));
        let style = &mut self.style;
        while let Some(number) = numbers.next() {
            match number {
                0 => *style = Style::default(),
                1 => style.is_bold = true,
                2 => style.is_dim = true,
                3 => style.is_italic = true,
                4 => style.is_underlined = true,
                7 => style.is_reversed = true,
                22 => (style.is_bold, style.is_dim) = (false, false),
                23 => style.is_italic = false,
                24 => style.is_underlined = false,
                27 => style.is_reversed = false,
                30..=37 => style.color = Some(Color::Named(number as u8 - 30)),
                38 => style.color = extended(&mut numbers),
                39 => style.color = None,
                40..=47 => style.background = Some(Color::Named(number as u8 - 40)),
                48 => style.background = extended(&mut numbers),
                49 => style.background = None,
                90..=97 => style.color = Some(Color::Named(number as u8 - 82)),
                100..=107 => style.background = Some(Color::Named(number as u8 - 92)),
                _ => {}
            }
        }
    }
}

/// Reads a color after 38 or 48: `5;NUMBER` or `2;RED;GREEN;BLUE`.
fn extended(numbers: &mut impl Iterator<Item = usize>) -> Option<Color> {
    let kind = numbers.next()?;
    let mut next = || numbers.next().map(|number| number as u8);
    if kind == 2 {
        return Some(Color::Exact([next()?, next()?, next()?]));
    }
    let number = next()?;
    Some(match number {
        0..=15 => Color::Named(number),
        // A cube of 6 by 6 by 6, and shades of gray.
        16..=231 => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let cube = number - 16;
            Color::Exact([cube / 36, cube / 6 % 6, cube % 6].map(level))
        }
        232.. => Color::Exact([8 + 10 * (number - 232); 3]),
    })
}

/// Returns the characters of rows.
pub(super) fn text(rows: &[Vec<Cell>]) -> String {
    let mut text = String::new();
    for row in rows {
        let line: String = row.iter().map(|cell| cell.character).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Vec<Vec<Cell>> {
        let mut terminal = Terminal::new(10);
        terminal.print(text);
        terminal.into_rows()
    }

    #[test]
    fn lines_wrap_and_are_overwritten() {
        assert_eq!(text(&printed("one\r\ntwo  \r\n\r\n")), "one\ntwo\n");
        assert_eq!(text(&printed("0123456789a")), "0123456789\na\n");
        assert_eq!(text(&printed("0123456789\r\na")), "0123456789\na\n");
        assert_eq!(text(&printed("old text\r\x1b[Knew")), "new\n");
        assert_eq!(text(&printed("a\r\nb\x1b[A\rc\x1b[3GX")), "c X\nb\n");
        assert_eq!(
            text(&printed("\x1b[?25lx\x1b]0;title\x07y\x1b]0;title\x1b\\z")),
            "xyz\n"
        );
    }

    #[test]
    fn styles_end() {
        let rows = printed("\x1b[1;32ma\x1b[0mb\x1b[38;5;196mc\x1b[48;2;1;2;3md\x1b[39;49;97me");
        let styles: Vec<Style> = rows[0].iter().map(|cell| cell.style).collect();
        let plain = Style::default();
        let green = Style {
            color: Some(Color::Named(2)),
            is_bold: true,
            ..plain
        };
        let red = Some(Color::Exact([255, 0, 0]));
        let behind = Some(Color::Exact([1, 2, 3]));
        let of = |color, background| Style {
            color,
            background,
            ..plain
        };
        let white = of(Some(Color::Named(15)), None);
        assert_eq!(
            styles,
            [green, plain, of(red, None), of(red, behind), white]
        );
    }
}
