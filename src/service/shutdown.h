/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clean end: puts back what was changed in VMs (for 3 s at most), stops the hypervisor (which
 * may take 5 s), and waits for the disk (3 s). Main thread.
 */
#pragma once

#include "fleet.h"

G_BEGIN_DECLS

/* @fleet: to stay until this has ended */
void mc_shutdown_async (McFleet *fleet, GAsyncReadyCallback callback, gpointer user_data);
void mc_shutdown_finish (GAsyncResult *result);

G_END_DECLS
