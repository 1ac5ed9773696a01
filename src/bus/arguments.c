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
  g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_INVALID_ARGUMENT, "The argument '%s' %s",
               argument, why);
  return FALSE;
}

gboolean
mc_argument_check_text (const char *argument, const char *text, GError **error)
{
  glong length = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      if (++length > LENGTH_AT_MOST)
        return refuse (error, argument, "is longer than 256 characters");
      if (!mc_plain_text_allows (g_utf8_get_char (at)))
        return refuse (error, argument, "has a character that is not plain text");
    }
  return TRUE;
}

gboolean
mc_argument_check_name (const char *argument, const char *text, GError **error)
{
  if (*text == '\0')
    return refuse (error, argument, "is empty");
  return mc_argument_check_text (argument, text, error);
}

gboolean
mc_argument_check_names (const char *argument, const char *const *names, GError **error)
{
  for (gsize i = 0; names[i] != NULL; i++)
    {
      if (i >= NAMES_AT_MOST)
        return refuse (error, argument, "has more names than exist");
      if (!mc_argument_check_name (argument, names[i], error))
        return FALSE;
    }
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
    return refuse (error, argument, "is empty");
  if (g_variant_n_children (values) > NAMES_AT_MOST)
    return refuse (error, argument, "has more names than exist");
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    {
      if (!mc_argument_check_name (argument, name, error))
        return FALSE;
      if (!g_hash_table_add (seen, (gpointer)name))
        {
          g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_INVALID_ARGUMENT,
                       "The argument '%s' has %s more than once", argument, name);
          return FALSE;
        }
    }
  return TRUE;
}
