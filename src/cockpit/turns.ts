// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What costs the service much is asked for in turn. It refuses a client that has more than four such calls under way, and all pages of
 * a session of Cockpit are one client.
 */

let last: Promise<unknown> = Promise.resolve();

/* Calls it once what was asked for before has been answered, or refused. */
export function inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const turn = last.then(ask, ask);
    last = turn;
    return turn;
}
