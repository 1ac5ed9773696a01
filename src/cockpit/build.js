#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Checks the types of the page and builds it, with its translations, from what fetch-libraries has fetched. Needs no network.
 *
 *   node build.js DIRECTORY     where index.html and what it loads go; without it, as `meson dist` calls it, dist/ in the release
 */

import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";
import { po } from "gettext-parser";

const here = dirname(fileURLToPath(import.meta.url));
const translations = join(here, "../../po");
const FONTS = ["RedHatTextVF.woff2", "RedHatDisplayVF.woff2"];

const release = process.env.MESON_DIST_ROOT && join(process.env.MESON_DIST_ROOT, "src/cockpit/dist");
if (!process.argv[2] && !release) {
    console.error("usage: build.js DIRECTORY");
    process.exit(2);
}
const output = resolve(process.argv[2] ?? release);

function checkTypes() {
    const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    const { status } = spawnSync(process.execPath, [tsc, "--project", here], { stdio: "inherit" });
    if (status !== 0)
        process.exit(status ?? 1);
}

/* Of PatternFly's fonts only what the page shows is delivered, upright text and titles; of its backgrounds none. */
const withoutUnused = css => css
    .replace(/@font-face \{[^}]*\}/g, face => FONTS.some(font => face.includes(`/${font}"`)) ? face : "")
    .replace(/url\("[^"]*\.svg"\)/g, "none");

const lessOfPatternFly = {
    name: "less-of-patternfly",
    setup(build) {
        build.onLoad({ filter: /styles\/base\.css$/ }, ({ path }) => ({ contents: withoutUnused(readFileSync(path, "utf8")), loader: "css" }));
    },
};

const buildPage = () => esbuild.build({
    absWorkingDir: here,
    entryPoints: ["index.tsx"],
    outdir: output,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "linked",
    loader: { ".woff2": "file" },
    assetNames: "[name]",
    plugins: [lessOfPatternFly],
    logLevel: "warning",
    metafile: true,
});

/* Each library's licence goes with what is bundled of it. */
function writeLicences({ inputs }) {
    const ofLibrary = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
    const libraries = new Set(Object.keys(inputs).map(path => ofLibrary.exec(path)?.[0]).filter(Boolean));
    for (const library of [...libraries].sort()) {
        const licence = readdirSync(join(here, library)).find(name => /^licen[sc]e/i.test(name));
        const text = licence ? readFileSync(join(here, library, licence), "utf8") : "See its package.json.\n";
        appendFileSync(join(output, "index.js.LEGAL.txt"), `\n${library.replace(/^.*node_modules\//, "")}:\n\n${text}`);
    }
}

const isOfPage = entry => entry.comments?.reference?.includes("src/cockpit/");

/* A catalogue as Cockpit loads it: {message: [null, translation]}, and what the language is under the empty one. */
function translate(language) {
    const catalogue = po.parse(readFileSync(join(translations, `${language}.po`)));
    const entries = Object.values(catalogue.translations[""]).filter(isOfPage).map(({ msgid, msgstr }) => [msgid, [null, ...msgstr]]);
    const words = JSON.stringify(Object.fromEntries([["", { language, "language-direction": "ltr" }], ...entries]));
    writeFileSync(join(output, `po.${language}.js`), `cockpit.locale(${words});\n`);
    const { label } = JSON.parse(readFileSync(join(here, "manifest.json"))).menu.index;
    const ofManifest = JSON.stringify(Object.fromEntries(entries.filter(([message]) => message === label)));
    writeFileSync(join(output, `po.manifest.${language}.js`), `cockpit.locale(${ofManifest});\n`);
}

checkTypes();
mkdirSync(output, { recursive: true });
writeLicences((await buildPage()).metafile);
for (const file of ["index.html", "manifest.json"])
    copyFileSync(join(here, file), join(output, file));
for (const language of readFileSync(join(translations, "LINGUAS"), "utf8").split("\n").filter(line => line && !line.startsWith("#")))
    translate(language);
