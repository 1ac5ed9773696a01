// SPDX-License-Identifier: LGPL-2.1-or-later
/* What came of what somebody did: a refusal and results, in sight wherever the page is scrolled to. */

import { useEffect, useRef, useState } from "react";
import { Alert, AlertActionLink } from "./patternfly";

import { size } from "./format";
import { useNow } from "./plot";
import { Reservation } from "./service";
import { Refusal } from "./dialogs/dialog";

const _ = cockpit.gettext;

const LATE_MS = 2000;   // a reservation may be granted before the page hears of it, and of the end of one before it

type Tone = "success" | "info" | "warning";

export interface Told {
    key: number;
    tone: Tone;
    text: string;
    reservation?: Reservation;
}

let count = 0;

const told = (tone: Tone, text: string, reservation?: Reservation): Told => ({ key: ++count, tone, text, reservation });

export function given(bytes: number, isDryRun: boolean): Told {
    if (bytes === 0)
        return told("info", _("There is nothing to give back."));
    if (isDryRun)
        return told("info", cockpit.format(_("Dry run: $0 would be given back."), size(bytes)));
    return told("success", cockpit.format(_("Given back: $0"), size(bytes)));
}

/* A VM that starts without the room that it was to have takes it from the others. */
export function reserved(reservation: Reservation): Told {
    const { asked, granted } = reservation;
    if (granted < asked)
        return told("warning", cockpit.format(_("Reserved: $0, less than the $1 asked for"), size(granted), size(asked)), reservation);
    return told("success", cockpit.format(_("Reserved: $0"), size(granted)), reservation);
}

/* Whether something was reserved, and nothing is any more. */
function useNothingIsReserved(inAll: number): boolean {
    const [isOver, setOver] = useState(false);
    const wasReserved = useRef(false);
    const isNone = inAll === 0;
    useEffect(() => {
        wasReserved.current ||= !isNone;
        if (!isNone || !wasReserved.current)
            return;
        const timer = window.setTimeout(() => setOver(true), LATE_MS);
        return () => window.clearTimeout(timer);
    }, [isNone]);
    return isOver;
}

interface HeldProps {
    tone: Tone;
    text: string;
    reservation: Reservation;
    inAll: number;   // what is reserved, in bytes
    onClose: () => void;
    onError: (error: CockpitError) => void;
}

/* It goes when the reservation has ended: its time is up, VMs have used up all that was reserved, or the service has gone. */
function Held({ tone, text, reservation, inAll, onClose, onError }: HeldProps) {
    const isNoneReserved = useNothingIsReserved(inAll);
    const isOver = useNow(1000) >= reservation.until || isNoneReserved;
    const close = () => {
        reservation.leave();
        onClose();
    };
    useEffect(() => { if (isOver) close() }, [isOver]);

    return (
        <Alert variant={tone} isInline title={text}
               actionLinks={
                   <AlertActionLink onClick={() => reservation.release().catch(onError).finally(close)}>{_("Release")}</AlertActionLink>
               } />
    );
}

interface Props {
    error: CockpitError | null;
    told: Told[];    // each stays until it is closed: it may be the only way to a reservation
    inAll: number;   // what is reserved, in bytes
    onError: (error: CockpitError | null) => void;
    onClose: (told: Told) => void;
}

/* There before anything is told: screen readers say what comes into a live region that they know. */
export function ToldGroup({ error, told, inAll, onError, onClose }: Props) {
    return (
        <div className="mc-told" aria-live="polite" aria-atomic="false">
            {error && <Refusal error={error} onClose={() => onError(null)} />}
            {told.map(each => {
                const { key, tone, text, reservation } = each;
                const close = () => onClose(each);
                return reservation
                    ? <Held key={key} tone={tone} text={text} reservation={reservation} inAll={inAll} onClose={close} onError={onError} />
                    : <Alert key={key} variant={tone} isInline title={text}
                             actionLinks={<AlertActionLink onClick={close}>{_("Close")}</AlertActionLink>} />;
            })}
        </div>
    );
}
