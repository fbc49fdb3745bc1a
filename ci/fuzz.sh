# shellcheck shell=sh
# Builds and runs fuzz targets. Sourced by ci/fuzz after lib.sh, not run.

# The folder of the scripts, set by lib.sh.
: "${here:?}"

work=$PWD/target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
log=$PWD/target/ci
programs=$work/$host/release

mkdir -p "$work/found" "$log"

# Prints the names of the targets in one line.
fuzz_targets() {
    for file in pcap-core/fuzz/src/bin/*.rs; do
        name=${file##*/}
        printf '%s ' "${name%.rs}"
    done | sed 's/ $//'
}

# Builds an instrumented libpcap with remote capture, once, and selects it. Without D-Bus and others whose libraries are
# not instrumented.
fuzz_libpcap() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "using the system's libpcap, without instrumentation"
        return
    fi
    need debian fuzz-libpcap
    . "$here/debian.sh"
    # These would select another libpcap or other flags.
    unset_selection
    unset PCAP_TEST_RPCAPD
    folder=$work/libpcap
    [ -e "$folder/version" ] || build_fuzz_libpcap >&2
    export LIBPCAP_LIBDIR="$folder/lib" LIBPCAP_STATIC=1
    # The programs that pcap-sys links to probe libpcap need the C compiler's runtime.
    export CFLAGS=-fsanitize=address
}

build_fuzz_libpcap() {
    release=$(debian_release)
    say "building the libpcap of Debian $release for fuzzing"
    rm -rf "$folder"
    mkdir -p "$folder"
    libpcap_source "$release" "$folder/source"
    flags='-O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fsanitize-trap=undefined'
    (
        cd "$folder/source"
        # Without OpenSSL, whose code would be searched too.
        CC=clang ./configure --prefix=/nonexistent --disable-shared --disable-dbus \
            --disable-rdma --disable-bluetooth --disable-usb --without-libnl --enable-remote &&
            sed -i '/HAVE_OPENSSL/d' config.h &&
            make -j "$(getconf _NPROCESSORS_ONLN)" libpcap.a \
                CFLAGS="$flags" &&
            mkdir -p ../lib ../include &&
            cp libpcap.a ../lib &&
            cp -pR pcap.h pcap-bpf.h pcap-namedb.h pcap ../include
    ) >"$folder/log" 2>&1 || {
        tail -n 30 "$folder/log" >&2
        fail "cannot build libpcap: see target/fuzz/libpcap/log"
    }
    # `version` is written last.
    cp "$folder/source/VERSION" "$folder/version"
}

# Builds targets of the tree in a folder: `fuzz_build FOLDER TARGET…`.
fuzz_build() {
    manifest=$1/pcap-core/fuzz/Cargo.toml
    shift
    for target; do
        shift
        set -- "$@" --bin "$target"
    done
    flags='--cfg fuzzing -C passes=sancov-module -Zsanitizer=address -C force-frame-pointers=yes'
    for option in level=4 inline-8bit-counters pc-table trace-compares; do
        flags="$flags -C llvm-args=-sanitizer-coverage-$option"
    done
    # With --target, build scripts are not instrumented. All checks are on. Linking is fast, because searching should
    # take the time.
    env RUSTC_BOOTSTRAP=1 RUSTFLAGS="${RUSTFLAGS-} $flags" CARGO_INCREMENTAL=0 \
        CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
        CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo build --release --locked --target "$host" --target-dir "$work" --manifest-path "$manifest" \
        "$@"
}

# Runs a command without a network, if possible, but with `lo`.
isolated() {
    # Suppressions name functions, which AddressSanitizer finds with this program.
    ASAN_SYMBOLIZER_PATH=$(command -v addr2line)
    export ASAN_SYMBOLIZER_PATH LSAN_OPTIONS="suppressions=$here/address.suppressions:print_suppressions=0"
    if unshare -n true 2>/dev/null; then
        unshare -n sh -c 'ip link set lo up && exec "$@"' sh "$@"
    elif unshare -rn true 2>/dev/null; then
        unshare -rn sh -c 'ip link set lo up && exec "$@"' sh "$@"
    else
        "$@"
    fi
}

# Runs libFuzzer on a target, with its arguments, and prints what it prints except new inputs.
libfuzzer() {
    name=$1
    shift
    # A pipe's exit status is that of its last command, so a file passes the status.
    rm -f "$work/status-$name"
    {
        status=0
        isolated "$programs/$name" -print_final_stats=1 "$@" 2>&1 || status=$?
        echo "$status" >"$work/status-$name"
    } | tee "$log/fuzz-$name.log" |
        LC_ALL=C awk '!/^"|^#[0-9]+[ \t]+(NEW|REDUCE|RELOAD) |NEW_FUNC|dictionary|^stat::/ { print; fflush() }' >&2
    return "$(cat "$work/status-$name")"
}

# Searches with a target for some seconds: `run_target TARGET SECONDS`. Prints the figures on standard output.
run_target() {
    committed=pcap-core/tests/data/$1
    corpus=$work/corpus/$1
    mkdir -p "$committed" "$corpus"
    found=0
    libfuzzer "$1" -max_total_time="$2" -max_len=4096 -timeout=60 -rss_limit_mb=4096 -artifact_prefix="$work/found/$1-" \
        "$corpus" "$committed" || found=1
    awk -v target="$1" -v found="$found" '
        /^#[0-9]+.* cov: / {
            for (i = 1; i < NF; i++) {
                if ($i == "cov:") cov = $(i + 1)
                if ($i == "corp:") corpus = $(i + 1)
            }
        }
        /^stat::number_of_executed_units:/ { units = $2 }
        /^stat::average_exec_per_sec:/ { rate = $2 }
        END {
            split(corpus, part, "/")
            printf "%-13s %9s inputs tried, %6s per second, %5s edges reached by %4s inputs of %6s: %s\n", target,
                units, rate, cov, part[1], part[2], found ? "FOUND A FAULT" : "no fault"
        }' "$log/fuzz-$1.log"
    return "$found"
}

# Selects a minimal set of small inputs to commit.
renew() {
    new=$work/renewed
    committed=pcap-core/tests/data/$1
    rm -rf "$new"
    mkdir -p "$new" "$committed" "$work/corpus/$1"
    isolated "$programs/$1" -set_cover_merge=1 -max_len=1024 -artifact_prefix="$work/found/$1-" \
        "$new" "$committed" "$work/corpus/$1" 2>"$log/fuzz-renew.log" ||
        fail "cannot choose inputs: see target/ci/fuzz-renew.log"
    rm -f "$committed"/*
    cp "$new"/* "$committed"
    # The richest ones.
    # shellcheck disable=SC2012 # names of hexadecimal digits
    ls -S "$committed" | tail -n +401 | while read -r input; do
        rm "$committed/$input"
    done
    # shellcheck disable=SC2012 # names of hexadecimal digits
    echo "$(ls "$committed" | wc -l) inputs in $committed"
}

# Copies the sources to target/fuzz/planted, and plants the faults of pcap-core/fuzz/planted.txt there. A fault is only
# active if PLANTED contains the name of its target, so that all targets are built once.
plant() {
    copy=$work/planted
    rm -rf "$copy"
    copy_sources "$copy"
    cat >>"$copy/pcap-core/src/lib.rs" <<'END'

/// Returns whether the fault of a target is active.
pub(crate) fn planted(target: &str) -> bool {
    use std::sync::OnceLock;

    static ACTIVE: OnceLock<String> = OnceLock::new();
    ACTIVE.get_or_init(|| std::env::var("PLANTED").unwrap_or_default()) == target
}
END
    awk -F ' [|] ' -v source="$copy/pcap-core/src/" '
        /^#/ || !NF { next }
        {
            if (NF != 4) { print "expected four fields, found: " $0; exit 1 }
            file = source $2
            new = "(if crate::planted(\"" $1 "\") { " $4 " } else { " $3 " })"
            text = ""
            found = 0
            while ((getline line < file) > 0) {
                while (at = index(line, $3)) {
                    text = text substr(line, 1, at - 1) new
                    line = substr(line, at + length($3))
                    found++
                }
                text = text line "\n"
            }
            close(file)
            if (found != 1) { print $2 " contains " found " times: " $3; exit 1 }
            printf "%s", text > file
            close(file)
        }' pcap-core/fuzz/planted.txt >&2 || fail "cannot plant the faults: see pcap-core/fuzz/planted.txt"
}

# Searches for the planted fault of a target, for a minute. Prints the result. The fault is found if the search ends with
# an input that fails with the fault, and only with it.
find_planted() {
    began=$(date +%s)
    empty=$work/empty
    rm -rf "$empty"
    mkdir -p "$empty/corpus" "$empty/found"
    result='FAULT NOT FOUND'
    with_fault "$1" libfuzzer "$1" -max_total_time=60 -max_len=4096 -timeout=60 -rss_limit_mb=4096 \
        -artifact_prefix="$empty/found/" "$empty/corpus" "pcap-core/tests/data/$1" 2>/dev/null || result='NO INPUT KEPT'
    tried=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log/fuzz-$1.log")
    tried=${tried:-0}
    for input in "$empty/found"/*; do
        [ -e "$input" ] || continue
        if with_fault "$1" isolated "$programs/$1" "$input" >"$log/fuzz-planted.log" 2>&1; then
            result='INPUT DOES NOT FAIL AGAIN'
        elif ! with_fault '' isolated "$programs/$1" "$input" >"$log/fuzz-planted.log" 2>&1; then
            result='INPUT ALSO FAILS WITHOUT THE FAULT'
        else
            result='fault found'
        fi
    done
    printf '%-13s %s after %3d s and %d inputs\n' "$1" "$result" $(($(date +%s) - began)) "$tried"
    [ "$result" = 'fault found' ] && [ "$tried" -gt 0 ]
}

# Runs a command with a planted fault, or with none if its name is empty.
with_fault() (
    export PLANTED="$1"
    shift
    "$@"
)
