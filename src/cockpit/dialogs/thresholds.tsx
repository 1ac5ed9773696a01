// SPDX-License-Identifier: LGPL-2.1-or-later

import { useState } from "react";
import { Button, Label } from "../patternfly";

import { steer } from "../service";
import { Threshold } from "../thresholds";
import { Dialog, Refusal } from "./dialog";
import { Field } from "./field";

const _ = cockpit.gettext;

interface Props {
    path: string;
    title: string;
    thresholds: Threshold[];
    values: Record<string, number>;   // in force
    overridden: string[];             // those that were set, and not configured or the host's
    whenSet: string;                  // what a threshold is that was set
    reset: string;                    // what it does to reset one
    onClose: () => void;
}

/* All that was typed is set at once: thresholds that depend on each other are checked together. */
export function ThresholdsDialog({ path, title, thresholds, values, overridden, whenSet, reset, onClose }: Props) {
    const [typed, setTyped] = useState<Record<string, string>>({});
    const [error, setError] = useState<CockpitError | null>(null);

    const text = ({ name, unit }: Threshold) => typed[name] ?? unit.type(values[name]);
    const changed = thresholds.filter(threshold => threshold.unit.parse(text(threshold)) !== values[threshold.name]);
    const isWrong = thresholds.some(threshold => threshold.unit.parse(text(threshold)) === null);

    async function resetOne(name: string) {
        setError(null);
        try {
            await steer(path, "ResetThresholds", "as", [name]);
            setTyped(({ [name]: _dropped, ...kept }) => kept);
        } catch (problem) {
            setError(problem as CockpitError);
        }
    }

    const set = () => steer(path, "SetThresholds", "a{st}",
                            Object.fromEntries(changed.map(threshold => [threshold.name, threshold.unit.parse(text(threshold))])));

    return (
        <Dialog title={title} action={_("Save")} act={set} isDisabled={isWrong || changed.length === 0} onClose={onClose}>
            {error && <Refusal error={error} />}
            {thresholds.map(threshold => {
                const { name, label, help, unit } = threshold;
                const isWrongOne = unit.parse(text(threshold)) === null;
                return (
                    <Field key={name} id={`threshold-${name}`} label={label} help={help} value={text(threshold)}
                           problem={isWrongOne ? cockpit.format(_("Type $0."), unit.hint) : ""}
                           onChange={value => setTyped({ ...typed, [name]: value })}
                           labelInfo={overridden.includes(name) && <>
                               <Label isCompact color="blue">{whenSet}</Label>{" "}
                               <Button variant="link" isInline onClick={() => resetOne(name)} aria-label={`${reset}: ${label}`}>{reset}</Button>
                           </>} />
                );
            })}
        </Dialog>
    );
}
