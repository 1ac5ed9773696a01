// SPDX-License-Identifier: LGPL-2.1-or-later

import { useState } from "react";

import { reserve, Reservation } from "../service";
import { parseDuration, parseSize, size } from "../format";
import { Dialog } from "./dialog";
import { Field } from "./field";

const _ = cockpit.gettext;

interface Props {
    free: number;   // what a new VM could have now
    onReserved: (reservation: Reservation) => void;
    onClose: () => void;
}

export function ReserveDialog({ free, onReserved, onClose }: Props) {
    const [bytes, setBytes] = useState("");
    const [time, setTime] = useState("10m");
    const wanted = parseSize(bytes);
    const seconds = parseDuration(time);

    return (
        <Dialog title={_("Reserve memory for a VM")} action={_("Reserve")} onClose={onClose} isDisabled={!wanted || !seconds}
                description={cockpit.format(_("It is freed and held until a VM that starts uses it, the time is up, or your session in Cockpit ends: not when this page alone is closed. A new VM could have $0 now."), size(free))}
                act={async () => onReserved(await reserve(wanted!, seconds!))}>
            <Field id="reserve-size" label={_("Size")} value={bytes} onChange={setBytes} autoFocus help={_("a size, such as 150M or 2G")}
                   problem={bytes && !wanted ? _("This is not a size, such as 150M or 2G.") : ""} />
            <Field id="reserve-time" label={_("For")} value={time} onChange={setTime} help={_("such as 90s, 30m, 1h30m or 2d")}
                   problem={seconds ? "" : _("This is not a time, such as 90s, 30m, 1h30m or 2d.")} />
        </Dialog>
    );
}
