/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's own policy, as the element that lives in its libvirt metadata. */
#include "config.h"

#include "metadata.h"

#include <string.h>

#include "size.h"

/* Whoever may edit a VM writes this: nothing sensible comes near it. */
#define MOST_BYTES (64 * 1024)

#define ROOT "policy"

G_DEFINE_QUARK (mc-metadata-error-quark, mc_metadata_error)

typedef struct
{
  McMetadata metadata;
  gboolean seen_root;
  const McThreshold *child; /* the element that is open below the root */
} Reader;

McMetadata
mc_metadata_unset (void)
{
  return (McMetadata){ .managed = MC_MANAGED_DEFAULT, .policy = MC_VM_POLICY_UNSET };
}

static const char *
local_name (const char *name)
{
  const char *colon = strchr (name, ':');

  return colon != NULL ? colon + 1 : name;
}

static void
read_attribute (Reader *reader, const char *name, const char *value, GError **error)
{
  if (g_str_equal (name, "xmlns") || g_str_has_prefix (name, "xmlns:"))
    return;
  if (!g_str_equal (local_name (name), "managed"))
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> has no attribute '%s'", ROOT, name);
  else if (g_str_equal (value, "yes"))
    reader->metadata.managed = MC_MANAGED_YES;
  else if (g_str_equal (value, "no"))
    reader->metadata.managed = MC_MANAGED_NO;
  else
    g_set_error (error, MC_METADATA_ERROR, 0, "managed='%s' is neither 'yes' nor 'no'", value);
}

static void
open_root (Reader *reader, const char *name, const char **names, const char **values, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (!g_str_equal (local_name (name), ROOT))
    {
      g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is there where <%s> should be", name, ROOT);
      return;
    }
  reader->seen_root = TRUE;
  for (guint i = 0; names[i] != NULL && problem == NULL; i++)
    read_attribute (reader, names[i], values[i], &problem);
  if (problem != NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
}

static const McThreshold *
find_key (const char *key)
{
  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    if (g_str_equal (threshold->key, key))
      return threshold;
  return NULL;
}

static void
on_open (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer user_data,
         GError **error)
{
  Reader *reader = user_data;

  if (!reader->seen_root)
    {
      open_root (reader, name, names, values, error);
      return;
    }
  if (reader->child != NULL)
    {
      g_set_error (error, MC_METADATA_ERROR, 0, "<%s> stands inside <%s>", name, reader->child->key);
      return;
    }
  reader->child = find_key (local_name (name));
  if (reader->child == NULL)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is not known", name);
  else if (mc_vm_threshold_get (&reader->metadata.policy, reader->child) != MC_UNSET)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is there twice", name);
}

static void
on_close (GMarkupParseContext *context, const char *name, gpointer user_data, GError **error)
{
  Reader *reader = user_data;

  if (reader->child != NULL && mc_vm_threshold_get (&reader->metadata.policy, reader->child) == MC_UNSET)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is empty", name);
  reader->child = NULL;
}

static gboolean
read_value (const McThreshold *threshold, const char *text, guint64 *value)
{
  if (threshold->unit == MC_UNIT_BYTES)
    return mc_size_parse (text, value);
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, value, NULL);
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer user_data, GError **error)
{
  Reader *reader = user_data;
  g_autofree char *value_text = g_strstrip (g_strndup (text, length));
  guint64 value;

  if (*value_text == '\0')
    return;
  if (reader->child == NULL)
    g_set_error (error, MC_METADATA_ERROR, 0, "'%s' stands outside of any element", value_text);
  else if (!read_value (reader->child, value_text, &value))
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s>: '%s' is not %s", reader->child->key, value_text,
                 reader->child->unit == MC_UNIT_BYTES ? "a size such as 150M" : "a whole number");
  else
    mc_vm_threshold_set (&reader->metadata.policy, reader->child, value, error);
}

static const GMarkupParser parser = { .start_element = on_open, .end_element = on_close, .text = on_text };

gboolean
mc_metadata_parse (const char *xml, McMetadata *metadata, GError **error)
{
  Reader reader = { .metadata = mc_metadata_unset () };
  g_autoptr (GMarkupParseContext) context = NULL;

  if (xml == NULL)
    {
      *metadata = reader.metadata;
      return TRUE;
    }
  if (strnlen (xml, MOST_BYTES + 1) > MOST_BYTES)
    {
      g_set_error (error, MC_METADATA_ERROR, 0, "it is longer than %u KiB", MOST_BYTES / 1024);
      return FALSE;
    }
  context = g_markup_parse_context_new (&parser, G_MARKUP_DEFAULT_FLAGS, &reader, NULL);
  if (!g_markup_parse_context_parse (context, xml, -1, error) || !g_markup_parse_context_end_parse (context, error))
    return FALSE;
  *metadata = reader.metadata;
  return TRUE;
}

char *
mc_metadata_format (const McMetadata *metadata)
{
  g_autoptr (GString) xml = g_string_new ("<" ROOT);
  gboolean says = metadata->managed != MC_MANAGED_DEFAULT;

  if (says)
    g_string_append_printf (xml, " managed=\"%s\"", metadata->managed == MC_MANAGED_YES ? "yes" : "no");
  g_string_append_c (xml, '>');
  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    {
      guint64 value = mc_vm_threshold_get (&metadata->policy, threshold);
      g_autofree char *text = NULL;

      if (value == MC_UNSET)
        continue;
      text = threshold->unit == MC_UNIT_BYTES ? mc_size_format_exact (value)
                                              : g_strdup_printf ("%" G_GUINT64_FORMAT, value);
      g_string_append_printf (xml, "<%s>%s</%s>", threshold->key, text,
                              threshold->key);
      says = TRUE;
    }
  g_string_append (xml, "</" ROOT ">");
  return says ? g_string_free (g_steal_pointer (&xml), FALSE) : NULL;
}
