/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is exported, as a table: a family for each property of the bus that MemCoord alone knows. */
#pragma once

#include "exposition.h"

G_BEGIN_DECLS

/* How a property becomes a number in base units. */
typedef enum
{
  MC_SCALE_NONE,         /* bytes, seconds and counts are what they are */
  MC_SCALE_MICROSECONDS, /* a time becomes seconds */
  MC_SCALE_PERCENT,      /* becomes a ratio */
  MC_SCALE_FLAG,         /* 1 where it is true, above 0, or not empty; else 0 */
} McScale;

typedef enum
{
  MC_FAMILY_ALWAYS = 0,
  MC_FAMILY_LIVE = 1 << 0,         /* is old while the service reads nothing: left out then */
  MC_FAMILY_ZERO_UNKNOWN = 1 << 1, /* 0 on the bus is no figure: left out then */
} McFamilyFlags;

typedef struct
{
  McFamilyHead head;
  const char *property; /* a family whose property the service does not have is left out */
  McScale scale;
  McFamilyFlags flags;
} McFamily;

/* Each ends with one whose property is NULL. */
extern const McFamily mc_host_families[];
extern const McFamily mc_vm_families[];

/* Returns: (transfer full) (nullable): @value in base units; NULL = it is no figure now */
char *mc_family_format (const McFamily *self, GVariant *value, gboolean live);

G_END_DECLS
