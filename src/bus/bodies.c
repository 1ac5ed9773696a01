/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory long bodies of answers have. */
#include "config.h"

#include "bodies.h"

struct _McBodies
{
  int size; /* of all that there are, in bytes; atomic */
};

typedef struct
{
  McBodies *bodies;
  GByteArray *array;
} Body;

McBodies *
mc_bodies_new (void)
{
  return g_atomic_rc_box_new0 (McBodies);
}

void
mc_bodies_free (McBodies *self)
{
  g_atomic_rc_box_release (self);
}

gboolean
mc_bodies_have_room (const McBodies *self, gsize size)
{
  gsize now = (gsize)g_atomic_int_get (&self->size);

  return now == 0 || (size <= MC_BODIES_MOST && now <= MC_BODIES_MOST - size);
}

static void
body_free (gpointer data)
{
  Body *self = data;

  g_atomic_int_add (&self->bodies->size, -(int)self->array->len);
  g_byte_array_unref (self->array);
  mc_bodies_free (self->bodies);
  g_free (self);
}

GBytes *
mc_bodies_add (McBodies *self, GByteArray *array)
{
  Body *body = g_new0 (Body, 1);

  body->bodies = g_atomic_rc_box_acquire (self);
  body->array = array;
  g_atomic_int_add (&self->size, (int)array->len);
  return g_bytes_new_with_free_func (array->data, array->len, body_free, body);
}
