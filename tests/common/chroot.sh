# SPDX-License-Identifier: LGPL-2.1-or-later
# Chroots of Debian's releases, for what has to run on each of them. For bash, to be sourced; wants root and mmdebstrap.
#
# Who sources it may set what differs from this:
cache=/var/cache/memcoord-packaging   # where chroots are kept; remove one to have it made anew
mirror=http://deb.debian.org/debian   # where Debian is
chroot_options=()                     # what mmdebstrap is told beside

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

codename() { # release
  case $1 in
    12) echo bookworm ;;
    13) echo trixie ;;
    sid) echo sid ;;
    *) return 1 ;;
  esac
}

take_lists_that_have_expired() {
  chroot_options+=(--aptopt='Acquire::Check-Valid-Until "false"')
}

# Makes the chroot where there is none, and says where it is.
make_chroot() { # release, what it is for, packages, options of mmdebstrap…
  local suite directory release=$1 purpose=$2 packages=$3; shift 3
  suite=$(codename "$release")
  directory=$cache/$suite-$purpose
  if [ ! -d "$directory" ]; then
    command -v mmdebstrap >/dev/null || die "wants mmdebstrap, which makes chroots: apt-get install mmdebstrap"
    mkdir -p "$cache"
    rm -rf "$directory.new"
    mmdebstrap --mode=root --variant=apt --skip=cleanup/apt --include="$packages" \
      --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
      "${chroot_options[@]}" "$@" \
      "$suite" "$directory.new" "$mirror" >&2 || die "Debian $release: mmdebstrap makes no chroot of it"
    mv "$directory.new" "$directory"
  fi
  echo "$directory"
}

# The script lays "$2" over "$1", and works there until the namespace is gone, and all that it has mounted with it.
in_chroot() { # chroot, what is changed, script, arguments…
  local lower=$1 layer=$2 script=$3; shift 3
  mkdir -p "$layer/upper" "$layer/work" "$layer/root" "$layer/shared"
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child bash -eu -c '
    lower=$1 layer=$2 script=$3; shift 3
    root=$layer/root
    mount --make-rprivate /
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mkdir -p "$root/shared"
    mount --bind "$layer/shared" "$root/shared"
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      chroot "$root" sh -eu -c "$script" sh "$@"
  ' bash "$lower" "$layer" "$script" "$@" </dev/null
}
