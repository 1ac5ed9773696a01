/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM is made of: read when it appears, and again when it may have changed; one reading at a
 * time. Main thread.
 */
#pragma once

#include "context.h"
#include "refusal.h"

G_BEGIN_DECLS

/* It was read, or could not be, for the reason of @error; not after the VM is gone. */
typedef void (*McDescriptionRead) (GObject *vm, const GError *error);

/* To be read by others. */
typedef struct
{
  McContext *context;
  McDomain *domain;
  McDescriptionRead on_read;
  McVmDescription *current; /* NULL until it was read */
  gboolean reading;
  gboolean again;    /* what is being read is already old */
  McRefusal refusal; /* why it cannot be read */
} McDescription;

void mc_description_init (McDescription *self,
                          McContext *context,
                          McDomain *domain,
                          McDescriptionRead on_read);
void mc_description_clear (McDescription *self);

/* Reads it; once more where that is under way. */
void mc_description_read (McDescription *self);

/* The same, but not soon after it was refused. */
void mc_description_refresh (McDescription *self);

/* What is being read now may be older than a change. */
void mc_description_outdate (McDescription *self);

/* After a failure: reads it again, if it was asked for since that reading had begun. Returns:
 * whether it was. */
gboolean mc_description_retry (McDescription *self);

/* What the service has changed in the VM itself. @element, @stored: (transfer full) (nullable) */
void mc_description_set_stats_period (McDescription *self, guint seconds);
void mc_description_set_metadata (McDescription *self, char *element, char *stored);

G_END_DECLS
