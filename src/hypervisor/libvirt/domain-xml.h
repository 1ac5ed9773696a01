/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. Any thread. */
#pragma once

#include "memory-devices.h"
#include "memory-ceilings.h"
#include "vm-description.h"

G_BEGIN_DECLS

typedef struct _McDomainXml McDomainXml;

/* Returns: (transfer full): parsed once, for every question. Fails where @xml is no domain's. */
McDomainXml *mc_domain_xml_new (const char *xml, GError **error);
void mc_domain_xml_free (McDomainXml *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McDomainXml, mc_domain_xml_free)

/* Fills @description, but for persistent, the ceiling and the stored metadata. */
void mc_domain_xml_read (McDomainXml *self, McVmDescription *description);
McMemoryDevices mc_domain_xml_get_devices (McDomainXml *self);

/* Returns: (transfer full) */
McMemoryCeilings *mc_domain_xml_get_ceilings (McDomainXml *self);

G_END_DECLS
