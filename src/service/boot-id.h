/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Under which boot of the host something was noted: libvirt's ids of VMs begin again with each.
 * Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Notes in @keys under which boot they are written from now on. Returns: whether they were written
 * under another; not where nobody knows. */
gboolean mc_boot_id_note (GKeyFile *keys);

G_END_DECLS
