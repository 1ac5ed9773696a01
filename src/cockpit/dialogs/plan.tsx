// SPDX-License-Identifier: LGPL-2.1-or-later

import { useEffect, useState } from "react";
import { Content, Spinner, Table, Tbody, Td, Th, Thead, Tr } from "../patternfly";

import { askInTurn, ROOT, Vm } from "../service";
import { duration, number, size } from "../format";
import { reasonWords, statusWords } from "../words";
import { Dialog, Refusal } from "./dialog";

const _ = cockpit.gettext;

type Planned = [path: string, from: number, to: number, status: string, why: string];
type Sums = Record<string, { v: number | boolean }>;

interface Answer {
    plan: Planned[];
    ends: Map<string, Planned>;
    sums: Sums;
}

async function askForPlan(isWanted: () => boolean): Promise<Answer> {
    const both = ["Plan", "Forecast"].map(method => askInTurn(isWanted, ROOT, method));
    const [[plan], [ends, sums]] = await Promise.all(both) as [[Planned[]], [Planned[], Sums]];
    return { plan, ends: new Map(ends.map(end => [end[0], end])), sums };
}

function Outlook({ sums }: { sums: Sums }) {
    const figure = (name: string) => sums[name]?.v as number;
    if (sums.Taken === undefined)
        return <p>{_("There is no plan while nothing is known of the hypervisor.")}</p>;
    const sentences = [
        cockpit.format(_("Taken in all: $0, from VMs: $1."), size(figure("Taken")), number(figure("TakenFrom"))),
        cockpit.format(_("Given in all: $0, to VMs: $1."), size(figure("Given")), number(figure("GivenTo"))),
        cockpit.format(_("The host would have $0 available."), size(figure("HostAvailable"))),
        sums.AtRest?.v ? cockpit.format(_("At rest after about $0."), duration(figure("Seconds"))) : _("It would not come to rest."),
    ];
    if (figure("Short") > 0)
        sentences.push(cockpit.format(_("VMs that would be short: $0."), number(figure("Short"))));
    return <Content component="p">{sentences.join(" ")}</Content>;
}

function Moves({ answer, names }: { answer: Answer, names: Map<string, string> }) {
    const rows = answer.plan.filter(([path, from, to]) => from !== to || answer.ends.get(path)?.[1] !== answer.ends.get(path)?.[2]);
    if (rows.length === 0)
        return <Content component="p">{_("No memory would be moved.")}</Content>;
    return (
        <Table variant="compact" aria-label={_("Plan")}>
            <Thead>
                <Tr><Th>{_("VM")}</Th><Th>{_("Now")}</Th><Th>{_("Next step")}</Th><Th>{_("At rest")}</Th><Th>{_("Why")}</Th></Tr>
            </Thead>
            <Tbody>
                {rows.map(([path, from, to, status, why]) => {
                    const end = answer.ends.get(path);
                    return (
                        <Tr key={path}>
                            <Td dataLabel={_("VM")}>{names.get(path) ?? path}</Td>
                            <Td dataLabel={_("Now")}>{size(from)}</Td>
                            <Td dataLabel={_("Next step")}>{from === to ? "–" : size(to)}</Td>
                            <Td dataLabel={_("At rest")}>{end && end[2] > 0 ? size(end[2]) : "–"}</Td>
                            <Td dataLabel={_("Why")}>{why || (end && reasonWords(end[4])) || statusWords(status)[0]}</Td>
                        </Tr>
                    );
                })}
            </Tbody>
        </Table>
    );
}

export function PlanDialog({ vms, onClose }: { vms: Vm[], onClose: () => void }) {
    const [answer, setAnswer] = useState<Answer | null>(null);
    const [error, setError] = useState<CockpitError | null>(null);
    const names = new Map(vms.map(vm => [vm.path, vm.Name]));

    useEffect(() => {
        let isShown = true;
        askForPlan(() => isShown).then(setAnswer, setError);
        return () => { isShown = false };
    }, []);

    return (
        <Dialog title={_("Plan")} description={_("What the next cycle would do, and where it would end if each VM went on using what it uses now. Nothing is moved by looking.")}
                size="large" onClose={onClose}>
            {error && <Refusal error={error} />}
            {!answer && !error && <Spinner aria-label={_("Loading")} />}
            {answer && <Outlook sums={answer.sums} />}
            {answer && <Moves answer={answer} names={names} />}
        </Dialog>
    );
}
