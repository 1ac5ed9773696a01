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

#include "names.h"
#include "quiet.h"
#include "vm-source.h"

#include <string.h>

struct _McVmProperties
{
  const char *uuid;
  const McVmSource *sources; /* of each property: a bit of an update's answer is for each */
  guint n;
  guint8 *bytes; /* (nullable): the entry */
  guint length;
  guint32 ends[]; /* of each property in it; the next one begins at the next multiple of 8 */
};

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

/* Returns: where the text that begins at @at ends, with its length before it and a zero behind. */
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
  const char *type = self->sources[index].type;
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

  switch (*self->sources[index].type)
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
  for (guint i = 0; i < self->n; i++)
    if (g_str_equal (self->sources[i].name, name))
      return get_value (self, i);
  return NULL;
}

GVariant *
mc_vm_properties_get_all (const McVmProperties *self)
{
  GVariantBuilder all;

  g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < self->n; i++)
    g_variant_builder_add (&all, "{sv}", self->sources[i].name, get_value (self, i));
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

static guint64
number_of (const McVmSource *source, const McVmView *view)
{
  return G_STRUCT_MEMBER (guint64, view, source->offset);
}

/* What is shown of it already, where that is near enough. */
static guint64
figure_to_show (const McVmProperties *self, guint index, guint64 now)
{
  guint64 shown = self->bytes != NULL ? uint64_at (self, value_of (self, index)) : now;

  return mc_quiet_has_moved (shown, now, MC_QUIET_BYTES) ? now : shown;
}

static void
add_value (const McVmProperties *self, guint index, const McVmView *view, McWire *wire)
{
  const McVmSource *source = &self->sources[index];

  if (source->kind == MC_VM_SOURCE_FIGURE)
    mc_wire_add_uint64 (wire, figure_to_show (self, index, number_of (source, view)));
  else
    mc_vm_source_write (source, view, self->uuid, wire);
}

static void
add_properties (const McVmProperties *self, const McVmView *view, McWire *wire, guint32 *ends)
{
  guint array = mc_wire_open_array (wire, MC_WIRE_STRUCT);

  for (guint i = 0; i < self->n; i++)
    {
      mc_wire_align (wire, MC_WIRE_STRUCT);
      mc_wire_add_string (wire, self->sources[i].name);
      mc_wire_add_signature (wire, self->sources[i].type);
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

  for (guint i = 0; i < self->n; i++)
    if (!self->sources[i].silent && !is_same (self, other, i))
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
  memcpy (self, next, sizeof *self + self->n * sizeof *self->ends);
  return changed;
}

/* Those of a fixed size, where they are. */
static guint64
update_figures (McVmProperties *self, const McVmView *view)
{
  guint64 changed = 0;

  for (guint i = 0; i < self->n; i++)
    {
      const McVmSource *source = &self->sources[i];
      guint64 now;

      if (source->kind != MC_VM_SOURCE_FIGURE && !source->silent)
        continue;
      now = number_of (source, view);
      if (source->kind == MC_VM_SOURCE_FIGURE)
        {
          if (figure_to_show (self, i, now) != now)
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
  for (guint i = 0; i < self->n; i++)
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
  guint n;
  const McVmSource *sources = mc_vm_sources_get (&n);
  McVmProperties *self = g_malloc0 (sizeof *self + n * sizeof *self->ends);

  self->uuid = uuid;
  self->sources = sources;
  self->n = n;
  return self;
}

void
mc_vm_properties_free (McVmProperties *self)
{
  g_free (self->bytes);
  g_free (self);
}
