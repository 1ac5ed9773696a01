// SPDX-License-Identifier: LGPL-2.1-or-later
/* A plot of a history: the first column is an area, the others are lines. A value holds until the next; where one is not known is a gap. */

import { useEffect, useState } from "react";

import { clock, duration, nowMicroseconds, size } from "./format";
import { column, History, Point, since, UNKNOWN } from "./history";
import { Legend } from "./bar";

const _ = cockpit.gettext;

const WIDTH = 480, HEIGHT = 130, LEFT = 64, BOTTOM = 20, TOP = 6;
const SHORTEST_US = 60e6;

/* The time, again after so long. */
export function useNow(milliseconds: number): number {
    const [now, setNow] = useState(nowMicroseconds);
    useEffect(() => {
        const timer = window.setInterval(() => setNow(nowMicroseconds()), milliseconds);
        return () => window.clearInterval(timer);
    }, [milliseconds]);
    return now;
}

type Scale = (value: number) => number;

/* Points between two gaps. */
interface Run {
    points: Point[];
    until: number;
}

function runs(points: Point[], until: number): Run[] {
    const found: Run[] = [];
    points.forEach((point, i) => {
        if (point.value === UNKNOWN)
            return;
        if (i === 0 || points[i - 1].value === UNKNOWN)
            found.push({ points: [], until });
        found.at(-1)!.points.push(point);
        found.at(-1)!.until = points[i + 1]?.time ?? until;
    });
    return found;
}

function line({ points, until }: Run, x: Scale, y: Scale): string {
    const drawn = points.map((point, i) => `${i === 0 ? "M" : "H"}${x(point.time).toFixed(1)}${i === 0 ? "," : "V"}${y(point.value).toFixed(1)}`);
    return `${drawn.join("")}H${x(until).toFixed(1)}`;
}

const area = (run: Run, x: Scale, y: Scale) => `${line(run, x, y)}V${y(0)}H${x(run.points[0].time).toFixed(1)}Z`;

/* A ceiling that is good to read: 1, 1.5, 2, 3, 4, 6 or 8 times a power of two of bytes. */
function ceiling(bytes: number): number {
    const power = 2 ** Math.floor(Math.log2(Math.max(bytes, 1)));
    return [1, 1.5, 2].map(times => times * power).find(value => value >= bytes)!;
}

interface Props {
    history: History;
    seconds: number;   // how far back it goes where so much is known
    columns: { name: string, label: string }[];
    most: number;   // what the axis has to reach, in bytes
    label: string;
}

interface Line {
    name: string;
    label: string;
    points: Point[];
}

function describeLine({ label, points }: Line): string {
    const now = points.at(-1)!.value;
    const values = points.map(point => point.value).filter(value => value !== UNKNOWN);
    if (values.length === 0)
        return cockpit.format(_("$0 not reported"), label);
    const [least, most] = [Math.min(...values), Math.max(...values)].map(size);
    return now === UNKNOWN
        ? cockpit.format(_("$0 between $1 and $2, not reported now"), label, least, most)
        : cockpit.format(_("$0 between $1 and $2, now $3"), label, least, most, size(now));
}

export function Plot({ history, seconds, columns, most, label }: Props) {
    const now = useNow(2000);
    const first = history.rows.find(row => row.some((value, i) => i > 0 && value !== UNKNOWN));
    if (!first)
        return null;
    const until = Math.max(now, history.rows.at(-1)![0]);
    const begin = Math.min(Math.max(first[0], until - seconds * 1e6), until - SHORTEST_US);
    const shown = since(history, begin);
    const lines: Line[] = columns.map(({ name, label }) => ({ name, label, points: column(shown, name) }));
    const words = `${cockpit.format(_("$0, the last $1"), label, duration((until - begin) / 1e6))}: ${lines.map(describeLine).join("; ")}`;
    const top = ceiling(Math.max(most, ...lines.flatMap(({ points }) => points.map(point => point.value))));
    const x = (time: number) => LEFT + (time - begin) / (until - begin) * (WIDTH - LEFT);
    const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const drawn = lines.map(({ name, points }) => ({ name, runs: runs(points, until) }));

    return (
        <figure className="mc-plot">
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
                {[0, top / 2, top].map(value => (
                    <g key={value} className="mc-grid">
                        <line x1={LEFT} x2={WIDTH} y1={y(value)} y2={y(value)} />
                        <text x={LEFT - 6} y={y(value)} dy="0.32em" textAnchor="end">{size(value)}</text>
                    </g>
                ))}
                <path className={`mc-area mc-${drawn[0].name}`} d={drawn[0].runs.map(run => area(run, x, y)).join("")} />
                {drawn.map(({ name, runs }) => <path key={name} className={`mc-line mc-${name}`} d={runs.map(run => line(run, x, y)).join("")} />)}
                <text x={LEFT} y={HEIGHT - 4}>{clock(begin)}</text>
                <text x={WIDTH} y={HEIGHT - 4} textAnchor="end">{clock(until)}</text>
            </svg>
            <Legend entries={columns.map(({ name, label }) => [name, label])} />
        </figure>
    );
}
