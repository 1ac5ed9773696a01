/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. Any thread. */
#pragma once

#include "hypervisor.h"
#include "memory-devices.h"
#include "memory-limits.h"

G_BEGIN_DECLS

/* Fills @description, but for uuid, id, persistent and the ceiling, and @devices from @xml. */
gboolean mc_domain_xml_parse (const char *xml,
                              McVmDescription *description,
                              McMemoryDevices *devices,
                              GError **error);

/* Returns: (transfer full) (nullable): NULL where @xml is no domain's. */
McMemoryLimits *mc_domain_xml_parse_limits (const char *xml);

/* The same of @devices alone. */
gboolean mc_domain_xml_parse_devices (const char *xml, McMemoryDevices *devices, GError **error);

G_END_DECLS
