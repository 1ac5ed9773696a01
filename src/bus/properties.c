/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service knows, copied to what the bus shows. */
#include "config.h"

#include "properties.h"

#include "plain-text.h"

/* Less than this is noise. A host, on which much goes on that has nothing to do with VMs, is
 * noisier the larger it is. */
#define QUIET_BYTES     MC_MIB
#define QUIET_PERCENT   0.1
#define QUIET_HOST_PART 1000

/* A name is what it is, for programs to compare; but the bus takes UTF-8 alone. Returns: (transfer
 * full) */
static char *
clean (const char *text)
{
  return g_utf8_make_valid (text != NULL ? text : "", -1);
}

/* To and from nothing is always worth telling: it is where a figure begins to be known. */
static gboolean
has_moved (guint64 shown, guint64 now, guint64 quiet)
{
  guint64 by = MAX (shown, now) - MIN (shown, now);

  return by >= quiet || (shown == 0) != (now == 0);
}

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
};

typedef struct
{
  guint64 (*get) (McDbusMemCoord1VM *skeleton);
  void (*set) (McDbusMemCoord1VM *skeleton, guint64 bytes);
  gsize offset; /* in McVmView */
} QuietOfVm;

static const QuietOfVm quiet_of_vm[] = {
  { mc_dbus_mem_coord1_vm_get_balloon, mc_dbus_mem_coord1_vm_set_balloon,
    G_STRUCT_OFFSET (McVmView, balloon) },
  { mc_dbus_mem_coord1_vm_get_unused, mc_dbus_mem_coord1_vm_set_unused,
    G_STRUCT_OFFSET (McVmView, unused) },
  { mc_dbus_mem_coord1_vm_get_usable, mc_dbus_mem_coord1_vm_set_usable,
    G_STRUCT_OFFSET (McVmView, usable) },
  { mc_dbus_mem_coord1_vm_get_available, mc_dbus_mem_coord1_vm_set_available,
    G_STRUCT_OFFSET (McVmView, available) },
  { mc_dbus_mem_coord1_vm_get_resident, mc_dbus_mem_coord1_vm_set_resident,
    G_STRUCT_OFFSET (McVmView, resident) },
  { mc_dbus_mem_coord1_vm_get_swap_in_rate, mc_dbus_mem_coord1_vm_set_swap_in_rate,
    G_STRUCT_OFFSET (McVmView, swap_in_rate) },
  { mc_dbus_mem_coord1_vm_get_swap_out_rate, mc_dbus_mem_coord1_vm_set_swap_out_rate,
    G_STRUCT_OFFSET (McVmView, swap_out_rate) },
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
  guint64 quiet = MAX (QUIET_BYTES, view->host_total / QUIET_HOST_PART);

  mc_dbus_mem_coord1_set_host_total (skeleton, view->host_total);
  for (guint i = 0; i < G_N_ELEMENTS (quiet_of_host); i++)
    {
      const QuietOfHost *figure = &quiet_of_host[i];
      guint64 now = G_STRUCT_MEMBER (guint64, view, figure->offset);

      if (has_moved (figure->get (skeleton), now, quiet))
        figure->set (skeleton, now);
    }
  if (has_moved_percent (mc_dbus_mem_coord1_get_host_used_percent (skeleton),
                         view->host_used_percent))
    mc_dbus_mem_coord1_set_host_used_percent (skeleton, view->host_used_percent);
}

void
mc_publish_host (const McHostView *view, McDbusMemCoord1 *skeleton)
{
  g_autofree char *uri = clean (view->hypervisor_uri);
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

static void
publish_vm_texts (const McVmView *view, McDbusMemCoord1VM *skeleton)
{
  g_autofree char *name = clean (view->name);
  g_autofree char *detail = mc_plain_text (view->status_detail);
  g_autofree char *pause_reason = mc_plain_text (view->pause_reason);
  g_autofree char *last_reason = mc_plain_text (view->last_reason);

  mc_dbus_mem_coord1_vm_set_name (skeleton, name);
  mc_dbus_mem_coord1_vm_set_status (skeleton, mc_vm_status_nick (view->status));
  mc_dbus_mem_coord1_vm_set_status_detail (skeleton, detail);
  mc_dbus_mem_coord1_vm_set_pause_reason (skeleton, pause_reason);
  mc_dbus_mem_coord1_vm_set_last_reason (skeleton, last_reason);
  mc_dbus_mem_coord1_vm_set_last_reason_code (
      skeleton,
      view->last_reason_code == MC_REASON_NONE ? "" : mc_reason_nick (view->last_reason_code));
}

static gboolean
publish_vm_figures (const McVmView *view, McDbusMemCoord1VM *skeleton)
{
  gboolean moved = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (quiet_of_vm); i++)
    {
      const QuietOfVm *figure = &quiet_of_vm[i];
      guint64 now = G_STRUCT_MEMBER (guint64, view, figure->offset);

      if (!has_moved (figure->get (skeleton), now, QUIET_BYTES))
        continue;
      figure->set (skeleton, now);
      moved = TRUE;
    }
  mc_dbus_mem_coord1_vm_set_stats_time (skeleton, view->stats_time);
  return moved;
}

static void
publish_vm_policy (const McVmView *view, McDbusMemCoord1VM *skeleton)
{
  publish_vm_texts (view, skeleton);
  mc_dbus_mem_coord1_vm_set_id (skeleton, view->id);
  mc_dbus_mem_coord1_vm_set_persistent (skeleton, view->persistent);
  mc_dbus_mem_coord1_vm_set_target (skeleton, view->target);
  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    publish_threshold (G_OBJECT (skeleton), threshold,
                       mc_vm_threshold_get (&view->policy, threshold));
  mc_dbus_mem_coord1_vm_set_overridden (skeleton, (const char *const *)view->overridden);
  mc_dbus_mem_coord1_vm_set_paused_until (skeleton, view->paused_until);
  mc_dbus_mem_coord1_vm_set_last_change (skeleton, view->last_change);
  mc_dbus_mem_coord1_vm_set_status_since (skeleton, view->status_since);
  mc_dbus_mem_coord1_vm_set_short_since (skeleton, view->short_since);
}

void
mc_publish_vm (const McVmView *view, gboolean figures_alone, McDbusMemCoord1VM *skeleton)
{
  gboolean changed = publish_vm_figures (view, skeleton);

  if (!figures_alone)
    publish_vm_policy (view, skeleton);
  if (changed || !figures_alone)
    g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (skeleton));
}
