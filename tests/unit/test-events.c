/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is logged of each kind of event, and whether the journal's catalogue explains it. */
#include "config.h"

#include <string.h>

#include "events.h"

#define UUID "12345678-1234-1234-1234-123456789abc"

/* The fields of the entry that was logged last: name → value. */
static GHashTable *entry;

static GLogWriterOutput
capture (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_hash_table_remove_all (entry);
  for (gsize i = 0; i < n_fields; i++)
    g_hash_table_insert (entry, g_strdup (fields[i].key),
                         fields[i].length < 0
                             ? g_strdup (fields[i].value)
                             : g_strndup (fields[i].value, (gsize)fields[i].length));
  return G_LOG_WRITER_HANDLED;
}

static const char *
field (const char *name)
{
  return g_hash_table_lookup (entry, name);
}

static void
log_started (void)
{
  mc_event_started ("1.0", "test:///default");
}

static void
log_appeared (void)
{
  mc_event_vm_appeared ("web", UUID);
}

static void
log_vanished (void)
{
  mc_event_vm_vanished ("web", UUID);
}

static void
log_status (void)
{
  mc_event_vm_status ("web", UUID, "booting", "managed", 0);
}

static void
log_restless_status (void)
{
  mc_event_vm_status ("web", UUID, "managed", "stale", 6);
}

static void
log_foreign (void)
{
  mc_event_vm_foreign ("web", UUID);
}

static void
log_left_out (void)
{
  mc_event_left_out ("web", UUID, 120);
}

static void
log_vm_refused (void)
{
  mc_event_vm_refused ("web", UUID, "read its description", "access denied");
}

static void
log_period (void)
{
  mc_event_period_changed ("web", UUID, 10, 1);
}

static void
log_reserve_too_large (void)
{
  mc_event_reserve_too_large ("HostReserve 8 GiB is not below HostTotal 4 GiB");
}

static void
log_reserve_fits (void)
{
  mc_event_reserve_fits ();
}

static void
log_host_unreadable (void)
{
  mc_event_host_unreadable ("it has no MemTotal");
}

static void
log_moved (void)
{
  mc_event_memory_moved ("web", UUID, 1073741824, 1610612736, "needs", "It is short of memory.");
}

static void
log_would_move (void)
{
  mc_event_memory_would_move ("web", UUID, 1073741824, 1610612736, "needs",
                              "It is short of memory.");
}

static void
log_target_failed (void)
{
  mc_event_target_failed ("web", UUID, 1610612736, "it is busy");
}

static void
log_change (const char *name,
            const char *setting,
            GVariant *floating_before,
            GVariant *floating_after,
            const char *origin)
{
  g_autoptr (GVariant) before = g_variant_ref_sink (floating_before);
  g_autoptr (GVariant) after = g_variant_ref_sink (floating_after);

  mc_event_policy_changed (name, name != NULL ? UUID : NULL, setting, before, after, origin);
}

static void
log_policy (void)
{
  log_change (NULL, "StepLimit", g_variant_new_uint32 (20), g_variant_new_uint32 (10),
              ":1.42 uid 1000");
}

static void
log_vm_policy (void)
{
  log_change ("web", "Weight", g_variant_new_uint32 (100), g_variant_new_uint32 (200), "metadata");
}

static void
log_inhibited (void)
{
  mc_event_inhibited ("backup", "nightly", 1000, 4711);
}

static void
log_uninhibited (void)
{
  mc_event_uninhibited ("backup");
}

static void
log_reserved (void)
{
  mc_event_reserved ("r7", 1073741824);
}

static void
log_reservation_ended (void)
{
  mc_event_reservation_ended ("r7", 536870912);
}

static void
log_lost (void)
{
  mc_event_hypervisor_lost ("qemu:///system", "the connection was closed");
}

static void
log_back (void)
{
  mc_event_hypervisor_back ("qemu:///system");
}

static void
log_condition (void)
{
  mc_event_host_condition ("tight", "critical", 209715200);
}

static void
log_configuration (void)
{
  mc_event_configuration_refused ("memcoord.conf:3: weight: '' is not a whole number");
}

static void
log_metadata (void)
{
  mc_event_metadata_refused ("web", UUID, "<speed> is not known");
}

static void
log_history_set_aside (void)
{
  mc_event_history_set_aside ("/state/host.series", "/state/host.series.damaged", "it is short");
}

static void
log_history_not_kept (void)
{
  mc_event_history_not_kept ("the disk is full");
}

static void
log_entries_lost (void)
{
  mc_event_entries_lost (42);
}

static const struct
{
  void (*log) (void);
  const char *says; /* what the message has */
} events[] = {
  { log_started, "1.0" },
  { mc_event_stopped, "" },
  { log_appeared, "web" },
  { log_vanished, "web" },
  { log_status, "web: managed, was booting" },
  { log_restless_status, "web: stale, was managed (6 changes in between not logged)" },
  { log_foreign, "web is left alone: something else sets its balloon repeatedly" },
  { log_left_out, "web: 120 log entries suppressed" },
  { log_vm_refused, "web: libvirt did not read its description: access denied" },
  { log_period, "web: somebody else has set its statistics period to 10 s; it was set to 1 s" },
  { log_host_unreadable, "it has no MemTotal" },
  { log_reserve_too_large, "Nothing is moved: HostReserve 8 GiB is not below HostTotal 4 GiB" },
  { log_reserve_fits, "HostReserve is below HostTotal again" },
  { mc_event_host_readable, "" },
  { log_moved, "web: 1 GiB → 1.5 GiB: It is short of memory." },
  { log_would_move, "web: would go from 1 GiB to 1.5 GiB: It is short of memory." },
  { log_target_failed, "1.5 GiB: it is busy" },
  { log_policy, "StepLimit is 10, was 20 (by :1.42 uid 1000)" },
  { log_vm_policy, "web: Weight is 200, was 100 (by metadata)" },
  { log_inhibited, "backup (uid 1000, pid 4711): nightly" },
  { log_uninhibited, "backup" },
  { log_reserved, "1 GiB are held for a VM about to start (r7)" },
  { log_reservation_ended, "r7 has ended; 512 MiB" },
  { log_lost, "the connection was closed" },
  { log_back, "" },
  { log_condition, "critical, was tight; 200 MiB" },
  { log_configuration, "memcoord.conf:3: weight" },
  { log_metadata, "<speed> is not known" },
  { log_history_set_aside, "The history in /state/host.series is not used: it is short; the file "
                           "is now /state/host.series.damaged" },
  { log_history_not_kept, "History is not kept: the disk is full" },
  { log_entries_lost, "42 log entries were lost" },
};

/* It may be paused, or a dry run. */
static void
test_end_of_a_fault_says_that_alone (void)
{
  void (*const ends[]) (void) = { log_reserve_fits, mc_event_host_readable, log_back };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      ends[i]();
      g_assert_true (g_str_has_suffix (field ("MESSAGE"), " again"));
    }
}

static void
test_messages (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      events[i].log ();
      g_test_message ("%s", field ("MESSAGE"));
      g_assert_nonnull (strstr (field ("MESSAGE"), events[i].says));
      g_assert_null (strchr (field ("MESSAGE"), '\n'));
      g_assert_cmpstr (field ("GLIB_DOMAIN"), ==, "memcoord");
    }
}

static void
test_fields (void)
{
  log_moved ();
  g_assert_cmpstr (field ("MEMCOORD_VM"), ==, "web");
  g_assert_cmpstr (field ("MEMCOORD_UUID"), ==, UUID);
  g_assert_cmpstr (field ("MEMCOORD_FROM"), ==, "1073741824");
  g_assert_cmpstr (field ("MEMCOORD_TO"), ==, "1610612736");
  g_assert_cmpstr (field ("MEMCOORD_REASON"), ==, "needs");
  g_assert_cmpstr (field ("PRIORITY"), ==, "6");
  log_target_failed ();
  g_assert_cmpstr (field ("MEMCOORD_TO"), ==, "1610612736");
  g_assert_cmpstr (field ("PRIORITY"), ==, "4");
  log_policy ();
  g_assert_cmpstr (field ("MEMCOORD_SETTING"), ==, "StepLimit");
  g_assert_cmpstr (field ("MEMCOORD_ORIGIN"), ==, ":1.42 uid 1000");
  log_inhibited ();
  g_assert_cmpstr (field ("MEMCOORD_UID"), ==, "1000");
  g_assert_cmpstr (field ("MEMCOORD_PID"), ==, "4711");
  log_condition ();
  g_assert_cmpstr (field ("MEMCOORD_AVAILABLE"), ==, "209715200");
}

/* Returns: (transfer full): MESSAGE_ID → the text below it. */
static GHashTable *
read_catalog (void)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "..", "..", "data", "memcoord.catalog", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;
  GHashTable *catalog = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  parts = g_strsplit (text, "\n-- ", -1);
  for (guint i = 1; parts[i] != NULL; i++)
    {
      g_assert_cmpuint (strspn (parts[i], "0123456789abcdef"), ==, 32);
      g_assert_cmpint (parts[i][32], ==, '\n');
      g_assert_true (
          g_hash_table_insert (catalog, g_strndup (parts[i], 32), g_strdup (parts[i] + 33)));
    }
  return catalog;
}

/* journald puts the value of a field where its name stands between two @: nothing of that must stay
 * empty. */
static void
assert_fields_known (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "@", -1);

  g_assert_cmpuint (g_strv_length (parts) % 2, ==, 1);
  for (guint i = 1; parts[i] != NULL; i += 2)
    {
      g_test_message ("@%s@", parts[i]);
      g_assert_true (g_str_has_prefix (parts[i], "MEMCOORD_"));
      g_assert_nonnull (field (parts[i]));
    }
}

static void
test_catalog (void)
{
  g_autoptr (GHashTable) catalog = read_catalog ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      const char *text;

      events[i].log ();
      g_assert_nonnull (field ("MESSAGE_ID"));
      text = g_hash_table_lookup (catalog, field ("MESSAGE_ID"));
      g_assert_nonnull (text);
      g_assert_true (g_str_has_prefix (text, "Subject: "));
      g_assert_nonnull (strstr (text, "\nDefined-By: MemCoord\n"));
      assert_fields_known (text);
      g_hash_table_add (seen, g_strdup (field ("MESSAGE_ID")));
    }
  /* Each kind of event has an ID of its own (a VM's policy and the host's share one, and so do
   * changes of a status), and nothing else is explained. */
  g_assert_cmpuint (g_hash_table_size (seen), ==, G_N_ELEMENTS (events) - 2);
  g_assert_cmpuint (g_hash_table_size (catalog), ==, g_hash_table_size (seen));
}

/* Fields are for programs, and have what the bus has. */
static void
test_values_as_people_write_them (void)
{
  const guint64 moment = G_GUINT64_CONSTANT (1795657133654831);
  const struct
  {
    const char *setting;
    GVariant *before, *after;
    const char *says;
  } rows[] = {
    { "LowWatermark", g_variant_new_uint64 (104857600), g_variant_new_uint64 (167772160),
      "LowWatermark is 160M, was 100M (by reload)" },
    { "Manage", g_variant_new_string ("all"), g_variant_new_string ("marked"),
      "Manage is marked, was all (by reload)" },
    { "Paused", g_variant_new_boolean (FALSE), g_variant_new_boolean (TRUE),
      "Paused is true, was false (by reload)" },
    { "PausedUntil", g_variant_new_uint64 (0), g_variant_new_uint64 (moment),
      "PausedUntil is 2026-11-2" },
    { "PausedUntil", g_variant_new_uint64 (moment), g_variant_new_uint64 (0),
      "PausedUntil is unset, was 2026-11-2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      log_change (NULL, rows[i].setting, rows[i].before, rows[i].after, "reload");
      g_assert_true (g_str_has_prefix (field ("MESSAGE"), rows[i].says));
      if (i == 0)
        g_assert_cmpstr (field ("MEMCOORD_NEW"), ==, "167772160");
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  entry = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (capture, NULL, NULL);
  g_test_add_func ("/events/messages", test_messages);
  g_test_add_func ("/events/ends", test_end_of_a_fault_says_that_alone);
  g_test_add_func ("/events/values", test_values_as_people_write_them);
  g_test_add_func ("/events/fields", test_fields);
  g_test_add_func ("/events/catalog", test_catalog);
  status = g_test_run ();
  g_hash_table_unref (entry);
  return status;
}
