//! Writes a source file that contains its mutants, each of which can be made active at run time.

use std::ops::Range;

use crate::place::{Node, Shape};

/// A source file that contains mutants.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// The text.
    pub(crate) text: String,
    /// The bytes that only run if a mutant is active.
    pub(crate) mutants: Vec<(usize, Range<usize>)>,
    /// The bytes of the nodes, with their mutants.
    pub(crate) nodes: Vec<(Vec<usize>, Range<usize>)>,
}

/// Writes a file with those mutants for which `is_wanted` is true. Functions for which `is_constant` is true remain
/// constant. `id` returns the number of a mutant at run time.
pub(crate) fn render(
    text: &str,
    nodes: &mut [Node],
    is_wanted: &dyn Fn(usize) -> bool,
    is_constant: &dyn Fn(&str) -> bool,
    id: &dyn Fn(usize) -> usize,
) -> Rendered {
    // Outer nodes first. What is inserted at the beginning of an expression comes before it.
    nodes.sort_by_key(|node| {
        let is_inserted = node.range.is_empty();
        (
            node.range.start,
            !is_inserted,
            std::cmp::Reverse(node.range.end),
        )
    });
    let mut writer = Writer {
        text,
        nodes,
        next: 0,
        out: Rendered::default(),
        is_wanted,
        is_constant,
        id,
    };
    writer.write(0..text.len());
    writer.out
}

struct Writer<'a> {
    text: &'a str,
    nodes: &'a [Node],
    next: usize,
    out: Rendered,
    is_wanted: &'a dyn Fn(usize) -> bool,
    is_constant: &'a dyn Fn(&str) -> bool,
    id: &'a dyn Fn(usize) -> usize,
}

impl Writer<'_> {
    /// Writes these bytes of the file, with the nodes in them.
    fn write(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while let Some(node) = self.nodes.get(self.next) {
            if node.range.start >= range.end {
                break;
            }
            self.next += 1;
            self.out.text.push_str(&self.text[at..node.range.start]);
            at = node.range.end;
            self.write_node(node);
        }
        self.out.text.push_str(&self.text[at..range.end]);
    }

    fn write_node(&mut self, node: &Node) {
        let start = self.out.text.len();
        let wanted: Vec<_> = node
            .mutants
            .iter()
            .filter(|(number, _)| (self.is_wanted)(*number))
            .collect();
        let range = node.range.clone();
        match &node.shape {
            Shape::Const(name) => {
                if (self.is_constant)(name) {
                    self.write(range);
                }
            }
            _ if wanted.is_empty() => self.write(range),
            Shape::Return => {
                for (number, value) in &wanted {
                    self.choose(*number, &format!("return {value};"));
                    self.out.text.push(' ');
                }
            }
            Shape::NoGuard => {
                self.out.text.push_str(" if ");
                self.refuse(&wanted);
            }
            Shape::Guard => {
                let (guards, arms): (Vec<_>, Vec<_>) =
                    wanted.iter().partition(|(_, value)| !value.is_empty());
                if !arms.is_empty() {
                    self.refuse(&arms);
                    self.out.text.push_str(" && ");
                }
                self.expression(&guards, range);
            }
            Shape::Expression => self.expression(&wanted, range),
            Shape::ShortField(name) => {
                self.out.text.push_str(name);
                self.out.text.push_str(": ");
                self.expression(&wanted, range);
            }
        }
        let numbers = wanted.iter().map(|(number, _)| *number).collect();
        self.out.nodes.push((numbers, start..self.out.text.len()));
    }

    /// Writes a condition that is false if one of the mutants is active.
    fn refuse(&mut self, mutants: &[&(usize, String)]) {
        for (index, (number, _)) in mutants.iter().enumerate() {
            let start = self.out.text.len();
            let and = if index > 0 { " && " } else { "" };
            self.out
                .text
                .push_str(&format!("{and}!mutant!({})", (self.id)(*number)));
            self.out.mutants.push((*number, start..self.out.text.len()));
        }
    }

    /// Writes an expression with its replacements.
    fn expression(&mut self, mutants: &[&(usize, String)], range: Range<usize>) {
        self.out.text.push('(');
        for (number, value) in mutants {
            self.choose(*number, value);
            self.out.text.push_str(" else ");
        }
        let braces = if mutants.is_empty() {
            ["", ""]
        } else {
            ["{", "}"]
        };
        self.out.text.push_str(braces[0]);
        self.write(range);
        self.out.text.push_str(braces[1]);
        self.out.text.push(')');
    }

    fn choose(&mut self, number: usize, value: &str) {
        self.out
            .text
            .push_str(&format!("if mutant!({}) {{", (self.id)(number)));
        let start = self.out.text.len();
        self.out.text.push_str(value);
        self.out.mutants.push((number, start..self.out.text.len()));
        self.out.text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::list::{Genre, Mutant};
    use crate::place;

    /// Renders a text with a mutant for each of these places: genre, line, column, replacement.
    fn rendered(text: &str, places: &[(Genre, usize, usize, &str)]) -> String {
        let mutants: Vec<Mutant> = places
            .iter()
            .map(|&(genre, line, column, replacement)| Mutant {
                id: 0,
                file: String::new(),
                name: String::new(),
                line,
                column,
                genre,
                replacement: replacement.to_owned(),
                function: String::new(),
            })
            .collect();
        let numbered: Vec<_> = mutants.iter().enumerate().collect();
        let (mut nodes, _) = place::nodes(text, &numbered).unwrap();
        let out = render(
            text,
            &mut nodes,
            &|_| true,
            &|name| name == "kept",
            &|number| number,
        );
        for (number, range) in &out.mutants {
            let shown = &out.text[range.clone()];
            let replacement = &mutants[*number].replacement;
            assert!(shown.contains(replacement.as_str()), "{shown}");
        }
        out.text
    }

    #[test]
    fn operators_nest() {
        let text = "fn f() -> u8 { a + b * c }";
        let places = [
            (Genre::FnValue, 1, 16, "0"),
            (Genre::BinaryOperator, 1, 18, "-"),
            (Genre::BinaryOperator, 1, 22, "/"),
        ];
        assert_eq!(
            rendered(text, &places),
            "fn f() -> u8 { if mutant!(0) {return 0;} (if mutant!(1) {(a) - (b * c)} else {a + \
             (if mutant!(2) {(b) / (c)} else {b * c})}) }"
        );
    }

    #[test]
    fn arms_and_guards_change() {
        let text = "fn f() { match a { 1 => b, 2 if !c => d, _ => e } }";
        let places = [
            (Genre::MatchArm, 1, 20, ""),
            (Genre::MatchArm, 1, 28, ""),
            (Genre::MatchArmGuard, 1, 33, "true"),
            (Genre::UnaryOperator, 1, 33, ""),
        ];
        assert_eq!(
            rendered(text, &places),
            "fn f() { match a { 1 if !mutant!(0) => b, 2 if !mutant!(1) && (if mutant!(2) {true} else \
             {(if mutant!(3) {(c)} else {!c})}) => d, _ => e } }"
        );
    }

    #[test]
    fn fields_take_the_value_of_the_base() {
        let text = "fn f() { A { b, c: 1, ..d } }";
        let places = [
            (Genre::StructField, 1, 14, ""),
            (Genre::StructField, 1, 17, ""),
        ];
        assert_eq!(
            rendered(text, &places),
            "fn f() { A { b: (if mutant!(0) {(d).b} else {b}), c: (if mutant!(1) {(d).c} else {1}), ..d } }"
        );
    }

    #[test]
    fn constant_functions_become_ordinary_ones() {
        let text = "const fn kept() {}\nconst fn other() { const A: u8 = 1 + 1; }";
        let places = [(Genre::BinaryOperator, 2, 36, "-")];
        assert_eq!(
            rendered(text, &places),
            "const fn kept() {}\n fn other() { const A: u8 = 1 + 1; }"
        );
    }
}
