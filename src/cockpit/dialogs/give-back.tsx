// SPDX-License-Identifier: LGPL-2.1-or-later

import { ROOT, steer } from "../service";
import { Dialog } from "./dialog";

const _ = cockpit.gettext;

interface Props {
    path?: string;   // of a VM, or none for all
    name?: string;
    onGiven: (bytes: number) => void;
    onClose: () => void;
}

export function GiveBackDialog({ path, name, onGiven, onClose }: Props) {
    const description = name
        ? cockpit.format(_("$0 gets what it has less than its maximum, as far as the host has it."), name)
        : _("VMs get what was taken from them, as far as the host has it.");
    return (
        <Dialog title={name ? cockpit.format(_("Give $0 its memory back"), name) : _("Give memory back")} action={_("Give back")} onClose={onClose}
                description={`${description} ${_("It may be taken again when others need it: pause what is to keep it.")}`}
                act={async () => {
                    const [bytes] = await steer(ROOT, "GiveBack", "ao", path ? [path] : []) as [number];
                    onGiven(bytes);
                }} />
    );
}
