//! The headers of the Linux kernel, which libpcap needs. Some C libraries for cross builds, such as Debian's musl, lack
//! them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::target::Target;

/// A program that includes headers of the kernel.
pub(super) const PROGRAM: &str = "#include <linux/if_packet.h>\n#include <linux/filter.h>\n";

/// Creates a directory with links to the kernel's headers of the build machine, and returns it. Returns `None` if the
/// build machine has another processor than the target, or lacks the headers.
pub(super) fn headers(target: &Target, out_dir: &Path) -> Option<PathBuf> {
    let machine = |triple: &str| triple.split('-').next().map(str::to_owned);
    if machine(&target.host) != machine(&target.triple) || !target.host.contains("-linux") {
        return None;
    }
    let include = Path::new("/usr/include");
    // On Debian, each processor has a directory, such as /usr/include/i386-linux-gnu.
    let triple = target.gnu_triple();
    let prefix = match target.arch.as_str() {
        "x86" => "i386-linux-".to_owned(),
        _ => format!("{}-linux-", triple.split('-').next().unwrap_or_default()),
    };
    let asm = fs::read_dir(include)
        .ok()?
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let is_ours = folder.file_name()?.to_str()?.starts_with(&prefix);
            is_ours.then(|| folder.join("asm"))
        })
        .chain([include.join("asm")])
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
