/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text that monitoring systems read: families of samples, in OpenMetrics or in the older format
 * of Prometheus, which all of its tools read. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  MC_FORMAT_OPENMETRICS,
  MC_FORMAT_PROMETHEUS,
} McFormat;

typedef enum
{
  MC_FAMILY_GAUGE,
  MC_FAMILY_COUNTER,
  MC_FAMILY_INFO,
} McFamilyType;

/* Of a family whose value is a text: as samples are numbers, each text is one, with a label. */
typedef struct
{
  const char *label;
  const char *const *known; /* (nullable): those that have a sample of 0 while they are not it */
  const char *help;         /* where the value is the text itself */
} McFamilyText;

/* What is said of a family once, before its samples. */
typedef struct
{
  const char *name; /* without what its type adds: "_total", "_info" */
  McFamilyType type;
  const char *unit; /* (nullable): what @name ends with */
  const char *help;
  const McFamilyText *text; /* (nullable): its value is a number */
} McFamilyHead;

typedef struct
{
  McFormat format;
  GString *text;
  const McFamilyHead *head; /* (nullable): of the family that was written last */
} McExposition;

/* What an HTTP answer in that format is said to be. */
const char *mc_format_content_type (McFormat format);

void mc_exposition_init (McExposition *self, McFormat format);

/* A sample; all of a family are added one after the other. @labels: as mc_exposition_append_label()
 * makes them, or "". @value: a number as the format has it. */
void mc_exposition_add (McExposition *self,
                        const McFamilyHead *head,
                        const char *labels,
                        const char *value);

/* The samples of a family that has a text. Of a later version it may be none of those known. */
void mc_exposition_add_text (McExposition *self,
                             const McFamilyHead *head,
                             const char *labels,
                             const char *text);

/* Returns: (transfer full): the whole text. */
char *mc_exposition_end (McExposition *self);

/* Adds name="value", after a comma where @labels has some already. The value may be any UTF-8. */
void mc_exposition_append_label (GString *labels, const char *name, const char *value);

G_END_DECLS
