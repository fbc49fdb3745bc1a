//! Environment look-up: `NAME_<target>` before `NAME`, and cargo is told about every spelling.

use std::env;
use std::fmt;
use std::path::PathBuf;

use crate::target::Target;

/// A variable that is set, with the spelling that was found, so that an error can name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The variable's name as it was found, target suffix included.
    pub(crate) name: String,
    /// Its value, never empty.
    pub(crate) value: String,
}

impl Setting {
    /// The sentence for a wrong value: which variable, which value, what is wrong with it.
    pub(crate) fn wrong(&self, what: &str) -> String {
        format!("{self}: {what}")
    }

    /// The value as a path.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(&self.value)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// The names under which `name` is looked up, in this order.
pub(crate) fn spellings(name: &str, triple: &str) -> [String; 4] {
    // A shell takes no dash or dot in a name, so both ways to write the target are accepted.
    let underscored = triple.replace(['-', '.'], "_");
    [
        format!("{name}_{underscored}"),
        format!("{name}_{triple}"),
        format!("{name}_{}", underscored.to_uppercase()),
        name.to_owned(),
    ]
}

/// Looks `name` up for the target. An empty value is the same as none.
pub(crate) fn lookup(name: &str, target: &Target) -> Result<Option<Setting>, String> {
    let spellings = spellings(name, &target.triple);
    for spelling in &spellings {
        println!("cargo::rerun-if-env-changed={spelling}");
    }
    for name in spellings {
        match env::var(&name) {
            Ok(value) if value.is_empty() => {}
            Ok(value) => return Ok(Some(Setting { name, value })),
            Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(value)) => {
                return Err(format!(
                    "{name}={}: the value is not valid unicode",
                    value.to_string_lossy()
                ));
            }
        }
    }
    Ok(None)
}

/// A variable that names a folder, which must exist. `holds` says what is expected in it.
pub(crate) fn folder(name: &str, holds: &str, target: &Target) -> Result<Option<Setting>, String> {
    let Some(setting) = lookup(name, target)? else {
        return Ok(None);
    };
    let path = setting.path();
    if path.is_relative() {
        // It would be taken relative to this crate's source, which is nowhere that a user knows.
        Err(setting.wrong(&format!(
            "expected the absolute path of the folder that holds {holds}"
        )))
    } else if !path.is_dir() {
        Err(setting.wrong(&format!(
            "no such folder; expected the one that holds {holds}"
        )))
    } else {
        Ok(Some(setting))
    }
}

/// A switch: `1` or `0`, nothing else.
pub(crate) fn switch(name: &str, target: &Target) -> Result<Option<bool>, String> {
    let Some(setting) = lookup(name, target)? else {
        return Ok(None);
    };
    match setting.value.as_str() {
        "1" => Ok(Some(true)),
        "0" => Ok(Some(false)),
        _ => Err(setting.wrong("expected 1 (link libpcap statically) or 0 (dynamically)")),
    }
}
