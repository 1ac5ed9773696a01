// SPDX-License-Identifier: LGPL-2.1-or-later
/* A plot of a history: the first column is an area, the others are lines. A value holds until the next. */

import { useEffect, useState } from "react";

import { clock, duration, nowMicroseconds, size } from "./format";
import { column, History } from "./history";
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

function steps(points: { time: number, value: number }[], until: number, x: Scale, y: Scale): string {
    if (points.length === 0)
        return "";
    const drawn = points.map((point, i) => `${i === 0 ? "M" : "H"}${x(point.time).toFixed(1)}${i === 0 ? "," : "V"}${y(point.value).toFixed(1)}`);
    return `${drawn.join("")}H${x(until).toFixed(1)}`;
}

/* A ceiling that is good to read: 1, 1.5, 2, 3, 4, 6 or 8 times a power of two of bytes. */
function ceiling(bytes: number): number {
    const power = 2 ** Math.floor(Math.log2(Math.max(bytes, 1)));
    return [1, 1.5, 2].map(times => times * power).find(value => value >= bytes)!;
}

interface Props {
    history: History;
    columns: { name: string, label: string }[];
    most: number;   // what the axis has to reach, in bytes
    label: string;
}

function describe({ history, columns, label }: Props, seconds: number): string {
    const parts = columns.map(({ name, label }) => {
        const values = column(history, name).map(point => point.value);
        return cockpit.format(_("$0 between $1 and $2, now $3"), label, size(Math.min(...values)), size(Math.max(...values)), size(values.at(-1)!));
    });
    return `${cockpit.format(_("$0, the last $1"), label, duration(seconds))}: ${parts.join("; ")}`;
}

export function Plot(props: Props) {
    const { history, columns, most } = props;
    const now = useNow(2000);
    if (history.rows.length === 0)
        return null;
    const until = Math.max(now, history.rows.at(-1)![0]);
    const since = Math.min(history.rows[0][0], until - SHORTEST_US);
    const top = ceiling(Math.max(most, ...history.rows.flatMap(row => row.slice(1))));
    const x = (time: number) => LEFT + (time - since) / (until - since) * (WIDTH - LEFT);
    const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const lines = columns.map(({ name }) => ({ name, points: column(history, name) }));
    const area = lines[0].points;

    return (
        <figure className="mc-plot">
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={describe(props, (until - since) / 1e6)}>
                {[0, top / 2, top].map(value => (
                    <g key={value} className="mc-grid">
                        <line x1={LEFT} x2={WIDTH} y1={y(value)} y2={y(value)} />
                        <text x={LEFT - 6} y={y(value)} dy="0.32em" textAnchor="end">{size(value)}</text>
                    </g>
                ))}
                <path className={`mc-area mc-${lines[0].name}`} d={`${steps(area, until, x, y)}V${y(0)}H${x(area[0].time).toFixed(1)}Z`} />
                {lines.map(({ name, points }) => <path key={name} className={`mc-line mc-${name}`} d={steps(points, until, x, y)} />)}
                <text x={LEFT} y={HEIGHT - 4}>{clock(since)}</text>
                <text x={WIDTH} y={HEIGHT - 4} textAnchor="end">{clock(until)}</text>
            </svg>
            <Legend entries={columns.map(({ name, label }) => [name, label])} />
        </figure>
    );
}
