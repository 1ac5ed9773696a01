/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the coordinator share: a fake hypervisor, a clock of the test's own, and a
 * count of what is told. */
#pragma once

#include "coordinator.h"
#include "error.h"
#include "fake-hypervisor.h"
#include "test-clock.h"

G_BEGIN_DECLS

#define SECOND G_USEC_PER_SEC

typedef struct
{
  McFakeHypervisor *fake;
  McTestClock *clock;
  McHost *host;
  McCoordinator *coordinator;
  char *directory;
  char *config_path;
  gboolean dry_run;       /* ordered at the start */
  const McTuning *tuning; /* (nullable) the policy's own numbers */
  guint n_added, n_removed, n_moved;
  GString *changes; /* "setting old→new origin\n" */
} Fixture;

void fixture_start_service (Fixture *f);
void fixture_stop_service (Fixture *f);

/* Returns: how many seconds that took, of which the fake's physics have known */
guint fixture_stop_service_for_good (Fixture *f);
void fixture_kill_service (Fixture *f);
void fixture_set_up (Fixture *f, gconstpointer data);
void fixture_tear_down (Fixture *f, gconstpointer data);
McFakeVm *
fixture_add_guest (Fixture *f, const char *name, guint64 capacity, guint64 balloon, guint64 used);

/* Returns: (transfer full): what is logged from now on, one message a line. Once in a process. */
GString *fixture_keep_log (void);

/* As mc_test_clock_advance(); what waits for the disk has got there, too. */
void fixture_advance (Fixture *f, gint64 us);

/* Has all that was recorded until now written. A service that ends waits for it; one that runs does
 * not. */
void fixture_wait_for_recorder (Fixture *f);

/* So many seconds, one by one, with the fake's physics. */
void fixture_pass (Fixture *f, guint seconds);

/* Starts the service beside two guests, "vm" and "other", that are squeezed then, as the host is
 * tight. Returns: the first. */
McFakeVm *fixture_squeeze (Fixture *f);

/* The host has room for both again. */
void fixture_make_room (Fixture *f);
McFakeVm *fixture_squeeze_with_room (Fixture *f);

McVm *fixture_vm_of (Fixture *f, McFakeVm *fake);
const char *fixture_status_of (Fixture *f, McFakeVm *fake);
guint fixture_n_targets (Fixture *f);

G_END_DECLS
