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

/* What is said of a family once, before its samples. */
typedef struct
{
  const char *name; /* without what its type adds: "_total", "_info" */
  McFamilyType type;
  const char *unit; /* (nullable): what @name ends with */
  const char *help;
} McFamilyHead;

typedef struct
{
  McFormat format;
  GString *text;
} McExposition;

/* What an HTTP answer in that format is said to be. */
const char *mc_format_content_type (McFormat format);

void mc_exposition_init (McExposition *self, McFormat format);

void mc_exposition_begin_family (McExposition *self, const McFamilyHead *head);

/* A sample of that family. @labels: as mc_exposition_append_label() makes them, or "". @value: a
 * number as the format has it. */
void mc_exposition_add (McExposition *self,
                        const McFamilyHead *head,
                        const char *labels,
                        const char *value);

/* Returns: (transfer full): the whole text. */
char *mc_exposition_end (McExposition *self);

/* Adds name="value", after a comma where @labels has some already. The value may be any UTF-8. */
void mc_exposition_append_label (GString *labels, const char *name, const char *value);

G_END_DECLS
