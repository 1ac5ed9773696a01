/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroups of VMs.
 *
 * They are found as systemd names them (version 2 of cgroups): partition /machine/prod is
 * machine.slice/machine-prod.slice, in which the VM's scope has its id in its name.
 */
#include "config.h"

#include "cgroups.h"

#include <string.h>

#define CGROUPS "fs/cgroup"

#define SCOPE_FORMAT "machine-qemu\\x2d%d\\x2d"

/* Version 1, alone or with version 2 in a directory of its own, has no such file at the root. A
 * host stays as it has booted, so it is logged once. */
gboolean
mc_cgroups_exist (const char *system)
{
  static int logged;
  g_autofree char *file = g_build_filename (system, CGROUPS, "cgroup.controllers", NULL);

  if (g_file_test (file, G_FILE_TEST_EXISTS))
    return TRUE;
  if (g_atomic_int_compare_and_exchange (&logged, FALSE, TRUE))
    g_message ("Memory limits of cgroups are not known: %s/" CGROUPS " is not of version 2; the "
               "hard_limit and NUMA nodes of a VM's own description count",
               system);
  return FALSE;
}

/* As systemd writes it: what is no letter and no digit is written as its number. */
static void
append_escaped (GString *slice, const char *part)
{
  for (; *part != '\0'; part++)
    if (g_ascii_isalnum (*part) || strchr (":_.", *part) != NULL)
      g_string_append_c (slice, *part);
    else
      g_string_append_printf (slice, "\\x%02x", (guchar)*part);
}

char **
mc_cgroups_list_slices (const char *partition)
{
  g_auto (GStrv) parts = g_strsplit (partition, "/", -1);
  g_autoptr (GString) name = g_string_new (NULL);
  g_autoptr (GString) path = g_string_new (NULL);
  g_autoptr (GStrvBuilder) slices = g_strv_builder_new ();

  for (char **part = parts; *part != NULL; part++)
    {
      if (**part == '\0')
        continue;
      if (name->len > 0)
        {
          g_string_append_c (name, '-');
          g_string_append_c (path, '/');
        }
      append_escaped (name, *part);
      g_string_append_printf (path, "%s.slice", name->str);
      g_strv_builder_add (slices, path->str);
    }
  return g_strv_builder_end (slices);
}

char *
mc_cgroups_find_scope (const char *system, const char *slice, int id)
{
  g_autofree char *path = g_build_filename (system, CGROUPS, slice, NULL);
  g_autofree char *prefix = g_strdup_printf (SCOPE_FORMAT, id);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, prefix))
      return g_build_filename (slice, name, NULL);
  return NULL;
}

static char *
read_text (const char *system, const char *cgroup, const char *file)
{
  g_autofree char *path = g_build_filename (system, CGROUPS, cgroup, file, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

gboolean
mc_cgroups_read (const char *system, const char *cgroup, const char *file, guint64 *number)
{
  g_autofree char *text = read_text (system, cgroup, file);

  if (text == NULL || !g_ascii_isdigit (*text))
    return FALSE;
  *number = g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

guint64
mc_cgroups_read_stat (const char *system, const char *cgroup, const char *field)
{
  g_autofree char *text = read_text (system, cgroup, "memory.stat");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  gsize length = strlen (field);

  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, field) && (*line)[length] == ' ')
      return g_ascii_strtoull (*line + length, NULL, 10);
  return 0;
}
