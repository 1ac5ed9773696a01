// SPDX-License-Identifier: LGPL-2.1-or-later
/* The host: what its memory holds, and what is done with all VMs. */

import { useState } from "react";
import {
    Button, Card, CardBody, CardHeader, CardTitle, Flex, Switch, Title,
} from "./patternfly";

import { Bar, Legend } from "./bar";
import { FigureList } from "./figure-list";
import { duration, number, percent, size } from "./format";
import { PastPlot } from "./past-plot";
import { Host, Reservation, ROOT, Service, steer, Vm } from "./service";
import { HOST_THRESHOLDS } from "./thresholds";
import { StatusLabel } from "./status-label";
import { conditionWords, stateWords } from "./words";
import { GiveBackDialog } from "./dialogs/give-back";
import { PauseDialog } from "./dialogs/pause";
import { PlanDialog } from "./dialogs/plan";
import { ReserveDialog } from "./dialogs/reserve";
import { ThresholdsDialog } from "./dialogs/thresholds";

const _ = cockpit.gettext;

const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);

function HostBar({ host, vms }: { host: Host, vms: Vm[] }) {
    const usedInAll = host.HostTotal - host.HostAvailable;
    const ofVms = Math.min(usedInAll, sum(vms.map(vm => vm.Resident)));
    const entries: [string, string][] = [
        ["used", cockpit.format(_("VMs $0"), size(ofVms))],
        ["other", cockpit.format(_("Others $0"), size(usedInAll - ofVms))],
        ["free", cockpit.format(_("Available $0"), size(host.HostAvailable))],
        ["promised", cockpit.format(_("of that promised $0"), size(host.HostPromised))],
        ["limit", cockpit.format(_("Usage limit $0, reserve $1"), percent(host.HostUsageLimit), size(host.HostReserve))],
    ];
    const label = cockpit.format(_("Memory of the host, $0: $1"), size(host.HostTotal), entries.map(([, text]) => text).join(", "));
    return (
        <>
            <Bar label={label} whole={host.HostTotal}
                 parts={[{ kind: "used", bytes: ofVms }, { kind: "other", bytes: usedInAll - ofVms }, { kind: "promised", bytes: host.HostPromised }]}
                 marks={[{ kind: "limit", bytes: host.HostTotal * host.HostUsageLimit / 100, title: _("Host usage limit") },
                         { kind: "limit", bytes: host.HostTotal - host.HostReserve, title: _("Host reserve") }]} />
            <Legend entries={entries} />
        </>
    );
}

function Figures({ host, vms }: { host: Host, vms: Vm[] }) {
    const managed = vms.filter(vm => vm.Status === "managed");
    const figures: [string, string][] = [
        [_("Used"), cockpit.format(_("$0 of $1"), percent(host.HostUsedPercent), size(host.HostTotal))],
        [_("Free for a new VM"), size(host.FreeForNewVM)],
        [_("Reserved"), size(host.Reserved)],
        [_("Held less than the maximum"), size(host.Reclaimed)],
        [_("In need in the last hour"), duration(host.NeedSecondsLastHour)],
        [_("Managed VMs"), cockpit.format(_("$0 of $1"), number(managed.length), number(vms.length))],
    ];
    return <FigureList columns={{ default: "2Col", lg: "3Col" }} figures={figures} />;
}

type Opened = "pause" | "plan" | "thresholds" | "reserve" | "give-back" | null;

interface Props {
    host: Host;
    vms: Vm[];
    service: Service;
    onError: (error: CockpitError) => void;
    onReserved: (reservation: Reservation) => void;
    onGiven: (bytes: number) => void;
}

export function HostCard({ host, vms, service, onError, onReserved, onGiven }: Props) {
    const [opened, setOpened] = useState<Opened>(null);
    const close = () => setOpened(null);
    const [state, stateTone] = stateWords(host.State);
    const [condition, conditionTone] = conditionWords(host.HostCondition);
    const open = (dialog: Opened, text: string) => <Button variant="secondary" onClick={() => setOpened(dialog)}>{text}</Button>;

    return (
        <Card component="section" aria-labelledby="host-title">
            <CardHeader actions={{ hasNoOffset: true, actions: (
                <Flex gap={{ default: "gapSm" }} alignItems={{ default: "alignItemsCenter" }}>
                    <Switch id="dry-run" label={_("Dry run")} isChecked={host.DryRun}
                            onChange={(_event, on) => steer(ROOT, "SetDryRun", "b", on).catch(onError)} />
                    {open("plan", _("Plan"))}
                    {open("pause", _("Pause"))}
                    {open("reserve", _("Reserve"))}
                    {open("give-back", _("Give back"))}
                    {open("thresholds", _("Thresholds"))}
                </Flex>
            ) }}>
                <Flex alignItems={{ default: "alignItemsCenter" }} gap={{ default: "gapSm" }}>
                    <CardTitle><Title headingLevel="h2" size="lg" id="host-title">{_("Host")}</Title></CardTitle>
                    <StatusLabel text={state} tone={stateTone} />
                    {host.HostTotal > 0 && <StatusLabel text={condition} tone={conditionTone} />}
                </Flex>
            </CardHeader>
            <CardBody>
                {host.HostTotal > 0 && <HostBar host={host} vms={vms} />}
                <div className="mc-side-by-side">
                    <Figures host={host} vms={vms} />
                    <PastPlot path={ROOT} service={service} most={0} label={_("Memory of the host")}
                              columns={[{ name: "Available", label: _("Available") }, { name: "Promised", label: _("Promised") }]} />
                </div>
            </CardBody>
            {opened === "pause" && <PauseDialog path={ROOT} onClose={close} />}
            {opened === "plan" && <PlanDialog vms={vms} onClose={close} />}
            {opened === "reserve" && <ReserveDialog free={host.FreeForNewVM} onReserved={onReserved} onClose={close} />}
            {opened === "give-back" && <GiveBackDialog onGiven={onGiven} onClose={close} />}
            {opened === "thresholds" &&
                <ThresholdsDialog path={ROOT} title={_("Thresholds of the host")} thresholds={HOST_THRESHOLDS} overridden={host.Overridden}
                                  values={host as unknown as Record<string, number>} whenSet={_("set at run time")} reset={_("As configured")}
                                  onClose={close} />}
        </Card>
    );
}
