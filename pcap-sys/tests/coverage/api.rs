//! The public API of pcap-core, read from its sources: enough of Rust to find items, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's path, empty for the crate's root.
type Module = Vec<String>;

/// Something that is called by a type's name: a method, a constant, a variant.
#[derive(Debug)]
struct Member {
    of: Type,
    name: String,
    place: usize,
}

/// Where documentation is written, and what its search finds it by besides.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) shown: String,
    pub(crate) aliases: BTreeSet<String>,
}

/// What a path says, read from the left.
struct Parts<'p> {
    module: Module,
    name: &'p str,
    argument: Option<&'p str>,
    member: Option<&'p str>,
}

/// A type as an `impl` names it.
#[derive(Debug, Clone, PartialEq)]
struct Type {
    name: String,
    /// What stands in its angle brackets.
    argument: String,
    /// If that is a parameter, what the parameter has to implement.
    bounds: Option<Vec<String>>,
}

/// What a crate has.
#[derive(Debug, Default)]
pub(crate) struct Api {
    /// What each module has in public, by itself or from others, and which of it are modules.
    items: BTreeMap<Module, BTreeSet<String>>,
    modules: BTreeSet<Module>,
    members: Vec<Member>,
    /// The items that are `pub`, by the module that declares them, and where in `places` they are.
    declared: Vec<(Module, String, usize)>,
    places: Vec<Place>,
    /// How many aliases stand in the code, wherever that is.
    aliases: usize,
    traits: Vec<(String, Type)>,
    /// Every name in the code.
    names: BTreeSet<String>,
}

impl Api {
    /// Reads a folder of sources; `None` if it is not there.
    pub(crate) fn read(src: &Path) -> Option<Api> {
        let mut api = Api::default();
        if !src.join("lib.rs").is_file() {
            return None;
        }
        api.read_folder(src, &Vec::new());
        Some(api)
    }

    fn read_folder(&mut self, folder: &Path, module: &Module) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("a readable folder").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let stem = stem.expect("a file with a name").to_owned();
            let mut inner = module.clone();
            if path.is_dir() {
                inner.push(stem);
                self.read_folder(&path, &inner);
                continue;
            }
            if stem != "mod" && stem != "lib" {
                inner.push(stem);
            }
            self.add(
                &fs::read_to_string(&path).expect("a source is text"),
                &inner,
            );
        }
    }

    /// Adds a source file.
    pub(crate) fn add(&mut self, text: &str, module: &Module) {
        let tokens = lex(text);
        let is_alias = |three: &&[String]| three.concat() == "doc(alias";
        self.aliases += tokens.windows(3).filter(is_alias).count();
        self.items(&tokens, module);
    }

    /// Whether its code has that name anywhere.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Why a path is none of this API: `Device::list`, `Capture<Active>::stats`, `lookup::port`,
    /// `<Filter as Display>`.
    pub(crate) fn resolve(&self, path: &str) -> Result<(), String> {
        if let Some((ty, of)) = path
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .and_then(|inner| inner.split_once(" as "))
        {
            self.resolve(ty)?;
            let found = self
                .traits
                .iter()
                .any(|(name, t)| name == of && Some(t.name.as_str()) == ty.rsplit("::").next());
            return found
                .then_some(())
                .ok_or(format!("{ty} does not implement {of}"));
        }
        let Some(parts) = self.parts(path)? else {
            return Ok(());
        };
        let Parts { module, name, .. } = &parts;
        if !self.has(module, name) {
            return Err(format!("no public {name} in {}", shown(module)));
        }
        match parts.member {
            Some(member) if self.members_of_parts(&parts).is_empty() => {
                let end = path.len() - "::".len() - member.len();
                let first = path[..end].rsplit("::").next().unwrap_or_default();
                Err(format!("{first} has no public {member}"))
            }
            // The argument of a type alone is not looked at.
            _ => Ok(()),
        }
    }

    /// The parts of a path; `None` if nothing is left of it.
    fn parts<'p>(&self, path: &'p str) -> Result<Option<Parts<'p>>, String> {
        let mut segments: Vec<&str> = path.split("::").collect();
        let mut module = Module::new();
        while let Some(first) = segments.first() {
            let mut inner = module.clone();
            inner.push((*first).to_owned());
            // A function may have the name of a module that is not public, as `version`.
            let is_item = segments.len() == 1 && self.has(&module, first);
            if is_item || !self.modules.contains(&inner) {
                break;
            }
            if !self.has(&module, first) {
                return Err(format!("the module {first} is not public"));
            }
            module = inner;
            segments.remove(0);
        }
        let (first, member) = match segments[..] {
            [] => return Ok(None),
            [first] => (first, None),
            [first, member] => (first, Some(member)),
            _ => return Err(format!("there is no module {}", segments[0])),
        };
        let (name, argument) = match first.split_once('<') {
            Some((name, rest)) => (name, rest.strip_suffix('>')),
            None => (first, None),
        };
        Ok(Some(Parts {
            module,
            name,
            argument,
            member,
        }))
    }

    fn members_of_parts(&self, parts: &Parts<'_>) -> Vec<&Member> {
        let of_this =
            |ty: &Type| ty.name == parts.name && parts.argument.is_none_or(|a| self.fits(ty, a));
        let is_it = |m: &&Member| Some(m.name.as_str()) == parts.member && of_this(&m.of);
        self.members.iter().filter(is_it).collect()
    }

    /// The places that a path names. Without an argument, `Capture::precision`, it is the call of all
    /// arguments if there is one; for an implementation of a trait, which can have no alias, its type.
    pub(crate) fn places(&self, path: &str) -> BTreeSet<usize> {
        let ty = path
            .strip_prefix('<')
            .and_then(|rest| rest.split_once(" as "));
        let path = ty.map_or(path, |(ty, _)| ty);
        let Ok(Some(parts)) = self.parts(path) else {
            return BTreeSet::new();
        };
        if parts.member.is_some() {
            let mut members = self.members_of_parts(&parts);
            let is_general = |m: &&Member| m.of.bounds.is_some();
            if parts.argument.is_none() && members.iter().any(is_general) {
                members.retain(is_general);
            }
            return members.iter().map(|m| m.place).collect();
        }
        // Declared there, or in a part of it and brought there by a `use`.
        let inside = |module: &Module| module.starts_with(&parts.module);
        let mut found = self.declared.clone();
        found.retain(|(module, name, _)| name == parts.name && inside(module));
        if found.iter().any(|(module, ..)| *module == parts.module) {
            found.retain(|(module, ..)| *module == parts.module);
        }
        found.into_iter().map(|(.., place)| place).collect()
    }

    /// Everything that documentation is written of.
    pub(crate) fn all_places(&self) -> &[Place] {
        &self.places
    }

    /// How many aliases stand where no public item is, so that nothing has them.
    pub(crate) fn lost_aliases(&self) -> usize {
        let there: usize = self.places.iter().map(|place| place.aliases.len()).sum();
        self.aliases.saturating_sub(there)
    }

    fn place(&mut self, shown: String, aliases: &mut Vec<String>) -> usize {
        let aliases = aliases.drain(..).collect();
        self.places.push(Place { shown, aliases });
        self.places.len() - 1
    }

    fn member(&mut self, of: &Type, name: &str, aliases: &mut Vec<String>) {
        let shown = match of.argument.as_str() {
            "" => format!("{}::{name}", of.name),
            argument => format!("{}<{argument}>::{name}", of.name),
        };
        let place = self.place(shown, aliases);
        self.members.push(Member {
            of: of.clone(),
            name: name.to_owned(),
            place,
        });
    }

    fn has(&self, module: &Module, name: &str) -> bool {
        self.items
            .get(module)
            .is_some_and(|items| items.contains(name))
    }

    /// Whether what is written for a type is there with this argument.
    fn fits(&self, ty: &Type, argument: &str) -> bool {
        let implements = |of: &String| {
            self.traits
                .iter()
                .any(|(name, t)| name == of && (t.name == argument))
        };
        match &ty.bounds {
            None => ty.argument == argument,
            Some(bounds) => bounds.iter().all(implements),
        }
    }

    fn public(&mut self, module: &Module, name: &str) {
        let items = self.items.entry(module.clone()).or_default();
        items.insert(name.to_owned());
    }

    /// Reads the items of a file or an inline module.
    fn items(&mut self, tokens: &[String], module: &Module) {
        let mut at = 0;
        let (mut is_pub, mut is_test) = (false, false);
        let mut aliases = Vec::new();
        while at < tokens.len() {
            let token = |n: usize| tokens.get(at + n).map_or("", String::as_str);
            let start = at;
            match token(0) {
                "#" => {
                    at = past(tokens, at + 1 + usize::from(token(1) == "!"));
                    is_test |= tokens[start..at].concat() == "#[cfg(test)]";
                    aliases.extend(aliases_of(&tokens[start..at]));
                    continue;
                }
                "pub" => {
                    is_pub = token(1) != "(";
                    at = if is_pub { at + 1 } else { past(tokens, at + 1) };
                    continue;
                }
                "unsafe" | "async" | "extern" | "const"
                    if ["fn", "unsafe", "extern", "impl", "trait"].contains(&token(1))
                        || token(1).starts_with('"') =>
                {
                    at += 1;
                    continue;
                }
                text if text.starts_with('"') => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let body = body(tokens, at);
            at = body.end;
            let mut aliases = std::mem::take(&mut aliases);
            if std::mem::take(&mut is_test) {
                is_pub = false;
                continue;
            }
            self.names.extend(tokens[start..at].iter().cloned());
            let inside = &tokens[body.start..body.end];
            let name = tokens.get(start + 1).map_or("", String::as_str);
            match tokens[start].as_str() {
                "mod" => {
                    let mut inner = module.clone();
                    inner.push(name.to_owned());
                    self.modules.insert(inner.clone());
                    if inside.len() > 1 {
                        self.items(trimmed(inside), &inner);
                    }
                }
                "enum" | "trait" => self.members_of(name, &tokens[start], trimmed(inside)),
                "impl" => self.implementation(&tokens[start + 1..body.start], trimmed(inside)),
                "use" if is_pub => {
                    for leaf in leaves(&tokens[start + 1..at]) {
                        self.public(module, &leaf);
                    }
                }
                _ => {}
            }
            let named = [
                "mod", "enum", "trait", "struct", "union", "type", "fn", "const", "static",
            ];
            if is_pub && named.contains(&tokens[start].as_str()) {
                self.public(module, name);
                if tokens[start] != "mod" {
                    let mut path = module.clone();
                    path.push(name.to_owned());
                    let place = self.place(path.join("::"), &mut aliases);
                    self.declared.push((module.clone(), name.to_owned(), place));
                }
            }
            is_pub = false;
        }
    }

    /// The variants of an enumeration, or the functions of a trait.
    fn members_of(&mut self, name: &str, kind: &str, inside: &[String]) {
        let of = Type {
            name: name.to_owned(),
            argument: String::new(),
            bounds: Some(Vec::new()),
        };
        let mut at = 0;
        let mut begins = true;
        let mut aliases = Vec::new();
        while at < inside.len() {
            match inside[at].as_str() {
                "#" => {
                    let end = past(inside, at + 1);
                    aliases.extend(aliases_of(&inside[at..end]));
                    at = end;
                }
                "(" | "{" | "[" => at = past(inside, at),
                "," => (begins, at) = (true, at + 1),
                "fn" if kind == "trait" => {
                    self.member(&of, &inside[at + 1], &mut aliases);
                    at += 2;
                }
                name => {
                    if begins && kind == "enum" {
                        self.member(&of, name, &mut aliases);
                    }
                    (begins, at) = (false, at + 1);
                }
            }
        }
    }

    fn implementation(&mut self, head: &[String], inside: &[String]) {
        let mut head = head;
        let mut parameters = BTreeMap::new();
        if head.first().is_some_and(|token| token == "<") {
            let end = angle(head, 0);
            for parameter in head[1..end - 1].split(|token| token == ",") {
                let Some((name, bounds)) = parameter.split_first() else {
                    continue;
                };
                let bounds = bounds.iter().filter(|bound| *bound != ":" && *bound != "+");
                parameters.insert(name.clone(), bounds.cloned().collect::<Vec<_>>());
            }
            head = &head[end..];
        }
        let head = head
            .split(|token| token == "where")
            .next()
            .unwrap_or_default();
        let (of, ty) = match head.iter().position(|token| token == "for") {
            Some(at) => (Some(&head[..at]), &head[at + 1..]),
            None => (None, head),
        };
        let (name, argument) = named(ty);
        let bounds = parameters.get(&argument).cloned();
        let ty = Type {
            name,
            argument,
            bounds,
        };
        if let Some(of) = of {
            self.traits.push((named(of).0, ty));
            return;
        }
        let mut at = 0;
        let mut is_pub = false;
        let mut aliases = Vec::new();
        while at < inside.len() {
            match inside[at].as_str() {
                "#" => {
                    let end = past(inside, at + 1);
                    aliases.extend(aliases_of(&inside[at..end]));
                    at = end;
                }
                "pub" if inside.get(at + 1).is_some_and(|token| token == "(") => {
                    at = past(inside, at + 1);
                }
                "pub" => (is_pub, at) = (true, at + 1),
                "const" | "unsafe" | "async"
                    if ["fn", "unsafe"].contains(&inside[at + 1].as_str()) =>
                {
                    at += 1;
                }
                "fn" | "const" | "type" => {
                    if is_pub {
                        self.member(&ty, &inside[at + 1], &mut aliases);
                    }
                    (is_pub, aliases) = (false, Vec::new());
                    at = body(inside, at).end;
                }
                _ => at += 1,
            }
        }
    }
}

fn shown(module: &Module) -> String {
    match module.is_empty() {
        true => "the crate's root".to_owned(),
        false => module.join("::"),
    }
}

/// The strings in `#[doc(alias = "…")]`.
fn aliases_of(attribute: &[String]) -> Vec<String> {
    if !attribute.concat().starts_with("#[doc(alias") {
        return Vec::new();
    }
    let text = |token: &String| Some(token.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    attribute.iter().filter_map(text).collect()
}

/// The last name of a path, and what is in its angle brackets.
fn named(path: &[String]) -> (String, String) {
    let end = path.iter().position(|token| token == "<");
    let names = &path[..end.unwrap_or(path.len())];
    let argument = end.map_or(String::new(), |end| {
        let inner = &path[end + 1..angle(path, end) - 1];
        inner
            .iter()
            .filter(|token| !token.starts_with('\''))
            .cloned()
            .collect()
    });
    (names.last().cloned().unwrap_or_default(), argument)
}

/// The names that a `use` brings.
fn leaves(tokens: &[String]) -> Vec<String> {
    let ends = |token: &str| [",", "}", ";"].contains(&token);
    let pairs = tokens
        .windows(2)
        .filter(|pair| ends(&pair[1]) && !ends(&pair[0]));
    pairs.map(|pair| pair[0].clone()).collect()
}

/// What stands inside the outermost braces.
fn trimmed(body: &[String]) -> &[String] {
    match body.len() {
        0 | 1 => &[],
        n => &body[1..n - 1],
    }
}

/// Where an item's braces are, or an empty place at its semicolon.
fn body(tokens: &[String], start: usize) -> std::ops::Range<usize> {
    let mut at = start;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "(" | "[" => at = past(tokens, at),
            "{" if tokens[start] != "use" => return at..past(tokens, at),
            ";" => return at + 1..at + 1,
            _ => at += 1,
        }
    }
    at..at
}

/// Past the bracket that closes the one here.
fn past(tokens: &[String], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The same for angle brackets.
fn angle(tokens: &[String], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "<" => depth += 1,
            ">" if tokens[at - 1] != "-" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Names, lifetimes, `::`, single punctuation marks and plain strings; other literals are `""`, and comments are skipped.
fn lex(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let word = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (length, token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if let Some(length) = literal(rest) {
            let plain = first == '"';
            let text = if plain { &rest[..length] } else { "\"\"" };
            (length, Some(text.to_owned()))
        } else if first == '\'' {
            let name = rest[1..].find(|c| !is_name(c)).unwrap_or(rest.len() - 1);
            (1 + name, Some(rest[..1 + name].to_owned()))
        } else if word > 0 {
            (word, Some(rest[..word].to_owned()))
        } else if rest.starts_with("::") {
            (2, Some("::".to_owned()))
        } else {
            (first.len_utf8(), Some(first.to_string()))
        };
        tokens.extend(token);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The length of the text or the character literal here.
fn literal(text: &str) -> Option<usize> {
    let quoted = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - quoted.len();
    if let Some(raw) = quoted.strip_prefix('r') {
        let inner = raw.trim_start_matches('#');
        let end = format!("\"{}", "#".repeat(raw.len() - inner.len()));
        let inside = inner.strip_prefix('"')?;
        let start = text.len() - inside.len();
        return Some(start + inside.find(&end)? + end.len());
    }
    let mark = quoted.chars().next()?;
    if mark == '\'' {
        let mut inside = quoted[1..].chars();
        let is_literal = match inside.next()? {
            '\\' => true,
            c => inside.next() == Some('\'') && c != '\'',
        };
        if !is_literal {
            return None;
        }
    } else if mark != '"' {
        return None;
    }
    let mut escaped = false;
    for (at, c) in quoted.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return Some(prefix + at + 1),
            _ => {}
        }
    }
    None
}
