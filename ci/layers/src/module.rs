//! The place of a file in the tree of modules.

use std::path::Path;

/// A module that is defined by a file.
pub(crate) struct Module {
    /// Name of the top-level module that contains it, or `lib` for the root.
    pub(crate) top: String,
    /// Depth below the root.
    pub(crate) depth: usize,
}

impl Module {
    /// Returns the module of a file: `capture/active/mod.rs` is in `capture`, two levels deep.
    pub(crate) fn of(path: &Path) -> Module {
        let path = path.with_extension("");
        let mut names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
        if names.last().is_some_and(|name| name == "mod") {
            names.pop();
        }
        let top = names.first().map_or_else(String::new, ToString::to_string);
        let depth = if top == "lib" { 0 } else { names.len() };
        Module { top, depth }
    }

    /// Returns whether code here may name `pcap_sys`.
    pub(crate) fn may_name_pcap_sys(&self) -> bool {
        self.top == "sys"
    }

    /// Returns whether code here may depend on the operating system.
    pub(crate) fn may_ask_the_system(&self) -> bool {
        self.top == "sys" || self.top == "os"
    }
}
