// SPDX-License-Identifier: LGPL-2.1-or-later
/* The service's codes in words and colours. A later service may have codes that are not here: they are shown as they are. */

export type Tone = "success" | "info" | "warning" | "danger" | "none";
type Words = Record<string, [text: string, tone: Tone]>;

const _ = cockpit.gettext;

const STATES: Words = {
    starting: [_("Starting"), "info"],
    running: [_("Running"), "success"],
    paused: [_("Paused"), "warning"],
    degraded: [_("Degraded"), "danger"],
};

const CONDITIONS: Words = {
    comfortable: [_("Comfortable"), "success"],
    tight: [_("Tight"), "warning"],
    critical: [_("Critical"), "danger"],
};

const STATUSES: Words = {
    managed: [_("Managed"), "success"],
    paused: [_("Paused"), "warning"],
    "opted-out": [_("Not managed"), "none"],
    booting: [_("Booting"), "info"],
    busy: [_("Busy"), "warning"],
    suspended: [_("Suspended"), "none"],
    foreign: [_("Set by others"), "warning"],
    "no-stats": [_("No reports"), "warning"],
    stale: [_("Stale reports"), "warning"],
    stuck: [_("Stuck"), "danger"],
    ineffective: [_("Ineffective"), "warning"],
    unsupported: [_("Unsupported"), "none"],
};

const REASONS: Record<string, string> = {
    enough: _("Has enough"),
    needs: _("Needs memory"),
    swapping: _("Swaps"),
    grows: _("Grows"),
    cache: _("Page cache"),
    "below-minimum": _("Below its minimum"),
    "above-maximum": _("Above its maximum"),
    releases: _("Releases"),
    "host-tight": _("Host is tight"),
    overcommitted: _("Shares what there is"),
    "funds-others": _("Gives to others"),
    emergency: _("Host is critical"),
    "no-free-memory": _("Host has none free"),
    "at-maximum": _("At its maximum"),
    "group-full": _("Shared limit reached"),
    "cooling-down": _("Waits after a move"),
    unreachable: _("Target out of reach"),
    repeated: _("Repeated"),
    "in-vain": _("In vain"),
    foreign: _("Set by others"),
    "given-back": _("Given back"),
};

const look = (words: Words, code: string): [string, Tone] => words[code] ?? [code, "none"];

export const stateWords = (state: string) => look(STATES, state);
export const conditionWords = (condition: string) => look(CONDITIONS, condition);
export const statusWords = (status: string) => look(STATUSES, status);
export const reasonWords = (code: string) => REASONS[code] ?? code;

/* Whether somebody may want to know of it: what is as the admin has said is left out. */
export const needsAttention = (status: string) => !["managed", "paused", "opted-out", "booting", "suspended"].includes(status);
