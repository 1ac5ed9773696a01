/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service knows of the host, copied to what the bus shows. */
#include "config.h"

#include "host-properties.h"

#include "plain-text.h"
#include "quiet.h"

/* Less than this is noise. A host, on which much goes on that has nothing to do with VMs, is
 * noisier the larger it is. */
#define QUIET_PERCENT   0.1
#define QUIET_HOST_PART 1000

static gboolean
has_moved_percent (double shown, double now)
{
  return ABS (shown - now) >= QUIET_PERCENT || (shown == 0) != (now == 0);
}

typedef struct
{
  guint64 (*get) (McDbusMemCoord1 *skeleton);
  void (*set) (McDbusMemCoord1 *skeleton, guint64 bytes);
  gsize offset; /* in McHostView */
} QuietOfHost;

static const QuietOfHost quiet_of_host[] = {
  { mc_dbus_mem_coord1_get_host_available, mc_dbus_mem_coord1_set_host_available,
    G_STRUCT_OFFSET (McHostView, host_available) },
  { mc_dbus_mem_coord1_get_host_promised, mc_dbus_mem_coord1_set_host_promised,
    G_STRUCT_OFFSET (McHostView, host_promised) },
  { mc_dbus_mem_coord1_get_free_for_new_vm, mc_dbus_mem_coord1_set_free_for_new_vm,
    G_STRUCT_OFFSET (McHostView, free_for_new_vm) },
  { mc_dbus_mem_coord1_get_reclaimed, mc_dbus_mem_coord1_set_reclaimed,
    G_STRUCT_OFFSET (McHostView, reclaimed) },
};

/* The generator names a property as the threshold's key. */
static void
publish_threshold (GObject *skeleton, const McThreshold *threshold, guint64 value)
{
  if (threshold->unit == MC_UNIT_BYTES)
    g_object_set (skeleton, threshold->key, value, NULL);
  else
    g_object_set (skeleton, threshold->key, (guint)value, NULL);
}

static void
publish_host_figures (const McHostView *view, McDbusMemCoord1 *skeleton)
{
  guint64 quiet = MAX (MC_QUIET_BYTES, view->host_total / QUIET_HOST_PART);

  mc_dbus_mem_coord1_set_host_total (skeleton, view->host_total);
  for (guint i = 0; i < G_N_ELEMENTS (quiet_of_host); i++)
    {
      const QuietOfHost *figure = &quiet_of_host[i];
      guint64 now = G_STRUCT_MEMBER (guint64, view, figure->offset);

      if (mc_quiet_has_moved (figure->get (skeleton), now, quiet))
        figure->set (skeleton, now);
    }
  if (has_moved_percent (mc_dbus_mem_coord1_get_host_used_percent (skeleton),
                         view->host_used_percent))
    mc_dbus_mem_coord1_set_host_used_percent (skeleton, view->host_used_percent);
}

/* None of it is signalled. */
static void
publish_counted (const McHostView *view, McDbusMemCoord1 *skeleton)
{
  const McCounters *counted = &view->counted;

  mc_dbus_mem_coord1_set_counters_since (skeleton, view->counted_since);
  mc_dbus_mem_coord1_set_moves (skeleton, counted->moves);
  mc_dbus_mem_coord1_set_failed_moves (skeleton, counted->failed_moves);
  mc_dbus_mem_coord1_set_granted_bytes (skeleton, counted->granted);
  mc_dbus_mem_coord1_set_reclaimed_bytes (skeleton, counted->reclaimed);
  mc_dbus_mem_coord1_set_need_seconds (skeleton, counted->need_us / G_USEC_PER_SEC);
  mc_dbus_mem_coord1_set_need_seconds_last_hour (skeleton,
                                                 view->need_of_last_hour_us / G_USEC_PER_SEC);
  mc_dbus_mem_coord1_set_critical_seconds (skeleton, counted->critical_us / G_USEC_PER_SEC);
}

void
mc_publish_host (const McHostView *view, McDbusMemCoord1 *skeleton)
{
  g_autofree char *uri = g_utf8_make_valid (view->hypervisor_uri, -1);
  g_autofree char *reason = mc_plain_text (view->pause_reason);
  g_autofree char *reload_error = mc_plain_text (view->reload_error);

  mc_dbus_mem_coord1_set_version (skeleton, PACKAGE_VERSION);
  mc_dbus_mem_coord1_set_state (skeleton, mc_state_nick (view->state));
  mc_dbus_mem_coord1_set_state_since (skeleton, view->state_since);
  mc_dbus_mem_coord1_set_dry_run (skeleton, view->dry_run);
  mc_dbus_mem_coord1_set_dry_run_configured (skeleton, view->dry_run_configured);
  mc_dbus_mem_coord1_set_hypervisor_uri (skeleton, uri);
  mc_dbus_mem_coord1_set_hypervisor_connected (skeleton, view->hypervisor_connected);
  publish_host_figures (view, skeleton);
  publish_counted (view, skeleton);
  mc_dbus_mem_coord1_set_host_condition (skeleton, mc_host_condition_nick (view->host_condition));
  mc_dbus_mem_coord1_set_host_condition_since (skeleton, view->host_condition_since);
  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    publish_threshold (G_OBJECT (skeleton), threshold,
                       mc_host_threshold_get (&view->thresholds, threshold));
  mc_dbus_mem_coord1_set_pause_reason (skeleton, reason);
  mc_dbus_mem_coord1_set_paused_until (skeleton, view->paused_until);
  mc_dbus_mem_coord1_set_inhibited (skeleton, view->inhibited);
  mc_dbus_mem_coord1_set_reserved (skeleton, view->reserved);
  mc_dbus_mem_coord1_set_overridden (skeleton, (const char *const *)view->overridden);
  mc_dbus_mem_coord1_set_reload_error (skeleton, reload_error);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (skeleton));
}
