/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hypervisor for tests, behind the port: the test adds VMs, sets their figures, makes them hang,
 * fails calls, loses the connection, and counts what was asked of it.
 *
 * It lives on the main context's thread and is deterministic: an answer arrives in the next
 * iterations of the main context, in the order asked, and nothing depends on a clock but the
 * deadline of a sample that was made to hang: its time is what mc_fake_hypervisor_tick() adds up.
 * It does not forget a VM by itself, and emits a signal only where a function below says so.
 *
 * A test's start:
 *
 *   g_autoptr (McFakeHypervisor) fake = mc_fake_hypervisor_new ();
 *   McFakeVm *vm = mc_fake_hypervisor_add_vm (fake, "guest", 512 * MIB);
 *   vm->figures.unused = 40 * MIB;
 *   ... give MC_HYPERVISOR (fake) to the code under test, which starts it, and iterate ...
 *   g_assert_cmpuint (vm->target, ==, 512 * MIB);
 *
 * Physics are optional: a VM with "used" set has its figures computed by mc_fake_hypervisor_tick().
 */
#pragma once

#include "fake-vm.h"
#include "hypervisor.h"

G_BEGIN_DECLS

#define MC_TYPE_FAKE_HYPERVISOR (mc_fake_hypervisor_get_type ())
G_DECLARE_FINAL_TYPE (McFakeHypervisor, mc_fake_hypervisor, MC, FAKE_HYPERVISOR, McHypervisor)

/* New: not started, nothing on it, local, with a host of 8 GiB of which 6 GiB are available. */
McFakeHypervisor *mc_fake_hypervisor_new (void);

/* The connection. "Away": start() and reconnection find nobody. */
void mc_fake_hypervisor_set_away (McFakeHypervisor *self, gboolean away);

/* The connection is lost: calls in flight end with NOT_CONNECTED, "connected" and "status" change.
 */
void mc_fake_hypervisor_disconnect (McFakeHypervisor *self, const char *status);

/* The connection is back. Like the real one, it emits no signal for VMs that came or went
 * meanwhile. */
void mc_fake_hypervisor_reconnect (McFakeHypervisor *self);

void mc_fake_hypervisor_set_local (McFakeHypervisor *self, gboolean local);

/* What samples tell of the host; @other, used by the physics, is what the host holds besides its
 * VMs. */
void mc_fake_hypervisor_set_host (McFakeHypervisor *self, guint64 total, guint64 available);
void mc_fake_hypervisor_set_host_other (McFakeHypervisor *self, guint64 other);

/*
 * A limit that VMs share: those whose description names it. Samples tell what of it its members'
 * resident leaves. MC_UNKNOWN: it has no limit (any more), and samples do not tell of
 * it.
 */
void mc_fake_hypervisor_set_group (McFakeHypervisor *self, const char *name, guint64 limit_bytes);

/*
 * VMs. The McFakeVm is the fake's, valid until it is removed. UUIDs are made by counting, so they
 * are the same in each run. Adding and removing emit "vm-started" and "vm-stopped" while connected;
 * calls in flight for a removed one end with NO_VM.
 */
McFakeVm *mc_fake_hypervisor_add_vm (McFakeHypervisor *self, const char *name, guint64 capacity);
void mc_fake_hypervisor_remove_vm (McFakeHypervisor *self, McFakeVm *vm);
McFakeVm *mc_fake_hypervisor_find_vm (McFakeHypervisor *self, const char *uuid); /* nullable */
guint mc_fake_hypervisor_count_vms (McFakeHypervisor *self);
McFakeVm *mc_fake_hypervisor_get_vm (McFakeHypervisor *self, guint index); /* in the order added */

/* Each changes the VM and, while connected, emits the port's signal for it. */
void mc_fake_hypervisor_reboot_vm (McFakeHypervisor *self,
                                   McFakeVm *vm); /* keeps figures, as QEMU does */

/* A reset as QEMU 10 does it: several events, and the guest's figures are unknown until it reports
 * again, which it does once it is not silent. */
void mc_fake_hypervisor_reset_vm (McFakeHypervisor *self, McFakeVm *vm, guint events);

/* Its kernel panics, and dumps itself: it still runs, and reports nothing. */
void mc_fake_hypervisor_crash_vm (McFakeHypervisor *self, McFakeVm *vm);
void mc_fake_hypervisor_rename_vm (McFakeHypervisor *self, McFakeVm *vm, const char *name);
void
mc_fake_hypervisor_change_vm (McFakeHypervisor *self, McFakeVm *vm); /* emits "vm-changed" only */
void mc_fake_hypervisor_set_running (McFakeHypervisor *self, McFakeVm *vm, gboolean running);
void mc_fake_hypervisor_set_balloon (McFakeHypervisor *self, McFakeVm *vm, guint64 bytes);
void mc_fake_hypervisor_set_vm_metadata (McFakeHypervisor *self,
                                         McFakeVm *vm,
                                         const char *element); /* nullable */

/*
 * A process that hangs: samples have it busy, with balloon and capacity alone; its other calls wait
 * until it is released, when they do what they were to do.
 *
 * A call that waits, for that or for set_takes_s, ends with TIMED_OUT when 5 s have ticked. It is
 * still under way then: further ones of its kind end with BUSY, and the end of a set is told by
 * "target-ended".
 */
void mc_fake_hypervisor_hang_vm (McFakeHypervisor *self, McFakeVm *vm);
void mc_fake_hypervisor_release_vm (McFakeHypervisor *self, McFakeVm *vm);

/* A hypervisor that hangs: samples wait for the release, or end with TIMED_OUT at their deadline.
 */
void mc_fake_hypervisor_hang_samples (McFakeHypervisor *self);
void mc_fake_hypervisor_release_samples (McFakeHypervisor *self);

/* The next sample answers with what is now: as one that was begun now, and comes late. */
void mc_fake_hypervisor_delay_sample (McFakeHypervisor *self);

/* The next @count calls of this kind end with this error of MC_HYPERVISOR_ERROR, without effect. */
void mc_fake_hypervisor_fail (McFakeHypervisor *self,
                              McFakeCall call,
                              McHypervisorError code,
                              guint count);

/* Every call of this kind ends with this error and these words, until they are NULL. */
void mc_fake_hypervisor_refuse (McFakeHypervisor *self,
                                McFakeCall call,
                                McHypervisorError code,
                                const char *words);

/* Calls of this kind begun since the start, refused and failed ones counted. */
guint mc_fake_hypervisor_count_calls (McFakeHypervisor *self, McFakeCall call);

/*
 * One step of the physics for each running VM that has "used" set: the balloon goes towards the
 * target (or stays) by at most "rate"; what "used" does not fit goes to swap and comes back when it
 * fits; unused and usable are what is left; resident follows what the guest touches; stats_time_s
 * grows by @seconds; the host's available memory is what total, the VMs' resident and the host's
 * other leave. Emits "balloon-changed" for balloons that moved.
 */
void mc_fake_hypervisor_tick (McFakeHypervisor *self, guint seconds);

G_END_DECLS
