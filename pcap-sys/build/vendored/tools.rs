//! The target's C compiler and its tools, as commands for a shell.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::kernel;
use crate::compiler::Compiler;
use crate::report;
use crate::target::Target;

/// The commands, for the variables of the same meaning of `configure`.
pub(super) struct Tools {
    /// `CC`, with all flags.
    pub(super) compiler: OsString,
    /// `AR`.
    pub(super) archiver: OsString,
    /// `RANLIB`.
    pub(super) indexer: OsString,
}

impl Tools {
    /// Finds the tools, as the `cc` crate does. The commands are for a shell in the directory `tree`.
    pub(super) fn of(target: &Target, out_dir: &Path, tree: &Path) -> Result<Tools, String> {
        let missing = |reason: String| {
            format!(
                "cannot build libpcap: no C compiler for {} works ({reason})",
                target.triple
            )
        };
        let compiler = Compiler::new(target, out_dir)
            .and_then(|compiler| compiler.for_system(target))
            .and_then(|compiler| compiler.check().map(|()| compiler))
            .map_err(missing)?;
        let mut build = cc::Build::new();
        // Programs are position-independent. Without optimization, filters would be slow.
        build
            .cargo_warnings(false)
            .opt_level(2)
            .pic(true)
            .warnings(false);
        let failed = |error: cc::Error| missing(error.to_string());
        let mut command = build.try_get_compiler().map_err(failed)?.to_command();
        if target.os == "linux" {
            let flags = env::var("CPPFLAGS").unwrap_or_default();
            let flags = flags.split_whitespace().map(str::to_owned);
            if let Err(said) = compiler.accepts(kernel::PROGRAM, flags) {
                let headers = kernel::headers(target, out_dir).ok_or_else(|| {
                    format!(
                        "cannot build libpcap: the C compiler for {0} cannot read the headers of the Linux kernel \
                         (linux/if_packet.h): install them, or add `-idirafter DIRECTORY` to CFLAGS_{1}{2}",
                        target.triple,
                        target.triple.replace('-', "_"),
                        report::said(&said)
                    )
                })?;
                command.arg("-idirafter").arg(headers);
            }
        }
        // rustc's linker cannot read what gcc or clang would leave to the linker.
        if compiler.accepts("", ["-fno-lto".to_owned()]).is_ok() {
            command.arg("-fno-lto");
        }
        let archiver = build.try_get_archiver().map_err(failed)?;
        let indexer = build.try_get_ranlib().map_err(failed)?;
        for (tool, what) in [(&archiver, "the archiver"), (&indexer, "ranlib")] {
            let name = tool.get_program().to_string_lossy();
            // Not all of them know the option.
            Command::new(tool.get_program())
                .arg("--version")
                .output()
                .map_err(|error| {
                    format!("cannot build libpcap: cannot run {what} {name}: {error}")
                })?;
        }
        Ok(Tools {
            compiler: in_shell(&command, tree, "compiler.sh")?,
            archiver: in_shell(&archiver, tree, "archiver.sh")?,
            indexer: in_shell(&indexer, tree, "indexer.sh")?,
        })
    }
}

/// Returns a command as text that a shell splits into words. If words contain spaces or quotes, writes a script to the
/// directory `tree`, and returns a command that runs the script.
fn in_shell(command: &Command, tree: &Path, script: &str) -> Result<OsString, String> {
    let words: Vec<&OsStr> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .collect();
    if words.iter().all(|word| is_plain(word)) {
        return Ok(words.join(OsStr::new(" ")));
    }
    let quoted = words
        .iter()
        .map(|word| word.to_string_lossy().replace('\'', "'\\''"));
    let line: String = quoted.map(|word| format!("'{word}' ")).collect();
    let path = tree.join(script);
    fs::write(&path, format!("exec {line}\"$@\"\n"))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(format!("sh ./{script}").into())
}

/// Returns whether a shell reads a word as it is.
fn is_plain(word: &OsStr) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+,./:@%".contains(&byte);
    !word.is_empty() && word.as_encoded_bytes().iter().all(|byte| is_plain(*byte))
}
