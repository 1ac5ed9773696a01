/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration, read from a key file. */
#include "config.h"

#include "config-file.h"

#include <string.h>

#include "text-file.h"
#include "policy-settings.h"

#define MOST_BYTES          (1024 * 1024) /* the sample has 2 KiB */
#define MOST_STATS_PERIOD_S 60

G_DEFINE_QUARK (mc_config_error_quark, mc_config_error)

static gboolean
fail (GError **error, const char *reason)
{
  g_set_error_literal (error, MC_CONFIG_ERROR, 0, reason);
  return FALSE;
}

static gboolean
read_number (const char *text, guint64 *value, GError **error)
{
  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, value, NULL))
    return TRUE;
  g_set_error (error, MC_CONFIG_ERROR, 0, "\"%s\" is not a whole number", text);
  return FALSE;
}

static gboolean
read_value (const McThreshold *threshold, const char *text, guint64 *value, GError **error)
{
  if (mc_threshold_read (threshold, text, value))
    return TRUE;
  g_set_error (error, MC_CONFIG_ERROR, 0, "\"%s\" is not %s", text,
               threshold->unit == MC_UNIT_BYTES ? "a size such as 150M or 2G" : "a whole number");
  return FALSE;
}

/* Limits and messages are those of a VM's own threshold of that @name. */
static gboolean
read_vm_default (const char *name, const char *text, guint64 *value, GError **error)
{
  const McThreshold *threshold = mc_threshold_find (mc_vm_thresholds, name);

  return read_value (threshold, text, value, error)
         && mc_threshold_check (threshold, *value, error);
}

static gboolean
read_weight (McConfig *self, const char *text, GError **error)
{
  guint64 value;

  if (!read_vm_default ("Weight", text, &value, error))
    return FALSE;
  self->default_weight = (guint)value;
  return TRUE;
}

static gboolean
read_minimum (McConfig *self, const char *text, GError **error)
{
  return read_vm_default ("Minimum", text, &self->default_minimum, error);
}

static gboolean
read_stats_period (McConfig *self, const char *text, GError **error)
{
  guint64 value;

  if (!read_number (text, &value, error))
    return FALSE;
  if (value < 1 || value > MOST_STATS_PERIOD_S)
    {
      g_set_error (error, MC_CONFIG_ERROR, 0, "%s s is not between 1 s and %d s", text,
                   MOST_STATS_PERIOD_S);
      return FALSE;
    }
  self->policy.stats_period_us = (gint64)value * G_USEC_PER_SEC;
  return TRUE;
}

static gboolean
read_choice (const char *text, const char *yes, const char *no, gboolean *value, GError **error)
{
  *value = g_str_equal (text, yes);
  if (*value || g_str_equal (text, no))
    return TRUE;
  g_set_error (error, MC_CONFIG_ERROR, 0, "\"%s\" is neither \"%s\" nor \"%s\"", text, yes, no);
  return FALSE;
}

static gboolean
read_manage (McConfig *self, const char *text, GError **error)
{
  return read_choice (text, "all", "marked", &self->manage_by_default, error);
}

static gboolean
read_dry_run (McConfig *self, const char *text, GError **error)
{
  return read_choice (text, "true", "false", &self->dry_run, error);
}

static gboolean
read_on_stop (McConfig *self, const char *text, GError **error)
{
  return read_choice (text, "give-back", "keep", &self->give_back_on_stop, error);
}

static const char *const cache_growth_nicks[] = {
  [MC_CACHE_GROWTH_NEVER] = "never",
  [MC_CACHE_GROWTH_COMFORTABLE] = "comfortable",
  [MC_CACHE_GROWTH_ALWAYS] = "always",
};

const char *
mc_cache_growth_nick (McCacheGrowth growth)
{
  g_return_val_if_fail ((guint)growth < G_N_ELEMENTS (cache_growth_nicks), "");
  return cache_growth_nicks[growth];
}

const char *
mc_config_get_manage (const McConfig *self)
{
  return self->manage_by_default ? "all" : "marked";
}

const char *
mc_config_get_on_stop (const McConfig *self)
{
  return self->give_back_on_stop ? "give-back" : "keep";
}

static gboolean
read_cache_growth (McConfig *self, const char *text, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (cache_growth_nicks); i++)
    if (g_str_equal (text, cache_growth_nicks[i]))
      {
        self->policy.cache_growth = (McCacheGrowth)i;
        return TRUE;
      }
  g_set_error (error, MC_CONFIG_ERROR, 0,
               "\"%s\" is none of \"always\", \"comfortable\" and \"never\"", text);
  return FALSE;
}

static const struct
{
  const char *key;
  gboolean (*read) (McConfig *self, const char *text, GError **error);
} policy_keys[] = {
  { "cache-growth", read_cache_growth }, { "dry-run", read_dry_run }, { "manage", read_manage },
  { "minimum", read_minimum },           { "on-stop", read_on_stop }, { "weight", read_weight },
  { "stats-period", read_stats_period },
};

static gboolean
read_threshold (McConfig *self, const char *key, const char *text, GError **error)
{
  const McThreshold *threshold = mc_threshold_find_key (mc_host_thresholds, key);
  guint64 value;

  if (threshold == NULL)
    return fail (error, "there is no such key in [Thresholds]");
  return read_value (threshold, text, &value, error)
         && mc_host_threshold_set (&self->policy.thresholds, threshold, value, error);
}

static gboolean
read_policy (McConfig *self, const char *key, const char *text, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (policy_keys); i++)
    if (g_str_equal (policy_keys[i].key, key))
      return policy_keys[i].read (self, text, error);
  return fail (error, "there is no such key in [Policy]");
}

/*
 * GKeyFile forgets where a key stood and lets the last of two win, so the lines are read here; the
 * syntax is GKeyFile's: "[Group]", "key=value", "# comment".
 */
typedef struct
{
  McConfig *config;
  char *group;
  guint line;
  GHashTable *seen; /* "group/key" → the number of its line */
} Reader;

static gboolean
read_group (Reader *reader, const char *line, GError **error)
{
  gsize length = strlen (line);

  if (line[length - 1] != ']')
    return fail (error, "a group ends with \"]\"");
  g_free (reader->group);
  reader->group = g_strndup (line + 1, length - 2);
  if (g_str_equal (reader->group, "Thresholds") || g_str_equal (reader->group, "Policy"))
    return TRUE;
  g_set_error (error, MC_CONFIG_ERROR, 0,
               "there is no group [%s]; there are [Thresholds] and [Policy]", reader->group);
  return FALSE;
}

static gboolean
read_pair (Reader *reader, const char *line, GError **error)
{
  const char *equals = strchr (line, '=');
  g_autofree char *key = NULL, *value = NULL;
  gboolean fine;

  if (equals == NULL)
    return fail (error, "neither a [group], nor key=value, nor a # comment");
  key = g_strchomp (g_strndup (line, (gsize)(equals - line)));
  value = g_strstrip (g_strdup (equals + 1));
  if (reader->group == NULL)
    {
      g_set_error (error, MC_CONFIG_ERROR, 0, "%s: it is before the first group", key);
      return FALSE;
    }
  if (!g_hash_table_insert (reader->seen, g_strconcat (reader->group, "/", key, NULL),
                            GUINT_TO_POINTER (reader->line)))
    {
      g_set_error (error, MC_CONFIG_ERROR, 0, "%s: it is given twice", key);
      return FALSE;
    }
  fine = g_str_equal (reader->group, "Policy") ? read_policy (reader->config, key, value, error)
                                               : read_threshold (reader->config, key, value, error);
  if (!fine)
    g_prefix_error (error, "%s: ", key);
  return fine;
}

static gboolean
read_line (Reader *reader, const char *line, GError **error)
{
  if (*line == '\0' || *line == '#')
    return TRUE;
  if (!g_utf8_validate (line, -1, NULL))
    return fail (error, "it is not UTF-8");
  return *line == '[' ? read_group (reader, line, error) : read_pair (reader, line, error);
}

/* The line that a conflict is to be blamed on: the last one that sets a threshold which is part of
 * it. */
static const char *
find_culprit (const Reader *reader, const McThreshold *const *culprits, guint *line)
{
  const char *found = NULL;

  for (guint i = 0; i < 2 && culprits[i] != NULL; i++)
    {
      g_autofree char *key = g_strconcat ("Thresholds/", culprits[i]->key, NULL);
      guint at = GPOINTER_TO_UINT (g_hash_table_lookup (reader->seen, key));

      if (at <= *line)
        continue;
      *line = at;
      found = culprits[i]->key;
    }
  if (found != NULL)
    return found;
  *line = GPOINTER_TO_UINT (g_hash_table_lookup (reader->seen, "Policy/stats-period"));
  return "stats-period";
}

static gboolean
check_whole (const Reader *reader, GError **error)
{
  g_autoptr (GError) problem = NULL;
  const McThreshold *culprits[2];
  const char *key;
  guint line = 0;

  if (mc_policy_settings_check (&reader->config->policy, culprits, &problem))
    return TRUE;
  key = find_culprit (reader, culprits, &line);
  g_set_error (error, MC_CONFIG_ERROR, 0, "%s:%u: %s: %s", reader->config->path, line, key,
               problem->message);
  return FALSE;
}

static gboolean
read_lines (McConfig *self, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { .config = self, .seen = seen };
  gboolean fine = TRUE;

  for (guint i = 0; fine && lines[i] != NULL; i++)
    {
      reader.line = i + 1;
      fine = read_line (&reader, g_strstrip (lines[i]), error);
      if (!fine)
        g_prefix_error (error, "%s:%u: ", self->path, reader.line);
    }
  g_free (reader.group);
  self->reserve_line = GPOINTER_TO_UINT (g_hash_table_lookup (seen, "Thresholds/host-reserve"));
  return fine && check_whole (&reader, error);
}

static gboolean
read_file (McConfig *self, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) problem = NULL;

  text = mc_text_file_read (self->path, MOST_BYTES, &problem);
  if (text == NULL)
    {
      if (!self->required && g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  return read_lines (self, text, error);
}

static McConfig *
config_new (void)
{
  McConfig *self = g_new0 (McConfig, 1);

  self->policy = mc_policy_settings_default ();
  self->default_weight = 100;
  self->manage_by_default = TRUE;
  self->give_back_on_stop = TRUE;
  return self;
}

McConfig *
mc_config_load (const char *path, gboolean must_exist, GError **error)
{
  g_autoptr (McConfig) self = config_new ();

  self->path = g_strdup (path);
  self->required = must_exist;
  if (path != NULL && !read_file (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
mc_config_order_dry_run (McConfig *self)
{
  self->dry_run = self->dry_run_ordered = TRUE;
}

McConfig *
mc_config_copy (const McConfig *self)
{
  McConfig *copy = g_memdup2 (self, sizeof *self);

  copy->path = g_strdup (self->path);
  return copy;
}

void
mc_config_free (McConfig *self)
{
  g_free (self->path);
  g_free (self);
}
