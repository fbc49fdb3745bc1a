//! The programs, optimized, with their manual pages and completions, where a package or a system has them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::{Result, unexpected};

/// The options of the command line.
struct Options {
    destdir: PathBuf,
    prefix: String,
    target_dir: PathBuf,
    vendor: Option<PathBuf>,
    /// Arguments for cargo.
    cargo: Vec<String>,
}

/// Runs `ci/install-programs`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments)?;
    // Now, not after minutes of building.
    let to = options.place("");
    command::make_folder(&to)?;
    if fs::metadata(&to).map_or(true, |folder| folder.permissions().readonly()) {
        return Err(format!("cannot write to {}", to.display()));
    }
    command::make_folder(&options.target_dir)?;
    options.target_dir = real(&options.target_dir)?;
    let built = build(&options)?;
    let pages = options.target_dir.join("pages");
    write_pages(&built, &pages)?;

    let mut count = 0;
    for page in command::list(&pages.join("man1"))? {
        let name = page
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let put = |mode, from: &Path, to: String| put(mode, from, &options.place(&to));
        put(0o755, &built.join(&name), format!("bin/{name}"))?;
        put(0o644, &page, format!("share/man/man1/{name}.1"))?;
        let bash = format!("share/bash-completion/completions/{name}");
        put(0o644, &pages.join(format!("bash/{name}")), bash)?;
        let zsh = format!("share/zsh/site-functions/_{name}");
        put(0o644, &pages.join(format!("zsh/_{name}")), zsh)?;
        let fish = format!("share/fish/vendor_completions.d/{name}.fish");
        put(0o644, &pages.join(format!("fish/{name}.fish")), fish)?;
        count += 1;
    }
    let schemas = command::root()?.join("pcap-examples/schema");
    for schema in command::list(&schemas)? {
        let name = schema.file_name().unwrap_or_default().to_string_lossy();
        let to = options.place(&format!("share/pcap-examples/schema/{name}"));
        put(0o644, &schema, &to)?;
    }
    eprintln!(
        "ci/install-programs: installed {count} programs in {}",
        options.place("bin").display()
    );
    Ok(())
}

impl Options {
    /// Reads the command line. Relative paths start at the folder where the script was called.
    fn read(arguments: &[String]) -> Result<Options> {
        let caller = env::var_os("CALLER").map_or_else(command::root, |path| Ok(path.into()))?;
        let mut options = Options {
            destdir: PathBuf::new(),
            prefix: "/usr/local".to_owned(),
            target_dir: command::root()?.join("target/package/build"),
            vendor: None,
            cargo: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                options.cargo = arguments.cloned().collect();
                break;
            }
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--destdir" => options.destdir = caller.join(value()?),
                "--prefix" => options.prefix = value()?.clone(),
                "--target-dir" => options.target_dir = caller.join(value()?),
                "--vendor" => options.vendor = Some(real(&caller.join(value()?))?),
                _ => return Err(unexpected(argument)),
            }
        }
        if !options.prefix.starts_with('/') {
            return Err(format!(
                "--prefix: expected an absolute path, found `{}`",
                options.prefix
            ));
        }
        Ok(options)
    }

    /// Returns the place of a file below the prefix.
    fn place(&self, file: &str) -> PathBuf {
        let mut place = self.destdir.as_os_str().to_owned();
        place.push(&self.prefix);
        Path::new(&place).join(file)
    }
}

/// Returns the path of a folder as cargo and rustc print it.
fn real(folder: &Path) -> Result<PathBuf> {
    folder
        .canonicalize()
        .map_err(|error| format!("cannot find {}: {error}", folder.display()))
}

/// Builds the programs and returns the folder where they are.
fn build(options: &Options) -> Result<PathBuf> {
    let built = options.target_dir.join("release");
    // If cargo does not make it again, the other programs are from an earlier build, too.
    let _ = fs::remove_file(built.join("manual"));
    eprintln!(
        "ci/install-programs: building in {}",
        options.target_dir.display()
    );
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--release",
        "--locked",
        "-p",
        "pcap-examples",
        "--features",
        "manual",
    ]);
    cargo.arg("--target-dir").arg(&options.target_dir);
    if let Some(vendor) = &options.vendor {
        cargo.args(["--offline", "--frozen"]);
        cargo.args(["--config", "source.crates-io.replace-with=\"vendored\""]);
        cargo
            .arg("--config")
            .arg(format!("source.vendored.directory={vendor:?}"));
    }
    cargo
        .args(&options.cargo)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(options)?);
    command::run(&mut cargo)?;
    if !built.join("manual").exists() {
        return Err(format!(
            "cargo did not put the programs into {}: its arguments or configuration set another target or profile",
            built.display()
        ));
    }
    Ok(built)
}

/// Returns the flags for rustc: the user's, those for the linker, and no path of this machine in the programs.
fn flags(options: &Options) -> Result<OsString> {
    let variable = |name| env::var(name).unwrap_or_default();
    let mut flags: Vec<String> = match env::var("CARGO_ENCODED_RUSTFLAGS") {
        Ok(flags) if !flags.is_empty() => flags.split('\x1f').map(str::to_owned).collect(),
        _ => variable("RUSTFLAGS")
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
    };
    let linker = variable("LDFLAGS");
    flags.extend(
        linker
            .split_whitespace()
            .map(|flag| format!("-Clink-arg={flag}")),
    );
    let mut remap = |from: &Path, to: &str| {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    };
    // The last one that fits counts.
    remap(&command::root()?, ".");
    remap(&options.target_dir, "target");
    // Sources outside the workspace, from a registry or vendored.
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| Path::new(&variable("HOME")).join(".cargo"));
    for folder in command::list(&home.join("registry/src")).unwrap_or_default() {
        remap(&folder, "crates");
    }
    if let Some(vendor) = &options.vendor {
        remap(vendor, "crates");
    }
    Ok(flags.join("\x1f").into())
}

/// Writes the manual pages and completions.
fn write_pages(built: &Path, pages: &Path) -> Result<()> {
    command::remove_folder(pages)?;
    let mut manual = Command::new(built.join("manual"));
    if let Ok(seconds) = env::var("SOURCE_DATE_EPOCH") {
        manual.args(["--date", &date(&seconds)?]);
    }
    command::run(manual.arg(pages))
}

/// Returns the date of a number of seconds since 1970.
fn date(seconds: &str) -> Result<String> {
    // GNU's date, or BSD's.
    let gnu =
        command::output(Command::new("date").args(["-u", "-d", &format!("@{seconds}"), "+%F"]));
    let date =
        gnu.or_else(|_| command::output(Command::new("date").args(["-u", "-r", seconds, "+%F"])))?;
    Ok(date.trim_end().to_owned())
}

/// Installs a file with a mode.
fn put(mode: u32, from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        command::make_folder(folder)?;
    }
    // A program that runs cannot be written to, but it can be replaced.
    let _ = fs::remove_file(to);
    command::copy(from, to)?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
        .map_err(|error| format!("cannot set the mode of {}: {error}", to.display()))
}
