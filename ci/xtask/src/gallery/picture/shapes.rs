//! The characters that are drawn: blocks, lines of boxes, and dots of Braille, which graphs consist of.

use super::{CELL, LINE, tenths};

/// The height of a cell in tenths of a pixel.
const HEIGHT: usize = LINE * 10;
/// Half of the thickness of a line, in tenths of a pixel.
const HALF: usize = 6;

/// Returns whether a character is drawn.
pub(super) fn is_shape(character: char) -> bool {
    matches!(character, '\u{2580}'..='\u{2590}' | '\u{2594}'..='\u{259f}' | '\u{2800}'..='\u{28ff}')
        || arms(character).is_some()
}

/// Returns the path of a character. The position is that of its cell, in tenths of a pixel.
pub(super) fn path(character: char, x: usize, y: usize) -> String {
    let code = character as usize;
    let eighths = |length: usize, count: usize| length * count / 8;
    match character {
        '\u{2580}' => rectangle(x, y, CELL, HEIGHT / 2),
        '\u{2581}'..='\u{2588}' => {
            let height = eighths(HEIGHT, code - 0x2580);
            rectangle(x, y + HEIGHT - height, CELL, height)
        }
        '\u{2589}'..='\u{258f}' => rectangle(x, y, eighths(CELL, 0x2590 - code), HEIGHT),
        '\u{2590}' => rectangle(x + CELL / 2, y, CELL / 2, HEIGHT),
        '\u{2594}' => rectangle(x, y, CELL, HEIGHT / 8),
        '\u{2595}' => rectangle(x + CELL - CELL / 8, y, CELL / 8, HEIGHT),
        '\u{2596}'..='\u{259f}' => quadrants(code - 0x2596, x, y),
        '\u{2800}'..='\u{28ff}' => dots(code - 0x2800, x, y),
        _ => arms(character).map_or(String::new(), |arms| lines(arms, x, y)),
    }
}

fn rectangle(x: usize, y: usize, width: usize, height: usize) -> String {
    let [left, top, width, height] = [x, y, width, height].map(tenths);
    format!("M{left} {top}h{width}v{height}h-{width}z")
}

/// Draws quarters: bits for the upper left, upper right, lower left and lower right one.
fn quadrants(index: usize, x: usize, y: usize) -> String {
    const QUARTERS: [u8; 10] = [
        0b0100, 0b1000, 0b0001, 0b1101, 0b1001, 0b0111, 0b1011, 0b0010, 0b0110, 0b1110,
    ];
    let (width, height) = (CELL / 2, HEIGHT / 2);
    let quarter = |bit: usize| {
        let is_set = QUARTERS[index] >> bit & 1 == 1;
        is_set.then(|| rectangle(x + bit % 2 * width, y + bit / 2 * height, width, height))
    };
    (0..4).filter_map(quarter).collect()
}

/// Draws dots of Braille: two columns of four, whose bits are in the order in which dots were added to the script.
fn dots(bits: usize, x: usize, y: usize) -> String {
    const PLACES: [(usize, usize); 8] = [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
        (0, 3),
        (1, 3),
    ];
    const SIZE: usize = 24;
    let dot = |bit: usize| {
        let (column, row) = PLACES[bit];
        let (left, top) = (
            x + (2 * column + 1) * CELL / 4 - SIZE / 2,
            y + (2 * row + 1) * HEIGHT / 8 - SIZE / 2,
        );
        (bits >> bit & 1 == 1).then(|| rectangle(left, top, SIZE, SIZE))
    };
    (0..8).filter_map(dot).collect()
}

/// The thickness of the lines from the center of a cell: to the left, to the right, up and down.
type Arms = [usize; 4];

/// Returns the lines that a character consists of.
fn arms(character: char) -> Option<Arms> {
    Some(match character {
        '─' | '╌' | '┄' | '┈' => [1, 1, 0, 0],
        '━' => [2, 2, 0, 0],
        '│' | '╎' | '┆' | '┊' => [0, 0, 1, 1],
        '┃' => [0, 0, 2, 2],
        '┌' | '╭' => [0, 1, 0, 1],
        '┐' | '╮' => [1, 0, 0, 1],
        '└' | '╰' => [0, 1, 1, 0],
        '┘' | '╯' => [1, 0, 1, 0],
        '├' => [0, 1, 1, 1],
        '┤' => [1, 0, 1, 1],
        '┬' => [1, 1, 0, 1],
        '┴' => [1, 1, 1, 0],
        '┼' => [1, 1, 1, 1],
        '╴' => [1, 0, 0, 0],
        '╵' => [0, 0, 1, 0],
        '╶' => [0, 1, 0, 0],
        '╷' => [0, 0, 0, 1],
        '╸' => [2, 0, 0, 0],
        '╺' => [0, 2, 0, 0],
        _ => return None,
    })
}

fn lines([left, right, up, down]: Arms, x: usize, y: usize) -> String {
    let (center, middle) = (x + CELL / 2, y + HEIGHT / 2);
    let mut path = String::new();
    let mut add = |is_there: usize, x, y, width, height| {
        if is_there > 0 {
            path.push_str(&rectangle(x, y, width, height));
        }
    };
    // Lines overlap in the center, so that corners are filled.
    let (l, r, u, d) = (left * HALF, right * HALF, up * HALF, down * HALF);
    add(left, x, middle - l, CELL / 2 + HALF, 2 * l);
    add(right, center - HALF, middle - r, CELL / 2 + HALF, 2 * r);
    add(up, center - u, y, 2 * u, HEIGHT / 2 + HALF);
    add(down, center - d, middle - HALF, 2 * d, HEIGHT / 2 + HALF);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_no_shapes() {
        for character in ['a', ' ', '→', '…', '░'] {
            assert!(!is_shape(character), "{character}");
        }
        for character in ['▁', '█', '▏', '─', '╭', '⣿', '▟'] {
            assert!(is_shape(character), "{character}");
            assert_ne!(path(character, 0, 0), "", "{character}");
        }
    }

    #[test]
    fn shapes_stay_in_their_cells() {
        assert_eq!(path('▄', 0, 0), "M0 10h8.4v10h-8.4z");
        assert_eq!(path('▌', 84, 0), "M8.4 0h4.2v20h-4.2z");
        assert_eq!(path('▝', 0, 0), "M4.2 0h4.2v10h-4.2z");
        assert_eq!(path('⠁', 0, 0), "M0.9 1.3h2.4v2.4h-2.4z");
        assert_eq!(
            path('│', 0, 0),
            "M3.6 0h1.2v10.6h-1.2zM3.6 9.4h1.2v10.6h-1.2z"
        );
    }
}
