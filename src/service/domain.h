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

#define MC_TYPE_DOMAIN (mc_domain_get_type ())
G_DECLARE_FINAL_TYPE (McDomain, mc_domain, MC, DOMAIN, GObject)

/* Without figures yet. @started_us: when it was seen to start; 0 = it was running before */
McDomain *mc_domain_new (const McVmSample *sample, gint64 started_us);

const char *mc_domain_get_uuid (McDomain *self);
const char *mc_domain_get_name (McDomain *self);

/* One life of it has one id. */
int mc_domain_get_id (McDomain *self);

/* Returns: (transfer none): its figures alone; what the service has set, and its limits, are not
 * among them. */
const McVmFacts *mc_domain_get_facts (McDomain *self);

/* When the newest report of the guest was first seen: wall clock, µs since the epoch; 0 = never. */
gint64 mc_domain_get_report_time (McDomain *self);

/* Whether the guest has reported anything since the service looks at it. */
gboolean mc_domain_has_reported (McDomain *self);

/* Its kernel has crashed, and has not started anew since. */
gboolean mc_domain_has_crashed (McDomain *self);

/* Whether it was busy in the last sample, even if that was the first time. */
gboolean mc_domain_was_busy (McDomain *self);

/* Absent figures stay unknown. @began_us: when the sample was asked for. @wall_us: when it came */
void mc_domain_update_from_sample (McDomain *self,
                                   const McVmSample *sample,
                                   gint64 began_us,
                                   gint64 wall_us);

void mc_domain_set_balloon (McDomain *self, guint64 bytes);

/* Each returns whether that is news. */
gboolean mc_domain_set_running (McDomain *self, gboolean running, gint64 now_us);
gboolean mc_domain_set_crashed (McDomain *self);
void mc_domain_set_started (McDomain *self, gint64 now_us);

/* It has stopped, or is no longer on this host. */
void mc_domain_set_gone (McDomain *self);
gboolean mc_domain_is_gone (McDomain *self);

/* Whether one more entry about it may be logged now; counts it, or what is left out. */
gboolean mc_domain_may_log (McDomain *self, gint64 now_us);

G_END_DECLS
