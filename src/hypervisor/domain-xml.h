/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its memory. Any thread. */
#pragma once

#include "hypervisor.h"

G_BEGIN_DECLS

/*
 * Fills @description, but for uuid, id and persistent, from @xml, and *@hotplugged with the bytes
 * of memory devices that the balloon's figures count and the balloon cannot reach (virtio-mem).
 */
gboolean mc_domain_xml_parse (const char *xml,
                              McVmDescription *description,
                              guint64 *hotplugged,
                              GError **error);

G_END_DECLS
