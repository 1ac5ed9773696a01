#!/bin/sh
# libvirt 9.0.0 (Debian 12's libvirt-clients and libvirt0 9.0.0-4+deb12u2): metadata whose element has a default namespace of
# its own is accepted, and lost to every later call.
#
# virDomainSetMetadata() takes an element, a key and a URI, and is to put the element into the namespace of that URI. Where the
# element says xmlns="…" itself, the call succeeds and adds xmlns:KEY="URI", but the element stays in its own namespace. So:
#   - virDomainGetMetadata() of that URI says that there is none;
#   - the next virDomainSetMetadata(), of whatever element, does not replace it, but adds one beside it;
#   - removing the URI's metadata removes none of them: they stay in the domain's XML until somebody edits it.
# A program that keeps a note in a domain's metadata and writes it with an xmlns leaves one more element at every write, and
# never reads one back.
#
# Seen on 2026-11-28, with the test driver (the code is the drivers' common part):
#     error: metadata not found: Requested metadata element is not present
#     two elements <note xmlns="https://example.net/mine" …/> after two writes, a third that was read and removed
set -eu

version=9.0.0-4+deb12u2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "changed: $*" >&2; exit 1; }

mkdir -p "$work/archives/partial" "$work/root"
apt-get -qq -y -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/archives" -o APT::Sandbox::User=root \
  --no-install-recommends --download-only install "libvirt-clients=$version" >/dev/null
for package in "$work/archives"/*.deb; do dpkg -x "$package" "$work/root"; done

uri=https://example.org/notes
session=$(chroot "$work/root" /usr/bin/virsh -q -c test:///default "
  metadata test --uri $uri --key k --set '<note xmlns=\"https://example.net/mine\"/>'; echo first set;
  metadata test --uri $uri;
  metadata test --uri $uri --key k --set '<note xmlns=\"https://example.net/mine\"/>'; echo second set;
  metadata test --uri $uri --key k --set '<note/>'; echo third set;
  metadata test --uri $uri;
  metadata test --uri $uri --remove; echo removed;
  dumpxml test" 2>&1) || fail "virsh ended with $?: $session"
session=$(echo "$session" | sed -E 's/(first set|second set|third set|removed)/\n\1\n/g') # its echo ends no line

for step in "first set" "second set" "third set" removed; do
  echo "$session" | grep -qx "$step" || fail "not reached: $step: $session"
done
echo "$session" | sed -n '/^first set/,/^second set/p' | grep -q 'Requested metadata element is not present' \
  || fail "the first element can be read"
echo "$session" | sed -n '/^third set/,/^removed/p' | grep -q '<note/>' || fail "the third element cannot be read"
kept=$(echo "$session" | sed -n '/<metadata>/,/<\/metadata>/p' | grep -c '<note xmlns="https://example.net/mine"') || true
[ "$kept" = 2 ] || fail "$kept elements are left, not 2"
echo "libvirt 9.0.0: two elements were accepted, not found again, and left behind by the removal"
