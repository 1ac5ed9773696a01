#!/bin/sh
# json-glib 1.6.6 (Debian 12's json-glib-tools 1.6.6-1): an integer that does not fit 64 bits with sign is read as another
# number, without an error.
#
# JSON sets no limit, and libvirt, QEMU's QMP and D-Bus all have unsigned 64-bit figures ("unlimited" is often 2^64 - 1). The
# parser keeps the low 64 bits as a signed number: 2^63 comes out as -2^63, 2^64 - 1 as -1, -2^63 - 1 as 2^63 - 1, and digits
# of any number beyond that as whatever their low 64 bits say. JsonParser reports no error, the node's type is an integer, and
# what is generated from it again is valid JSON with another figure in it.
#
# Seen on 2026-11-28: [9223372036854775807,9223372036854775808,18446744073709551615,-9223372036854775809] comes out as
#     [9223372036854775807,-9223372036854775808,-1,9223372036854775807]
set -eu

version=1.6.6-1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/archives/partial" "$work/root"
apt-get -qq -y -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/archives" -o APT::Sandbox::User=root \
  --no-install-recommends --download-only install "json-glib-tools=$version" "libjson-glib-1.0-0=$version" >/dev/null
for package in "$work/archives"/*.deb; do dpkg -x "$package" "$work/root"; done

echo '[9223372036854775807,9223372036854775808,18446744073709551615,-9223372036854775809]' >"$work/root/in.json"
chroot "$work/root" /usr/bin/json-glib-validate /in.json || { echo "changed: it is refused" >&2; exit 1; }
said=$(chroot "$work/root" /usr/bin/json-glib-format /in.json)
[ "$said" = '[9223372036854775807,-9223372036854775808,-1,9223372036854775807]' ] || { echo "changed: $said" >&2; exit 1; }
echo "json-glib 1.6.6: $said"
