// SPDX-License-Identifier: LGPL-2.1-or-later
/* The past of the host or a VM: as the service has recorded it, and as the page has seen it since. */

export interface History {
    columns: string[];   // the first is Time, in microseconds since the epoch; the others are bytes
    rows: number[][];    // oldest first; each holds until the next
}

export interface Point {
    time: number;
    value: number;       // may be UNKNOWN
}

export const UNKNOWN = -1;

const ROWS_MOST = 900;

export const emptyHistory = (...columns: string[]): History => ({ columns: ["Time", ...columns], rows: [] });

/* Adds a row where something has changed. Every second of the older half goes once there are too many. */
export function remember(history: History, time: number, values: number[]): History {
    const last = history.rows.at(-1);
    if (last && values.every((value, i) => value === last[i + 1]))
        return history;
    let rows = history.rows;
    if (rows.length >= ROWS_MOST)
        rows = rows.filter((_row, i) => i >= ROWS_MOST / 2 || i % 2 === 0);
    return { columns: history.columns, rows: [...rows, [time, ...values]] };
}

/* What was seen since the last row that was recorded comes after it. */
export function continued(recorded: History, seen: History): History {
    const last = recorded.rows.at(-1)?.[0] ?? 0;
    const places = recorded.columns.map(name => seen.columns.indexOf(name));
    const since = seen.rows.filter(row => row[0] > last).map(row => places.map(place => place < 0 ? UNKNOWN : row[place]));
    return { columns: recorded.columns, rows: [...recorded.rows, ...since] };
}

/* Without what is over by @time; what held then begins there. */
export function since(history: History, time: number): History {
    const first = Math.max(0, history.rows.findLastIndex(row => row[0] <= time));
    const rows = history.rows.slice(first).map(row => [Math.max(row[0], time), ...row.slice(1)]);
    return { columns: history.columns, rows };
}

/* One column, in time. */
export function column(history: History, name: string): Point[] {
    const index = history.columns.indexOf(name);
    return index < 0 ? [] : history.rows.map(row => ({ time: row[0], value: row[index] }));
}
