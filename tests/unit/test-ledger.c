/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many calls each sender may have under way. */
#include "config.h"

#include <malloc.h>

#include "ledger.h"
#include "names.h"

/* Returns: how many of @calls were let in. */
static guint
enter (McLedger *ledger, const char *sender, McCallKind kind, guint calls)
{
  guint entered = 0;

  for (guint i = 0; i < calls; i++)
    entered += mc_ledger_enter (ledger, sender, i + 1, kind, TRUE) ? 1 : 0;
  return entered;
}

static void
test_bound_for_each_sender (void)
{
  McLedger *ledger = mc_ledger_new ();
  g_autofree char *told = mc_ledger_describe_limit (MC_CALL_CHANGES);

  g_assert_cmpuint (enter (ledger, ":1.1", MC_CALL_READS, 1000), ==, 128);
  g_assert_cmpuint (enter (ledger, ":1.1", MC_CALL_CHANGES, 1000), ==, 32);
  g_assert_cmpuint (enter (ledger, ":1.1", MC_CALL_COSTS, 1000), ==, 4);
  g_assert_cmpuint (enter (ledger, ":1.2", MC_CALL_CHANGES, 1000), ==, 32);
  g_assert_nonnull (strstr (told, "32"));
  mc_ledger_free (ledger);
}

/* However many there are, one who has nothing under way is let in. */
static void
test_crowd (void)
{
  McLedger *ledger = mc_ledger_new ();
  guint entered = 0;

  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *sender = g_strdup_printf (":1.%u", i);

      entered += enter (ledger, sender, MC_CALL_CHANGES, 40);
    }
  g_assert_cmpuint (entered, ==, 4 * 32 + 46);
  g_assert_true (mc_ledger_enter (ledger, ":1.root", 1, MC_CALL_CHANGES, TRUE));
  mc_ledger_free (ledger);
}

static void
test_answers (void)
{
  McLedger *ledger = mc_ledger_new ();

  g_assert_cmpuint (enter (ledger, ":1.1", MC_CALL_CHANGES, 40), ==, 32);
  g_assert_true (mc_ledger_leave (ledger, ":1.1", 5));
  g_assert_true (mc_ledger_enter (ledger, ":1.1", 99, MC_CALL_CHANGES, FALSE));
  g_assert_false (mc_ledger_leave (ledger, ":1.1", 99)); /* nobody wants it */
  g_assert_true (mc_ledger_leave (ledger, ":1.1", 12345));
  g_assert_true (mc_ledger_leave (ledger, ":1.9", 1));
  for (guint i = 1; i <= 32; i++)
    g_assert_true (mc_ledger_leave (ledger, ":1.1", i));
  mc_ledger_free (ledger);
}

/* Who has been answered is forgotten: names on a bus are never used again. */
static void
test_forgets (void)
{
  McLedger *ledger = mc_ledger_new ();
  gsize before = mallinfo2 ().uordblks;

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *sender = g_strdup_printf (":1.%u", i);

      g_assert_true (mc_ledger_enter (ledger, sender, 1, MC_CALL_READS, TRUE));
      g_assert_true (mc_ledger_leave (ledger, sender, 1));
    }
  g_assert_cmpuint (mallinfo2 ().uordblks, <, before + 10000);
  mc_ledger_free (ledger);
}

static void
test_kinds (void)
{
  static const struct
  {
    const char *interface, *method;
    McCallKind kind;
    gboolean acts;
  } calls[] = {
    { "org.freedesktop.DBus.Properties", "GetAll", MC_CALL_READS, FALSE },
    { "org.freedesktop.DBus.Properties", "Set", MC_CALL_CHANGES, TRUE },
    { "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", MC_CALL_COSTS, FALSE },
    { MC_ROOT_INTERFACE, "Plan", MC_CALL_COSTS, FALSE },
    { MC_ROOT_INTERFACE, "Forecast", MC_CALL_COSTS, FALSE },
    { MC_ROOT_INTERFACE, "GetHistory", MC_CALL_COSTS, FALSE },
    { MC_ROOT_INTERFACE, "ListInhibitors", MC_CALL_READS, FALSE },
    { MC_ROOT_INTERFACE, "Pause", MC_CALL_CHANGES, TRUE },
    { MC_ROOT_INTERFACE, "Inhibit", MC_CALL_CHANGES, FALSE },
    { MC_VM_INTERFACE, "SetThreshold", MC_CALL_CHANGES, TRUE },
    { "a.b", "C", MC_CALL_READS, FALSE },
    { NULL, "Pause", MC_CALL_READS, FALSE },
    { MC_ROOT_INTERFACE, NULL, MC_CALL_READS, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_assert_cmpint (mc_access_judge (calls[i].interface, calls[i].method), ==, calls[i].kind);
      g_assert_cmpint (mc_access_acts (calls[i].interface, calls[i].method), ==, calls[i].acts);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ledger/bound-for-each-sender", test_bound_for_each_sender);
  g_test_add_func ("/ledger/crowd", test_crowd);
  g_test_add_func ("/ledger/answers", test_answers);
  g_test_add_func ("/ledger/forgets", test_forgets);
  g_test_add_func ("/ledger/kinds", test_kinds);
  return g_test_run ();
}
