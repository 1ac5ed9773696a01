#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Follows MemCoord: prints the host and each VM, and each again when it changes.
 *
 *   follow.js [--session]                        until it is ended
 *   follow.js [--session] pause NAME [REASON]    pauses balancing of that VM for ten minutes
 *
 * introspection/frontends.md explains it. It wants gjs, and has no call that waits but at its start.
 */

import Gio from "gi://Gio";
import GLib from "gi://GLib";
import { exit, programArgs } from "system";

const NAME = "org.example.MemCoord";
const ROOT = "/org/example/MemCoord";
const HOST = "org.example.MemCoord1";
const VM = "org.example.MemCoord1.VM";

// Codes that this program has words of its own for. There will be others: they are shown as they are.
const REASONS = { needs: "needs memory", swapping: "swaps", grows: "grows", releases: "has more than it needs" };

// What a proxy has read; undefined is what an older service does not have. A number is exact up to 8 PiB.
const value = (proxy, name) => proxy.get_cached_property(name)?.recursiveUnpack();

const mib = size => `${Math.floor((size ?? 0) / 2 ** 20)} MiB`;

function showHost(host) {
    if (host.get_name_owner() === null)
        print("away");
    else
        print(`host: ${value(host, "State")}, ${mib(value(host, "HostAvailable"))} of ${mib(value(host, "HostTotal"))} available`);
}

function showVm(vm) {
    const code = value(vm, "LastReasonCode");
    const why = (REASONS[code] ?? code) || "nothing was decided yet";
    print(`${value(vm, "Name")}: ${mib(value(vm, "Balloon"))} of ${mib(value(vm, "Maximum"))}, ${value(vm, "Status")}, ${why}`);
}

function onHostSignal(host, sender, signal, parameters) {
    if (signal !== "MemoryMoved")
        return;
    const [, before, after, reason] = parameters.recursiveUnpack();
    print(`moved from ${mib(before)} to ${mib(after)}: ${reason}`);
}

// The first of the two calls that read all there is. Looking does not start a service that was stopped.
function look(bus) {
    return Gio.DBusObjectManagerClient.new_for_bus_sync(
        bus, Gio.DBusObjectManagerClientFlags.DO_NOT_AUTO_START, NAME, ROOT, null, null);
}

function follow(bus) {
    const manager = look(bus);
    const host = Gio.DBusProxy.new_for_bus_sync(bus, Gio.DBusProxyFlags.DO_NOT_AUTO_START, null, NAME, ROOT, HOST, null);
    host.connect("g-properties-changed", () => showHost(host));
    host.connect("notify::g-name-owner", () => showHost(host));
    host.connect("g-signal", onHostSignal);
    manager.connect("object-added", (_, added) => showVm(added.get_interface(VM)));
    manager.connect("object-removed", (_, removed) => print(`${value(removed.get_interface(VM), "Name")}: gone`));
    manager.connect("interface-proxy-properties-changed", (_, changed, vm) => showVm(vm));
    showHost(host);
    manager.get_objects().forEach(vm => showVm(vm.get_interface(VM)));
    new GLib.MainLoop(null, false).run();
}

function fail(text) {
    printerr(text);
    exit(1);
}

// polkit may ask whoever sits there for a password: that may take as long as they like.
function pause(bus, name, reason = "") {
    const vm = look(bus).get_objects().map(object => object.get_interface(VM)).find(each => value(each, "Name") === name);
    if (!vm)
        fail(`no VM ${name}`);
    try {
        vm.call_sync("Pause", new GLib.Variant("(su)", [reason, 600]), Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION,
                     GLib.MAXINT32, null);
    } catch (error) {
        const kind = Gio.DBusError.get_remote_error(error);
        Gio.DBusError.strip_remote_error(error);
        fail(`${kind}: ${error.message}`);
    }
}

const words = [...programArgs];
const bus = words[0] === "--session" ? Gio.BusType.SESSION : Gio.BusType.SYSTEM;
if (bus === Gio.BusType.SESSION)
    words.shift();
if (words[0] === "pause" && [2, 3].includes(words.length))
    pause(bus, ...words.slice(1));
else if (words.length === 0)
    follow(bus);
else
    fail("usage: follow.js [--session] [pause NAME [REASON]]");
