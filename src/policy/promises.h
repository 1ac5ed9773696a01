/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all VMs together were promised and have not touched yet, and who granted that. */
#pragma once

#include "backing.h"
#include "policy.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 promised;         /* to all VMs */
  guint64 doubt;            /* and what they may touch beyond, at the worst */
  guint64 unlikely_promise; /* of promised, what the processes may occupy already */
  guint64 ungranted;        /* of promised, what nobody of ours granted, and nobody can take */
  guint64 lendable;         /* of promised, what nobody of ours granted, and is not touched before
                               something can be done about it */
  guint64 lendable_to_thrashing; /* the same of the doubt about those who can be taken from */
} McPromises;

/* What a VM is seen to touch before anything can be done about it. */
guint64 mc_promises_touched_soon (const McVmHistory *history);

/* Adds what was promised to one VM. */
void mc_promises_add (McPromises *promises,
                      const McVmHistory *history,
                      McVmStatus status,
                      const McBacking *backing,
                      gboolean can_be_taken);

G_END_DECLS
