/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept over a restart, as its file has it. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "state-file.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

/* As 0.1.0 writes it. */
static const char of_0_1_0[]
    = "[Thresholds]\nLowWatermark=104857600\nInterval=5\n\n"
      "[Settings]\ndry-run=true\n\n"
      "[Pause]\npause-reason=kernel update\npaused-until=1790000000000000\n"
      "pause-seconds=600\n\n"
      "[VM " UUID "]\nid=7\noriginal-stats-period=10\n"
      "pause-reason=\npaused-until=0\npause-seconds=0\n";

typedef struct
{
  char *directory;
  char *path;
  McStore *store;
  McDomain domain;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("memcoord-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "settings", NULL);
  f->domain = (McDomain){ .uuid = (char *)UUID, .id = 7 };
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->store);
  g_unlink (f->path);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->path);
  g_free (f->directory);
}

static void
open_with (Fixture *f, const char *boot_id)
{
  g_autofree char *text = boot_id != NULL
                              ? g_strdup_printf ("%s\n[Host]\nboot-id=%s\n", of_0_1_0, boot_id)
                              : g_strdup (of_0_1_0);

  g_clear_object (&f->store);
  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
  f->store = mc_store_new (&mc_state_file_kind, f->directory);
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer done)
{
  g_assert_true (mc_store_sync_finish (MC_STORE (source), result, NULL));
  *(gboolean *)done = TRUE;
}

static void
flush (Fixture *f)
{
  gboolean done = FALSE;

  mc_store_sync_async (f->store, on_synced, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_what_0_1_0_wrote (Fixture *f, gconstpointer data)
{
  McHostThresholds overrides;
  gboolean dry_run = FALSE;
  guint64 until_us[2], length[2];
  guint period_s = 0;
  g_autofree char *all = NULL, *of_vm = NULL, *text = NULL;

  open_with (f, NULL);
  mc_state_file_get_settings (f->store, &overrides, &dry_run);
  g_assert_cmpuint (overrides.low_watermark, ==, 100 * MC_MIB);
  g_assert_cmpuint (overrides.interval_s, ==, 5);
  g_assert_cmpuint (overrides.step_limit, ==, MC_UNSET);
  g_assert_true (dry_run);
  all = mc_state_file_get_pause (f->store, NULL, &until_us[0], &length[0]);
  g_assert_cmpstr (all, ==, "kernel update");
  g_assert_cmpuint (until_us[0], ==, 1790000000000000);
  g_assert_cmpuint (length[0], ==, 600);
  of_vm = mc_state_file_get_pause (f->store, &f->domain, &until_us[1], &length[1]);
  g_assert_cmpstr (of_vm, ==, "");
  g_assert_true (mc_state_file_get_original_period (f->store, &f->domain, &period_s));
  g_assert_cmpuint (period_s, ==, 10);
  g_assert_false (mc_state_file_get_reclaimed (f->store, &f->domain));

  /* And is written as it was. */
  mc_state_file_set_pause (f->store, NULL, all, until_us[0], length[0]);
  mc_state_file_set_original_period (f->store, &f->domain, period_s);
  mc_state_file_set_pause (f->store, &f->domain, of_vm, until_us[1], length[1]);
  flush (f);
  g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, of_0_1_0);
  mc_state_file_set_settings (f->store, &overrides, &dry_run);
  flush (f);
  mc_state_file_get_settings (f->store, &overrides, &dry_run);
  g_assert_cmpuint (overrides.low_watermark, ==, 100 * MC_MIB);
  g_assert_true (dry_run);
}

static void
test_what_is_unset_is_gone (Fixture *f, gconstpointer data)
{
  guint64 until_us, length;
  guint period_s = 0;
  g_autofree char *text = NULL;
  McHostThresholds unset = MC_ALL_UNSET (McHostThresholds);

  open_with (f, NULL);
  mc_state_file_set_reclaimed (f->store, &f->domain, TRUE);
  g_assert_true (mc_state_file_get_reclaimed (f->store, &f->domain));
  mc_state_file_set_settings (f->store, &unset, NULL);
  mc_state_file_unset_pause (f->store, NULL);
  mc_state_file_unset_pause (f->store, &f->domain);
  mc_state_file_unset_original_period (f->store, &f->domain);
  mc_state_file_set_reclaimed (f->store, &f->domain, FALSE);
  g_assert_null (mc_state_file_get_pause (f->store, &f->domain, &until_us, &length));
  g_assert_false (mc_state_file_get_original_period (f->store, &f->domain, &period_s));
  g_assert_false (mc_state_file_get_reclaimed (f->store, &f->domain));
  flush (f);
  g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "[Pause]\n\n[VM " UUID "]\nid=7\n");
}

/* Ids of libvirt begin again when the host boots: what is noted under another boot is of no VM that
 * runs, whatever its id. Pauses of everything are nobody's. */
static void
test_one_boot (Fixture *f, gconstpointer data)
{
  g_autofree char *present = NULL;
  const char *boots[] = { "00000000-0000-4000-8000-000000000000", NULL, NULL };

  g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &present, NULL, NULL));
  boots[2] = g_strchomp (present);
  for (guint i = 0; i < G_N_ELEMENTS (boots); i++)
    {
      g_autofree char *all = NULL, *text = NULL;
      guint64 until_us, length;
      guint period_s;

      open_with (f, boots[i]);
      mc_state_file_begin_boot (f->store);
      mc_state_file_begin_vm (f->store, &f->domain);
      g_assert_cmpint (mc_state_file_get_original_period (f->store, &f->domain, &period_s), ==,
                       i > 0);
      all = mc_state_file_get_pause (f->store, NULL, &until_us, &length);
      g_assert_cmpstr (all, ==, "kernel update");
      mc_store_save (f->store);
      flush (f);
      g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
      g_assert_nonnull (strstr (text, present));
    }
}

#define TEST(name, function)                                                                       \
  g_test_add ("/state-file/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("what-0.1.0-wrote", test_what_0_1_0_wrote);
  TEST ("what-is-unset-is-gone", test_what_is_unset_is_gone);
  TEST ("one-boot", test_one_boot);
  return g_test_run ();
}
