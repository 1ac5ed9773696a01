/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "top" shows: order, bars, scrolling, and never more than fits. */
#include "config.h"

#include "output/text.h"
#include "top/screen.h"

#include <locale.h>

#define MIB ((guint64)1 << 20)

typedef struct
{
  const char *name;
  guint64 maximum, balloon, unused; /* MiB */
} Vm;

static void
free_vm (McModelVm *vm)
{
  g_variant_unref (vm->properties);
  g_free (vm->path);
  g_free (vm);
}

static void
add_vm (McModel *model, const Vm *vm)
{
  McModelVm *added = g_new0 (McModelVm, 1);

  added->path = g_strdup_printf ("/vm/%s", vm->name);
  added->name = vm->name;
  added->properties = g_variant_ref_sink (g_variant_new_parsed (
      "{'Name': <%s>, 'Status': <'managed'>, 'Maximum': <%t>, 'Balloon': <%t>, 'Unused': <%t>,"
      " 'LowWatermark': <%t>}",
      vm->name, vm->maximum * MIB, vm->balloon * MIB, vm->unused * MIB, 100 * MIB));
  g_ptr_array_add (model->vms, added);
}

static McModel *
new_model (const Vm *vms, guint n_vms)
{
  McModel *model = g_new0 (McModel, 1);

  model->host = g_variant_ref_sink (
      g_variant_new_parsed ("{'State': <'running'>, 'HostCondition': <'tight'>, 'HostUsedPercent': "
                            "<80.0>, 'HostAvailable': <%t>,"
                            " 'HostTotal': <%t>, 'HostPromised': <%t>, 'DryRun': <true>}",
                            2048 * MIB, 10240 * MIB, 1024 * MIB));
  model->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)free_vm);
  for (guint i = 0; i < n_vms; i++)
    add_vm (model, &vms[i]);
  return model;
}

static const Vm three[] = {
  { "b-middle", 1000, 500, 250 },
  { "a-full", 1000, 1000, 50 },
  { "c-empty", 2000, 250, 240 },
};

static void
check_order (McOrder order, gboolean reversed, const char *expected)
{
  g_autoptr (McModel) model = new_model (three, G_N_ELEMENTS (three));
  McView view = { .order = order, .reversed = reversed, .columns = 100 };
  g_autofree char *lines G_GNUC_UNUSED = mc_screen_format (model, &view);
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < model->vms->len; i++)
    g_string_append_c (found, *((McModelVm *)g_ptr_array_index (model->vms, i))->name);
  g_assert_cmpstr (found->str, ==, expected);
}

static void
test_order (void)
{
  check_order (MC_ORDER_NAME, FALSE, "abc");
  check_order (MC_ORDER_NAME, TRUE, "cba");
  check_order (MC_ORDER_BALLOON, FALSE, "abc");
  check_order (MC_ORDER_USED, FALSE, "abc");
  check_order (MC_ORDER_UNUSED, FALSE, "bca");
  check_order (MC_ORDER_UNUSED, TRUE, "acb");
}

static void
test_bars (void)
{
  g_autoptr (McModel) model = new_model (three, G_N_ELEMENTS (three));
  McView view = { .columns = 79 };
  g_autofree char *lines = mc_screen_format (model, &view);

  g_assert_nonnull (strstr (lines, "[███████████████████░]"));
  g_assert_nonnull (strstr (lines, "[█████░░░░░          ]"));
  g_assert_nonnull (strstr (lines, "[░░░                 ]"));
  g_assert_nonnull (strstr (lines, "█ USED  ░ UNUSED"));
  g_assert_nonnull (strstr (lines, "dry run"));
  g_assert_nonnull (strstr (lines, "80.0 % used, 2 GiB of 10 GiB available"));
}

/* What was promised is not free, and not used yet. */
static void
test_host_bar (void)
{
  g_autoptr (McModel) model = new_model (three, 0);
  McView view = { .columns = 22 };
  g_autofree char *lines = mc_screen_format (model, &view);

  g_assert_nonnull (strstr (lines, "\n[████████████████░░  ]\n"));
}

/* A guest that reports more unused than it has, or has more than its maximum, is drawn and not
 * believed. */
static void
test_absurd (void)
{
  static const Vm absurd[]
      = { { "lies", 1000, 500, 900 }, { "nothing", 0, 0, 0 }, { "over", 100, 200, 0 } };
  g_autoptr (McModel) model = new_model (absurd, G_N_ELEMENTS (absurd));
  McView view = { .columns = 77 };
  g_autofree char *lines = mc_screen_format (model, &view);

  g_assert_nonnull (strstr (lines, "[░░░░░░░░░░          ]"));
  g_assert_nonnull (strstr (lines, "[                    ]"));
  g_assert_nonnull (strstr (lines, "[████████████████████]"));
}

static void
check_fits (McModel *model, guint columns, guint rows)
{
  McView view = {
    .columns = columns, .rows = rows, .first = 1000, .notice = "a notice that is itself quite long"
  };
  g_autofree char *lines = mc_screen_format (model, &view);
  g_auto (GStrv) split = g_strsplit (lines, "\n", -1);

  g_assert_cmpuint (g_strv_length (split), <=, MAX (rows, 7));
  g_assert_cmpuint (view.first, <, model->vms->len);
  for (guint i = 0; columns >= 80 && split[i] != NULL; i++)
    g_assert_cmpuint (mc_text_width (split[i]), <=, columns);
}

static void
test_fits (void)
{
  Vm vms[100];
  g_autoptr (McModel) model = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (vms); i++)
    vms[i] = (Vm){ "a-name-that-is-longer-than-the-column", 2000000, 1000000 - i, 500000 };
  model = new_model (vms, G_N_ELEMENTS (vms));
  for (guint rows = 1; rows <= 120; rows += 7)
    {
      check_fits (model, 200, rows);
      check_fits (model, 80, rows);
      check_fits (model, 1, rows);
    }
}

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/screen/order", test_order);
  g_test_add_func ("/screen/bars", test_bars);
  g_test_add_func ("/screen/host-bar", test_host_bar);
  g_test_add_func ("/screen/absurd", test_absurd);
  g_test_add_func ("/screen/fits", test_fits);
  return g_test_run ();
}
