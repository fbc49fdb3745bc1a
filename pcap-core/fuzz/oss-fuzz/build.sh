#!/bin/bash -eu
# Builds libpcap with the flags of OSS-Fuzz, and the fuzz targets with those and what guides libFuzzer in ci/fuzz.sh.

prefix=$SRC/libpcap-built
(
    cd "$SRC/libpcap"
    if [ ! -e configure ]; then
        ./autogen.sh
    fi
    ./configure --disable-shared --disable-dbus --disable-rdma --disable-bluetooth --disable-usb --without-libnl \
        --enable-remote
    sed -i '/HAVE_OPENSSL/d' config.h
    make -j "$(nproc)" libpcap.a
    mkdir -p "$prefix/lib" "$prefix/include"
    cp libpcap.a "$prefix/lib"
    cp -pR pcap.h pcap-bpf.h pcap-namedb.h pcap "$prefix/include"
)
export LIBPCAP_LIBDIR=$prefix/lib LIBPCAP_STATIC=1

# RUSTFLAGS has the sanitizer and `--cfg fuzzing`, but not what guides libFuzzer.
flags="$RUSTFLAGS -C passes=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags="$flags -C llvm-args=-sanitizer-coverage-$option"
done
host=$(rustc -vV | sed -n 's/^host: //p')
# libfuzzer-sys links OSS-Fuzz's engine instead of its own, because CUSTOM_LIBFUZZER_PATH is set.
RUSTC_BOOTSTRAP=1 RUSTFLAGS="$flags" CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
    CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true CARGO_PROFILE_RELEASE_LTO=off \
    cargo build --release --locked --target "$host" --manifest-path pcap-core/fuzz/Cargo.toml \
    --target-dir "$SRC/target"

for source in pcap-core/fuzz/src/bin/*.rs; do
    name=$(basename "$source" .rs)
    cp "$SRC/target/$host/release/$name" "$OUT/"
    printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/$name.options"
    (cd "pcap-core/tests/data/$name" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
done
# pcap-core abandons a capture whose start fails, because libpcap would close its descriptors twice.
printf '[libfuzzer]\nmax_len = 4096\ndetect_leaks = 0\n' >"$OUT/daemon.options"
