/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where each property of a VM comes from. */
#include "config.h"

#include "vm-source.h"

#include "mc-dbus.h"
#include "plain-text.h"

#define MOST 64

#define VIEW(field) G_STRUCT_OFFSET (McVmView, field)

/* Where each is; thresholds are in the view's policy, by their table. */
static const McVmSource sources[] = {
  { "Name", MC_VM_SOURCE_NAME, VIEW (name) },
  { "UUID", MC_VM_SOURCE_UUID, 0 },
  { "Id", MC_VM_SOURCE_ID, 0 },
  { "Persistent", MC_VM_SOURCE_BOOLEAN, VIEW (persistent) },
  { "Status", MC_VM_SOURCE_STATUS, 0 },
  { "StatusSince", MC_VM_SOURCE_NUMBER, VIEW (status_since) },
  { "StatusDetail", MC_VM_SOURCE_TEXT, VIEW (status_detail) },
  { "StatusDetailCode", MC_VM_SOURCE_TEXT, VIEW (status_detail_code) },
  { "Balloon", MC_VM_SOURCE_FIGURE, VIEW (balloon) },
  { "Target", MC_VM_SOURCE_NUMBER, VIEW (target) },
  { "Unused", MC_VM_SOURCE_FIGURE, VIEW (unused) },
  { "Usable", MC_VM_SOURCE_FIGURE, VIEW (usable) },
  { "Available", MC_VM_SOURCE_FIGURE, VIEW (available) },
  { "Resident", MC_VM_SOURCE_FIGURE, VIEW (resident) },
  { "SwapInRate", MC_VM_SOURCE_FIGURE, VIEW (swap_in_rate) },
  { "SwapOutRate", MC_VM_SOURCE_FIGURE, VIEW (swap_out_rate) },
  { "StatsTime", MC_VM_SOURCE_NUMBER, VIEW (stats_time) },
  { "Overridden", MC_VM_SOURCE_TEXTS, VIEW (overridden) },
  { "PauseReason", MC_VM_SOURCE_TEXT, VIEW (pause_reason) },
  { "PausedUntil", MC_VM_SOURCE_NUMBER, VIEW (paused_until) },
  { "LastReason", MC_VM_SOURCE_TEXT, VIEW (last_reason) },
  { "LastReasonCode", MC_VM_SOURCE_REASON, 0 },
  { "LastChange", MC_VM_SOURCE_NUMBER, VIEW (last_change) },
  { "ShortSince", MC_VM_SOURCE_NUMBER, VIEW (short_since) },
  { "NeedSeconds", MC_VM_SOURCE_NUMBER, VIEW (need_seconds) },
  { "GrantedBytes", MC_VM_SOURCE_NUMBER, VIEW (granted) },
  { "ReclaimedBytes", MC_VM_SOURCE_NUMBER, VIEW (reclaimed) },
};

/* In the order of the description. */
static struct
{
  McVmSource sources[MOST];
  guint n;
} described;

/* Description */

static McVmSource
find_source (const char *name)
{
  const McThreshold *threshold = mc_threshold_find (mc_vm_thresholds, name);

  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    if (g_str_equal (sources[i].name, name))
      return sources[i];
  g_return_val_if_fail (threshold != NULL, (McVmSource){ 0 });
  return (McVmSource){ threshold->name, MC_VM_SOURCE_NUMBER, VIEW (policy) + threshold->offset };
}

static gboolean
is_silent (const GDBusPropertyInfo *info)
{
  const char *emits = g_dbus_annotation_info_lookup (
      info->annotations, "org.freedesktop.DBus.Property.EmitsChangedSignal");

  return g_strcmp0 (emits, "false") == 0;
}

static void
describe (void)
{
  GDBusPropertyInfo **properties = mc_dbus_mem_coord1_vm_interface_info ()->properties;

  for (; *properties != NULL && described.n < MOST; properties++)
    {
      McVmSource *source = &described.sources[described.n++];

      *source = find_source ((*properties)->name);
      source->type = (*properties)->signature;
      source->silent = is_silent (*properties);
    }
}

const McVmSource *
mc_vm_sources_get (guint *n)
{
  if (described.n == 0)
    describe ();
  *n = described.n;
  return described.sources;
}

/* Values */

static void
add_strings (McWire *wire, char **strings)
{
  guint array = mc_wire_open_array (wire, 4);

  for (; *strings != NULL; strings++)
    mc_wire_add_string (wire, *strings);
  mc_wire_close_array (wire, array, 4);
}

static void
add_text (McWire *wire, const char *text)
{
  g_autofree char *plain = mc_plain_text (text);

  mc_wire_add_string (wire, plain);
}

static void
add_name (McWire *wire, const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name != NULL ? name : "", -1);

  mc_wire_add_string (wire, valid);
}

static void
add_number (McWire *wire, const char *type, guint64 number)
{
  if (*type == 't')
    mc_wire_add_uint64 (wire, number);
  else
    mc_wire_add_uint32 (wire, (guint32)number);
}

void
mc_vm_source_write (const McVmSource *self, const McVmView *view, const char *uuid, McWire *wire)
{
  const gpointer field = G_STRUCT_MEMBER_P (view, self->offset);
  McReason reason = view->last_reason_code;

  switch (self->kind)
    {
    case MC_VM_SOURCE_NAME:
      add_name (wire, *(char **)field);
      break;
    case MC_VM_SOURCE_TEXT:
      add_text (wire, *(char **)field);
      break;
    case MC_VM_SOURCE_TEXTS:
      add_strings (wire, *(char ***)field);
      break;
    case MC_VM_SOURCE_STATUS:
      mc_wire_add_string (wire, mc_vm_status_nick (view->status));
      break;
    case MC_VM_SOURCE_REASON:
      mc_wire_add_string (wire, reason == MC_REASON_NONE ? "" : mc_reason_nick (reason));
      break;
    case MC_VM_SOURCE_ID:
      mc_wire_add_uint32 (wire, (guint32)view->id);
      break;
    case MC_VM_SOURCE_BOOLEAN:
      mc_wire_add_uint32 (wire, *(gboolean *)field != FALSE);
      break;
    case MC_VM_SOURCE_NUMBER:
    case MC_VM_SOURCE_FIGURE:
      add_number (wire, self->type, *(guint64 *)field);
      break;
    case MC_VM_SOURCE_UUID:
    default:
      mc_wire_add_string (wire, uuid);
    }
}
