# shellcheck shell=sh
# Shared by the scripts in ci/: their help, and the installation of missing dependencies. Sourced, not run.

set -eu

verb=${0##*/}
# Relative paths in arguments start here.
caller=$PWD
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/.."

# PATH may lack the programs for root, and a newly installed Rust.
PATH=$PATH:/usr/sbin:/sbin:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin

# The oldest supported compilers: 1.85 for the libraries, and 1.88 for the programs.
# shellcheck disable=SC2034 # for ci/msrv
oldest_rust=85
programs_rust=88

# All features of pcap-core with which an installed libpcap is linked: --all-features includes load-dynamically, which
# links nothing, and vendored, which needs libpcap's source.
# shellcheck disable=SC2034 # for the scripts
linked_features=$(awk '/^\[/ { here = $0 == "[features]" }
    here && /^[a-z-]+ *=/ && $1 !~ /^(default|load-dynamically|vendored)$/ { printf "%spcap-core/%s", comma, $1; comma = "," }' \
    pcap-core/Cargo.toml)

say() {
    printf 'ci/%s: %s\n' "$verb" "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Quotes a string for the shell.
quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# Prints the comment at the beginning of the script for -h and --help.
help_if_asked() {
    case ${1-} in
    -h | --help)
        awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$here/$verb"
        exit 0
        ;;
    esac
}

no_arguments() {
    [ $# -eq 0 ] || fail "expected no arguments, found: $* (see --help)"
}

# --- The dependencies of the scripts, under names of our own, and the packages that provide them.

things_of() {
    case $1 in
    build) echo cc pkg-config libpcap libclang ;;
    test) echo tcpdump tshark ip names dbus-daemon shellcheck gzip zstd lz4 groff mandoc zsh fish systemd-analyze ;;
    live) echo ip ;;
    pages) echo chromium dejavu ;;
    programs) echo tcpdump tshark tcpreplay ip unshare gzip zstd lz4 ;;
    torture) echo cc names ;;
    faults) echo cc ip unshare mkfs.ext4 mkfs.btrfs ;;
    gallery) echo ip unshare script jq tmux ;;
    top) echo ip unshare tmux ping ;;
    sanitize) echo valgrind ;;
    address) echo addr2line ;;
    loom) echo cc ;;
    package) echo debootstrap unshare ip dpkg-deb dpkg-shlibdeps strip gzip debian-keys apt-get ;;
    distributions) echo rpmbuild makepkg nix-instantiate ruby setpriv ;;
    msrv) echo debootstrap unshare ip debian-keys apt-get ;;
    fuzz) echo c++ ip addr2line ;;
    fuzz-libpcap) echo clang make flex bison xz ;;
    debian) echo apt-get dpkg-deb debian-keys ;;
    remote) echo cc make flex bison xz openssl ;;
    windows) echo cc libclang clang mingw cmake make flex bison xz wine ip ping ;;
    std) echo std ;;
    bindings) echo clang xz cross-headers mingw-headers ;;
    races) echo cc libclang make flex bison xz addr2line names ;;
    cross) echo make flex bison xz ;;
    aarch64) echo gcc-aarch64 ;;
    riscv64) echo gcc-riscv64 ;;
    powerpc) echo gcc-powerpc ;;
    s390x) echo gcc-s390x ;;
    i686) echo gcc-i686 ;;
    static) echo file ;;
    git) echo git ;;
    musl) echo musl-gcc ;;
    *) fail "unknown group of packages \`$1\`: see ci/install --help" ;;
    esac
}

# For Windows, libclang finds its own headers only if the program clang is installed.
# thing     apt           dnf                 apk          pacman         brew
packages='
cc          gcc,libc6-dev gcc                 gcc,musl-dev gcc            -
c++         g++           gcc-c++             g++          gcc            -
pkg-config  pkg-config    pkgconf-pkg-config  pkgconf      pkgconf        pkgconf
libpcap     libpcap-dev   libpcap-devel       libpcap-dev  libpcap        -
libclang    libclang-dev  clang-devel         clang-dev    clang          -
clang       clang         clang               clang        clang          -
tcpdump     tcpdump       tcpdump             tcpdump      tcpdump        -
tshark      tshark        wireshark-cli       tshark       wireshark-cli  wireshark
tcpreplay   tcpreplay     tcpreplay           tcpreplay    tcpreplay      tcpreplay
ip          iproute2      iproute,iproute-tc  iproute2     iproute2       -
names       netbase       setup               alpine-baselayout-data iana-etc -
dbus-daemon dbus-daemon   dbus-daemon         dbus         dbus           -
shellcheck  shellcheck    ShellCheck          shellcheck   shellcheck     shellcheck
valgrind    valgrind      valgrind            valgrind     valgrind       -
git         git           git                 git          git            git
apt-get     apt           -                   -            -              -
dpkg-deb    dpkg          -                   -            -              -
dpkg-shlibdeps dpkg-dev -             -            -              -
debootstrap debootstrap   -                   -            -              -
lintian     lintian       -                   -            -              -
mkfs.ext4   e2fsprogs     e2fsprogs           e2fsprogs    e2fsprogs      -
mkfs.btrfs  btrfs-progs   btrfs-progs         btrfs-progs  btrfs-progs    -
rpmbuild    rpm           -                   -            -              -
makepkg     makepkg,libarchive-tools - -      -              -
nix-instantiate nix-bin   -                   -            -              -
ruby        ruby          -                   -            -              -
setpriv     util-linux    -                   -            -              -
unshare     util-linux    util-linux          util-linux   util-linux     -
script      bsdutils      util-linux-script   util-linux-misc util-linux    -
jq          jq            jq                  jq           jq             jq
tmux        tmux          tmux                tmux         tmux           tmux
strip       binutils      binutils            binutils     binutils       -
gzip        gzip          gzip                gzip         gzip           gzip
zstd        zstd          zstd                zstd         zstd           zstd
lz4         lz4           lz4                 lz4          lz4            lz4
groff       groff-base    groff-base          groff        groff          groff
mandoc      mandoc        mandoc              mandoc       mandoc         mandoc
zsh         zsh           zsh                 zsh          zsh            zsh
fish        fish          fish                fish         fish           fish
systemd-analyze systemd   systemd             -            systemd        -
debian-keys debian-archive-keyring -          -            -              -
make        make          make                make         make           -
flex        flex          flex                flex         flex           flex
bison       bison         bison               bison        bison          bison
xz          xz-utils      xz                  xz           xz             xz
addr2line   binutils      binutils            binutils     binutils       -
openssl     libssl-dev,openssl openssl-devel,openssl openssl-dev,openssl openssl -
cmake       cmake         cmake               cmake        cmake          cmake
mingw       gcc-mingw-w64-x86-64-win32 -        -            -              -
ping        iputils-ping  iputils             iputils      iputils        -
wine        wine64        -                   -            -              -
std         rustc-web,cargo-web,rust-web-src - - -            -
cross-headers libc6-dev-arm64-cross,libc6-dev-armhf-cross,libc6-dev-i386-cross,libc6-dev-powerpc-cross,libc6-dev-ppc64el-cross,libc6-dev-riscv64-cross,libc6-dev-s390x-cross - - - -
mingw-headers mingw-w64-x86-64-dev,mingw-w64-i686-dev - - - -
gcc-aarch64 gcc-aarch64-linux-gnu,libc6-dev-arm64-cross - - - -
gcc-riscv64 gcc-riscv64-linux-gnu,libc6-dev-riscv64-cross - - - -
gcc-powerpc gcc-powerpc-linux-gnu,libc6-dev-powerpc-cross - - - -
gcc-s390x   gcc-s390x-linux-gnu,libc6-dev-s390x-cross - - - -
gcc-i686    gcc-i686-linux-gnu,libc6-dev-i386-cross - - - -
chromium    chromium      chromium            chromium     chromium       -
dejavu      fonts-dejavu-core dejavu-sans-fonts,dejavu-sans-mono-fonts font-dejavu ttf-dejavu -
file        file          file                file         file           -
musl-gcc    musl-tools    -                   -            -              -
rustfmt     rustfmt       rustfmt             rustfmt      rust           rust
clippy      rust-clippy   clippy              rust-clippy  rust           rust
'

# Prints a manager's packages that provide a thing, one per line; none if it has none: `packages_for MANAGER THING`.
packages_for() {
    printf '%s' "$packages" | awk -v thing="$2" -v manager="$1" '
        BEGIN { column["apt"] = 2; column["dnf"] = 3; column["apk"] = 4; column["pacman"] = 5; column["brew"] = 6 }
        $1 == thing && $column[manager] != "-" { gsub(",", "\n", $column[manager]); print $column[manager] }'
}

package_manager() {
    for manager in apt:apt-get dnf:dnf apk:apk pacman:pacman brew:brew; do
        if command -v "${manager#*:}" >/dev/null 2>&1; then
            echo "${manager%%:*}"
            return
        fi
    done
}

# --- Whether a thing is installed. Looks for the thing, not for its package: a local build counts, too.

any_file() {
    for file; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

# Succeeds if the C program on standard input compiles and links with these arguments.
compiles() {
    scratch=$(mktemp -d)
    # shellcheck disable=SC2086 # CC may have arguments
    if ${CC:-cc} -x c - -o "$scratch/a.out" "$@" >"$scratch/log" 2>&1; then
        compiled=0
    else
        compiled=1
    fi
    rm -r "$scratch"
    return $compiled
}

has_libclang() {
    [ -z "${LIBCLANG_PATH-}" ] || return 0
    any_file /usr/lib/llvm*/lib*/libclang*.so* /usr/lib*/libclang*.so* /usr/lib/*-linux-*/libclang*.so* \
        /usr/local/lib*/libclang*.so* /usr/local/llvm*/lib/libclang*.so* \
        /Library/Developer/CommandLineTools/usr/lib/libclang.dylib \
        /Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib/libclang.dylib \
        /opt/homebrew/opt/llvm/lib/libclang.dylib /usr/local/opt/llvm/lib/libclang.dylib || return 1
    # The library needs its own stddef.h to read C.
    [ "$(uname)" != Linux ] ||
        any_file /usr/lib*/clang/*/include/stddef.h /usr/lib/llvm*/lib*/clang/*/include/stddef.h \
            /usr/local/lib*/clang/*/include/stddef.h
}

has() {
    case $1 in
    cc) echo '#include <stdio.h>
              int main(void) { return puts("") < 0; }' | compiles ;;
    libpcap)
        # The user has chosen a libpcap.
        [ -z "${LIBPCAP_LIBDIR-}" ] || return 0
        flags=$(pkg-config --cflags --libs libpcap 2>/dev/null) || flags=-lpcap
        # shellcheck disable=SC2086 # several arguments
        echo '#include <pcap/pcap.h>
              int main(void) { return !pcap_lib_version(); }' | compiles $flags
        ;;
    libclang) has_libclang ;;
    ip)
        # Only Linux has network namespaces. busybox's ip is not sufficient.
        [ "$(uname)" = Linux ] || return 0
        ip -V 2>&1 | grep -q iproute2 && command -v tc >/dev/null 2>&1
        ;;
    chromium)
        # The user may have chosen one. Others are made from it.
        for program in ${PCAP_CHROMIUM-} chromium chromium-browser google-chrome google-chrome-stable chrome; do
            ! command -v "$program" >/dev/null 2>&1 || return 0
        done
        return 1
        ;;
    dejavu)
        # Only Linux comes without fonts.
        [ "$(uname)" = Linux ] || return 0
        any_file /usr/share/fonts/*/dejavu/DejaVuSans.ttf /usr/share/fonts/dejavu*/DejaVuSans.ttf \
            /usr/share/fonts/TTF/DejaVuSans.ttf
        ;;
    dbus-daemon)
        # Only Linux has such devices.
        [ "$(uname)" = Linux ] || return 0
        command -v dbus-daemon >/dev/null 2>&1
        ;;
    names)
        # Of protocols and ports, for filters.
        [ -e /etc/protocols ] && [ -e /etc/services ]
        ;;
    mingw) command -v x86_64-w64-mingw32-gcc-win32 >/dev/null 2>&1 ;;
    wine) [ -x /usr/lib/wine/wine64 ] ;;
    std)
        # New enough for the programs.
        [ -e /usr/lib/rustlib/src/rust/library/Cargo.lock ] && [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] &&
            minor=$(/usr/bin/rustc --version) && minor=${minor#rustc 1.} && [ "${minor%%.*}" -ge "$programs_rust" ]
        ;;
    cross-headers)
        for machine in aarch64-linux-gnu arm-linux-gnueabihf i686-linux-gnu powerpc-linux-gnu powerpc64le-linux-gnu \
            riscv64-linux-gnu s390x-linux-gnu; do
            [ -e "/usr/$machine/include/stdio.h" ] || return 1
        done
        ;;
    mingw-headers) [ -e /usr/x86_64-w64-mingw32/include/windows.h ] && [ -e /usr/i686-w64-mingw32/include/windows.h ] ;;
    gcc-aarch64 | gcc-riscv64 | gcc-powerpc | gcc-s390x | gcc-i686) echo '#include <stdio.h>
              int main(void) { return puts("") < 0; }' | CC=${1#gcc-}-linux-gnu-gcc compiles ;;
    debian-keys) [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ;;
    openssl)
        # The library with its headers, and the program.
        command -v openssl >/dev/null 2>&1 && echo '#include <openssl/ssl.h>
              int main(void) { return !SSL_CTX_new(TLS_method()); }' | compiles -lssl -lcrypto
        ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# --- Installing.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "expected root or sudo; run as root: $*"
    fi
}

apt_get() {
    # Packages must not ask questions: tshark asks who may capture.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@"
}

apt_install() {
    # Fetching crates by https needs certificates, which a small system may lack.
    [ -e /etc/ssl/certs/ca-certificates.crt ] || set -- ca-certificates "$@"
    if apt-get install --simulate "$@" >/dev/null 2>&1 && apt_get install --no-install-recommends "$@"; then
        return
    fi
    # The lists are missing or outdated.
    apt_get update
    apt_get install --no-install-recommends "$@"
}

# Installs packages with a manager: `install_packages MANAGER PACKAGE…`.
install_packages() {
    with=$1
    shift
    say "installing $*"
    case $with in
    apt) apt_install "$@" ;;
    dnf) as_root dnf install -y "$@" ;;
    apk) as_root apk add "$@" ;;
    pacman) as_root pacman -S --needed --noconfirm "$@" ;;
    brew) brew install "$@" ;;
    esac
}

# Prints what is missing of these groups.
missing_of() {
    for group; do
        things=$(things_of "$group") || exit
        for thing in $things; do
            has "$thing" || printf ' %s' "$thing"
        done
    done
}

# Installs what is missing of these groups. If nothing is missing, it needs neither rights nor a network.
need() {
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    with=$(package_manager)
    wanted=
    unknown=
    for thing in $missing; do
        found=
        [ -z "$with" ] || found=$(packages_for "$with" "$thing")
        if [ -n "$found" ]; then
            wanted="$wanted $found"
        else
            unknown="$unknown $thing"
        fi
    done
    if [ -n "$unknown" ]; then
        [ "$(uname)" != Darwin ] || say "the command line tools provide most of it: xcode-select --install"
        fail "cannot install on this system:$unknown (README.md lists the packages)"
    fi
    # shellcheck disable=SC2086 # a list
    install_packages "$with" $wanted || fail "cannot install:$missing"
    if [ "$with" = apt ] && [ -n "$(missing_of "$@")" ]; then
        # The lists are outdated, and so are the packages: for example, a Rust that is too old.
        apt_get update
        # shellcheck disable=SC2086 # a list
        apt_get install --no-install-recommends $wanted || fail "cannot install:$missing"
        missing=$(missing_of "$@")
        [ -z "$missing" ] || fail "cannot install on this system:$missing (its packages are too old)"
    fi
}

# Fails if cargo is missing or too old, and says what to do.
need_cargo() {
    get="install Rust 1.$programs_rust or newer, from https://rustup.rs or your distribution"
    command -v cargo >/dev/null 2>&1 || fail "cargo is missing: $get"
    version=$(cargo --version) || fail "cannot run cargo: $get"
    minor=${version#cargo 1.}
    minor=${minor%%.*}
    case $minor in
    '' | *[!0-9]*) ;; # unknown form: cargo reports its own errors
    *) [ "$minor" -ge "$programs_rust" ] || fail "expected Rust 1.$programs_rust or newer, found $version: $get" ;;
    esac
}

# Builds tools from crates.io in target/tools if they are not installed: `need_cargo_tool cargo-deny`. Options for
# `cargo install` are in $tool_options.
need_cargo_tool() {
    PATH=$PWD/target/tools/bin:$PATH
    for tool; do
        command -v "$tool" >/dev/null 2>&1 && continue
        say "building $tool"
        # Not optimized: building takes longer than running.
        # shellcheck disable=SC2086 # a list
        CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off cargo install --locked ${tool_options-} \
            --root target/tools --target-dir target/tools/build "$tool" || fail "cannot build $tool"
        rm -rf target/tools/build
    done
}

# Unsets the variables that select a libpcap, a C compiler or flags, for a script that makes its own choice:
# `unset_selection NAME…` keeps those with these names.
# shellcheck disable=SC2120 # mostly without names
unset_selection() {
    for name in $(env | sed -n 's/^\([A-Za-z0-9_]*\)=.*/\1/p'); do
        case " $* " in
        *" $name "*) continue ;;
        esac
        case $name in
        LIBPCAP_* | NPCAP_SDK* | PKG_CONFIG* | BINDGEN_EXTRA_CLANG_ARGS* | DOCS_RS | *RUSTFLAGS) unset "$name" ;;
        CPATH | C_INCLUDE_PATH | LIBRARY_PATH | LD_LIBRARY_PATH) unset "$name" ;;
        CC | CC_* | *_CC | AR | AR_* | *_AR | RANLIB | RANLIB_* | *_RANLIB) unset "$name" ;;
        CFLAGS | CFLAGS_* | *_CFLAGS | CPPFLAGS | LDFLAGS | LIBS) unset "$name" ;;
        esac
    done
}

# Copies the files that git tracks or would add, as they are in the working tree: `copy_sources DIRECTORY`.
copy_sources() {
    need git
    mkdir -p "$1"
    # Not a pipe, whose exit status is that of its last command.
    if ! git ls-files -z --cached --others --exclude-standard >"$1.list" || ! tar --null -T "$1.list" -cf "$1.tar" ||
        ! tar -xf "$1.tar" -C "$1"; then
        fail "cannot copy the sources to $1"
    fi
    rm "$1.list" "$1.tar"
}

# Installs a component of Rust if cargo lacks its command: `need_component rustfmt fmt`.
need_component() {
    if cargo "$2" --version >/dev/null 2>&1; then
        return
    fi
    if command -v rustup >/dev/null 2>&1; then
        say "installing $1"
        rustup component add "$1" || fail "cannot install $1: rustup component add $1"
    elif with=$(package_manager) && [ -n "$with" ] && [ "$(command -v cargo)" = /usr/bin/cargo ]; then
        # shellcheck disable=SC2046 # a list
        install_packages "$with" $(packages_for "$with" "$1") || fail "cannot install $1"
    else
        fail "cargo $2 is missing: install $1 from the source of your Rust"
    fi
}

# Installs a nightly Rust with components and targets, for what stable Rust lacks: `need_nightly NAME COMPONENT…`, where
# NAME is the name of its log in target/ci, and a component of the form `std-TARGET` is the standard library of a target.
# If that is impossible, it prints "not run" and the reason, and exits with status 77.
need_nightly() {
    install_log=target/ci/$1.log
    shift
    command -v rustup >/dev/null 2>&1 || not_run 'rustup is missing, which installs nightly Rust'
    mkdir -p target/ci
    if ! rustc +nightly --version >/dev/null 2>&1; then
        say 'installing nightly Rust'
        rustup toolchain install nightly --profile minimal >"$install_log" 2>&1 ||
            not_run "cannot install nightly Rust: $(tail -n 1 "$install_log")"
    fi
    for component; do
        case $component in
        std-*) set -- target add --toolchain nightly "${component#std-}" ;;
        *) set -- component add --toolchain nightly "$component" ;;
        esac
        rustup "$@" >"$install_log" 2>&1 || not_run "cannot install $component: $(tail -n 1 "$install_log")"
    done
}

not_run() {
    echo "not run: $*"
    exit 77
}

# Runs Debian's own cargo and rustc, which build the standard library for targets without one, and instrumented ones:
# `cargo_with_std test -Zbuild-std=std,panic_unwind --target …`, after `need std`. Another toolchain may come first in
# PATH, but lacks the library's sources. Like prebuilt libraries, this one does not check for overflow: that of Rust
# 1.85 relies on wrapping in differences of distant times.
cargo_with_std() {
    env RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1 /usr/bin/cargo \
        --config profile.dev.package.std.overflow-checks=false "$@"
}

# Builds a program of ci/ that is written in Rust, as target/debug/NAME: `build_rust xtask`.
build_rust() {
    # The user's target and flags are for what the program builds.
    env -u CARGO_BUILD_TARGET -u CARGO_ENCODED_RUSTFLAGS -u RUSTFLAGS \
        cargo build --quiet --locked --manifest-path "ci/$1/Cargo.toml" --target-dir target ||
        fail "cannot build ci/$1"
}

# Runs such a program in place of the script: `run_rust xtask VERB ARGUMENT…`.
run_rust() {
    build_rust "$1"
    program=target/debug/$1
    shift
    CALLER=$caller exec "$program" "$@"
}
