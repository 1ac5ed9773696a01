// SPDX-License-Identifier: LGPL-2.1-or-later
/* The page: what is the matter, the host, its VMs. */

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import {
    Alert, AlertActionLink, Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Spinner, Stack, StackItem,
    Title,
} from "./patternfly";

import { clock } from "./format";
import { HostCard } from "./host";
import { useNow } from "./plot";
import { Host, Inhibitor, listInhibitors, Reservation, ROOT, Service, steer } from "./service";
import { given, reserved, Told, ToldGroup } from "./told";
import { VmsCard } from "./vms";

const _ = cockpit.gettext;

const SERVICE_PAGE = "/system/services#/memcoordd.service";
const INHIBITORS_AGAIN_MS = 5000;

type OnError = (error: CockpitError) => void;

/* Who has paused it, and why, as they have said it. No signal tells that another does. */
function Inhibitors() {
    const [inhibitors, setInhibitors] = useState<Inhibitor[]>([]);
    const now = useNow(INHIBITORS_AGAIN_MS);
    useEffect(() => { listInhibitors().then(setInhibitors, () => { /* the alert says enough */ }) }, [now]);
    return <>{inhibitors.map(([who, why], i) => <div key={i}>{why ? `${who}: ${why}` : who}</div>)}</>;
}

function PausedAlert({ host, onError }: { host: Host, onError: OnError }) {
    const until = host.PausedUntil > 0 ? cockpit.format(_("until $0"), clock(host.PausedUntil)) : _("until it is resumed");
    const isPausedByAdmin = !host.Inhibited || host.PauseReason !== "" || host.PausedUntil > 0;
    return (
        <Alert variant="warning" isInline isLiveRegion
               title={host.Inhibited ? _("Balancing is paused by a program") : cockpit.format(_("Balancing is paused $0"), until)}
               actionLinks={isPausedByAdmin && <AlertActionLink onClick={() => steer(ROOT, "Resume").catch(onError)}>{_("Resume")}</AlertActionLink>}>
            {host.PauseReason}
            {host.Inhibited && <Inhibitors />}
        </Alert>
    );
}

function DegradedAlert({ host }: { host: Host }) {
    return (
        <Alert variant="danger" isInline isLiveRegion title={cockpit.format(_("Degraded since $0: no memory is moved"), clock(host.StateSince))}>
            {host.HypervisorConnected
                ? _("The hypervisor does not answer, or the host's memory cannot be read or is below its reserve. Figures may be old.")
                : cockpit.format(_("There is no connection to the hypervisor $0. Figures may be old."), host.HypervisorUri)}
        </Alert>
    );
}

function DryRunAlert({ onError }: { onError: OnError }) {
    return (
        <Alert variant="info" isInline title={_("Dry run: it decides and reports, but moves nothing")}
               actionLinks={<AlertActionLink onClick={() => steer(ROOT, "SetDryRun", "b", false).catch(onError)}>
                   {_("Move memory from now on")}
               </AlertActionLink>}>
            {_("See the plan first.")}
        </Alert>
    );
}

function Alerts({ host, onError }: { host: Host, onError: OnError }) {
    return (
        <>
            {host.State === "degraded" && <DegradedAlert host={host} />}
            {host.State === "paused" && <PausedAlert host={host} onError={onError} />}
            {host.DryRun && <DryRunAlert onError={onError} />}
            {host.ReloadError &&
                <Alert variant="warning" isInline title={_("The configuration was refused; the settings in force stay")}>{host.ReloadError}</Alert>}
        </>
    );
}

function Away({ problem }: { problem: string }) {
    return (
        <EmptyState status="warning" headingLevel="h2" titleText={_("MemCoord is not running")}>
            <EmptyStateBody>
                {_("This page goes on by itself once the service is there.")} {problem}
            </EmptyStateBody>
            <EmptyStateFooter>
                <EmptyStateActions>
                    <Button variant="primary" onClick={() => cockpit.jump(SERVICE_PAGE)}>{_("Go to the service")}</Button>
                </EmptyStateActions>
            </EmptyStateFooter>
        </EmptyState>
    );
}

export function App({ service }: { service: Service }) {
    const { connection, problem, host, vms } = useSyncExternalStore(service.subscribe, service.getView);
    const [error, setError] = useState<CockpitError | null>(null);
    const [told, setTold] = useState<Told[]>([]);
    const onError = useCallback<OnError>(setError, []);
    const tell = useCallback((added: Told) => setTold(before => [...before, added]), []);
    const onGiven = useCallback((bytes: number) => tell(given(bytes, !!service.getView().host?.DryRun)), [service, tell]);
    const onReserved = useCallback((reservation: Reservation) => tell(reserved(reservation)), [tell]);

    return (
        <main className="mc-page">
            <Title headingLevel="h1" className="pf-v6-screen-reader">{_("VM memory")}</Title>
            <ToldGroup error={error} told={told} inAll={host?.Reserved ?? 0} onError={setError}
                       onClose={closed => setTold(before => before.filter(each => each !== closed))} />
            {connection === "connecting" && <EmptyState titleText={_("Loading")} headingLevel="h2" icon={Spinner} />}
            {connection === "away" && <Away problem={problem} />}
            {host &&
                <Stack hasGutter>
                    <Alerts host={host} onError={onError} />
                    <StackItem>
                        <HostCard host={host} vms={vms} service={service} onError={onError} onGiven={onGiven} onReserved={onReserved} />
                    </StackItem>
                    <StackItem>
                        <VmsCard vms={vms} isAllPaused={host.State === "paused"} service={service} onError={onError} onGiven={onGiven} />
                    </StackItem>
                </Stack>}
        </main>
    );
}
