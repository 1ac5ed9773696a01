/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port's implementation by libvirt. */
#pragma once

#include "hypervisor.h"

G_BEGIN_DECLS

/* Returns: (transfer full): not connected until mc_hypervisor_start(). Main thread, with the
 * default main context. */
McHypervisor *mc_libvirt_adapter_new (const char *uri);

G_END_DECLS
