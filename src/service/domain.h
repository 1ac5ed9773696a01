/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VM as libvirt reports it: which one it is, and its figures. Its parts and the log entries about
 * it go by this. Main thread.
 */
#pragma once

#include <gio/gio.h>

#include "hypervisor.h"
#include "policy.h"

G_BEGIN_DECLS

/* Entries in the log about it. */
typedef struct
{
  guint n;
  guint left_out;
  gint64 counted_us;
  gint64 left_out_us; /* since when */
} McDomainEntries;

typedef struct
{
  GObject *vm; /* (unowned) with all its parts: whoever calls the hypervisor for one keeps it */
  char *uuid;
  char *name;
  int id;                 /* one life of it has one */
  McVmFacts facts;        /* its figures alone: without what the service has set, and its limits */
  guint64 n_sample;       /* the number of the last one that had it, */
  gint64 sampled_us;      /* and when that came; g_get_monotonic_time() */
  gint64 state_us;        /* when an event last said whether it runs; g_get_monotonic_time() */
  gint64 asked_us;        /* when its guest's figures were last looked at, */
  gint64 clock_offset_us; /* and the clock on the wall less the one that only goes on, then */
  gint64 reported_us;    /* when the newest report was made at the earliest; 0 = none was, since its
                            figures were looked at first */
  gint64 report_wall_us; /* when the newest report was made: µs since the epoch; 0 = never */
  gboolean announced;    /* somebody may have seen it */
  gboolean gone;         /* it has stopped, or is no longer on this host */
  gboolean crashed;      /* its kernel has, and has not restarted since */
  gboolean was_busy;     /* in the last sample, even if once; without any, it counts as busy */
  gboolean stirred;      /* something happened to it since it was last asked */
  gboolean looked;       /* at its figures */
  McDomainEntries entries;
} McDomain;

/* Without figures yet. @started_us: when it was seen to start; 0 = it was running before */
void mc_domain_init (McDomain *self, GObject *vm, const McVmSample *sample, gint64 started_us);
void mc_domain_clear (McDomain *self);

/* Absent figures stay unknown. @began_us: when the sample was asked for. @now_us, @wall_us: when it
 * came. @n_sample: its number */
void mc_domain_update_from_sample (McDomain *self,
                                   const McVmSample *sample,
                                   gint64 began_us,
                                   gint64 now_us,
                                   gint64 wall_us,
                                   guint64 n_sample);

/* Each of these two returns whether that is news. */
gboolean mc_domain_set_running (McDomain *self, gboolean running, gint64 now_us);
gboolean mc_domain_set_crashed (McDomain *self);
void mc_domain_set_started (McDomain *self, gint64 now_us);
void mc_domain_set_announced (McDomain *self);
void mc_domain_set_gone (McDomain *self);
void mc_domain_set_balloon (McDomain *self, guint64 bytes);

/* Something happened to it: it is asked in the next sample. */
void mc_domain_stir (McDomain *self);

/* Whether one more entry about it may be logged now; counts it, or what is left out. */
gboolean mc_domain_may_log (McDomain *self, gint64 now_us);

G_END_DECLS
