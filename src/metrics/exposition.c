/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OpenMetrics names a counter without "_total", of which only the samples have it; the older format
 * knows no such difference, no information and no units.
 */
#include "config.h"

#include "exposition.h"

static const char *const content_types[] = {
  [MC_FORMAT_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
  [MC_FORMAT_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
};

static const struct
{
  const char *suffix;
  const char *name;       /* in OpenMetrics */
  const char *older_name; /* in the older format */
} types[] = {
  [MC_FAMILY_GAUGE] = { "", "gauge", "gauge" },
  [MC_FAMILY_COUNTER] = { "_total", "counter", "counter" },
  [MC_FAMILY_INFO] = { "_info", "info", "gauge" },
};

const char *
mc_format_content_type (McFormat format)
{
  return content_types[format];
}

void
mc_exposition_init (McExposition *self, McFormat format)
{
  self->format = format;
  self->text = g_string_new (NULL);
  self->head = NULL;
}

static void
begin_family (McExposition *self, const McFamilyHead *head)
{
  gboolean open = self->format == MC_FORMAT_OPENMETRICS;
  const char *suffix = open ? "" : types[head->type].suffix;
  const char *type = open ? types[head->type].name : types[head->type].older_name;

  g_string_append_printf (self->text, "# TYPE %s%s %s\n", head->name, suffix, type);
  if (open && head->unit != NULL)
    g_string_append_printf (self->text, "# UNIT %s %s\n", head->name, head->unit);
  g_string_append_printf (self->text, "# HELP %s%s %s\n", head->name, suffix, head->help);
  self->head = head;
}

void
mc_exposition_add (McExposition *self,
                   const McFamilyHead *head,
                   const char *labels,
                   const char *value)
{
  if (self->head != head)
    begin_family (self, head);
  g_string_append (self->text, head->name);
  g_string_append (self->text, types[head->type].suffix);
  if (*labels != '\0')
    {
      g_string_append_c (self->text, '{');
      g_string_append (self->text, labels);
      g_string_append_c (self->text, '}');
    }
  g_string_append_c (self->text, ' ');
  g_string_append (self->text, value);
  g_string_append_c (self->text, '\n');
}

static void
add_labelled (McExposition *self,
              const McFamilyHead *head,
              const char *labels,
              const char *text,
              gboolean now)
{
  g_autoptr (GString) all = g_string_new (labels);

  mc_exposition_append_label (all, head->text->label, text);
  mc_exposition_add (self, head, all->str, now ? "1" : "0");
}

void
mc_exposition_add_text (McExposition *self,
                        const McFamilyHead *head,
                        const char *labels,
                        const char *text)
{
  const char *const *known = head->text->known;

  for (guint i = 0; known != NULL && known[i] != NULL; i++)
    add_labelled (self, head, labels, known[i], g_str_equal (known[i], text));
  if (known == NULL || !g_strv_contains (known, text))
    add_labelled (self, head, labels, text, TRUE);
}

char *
mc_exposition_end (McExposition *self)
{
  if (self->format == MC_FORMAT_OPENMETRICS)
    g_string_append (self->text, "# EOF\n");
  return g_string_free (g_steal_pointer (&self->text), FALSE);
}

void
mc_exposition_append_label (GString *labels, const char *name, const char *value)
{
  g_string_append_printf (labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
  for (; *value != '\0'; value++)
    {
      if (*value == '\n')
        g_string_append (labels, "\\n");
      else if (*value == '\\' || *value == '"')
        g_string_append_printf (labels, "\\%c", *value);
      else
        g_string_append_c (labels, *value);
    }
  g_string_append_c (labels, '"');
}
