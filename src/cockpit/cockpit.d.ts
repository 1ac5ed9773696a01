// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the page uses of cockpit's base1/cockpit.js, which is loaded before it. */

interface CockpitError {
    name?: string;
    problem?: string | null;
    message: string;
}

interface CockpitDBusClient {
    call(path: string, iface: string, method: string, args: unknown[],
         options: { type: string, flags?: string, timeout?: number }): Promise<unknown[]>;
    subscribe(match: { path?: string, path_namespace?: string, interface?: string, member?: string, arg0?: string },
              callback: (path: string, iface: string, signal: string, args: unknown[]) => void): { remove(): void };
    addEventListener(name: "owner", handler: (event: Event, owner: string | null) => void): void;
    addEventListener(name: "close", handler: (event: Event, options: { problem?: string, message?: string }) => void): void;
    close(): void;
}

declare const cockpit: {
    language: string;
    language_direction: string;
    dbus(name: string, options: { bus: "system", superuser?: "try" }): CockpitDBusClient;
    gettext(text: string): string;
    format(text: string, ...values: unknown[]): string;
    translate(): void;
    jump(location: string): void;
};

declare module "*.css";
