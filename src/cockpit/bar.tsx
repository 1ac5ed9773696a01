// SPDX-License-Identifier: LGPL-2.1-or-later
/* A bar of what memory is made of. Whoever does not see it reads its label, which has the same figures. */

export interface Part {
    kind: "used" | "unused" | "other" | "promised";
    bytes: number;
}

export interface Mark {
    kind: "limit" | "target";
    bytes: number;
    title: string;
}

interface Props {
    label: string;
    whole: number;
    parts: Part[];
    marks: Mark[];
}

export function Bar({ label, whole, parts, marks }: Props) {
    const percent = (bytes: number) => `${whole > 0 ? Math.min(100, bytes / whole * 100) : 0}%`;
    return (
        <div className="mc-bar" role="img" aria-label={label} title={label}>
            <div className="mc-bar-parts">
                {parts.map(part => <div key={part.kind} className={`mc-part mc-${part.kind}`} style={{ width: percent(part.bytes) }} />)}
            </div>
            {marks.map(mark => (
                <div key={mark.title} className={`mc-mark mc-${mark.kind}`} style={{ insetInlineStart: percent(mark.bytes) }} title={mark.title} />
            ))}
        </div>
    );
}

export function Legend({ entries }: { entries: [kind: string, text: string][] }) {
    return (
        <ul className="mc-legend">
            {entries.map(([kind, text]) => <li key={kind}><span className={`mc-key mc-${kind}`} aria-hidden="true" />{text}</li>)}
        </ul>
    );
}
