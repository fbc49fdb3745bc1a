//! Looks up environment variables: `NAME_<target>` first, then `NAME`. cargo reruns the script if any spelling changes.

use std::env;
use std::fmt;
use std::path::PathBuf;

use crate::target::Target;

/// An environment variable that is set. `Display` writes it in the form `NAME=VALUE`, for errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The name of the variable that was found, including the target suffix.
    pub(crate) name: String,
    /// The value of the variable, which is never empty.
    pub(crate) value: String,
}

impl Setting {
    /// Formats the error for an invalid value: the name of the variable, its value, and the problem.
    pub(crate) fn wrong(&self, what: &str) -> String {
        format!("{self}: {what}")
    }

    /// Returns the value as a path.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(&self.value)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// Returns the spellings under which `name` is looked up, in order.
pub(crate) fn spellings(name: &str, triple: &str) -> [String; 4] {
    // Shells allow no dash or dot in a name, so both ways to write the target are accepted.
    let underscored = triple.replace(['-', '.'], "_");
    [
        format!("{name}_{underscored}"),
        format!("{name}_{triple}"),
        format!("{name}_{}", underscored.to_uppercase()),
        name.to_owned(),
    ]
}

/// Looks up `name` for the target. An empty value counts as unset.
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
                    "{name}={}: the value is not valid Unicode",
                    value.to_string_lossy()
                ));
            }
        }
    }
    Ok(None)
}

/// Looks up a variable whose value is the path of an existing directory. `holds` describes the expected content of
/// the directory.
pub(crate) fn folder(name: &str, holds: &str, target: &Target) -> Result<Option<Setting>, String> {
    let Some(setting) = lookup(name, target)? else {
        return Ok(None);
    };
    let path = setting.path();
    if path.is_relative() {
        // It would be relative to the directory of this crate's source, which users do not expect.
        Err(setting.wrong(&format!(
            "expected the absolute path of the directory that contains {holds}"
        )))
    } else if !path.is_dir() {
        Err(setting.wrong(&format!(
            "no such directory; expected the one that contains {holds}"
        )))
    } else {
        Ok(Some(setting))
    }
}

/// Looks up a switch: `1` or `0`, nothing else.
pub(crate) fn switch(name: &str, target: &Target) -> Result<Option<bool>, String> {
    let Some(setting) = lookup(name, target)? else {
        return Ok(None);
    };
    match setting.value.as_str() {
        "1" => Ok(Some(true)),
        "0" => Ok(Some(false)),
        _ if name == "LIBPCAP_STATIC" => {
            Err(setting.wrong("expected 1 (link libpcap statically) or 0 (dynamically)"))
        }
        _ => Err(setting.wrong("expected 1 or 0")),
    }
}
