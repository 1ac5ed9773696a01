/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's own policy, as the element that lives in its libvirt metadata. */
#include "config.h"

#include "metadata.h"

#include <string.h>

#include "size.h"

/* Whoever may edit a VM writes this: nothing sensible comes near it. */
#define MOST_BYTES (64 * 1024)

#define ROOT "policy"

G_DEFINE_QUARK (mc_metadata_error_quark, mc_metadata_error)

/* An error ends up in a property and in the log, whatever the text that it quotes. */
#define MOST_MESSAGE_CHARS 200

typedef struct
{
  McMetadata metadata;
  gboolean seen_root;
  guint depth;
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

static gboolean
is_namespace (const char *attribute)
{
  return g_str_equal (attribute, "xmlns") || g_str_has_prefix (attribute, "xmlns:");
}

static void
read_attribute (Reader *reader, const char *name, const char *value, GError **error)
{
  if (is_namespace (name))
    return;
  if (!g_str_equal (local_name (name), "managed"))
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> has no attribute '%s'", ROOT, name);
  else if (reader->metadata.managed != MC_MANAGED_DEFAULT)
    g_set_error (error, MC_METADATA_ERROR, 0, "'%s' is there twice", name);
  else if (g_str_equal (value, "yes"))
    reader->metadata.managed = MC_MANAGED_YES;
  else if (g_str_equal (value, "no"))
    reader->metadata.managed = MC_MANAGED_NO;
  else
    g_set_error (error, MC_METADATA_ERROR, 0, "managed='%s' is neither 'yes' nor 'no'", value);
}

static void
open_root (
    Reader *reader, const char *name, const char **names, const char **values, GError **error)
{
  if (!g_str_equal (local_name (name), ROOT))
    {
      g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is there where <%s> should be", name, ROOT);
      return;
    }
  reader->seen_root = TRUE;
  for (guint i = 0; names[i] != NULL && *error == NULL; i++)
    read_attribute (reader, names[i], values[i], error);
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
open_child (Reader *reader, const char *name, const char **names, GError **error)
{
  if (reader->depth == 1)
    {
      g_set_error (error, MC_METADATA_ERROR, 0, "<%s> stands outside <%s>", name, ROOT);
      return;
    }
  if (reader->child != NULL)
    {
      g_set_error (error, MC_METADATA_ERROR, 0, "<%s> stands inside <%s>", name,
                   reader->child->key);
      return;
    }
  reader->child = find_key (local_name (name));
  if (reader->child == NULL)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is not known", name);
  else if (mc_vm_threshold_get (&reader->metadata.policy, reader->child) != MC_UNSET)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is there twice", name);
  for (guint i = 0; names[i] != NULL && *error == NULL; i++)
    if (!is_namespace (names[i]))
      g_set_error (error, MC_METADATA_ERROR, 0, "<%s> has no attribute '%s'", name, names[i]);
}

/* GMarkup always hands these functions an @error to set, which ends the parsing. */
static void
on_open (GMarkupParseContext *context,
         const char *name,
         const char **names,
         const char **values,
         gpointer user_data,
         GError **error)
{
  Reader *reader = user_data;

  reader->depth++;
  if (reader->seen_root)
    open_child (reader, name, names, error);
  else
    open_root (reader, name, names, values, error);
}

static void
on_close (GMarkupParseContext *context, const char *name, gpointer user_data, GError **error)
{
  Reader *reader = user_data;

  if (reader->child != NULL
      && mc_vm_threshold_get (&reader->metadata.policy, reader->child) == MC_UNSET)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> is empty", name);
  reader->child = NULL;
  reader->depth--;
}

static gboolean
read_value (const McThreshold *threshold, const char *text, guint64 *value)
{
  if (threshold->unit == MC_UNIT_BYTES)
    return mc_size_parse (text, value);
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, value, NULL);
}

static void
on_text (GMarkupParseContext *context,
         const char *text,
         gsize length,
         gpointer user_data,
         GError **error)
{
  Reader *reader = user_data;
  g_autofree char *value_text = g_strstrip (g_strndup (text, length));
  guint64 value;

  if (*value_text == '\0')
    return;
  if (reader->child == NULL)
    g_set_error (error, MC_METADATA_ERROR, 0, "'%s' stands outside of any element", value_text);
  else if (mc_vm_threshold_get (&reader->metadata.policy, reader->child) != MC_UNSET)
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s> has two values", reader->child->key);
  else if (!read_value (reader->child, value_text, &value))
    g_set_error (error, MC_METADATA_ERROR, 0, "<%s>: '%s' is not %s", reader->child->key,
                 value_text,
                 reader->child->unit == MC_UNIT_BYTES ? "a size such as 150M" : "a whole number");
  else
    mc_vm_threshold_set (&reader->metadata.policy, reader->child, value, error);
}

static const GMarkupParser parser
    = { .start_element = on_open, .end_element = on_close, .text = on_text };

/* Returns: (transfer full): @error, its message one line of bounded length. */
static GError *
tame (GError *error)
{
  g_autofree char *quoted = g_steal_pointer (&error->message);
  g_autofree char *text = g_utf8_make_valid (quoted, -1); /* GMarkup cuts characters in two */
  const char *end
      = g_utf8_offset_to_pointer (text, MIN (g_utf8_strlen (text, -1), MOST_MESSAGE_CHARS));
  g_autoptr (GString) message = g_string_new (NULL);

  for (const char *p = text; p < end; p = g_utf8_next_char (p))
    g_string_append_unichar (message,
                             g_unichar_iscntrl (g_utf8_get_char (p)) ? ' ' : g_utf8_get_char (p));
  if (*end != '\0')
    g_string_append (message, "…");
  error->message = g_string_free (g_steal_pointer (&message), FALSE);
  return error;
}

static gboolean
parse (Reader *reader, const char *xml, GError **error)
{
  g_autoptr (GMarkupParseContext) context
      = g_markup_parse_context_new (&parser, G_MARKUP_DEFAULT_FLAGS, reader, NULL);

  return g_markup_parse_context_parse (context, xml, -1, error)
         && g_markup_parse_context_end_parse (context, error);
}

gboolean
mc_metadata_parse (const char *xml, McMetadata *metadata, GError **error)
{
  Reader reader = { .metadata = mc_metadata_unset () };
  GError *problem = NULL;

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
  /* GMarkup would quote what is not, byte by byte. */
  if (!g_utf8_validate (xml, -1, NULL))
    {
      g_set_error_literal (error, MC_METADATA_ERROR, 0, "it is not UTF-8");
      return FALSE;
    }
  if (!parse (&reader, xml, &problem))
    {
      g_propagate_error (error, tame (problem));
      return FALSE;
    }
  *metadata = reader.metadata;
  return TRUE;
}

char *
mc_metadata_format (const McMetadata *metadata)
{
  g_autoptr (GString) xml = g_string_new ("<" ROOT);
  gboolean says = metadata->managed != MC_MANAGED_DEFAULT;

  if (says)
    g_string_append_printf (xml, " managed=\"%s\"",
                            metadata->managed == MC_MANAGED_YES ? "yes" : "no");
  g_string_append_c (xml, '>');
  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    {
      guint64 value = mc_vm_threshold_get (&metadata->policy, threshold);
      g_autofree char *text = NULL;

      if (value == MC_UNSET)
        continue;
      text = threshold->unit == MC_UNIT_BYTES ? mc_size_format_exact (value)
                                              : g_strdup_printf ("%" G_GUINT64_FORMAT, value);
      g_string_append_printf (xml, "<%s>%s</%s>", threshold->key, text, threshold->key);
      says = TRUE;
    }
  g_string_append (xml, "</" ROOT ">");
  return says ? g_string_free (g_steal_pointer (&xml), FALSE) : NULL;
}
