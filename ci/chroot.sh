# shellcheck shell=sh
# Shared by the scripts that run commands in a separate Debian system, in a directory. Sourced after lib.sh and
# debian.sh, not run.
#
# Mounts are made only in a mount namespace, so none is left when a script ends, whichever way.

# Creates a folder with Debian's essential packages and apt: `make_chroot RELEASE FOLDER`. Keeps the downloads.
make_chroot() {
    release=$1
    root=$2
    [ "$(id -u)" -eq 0 ] || fail "a system in a folder needs root"
    say "making a Debian $release in ${root#"$PWD"/}"
    remove_chroot "$root"
    cache=$PWD/target/debs
    mkdir -p "$root" "$cache"
    log=$root.log
    unshare --mount --propagation private debootstrap --variant=minbase --keyring="$debian_keys" \
        --cache-dir="$cache" "$release" "$root" "$(debian_mirror)" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "debootstrap failed: see $log"
    }
    # Packages must not start services there.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
}

remove_chroot() {
    # Nothing should be mounted below it; if something is, it is not removed.
    [ ! -e "$1" ] || rm -rf --one-file-system "$1"
}

# Runs a program in it, with a new environment: `chroot_run FOLDER [--no-network] [--bind FROM TO]… PROGRAM…`. With
# --no-network there is only a loopback device, which is up.
chroot_run() {
    root=$1
    shift
    network=
    binds=
    while :; do
        case $1 in
        --no-network)
            network=--net
            shift
            ;;
        --bind)
            mkdir -p "$root$3"
            binds="$binds mount --bind $(quoted "$2") $(quoted "$root$3");"
            shift 3
            ;;
        *) break ;;
        esac
    done
    # shellcheck disable=SC2016 # for the shell inside
    unshare --mount --propagation private $network sh -c '
        set -e
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t sysfs sysfs "$root/sys"
        '"$binds"'
        [ -z "'"$network"'" ] || ip link set lo up
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            ${http_proxy:+http_proxy="$http_proxy"} chroot "$root" "$@"' sh "$root" "$@"
}
