// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures with their names, in columns. */

import { DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListProps, DescriptionListTerm } from "./patternfly";

interface Props {
    figures: [term: string, text: string][];
    columns: DescriptionListProps["columnModifier"];
}

export function FigureList({ figures, columns }: Props) {
    return (
        <DescriptionList isCompact columnModifier={columns}>
            {figures.map(([term, text]) => (
                <DescriptionListGroup key={term}>
                    <DescriptionListTerm>{term}</DescriptionListTerm>
                    <DescriptionListDescription>{text}</DescriptionListDescription>
                </DescriptionListGroup>
            ))}
        </DescriptionList>
    );
}
