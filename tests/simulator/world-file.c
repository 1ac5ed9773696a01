/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A world file. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "policy.h"
#include "size.h"
#include "world-file.h"

#define HOST       "host"
#define VM_PREFIX  "vm "
#define STEPS_MOST 64 /* of one schedule */
#define NAME_MOST  63 /* bytes; a number may follow */

#define LENGTH      900.0
#define WEIGHT_MOST 10000.0
#define OWN         100.0
#define INFLATE     100.0
#define DEFLATE     1000.0
#define HIGH        150.0
#define LEAST_VM    64.0
#define LEAST_HOST  512.0
#define MOST        ((double)(1 << 26)) /* 64 TiB */
#define NO_LIMIT    G_MAXDOUBLE

static const char *const host_keys[] = { "total", "base", "length", NULL };
static const char *const vm_keys[]
    = { "maximum", "start",         "hold",    "cache",  "own",     "inflate", "deflate", "weight",
        "minimum", "low-watermark", "managed", "kernel", "foreign", "count",   NULL };

/* One group of the file that is read; the first error stays. */
typedef struct
{
  GKeyFile *file;
  const char *path, *group;
  GError **error;
  gboolean failed;
} Reader;

/* A value ends where a comment begins behind it; it is as written, so that what has an escape in it
 * that GLib does not know is refused, and not taken for absent.
 * Returns: (transfer full) (nullable): NULL where the key is not there. */
static char *
text_of (GKeyFile *file, const char *group, const char *key)
{
  char *value = g_key_file_get_value (file, group, key, NULL);

  for (char *mark = value; mark != NULL && (mark = strchr (mark, '#')) != NULL; mark++)
    if (mark == value || g_ascii_isspace (mark[-1]))
      {
        *mark = '\0';
        break;
      }
  return value != NULL ? g_strstrip (value) : NULL;
}

G_GNUC_PRINTF (3, 4)
static void
refuse (Reader *reader, const char *key, const char *format, ...)
{
  g_autofree char *why = NULL, *value = NULL;
  va_list arguments;

  if (reader->failed)
    return;
  reader->failed = TRUE;
  va_start (arguments, format);
  why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  value = key != NULL ? text_of (reader->file, reader->group, key) : NULL;
  if (value != NULL)
    g_set_error (reader->error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                 "%s: [%s] %s=%s: %s", reader->path, reader->group, key, value, why);
  else
    g_set_error (reader->error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                 "%s: [%s]%s%s: %s", reader->path, reader->group, key != NULL ? " " : "",
                 key != NULL ? key : "", why);
}

static gboolean
parse_size (Reader *reader, const char *key, const char *text, double *mib)
{
  guint64 bytes;

  if (mc_size_parse (text, &bytes))
    {
      *mib = (double)bytes / MC_MIB;
      return TRUE;
    }
  refuse (reader, key, "'%s' is not a size, such as 150M or 1.5G", text);
  return FALSE;
}

/* @otherwise: where the key is not there; NaN = it must be. */
static double
read_size (Reader *reader, const char *key, double least, double most, double otherwise)
{
  g_autofree char *text = text_of (reader->file, reader->group, key);
  double mib = otherwise;

  if (text == NULL && isnan (otherwise))
    refuse (reader, key, "is missing");
  if (text == NULL || !parse_size (reader, key, text, &mib))
    return isnan (otherwise) ? least : otherwise;
  if (mib < least || mib > most)
    refuse (reader, key, "is %.0f MiB, and has to be %.0f to %.0f MiB", mib, least, most);
  return mib;
}

static guint
read_number (Reader *reader, const char *key, guint64 least, guint64 most, guint64 otherwise)
{
  g_autofree char *text = text_of (reader->file, reader->group, key);
  guint64 number = otherwise;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, least, most, &number, NULL))
    refuse (reader, key, "is not a number of %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, least,
            most);
  return (guint)number;
}

/* Schedules */

typedef struct
{
  double at, mib, rate;
} Step;

/* "60:900M@50M", or "900M" alone for second 0. */
static gboolean
parse_step (Reader *reader, const char *key, const char *text, Step *step)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  g_auto (GStrv) sizes = g_strsplit (parts[1] != NULL ? parts[1] : parts[0], "@", 2);
  guint64 second = 0;

  if (parts[1] != NULL && !g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXINT32, &second, NULL))
    {
      refuse (reader, key, "'%s' does not begin with a second, as in 60:900M", text);
      return FALSE;
    }
  *step = (Step){ .at = (double)second, .rate = NO_LIMIT };
  if (!parse_size (reader, key, sizes[0] != NULL ? sizes[0] : "", &step->mib)
      || (sizes[0] != NULL && sizes[1] != NULL && !parse_size (reader, key, sizes[1], &step->rate)))
    return FALSE;
  if (step->rate > 0)
    return TRUE;
  refuse (reader, key, "'%s' has a rate of nothing a second", text);
  return FALSE;
}

/* Returns: how many. */
static guint
read_steps (Reader *reader, const char *key, Step *steps)
{
  g_autofree char *text = text_of (reader->file, reader->group, key);
  g_auto (GStrv) words = g_strsplit_set (text != NULL ? text : "", " \t", -1);
  guint n = 0;

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (*words[i] == '\0')
        continue;
      if (n == STEPS_MOST)
        {
          refuse (reader, key, "has more than %d steps", STEPS_MOST);
          return 0;
        }
      if (!parse_step (reader, key, words[i], &steps[n]))
        return 0;
      if (n > 0 && steps[n].at <= steps[n - 1].at)
        {
          refuse (reader, key, "'%s' is not after the step before it", words[i]);
          return 0;
        }
      n++;
    }
  return n;
}

static void
read_schedule (Reader *reader, const char *key, guint seconds, float *levels)
{
  Step steps[STEPS_MOST];
  guint n = read_steps (reader, key, steps), next = 0;
  double level = 0, to = 0, rate = NO_LIMIT;

  for (guint t = 0; t < seconds; t++)
    {
      while (next < n && steps[next].at <= t)
        {
          to = steps[next].mib;
          rate = t == 0 ? NO_LIMIT : steps[next].rate;
          next++;
        }
      level = CLAMP (to, level - rate, level + rate);
      levels[t] = (float)level;
    }
}

static void
read_foreign (Reader *reader, SimPlan *plan)
{
  Step steps[STEPS_MOST];
  guint n = read_steps (reader, "foreign", steps);

  if (n > SIM_EVENTS_MOST)
    refuse (reader, "foreign", "has more than %d steps", SIM_EVENTS_MOST);
  for (guint i = 0; i < n && !reader->failed; i++)
    {
      if (steps[i].rate < NO_LIMIT)
        refuse (reader, "foreign", "is set at once: it has no rate");
      else if (steps[i].mib > plan->capacity)
        refuse (reader, "foreign", "%.0f MiB are more than its maximum, %.0f MiB", steps[i].mib,
                plan->capacity);
      else
        sim_part_event (plan, (guint)steps[i].at, SIM_IS_SET, steps[i].mib);
    }
}

/* Groups */

static SimKernel
read_kernel (Reader *reader)
{
  g_autofree char *text = text_of (reader->file, reader->group, "kernel");

  if (g_strcmp0 (text, "6.1") == 0)
    return SIM_KERNEL_6_1;
  if (text != NULL && strcmp (text, "6.12") != 0)
    refuse (reader, "kernel", "is 6.1 or 6.12");
  return SIM_KERNEL_6_12;
}

static gboolean
read_managed (Reader *reader)
{
  g_autofree char *text = text_of (reader->file, reader->group, "managed");

  if (text == NULL || strcmp (text, "yes") == 0)
    return TRUE;
  if (strcmp (text, "no") != 0)
    refuse (reader, "managed", "is yes or no");
  return FALSE;
}

static void
check_keys (Reader *reader, const char *const *known)
{
  g_auto (GStrv) keys = g_key_file_get_keys (reader->file, reader->group, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (!g_strv_contains (known, keys[i]))
      {
        g_autofree char *all = g_strjoinv (", ", (char **)known);

        refuse (reader, keys[i], "there is no such key; there are %s", all);
      }
}

static void
read_plan (Reader *reader, SimLoad *load, SimPlan *plan)
{
  double most;

  plan->kernel = read_kernel (reader);
  plan->own = read_size (reader, "own", 0, MOST, OWN);
  plan->inflate = read_size (reader, "inflate", 1, MOST, INFLATE);
  plan->deflate = read_size (reader, "deflate", 1, MOST, DEFLATE);
  plan->weight = read_number (reader, "weight", 1, (guint64)WEIGHT_MOST, 100);
  plan->opted_out = !read_managed (reader);
  most = plan->capacity;
  plan->minimum = read_size (reader, "minimum", 0, most, sim_default_minimum (most));
  plan->begins = read_size (reader, "start", MIN (LEAST_VM, most), most, most);
  plan->low = read_size (reader, "low-watermark", 0, most, MIN (plan->low, most));
  plan->high = MAX (HIGH, plan->low);
  read_schedule (reader, "hold", load->seconds, plan->demand);
  read_schedule (reader, "cache", load->seconds, plan->cold_cache);
  read_foreign (reader, plan);
}

static void
read_vm (Reader *reader, SimLoad *load)
{
  const char *name = reader->group + strlen (VM_PREFIX);
  double capacity;
  guint count;
  SimPlan *first;

  check_keys (reader, vm_keys);
  count = read_number (reader, "count", 1, SIM_VMS_MOST, 1);
  if (load->n + count > SIM_VMS_MOST)
    refuse (reader, NULL, "there are more than %d VMs in all", SIM_VMS_MOST);
  capacity = read_size (reader, "maximum", LEAST_VM, MOST, NAN);
  if (reader->failed)
    return;
  first = sim_part_vm (load, capacity);
  read_plan (reader, load, first);
  for (guint i = 1; i < count; i++)
    *sim_part_vm (load, capacity) = *first;
  for (guint i = 0; i < count; i++)
    if (count == 1)
      g_strlcpy (first->name, name, sizeof first->name);
    else
      g_snprintf (first[i].name, sizeof first[i].name, "%s-%u", name, i + 1);
}

static void
read_host (Reader *reader, SimLoad *load)
{
  check_keys (reader, host_keys);
  load->seconds = read_number (reader, "length", 1, SIM_SECONDS_MOST, (guint64)LENGTH);
  load->total = read_size (reader, "total", LEAST_HOST, MOST, NAN);
  read_schedule (reader, "base", load->seconds, load->base);
}

static void
check_names (Reader *reader, const SimLoad *load)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < load->n; i++)
    if (!g_hash_table_add (names, (gpointer)load->vms[i].name))
      refuse (reader, NULL, "two VMs are called '%s'", load->vms[i].name);
}

static void
read_groups (Reader *reader, SimLoad *load)
{
  g_auto (GStrv) groups = g_key_file_get_groups (reader->file, NULL);

  reader->group = HOST;
  if (!g_key_file_has_group (reader->file, HOST))
    refuse (reader, NULL, "is missing");
  else
    read_host (reader, load);
  for (guint i = 0; groups[i] != NULL && !reader->failed; i++)
    {
      reader->group = groups[i];
      if (g_str_has_prefix (groups[i], VM_PREFIX) && groups[i][strlen (VM_PREFIX)] != '\0'
          && strlen (groups[i]) <= strlen (VM_PREFIX) + NAME_MOST)
        read_vm (reader, load);
      else if (strcmp (groups[i], HOST) != 0)
        refuse (reader, NULL, "groups are [host] and [vm NAME], with names of up to %d bytes",
                NAME_MOST);
    }
  reader->group = HOST;
  if (load->n == 0)
    refuse (reader, NULL, "there is no [vm NAME] beside it");
  check_names (reader, load);
}

/* GLib takes two groups of one name for one, and of two values the last: of a VM that was copied,
 * and not given another name, nothing would be told. */
static void
check_once (Reader *reader, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *key = NULL;

  for (guint i = 0; lines[i] != NULL && !reader->failed; i++)
    {
      char *line = g_strstrip (lines[i]), *end = strchr (line, *line == '[' ? ']' : '=');

      if (*line == '#' || end == NULL)
        continue;
      *end = '\0';
      key = *line == '[' ? NULL : g_strchomp (line);
      if (key == NULL)
        reader->group = line + 1;
      if (!g_hash_table_add (seen,
                             g_strdup_printf ("%s\n%s", reader->group, key != NULL ? key : "")))
        refuse (reader, key, "is there twice");
    }
}

SimLoad *
sim_world_file_load (const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree SimLoad *load = g_new0 (SimLoad, 1);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *text = NULL;
  Reader reader = { .file = file, .path = path, .error = error };

  if (!g_file_get_contents (path, &text, NULL, error)
      || !g_key_file_load_from_data (file, text, (gsize)-1, G_KEY_FILE_NONE, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  g_strlcpy (load->name, base, sizeof load->name);
  load->seed = 1;
  check_once (&reader, text);
  read_groups (&reader, load);
  if (reader.failed)
    return NULL;
  sim_part_settle (load, load->total);
  load->fits = sim_part_keeps_up (load);
  return g_steal_pointer (&load);
}
