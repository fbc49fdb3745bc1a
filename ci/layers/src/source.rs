//! A file, token by token.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::graph::Graph;
use crate::module::Module;
use crate::table::{LINES_ABOVE_UNSAFE, MOST_CODE_LINES};

/// What conditions on the operating system ask for.
const SYSTEM: [&str; 6] = [
    "target_os",
    "target_family",
    "target_vendor",
    "target_env",
    "unix",
    "windows",
];

/// A file of Rust.
pub(crate) struct Source {
    name: String,
    lines: Vec<String>,
    tokens: TokenStream,
}

impl Source {
    /// Reads the text of a file.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Source, String> {
        let name = path.display().to_string();
        let tokens = text
            .parse()
            .map_err(|error| format!("cannot read the tokens of {name}: {error}"))?;
        let lines = text.lines().map(str::to_owned).collect();
        Ok(Source {
            name,
            lines,
            tokens,
        })
    }

    /// Returns the number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// Checks the file as a module, and adds what it imports to the graph.
    pub(crate) fn check(&self, module: &Module, graph: &mut Graph, faults: &mut Vec<String>) {
        if module.top != "lib" {
            graph.add_module(&module.top);
        }
        let code = self.code_lines();
        if code >= MOST_CODE_LINES {
            faults.push(format!(
                "{}:1: {code} lines of code, expected fewer than {MOST_CODE_LINES}",
                self.name
            ));
        }
        let mut walk = Walk {
            source: self,
            module,
            graph,
            faults,
        };
        walk.stream(&self.tokens, module.depth);
    }

    /// Counts the lines with code: neither blank, nor comments, nor the tests at the end.
    fn code_lines(&self) -> usize {
        let tests = self
            .lines
            .iter()
            .position(|line| line.starts_with("#[cfg(test)]"));
        let mut lines = BTreeSet::new();
        self.add_code_lines(&self.tokens, &mut lines);
        lines.range(..=tests.unwrap_or(self.lines.len())).count()
    }

    fn add_code_lines(&self, stream: &TokenStream, lines: &mut BTreeSet<usize>) {
        for token in stream.clone() {
            let span = match &token {
                TokenTree::Group(group) => {
                    self.add_code_lines(&group.stream(), lines);
                    let open = group.span_open();
                    if !self.is_comment(open) {
                        lines.extend([open.start().line, group.span_close().start().line]);
                    }
                    continue;
                }
                token => token.span(),
            };
            // Documentation becomes attributes, with the place of the comment.
            if !self.is_comment(span) {
                lines.extend(span.start().line..=span.end().line);
            }
        }
    }

    /// Returns whether a token was made of a comment.
    fn is_comment(&self, span: proc_macro2::Span) -> bool {
        let start = span.start();
        let line = &self.lines[start.line - 1];
        let rest: String = line.chars().skip(start.column).take(2).collect();
        rest == "//" || rest == "/*"
    }
}

/// A walk through the tokens of a file.
struct Walk<'a> {
    source: &'a Source,
    module: &'a Module,
    graph: &'a mut Graph,
    faults: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// Checks tokens from where `depth` times `super` leads to the root of the crate.
    fn stream(&mut self, stream: &TokenStream, depth: usize) {
        let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let before = &tokens[..at];
            let after = &tokens[at + 1..];
            match token {
                TokenTree::Group(group) => {
                    // A module inside the file is one `super` deeper.
                    let inner = matches!(before, [.., module, _] if is(module, "mod"));
                    self.stream(&group.stream(), depth + usize::from(inner));
                    if before
                        .last()
                        .is_some_and(|last| is(last, "#") || is(last, "!"))
                    {
                        self.attribute(group, after);
                    }
                }
                TokenTree::Ident(name) if name == "crate" => {
                    if let Some(rest) = path_after(&tokens[at..], "crate") {
                        self.imports(rest);
                    }
                }
                TokenTree::Ident(name) if name == "super" => {
                    let first = !before.last().is_some_and(|last| is(last, ":"));
                    let rest = from_root(&tokens[at..], depth).filter(|_| first);
                    if let Some(rest) = rest {
                        self.imports(rest);
                    }
                }
                TokenTree::Ident(name)
                    if name == "pcap_sys" && !self.module.may_name_pcap_sys() =>
                {
                    self.fault(token, "names pcap_sys, which only `sys` may");
                }
                TokenTree::Ident(name) if name == "unsafe" => self.unsafe_code(token, after),
                // The macro: `cfg!(unix)`.
                TokenTree::Ident(name) if name == "cfg" => match after {
                    [bang, TokenTree::Group(condition), ..]
                        if is(bang, "!") && asks_the_system(condition) =>
                    {
                        self.system(token);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    /// Checks the conditions of an attribute: `#[cfg(unix)]`, `#[cfg_attr(unix, path = "…")]`.
    fn attribute(&mut self, attribute: &Group, after: &[TokenTree]) {
        let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
        match tokens.as_slice() {
            [name, TokenTree::Group(condition), ..]
                if (is(name, "cfg") || is(name, "cfg_attr"))
                    && asks_the_system(condition)
                    && !declares_module(after) =>
            {
                self.system(name);
            }
            _ => {}
        }
    }

    fn system(&mut self, token: &TokenTree) {
        if !self.module.may_ask_the_system() {
            self.fault(
                token,
                "depends on the operating system, which only `sys`, `os` and declarations of modules may",
            );
        }
    }

    /// Adds what a path from the root goes on with: a name, or several in braces.
    fn imports(&mut self, rest: &[TokenTree]) {
        match rest.first() {
            Some(TokenTree::Ident(name)) => {
                let place = self.place(&rest[0]);
                if self.module.top != "lib" {
                    let name = name.to_string();
                    self.graph
                        .add_import(&self.module.top, name.trim_start_matches("r#"), place);
                }
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let names: Vec<TokenTree> = group.stream().into_iter().collect();
                for path in names.split(|token| is(token, ",")) {
                    self.imports(path);
                }
            }
            _ => {}
        }
    }

    /// Checks that an `unsafe` block or implementation has its reason above it.
    fn unsafe_code(&mut self, token: &TokenTree, after: &[TokenTree]) {
        let is_checked = match after.first() {
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            Some(token) => is(token, "impl"),
            None => false,
        };
        let line = token.span().start().line;
        let above = &self.source.lines[line.saturating_sub(LINES_ABOVE_UNSAFE + 1)..line];
        if is_checked && !above.iter().any(|line| line.contains("// SAFETY:")) {
            self.fault(token, "unsafe without `// SAFETY:` in the lines above");
        }
    }

    fn fault(&mut self, token: &TokenTree, text: &str) {
        self.faults.push(format!("{}: {text}", self.place(token)));
    }

    fn place(&self, token: &TokenTree) -> String {
        format!("{}:{}", self.source.name, token.span().start().line)
    }
}

/// Returns whether a token is this word or punctuation mark.
fn is(token: &TokenTree, text: &str) -> bool {
    match token {
        TokenTree::Ident(name) => name == text,
        TokenTree::Punct(mark) => text.len() == 1 && text.starts_with(mark.as_char()),
        _ => false,
    }
}

/// Returns what follows `name::` at the beginning of a path.
fn path_after<'a>(path: &'a [TokenTree], name: &str) -> Option<&'a [TokenTree]> {
    match path {
        [first, a, b, rest @ ..] if is(first, name) && is(a, ":") && is(b, ":") => Some(rest),
        _ => None,
    }
}

/// Returns what follows `super::` in a path that reaches the root of the crate, which is `depth` levels above.
fn from_root(mut path: &[TokenTree], depth: usize) -> Option<&[TokenTree]> {
    let mut ups = 0;
    while let Some(rest) = path_after(path, "super") {
        ups += 1;
        path = rest;
    }
    (ups > 0 && ups >= depth).then_some(path)
}

/// Returns whether a condition asks for the operating system, at any depth.
fn asks_the_system(condition: &Group) -> bool {
    condition.stream().into_iter().any(|token| match token {
        TokenTree::Group(group) => asks_the_system(&group),
        TokenTree::Ident(name) => SYSTEM.iter().any(|system| name == system),
        _ => false,
    })
}

/// Returns whether the tokens behind an attribute declare a module, after further attributes and `pub(…)`.
fn declares_module(mut after: &[TokenTree]) -> bool {
    loop {
        match after {
            [hash, TokenTree::Group(_), rest @ ..] if is(hash, "#") => after = rest,
            [visibility, TokenTree::Group(_), rest @ ..] if is(visibility, "pub") => after = rest,
            [visibility, rest @ ..] if is(visibility, "pub") => after = rest,
            [first, ..] => return is(first, "mod"),
            [] => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a file of these lines, and returns the faults.
    fn check(path: &str, text: &str) -> Vec<String> {
        checked(path, text).1
    }

    fn checked(path: &str, text: &str) -> (Graph, Vec<String>) {
        let mut graph = Graph::default();
        let mut faults = Vec::new();
        let path = Path::new(path);
        let source = Source::parse(path, text).expect("the test is Rust");
        source.check(&Module::of(path), &mut graph, &mut faults);
        (graph, faults)
    }

    /// Returns the modules that a file imports.
    fn imported(path: &str, text: &str) -> String {
        let (graph, _) = checked(path, text);
        let faults = graph.compare("");
        let names = faults
            .iter()
            .filter_map(|fault| fault.split_once("imports `")?.1.split_once('`'));
        names.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn paths_of_the_root_are_imports() {
        assert_eq!(imported("a.rs", "use crate::b::c;"), "b");
        assert_eq!(
            imported("a.rs", "use crate::{d::{e, f}, b::c, g};"),
            "b d g"
        );
        assert_eq!(imported("a.rs", "fn f() { m!(crate::r#b::c()) }"), "b");
        assert_eq!(
            imported(
                "a.rs",
                "use self::crate_::b; // crate::c\n/* crate::d */ /** crate::e */ fn f() {}"
            ),
            ""
        );
        assert_eq!(imported("a.rs", "const A: &str = r#\"crate::b\"#;"), "");
        assert_eq!(imported("lib.rs", "pub use crate::b::c;"), "");
    }

    #[test]
    fn super_leads_to_the_root() {
        assert_eq!(imported("a.rs", "use super::b::c;"), "b");
        assert_eq!(imported("a/x.rs", "use super::b::c;"), "");
        assert_eq!(imported("a/x.rs", "use super::super::b::c;"), "b");
        assert_eq!(
            imported(
                "a/mod.rs",
                "use super::b; mod tests { use super::c; use super::super::d; }"
            ),
            "b d"
        );
        assert_eq!(imported("a.rs", "use super::a::c;"), "");
    }

    #[test]
    fn only_sys_names_pcap_sys() {
        assert_eq!(check("sys/x.rs", "use pcap_sys::pcap_t;"), [""; 0]);
        assert_eq!(
            check("a.rs", "// pcap_sys\nuse pcap_sys::pcap_t;"),
            ["a.rs:2: names pcap_sys, which only `sys` may"]
        );
    }

    #[test]
    fn only_sys_and_os_ask_the_system() {
        let fault = "depends on the operating system, which only `sys`, `os` and declarations of modules may";
        for text in [
            "#[cfg(unix)]\nfn f() {}",
            "#[cfg(not(target_os = \"linux\"))]\n#[doc(hidden)]\npub fn f() {}",
            "#![cfg_attr(windows, allow(x))]",
            "fn f() { if cfg!(any(windows, x)) {} }",
        ] {
            assert_eq!(check("a.rs", text), [format!("a.rs:1: {fault}")], "{text}");
            assert_eq!(check("os/a.rs", text), [""; 0], "{text}");
        }
        for text in [
            "#[cfg(unix)]\nmod b;",
            "#[cfg(unix)]\n/// b\n#[path = \"b\"]\npub(crate) mod b;",
            "#[cfg(feature = \"unix\")]\nfn f() {}",
        ] {
            assert_eq!(check("a.rs", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn unsafe_code_has_its_reason() {
        let fault = "unsafe without `// SAFETY:` in the lines above";
        assert_eq!(
            check("a.rs", "fn f() { unsafe { g() } }"),
            [format!("a.rs:1: {fault}")]
        );
        assert_eq!(
            check("a.rs", "unsafe impl Send for A {}"),
            [format!("a.rs:1: {fault}")]
        );
        assert_eq!(
            check("a.rs", "// SAFETY: so\n\n\n\nunsafe impl Send for A {}"),
            [""; 0]
        );
        assert_eq!(
            check("a.rs", "// SAFETY: so\n\n\n\n\nunsafe impl Send for A {}").len(),
            1
        );
        assert_eq!(
            check("a.rs", "unsafe fn f() {}\nunsafe extern \"C\" {}"),
            [""; 0]
        );
    }

    #[test]
    fn code_is_counted_without_comments_and_tests() {
        let text = "//! A\n\n/// B\n/** C\n*/\nfn f() { // D\n    \"\n    \"\n}\n\n#[cfg(test)]\nmod tests {\n}\n";
        let source = Source::parse(Path::new("a.rs"), text).expect("the test is Rust");
        assert_eq!(source.code_lines(), 4);
        let long = "fn f() {}\n".repeat(500);
        assert_eq!(
            check("a.rs", &long),
            ["a.rs:1: 500 lines of code, expected fewer than 500"]
        );
    }
}
