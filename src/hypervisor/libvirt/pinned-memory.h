/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keeps the host from getting a VM's memory back, whatever its balloon does. Any thread. */
#pragma once

#include <glib.h>

#include "xml-node.h"

G_BEGIN_DECLS

/*
 * Returns: (transfer full) (nullable): a clause that names the device or the setting, of what the
 * VM's memory ("it") is; NULL where nothing pins it.
 */
char *mc_pinned_memory_explain (const McXmlNode *domain);

G_END_DECLS
