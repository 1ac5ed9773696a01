/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The moves of a VM, or of all of them, from an archive. */
#include "config.h"

#include "moves-reader.h"

/* A move, and whose it is. */
typedef struct
{
  const char *uuid;
  McLoggedMove move;
} Found;

static gboolean
add_moves (GArray *all,
           McArchive *archive,
           const char *uuid,
           gint64 since_s,
           gint64 until_s,
           GError **error)
{
  g_autoptr (GArray) moves = mc_archive_read_moves (archive, uuid, error);

  for (guint i = 0; moves != NULL && i < moves->len; i++)
    {
      Found found = { uuid, g_array_index (moves, McLoggedMove, i) };
      gint64 time_s = (gint64)(found.move.time_us / G_USEC_PER_SEC);

      if (time_s >= since_s && time_s < until_s)
        g_array_append_val (all, found);
    }
  return moves != NULL;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const Found *one = a, *other = b;

  if (one->move.time_us == other->move.time_us)
    return 0;
  return one->move.time_us < other->move.time_us ? -1 : 1;
}

static void
keep_newest (GArray *all, guint most)
{
  g_array_sort (all, compare_times);
  if (all->len > most)
    g_array_remove_range (all, 0, all->len - most);
}

/* However many VMs there are, what of them is in memory at once is a few times what is wanted. */
static gboolean
add_moves_of_all (GArray *all,
                  McArchive *archive,
                  const GPtrArray *uuids,
                  gint64 since_s,
                  gint64 until_s,
                  guint most,
                  GError **error)
{
  for (guint i = 0; i < uuids->len; i++)
    {
      if (!add_moves (all, archive, uuids->pdata[i], since_s, until_s, error))
        return FALSE;
      if (all->len / 4 > most)
        keep_newest (all, most);
    }
  return TRUE;
}

static GVariant *
build (const GArray *all)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(sttts)"));
  for (guint i = 0; i < all->len; i++)
    {
      const Found *found = &g_array_index (all, Found, i);

      g_variant_builder_add (&list, "(sttts)", found->uuid, found->move.time_us, found->move.from,
                             found->move.to, found->move.code);
    }
  return g_variant_builder_end (&list);
}

GVariant *
mc_moves_reader_read (McArchive *archive,
                      const char *uuid,
                      gint64 since_s,
                      gint64 until_s,
                      guint most,
                      GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Found));
  g_autoptr (GPtrArray) uuids = NULL; /* to which what was found points */
  gboolean found;

  if (uuid != NULL)
    found = add_moves (all, archive, uuid, since_s, until_s, error);
  else
    {
      uuids = mc_archive_list_moved (archive);
      found = add_moves_of_all (all, archive, uuids, since_s, until_s, most, error);
    }
  if (!found)
    return NULL;
  keep_newest (all, most);
  return build (all);
}
