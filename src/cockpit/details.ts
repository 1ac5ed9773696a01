// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a VM's StatusDetail says, in the language of the page. */

const _ = cockpit.gettext;

/* These say the same as the service's sentence. */
const WHOLE: Record<string, string> = {
    "follows-need": _("Its memory follows its need."),
    "set-by-others": _("Somebody else has set its memory, which is respected for a while."),
    "host-has-no-more": _("It needs more memory than the host has left to give."),
    "at-maximum": _("It needs more memory than its maximum lets it have."),
    "change-is-late": _("A change of its memory has been under way for too long; it may be in a save, a snapshot or a migration."),
    "description-unread": _("Its description has not been read yet."),
    "process-is-silent": _("Its QEMU process does not answer; it is not managed until it does."),
    "no-report-yet": _("The guest has reported nothing since the service started watching it; earlier reports are not used."),
    "no-driver": _("The guest reports no memory statistics; load the virtio_balloon driver (in Windows, install the balloon service) in it."),
    "stopped-reporting": _("The guest has stopped reporting memory statistics, or reports implausible ones; see whether it runs, and whether its virtio_balloon driver is loaded."),
    booting: _("It has just started; it is not managed until its balloon driver reports."),
    crashed: _("Its kernel has crashed; it is not managed until it restarts."),
    "not-running": _("It is not running; it is managed again when it runs."),
    stuck: _("The guest does not reach its target; it keeps what it has for a while. If that does not end, see whether its balloon driver works, or raise its minimum."),
    ineffective: _("The host gains nothing from what it gives; it keeps what it has for a while. If that does not end, see whether something pins its memory."),
    "no-balloon": _("It has no balloon device; add <memballoon model='virtio'/> to it."),
};

/* The service's sentence says more: what cannot be read, or what to type. */
const PART: Record<string, string> = {
    "group-is-full": _("A limit that it shares with others is reached."),
    "at-ceiling": _("A limit of the host for it is reached."),
    paused: _("Its balancing is paused."),
    "all-paused": _("Balancing of all VMs is paused."),
    "metadata-is-invalid": _("Its own policy is not valid."),
    "managed-no": _("It is not managed, as its own policy says."),
    "not-marked": _("Only marked VMs are managed, and it is not marked."),
    "set-failed": _("Its balloon could not be set."),
    "description-refused": _("Its description cannot be read."),
    "period-refused": _("It cannot be asked for regular reports."),
    "cannot-be-moved": _("Its memory cannot be moved."),
    foreign: _("Something else sets its balloon repeatedly, and it is left to that."),
    degraded: _("Nothing is moved at present."),
};

const isEnglish = () => cockpit.language.startsWith("en");

/* @detail: the service's sentence, in English. */
export function detailWords(code: string, detail: string): string {
    if (isEnglish())
        return detail;
    return WHOLE[code] ?? [PART[code], detail].filter(Boolean).join(" ");
}
