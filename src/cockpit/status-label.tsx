// SPDX-License-Identifier: LGPL-2.1-or-later

import { Label } from "./patternfly";

import { Tone } from "./words";

/* The words say it; colour and sign only help. */
export const StatusLabel = ({ text, tone }: { text: string, tone: Tone }) =>
    tone === "none" ? <Label isCompact color="grey">{text}</Label> : <Label isCompact status={tone}>{text}</Label>;
