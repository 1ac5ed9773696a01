// SPDX-License-Identifier: LGPL-2.1-or-later
/* What all dialogs have: one action, which may be refused, and the service's own words about it. */

import { FormEvent, ReactNode, useState } from "react";
import { Alert, Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, Stack, StackItem } from "../patternfly";

const _ = cockpit.gettext;

/* Where the bus or polkit refuses, how to be allowed to. One that can be closed stands in a live region. */
export function Refusal({ error, onClose }: { error: CockpitError, onClose?: () => void }) {
    const denied = error.name === "org.freedesktop.DBus.Error.AccessDenied" || error.problem === "access-denied";
    return (
        <Alert variant="danger" isInline isLiveRegion={!onClose} title={error.message || error.problem || error.name}
               actionClose={onClose && <Button variant="plain" aria-label={_("Close")} onClick={onClose}>×</Button>}>
            {denied && _("Turn on administrative access at the top of Cockpit, or have polkit allow it.")}
        </Alert>
    );
}

/* Of their own: PatternFly hides what is beside a dialog from screen readers, and the button that opened it has the focus yet. */
const place = () => document.getElementById("dialogs")!;

interface Props {
    title: string;
    description?: ReactNode;
    action?: string;                     // without, there is only something to read
    act?: () => Promise<unknown>;        // closes the dialog unless it fails, or returns "stay"
    isDisabled?: boolean;
    size?: "small" | "medium" | "large";
    children?: ReactNode;
    onClose: () => void;
}

export function Dialog({ title, description, action, act, isDisabled, size = "small", children, onClose }: Props) {
    const [error, setError] = useState<CockpitError | null>(null);
    const [isBusy, setBusy] = useState(false);

    async function submit(event?: FormEvent) {
        event?.preventDefault();
        if (!act || isDisabled || isBusy)
            return;
        setBusy(true);
        setError(null);
        try {
            if (await act() !== "stay")
                onClose();
        } catch (problem) {
            setError(problem as CockpitError);
        }
        setBusy(false);
    }

    return (
        <Modal isOpen variant={size} onClose={onClose} appendTo={place} aria-labelledby="dialog-title" aria-describedby="dialog-body">
            <ModalHeader title={title} labelId="dialog-title" description={description} />
            <ModalBody id="dialog-body">
                <Stack hasGutter>
                    {error && <StackItem><Refusal error={error} /></StackItem>}
                    <StackItem>{action ? <Form onSubmit={submit}>{children}</Form> : children}</StackItem>
                </Stack>
            </ModalBody>
            <ModalFooter>
                {action && <Button variant="primary" onClick={() => submit()} isDisabled={isDisabled || isBusy} isLoading={isBusy}>{action}</Button>}
                <Button variant={action ? "link" : "secondary"} onClick={onClose}>{action ? _("Cancel") : _("Close")}</Button>
            </ModalFooter>
        </Modal>
    );
}
