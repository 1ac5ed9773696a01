/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A name in Varlink is in letters and digits, and systemd's own begin each word with a capital. */
#include "config.h"

#include "report-family.h"

#include <string.h>

#include "names.h"

#define PREFIX "memcoord_"

char *
mc_report_family_name (const McFamilyHead *head)
{
  GString *name = g_string_new (MC_BUS_NAME ".");
  gboolean begins = TRUE;

  g_return_val_if_fail (g_str_has_prefix (head->name, PREFIX), g_string_free (name, FALSE));
  for (const char *letter = head->name + strlen (PREFIX); *letter != '\0'; letter++)
    {
      if (*letter != '_')
        g_string_append_c (name, begins ? g_ascii_toupper (*letter) : *letter);
      begins = *letter == '_';
    }
  return g_string_free (name, FALSE);
}

const char *
mc_report_family_type (const McFamilyHead *head)
{
  if (head->text != NULL)
    return "string";
  return head->type == MC_FAMILY_COUNTER ? "counter" : "gauge";
}

const char *
mc_report_family_description (const McFamilyHead *head)
{
  return head->text != NULL ? head->text->help : head->help;
}
