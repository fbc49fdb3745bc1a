//! Compares new files of the gallery with those in the repository.

/// Returns what differs between two files of this name, if anything does: text in any byte, and pictures in their labels
/// or their size.
pub(super) fn difference(name: &str, committed: &[u8], new: &[u8]) -> Option<String> {
    if committed == new {
        return None;
    }
    let (old_text, new_text) = (text(committed), text(new));
    if name.ends_with(".png") {
        let (old, new) = (png_size(committed), png_size(new));
        return (old != new || old.is_none()).then(|| format!("the size: {}", two(old, new)));
    }
    if !name.ends_with(".svg") {
        return Some(first_line(&old_text, &new_text));
    }
    let (old, new) = (size(&old_text), size(&new_text));
    if old != new {
        return Some(format!("the size: {}", two(Some(old), Some(new))));
    }
    let (old, new) = (labels(&old_text), labels(&new_text));
    (old != new).then(|| first_line(&old.join("\n"), &new.join("\n")))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn two<T: std::fmt::Display>(old: Option<T>, new: Option<T>) -> String {
    let [old, new] = [old, new].map(|size| match size {
        Some(size) => size.to_string(),
        None => "none".to_owned(),
    });
    format!("{old} is committed, found {new}")
}

/// Describes the first line that differs.
fn first_line(old: &str, new: &str) -> String {
    let (mut old, mut new) = (old.split('\n'), new.split('\n'));
    let mut number = 1;
    loop {
        let pair = (old.next(), new.next());
        if pair.0 != pair.1 || pair.0.is_none() {
            let [old, new] = [pair.0, pair.1].map(|line| line.unwrap_or("(the end)"));
            return format!("line {number}:\n  - {old}\n  + {new}");
        }
        number += 1;
    }
}

/// Returns the attributes of the outermost element that determine the size.
fn size(svg: &str) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    let tag = svg[start..].split('>').next().unwrap_or_default();
    let attribute = |name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(format!("{name} {value}"))
    };
    let attributes = ["viewBox", "width", "height"];
    let sizes: Vec<String> = attributes
        .iter()
        .filter_map(|name| attribute(name))
        .collect();
    sizes.join(", ")
}

/// Returns the texts of a picture or a page, without the style sheet.
pub(super) fn labels(svg: &str) -> Vec<String> {
    let mut labels = Vec::new();
    for part in svg.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        let is_style = tag == "style" || tag.starts_with("style ");
        if !is_style && !text.trim().is_empty() {
            let words: Vec<&str> = text.split_whitespace().collect();
            labels.push(words.join(" "));
        }
    }
    labels
}

/// Returns the width and the height of a PNG.
fn png_size(bytes: &[u8]) -> Option<String> {
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return None;
    }
    Some(format!("{} x {}", number(16)?, number(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_of_text_counts() {
        assert_eq!(difference("a.txt", b"one\ntwo\n", b"one\ntwo\n"), None);
        let found = difference("a.txt", b"one\ntwo\n", b"one\ntwo \n").unwrap();
        assert_eq!(found, "line 2:\n  - two\n  + two ");
        let found = difference("a.txt", b"one\n", b"one\n\n").unwrap();
        assert_eq!(found, "line 3:\n  - (the end)\n  + ");
    }

    #[test]
    fn labels_and_sizes_of_pictures_count() {
        let svg = b"<?xml?><svg viewBox=\"0 0 4 3\" width=\"4\"><style>a{b:c}</style><text x=\"1\">two words</text></svg>";
        let changed = |from: &str, to: &str| {
            let changed = text(svg).replace(from, to);
            difference("a.svg", svg, changed.as_bytes())
        };
        assert_eq!(changed("b:c", "b:d"), None);
        assert_eq!(changed("x=\"1\"", "x=\"2\""), None);
        assert_eq!(
            changed("words", "wards").unwrap(),
            "line 1:\n  - two words\n  + two wards"
        );
        assert_eq!(
            changed("0 0 4 3", "0 0 4 5").unwrap(),
            "the size: viewBox 0 0 4 3, width 4 is committed, found viewBox 0 0 4 5, width 4"
        );
        assert!(changed("width=\"4\"", "").is_some());
    }

    #[test]
    fn sizes_of_png_count() {
        let png = |width: u8, rest: u8| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0".to_vec();
            bytes.extend([width, 0, 0, 0, 9, rest]);
            bytes
        };
        assert_eq!(difference("a.png", &png(4, 0), &png(4, 1)), None);
        let found = difference("a.png", &png(4, 0), &png(5, 0)).unwrap();
        assert_eq!(found, "the size: 4 x 9 is committed, found 5 x 9");
        assert!(difference("a.png", &png(4, 0), b"none").is_some());
        assert!(difference("a.png", b"", b"none").is_some());
    }
}
