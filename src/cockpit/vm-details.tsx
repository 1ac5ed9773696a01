// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is known of one VM, and what can be done with it: its row, opened. */

import { useEffect, useState } from "react";
import {
    Button, Content, Flex, Switch, Table, Tbody, Td, Th, Thead, Title, Tr,
} from "./patternfly";

import { detailWords } from "./details";
import { FigureList } from "./figure-list";
import { ago, clock, size } from "./format";
import { PastPlot } from "./past-plot";
import { useNow } from "./plot";
import { Decision, getDecisions, getMoves, Move, newestFirst, Service, steer, Vm } from "./service";
import { VM_THRESHOLDS } from "./thresholds";
import { reasonWords, statusWords } from "./words";
import { GiveBackDialog } from "./dialogs/give-back";
import { PauseDialog } from "./dialogs/pause";
import { ThresholdsDialog } from "./dialogs/thresholds";

const _ = cockpit.gettext;

const DECISIONS_SHOWN = 8;
const READ_AGAIN_MS = 10_000;   // where not all could be read

function Figures({ vm }: { vm: Vm }) {
    const figure = (bytes: number) => bytes > 0 ? size(bytes) : _("not reported");
    const figures: [string, string][] = [
        [_("Balloon"), vm.Target !== vm.Balloon ? cockpit.format(_("$0, on its way to $1"), size(vm.Balloon), size(vm.Target)) : size(vm.Balloon)],
        [_("Unused"), figure(vm.Unused)],
        [_("Usable"), figure(vm.Usable)],
        [_("Minimum"), size(vm.Minimum)],
        [_("Maximum"), size(vm.Maximum)],
        [_("Occupied on the host"), figure(vm.Resident)],
        [_("Watermarks"), cockpit.format(_("low $0, high $1"), size(vm.LowWatermark), size(vm.HighWatermark))],
        [_("Swaps in and out"), cockpit.format(_("$0/s and $1/s"), size(vm.SwapInRate), size(vm.SwapOutRate))],
    ];
    return <FigureList columns={{ default: "2Col" }} figures={figures} />;
}

interface Read {
    moves: Move[];
    decisions: Decision[];
    problem: string;
}

/* What cannot be read again stays as it was. */
async function readAgain(isWanted: () => boolean, path: string, before: Read | null): Promise<Read> {
    let problem = "";
    const keep = <T, >(value: T) => (error: CockpitError) => { problem = error.message; return value };
    const [moves, decisions] = await Promise.all([
        getMoves(isWanted, path).catch(keep(before?.moves ?? [])),
        getDecisions(path).catch(keep(before?.decisions ?? [])),
    ]);
    return { moves, decisions, problem };
}

/* Asked for when the row is opened, again with each move, and until all could be read. */
function useRead(vm: Vm): Read | null {
    const [read, setRead] = useState<Read | null>(null);
    useEffect(() => {
        let isShown = true;
        let timer = 0;
        const readFrom = async (before: Read | null) => {
            const now = await readAgain(() => isShown, vm.path, before);
            if (!isShown)
                return;
            setRead(now);
            if (now.problem)
                timer = window.setTimeout(() => readFrom(now), READ_AGAIN_MS);
        };
        readFrom(read);
        return () => { isShown = false; window.clearTimeout(timer) };
    }, [vm.path, vm.LastChange]);
    return read;
}

function Decisions({ vm }: { vm: Vm }) {
    const read = useRead(vm);
    const shown = read ? newestFirst(read.moves, read.decisions) : [];

    if (read && !read.problem && shown.length === 0)
        return <Content component="p">{_("Nothing was moved yet.")}</Content>;
    return (
        <>
            {read?.problem && <Content component="p">{cockpit.format(_("Not all of its decisions can be read: $0"), read.problem)}</Content>}
            <DecisionsTable vm={vm} decisions={shown} />
        </>
    );
}

function DecisionsTable({ vm, decisions }: { vm: Vm, decisions: Decision[] }) {
    return (
        <Table variant="compact" borders={false} aria-label={cockpit.format(_("Last decisions about $0"), vm.Name)}>
            <Thead><Tr><Th>{_("When")}</Th><Th>{_("Moved")}</Th><Th>{_("Why")}</Th></Tr></Thead>
            <Tbody>
                {decisions.slice(0, DECISIONS_SHOWN).map(([time, from, to, code, why]) => (
                    <Tr key={time}>
                        <Td dataLabel={_("When")} modifier="nowrap">{clock(time)}</Td>
                        <Td dataLabel={_("Moved")} modifier="nowrap">{cockpit.format(_("$0 to $1"), size(from), size(to))}</Td>
                        <Td dataLabel={_("Why")}><span><strong>{reasonWords(code)}</strong>{why && `: ${why}`}</span></Td>
                    </Tr>
                ))}
            </Tbody>
        </Table>
    );
}

/* What the service says of a pause names a command; here is a button. */
function whatItIs(vm: Vm): string {
    if (vm.StatusDetailCode !== "paused")
        return detailWords(vm.StatusDetailCode, vm.StatusDetail);
    const until = vm.PausedUntil > 0 ? cockpit.format(_("Paused until $0."), clock(vm.PausedUntil)) : _("Paused until it is resumed.");
    return vm.PauseReason ? `${until} ${vm.PauseReason}` : until;
}

function Explanation({ vm }: { vm: Vm }) {
    const now = useNow(5000);
    return (
        <>
            <Content component="p">
                <strong>{whatItIs(vm)}</strong> {cockpit.format(_("$0 since $1."), statusWords(vm.Status)[0], clock(vm.StatusSince))}
            </Content>
            {vm.ShortSince > 0 &&
                <Content component="p">{cockpit.format(_("It has needed more memory and was given none since $0."), clock(vm.ShortSince))}</Content>}
            {vm.LastReason && <Content component="p">{reasonWords(vm.LastReasonCode)}, {ago(vm.LastChange, now)}: {vm.LastReason}</Content>}
        </>
    );
}

interface Props {
    vm: Vm;
    isAllPaused: boolean;
    service: Service;
    onError: (error: CockpitError) => void;
    onGiven: (bytes: number) => void;
}

export function VmDetails({ vm, isAllPaused, service, onError, onGiven }: Props) {
    const [opened, setOpened] = useState<"pause" | "thresholds" | "give-back" | null>(null);
    const close = () => setOpened(null);
    const isPaused = vm.Status === "paused" && (!isAllPaused || vm.PauseReason !== "" || vm.PausedUntil > 0);
    const isManaged = vm.Status !== "opted-out";
    const isManagedKnown = vm.StatusDetailCode !== "degraded";   // Status is the same for all VMs then

    return (
        <div className="mc-details">
            <Explanation vm={vm} />
            <Flex gap={{ default: "gapSm" }} alignItems={{ default: "alignItemsCenter" }} className="mc-actions">
                {isManagedKnown &&
                    <Switch id={`managed-${vm.UUID}`} label={_("Managed")} aria-label={cockpit.format(_("$0 is managed"), vm.Name)}
                            isChecked={isManaged} onChange={(_event, on) => steer(vm.path, "SetManaged", "b", on).catch(onError)} />}
                {isPaused
                    ? <Button variant="secondary" onClick={() => steer(vm.path, "Resume").catch(onError)}>{_("Resume")}</Button>
                    : <Button variant="secondary" onClick={() => setOpened("pause")}>{_("Pause")}</Button>}
                <Button variant="secondary" onClick={() => setOpened("thresholds")}>{_("Thresholds")}</Button>
                <Button variant="secondary" onClick={() => setOpened("give-back")}>{_("Give back")}</Button>
            </Flex>
            <div className="mc-side-by-side">
                <Figures vm={vm} />
                <PastPlot path={vm.path} service={service} most={vm.Maximum} label={cockpit.format(_("Memory of $0"), vm.Name)}
                          columns={[{ name: "Balloon", label: _("Balloon") }, { name: "Used", label: _("Used") }]} />
            </div>
            <Title headingLevel="h3" size="md">{_("Last decisions")}</Title>
            <Decisions vm={vm} />
            {opened === "pause" && <PauseDialog path={vm.path} name={vm.Name} onClose={close} />}
            {opened === "give-back" && <GiveBackDialog path={vm.path} name={vm.Name} onGiven={onGiven} onClose={close} />}
            {opened === "thresholds" &&
                <ThresholdsDialog path={vm.path} title={cockpit.format(_("Thresholds of $0"), vm.Name)} thresholds={VM_THRESHOLDS}
                                  values={vm as unknown as Record<string, number>} overridden={vm.Overridden} whenSet={_("its own")}
                                  reset={_("As for all VMs")} onClose={close} />}
        </div>
    );
}
