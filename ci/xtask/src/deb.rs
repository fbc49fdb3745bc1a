//! A Debian package of the programs, made from a folder with what `ci/install-programs` installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Package};
use crate::{Result, unexpected};

/// The name of the package.
const NAME: &str = "pcap-examples";

const DESCRIPTION: &str = "\
Description: programs that capture, read, filter and send packets with libpcap
 Small programs, each for one task, whose output other programs can read:
 pcap-devices lists capture devices, pcap-capture captures, pcap-top shows
 traffic on a full screen, pcap-stats counts protocols and conversations,
 pcap-read prints savefiles, pcap-info describes them, pcap-filter,
 pcap-split, pcap-merge and pcap-recode convert them, pcap-replay sends one
 on a device, and pcap-bpf compiles filters.
 .
 Savefiles may be classic or pcapng, optionally compressed with gzip, zstd or
 lz4.
";

const README: &str = "\
The right to capture
====================

Only root may capture and send with the installed programs. To grant the right to the members of a group (here pcap;
`adduser NAME pcap` adds a member):

    addgroup --system pcap
    for program in pcap-capture pcap-replay; do
        chgrp pcap /usr/bin/$program
        chmod 750 /usr/bin/$program
        setcap cap_net_raw,cap_net_admin+eip /usr/bin/$program
    done

setcap is in the package libcap2-bin. An upgrade undoes this; `dpkg-statoverride --add` keeps the group and the mode.
";

const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pcap-examples

Files: *
Copyright: 2026 the authors of this project
License: Expat or Apache-2.0
Comment:
 The programs contain code of these crates, each under its own license:
 .
";

const APACHE: &str = "
License: Apache-2.0
 On Debian systems the text of this license is in
 /usr/share/common-licenses/Apache-2.0.
";

/// Runs `cargo xtask deb FOLDER FILE` for `ci/package`, which sets SOURCE_DATE_EPOCH.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (stage, out) = match arguments {
        [stage, out] => (Path::new(stage), out),
        [_, _, argument, ..] => return Err(unexpected(argument)),
        _ => return Err("expected a folder and a file".to_owned()),
    };
    let root = command::root()?;
    let packages = command::packages(&root)?;
    let package = packages.into_iter().find(|package| package.name == NAME);
    let package = package.ok_or_else(|| format!("the workspace has no package {NAME}"))?;
    let epoch = variable("SOURCE_DATE_EPOCH").ok_or("SOURCE_DATE_EPOCH is not set")?;
    let maintainer = format!(
        "{} <{}>",
        variable("DEBFULLNAME").unwrap_or_else(|| "The authors of this project".to_owned()),
        variable("DEBEMAIL").unwrap_or_else(|| format!("{NAME}@localhost.localdomain")),
    );

    arrange(stage)?;
    let documents = stage.join("usr/share/doc").join(NAME);
    command::make_folder(&documents)?;
    command::write(&documents.join("README.Debian"), README)?;
    command::write(&documents.join("copyright"), &copyright(&root)?)?;
    let changes = changelog(&package, &maintainer, &epoch)?;
    command::write(&documents.join("changelog.Debian"), &changes)?;
    command::copy(&root.join("CHANGELOG.md"), &documents.join("changelog"))?;
    compress(&["changelog.Debian", "changelog"].map(|name| documents.join(name)))?;

    let metadata = stage.join("DEBIAN");
    let control = control(stage, &package, &maintainer)?;
    let sums = sums(stage)?;
    command::make_folder(&metadata)?;
    command::write(&metadata.join("control"), &control)?;
    command::write(&metadata.join("md5sums"), &sums)?;
    // dpkg-deb lowers times after SOURCE_DATE_EPOCH only; earlier ones would differ from build to build.
    let touch = [
        "-exec",
        "touch",
        "-h",
        "-d",
        &format!("@{epoch}"),
        "{}",
        "+",
    ];
    command::run(Command::new("find").arg(stage).args(touch))?;
    let build = ["--root-owner-group", "-Zxz", "--build"];
    command::output(Command::new("dpkg-deb").args(build).arg(stage).arg(out)).map(drop)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the paths of the installed programs.
fn programs(stage: &Path) -> Result<Vec<PathBuf>> {
    command::list(&stage.join("usr/bin"))
}

/// Brings the files into the form and to the places that Debian's policy wants.
fn arrange(stage: &Path) -> Result<()> {
    let options = [
        "--strip-unneeded",
        "--remove-section=.comment",
        "--remove-section=.note",
    ];
    command::run(Command::new("strip").args(options).args(programs(stage)?))?;
    compress(&command::list(&stage.join("usr/share/man/man1"))?)?;
    let zsh = stage.join("usr/share/zsh");
    fs::rename(zsh.join("site-functions"), zsh.join("vendor-completions"))
        .map_err(|error| format!("cannot rename the completions for zsh: {error}"))
}

/// Compresses files, without their names and times.
fn compress(files: &[PathBuf]) -> Result<()> {
    command::run(Command::new("gzip").arg("-9n").args(files))
}

/// Returns the control file.
fn control(stage: &Path, package: &Package, maintainer: &str) -> Result<String> {
    let architecture = command::output(Command::new("dpkg").arg("--print-architecture"))?;
    let mut kib = 0;
    for file in command::files(&stage.join("usr"))? {
        kib += command::size(&file)?.div_ceil(1024);
    }
    let head = format!(
        "Package: {NAME}\nVersion: {}-1\nArchitecture: {}\nMaintainer: {maintainer}\nInstalled-Size: {kib}\n",
        package.version,
        architecture.trim(),
    );
    let tail = "Suggests: libcap2-bin, tcpdump\nSection: net\nPriority: optional\n";
    Ok(format!(
        "{head}Depends: {}\n{tail}{DESCRIPTION}",
        depends(stage)?
    ))
}

/// Returns what the programs need to run, found by dpkg-shlibdeps in a folder that looks like a source package.
fn depends(stage: &Path) -> Result<String> {
    let folder = command::root()?.join("target/package/shlibs");
    command::empty_folder(&folder.join("debian"))?;
    let control = format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n");
    command::write(&folder.join("debian/control"), &control)?;
    let mut shlibdeps = Command::new("dpkg-shlibdeps");
    shlibdeps
        .args(["-O", "--ignore-missing-info"])
        .args(programs(stage)?);
    let found = command::quiet_output(shlibdeps.current_dir(&folder))?;
    command::remove_folder(&folder)?;
    let found = found
        .trim()
        .trim_start_matches("shlibs:Depends=")
        .to_owned();
    Ok(found
        .split(", ")
        .map(at_least_1_10)
        .collect::<Vec<_>>()
        .join(", "))
}

/// Raises libpcap's version to 1.10.0, the oldest tested one: all symbols in use are older.
fn at_least_1_10(dependency: &str) -> String {
    match dependency.split_once(" (>= ") {
        Some((name, version)) if name.starts_with("libpcap0.8") => {
            let mut numbers = version
                .split(['.', '-', ')'])
                .map_while(|text| text.parse().ok());
            let found: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            if found < (1, 10) {
                return format!("{name} (>= 1.10.0)");
            }
            dependency.to_owned()
        }
        _ => dependency.to_owned(),
    }
}

/// Returns the checksums of all files.
fn sums(stage: &Path) -> Result<String> {
    let mut files = command::files(&stage.join("usr"))?;
    files.sort_by_key(|file| file.display().to_string());
    let names = files
        .iter()
        .map(|file| file.strip_prefix(stage).unwrap_or(file));
    command::output(Command::new("md5sum").args(names).current_dir(stage))
}

/// Returns the licenses of everything in the programs.
fn copyright(root: &Path) -> Result<String> {
    let options = [
        "tree",
        "--locked",
        "--offline",
        "-p",
        NAME,
        "-e",
        "normal",
        "--prefix",
        "none",
    ];
    let tree = command::output(
        Command::new("cargo")
            .args(options)
            .args(["--format", "{p}|{l}"]),
    )?;
    let mut crates: Vec<String> = tree.lines().filter_map(crate_license).collect();
    crates.sort_unstable();
    crates.dedup();
    let license = command::read(&root.join("LICENSE-MIT"))?;
    let (_, license) = license.split_once("\nCopyright").unwrap_or(("", &license));
    let paragraphs = license.lines().skip(1).collect::<Vec<_>>().join("\n");
    let mut text = format!("{COPYRIGHT}{}\n\nLicense: Expat\n", crates.join("\n"));
    for line in paragraphs.trim().lines() {
        // A blank line would end the field.
        text += &format!(
            " {}\n",
            if line.is_empty() {
                "."
            } else {
                line.trim_start()
            }
        );
    }
    Ok(text + APACHE)
}

/// Returns a line for a crate from cargo's `NAME vVERSION (WHERE)|LICENSE (*)`, but for our own.
fn crate_license(line: &str) -> Option<String> {
    let (id, license) = line.trim_end_matches(" (*)").split_once('|')?;
    let id = id.split(" (").next()?;
    let ours = ["pcap-core ", "pcap-sys ", "pcap-examples "];
    (!ours.iter().any(|name| id.starts_with(name))).then(|| format!(" {id}: {license}"))
}

/// Returns Debian's changelog.
fn changelog(package: &Package, maintainer: &str, epoch: &str) -> Result<String> {
    let mut date = Command::new("date");
    date.env("LC_ALL", "C").args([
        "-u",
        "-d",
        &format!("@{epoch}"),
        "+%a, %d %b %Y %H:%M:%S +0000",
    ]);
    Ok(format!(
        "{NAME} ({}-1) unstable; urgency=medium\n\n  * Built by ci/package.\n\n -- {maintainer}  {}",
        package.version,
        command::output(&mut date)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpcap_is_at_least_the_oldest_tested_one() {
        assert_eq!(
            at_least_1_10("libpcap0.8 (>= 1.9.1)"),
            "libpcap0.8 (>= 1.10.0)"
        );
        assert_eq!(
            at_least_1_10("libpcap0.8t64 (>= 0.9.8)"),
            "libpcap0.8t64 (>= 1.10.0)"
        );
        assert_eq!(
            at_least_1_10("libpcap0.8 (>= 1.10.3-1)"),
            "libpcap0.8 (>= 1.10.3-1)"
        );
        assert_eq!(at_least_1_10("libc6 (>= 2.34)"), "libc6 (>= 2.34)");
    }

    #[test]
    fn licenses_are_read_from_cargo() {
        let license =
            crate_license("a v1.0.0 (proc-macro)|(MIT OR Apache-2.0) AND Unicode-3.0 (*)");
        assert_eq!(
            license.as_deref(),
            Some(" a v1.0.0: (MIT OR Apache-2.0) AND Unicode-3.0")
        );
        assert_eq!(
            crate_license("pcap-core v0.1.0 (/x)|MIT OR Apache-2.0"),
            None
        );
    }
}
