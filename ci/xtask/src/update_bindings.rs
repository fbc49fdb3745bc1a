//! The bindings that pcap-sys ships for builds without the `bindgen` feature.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command;
use crate::{Result, unexpected};

/// glibc's headers for another processor, as Debian's packages have them.
macro_rules! glibc {
    ($machine:literal) => {
        concat!("-nostdlibinc -isystem /usr/", $machine, "/include")
    };
}

/// For times of 64 bits.
const TIME64: &str = "-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64";

const MUSL_AMD64: &str = "-nostdlibinc -isystem MADE/musl-amd64/usr/include/x86_64-linux-musl";
const MUSL_ARM64: &str = "-nostdlibinc -isystem MADE/musl-arm64/usr/include/aarch64-linux-musl";

/// MinGW's headers have the same types as Microsoft's, but are not for compilers like Microsoft's: [`LIKE_GNU`] makes
/// clang behave like GCC. Enumerations are still `int`, as with Microsoft's compiler.
const MINGW64: &str = "-nostdlibinc -isystem /usr/x86_64-w64-mingw32/include";
const MINGW32: &str = "-nostdlibinc -isystem /usr/i686-w64-mingw32/include";
const LIKE_GNU: &str =
    "-fno-ms-compatibility -fms-compatibility-version=0 -U_MSC_VER -U_MSC_FULL_VER -D__MINGW32__";

/// Each file with a target whose bindings it has, and the arguments for clang. All targets of a file have to agree.
#[rustfmt::skip]
const FILES: &[(&str, &str, &[&str])] = &[
    ("linux-gnu-64", "x86_64-unknown-linux-gnu", &[]),
    ("linux-gnu-64", "aarch64-unknown-linux-gnu", &[glibc!("aarch64-linux-gnu")]),
    ("linux-gnu-64", "powerpc64le-unknown-linux-gnu", &[glibc!("powerpc64le-linux-gnu")]),
    ("linux-gnu-64", "riscv64gc-unknown-linux-gnu", &[glibc!("riscv64-linux-gnu")]),
    ("linux-gnu-64", "s390x-unknown-linux-gnu", &[glibc!("s390x-linux-gnu")]),
    ("linux-gnu-32", "i686-unknown-linux-gnu", &[glibc!("i686-linux-gnu")]),
    ("linux-gnu-32", "armv7-unknown-linux-gnueabihf", &[glibc!("arm-linux-gnueabihf")]),
    ("linux-gnu-32", "powerpc-unknown-linux-gnu", &[glibc!("powerpc-linux-gnu")]),
    ("linux-gnu-x86-time64", "i686-unknown-linux-gnu", &[glibc!("i686-linux-gnu"), TIME64]),
    ("linux-gnu-32-time64", "armv7-unknown-linux-gnueabihf", &[glibc!("arm-linux-gnueabihf"), TIME64]),
    ("linux-gnu-32-time64", "powerpc-unknown-linux-gnu", &[glibc!("powerpc-linux-gnu"), TIME64]),
    ("linux-musl-64", "x86_64-unknown-linux-musl", &[MUSL_AMD64]),
    ("linux-musl-64", "aarch64-unknown-linux-musl", &[MUSL_ARM64]),
    ("windows-gnu-64", "x86_64-pc-windows-gnu", &[MINGW64]),
    ("windows-gnu-64", "aarch64-pc-windows-gnullvm", &[MINGW64]),
    ("windows-gnu-32", "i686-pc-windows-gnu", &[MINGW32]),
    ("windows-msvc-64", "x86_64-pc-windows-msvc", &[MINGW64, LIKE_GNU, "-D__MINGW64__"]),
    ("windows-msvc-64", "aarch64-pc-windows-msvc", &[MINGW64, LIKE_GNU, "-D__MINGW64__"]),
    ("windows-msvc-32", "i686-pc-windows-msvc", &[MINGW32, LIKE_GNU, "-D_X86_"]),
];

/// Runs `ci/update-bindings [--check]`. The script has put the headers into `target/bindings`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let check = match arguments {
        [] => false,
        [option] if option == "--check" => true,
        [argument, ..] => return Err(unexpected(argument)),
    };
    let root = command::root()?;
    let kept = root.join("pcap-sys/src/bindings");
    let maker = Maker::new(&root)?;
    let new = maker.made.join("new");
    command::make_folder(&new)?;
    for (name, target, arguments) in FILES {
        maker.add(name, target, arguments, &new)?;
    }
    compare_names(&root, &new)?;

    let version = &maker.version;
    if check {
        command::run(Command::new("diff").arg("-ru").arg(&kept).arg(&new)).map_err(|_| {
            "pcap-sys/src/bindings differs from what bindgen generates now: run ci/update-bindings"
        })?;
        eprintln!("ci/update-bindings: pcap-sys/src/bindings is up to date with libpcap {version}");
    } else {
        command::empty_folder(&kept)?;
        for file in command::list(&new)? {
            command::copy(&file, &kept.join(file.file_name().unwrap_or_default()))?;
        }
        eprintln!("ci/update-bindings: pcap-sys/src/bindings is from libpcap {version}");
    }
    command::remove_folder(&maker.made)
}

/// What bindings are made with.
struct Maker {
    /// The folder with the headers, and of what is made.
    made: PathBuf,
    /// libpcap's version.
    version: String,
    /// The build script of pcap-sys.
    script: PathBuf,
    /// The machine that builds.
    host: String,
}

impl Maker {
    fn new(root: &Path) -> Result<Maker> {
        let made = root.join("target/bindings");
        command::make_folder(&made.join("out"))?;
        let version = command::read(&made.join("libpcap/VERSION"))?
            .trim()
            .to_owned();
        let rustc = command::output(Command::new("rustc").arg("-vV"))?;
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("rustc does not name its host")?.to_owned();
        Ok(Maker {
            made,
            version,
            script: build_script()?,
            host,
        })
    }

    /// Makes a target's bindings, and compares them with those of the file's other targets.
    fn add(&self, name: &str, target: &str, arguments: &[&str], new: &Path) -> Result<()> {
        let arguments = arguments
            .join(" ")
            .replace("MADE", &self.made.display().to_string());
        eprintln!("ci/update-bindings: {name}: {target} {arguments}");
        let bindings = self.generate(target, &arguments)?;
        let text = format!(
            "/* Made by ci/update-bindings from the headers of libpcap {}. */\n\n{bindings}",
            self.version
        );
        let file = new.join(format!("{name}.rs"));
        if !file.exists() {
            return command::write(&file, &text);
        }
        let other = self.made.join("out").join(format!("{name}.rs"));
        command::write(&other, &text)?;
        command::run(Command::new("diff").arg("-u").arg(&file).arg(&other)).map_err(|_| {
            format!("{name}.rs is not right for {target}, which needs a file of its own")
        })
    }

    /// Runs the build script for a target, and returns the bindings without bindgen's comment.
    fn generate(&self, target: &str, arguments: &str) -> Result<String> {
        let cfg =
            command::output(Command::new("rustc").args(["--print", "cfg", "--target", target]))?;
        let value = |key: &str| {
            let value = cfg
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix("=\""));
            value.unwrap_or_default().trim_end_matches('"').to_owned()
        };
        let out = self.made.join("out");
        // With DOCS_RS it looks for nothing but the headers.
        let output = Command::new(&self.script)
            .current_dir("pcap-sys")
            .env_remove("BINDGEN_EXTRA_CLANG_ARGS")
            .env(
                format!("BINDGEN_EXTRA_CLANG_ARGS_{}", target.replace('-', "_")),
                arguments,
            )
            .env("DOCS_RS", "1")
            .env("OUT_DIR", &out)
            .env("TARGET", target)
            .env("HOST", &self.host)
            .env("CC", "/nonexistent")
            .env("LIBPCAP_INCLUDEDIR", self.made.join("libpcap"))
            .env("CARGO_CFG_TARGET_OS", value("target_os"))
            .env("CARGO_CFG_TARGET_ENV", value("target_env"))
            .env("CARGO_CFG_TARGET_ARCH", value("target_arch"))
            .env(
                "CARGO_CFG_TARGET_POINTER_WIDTH",
                value("target_pointer_width"),
            )
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.script.display()))?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stdout));
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Err(format!("cannot generate bindings for {target}"));
        }
        let file = out.join("bindings.rs");
        command::run(
            Command::new("rustfmt")
                .args(["--edition", "2024"])
                .arg(&file),
        )?;
        let text = command::read(&file)?;
        let bindings = match text.split_once("\n\n") {
            Some((comment, rest)) if comment.starts_with("/* automatically generated") => rest,
            _ => text.as_str(),
        };
        Ok(bindings.to_owned())
    }
}

/// Builds pcap-sys's build script, and returns its path. cargo cannot run it for a target whose standard library is not
/// installed.
fn build_script() -> Result<PathBuf> {
    let options = [
        "build",
        "--locked",
        "-p",
        "pcap-sys",
        "--features",
        "bindgen",
    ];
    let messages = command::output(
        Command::new("cargo")
            .args(options)
            .args(["--message-format", "json"])
            .stderr(Stdio::inherit()),
    )?;
    // {"reason":"compiler-artifact",…,"filenames":["…/build/pcap-sys-…/build-script-main"],…}
    let mut paths = messages
        .split('"')
        .filter(|text| text.ends_with("/build-script-main") && text.contains("/build/pcap-sys-"));
    let path = paths
        .next_back()
        .ok_or("cargo does not name the build script of pcap-sys")?;
    Ok(path.into())
}

/// Checks that the files are those that pcap-sys's build script names.
fn compare_names(root: &Path, new: &Path) -> Result<()> {
    let text = command::read(&root.join("pcap-sys/build/checked_in.rs"))?;
    let is_name = |text: &&str| {
        (text.starts_with("linux-") || text.starts_with("windows-"))
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let named: BTreeSet<String> = text.split('"').filter(is_name).map(str::to_owned).collect();
    let files = command::list(new)?.into_iter();
    let made: BTreeSet<String> = files
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    if named == made {
        return Ok(());
    }
    let differ: Vec<&str> = named
        .symmetric_difference(&made)
        .map(String::as_str)
        .collect();
    Err(format!(
        "build/checked_in.rs names other files than were made: {}",
        differ.join(" ")
    ))
}
