/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers may say. */
#include "config.h"

#include "arguments.h"

#include "error.h"
#include "plain-text.h"

#define LENGTH_AT_MOST 256
#define NAMES_AT_MOST  64

static gboolean
refuse (GError **error, const char *argument, const char *why)
{
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_INVALID_ARGUMENT, "The argument \"%s\" %s",
               argument, why);
  return FALSE;
}

static gboolean
refuse_length (GError **error, const char *argument, glong length)
{
  g_autofree char *why
      = g_strdup_printf ("has %ld characters, and may have %d: shorten it", length, LENGTH_AT_MOST);

  return refuse (error, argument, why);
}

static gboolean
refuse_character (GError **error, const char *argument, gunichar character)
{
  g_autofree char *why
      = g_strdup_printf ("has the character U+%04X, which is not plain text: write it on one line, "
                         "without control characters",
                         character);

  return refuse (error, argument, why);
}

static gboolean
refuse_number (GError **error, const char *argument, gsize number)
{
  g_autofree char *why = g_strdup_printf ("has %zu names, and there are fewer than %d: name each "
                                          "once",
                                          number, NAMES_AT_MOST);

  return refuse (error, argument, why);
}

gboolean
mc_argument_check_text (const char *argument, const char *text, GError **error)
{
  if (g_utf8_strlen (text, -1) > LENGTH_AT_MOST)
    return refuse_length (error, argument, g_utf8_strlen (text, -1));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      if (!mc_plain_text_allows (g_utf8_get_char (at)))
        return refuse_character (error, argument, g_utf8_get_char (at));
    }
  return TRUE;
}

gboolean
mc_argument_check_name (const char *argument, const char *text, GError **error)
{
  if (*text == '\0')
    return refuse (error, argument, "is empty: it needs a text");
  return mc_argument_check_text (argument, text, error);
}

gboolean
mc_argument_check_names (const char *argument, const char *const *names, GError **error)
{
  gsize number = g_strv_length ((char **)names);

  if (number > NAMES_AT_MOST)
    return refuse_number (error, argument, number);
  for (gsize i = 0; i < number; i++)
    if (!mc_argument_check_name (argument, names[i], error))
      return FALSE;
  return TRUE;
}

gboolean
mc_argument_check_values (const char *argument, GVariant *values, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  const char *name;
  guint64 value;

  if (g_variant_n_children (values) == 0)
    return refuse (error, argument, "is empty: give a name and a value at least");
  if (g_variant_n_children (values) > NAMES_AT_MOST)
    return refuse_number (error, argument, g_variant_n_children (values));
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    {
      if (!mc_argument_check_name (argument, name, error))
        return FALSE;
      if (!g_hash_table_add (seen, (gpointer)name))
        {
          g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_INVALID_ARGUMENT,
                       "The argument \"%s\" has %s more than once: give it one value", argument,
                       name);
          return FALSE;
        }
    }
  return TRUE;
}
