/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which calls are under way. */
#include "config.h"

#include "ledger.h"

/*
 * Where there is a crowd, a sender is let in with less: there is always room for one who has
 * nothing under way. A system bus itself lets a client wait for 128 answers, and a user have 256
 * clients.
 */
typedef struct
{
  guint most;          /* of one sender */
  guint crowd;         /* of all, from which on it counts as one */
  guint most_in_crowd; /* of one sender then */
  const char *what;
} Limit;

static const Limit limits[] = {
  [MC_CALL_READS] = { 128, 1024, 8, "that read" },
  [MC_CALL_COSTS] = { 4, 16, 1, "that list every VM" },
  [MC_CALL_CHANGES] = { 32, 128, 1, "that change something" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (limits) == MC_N_CALL_KINDS);

typedef struct
{
  guint32 serial;
  McCallKind kind;
  gboolean awaited;
} Call;

typedef struct
{
  guint under_way[MC_N_CALL_KINDS];
  GArray *calls; /* (element-type Call) */
} Sender;

struct _McLedger
{
  GHashTable *senders; /* name → Sender, of those with calls under way */
  guint under_way[MC_N_CALL_KINDS];
};

static void
sender_free (gpointer data)
{
  Sender *sender = data;

  g_array_unref (sender->calls);
  g_free (sender);
}

McLedger *
mc_ledger_new (void)
{
  McLedger *self = g_new0 (McLedger, 1);

  self->senders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, sender_free);
  return self;
}

void
mc_ledger_free (McLedger *self)
{
  g_hash_table_unref (self->senders);
  g_free (self);
}

static Sender *
add_sender (McLedger *self, const char *name)
{
  Sender *sender = g_new0 (Sender, 1);

  sender->calls = g_array_new (FALSE, FALSE, sizeof (Call));
  g_hash_table_insert (self->senders, g_strdup (name), sender);
  return sender;
}

gboolean
mc_ledger_enter (
    McLedger *self, const char *name, guint32 serial, McCallKind kind, gboolean awaited)
{
  const Limit *limit = &limits[kind];
  guint most = self->under_way[kind] < limit->crowd ? limit->most : limit->most_in_crowd;
  Sender *sender = g_hash_table_lookup (self->senders, name);
  Call call = { serial, kind, awaited };

  if (sender != NULL && sender->under_way[kind] >= most)
    return FALSE;
  if (sender == NULL)
    sender = add_sender (self, name);
  g_array_append_val (sender->calls, call);
  sender->under_way[kind]++;
  self->under_way[kind]++;
  return TRUE;
}

char *
mc_ledger_describe_limit (McCallKind kind)
{
  const Limit *limit = &limits[kind];

  return g_strdup_printf (
      "Too many calls %s are in progress: a client may have %u, or %u while all "
      "clients together have %u; wait for answers before calling again",
      limit->what, limit->most, limit->most_in_crowd, limit->crowd);
}

gboolean
mc_ledger_leave (McLedger *self, const char *name, guint32 serial)
{
  Sender *sender = g_hash_table_lookup (self->senders, name);

  for (guint i = 0; sender != NULL && i < sender->calls->len; i++)
    {
      Call call = g_array_index (sender->calls, Call, i);

      if (call.serial != serial)
        continue;
      g_array_remove_index (sender->calls, i);
      sender->under_way[call.kind]--;
      self->under_way[call.kind]--;
      if (sender->calls->len == 0)
        g_hash_table_remove (self->senders, name);
      return call.awaited;
    }
  return TRUE;
}
