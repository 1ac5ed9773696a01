/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last moves of a VM's memory. */
#include "config.h"

#include "vm-moves.h"

#define MOVES_KEPT 32

static void
move_free (gpointer data)
{
  McVmMove *move = data;

  g_free (move->sentence);
  g_free (move);
}

GPtrArray *
mc_vm_moves_new (void)
{
  return g_ptr_array_new_with_free_func (move_free);
}

void
mc_vm_moves_add (GPtrArray *self, const McVmMove *move)
{
  McVmMove *kept = g_memdup2 (move, sizeof *move);

  kept->sentence = g_strdup (move->sentence);
  if (self->len >= MOVES_KEPT)
    g_ptr_array_remove_index (self, 0);
  g_ptr_array_add (self, kept);
}

gboolean
mc_vm_moves_repeats (GPtrArray *self, guint64 from, guint64 to, const char *prefix, guint64 nearly)
{
  const McVmMove *last = self->len > 0 ? self->pdata[self->len - 1] : NULL;

  if (last == NULL || last->from != from || !g_str_has_prefix (last->sentence, prefix)
      || (last->to > last->from) != (to > from))
    return FALSE;
  return distance (last->to, to) < nearly;
}
