//! The headers of the Linux kernel, which libpcap needs, and which some C libraries for cross builds come without:
//! Debian's musl, for example.

use std::fs;
use std::path::{Path, PathBuf};

use crate::target::Target;

/// A program that includes headers of the kernel.
pub(super) const PROGRAM: &str = "#include <linux/if_packet.h>\n#include <linux/filter.h>\n";

/// Creates a directory with links to the kernel's headers of the build machine, and returns it. Returns `None` if the
/// build machine has another processor than the target, or lacks the headers.
pub(super) fn headers(target: &Target, out_dir: &Path) -> Option<PathBuf> {
    let (machine, _) = target.triple.split_once('-')?;
    if target.host.split_once('-')? != (machine, "unknown-linux-gnu") {
        return None;
    }
    let include = Path::new("/usr/include");
    let with_asm = [
        include.to_owned(),
        include.join(format!("{machine}-linux-gnu")),
    ];
    let asm = with_asm
        .iter()
        .map(|folder| folder.join("asm"))
        .find(|asm| asm.is_dir())?;
    let to = out_dir.join("kernel-headers");
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).ok()?;
    for (from, name) in [
        (include.join("linux"), "linux"),
        (include.join("asm-generic"), "asm-generic"),
        (asm, "asm"),
    ] {
        link(&from, &to.join(name))?;
    }
    Some(to)
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> Option<()> {
    std::os::unix::fs::symlink(from, to).ok()
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Option<()> {
    None
}
