/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a monitoring system is to know of the service, and how bad it is. Main thread. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

/* As plugins of monitoring systems exit. */
typedef enum
{
  MC_HEALTH_OK = 0,
  MC_HEALTH_WARNING = 1,
  MC_HEALTH_CRITICAL = 2,
  MC_HEALTH_UNKNOWN = 3,
} McHealth;

typedef struct
{
  McHealth health;
  char *text; /* for people, plain and on one line */
} McFinding;

/* How long something lasts before it counts, in seconds. */
typedef struct
{
  guint64 warning_s;
  guint64 critical_s;
} McPatience;

/* "OK", "WARNING", …: never translated, as programs read it. */
const char *mc_health_name (McHealth health);

/*
 * Judges what the service shows. What ends by itself is no finding above MC_HEALTH_OK at first, and
 * what passes is none before it has lasted.
 * Returns: (transfer full) (element-type McFinding): the worst first; empty where there is nothing
 * to say.
 */
GPtrArray *mc_health_judge (McModel *model, const McPatience *patience, guint64 now_us);

/* How @error, which a call of the service has failed with, is judged. Returns: (transfer full). */
McFinding *mc_health_judge_error (const GError *error);

void mc_finding_free (McFinding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McFinding, mc_finding_free)

/* Whether the figures of the host and its VMs are those of now. */
gboolean mc_health_is_known (GVariant *host);

/* Whether the VM needs memory that nobody has; whether it should be managed, and cannot be. */
gboolean mc_health_is_short (GVariant *vm);
gboolean mc_health_is_lost (GVariant *vm);

G_END_DECLS
