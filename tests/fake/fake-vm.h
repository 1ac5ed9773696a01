/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One VM of the fake hypervisor: what it tells, and how it behaves. */
#pragma once

#include "sample.h"
#include "vm-description.h"

G_BEGIN_DECLS

typedef enum
{
  MC_FAKE_CALL_SAMPLE,
  MC_FAKE_CALL_DESCRIBE,
  MC_FAKE_CALL_SET_TARGET,
  MC_FAKE_CALL_SET_STATS_PERIOD,
  MC_FAKE_CALL_SET_METADATA,
  MC_FAKE_N_CALLS
} McFakeCall;

/*
 * Whatever is not marked "read" is the test's to change at any time; uuid and name of the figures
 * and the description's uuid belong to the fake. Strings of the description are freed with
 * g_free(), its groups with g_strfreev().
 */
typedef struct _McFakeVm McFakeVm;

struct _McFakeVm
{
  /* What samples tell; new: running, driver loaded, a third unused, reported at 1 s, its CPU time
   * not known. */
  McVmSample figures;

  /* What a description tells; new: persistent, with a balloon, no period. */
  McVmDescription description;

  guint64 target;                      /* read: the last target accepted; MC_UNKNOWN = none */
  guint n_asked;                       /* read: samples that asked its guest */
  guint n_calls[MC_FAKE_N_CALLS];      /* read: calls begun for this VM, also refused ones */
  gboolean in_flight[MC_FAKE_N_CALLS]; /* read: one that has not ended */
  gboolean hung;                       /* read: see mc_fake_hypervisor_hang_vm() */

  /* Physics, by mc_fake_hypervisor_tick(). */
  guint64 used;       /* bytes that processes and the kernel hold; MC_UNKNOWN (new): figures
                         stay as set */
  guint64 rate;       /* the most that the balloon moves in a tick; 0 (new): no limit */
  guint64 floor;      /* the balloon takes no page below this, whatever the target: an unreachable
                         target */
  guint64 swapped;    /* read: bytes that did not fit */
  guint unreported_s; /* read: since its newest report; its period says how long that may be */
  gboolean silent;    /* the guest reports nothing new: its figures are frozen */
  gboolean no_driver; /* its driver was unloaded: the balloon goes to its maximum, and no report
                         comes */

  /* Sets of its target. */
  guint set_takes_s;   /* a set ends when so many seconds have ticked: 0 (new): at once */
  gboolean fails_sets; /* and ends with an error, without effect */
  gboolean drops_sets; /* they end well, also without effect */

  /* What becomes of figures that are true, before they are told; NULL (new): nothing. See
   * fake-reports.h. */
  void (*report) (McFakeVm *vm);
};

/* For the fake: @number makes its UUID. */
McFakeVm *mc_fake_vm_new (guint number, const char *name, guint64 capacity);
void mc_fake_vm_free (McFakeVm *self);

/* What a guest has for its processes (MemTotal) of a balloon of so many bytes. */
guint64 mc_fake_vm_available (guint64 balloon);
McVmSample *mc_fake_vm_sample (McFakeVm *self, gboolean asleep);
McVmDescription *mc_fake_vm_describe (const McFakeVm *self);

G_END_DECLS
