// SPDX-License-Identifier: LGPL-2.1-or-later
/* A field of a form, whose text has to be something. */

import { ReactNode } from "react";
import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from "../patternfly";

interface Props {
    id: string;
    label: string;
    help?: string;
    problem?: string;   // with the text
    value: string;
    labelInfo?: ReactNode;
    autoFocus?: boolean;
    onChange: (value: string) => void;
}

export function Field({ id, label, help, problem, value, labelInfo, autoFocus, onChange }: Props) {
    return (
        <FormGroup label={label} fieldId={id} labelInfo={labelInfo}>
            <TextInput id={id} value={value} autoFocus={autoFocus} aria-describedby={`${id}-help`} aria-invalid={!!problem}
                       validated={problem ? "error" : "default"} onChange={(_event, text) => onChange(text)} />
            <FormHelperText>
                <HelperText id={`${id}-help`}>
                    <HelperTextItem variant={problem ? "error" : "default"}>{problem || help}</HelperTextItem>
                </HelperText>
            </FormHelperText>
        </FormGroup>
    );
}
