// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The service as the page knows it: host and VMs are read once, by two calls however many VMs there are, and followed by the
 * signals of the bus. Whatever changes goes over a connection of its own, with administrative access where it is turned on.
 */

import { emptyHistory, History, remember, UNKNOWN } from "./history";
import { nowMicroseconds } from "./format";
import { inTurn } from "./turns";

export const NAME = "org.example.MemCoord";
export const ROOT = "/org/example/MemCoord";
export const HOST = "org.example.MemCoord1";
export const VM = "org.example.MemCoord1.VM";
const PROPERTIES = "org.freedesktop.DBus.Properties";
const MANAGER = "org.freedesktop.DBus.ObjectManager";
const BUS = "org.freedesktop.DBus";
const BUS_PATH = "/org/freedesktop/DBus";
const UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod";

const RETRY_MS = 2000;
const SHOW_AFTER_MS = 50;   // changes of many VMs come together
const COUNTED_MS = 60_000;  // what is counted is not signalled: it is read again after so long
const COSTLY_MS = 30_000;   // what costs much is given up then: others wait for their turn

const AWAY: CockpitError = { problem: "not-found", message: "" };   // what was shown goes with the service: nobody is there to be told

let isPresent = false;      // whether the service is, as the page shows it

export interface Host {
    State: string; StateSince: number; DryRun: boolean; DryRunConfigured: boolean; HypervisorUri: string; HypervisorConnected: boolean;
    HostTotal: number; HostAvailable: number; HostPromised: number; HostUsedPercent: number; HostCondition: string;
    LowWatermark: number; HighWatermark: number; HostReserve: number; HostUsageLimit: number; StepLimit: number; Interval: number;
    Overridden: string[]; ReloadError: string; PauseReason: string; PausedUntil: number; Inhibited: boolean; Reserved: number;
    FreeForNewVM: number; Reclaimed: number; NeedSecondsLastHour: number; Version: string;
}

export interface Vm {
    path: string;
    Name: string; UUID: string; Status: string; StatusSince: number; StatusDetail: string; StatusDetailCode: string; Maximum: number; Minimum: number;
    Balloon: number; Target: number; Unused: number; Usable: number; Available: number; Resident: number; SwapInRate: number;
    SwapOutRate: number; LowWatermark: number; HighWatermark: number; Weight: number; Overridden: string[]; PauseReason: string;
    PausedUntil: number; LastReason: string; LastReasonCode: string; LastChange: number; ShortSince: number;
}

export type Decision = [time: number, from: number, to: number, code: string, reason: string];   // the last is empty where it was not kept
export type Move = [path: string, time: number, from: number, to: number, code: string];

export interface View {
    connection: "connecting" | "present" | "away";
    problem: string;     // why it is away, as the bus says it
    host: Host | null;
    vms: Vm[];           // by name
}

type Variants = Record<string, { v: unknown }>;
type Objects = Record<string, Record<string, Variants>>;

type Signal = [path: string, iface: string, signal: string, args: unknown[]];

const plain = (variants: Variants) => Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, variant.v]));

export class Service {
    private view: View = { connection: "connecting", problem: "", host: null, vms: [] };
    private host: Host | null = null;
    private vms = new Map<string, Vm>();
    private histories = new Map<string, History>();
    private listeners = new Set<() => void>();
    private timer = 0;
    private client: CockpitDBusClient | null = null;
    private loaded = false;
    private waiting: Signal[] | null = null;   // what was signalled while everything is read

    /* For React's useSyncExternalStore(). */
    subscribe = (listener: () => void) => {
        this.listeners.add(listener);
        return () => { this.listeners.delete(listener) };
    };

    getView = () => this.view;

    /* What the page has seen of the host, by ROOT, or of a VM, by its path. */
    historyOf(path: string): History {
        return this.histories.get(path) ?? emptyHistory();
    }

    start() {
        this.connect();
        window.setInterval(() => this.readCounted(), COUNTED_MS);
    }

    /* Opening a client of a name has the bus start its service, which somebody may have stopped: the bus is asked first whether it
       is there. */
    private connect = () => {
        const bus = cockpit.dbus(BUS, { bus: "system" });
        bus.subscribe({ path: BUS_PATH, interface: BUS, member: "NameOwnerChanged", arg0: NAME },
                      (_path, _iface, _signal, [, , owner]) => this.onOwner(owner !== ""));
        bus.call(BUS_PATH, BUS, "NameHasOwner", [NAME], { type: "s" })
                .then(([owned]) => this.onOwner(owned as boolean), (error: CockpitError) => this.lose(error.message));
        bus.addEventListener("close", (_event, options) => {
            this.lose(options.message || options.problem || "");
            window.setTimeout(this.connect, RETRY_MS);
        });
    };

    private onOwner(owned: boolean) {
        if (!owned)
            this.lose("");
        else if (!this.client)
            this.open();
    }

    /* It lasts while the service goes and comes. */
    private open() {
        const client = this.client = cockpit.dbus(NAME, { bus: "system" });
        client.subscribe({ path_namespace: ROOT }, (...signal) => this.onSignal(...signal));
        client.addEventListener("owner", (_event, owner) => owner ? this.load(client) : this.lose(""));
        client.addEventListener("close", (_event, options) => {
            this.client = null;
            this.lose(options.message || options.problem || "");
        });
    }

    private async load(client: CockpitDBusClient) {
        const waiting: Signal[] = [];
        const isWanted = () => waiting === this.waiting;   // if not, the service has gone meanwhile, and may be there again
        this.waiting = waiting;
        this.loaded = false;
        try {
            const [[host], [objects]] = await Promise.all([
                client.call(ROOT, PROPERTIES, "GetAll", [HOST], { type: "s" }) as Promise<[Variants]>,
                inTurn(isWanted, () => client.call(ROOT, MANAGER, "GetManagedObjects", [], { type: "" }) as Promise<[Objects]>),
            ]);
            if (!isWanted())
                return;
            this.host = plain(host) as unknown as Host;
            this.vms.clear();
            this.waiting = null;
            this.loaded = true;
            this.rememberHost();
            for (const [path, faces] of Object.entries(objects))
                this.add(path, faces);
            waiting.forEach(signal => this.onSignal(...signal));
            this.show({ connection: "present", problem: "" });
        } catch (error) {
            if (isWanted())
                this.lose((error as CockpitError).message);
        }
    }

    private async readCounted() {
        if (!this.loaded || document.hidden)
            return;
        try {
            const [value] = await this.client!.call(ROOT, PROPERTIES, "Get", [HOST, "NeedSecondsLastHour"], { type: "ss" }) as [{ v: number }];
            this.change(ROOT, HOST, { NeedSecondsLastHour: value.v });
            this.showSoon();
        } catch {
            // Who has gone meanwhile is known by the bus.
        }
    }

    private lose(problem: string) {
        this.loaded = false;
        this.waiting = null;
        this.host = null;
        this.vms.clear();
        this.show({ connection: "away", problem });
    }

    /* What is signalled between the two answers, or before them, is applied after them: once more at worst. */
    private onSignal(...[path, iface, signal, args]: Signal) {
        if (!this.loaded)
            this.waiting?.push([path, iface, signal, args]);
        else if (iface === MANAGER && signal === "InterfacesAdded")
            this.add(args[0] as string, args[1] as Record<string, Variants>);
        else if (iface === MANAGER && signal === "InterfacesRemoved")
            this.remove(args[0] as string);
        else if (iface === PROPERTIES && signal === "PropertiesChanged")
            this.change(path, args[0] as string, plain(args[1] as Variants));
        this.showSoon();
    }

    private add(path: string, faces: Record<string, Variants>) {
        if (!faces[VM])
            return;
        this.vms.set(path, { ...plain(faces[VM]), path } as unknown as Vm);
        this.rememberVm(path);
    }

    private remove(path: string) {
        this.vms.delete(path);
        this.histories.delete(path);
    }

    private change(path: string, iface: string, changed: object) {
        const vm = this.vms.get(path);
        if (vm && iface === VM) {
            this.vms.set(path, { ...vm, ...changed });
            this.rememberVm(path);
        } else if (path === ROOT && iface === HOST && this.host) {
            this.host = { ...this.host, ...changed };
            this.rememberHost();
        }
    }

    private rememberVm(path: string) {
        const vm = this.vms.get(path)!;
        const history = this.histories.get(path) ?? emptyHistory("Balloon", "Target", "Used");
        this.histories.set(path, remember(history, nowMicroseconds(), [vm.Balloon, vm.Target, vm.Available > 0 ? used(vm) : UNKNOWN]));
    }

    private rememberHost() {
        const host = this.host!;
        const history = this.histories.get(ROOT) ?? emptyHistory("Available", "Promised");
        this.histories.set(ROOT, remember(history, nowMicroseconds(), [host.HostAvailable, host.HostPromised]));
    }

    private showSoon() {
        this.timer ||= window.setTimeout(() => this.show({}), SHOW_AFTER_MS);
    }

    private show(changed: Partial<View>) {
        window.clearTimeout(this.timer);
        this.timer = 0;
        const vms = [...this.vms.values()].sort((a, b) => a.Name.localeCompare(b.Name, undefined, { numeric: true }));
        this.view = { ...this.view, ...changed, host: this.host, vms };
        isPresent = this.view.connection === "present";
        this.listeners.forEach(listener => listener());
    }
}

/* What a guest uses, its kernel included; 0 where it does not report. */
export const used = (vm: Vm) => vm.Available > 0 ? Math.max(0, vm.Balloon - vm.Unused) : 0;

/* Calls with administrative access where it is turned on, and lets polkit ask where not. */
async function call(client: CockpitDBusClient, path: string, method: string, type: string, args: unknown[], timeout?: number) {
    return await client.call(path, path === ROOT ? HOST : VM, method, args, { type, flags: "i", timeout });
}

const steering = () => cockpit.dbus(NAME, { bus: "system", superuser: "try" });

export async function steer(path: string, method: string, type = "", ...args: unknown[]): Promise<unknown[]> {
    const client = steering();
    try {
        return await call(client, path, method, type, args);
    } finally {
        client.close();
    }
}

/* Where the service has gone, a client of its name would have the bus start it. */
async function askAtOnce(path: string, method: string, type: string, args: unknown[], timeout?: number): Promise<unknown[]> {
    if (!isPresent)
        throw AWAY;
    const client = cockpit.dbus(NAME, { bus: "system" });
    try {
        return await call(client, path, method, type, args, timeout);
    } finally {
        client.close();
    }
}

/* Asks what everybody may ask, and costs little. */
export function ask(path: string, method: string, type = "", ...args: unknown[]): Promise<unknown[]> {
    return askAtOnce(path, method, type, args);
}

/* Asks what everybody may ask, and costs much. @isWanted: whether whoever asks is still there once it is its turn */
export function askInTurn(isWanted: () => boolean, path: string, method: string, type = "", ...args: unknown[]): Promise<unknown[]> {
    return inTurn(isWanted, () => askAtOnce(path, method, type, args, COSTLY_MS));
}

/* What was moved, also before the service's last start. */
export async function getMoves(isWanted: () => boolean, path: string): Promise<Move[]> {
    try {
        return (await askInTurn(isWanted, ROOT, "GetMoves", "ott", path, 0, 0) as [Move[]])[0];
    } catch (error) {
        if ((error as CockpitError).name === UNKNOWN_METHOD)   // an older service, which does not keep them
            return [];
        throw error;
    }
}

/* What was decided since the service's last start. */
export async function getDecisions(path: string): Promise<Decision[]> {
    const [decisions] = await ask(path, "GetDecisions") as [Decision[]];
    return decisions;
}

/* The newest first. What was decided before the service's last start has no sentence. */
export function newestFirst(moves: Move[], decisions: Decision[]): Decision[] {
    const first = decisions[0]?.[0] ?? Infinity;
    const before = moves.filter(([, time]) => time < first).map(([, time, from, to, code]): Decision => [time, from, to, code, ""]);
    return [...before, ...decisions].reverse();
}

/* At most so many rows, from @since on, in microseconds since the epoch. */
export async function getHistory(isWanted: () => boolean, path: string, since: number, points: number): Promise<History> {
    const [columns, rows] = await askInTurn(isWanted, ROOT, "GetHistory", "ottu", path, since, 0, points) as [string[], number[][]];
    return { columns, rows };
}

export type Inhibitor = [who: string, why: string, uid: number, pid: number, since: number];

export async function listInhibitors(): Promise<Inhibitor[]> {
    const [inhibitors] = await ask(ROOT, "ListInhibitors") as [Inhibitor[]];
    return inhibitors;
}

export interface Reservation {
    asked: number;      // in bytes, as the next
    granted: number;
    until: number;      // when its time is up, in microseconds since the epoch
    release(): Promise<unknown>;
    leave(): void;      // the bus, once it is over
}

/* It ends when its caller leaves the bus: the connection is kept until it is over. */
export async function reserve(bytes: number, seconds: number): Promise<Reservation> {
    const client = steering();
    try {
        const [granted, id] = await call(client, ROOT, "Reserve", "tu", [bytes, seconds]) as [number, string];
        return {
            asked: bytes,
            granted,
            until: nowMicroseconds() + seconds * 1e6,
            release: () => call(client, ROOT, "Release", "s", [id]),
            leave: () => client.close(),
        };
    } catch (error) {
        client.close();
        throw error;
    }
}
