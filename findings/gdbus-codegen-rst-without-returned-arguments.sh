#!/bin/sh
# gdbus-codegen of GLib 2.74.6 (Debian 12's libglib2.0-dev-bin 2.74.6-2+deb12u9): --generate-rst leaves out what is written of
# the arguments that a method returns, without a word.
#
# A D-Bus interface is documented by comments in its XML, "@name: …" for each argument. --generate-docbook lists all of them.
# --generate-rst, made for man pages and Sphinx, has the same source and lists those that go in; of those that come out only name
# and type are left, in the prototype. Whoever moves from the one to the other loses half of what callers look for, and a check
# that each argument is described in the XML does not see it.
#
# Seen on 2026-11-28: of "@days: For how many days." and "@due: When it is due." the .rst has the first alone, the DocBook both.
set -eu

version=2.74.6-2+deb12u9
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/archives/partial" "$work/root"
apt-get -qq -y -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/archives" -o APT::Sandbox::User=root \
  --no-install-recommends --download-only install "libglib2.0-dev-bin=$version" >/dev/null
for package in "$work/archives"/*.deb; do dpkg -x "$package" "$work/root"; done

cat >"$work/root/shelf.xml" <<'XML'
<node>
  <!--
    org.example.Shelf:
    @short_description: A shelf of books.
  -->
  <interface name="org.example.Shelf">
    <!--
      Lend:
      @days: For how many days.
      @due: When it is due.

      Lends one book.
    -->
    <method name="Lend">
      <arg name="days" type="u" direction="in"/>
      <arg name="due" type="t" direction="out"/>
    </method>
  </interface>
</node>
XML
generate() { chroot "$work/root" /usr/bin/python3 /usr/bin/gdbus-codegen "--generate-$1" "/$1" /shelf.xml; cat "$work/root/$1"*; }
rst=$(generate rst)
docbook=$(generate docbook)
described() { # text: which arguments are, in one word each
  for words in "For how many days." "When it is due."; do case $1 in *"$words"*) printf '%s ' "${words%% *}" ;; esac; done
}
said="rst: $(described "$rst"); docbook: $(described "$docbook")"
[ "$said" = "rst: For ; docbook: For When " ] || { echo "changed: $said" >&2; exit 1; }
echo "gdbus-codegen 2.74.6: $said"
