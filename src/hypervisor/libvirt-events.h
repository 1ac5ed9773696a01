/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's events, as the port's signals on the main thread. */
#pragma once

#include <libvirt/libvirt.h>

#include "hypervisor.h"

G_BEGIN_DECLS

/*
 * Asks @connection for every event that matters; they are emitted by @hypervisor, which may go meanwhile, from the
 * main loop. Worker threads: it waits for libvirtd.
 */
void mc_libvirt_watch (virConnectPtr connection, GWeakRef *hypervisor);

G_END_DECLS
