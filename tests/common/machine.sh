# SPDX-License-Identifier: LGPL-2.1-or-later
# A host of its own: systemd, D-Bus, polkit and libvirt of a release of Debian, booted on a chroot in namespaces of its own, as
# the suite "install" boots this machine. For bash, to be sourced after chroot.sh. One runs at a time; halt() whatever happens.
machine=          # the process that takes the machine with it when it ends, and that ends with who has sourced this
machine_init=     # its process 1
machine_directory=

# Where the host is. It has QEMU for guests, too.
make_host() { # release
  make_chroot "$1" machine dbus,libvirt-clients,libvirt-daemon-system,polkitd,qemu-system-x86,systemd-sysv
}

# Boots the chroot with what in_chroot() has laid over it. The directory "shared" has the same path inside. There is no network.
boot() { # chroot, directory that was given to in_chroot(), where the console goes
  machine_directory=$2
  mv "$2/upper" "$2/files"
  rmdir "$2/files/shared"
  mkdir -p "$2/layer"
  MEMCOORD_BOOT_ROOT=$1 setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --uts --ipc --net \
    "$(dirname "${BASH_SOURCE[0]}")/../install/boot" "$2" </dev/null >"$3" 2>&1 &
  machine=$!
  for _ in $(seq 1500); do
    machine_init=$(cat "/proc/$machine/task/$machine/children" 2>/dev/null || :)
    machine_init=${machine_init%% *}
    case $(on_machine systemctl is-system-running 2>/dev/null || :) in
      running | degraded) return ;;
    esac
    kill -0 "$machine" 2>/dev/null || break
    sleep 0.2
  done
  return 1
}

on_machine() { # command…
  [ -n "$machine_init" ] && [ "$(cat "/proc/$machine_init/comm")" = systemd ] || return 1
  nsenter --target="$machine_init" --mount --pid --uts --ipc --net \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

halt() {
  [ -n "$machine" ] || return 0
  kill -KILL "$machine" 2>/dev/null || :
  wait "$machine" 2>/dev/null || :
  machine=
  # The control groups that systemd has left, deepest first; the last process of it may still be on its way out.
  unshare --mount sh -c '
    mount -t cgroup2 cgroup2 "$0"
    for _ in $(seq 100); do
      [ -d "$0/$1" ] || exit 0
      find "$0/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done' "$machine_directory/layer" "$(basename "$machine_directory")"
}

# Boots, runs a command, and halts. Its output goes to a log of that name beside those of the console and of the journal.
run_on_machine() { # release, chroot, directory as for boot(), where logs go, name, command…
  local release=$1 logs=$4 name=$5 status=0
  boot "$2" "$3" "$logs/console.log" || { halt; die "Debian $release: systemd does not boot: see $logs/console.log"; }
  shift 5
  on_machine "$@" >"$logs/$name.log" 2>&1 &
  wait $! || status=1 # unlike the command itself, it does not keep a signal waiting
  on_machine journalctl --no-pager >"$logs/journal.log" 2>&1 || :
  halt
  [ $status = 0 ] || die "Debian $release: $(grep '^FAILED' "$logs/$name.log" || echo 'it ended early'): see $logs/$name.log"
}
