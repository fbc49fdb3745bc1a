//! An SVG image, shape by shape.

use std::fmt::Write as _;

use super::style::stylesheet;
use super::text::{Face, clean, escape, fit, push_pixels, width};

/// The side of a text that is at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawn plot.
#[derive(Clone, Debug)]
pub struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    title: String,
    description: String,
    /// The number of axes and legends that have a name with a unit.
    axes: usize,
    body: String,
}

/// The size of text.
pub(super) const SIZE: f64 = 12.0;

impl Drawing {
    /// Returns an empty drawing. A width at which nothing is readable is enlarged.
    pub(super) fn new(width: f64, title: &str) -> Drawing {
        Drawing {
            width: super::drawable(width).clamp(240.0, 10_000.0),
            height: 0.0,
            title: title.to_owned(),
            description: String::new(),
            axes: 0,
            body: String::new(),
        }
    }

    /// Returns whether the drawing is for phones.
    pub(super) fn is_narrow(&self) -> bool {
        self.width < 500.0
    }

    /// Returns the size of labels. On phones, the longest address with a port fits in a line.
    pub(super) fn size_of(&self, face: Face) -> f64 {
        match face {
            Face::Sans => SIZE,
            Face::Mono if self.is_narrow() => 11.0,
            Face::Mono => 11.5,
        }
    }

    /// Sets the description for those who do not see the plot.
    pub(super) fn describe(&mut self, description: String) {
        self.description = description;
    }

    /// Draws the name of an axis or legend, which contains the unit.
    pub(super) fn axis_name(&mut self, (x, y): (f64, f64), most: f64, name: &str) {
        self.axes += 1;
        self.label(Face::Sans, "muted axis-name", (x, y), most, name);
    }

    /// Returns the width in CSS pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width.ceil() as u32
    }

    /// Returns the height in CSS pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height.ceil() as u32
    }

    /// Returns an SVG file, which contains its stylesheet.
    #[must_use]
    pub fn to_file(&self) -> String {
        let style = escape_style(&stylesheet());
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.open_svg(&mut out, "plot", " xmlns=\"http://www.w3.org/2000/svg\"");
        let _ = writeln!(out, "<style>\n{style}</style>");
        out += "<rect class=\"background\" width=\"100%\" height=\"100%\"/>\n";
        out + &self.body + "</svg>\n"
    }

    /// Returns an element for a page that has the stylesheet. `id` begins the identifiers in it and is unique in the
    /// page.
    #[must_use]
    pub fn to_element(&self, id: &str) -> String {
        let mut out = String::new();
        self.open_svg(&mut out, &escape(id), "");
        out + &self.body + "</svg>\n"
    }

    fn open_svg(&self, out: &mut String, id: &str, attributes: &str) {
        let (width, height, axes) = (self.width(), self.height(), self.axes);
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            "<svg{attributes} class=\"plot\" role=\"img\" data-axes=\"{axes}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            escape(&self.title),
            escape(&self.description)
        );
    }

    /// Draws a rectangle, with a text that appears under the pointer if it is not empty.
    pub(super) fn rect(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        hint: &str,
    ) {
        let _ = write!(self.body, "<rect class=\"{class}\"");
        for (name, value) in [("x", x), ("y", y), ("width", width), ("height", height)] {
            self.attribute(name, value.max(0.0));
        }
        self.finish("rect", hint);
    }

    /// Draws a line.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(self.body, "<line class=\"{class}\"");
        for (name, value) in [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)] {
            self.attribute(name, value);
        }
        self.finish("line", "");
    }

    /// Draws a path.
    pub(super) fn path(&mut self, class: &str, path: &Path, hint: &str) {
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{}\"", path.0);
        self.finish("path", hint);
    }

    /// Draws text in the font of axes.
    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        self.open_text(class, (x, y), anchor);
        let _ = writeln!(self.body, "{}</text>", escape(text));
    }

    /// Draws text that is at most `most` pixels wide, shortened if necessary.
    pub(super) fn label(&mut self, face: Face, class: &str, at: (f64, f64), most: f64, text: &str) {
        let (class, size) = match face {
            Face::Sans => (class.to_owned(), SIZE),
            Face::Mono if self.is_narrow() => (format!("mono small {class}"), self.size_of(face)),
            Face::Mono => (format!("mono {class}"), self.size_of(face)),
        };
        let short = fit(text, size, face, most);
        self.open_text(class.trim_end(), at, Anchor::Start);
        if short != clean(text) {
            let _ = write!(self.body, "<title>{}</title>", escape(text));
        }
        let _ = writeln!(self.body, "{}</text>", escape(&short));
    }

    /// Draws the title in one or two lines, and returns the position below it.
    pub(super) fn draw_title(&mut self, x: f64, y: f64) -> f64 {
        const TITLE: f64 = 15.0;
        let title = clean(&self.title);
        // Titles are bold.
        let measure = |text: &str| width(text, TITLE, Face::Sans) * 1.05;
        let most = self.width - 2.0 * x;
        let mut lines: Vec<String> = Vec::new();
        for word in title.split_whitespace() {
            match lines.last_mut() {
                Some(line) if measure(&format!("{line} {word}")) <= most => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        if lines.len() > 2 {
            lines[1] = lines[1..].join(" ");
            lines.truncate(2);
        }
        let mut y = y;
        for line in lines {
            y += 19.0;
            let short = fit(&line, TITLE * 1.05, Face::Sans, most);
            self.text("title", (x, y - 4.0), Anchor::Start, &short);
        }
        y
    }

    fn open_text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor) {
        self.body += "<text";
        if !class.is_empty() {
            let _ = write!(self.body, " class=\"{class}\"");
        }
        self.attribute("x", x);
        self.attribute("y", y);
        self.body += match anchor {
            Anchor::Start => ">",
            Anchor::Middle => " text-anchor=\"middle\">",
            Anchor::End => " text-anchor=\"end\">",
        };
    }

    fn attribute(&mut self, name: &str, value: f64) {
        let _ = write!(self.body, " {name}=\"");
        push_pixels(&mut self.body, value);
        self.body.push('"');
    }

    fn finish(&mut self, element: &str, hint: &str) {
        // A line feed separates the lines of a hint, which are escaped.
        let lines: Vec<String> = hint.lines().map(escape).collect();
        let hint = lines.join("\n");
        let _ = match hint.as_str() {
            "" => writeln!(self.body, "/>"),
            hint => writeln!(self.body, "><title>{hint}</title></{element}>"),
        };
    }
}

/// A stylesheet has child combinators and quotes, which remain.
fn escape_style(style: &str) -> String {
    style.replace('&', "&amp;").replace('<', "&lt;")
}

/// The outline of a shape.
#[derive(Debug, Default)]
pub(super) struct Path(String);

impl Path {
    /// Begins at a point.
    pub(super) fn move_to(&mut self, x: f64, y: f64) {
        self.step('M', &[x, y]);
    }

    /// Continues to the left or right.
    pub(super) fn horizontal_to(&mut self, x: f64) {
        self.step('H', &[x]);
    }

    /// Continues up or down.
    pub(super) fn vertical_to(&mut self, y: f64) {
        self.step('V', &[y]);
    }

    /// Returns to where the shape began.
    pub(super) fn close(&mut self) {
        self.0.push('Z');
    }

    /// Adds a rectangle.
    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.move_to(x, y);
        self.horizontal_to(x + width);
        self.vertical_to(y + height);
        self.horizontal_to(x);
        self.close();
    }

    fn step(&mut self, letter: char, numbers: &[f64]) {
        self.0.push(letter);
        for (at, number) in numbers.iter().enumerate() {
            if at > 0 {
                self.0.push(' ');
            }
            push_pixels(&mut self.0, *number);
        }
    }
}
