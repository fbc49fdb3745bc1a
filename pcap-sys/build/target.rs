//! The target of the build. All information is from the variables that cargo sets.

use std::env;

/// The target of this build.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The target triple, such as `x86_64-unknown-linux-gnu`.
    pub(crate) triple: String,
    /// The triple of the machine that runs the build.
    pub(crate) host: String,
    /// `CARGO_CFG_TARGET_OS`.
    pub(crate) os: String,
    /// `CARGO_CFG_TARGET_ENV`, such as `gnu`.
    pub(crate) env: String,
    /// `CARGO_CFG_TARGET_ARCH`.
    pub(crate) arch: String,
    /// `CARGO_CFG_TARGET_POINTER_WIDTH`.
    pub(crate) pointer_width: String,
    /// `CARGO_CFG_TARGET_ENDIAN`, `little` or `big`.
    pub(crate) endian: String,
    /// Whether the C runtime is linked statically, so that on Unix nothing can be linked dynamically.
    pub(crate) crt_static: bool,
}

impl Target {
    /// Reads cargo's variables.
    pub(crate) fn from_cargo() -> Self {
        let read = |name: &str| env::var(name).unwrap_or_default();
        Self {
            triple: read("TARGET"),
            host: read("HOST"),
            os: read("CARGO_CFG_TARGET_OS"),
            env: read("CARGO_CFG_TARGET_ENV"),
            arch: read("CARGO_CFG_TARGET_ARCH"),
            pointer_width: read("CARGO_CFG_TARGET_POINTER_WIDTH"),
            endian: read("CARGO_CFG_TARGET_ENDIAN"),
            crt_static: read("CARGO_CFG_TARGET_FEATURE")
                .split(',')
                .any(|feature| feature == "crt-static"),
        }
    }

    /// Returns whether the library is Npcap's (or WinPcap's) `wpcap`.
    pub(crate) fn is_windows(&self) -> bool {
        self.os == "windows"
    }

    /// Returns whether the C library has 32-bit or 64-bit times, depending on how a program is
    /// compiled: glibc with 32-bit pointers.
    #[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
    pub(crate) fn has_times_of_two_widths(&self) -> bool {
        self.os == "linux" && self.env == "gnu" && self.pointer_width == "32"
    }

    /// Returns whether the macros that a C compiler predefines are those of a compiler for the target. `has_headers`
    /// states whether those of the C library are among them.
    pub(crate) fn is_described_by(&self, macros: &str, has_headers: bool) -> bool {
        let value = |name: &str| {
            let define = format!("#define {name} ");
            macros.lines().find_map(|line| line.strip_prefix(&define))
        };
        let has = |name| value(name).is_some();
        let pointer = value("__SIZEOF_POINTER__").and_then(|bytes| bytes.parse::<usize>().ok());
        let endian = match value("__BYTE_ORDER__") {
            Some("__ORDER_LITTLE_ENDIAN__") => "little",
            Some("__ORDER_BIG_ENDIAN__") => "big",
            _ => "",
        };
        self.system_macro().is_none_or(has)
            && self.processor_macro().is_none_or(has)
            && pointer.is_none_or(|bytes| self.pointer_width == (8 * bytes).to_string())
            && (endian.is_empty() || self.endian.is_empty() || self.endian == endian)
            && match (self.os.as_str(), self.env.as_str()) {
                ("linux", "gnu") => has("__GLIBC__") || !has_headers,
                ("linux", "musl") => !has("__GLIBC__") && !has("__ANDROID__"),
                _ => true,
            }
    }

    /// Returns the macro that C compilers for the target's system predefine, if it is a common one.
    fn system_macro(&self) -> Option<&'static str> {
        Some(match self.os.as_str() {
            "linux" => "__linux__",
            "android" => "__ANDROID__",
            "windows" => "_WIN32",
            "macos" | "ios" | "tvos" | "watchos" | "visionos" => "__APPLE__",
            "freebsd" => "__FreeBSD__",
            "netbsd" => "__NetBSD__",
            "openbsd" => "__OpenBSD__",
            "dragonfly" => "__DragonFly__",
            "solaris" | "illumos" => "__sun",
            _ => return None,
        })
    }

    /// Returns the macro that C compilers for the target's processor predefine, if it is a common one.
    fn processor_macro(&self) -> Option<&'static str> {
        Some(match self.arch.as_str() {
            "x86_64" => "__x86_64__",
            "x86" => "__i386__",
            "aarch64" => "__aarch64__",
            "arm" => "__arm__",
            "riscv32" | "riscv64" => "__riscv",
            "powerpc" => "__PPC__",
            "powerpc64" => "__PPC64__",
            "s390x" => "__s390x__",
            "loongarch64" => "__loongarch__",
            _ => return None,
        })
    }

    /// Returns the name of the target for `configure`, which knows fewer machines and systems than rustc.
    #[cfg_attr(not(feature = "vendored"), allow(dead_code))]
    pub(crate) fn gnu_triple(&self) -> String {
        let (first, rest) = self.triple.split_once('-').unwrap_or_default();
        // rustc's names have the extensions of the processor, such as riscv64gc and thumbv7neon.
        let machine = match self.arch.as_str() {
            arch @ ("riscv32" | "riscv64" | "arm") if !first.starts_with("armeb") => arch,
            arch if rest.starts_with("apple") => arch,
            "mips32r6" => &first.replace("mipsisa32r6", "mips"),
            "mips64r6" => &first.replace("mipsisa64r6", "mips64"),
            _ => first,
        };
        let system = match self.os.as_str() {
            "illumos" => "pc-solaris2.11",
            "hurd" => "unknown-gnu",
            "ios" | "tvos" | "watchos" | "visionos" => "apple-darwin",
            "linux" if self.env == "ohos" => "unknown-linux-musl",
            _ => rest,
        };
        format!("{machine}-{system}")
    }

    /// Returns whether the build machine and the target differ.
    pub(crate) fn is_cross(&self) -> bool {
        self.triple != self.host
    }
}
