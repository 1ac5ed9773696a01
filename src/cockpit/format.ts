// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sizes, lengths of time and points in time, as memcoordctl writes and reads them. */

const _ = cockpit.gettext;

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
const UNITS = "BKMGT";
const NAMES = ["B", "KiB", "MiB", "GiB", "TiB"];
const TENTHS_FROM = 3;
const SECONDS: Record<string, number> = { d: 86400, h: 3600, m: 60, s: 1 };

export const locale = () => cockpit.language.replace("_", "-");

export const number = (value: number, digits = 0) => value.toLocaleString(locale(), { maximumFractionDigits: digits });

export const percent = (value: number) => (value / 100).toLocaleString(locale(), { style: "percent", maximumFractionDigits: 1 });

/* "150 MiB", "1.5 GiB": tenths only where they are worth reading. */
export function size(bytes: number): string {
    let exponent = 0;
    while (bytes >= (exponent < TENTHS_FROM ? 1023.5 : 1023.95) && exponent < NAMES.length - 1) {
        bytes /= 1024;
        exponent++;
    }
    return `${number(bytes, exponent < TENTHS_FROM ? 0 : 1)} ${NAMES[exponent]}`;
}

/* "150M": what parseSize() reads back exactly. */
export function exactSize(bytes: number): string {
    let exponent = 0;
    while (bytes > 0 && bytes % 1024 === 0 && exponent < UNITS.length - 1) {
        bytes /= 1024;
        exponent++;
    }
    return exponent === 0 ? `${bytes}` : `${bytes}${UNITS[exponent]}`;
}

/* Bytes, or null where the text is no size: "150M", "1.5 GiB", "1073741824". */
export function parseSize(text: string): number | null {
    const found = /^(\d+)(\.\d+)? ?(?:B|([KMGT])(?:i?B)?)?$/i.exec(text.trim());
    if (!found || (found[2] && !found[3]))
        return null;
    const bytes = Math.floor(Number(found[1] + (found[2] ?? "")) * 1024 ** UNITS.indexOf((found[3] ?? "B").toUpperCase()));
    return Number.isSafeInteger(bytes) ? bytes : null;
}

/* Seconds, or null: "10m", "1h30m", "45". */
export function parseDuration(text: string): number | null {
    const typed = text.trim().replace(/ /g, "");
    if (/^\d+$/.test(typed))
        return Number(typed);
    if (!/^(\d+[dhms])+$/.test(typed))
        return null;
    return [...typed.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * SECONDS[unit], 0);
}

/* "45s", "10m", "2h": the largest unit alone. */
export function duration(seconds: number): string {
    const unit = Object.keys(SECONDS).find(letter => seconds >= SECONDS[letter]) ?? "s";
    return `${Math.max(0, Math.floor(seconds / SECONDS[unit]))}${unit}`;
}

/* How long ago a time of the bus was, in microseconds since the epoch. */
export const ago = (time: number, now: number) =>
    cockpit.format(_("$0 ago"), duration((now - time) / 1e6));

export function clock(time: number): string {
    const date = new Date(time / 1000);
    const today = date.toDateString() === new Date().toDateString();
    return date.toLocaleString(locale(), today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" });
}

export const nowMicroseconds = () => Date.now() * 1000;
