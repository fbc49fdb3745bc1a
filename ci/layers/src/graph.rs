//! Which modules of the crate's root import which, and whether they may.

use std::collections::{BTreeMap, BTreeSet};

/// A place in a file, as `path:line`.
type Place = String;

/// Imports between top-level modules, with the source locations of each.
#[derive(Default)]
pub(crate) struct Graph {
    modules: BTreeSet<String>,
    imports: BTreeMap<(String, String), Vec<Place>>,
}

impl Graph {
    /// Adds a module that imports nothing yet.
    pub(crate) fn add_module(&mut self, name: &str) {
        self.modules.insert(name.to_owned());
    }

    /// Adds an import of a module by another one.
    pub(crate) fn add_import(&mut self, from: &str, to: &str, place: Place) {
        if from != to {
            let key = (from.to_owned(), to.to_owned());
            self.imports.entry(key).or_default().push(place);
        }
    }

    /// Returns the number of pairs of modules of which one imports the other.
    pub(crate) fn imports(&self) -> usize {
        self.imports.len()
    }

    /// Compares the imports with a table. Each line has a module and the modules that it may import; a line that begins
    /// with a space continues the previous one.
    pub(crate) fn compare(&self, table: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let table = table.replace(
            "
 ", " ",
        );
        let rows = table.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect::<Vec<_>>()))
        });
        let table: BTreeMap<&str, Vec<&str>> = rows.collect();
        for module in &self.modules {
            if !table.contains_key(module.as_str()) {
                faults.push(format!("the table has no module `{module}`"));
            }
        }
        for ((from, to), places) in &self.imports {
            if !self.modules.contains(to) {
                for place in places {
                    faults.push(format!(
                        "{place}: `{from}` imports `{to}` from the root of the crate: name its module"
                    ));
                }
            } else if !table
                .get(from.as_str())
                .is_none_or(|may| may.contains(&to.as_str()))
            {
                for place in places {
                    faults.push(format!("{place}: `{from}` may not import `{to}`"));
                }
            }
        }
        for (from, may) in &table {
            if !self.modules.contains(*from) {
                faults.push(format!("the table has `{from}`, which is no module"));
            }
            for to in may {
                if !self
                    .imports
                    .contains_key(&((*from).to_owned(), (*to).to_owned()))
                {
                    faults.push(format!(
                        "the table lets `{from}` import `{to}`, which it does not"
                    ));
                }
            }
        }
        faults.extend(
            self.cycles()
                .map(|cycle| format!("import cycle: {}", cycle.join(" → "))),
        );
        faults
    }

    /// Returns the cycle of each module that imports itself through others, the shortest, once per cycle.
    fn cycles(&self) -> impl Iterator<Item = Vec<&str>> {
        let shortest = self.modules.iter().filter_map(|module| self.cycle(module));
        // Each cycle is found from every module on it.
        shortest.filter(|cycle| cycle.iter().min() == cycle.first())
    }

    /// Returns the shortest way from a module back to itself.
    fn cycle<'a>(&'a self, start: &'a str) -> Option<Vec<&'a str>> {
        let mut ways = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut next = Vec::new();
            for way in ways {
                for to in self.imports_of(way[way.len() - 1]) {
                    let longer = [way.as_slice(), &[to]].concat();
                    if to == start {
                        return Some(longer);
                    }
                    if seen.insert(to) {
                        next.push(longer);
                    }
                }
            }
            ways = next;
        }
        None
    }

    fn imports_of<'a>(&'a self, module: &str) -> impl Iterator<Item = &'a str> {
        let imports = self.imports.keys().filter(move |(from, _)| from == module);
        imports.map(|(_, to)| to.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(imports: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in imports {
            graph.add_module(from);
            graph.add_module(to);
            graph.add_import(from, to, format!("{from}.rs:1"));
        }
        graph
    }

    #[test]
    fn what_the_table_has_passes() {
        let graph = graph(&[("b", "a"), ("c", "a"), ("c", "b"), ("c", "c")]);
        assert_eq!(graph.compare("a\nb a\nc a\n  b\n"), [""; 0]);
    }

    #[test]
    fn differences_from_the_table_are_faults() {
        let graph = graph(&[("b", "a"), ("c", "a")]);
        let expected = [
            "the table has no module `c`",
            "b.rs:1: `b` may not import `a`",
            "the table has `d`, which is no module",
            "the table lets `d` import `a`, which it does not",
        ];
        assert_eq!(graph.compare("a\nb\nd a\n"), expected);
    }

    #[test]
    fn a_cycle_is_reported_once() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]);
        assert_eq!(
            graph.compare("a b\nb c\nc a d\nd"),
            ["import cycle: a → b → c → a"]
        );
    }

    #[test]
    fn names_of_the_root_are_faults() {
        let mut graph = graph(&[("b", "a")]);
        graph.add_import("b", "Error", "b.rs:2".to_owned());
        let fault = "b.rs:2: `b` imports `Error` from the root of the crate: name its module";
        assert_eq!(graph.compare("a\nb a"), [fault]);
    }
}
