# shellcheck shell=sh
# Shared by the scripts that get libpcap's packages and sources from Debian. Sourced after lib.sh, not run.
#
# Everything is in target/libpcap. apt's configuration provides the mirror, the proxy and Debian's keys; the machine's
# own packages and lists do not change. apt checks the signature of each release and the checksum of each file.

libpcaps=$PWD/target/libpcap
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints the Debian mirror that apt uses on this machine.
debian_mirror() {
    # shellcheck disable=SC2016 # apt's, not the shell's
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" && !found { found = $2 } END { print found ? found : "http://deb.debian.org/debian" }'
}

# Runs one of apt's programs with the lists in a folder: `apt_with FOLDER PROGRAM ARGUMENT…`.
apt_with() {
    lists=$1
    program=$2
    shift 2
    "$program" -q -o "Dir::Etc::SourceList=$lists/sources.list" -o "Dir::Etc::SourceParts=$lists/no-parts" \
        -o "Dir::Etc::PreferencesParts=$lists/no-parts" -o "Dir::Etc::Preferences=$lists/no-preferences" \
        -o "Dir::State::Lists=$lists/lists" -o "Dir::State::status=$lists/status" -o "Dir::Cache=$lists" \
        -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Install-Recommends=false "$@" >&2
}

# Fetches the lists of a release's packages (deb) or sources (deb-src): `fetch_lists FOLDER TYPE RELEASE`.
fetch_lists() {
    rm -rf "$1"
    mkdir -p "$1/lists/partial" "$1/archives/partial" "$1/no-parts"
    : >"$1/status"
    echo "$2 [signed-by=$debian_keys] $(debian_mirror) $3 main" >"$1/sources.list"
    apt_with "$1" apt-get update
}

# Unpacks the libpcap of a release, with its headers, into target/libpcap/RELEASE. If it needs a newer C library than
# the machine has, unpacks that of the release into target/libpcap/RELEASE/libc. Fetches nothing again: the file
# `version`, which holds libpcap's version, is written last.
debian_libpcap() {
    folder=$libpcaps/$1
    [ ! -e "$folder/version" ] || return 0
    say "fetching the libpcap of Debian $1"
    rm -rf "$folder"
    mkdir -p "$folder/debs"
    fetch_lists "$folder/apt" deb "$1" || return 1
    (
        cd "$folder/debs" || exit 1
        apt_with "$folder/apt" apt-get download libpcap0.8-dev || exit 1
        # The library's package was renamed with Debian's switch to 64-bit times.
        library=$(dpkg-deb -f libpcap0.8-dev_*.deb Depends | sed -n 's/.*\(libpcap0\.8[a-z0-9]*\) (=.*/\1/p')
        apt_with "$folder/apt" apt-get download "${library:-libpcap0.8}" || exit 1
        for deb in libpcap0.8*.deb; do
            dpkg-deb -x "$deb" "$folder" || exit 1
        done
        wanted=$(dpkg-deb -f "$library"_*.deb Depends | sed -n 's/.*libc6 (>= \([^)]*\)).*/\1/p')
        # shellcheck disable=SC2016 # dpkg's, not the shell's
        installed=$(dpkg-query -W -f '${Version}\n' libc6 | head -n 1)
        if ! dpkg --compare-versions "$installed" ge "${wanted:-0}"; then
            apt_with "$folder/apt" apt-get download libc6 || exit 1
            dpkg-deb -x libc6_*.deb "$folder/libc" || exit 1
        fi
        # 1:1.10.3-1 is libpcap 1.10.3.
        dpkg-deb -f libpcap0.8-dev_*.deb Version | sed 's/^[0-9]*://; s/[-+~].*//' >"$folder/version.new"
    ) || return 1
    # The lists take some fifty megabytes.
    rm -r "$folder/apt" "$folder/debs"
    mv "$folder/version.new" "$folder/version"
}

# Prints the machine's Debian release, or `stable` on another system with apt.
debian_release() {
    release=$(
        # shellcheck source=/dev/null
        . /etc/os-release
        [ "${ID-}" != debian ] || echo "${VERSION_CODENAME-}"
    )
    echo "${release:-stable}"
}

# Unpacks a release's libpcap source, without Debian's changes, into a new folder: `libpcap_source RELEASE FOLDER`.
libpcap_source() {
    rm -rf "$2"
    mkdir -p "$2/apt"
    fetch_lists "$2/apt" deb-src "$1" || fail "cannot fetch the list of sources of Debian $1"
    (
        cd "$2"
        apt_with "$2/apt" apt-get source --only-source --download-only libpcap
    ) || fail "cannot fetch the source of libpcap from Debian $1"
    tar -xf "$2"/libpcap_*.orig.tar.?z -C "$2" --strip-components=1 || fail "cannot unpack libpcap"
    rm -r "$2/apt" "$2"/libpcap_*
}

# Unpacks musl's headers for a machine, by Debian's name for it: `musl_headers RELEASE MACHINE FOLDER`. apt cannot
# install those of another machine beside the system's own.
musl_headers() {
    mkdir -p "$3"
    printf 'APT::Architecture "%s";\nAPT::Architectures { "%s"; };\n' "$2" "$2" >"$3/apt.conf"
    (
        export APT_CONFIG="$3/apt.conf"
        fetch_lists "$3/apt" deb "$1" || exit 1
        cd "$3"
        apt_with "$3/apt" apt-get download musl-dev || exit 1
    ) || fail "cannot fetch musl's headers for $2"
    dpkg-deb -x "$3"/musl-dev_*.deb "$3"
    rm -r "$3/apt"
}
