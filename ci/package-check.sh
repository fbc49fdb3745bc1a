# shellcheck shell=sh
# The commands that ci/package runs in a minimal Debian system, as root: first `install PACKAGE`, with a network, then
# `try`, with only a loopback device. Each step prints its result, and ends the script if it fails.

set -eu
work=/tmp/try
mkdir -p "$work"

shown() {
    printf '\n$ %s\n' "$*"
}

# Fails unless the text is in the file: `expect TEXT FILE`.
expect() {
    grep -q -- "$1" "$2" || {
        echo "expected in $2: $1" >&2
        exit 1
    }
}

install_it() {
    # The small system installs no manual pages by default.
    rm -f /etc/dpkg/dpkg.cfg.d/docker
    apt-get update -q >"$work/apt.log" 2>&1
    apt-get install -qy --no-install-recommends "$1" man-db bash-completion iproute2 iputils-ping libcap2-bin \
        >>"$work/apt.log" 2>&1 || {
        cat "$work/apt.log" >&2
        exit 1
    }
    for compiler in cc gcc clang rustc cargo; do
        ! command -v "$compiler" || { echo "there is $compiler" >&2 && exit 1; }
    done
    dpkg-query -W -f '${Package} ${Version} ${Status}\n' pcap-examples 'libpcap0.8*'
    [ -z "$(dpkg --verify pcap-examples)" ]
}

# Captures four packets of a ping to this machine: `capture SAVEFILE COMMAND…`.
capture() {
    file=$1
    shift
    ping -q -i 0.2 -w 30 127.0.0.1 >"$work/ping" &
    ping=$!
    shown "$*" -i lo -c 4 --duration 20 -w "$file" icmp
    "$@" -i lo -c 4 --duration 20 -w "$file" icmp 2>&1 || {
        kill "$ping"
        exit 1
    }
    kill "$ping"
}

try_it() {
    shown pcap-devices
    pcap-devices >"$work/devices"
    cat "$work/devices"
    expect '^[0-9]*\. lo' "$work/devices"

    capture "$work/lo.pcap" pcap-capture
    shown pcap-read "$work/lo.pcap"
    pcap-read "$work/lo.pcap" >"$work/read"
    cat "$work/read"
    [ "$(wc -l <"$work/read")" -eq 4 ]
    expect '127.0.0.1 > 127.0.0.1' "$work/read"

    # Another user may not capture at first, but may after following README.Debian.
    chmod 777 "$work"
    somebody='setpriv --reuid 65534 --regid 65534 --clear-groups'
    shown "$somebody pcap-capture -i lo -c 1"
    if $somebody pcap-capture -i lo -c 1 --duration 5 >"$work/refused" 2>&1; then
        echo 'captured without the right to' >&2
        exit 1
    fi
    cat "$work/refused"
    expect '^pcap-capture: cannot activate `lo`: ' "$work/refused"
    shown 'setcap cap_net_raw,cap_net_admin+eip /usr/bin/pcap-capture'
    setcap cap_net_raw,cap_net_admin+eip /usr/bin/pcap-capture
    # shellcheck disable=SC2086 # a command with arguments
    capture "$work/somebody.pcap" $somebody pcap-capture
    [ "$(pcap-read --count "$work/somebody.pcap")" -eq 4 ]

    shown 'man pcap-capture | head -n 12'
    MANWIDTH=80 man pcap-capture >"$work/page"
    head -n 12 "$work/page"
    expect '^PCAP-CAPTURE(1)' "$work/page"
    expect 'SEE ALSO' "$work/page"
    mandb -q
    shown 'man -f pcap-capture pcap-split'
    man -f pcap-capture pcap-split

    # As bash does for `pcap-capture --pr` and the tab key.
    shown 'pcap-capture --pr, and the tab key in bash'
    bash -c '
        . /usr/share/bash-completion/bash_completion
        _completion_loader pcap-capture || [ $? -eq 124 ]
        COMP_WORDS=(pcap-capture --pr)
        COMP_CWORD=1
        COMP_LINE="pcap-capture --pr"
        how=$(complete -p pcap-capture)
        function=${how#*-F }
        "${function%% *}" pcap-capture --pr pcap-capture
        printf "%s\n" "${COMPREPLY[@]}"' >"$work/completed"
    cat "$work/completed"
    expect '^--print$' "$work/completed"
    expect '^--print-files$' "$work/completed"

    shown pcap-demo
    pcap-demo >"$work/demo" 2>&1
    head -n 8 "$work/demo"
}

case $1 in
install) install_it "$2" ;;
try) try_it ;;
esac
