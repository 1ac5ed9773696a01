/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The properties of a VM, as they stand in a message.
 *
 * What is kept is one entry of GetManagedObjects() (path, interface, properties), which is also the
 * body of InterfacesAdded. As D-Bus aligns structures and entries of dictionaries to 8 bytes, and
 * nothing to more, each part that begins so can be copied to any other place that does.
 */
#include "config.h"

#include "vm-properties.h"

#include "mc-dbus.h"
#include "names.h"
#include "plain-text.h"
#include "quiet.h"

#include <string.h>

/* As many as an update has bits for. */
#define MOST_PROPERTIES 64

struct _McVmProperties
{
  const char *uuid;
  guint8 *bytes; /* (nullable): the entry */
  guint length;
  guint32 ends[]; /* of each property in it; the next one begins at the next multiple of 8 */
};

typedef enum
{
  SOURCE_NAME,  /* a name is what it is, for programs to compare; but the bus takes UTF-8 alone */
  SOURCE_TEXT,  /* for people */
  SOURCE_TEXTS, /* our own */
  SOURCE_BOOLEAN,
  SOURCE_NUMBER, /* a guint64 in the view; on the bus it may be a uint32 */
  SOURCE_FIGURE, /* the same, and shown again when it has moved by enough */

  /* each of one property */
  SOURCE_UUID,
  SOURCE_ID,
  SOURCE_STATUS,
  SOURCE_REASON,
} Kind;

typedef struct
{
  const char *name;
  Kind kind;
  gsize offset; /* in McVmView */
} Source;

#define VIEW(field) G_STRUCT_OFFSET (McVmView, field)

/* Where each is; thresholds are in the view's policy, by their table. */
static const Source sources[] = {
  { "Name", SOURCE_NAME, VIEW (name) },
  { "UUID", SOURCE_UUID, 0 },
  { "Id", SOURCE_ID, 0 },
  { "Persistent", SOURCE_BOOLEAN, VIEW (persistent) },
  { "Status", SOURCE_STATUS, 0 },
  { "StatusSince", SOURCE_NUMBER, VIEW (status_since) },
  { "StatusDetail", SOURCE_TEXT, VIEW (status_detail) },
  { "Balloon", SOURCE_FIGURE, VIEW (balloon) },
  { "Target", SOURCE_NUMBER, VIEW (target) },
  { "Unused", SOURCE_FIGURE, VIEW (unused) },
  { "Usable", SOURCE_FIGURE, VIEW (usable) },
  { "Available", SOURCE_FIGURE, VIEW (available) },
  { "Resident", SOURCE_FIGURE, VIEW (resident) },
  { "SwapInRate", SOURCE_FIGURE, VIEW (swap_in_rate) },
  { "SwapOutRate", SOURCE_FIGURE, VIEW (swap_out_rate) },
  { "StatsTime", SOURCE_NUMBER, VIEW (stats_time) },
  { "Overridden", SOURCE_TEXTS, VIEW (overridden) },
  { "PauseReason", SOURCE_TEXT, VIEW (pause_reason) },
  { "PausedUntil", SOURCE_NUMBER, VIEW (paused_until) },
  { "LastReason", SOURCE_TEXT, VIEW (last_reason) },
  { "LastReasonCode", SOURCE_REASON, 0 },
  { "LastChange", SOURCE_NUMBER, VIEW (last_change) },
  { "ShortSince", SOURCE_NUMBER, VIEW (short_since) },
};

typedef struct
{
  Source source;
  const char *type;
  gboolean silent; /* it changes with each report, and is not signalled */
} Property;

/* In the order of the description. */
static struct
{
  Property properties[MOST_PROPERTIES];
  guint n;
} described;

/* Description */

static gboolean
find_source (const char *name, Source *source)
{
  const McThreshold *threshold = mc_vm_threshold_find (name);

  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    if (g_str_equal (sources[i].name, name))
      {
        *source = sources[i];
        return TRUE;
      }
  if (threshold != NULL)
    *source = (Source){ name, SOURCE_NUMBER, VIEW (policy) + threshold->offset };
  return threshold != NULL;
}

static gboolean
is_silent (const GDBusPropertyInfo *info)
{
  return g_strcmp0 (g_dbus_annotation_info_lookup (
                        info->annotations, "org.freedesktop.DBus.Property.EmitsChangedSignal"),
                    "false")
         == 0;
}

static void
describe (void)
{
  const GDBusInterfaceInfo *interface = mc_dbus_mem_coord1_vm_interface_info ();

  for (guint i = 0; interface->properties[i] != NULL; i++)
    {
      const GDBusPropertyInfo *info = interface->properties[i];
      Property *property = &described.properties[described.n++];

      g_return_if_fail (described.n <= MOST_PROPERTIES);
      g_return_if_fail (find_source (info->name, &property->source));
      property->type = info->signature;
      property->silent = is_silent (info);
    }
}

/* Reading */

static guint32
uint32_at (const McVmProperties *self, guint at)
{
  guint32 number;

  memcpy (&number, self->bytes + at, sizeof number);
  return number;
}

static guint64
uint64_at (const McVmProperties *self, guint at)
{
  guint64 number;

  memcpy (&number, self->bytes + at, sizeof number);
  return number;
}

/* Behind a text or an array of bytes that begins at @at, at the next that is as long. */
static guint
skip_string (const McVmProperties *self, guint at)
{
  return at + (guint)sizeof (guint32) + uint32_at (self, at) + 1;
}

static guint
first_property (const McVmProperties *self)
{
  guint at = MC_WIRE_ALIGNED (skip_string (self, 0), 4); /* the path; the array of interfaces */

  at = skip_string (self, MC_WIRE_ALIGNED (at + 4, MC_WIRE_STRUCT)); /* the interface's name */
  return MC_WIRE_ALIGNED (MC_WIRE_ALIGNED (at, 4) + 4, MC_WIRE_STRUCT);
}

static guint
begin_of (const McVmProperties *self, guint index)
{
  return index == 0 ? first_property (self)
                    : MC_WIRE_ALIGNED (self->ends[index - 1], MC_WIRE_STRUCT);
}

/* Figures are looked at all the time. */
static guint
value_of (const McVmProperties *self, guint index)
{
  const char *type = described.properties[index].type;
  guint at;

  if (*type == 't')
    return self->ends[index] - (guint)sizeof (guint64);
  at = skip_string (self, begin_of (self, index));
  return MC_WIRE_ALIGNED (at + 1 + (guint)strlen (type) + 1, 4);
}

static GVariant *
get_strings (const McVmProperties *self, guint at)
{
  guint end = at + 4 + uint32_at (self, at);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE_STRING_ARRAY);
  for (at += 4; at < end; at = MC_WIRE_ALIGNED (skip_string (self, at), 4))
    g_variant_builder_add (&list, "s", self->bytes + at + 4);
  return g_variant_builder_end (&list);
}

static GVariant *
get_value (const McVmProperties *self, guint index)
{
  guint at = value_of (self, index);

  switch (*described.properties[index].type)
    {
    case 's':
      return g_variant_new_string ((const char *)self->bytes + at + 4);
    case 't':
      return g_variant_new_uint64 (uint64_at (self, at));
    case 'u':
      return g_variant_new_uint32 (uint32_at (self, at));
    case 'i':
      return g_variant_new_int32 ((gint32)uint32_at (self, at));
    case 'b':
      return g_variant_new_boolean (uint32_at (self, at) != 0);
    default:
      return get_strings (self, at);
    }
}

GVariant *
mc_vm_properties_get (const McVmProperties *self, const char *name)
{
  for (guint i = 0; i < described.n; i++)
    if (g_str_equal (described.properties[i].source.name, name))
      return get_value (self, i);
  return NULL;
}

GVariant *
mc_vm_properties_get_all (const McVmProperties *self)
{
  GVariantBuilder all;

  g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < described.n; i++)
    g_variant_builder_add (&all, "{sv}", described.properties[i].source.name, get_value (self, i));
  return g_variant_builder_end (&all);
}

const char *
mc_vm_properties_get_path (const McVmProperties *self)
{
  return (const char *)self->bytes + 4;
}

gsize
mc_vm_properties_get_size (const McVmProperties *self)
{
  return self->length;
}

/* Making */

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

/* What is shown of it already, where that is near enough. */
static guint64
settle_figure (const McVmProperties *self, guint index, guint64 now)
{
  guint64 shown = self->bytes != NULL ? uint64_at (self, value_of (self, index)) : now;

  return mc_quiet_has_moved (shown, now, MC_QUIET_BYTES) ? now : shown;
}

static void
add_value (const McVmProperties *self, guint index, const McVmView *view, McWire *wire)
{
  const Property *property = &described.properties[index];
  const gpointer field = G_STRUCT_MEMBER_P (view, property->source.offset);
  McReason reason = view->last_reason_code;

  switch (property->source.kind)
    {
    case SOURCE_NAME:
      add_name (wire, *(char **)field);
      break;
    case SOURCE_TEXT:
      add_text (wire, *(char **)field);
      break;
    case SOURCE_TEXTS:
      add_strings (wire, *(char ***)field);
      break;
    case SOURCE_STATUS:
      mc_wire_add_string (wire, mc_vm_status_nick (view->status));
      break;
    case SOURCE_REASON:
      mc_wire_add_string (wire, reason == MC_REASON_NONE ? "" : mc_reason_nick (reason));
      break;
    case SOURCE_ID:
      mc_wire_add_uint32 (wire, (guint32)view->id);
      break;
    case SOURCE_BOOLEAN:
      mc_wire_add_uint32 (wire, *(gboolean *)field != FALSE);
      break;
    case SOURCE_NUMBER:
      add_number (wire, property->type, *(guint64 *)field);
      break;
    case SOURCE_FIGURE:
      mc_wire_add_uint64 (wire, settle_figure (self, index, *(guint64 *)field));
      break;
    case SOURCE_UUID:
    default:
      mc_wire_add_string (wire, self->uuid);
    }
}

static void
add_properties (const McVmProperties *self, const McVmView *view, McWire *wire, guint32 *ends)
{
  guint array = mc_wire_open_array (wire, MC_WIRE_STRUCT);

  for (guint i = 0; i < described.n; i++)
    {
      mc_wire_align (wire, MC_WIRE_STRUCT);
      mc_wire_add_string (wire, described.properties[i].source.name);
      mc_wire_add_signature (wire, described.properties[i].type);
      add_value (self, i, view, wire);
      ends[i] = wire->bytes->len;
    }
  mc_wire_close_array (wire, array, MC_WIRE_STRUCT);
}

static void
add_object (const McVmProperties *self, const McVmView *view, McWire *wire, guint32 *ends)
{
  g_autofree char *path = mc_vm_path (self->uuid);
  guint interfaces;

  mc_wire_add_string (wire, path);
  interfaces = mc_wire_open_array (wire, MC_WIRE_STRUCT);
  mc_wire_add_string (wire, MC_VM_INTERFACE);
  add_properties (self, view, wire, ends);
  mc_wire_close_array (wire, interfaces, MC_WIRE_STRUCT);
}

/* Changing */

static gboolean
is_same (const McVmProperties *self, const McVmProperties *other, guint index)
{
  guint begin = begin_of (self, index), other_begin = begin_of (other, index);
  guint length = self->ends[index] - begin;

  return length == other->ends[index] - other_begin
         && memcmp (self->bytes + begin, other->bytes + other_begin, length) == 0;
}

static guint64
compare (const McVmProperties *self, const McVmProperties *other)
{
  guint64 changed = 0;

  for (guint i = 0; i < described.n; i++)
    if (!described.properties[i].silent && !is_same (self, other, i))
      changed |= G_GUINT64_CONSTANT (1) << i;
  return changed;
}

static guint64
update_all (McVmProperties *self, const McVmView *view)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree McVmProperties *next = mc_vm_properties_new (self->uuid);
  McWire wire = { .bytes = bytes };
  guint64 changed = 0;

  add_object (self, view, &wire, next->ends);
  next->bytes = g_memdup2 (bytes->data, bytes->len);
  next->length = bytes->len;
  if (self->bytes != NULL)
    changed = compare (next, self);
  g_free (self->bytes);
  memcpy (self, next, sizeof *self + described.n * sizeof *self->ends);
  return changed;
}

/* Those of a fixed size, where they are. */
static guint64
update_figures (McVmProperties *self, const McVmView *view)
{
  guint64 changed = 0;

  for (guint i = 0; i < described.n; i++)
    {
      const Property *property = &described.properties[i];
      guint64 now;

      if (property->source.kind != SOURCE_FIGURE && !property->silent)
        continue;
      now = G_STRUCT_MEMBER (guint64, view, property->source.offset);
      if (property->source.kind == SOURCE_FIGURE)
        {
          if (settle_figure (self, i, now) != now)
            continue;
          if (uint64_at (self, value_of (self, i)) != now)
            changed |= G_GUINT64_CONSTANT (1) << i;
        }
      memcpy (self->bytes + value_of (self, i), &now, sizeof now);
    }
  return changed;
}

guint64
mc_vm_properties_update (McVmProperties *self, const McVmView *view, gboolean figures_alone)
{
  return figures_alone && self->bytes != NULL ? update_figures (self, view)
                                              : update_all (self, view);
}

/* Writing */

void
mc_vm_properties_write_object (const McVmProperties *self, McWire *wire)
{
  mc_wire_align (wire, MC_WIRE_STRUCT);
  mc_wire_add_bytes (wire, self->bytes, self->length);
}

void
mc_vm_properties_write_changed (const McVmProperties *self, guint64 changed, McWire *wire)
{
  guint array;

  mc_wire_add_string (wire, MC_VM_INTERFACE);
  array = mc_wire_open_array (wire, MC_WIRE_STRUCT);
  for (guint i = 0; i < described.n; i++)
    {
      guint begin = begin_of (self, i);

      if ((changed >> i & 1) == 0)
        continue;
      mc_wire_align (wire, MC_WIRE_STRUCT);
      mc_wire_add_bytes (wire, self->bytes + begin, self->ends[i] - begin);
    }
  mc_wire_close_array (wire, array, MC_WIRE_STRUCT);
  mc_wire_add_uint32 (wire, 0); /* none is invalidated */
}

/* Life */

McVmProperties *
mc_vm_properties_new (const char *uuid)
{
  McVmProperties *self;

  if (described.n == 0)
    describe ();
  self = g_malloc0 (sizeof *self + described.n * sizeof *self->ends);
  self->uuid = uuid;
  return self;
}

void
mc_vm_properties_free (McVmProperties *self)
{
  g_free (self->bytes);
  g_free (self);
}
