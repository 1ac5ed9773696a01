/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's events, as the port's signals on the main thread. */
#pragma once

#include <libvirt/libvirt.h>

#include "hypervisor.h"

G_BEGIN_DECLS

/*
 * Asks @connection for every event that matters; they are emitted by @hypervisor, which may go
 * meanwhile, from the main loop. Worker threads: it waits for libvirtd.
 *
 * Returns: (transfer full) (element-type int): for mc_libvirt_unwatch(), without which the
 * connection, to which each event holds a reference, never closes.
 */
GArray *mc_libvirt_watch (virConnectPtr connection, GWeakRef *hypervisor);

/* Worker threads. Works on a connection that is lost as well. */
void mc_libvirt_unwatch (virConnectPtr connection, const GArray *watches);

G_END_DECLS
