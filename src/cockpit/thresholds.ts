// SPDX-License-Identifier: LGPL-2.1-or-later
/* The thresholds of the host and of a VM. What values they may have is the service's to say. */

import { exactSize, parseDuration, parseSize } from "./format";

const _ = cockpit.gettext;

interface Unit {
    parse(text: string): number | null;
    type(value: number): string;   // as somebody would type it
    hint: string;
}

const whole = (text: string) => /^\d+$/.test(text.trim()) ? Number(text) : null;

const BYTES: Unit = { parse: parseSize, type: exactSize, hint: _("a size, such as 150M or 2G") };
const PERCENT: Unit = { parse: text => whole(text.replace("%", "")), type: value => `${value}`, hint: _("percent") };
const SECONDS: Unit = { parse: parseDuration, type: value => `${value}`, hint: _("seconds") };
const SHARES: Unit = { parse: whole, type: value => `${value}`, hint: _("1 to 10000") };

export interface Threshold {
    name: string;
    label: string;
    help: string;
    unit: Unit;
}

const LOW: Threshold = {
    name: "LowWatermark", label: _("Low watermark"), unit: BYTES, help: _("With this much unused memory, or less, a VM gets more"),
};
const HIGH: Threshold = {
    name: "HighWatermark", label: _("High watermark"), unit: BYTES, help: _("With this much unused memory, or more, a VM can give some"),
};

export const HOST_THRESHOLDS: Threshold[] = [
    LOW,
    HIGH,
    { name: "HostReserve", label: _("Host reserve"), unit: BYTES, help: _("No grant reduces the host's available memory to this") },
    { name: "HostUsageLimit", label: _("Host usage limit"), unit: PERCENT, help: _("VMs give memory back to a host that is used above this") },
    { name: "StepLimit", label: _("Step limit"), unit: PERCENT, help: _("The most that one step moves, of a VM's memory") },
    { name: "Interval", label: _("Interval"), unit: SECONDS, help: _("Time between two cycles while no VM needs memory") },
];

export const VM_THRESHOLDS: Threshold[] = [
    { name: "Minimum", label: _("Minimum"), unit: BYTES, help: _("The least memory that the VM is left with") },
    { name: "Maximum", label: _("Maximum"), unit: BYTES, help: _("The most memory that the VM may get") },
    LOW,
    HIGH,
    { name: "Weight", label: _("Weight"), unit: SHARES, help: _("Its share when memory is short; 100 by default") },
];
