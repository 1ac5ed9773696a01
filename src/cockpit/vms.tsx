// SPDX-License-Identifier: LGPL-2.1-or-later
/* The VMs, a row each. A row is drawn again when its own VM has changed. */

import { memo, useCallback, useState } from "react";
import {
    Card, CardBody, CardTitle, EmptyState, EmptyStateBody, ExpandableRowContent, Flex, SearchInput, Switch, Table, Tbody, Td, Th, Thead, ThProps,
    Title, Tr,
} from "./patternfly";

import { Bar, Legend, Mark } from "./bar";
import { detailWords } from "./details";
import { size } from "./format";
import { Service, used, Vm } from "./service";
import { StatusLabel } from "./status-label";
import { VmDetails } from "./vm-details";
import { needsAttention, reasonWords, statusWords } from "./words";

const _ = cockpit.gettext;

const COLUMNS = 5;
const LABELS = "simple-node";   // where PatternFly's button that opens a row looks for the name of what it opens

function VmBar({ vm }: { vm: Vm }) {
    const reports = vm.Available > 0;
    const marks: Mark[] = [{ kind: "limit", bytes: vm.Minimum, title: cockpit.format(_("Minimum $0"), size(vm.Minimum)) }];
    if (vm.Target !== vm.Balloon)
        marks.push({ kind: "target", bytes: vm.Target, title: cockpit.format(_("Target $0"), size(vm.Target)) });
    const label = reports
        ? cockpit.format(_("Balloon $0: $1 used, $2 unused; minimum $3, maximum $4"),
                         size(vm.Balloon), size(used(vm)), size(vm.Unused), size(vm.Minimum), size(vm.Maximum))
        : cockpit.format(_("Balloon $0, its use is not reported; minimum $1, maximum $2"), size(vm.Balloon), size(vm.Minimum), size(vm.Maximum));
    return (
        <Bar label={label} whole={Math.max(vm.Maximum, vm.Balloon, vm.Target)} marks={marks}
             parts={reports
                 ? [{ kind: "used", bytes: used(vm) }, { kind: "unused", bytes: Math.min(vm.Unused, vm.Balloon) }]
                 : [{ kind: "other", bytes: vm.Balloon }]} />
    );
}

interface RowProps {
    vm: Vm;
    index: number;
    isOpen: boolean;
    isAllPaused: boolean;
    service: Service;
    onToggle: (path: string) => void;
    onError: (error: CockpitError) => void;
    onGiven: (bytes: number) => void;
}

const VmRow = memo(function VmRow({ vm, index, isOpen, isAllPaused, service, onToggle, onError, onGiven }: RowProps) {
    const [text, tone] = statusWords(vm.Status);
    const expand = { rowIndex: index, isExpanded: isOpen, onToggle: () => onToggle(vm.path), expandId: `details-of-${vm.UUID}` };
    return (
        <Tbody isExpanded={isOpen}>
            <Tr data-vm={vm.Name} isContentExpanded={isOpen}>
                <Td expand={expand} />
                <Td dataLabel={_("Name")} modifier="breakWord" className="mc-name" onClick={() => onToggle(vm.path)}>
                    <strong id={`${LABELS}${index}`}>{vm.Name}</strong>
                </Td>
                <Td dataLabel={_("Status")} title={detailWords(vm.StatusDetailCode, vm.StatusDetail)}><StatusLabel text={text} tone={tone} /></Td>
                <Td dataLabel={_("Memory")}><VmBar vm={vm} /></Td>
                <Td dataLabel={_("Balloon")} modifier="nowrap">{cockpit.format(_("$0 of $1"), size(vm.Balloon), size(vm.Maximum))}</Td>
                <Td dataLabel={_("Last decision")} title={vm.LastReason}>{reasonWords(vm.LastReasonCode)}</Td>
            </Tr>
            {isOpen &&
                <Tr isExpanded>
                    <Td colSpan={COLUMNS + 1}>
                        <ExpandableRowContent>
                            <VmDetails vm={vm} isAllPaused={isAllPaused} service={service} onError={onError} onGiven={onGiven} />
                        </ExpandableRowContent>
                    </Td>
                </Tr>}
        </Tbody>
    );
});

/* By which the columns are sorted; the last has no order. Bars are of many things: by which of them, their heading says. */
const ORDERS: ((vm: Vm) => string | number)[] = [vm => vm.Name, vm => statusWords(vm.Status)[0], vm => vm.Unused, vm => vm.Balloon];

function compare(a: string | number, b: string | number): number {
    return typeof a === "string" ? a.localeCompare(b as string, undefined, { numeric: true }) : a - (b as number);
}

interface Order {
    index: number;
    direction: "asc" | "desc";
}

function Headings({ order, onOrder }: { order: Order, onOrder: (order: Order) => void }) {
    const sort = (columnIndex: number): ThProps["sort"] =>
        ({ columnIndex, sortBy: order, onSort: (_event, index, direction) => onOrder({ index, direction }) });
    return (
        <Thead>
            <Tr>
                <Th screenReaderText={_("Details")} />
                <Th sort={sort(0)} width={15}>{_("Name")}</Th>
                <Th sort={sort(1)} width={15}>{_("Status")}</Th>
                <Th sort={sort(2)} width={35}>{order.index === 2 ? _("Memory, by unused") : _("Memory")}</Th>
                <Th sort={sort(3)}>{_("Balloon")}</Th>
                <Th modifier="nowrap">{_("Last decision")}</Th>
            </Tr>
        </Thead>
    );
}

interface Filter {
    text: string;
    onlyAttention: boolean;
}

function Filters({ filter, onFilter }: { filter: Filter, onFilter: (filter: Filter) => void }) {
    const setText = (text: string) => onFilter({ ...filter, text });
    return (
        <Flex alignItems={{ default: "alignItemsCenter" }}>
            <div className="mc-filter">
                <SearchInput aria-label={_("Filter by name")} placeholder={_("Filter by name")} value={filter.text}
                             onChange={(_event, value) => setText(value)} onClear={() => setText("")} />
            </div>
            <Switch id="attention" label={_("Only what needs attention")} isChecked={filter.onlyAttention}
                    onChange={(_event, onlyAttention) => onFilter({ ...filter, onlyAttention })} />
            <Legend entries={[["used", _("Used")], ["unused", _("Unused")], ["limit", _("Minimum")], ["target", _("Target")]]} />
        </Flex>
    );
}

/* Those that the filter lets through, in order. */
function select(vms: Vm[], { text, onlyAttention }: Filter, { index, direction }: Order): Vm[] {
    const sign = direction === "asc" ? 1 : -1;
    return vms
        .filter(vm => vm.Name.toLowerCase().includes(text.toLowerCase()))
        .filter(vm => !onlyAttention || needsAttention(vm.Status) || vm.ShortSince > 0)
        .sort((a, b) => sign * compare(ORDERS[index](a), ORDERS[index](b)));
}

interface Props {
    vms: Vm[];
    isAllPaused: boolean;
    service: Service;
    onError: (error: CockpitError) => void;
    onGiven: (bytes: number) => void;
}

function VmsTable({ vms, ...handed }: Props) {
    const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
    const [filter, setFilter] = useState<Filter>({ text: "", onlyAttention: false });
    const [order, setOrder] = useState<Order>({ index: 0, direction: "asc" });
    const shown = select(vms, filter, order);

    const onToggle = useCallback((path: string) => setOpen(now => {
        const then = new Set(now);
        if (!then.delete(path))
            then.add(path);
        return then;
    }), []);

    return (
        <>
            <Filters filter={filter} onFilter={setFilter} />
            <Table variant="compact" aria-labelledby="vms-title">
                <Headings order={order} onOrder={setOrder} />
                {shown.map((vm, index) => (
                    <VmRow key={vm.path} vm={vm} index={index} isOpen={open.has(vm.path)} onToggle={onToggle} {...handed} />
                ))}
            </Table>
            {shown.length === 0 && <p>{_("No VM is like that.")}</p>}
        </>
    );
}

export function VmsCard(props: Props) {
    return (
        <Card component="section" aria-labelledby="vms-title">
            <CardTitle><Title headingLevel="h2" size="lg" id="vms-title">{_("Virtual machines")}</Title></CardTitle>
            <CardBody>
                {props.vms.length > 0
                    ? <VmsTable {...props} />
                    : <EmptyState titleText={_("No VMs are active.")} headingLevel="h3">
                        <EmptyStateBody>{_("They appear here when they start.")}</EmptyStateBody>
                    </EmptyState>}
            </CardBody>
        </Card>
    );
}
