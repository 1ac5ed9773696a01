// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What costs the service much is asked for in turn. It refuses a client that has more than four such calls under way, and all pages of
 * a session of Cockpit are one client.
 */

let last: Promise<unknown> = Promise.resolve();

const NOT_WANTED: CockpitError = { problem: "cancelled", message: "" };   // nobody is there to be told

/* Calls it once what was asked for before has been answered, or refused: where it is still wanted by then. */
export function inTurn<T>(isWanted: () => boolean, ask: () => Promise<T>): Promise<T> {
    const askIfWanted = () => isWanted() ? ask() : Promise.reject(NOT_WANTED);
    const turn = last.then(askIfWanted, askIfWanted);
    last = turn;
    return turn;
}
