/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the fake hypervisor on their way: what becomes of each, and when. */
#pragma once

#include "fake-machine.h"
#include "hypervisor.h"

G_BEGIN_DECLS

typedef struct _McFakeCalls McFakeCalls;

/* @hypervisor, which owns the calls, and @machine stay its owner's. */
McFakeCalls *mc_fake_calls_new (McHypervisor *hypervisor, McFakeMachine *machine);
void mc_fake_calls_free (McFakeCalls *self);

/*
 * Each begins a call whose answer goes to @callback in a later iteration: none is called before
 * the _async() function of the port returns.
 */
void mc_fake_calls_sample (McFakeCalls *self,
                           gint64 deadline_us,
                           GAsyncReadyCallback callback,
                           gpointer user_data);

typedef struct
{
  McFakeCall kind;
  const char *uuid;
  guint64 value;                /* of a target or a period */
  const char *element, *stored; /* metadata */
} McFakeOrder;

void mc_fake_calls_begin (McFakeCalls *self,
                          McFakeOrder order,
                          GAsyncReadyCallback callback,
                          gpointer user_data);

/* Whatever waits ends with this error: for all VMs and samples, or for one VM. */
void mc_fake_calls_fail_all (McFakeCalls *self, McHypervisorError code, const char *message);
void mc_fake_calls_fail_vm (McFakeCalls *self,
                            const char *uuid,
                            McHypervisorError code,
                            const char *message);

/* What waits ends where nothing holds it any more, and with TIMED_OUT where it is late. */
void mc_fake_calls_pass_time (McFakeCalls *self, guint seconds);
void mc_fake_calls_answer_over (McFakeCalls *self);

/* As the functions of the fake hypervisor that have these names. */
void mc_fake_calls_hang_samples (McFakeCalls *self);
void mc_fake_calls_release_samples (McFakeCalls *self);
void mc_fake_calls_fail (McFakeCalls *self, McFakeCall kind, McHypervisorError code, guint count);
void mc_fake_calls_refuse (McFakeCalls *self,
                           McFakeCall kind,
                           McHypervisorError code,
                           const char *words);
guint mc_fake_calls_count (McFakeCalls *self, McFakeCall kind);

G_END_DECLS
