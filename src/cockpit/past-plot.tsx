// SPDX-License-Identifier: LGPL-2.1-or-later
/* A plot of the last hour, day or week of the host or a VM. */

import { useEffect, useState } from "react";
import { ToggleGroup, ToggleGroupItem } from "./patternfly";

import { nowMicroseconds } from "./format";
import { continued, History } from "./history";
import { Plot } from "./plot";
import { getHistory, Service } from "./service";

const _ = cockpit.gettext;

type Span = "hour" | "day" | "week";

const SPANS: Record<Span, { seconds: number, text: string }> = {
    hour: { seconds: 3600, text: _("Hour") },
    day: { seconds: 86400, text: _("Day") },
    week: { seconds: 7 * 86400, text: _("Week") },
};

const POINTS = 362;           // what the plot can show, and an hour in steps of ten seconds: both ends count, and time passes till it is read
const READ_AGAIN_MS = 60_000; // until then the plot goes on with what the page sees

/* What the service has recorded; null until it is read, and where an older service cannot tell. What cannot be read again stays as it was. */
function useRecorded(path: string, span: Span): History | null {
    const [recorded, setRecorded] = useState<History | null>(null);
    useEffect(() => {
        let isShown = true;
        let isUnderWay = false;
        const show = (history: History) => { if (isShown) setRecorded(history) };
        const read = () => {
            if (document.hidden || isUnderWay)
                return;
            isUnderWay = true;
            getHistory(() => isShown, path, nowMicroseconds() - SPANS[span].seconds * 1e6, POINTS)
                    .then(show, () => { /* it is read again soon */ })
                    .finally(() => { isUnderWay = false });
        };
        read();
        const timer = window.setInterval(read, READ_AGAIN_MS);
        return () => { isShown = false; window.clearInterval(timer) };
    }, [path, span]);
    return recorded;
}

interface Props {
    path: string;
    service: Service;
    columns: { name: string, label: string }[];
    most: number;   // what the axis has to reach, in bytes
    label: string;
}

export function PastPlot({ path, service, columns, most, label }: Props) {
    const [span, setSpan] = useState<Span>("hour");
    const recorded = useRecorded(path, span);
    const seen = service.historyOf(path);

    return (
        <div>
            <ToggleGroup isCompact aria-label={cockpit.format(_("$0, how much of its past"), label)}>
                {(Object.keys(SPANS) as Span[]).map(each => (
                    <ToggleGroupItem key={each} text={SPANS[each].text} isSelected={each === span} onChange={() => setSpan(each)} />
                ))}
            </ToggleGroup>
            <Plot history={recorded ? continued(recorded, seen) : seen} seconds={SPANS[span].seconds} columns={columns} most={most} label={label} />
        </div>
    );
}
