/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the coordinator share. */
#include "config.h"

#include "coordinator-fixture.h"

#include <glib/gstdio.h>

#include "recorded.h"

static void
on_added (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  ((Fixture *)user_data)->n_added++;
}

static void
on_removed (McCoordinator *coordinator, McVm *vm, gpointer user_data)
{
  ((Fixture *)user_data)->n_removed++;
}

static void
on_moved (McCoordinator *coordinator,
          McVm *vm,
          guint64 from,
          guint64 to,
          const char *sentence,
          gpointer user_data)
{
  g_assert_cmpstr (sentence, !=, "");
  ((Fixture *)user_data)->n_moved++;
}

static void
on_changed (McCoordinator *coordinator,
            const char *uuid,
            const char *setting,
            GVariant *before,
            GVariant *after,
            const char *origin,
            gpointer user_data)
{
  g_autofree char *old = g_variant_print (before, FALSE);
  g_autofree char *new = g_variant_print (after, FALSE);

  g_string_append_printf (((Fixture *)user_data)->changes, "%s%s %s→%s %s\n",
                          uuid != NULL ? "vm " : "", setting, old, new, origin);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_sync_finish (MC_COORDINATOR (source), result, NULL);
  *(gboolean *)user_data = TRUE;
}

static void
on_counters_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_store_sync_finish (MC_STORE (source), result, NULL);
  *(gboolean *)user_data = TRUE;
}

static void
wait_for_disk (Fixture *f)
{
  gboolean kept = FALSE, counters_kept = FALSE;

  if (f->coordinator == NULL)
    return;
  mc_store_sync_async (mc_coordinator_get_parts (f->coordinator)->context->counters,
                       on_counters_kept, &counters_kept);
  mc_coordinator_sync_async (f->coordinator, on_kept, &kept);
  while (!kept || !counters_kept)
    g_main_context_iteration (NULL, TRUE);
  mc_test_clock_settle ();
}

void
fixture_wait_for_recorder (Fixture *f)
{
  mc_test_wait_for_recorder (mc_coordinator_get_parts (f->coordinator)->context->recorder);
  mc_test_clock_settle ();
}

void
fixture_advance (Fixture *f, gint64 us)
{
  mc_test_clock_advance (f->clock, us);
  wait_for_disk (f);
}

void
fixture_start_service (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  McConfig *config = mc_config_load (f->config_path, FALSE, &error);

  g_assert_no_error (error);
  config->dry_run_ordered = f->dry_run;
  config->dry_run |= f->dry_run;
  config->policy.tuning = f->tuning;
  f->coordinator = mc_coordinator_new (MC_HYPERVISOR (f->fake), f->host, MC_CLOCK (f->clock),
                                       config, f->directory);
  g_signal_connect (f->coordinator, "vm-added", G_CALLBACK (on_added), f);
  g_signal_connect (f->coordinator, "vm-removed", G_CALLBACK (on_removed), f);
  g_signal_connect (f->coordinator, "memory-moved", G_CALLBACK (on_moved), f);
  g_signal_connect (f->coordinator, "policy-changed", G_CALLBACK (on_changed), f);
  mc_coordinator_start (f->coordinator);
  fixture_advance (f, SECOND); /* it connects, samples and describes */
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  mc_coordinator_stop_finish (MC_COORDINATOR (source), result);
  *(gboolean *)user_data = TRUE;
}

void
fixture_stop_service (Fixture *f)
{
  gboolean stopped = FALSE;

  mc_coordinator_stop_async (f->coordinator, FALSE, on_stopped, &stopped);
  for (guint i = 0; i < 10 && !stopped; i++)
    {
      fixture_advance (f, SECOND);
      fixture_wait_for_recorder (f);
    }
  g_assert_true (stopped);
  g_assert_finalize_object (f->coordinator);
  f->coordinator = NULL;
}

guint
fixture_stop_service_for_good (Fixture *f)
{
  gboolean stopped = FALSE;
  guint seconds = 0;

  mc_coordinator_stop_async (f->coordinator, TRUE, on_stopped, &stopped);
  mc_test_clock_settle ();
  for (; seconds < 20 && !stopped; seconds++)
    {
      fixture_pass (f, 1);
      fixture_wait_for_recorder (f);
    }
  g_assert_true (stopped);
  g_assert_finalize_object (f->coordinator);
  f->coordinator = NULL;
  return seconds;
}

/* As SIGKILL would: nothing is put back. */
void
fixture_kill_service (Fixture *f)
{
  g_object_run_dispose (G_OBJECT (f->coordinator));
  mc_test_clock_settle ();
  g_clear_object (&f->coordinator);
}

void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->config_path = g_build_filename (f->directory, "memcoord.conf", NULL);
  f->fake = mc_fake_hypervisor_new ();
  f->clock = mc_test_clock_new ();
  f->host = mc_host_new (NULL, "/nonexistent", NULL);
  f->changes = g_string_new (NULL);
  mc_fake_hypervisor_set_local (f->fake, FALSE);
  mc_fake_hypervisor_set_host (f->fake, 4 * MC_GIB, 3 * MC_GIB);
}

void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "settings", "counters", "counters.damaged" };

  if (f->coordinator != NULL)
    fixture_stop_service (f);
  g_object_unref (f->fake);
  g_object_unref (f->clock);
  g_object_unref (f->host);
  g_string_free (f->changes, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->directory, names[i], NULL);

      g_unlink (path);
    }
  mc_test_remove_history (f->directory);
  g_unlink (f->config_path);
  g_rmdir (f->directory);
  g_free (f->directory);
  g_free (f->config_path);
}

/* A guest of @capacity with @used in use, whose figures follow by the fake's physics. */
McFakeVm *
fixture_add_guest (Fixture *f, const char *name, guint64 capacity, guint64 balloon, guint64 used)
{
  McFakeVm *vm = mc_fake_hypervisor_add_vm (f->fake, name, capacity);

  vm->figures.balloon = balloon;
  vm->used = used;
  mc_fake_hypervisor_tick (f->fake, 1);
  return vm;
}

void
fixture_pass (Fixture *f, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    {
      mc_fake_hypervisor_tick (f->fake, 1);
      fixture_advance (f, SECOND);
    }
}

McFakeVm *
fixture_squeeze (Fixture *f)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, MC_GIB, 300 * MC_MIB);

  fixture_add_guest (f, "other", MC_GIB, MC_GIB, 300 * MC_MIB);
  mc_fake_hypervisor_set_host_other (f->fake, 3 * MC_GIB);
  fixture_start_service (f);
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->figures.balloon, <, 700 * MC_MIB);
  return vm;
}

void
fixture_make_room (Fixture *f)
{
  mc_fake_hypervisor_set_host_other (f->fake, MC_GIB);
  mc_fake_hypervisor_tick (f->fake, 1);
}

McFakeVm *
fixture_squeeze_with_room (Fixture *f)
{
  McFakeVm *vm = fixture_squeeze (f);

  fixture_make_room (f);
  return vm;
}

static GLogWriterOutput
keep_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (user_data, "%s\n", (const char *)fields[i].value);
  return g_log_writer_default (level, fields, n_fields, NULL);
}

GString *
fixture_keep_log (void)
{
  GString *messages = g_string_new (NULL);

  g_log_set_writer_func (keep_message, messages, NULL);
  return messages;
}

McVm *
fixture_vm_of (Fixture *f, McFakeVm *fake)
{
  McVm *vm = g_hash_table_lookup (mc_coordinator_get_parts (f->coordinator)->fleet.by_uuid,
                                  fake->figures.uuid);

  g_assert_nonnull (vm);
  return vm;
}

const char *
fixture_status_of (Fixture *f, McFakeVm *fake)
{
  return mc_vm_status_nick (mc_vm_get_view (fixture_vm_of (f, fake))->status);
}

guint
fixture_n_targets (Fixture *f)
{
  return mc_fake_hypervisor_count_calls (f->fake, MC_FAKE_CALL_SET_TARGET);
}
