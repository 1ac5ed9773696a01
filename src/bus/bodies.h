/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory long bodies of answers have: each is shared by all answers that have it, and
 * freed when the last of them has reached the bus. The main thread makes them; any thread may free
 * them.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _McBodies McBodies;

McBodies *mc_bodies_new (void);

/* Bodies may outlive it. */
void mc_bodies_free (McBodies *self);

/* What all may have together, in bytes; there may always be one. */
#define MC_BODIES_MOST ((gsize)64 << 20)

/* Whether there may be one more, of @size bytes. */
gboolean mc_bodies_have_room (const McBodies *self, gsize size);

/* Returns: (transfer full): one that counts until it is freed. @array: (transfer full) */
GBytes *mc_bodies_add (McBodies *self, GByteArray *array);

G_END_DECLS
