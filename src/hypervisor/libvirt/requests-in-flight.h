/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests for single VMs: one of each kind per VM at most, none for a VM that hangs.
 *
 * libvirt's calls cannot be cancelled. One that is late, counted from when it runs, is left to its
 * thread: who waits for it gets MC_HYPERVISOR_ERROR_TIMED_OUT, and until it really ends no other of
 * its kind is begun for the same VM. Main thread.
 */
#pragma once

#include "known-vms.h"
#include "thread-pool.h"

G_BEGIN_DECLS

typedef struct _McRequestsInFlight McRequestsInFlight;

/* The parts belong to @hypervisor, which owns the requests. */
McRequestsInFlight *
mc_requests_in_flight_new (McHypervisor *hypervisor, McThreadPool *threads, McKnownVms *vms);

/* No request may be on its way. */
void mc_requests_in_flight_free (McRequestsInFlight *self);

/* Both (transfer full). @task is given what came of @request, or that it is not begun at all. */
void mc_requests_in_flight_begin (McRequestsInFlight *self, McRequest *request, GTask *task);

G_END_DECLS
