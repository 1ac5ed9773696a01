// SPDX-License-Identifier: LGPL-2.1-or-later
/* Light or dark, as it is chosen in Cockpit: "auto", the default, is what the browser prefers. */

const DARK = "pf-v6-theme-dark";
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function apply(chosen?: string) {
    const style = chosen ?? localStorage.getItem("shell:style") ?? "auto";
    document.documentElement.classList.toggle(DARK, style === "dark" || (style === "auto" && prefersDark.matches));
}

/* The shell says it to its own window by an event; the others see what it stores. */
export function followTheme() {
    window.addEventListener("storage", event => event.key === "shell:style" && apply());
    window.addEventListener("cockpit-style", event => apply((event as CustomEvent<{ style: string }>).detail.style));
    prefersDark.addEventListener("change", () => apply());
    apply();
}
