// SPDX-License-Identifier: LGPL-2.1-or-later

import { useState } from "react";
import { FormGroup, FormSelect, FormSelectOption } from "../patternfly";

import { steer } from "../service";
import { parseDuration } from "../format";
import { Dialog } from "./dialog";
import { Field } from "./field";

const _ = cockpit.gettext;

const OTHER = "other";
const TIMES: [seconds: string, label: string][] = [
    ["600", _("10 minutes")],
    ["3600", _("1 hour")],
    ["14400", _("4 hours")],
    ["86400", _("1 day")],
    ["0", _("Until it is resumed")],
    [OTHER, _("Another time")],
];

/* @name: of the VM, or none for all balancing. */
export function PauseDialog({ path, name, onClose }: { path: string, name?: string, onClose: () => void }) {
    const [time, setTime] = useState("3600");
    const [typed, setTyped] = useState("30m");
    const [reason, setReason] = useState("");
    const seconds = time === OTHER ? parseDuration(typed) : Number(time);

    return (
        <Dialog title={name ? cockpit.format(_("Pause $0"), name) : _("Pause balancing")} action={_("Pause")} onClose={onClose}
                description={name ? _("Its memory stays as it is.") : _("No memory is moved. VMs are still watched.")}
                isDisabled={seconds === null || (time === OTHER && seconds === 0)}
                act={() => steer(path, "Pause", "su", reason, seconds)}>
            <FormGroup label={_("For")} fieldId="pause-time">
                <FormSelect id="pause-time" value={time} onChange={(_event, value) => setTime(value)}>
                    {TIMES.map(([value, label]) => <FormSelectOption key={value} value={value} label={label} />)}
                </FormSelect>
            </FormGroup>
            {time === OTHER &&
                <Field id="pause-typed" label={_("Time")} value={typed} onChange={setTyped} help={_("such as 90s, 30m, 1h30m or 2d")}
                       problem={seconds ? "" : _("This is not a time, such as 90s, 30m, 1h30m or 2d.")} />}
            <Field id="pause-reason" label={_("Reason")} value={reason} onChange={setReason} help={_("Others see it. May be empty.")} />
        </Dialog>
    );
}
