//! The target's C compiler, as the `cc` crate finds it (`CC_<target>`, `CC`, the usual names).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::library::{Kind, Lib};
use crate::target::Target;

/// Parts of the paths of a compiler's own headers. clang does not need them, because it has its own.
const OWN_HEADERS: [&str; 2] = ["/lib/gcc", "/lib/clang/"];

/// A C compiler for the target.
#[derive(Debug)]
pub(crate) struct Compiler {
    tool: cc::Tool,
    out_dir: PathBuf,
    /// Whether only static libraries may be linked.
    pub(crate) fully_static: bool,
}

impl Compiler {
    /// Finds the name of the compiler. [`Compiler::check`] checks whether it works.
    pub(crate) fn new(target: &Target, out_dir: &Path) -> Result<Self, String> {
        let tool = cc::Build::new()
            .cargo_warnings(false)
            .opt_level(0)
            .debug(false)
            .try_get_compiler()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            tool,
            out_dir: out_dir.to_owned(),
            fully_static: target.crt_static && !target.is_windows(),
        })
    }

    /// Checks that the compiler compiles for the target's system and processor. If none is configured, it may be the
    /// build machine's compiler, and the errors would then seem to be caused by the library.
    pub(crate) fn for_system(self, target: &Target) -> Result<Self, String> {
        if self.is_for_another(target) {
            return Err(format!(
                "{} does not compile for {}; set CC_{} to a compiler that does",
                self.tool.path().display(),
                target.triple,
                target.triple.replace('-', "_")
            ));
        }
        Ok(self)
    }

    /// Returns whether the compiler is known to be for another system, processor or C library.
    fn is_for_another(&self, target: &Target) -> bool {
        if self.tool.is_like_msvc() {
            return false;
        }
        // Any header of the C library defines its macros. Those of the compiler do not depend on headers.
        let with_headers = self.preprocess("#include <limits.h>\n", &["-dM"]);
        let has_headers = with_headers.is_some();
        let macros = with_headers.or_else(|| self.preprocess("", &["-dM"]));
        let Some((macros, _)) = macros.filter(|(macros, _)| !macros.is_empty()) else {
            return false;
        };
        !target.is_described_by(&macros, has_headers)
    }

    /// Checks that the compiler can link programs.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.link(&[], &[], &[]).map_err(|text| {
            let name = self.tool.path().display();
            format!("{name}: {}", text.lines().next().unwrap_or_default())
        })
    }

    /// Links a program that uses the address of each function. The error is the output of the tools.
    pub(crate) fn link(
        &self,
        functions: &[&str],
        lib_dirs: &[PathBuf],
        libs: &[Lib],
    ) -> Result<(), String> {
        let source = self.out_dir.join("probe.c");
        let program = self.out_dir.join("probe.out");
        fs::write(&source, program_text(functions))
            .map_err(|error| format!("cannot write {}: {error}", source.display()))?;
        let mut command = self.tool.to_command();
        // Some compilers leave an object file in the current directory.
        command.current_dir(&self.out_dir).arg(&source);
        if self.tool.is_like_msvc() {
            command
                .arg(format!("/Fe{}", program.display()))
                .arg("/link");
            command.args(
                lib_dirs
                    .iter()
                    .map(|dir| format!("/LIBPATH:{}", dir.display())),
            );
            command.args(libs.iter().map(|lib| format!("{}.lib", lib.name)));
        } else {
            command.arg("-o").arg(&program);
            if self.fully_static {
                command.arg("-static");
            }
            command.args(lib_dirs.iter().map(|dir| format!("-L{}", dir.display())));
            command.args(libs.iter().map(|lib| gnu_argument(lib, lib_dirs)));
        }
        let output = command
            .output()
            .map_err(|error| format!("cannot run the C compiler: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(printed(&output))
    }

    /// Checks that the compiler accepts a program, with further arguments. The error is the output of the compiler.
    pub(crate) fn accepts(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = String>,
    ) -> Result<(), String> {
        let source = self.out_dir.join("accepted.c");
        fs::write(&source, program)
            .map_err(|error| format!("cannot write {}: {error}", source.display()))?;
        let mut command = self.tool.to_command();
        command.arg(if self.tool.is_like_msvc() {
            "/Zs"
        } else {
            "-fsyntax-only"
        });
        let output = command
            .args(arguments)
            .arg(&source)
            .output()
            .map_err(|error| format!("cannot run the C compiler: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(printed(&output))
    }

    /// Compiles a C file into a static library of this name in the output directory.
    pub(crate) fn archive(&self, file: &str, name: &str) -> Result<(), String> {
        println!("cargo::rerun-if-changed={file}");
        cc::Build::new()
            .cargo_metadata(false)
            .file(file)
            // rustc's linker cannot read what gcc or clang would leave to the linker.
            .flag_if_supported("-fno-lto")
            .out_dir(&self.out_dir)
            .try_compile(name)
            .map_err(|error| error.to_string())
    }

    /// Returns the output directory.
    pub(crate) fn out_dir(&self) -> &Path {
        &self.out_dir
    }

    /// Returns the directory in which the compiler finds the file of a library.
    pub(crate) fn folder_of(&self, file: &str) -> Option<PathBuf> {
        let mut command = self.tool.to_command();
        command.arg(format!("-print-file-name={file}"));
        let output = command.output().ok()?;
        let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        // For a missing file, the compiler prints the bare name. Microsoft's does not know the option.
        if path.is_absolute() {
            path.parent()?.canonicalize().ok()
        } else {
            None
        }
    }

    /// Returns the arguments that make clang read the headers as this compiler does.
    #[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
    pub(crate) fn clang_args(&self, target: &Target) -> Vec<String> {
        if target.is_windows() || self.tool.is_like_msvc() {
            return Vec::new();
        }
        let mut args = Vec::new();
        // A 32-bit system may have 64-bit times, by its compiler's default or by CFLAGS.
        if target.pointer_width == "32" {
            args.extend(self.time_macros().unwrap_or_default());
        }
        // Otherwise clang would find the build machine's headers.
        if target.is_cross() {
            let search = self.preprocess("", &["-v"]).unwrap_or_default().1;
            args.extend(header_folders(&search).map(|folder| format!("-isystem{folder}")));
        }
        args
    }

    /// Returns the predefined macros that determine the width of times, or `None` if the compiler cannot be run.
    pub(crate) fn time_macros(&self) -> Option<Vec<String>> {
        let (macros, _) = self.preprocess("", &["-dM"])?;
        (!macros.is_empty()).then(|| time_macros(&macros).collect())
    }

    /// Returns the directory of `pcap/pcap.h` that the compiler searches itself.
    pub(crate) fn folder_of_headers(&self) -> Option<PathBuf> {
        let search = self.preprocess("", &["-v"])?.1;
        header_folders(&search)
            .map(PathBuf::from)
            .find(|folder| folder.join("pcap/pcap.h").is_file())
    }

    /// Preprocesses a file with this text; returns standard output and standard error.
    fn preprocess(&self, text: &str, arguments: &[&str]) -> Option<(String, String)> {
        let source = self.out_dir.join("preprocessed.c");
        fs::write(&source, text).ok()?;
        let mut command: Command = self.tool.to_command();
        let output = command
            .arg("-E")
            .args(arguments)
            .arg(&source)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(&output.stdout), text(&output.stderr)))
    }
}

/// Returns the errors that the tools have printed. Microsoft's print them on standard output.
fn printed(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    text.trim().to_owned()
}

/// Returns the argument that makes a gcc-like compiler link a library.
fn gnu_argument(lib: &Lib, lib_dirs: &[PathBuf]) -> String {
    let endings: &[&str] = match lib.kind {
        Kind::Dynamic => &["so", "dylib", "tbd"],
        Kind::Static => &["a"],
        Kind::Exact => return format!("-l:{}", lib.name),
    };
    // Pass the path of the file: a linker that cannot use the file must report that, instead of using another one from
    // its own directories.
    let file = lib_dirs.iter().find_map(|dir| {
        endings
            .iter()
            .map(|ending| dir.join(format!("lib{}.{ending}", lib.name)))
            .find(|file| file.exists())
    });
    match (file, lib.kind) {
        (Some(file), _) => file.display().to_string(),
        (None, Kind::Static) => format!("-l:lib{}.a", lib.name),
        (None, _) => format!("-l{}", lib.name),
    }
}

/// Returns the names that GNU's or LLVM's linker reports as undefined: "undefined reference to
/// `pcap_open'", or "undefined symbol: pcap_open".
pub(crate) fn undefined(said: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    ["undefined reference to ", "undefined symbol: "]
        .iter()
        .flat_map(|words| said.split(words).skip(1))
        .filter_map(|rest| {
            rest.trim_start_matches(['`', '\'', '"'])
                .split(|c| !is_name(c))
                .next()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Returns the predefined macros that determine the width of times and offsets, as compiler arguments.
pub(crate) fn time_macros(set: &str) -> impl Iterator<Item = String> + '_ {
    set.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        matches!(name, "_TIME_BITS" | "_FILE_OFFSET_BITS").then(|| format!("-D{name}={value}"))
    })
}

/// Returns the directories that a compiler searches for headers, except for its own.
pub(crate) fn header_folders(search: &str) -> impl Iterator<Item = &str> {
    search
        .lines()
        .skip_while(|line| !line.starts_with("#include <...>"))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(|line| line.trim().trim_end_matches(" (framework directory)"))
        .filter(|folder| !OWN_HEADERS.iter().any(|own| folder.contains(own)))
}

/// Returns a C program whose data contains the address of each function, so that nothing can be optimized away.
fn program_text(functions: &[&str]) -> String {
    let mut text = String::new();
    for name in functions {
        text.push_str(&format!("extern void {name}(void);\n"));
    }
    text.push_str("void (*volatile table[])(void) = {\n");
    for name in functions {
        text.push_str(&format!("    {name},\n"));
    }
    text.push_str("    0,\n};\nint main(void) { return table[0] == 0; }\n");
    text
}
