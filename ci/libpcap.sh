# shellcheck shell=sh
# Shared by the scripts that build libpcap from source. Sourced after debian.sh, not run.

# Copies what was built to a prefix, as `make install` would: libpcap's makefile cannot install to a path with a space.
install_libpcap() {
    mkdir -p "$1/lib" "$1/include" &&
        cp -p libpcap.a libpcap.so.*.* "$1/lib" &&
        ln -s libpcap.so.*.* "$1/lib/libpcap.so.1" &&
        ln -s libpcap.so.1 "$1/lib/libpcap.so" &&
        cp -p pcap.h pcap-bpf.h pcap-namedb.h "$1/include" &&
        cp -pR pcap "$1/include" || return 1
    if [ -x rpcapd/rpcapd ]; then
        mkdir -p "$1/sbin" && cp -p rpcapd/rpcapd "$1/sbin"
    fi
}

# Unpacks the source of a version that no Debian release has any more, into a new folder: `old_source VERSION FOLDER`.
# Debian's mirror may keep it for a while; libpcap's own site has the same file.
old_source() {
    case $1 in
    1.10.6) sum=ec97d1206bdd19cb6bdd043eaa9f0037aa732262ec68e070fd7c7b5f834d5dfc ;;
    1.10.7) sum=68fa62cffb974f4275641ce14c2e2d75739251f30e00e6a0900903b247d76a03 ;;
    *) fail "the checksum of libpcap $1 is unknown" ;;
    esac
    rm -rf "$2"
    mkdir -p "$2"
    mirror=$(debian_mirror)
    for url in "${mirror%/}/pool/main/libp/libpcap/libpcap_$1.orig.tar.xz" \
        "https://www.tcpdump.org/release/libpcap-$1.tar.xz"; do
        # shellcheck disable=SC2015 # a failure of tar means the next address, too
        /usr/lib/apt/apt-helper -q -o APT::Sandbox::User=root download-file "$url" "$2/source.tar.xz" "SHA256:$sum" >&2 &&
            tar -xf "$2/source.tar.xz" -C "$2" --strip-components=1 && rm "$2/source.tar.xz" && return
    done
    fail "cannot fetch the source of libpcap $1"
}

# Builds the source in the current folder, with these arguments for its configure, and installs it to a prefix:
# `build_libpcap PREFIX ARGUMENT…`. CFLAGS are the user's.
build_libpcap() {
    prefix=$1
    shift
    rm -rf "$prefix"
    # The prefix of configure is not used.
    ./configure --prefix=/nonexistent --disable-rdma "$@" &&
        make -j "$(getconf _NPROCESSORS_ONLN)" &&
        install_libpcap "$prefix"
}
