// SPDX-License-Identifier: LGPL-2.1-or-later
/* The past of the host or a VM: as GetHistory() of the service will return it, and until then as the page has seen it. */

export interface History {
    columns: string[];   // the first is Time, in microseconds since the epoch; the others are bytes
    rows: number[][];    // oldest first; each holds until the next
}

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

/* One column, in time. */
export function column(history: History, name: string): { time: number, value: number }[] {
    const index = history.columns.indexOf(name);
    return index < 0 ? [] : history.rows.map(row => ({ time: row[0], value: row[index] }));
}
