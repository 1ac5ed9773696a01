/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in columns: widths, cuts, colours, and what must not reach a terminal. */
#include "config.h"

#include "output/table.h"

#include <locale.h>

static McTable *
new_table (void)
{
  const char *titles[] = { "NAME", "SIZE", "WHY", NULL };
  McTable *table = mc_table_new (titles, "lrl");

  mc_table_add (table, "web", MC_STYLE_PLAIN);
  mc_table_add (table, "1 GiB", MC_STYLE_PLAIN);
  mc_table_add (table, "because it needs more than it has", MC_STYLE_BAD);
  return table;
}

static void
test_plain (void)
{
  g_autoptr (McTable) table = new_table ();
  g_autofree char *lines = mc_table_format (table, FALSE, 0);

  g_assert_cmpstr (lines, ==, "NAME   SIZE  WHY\nweb   1 GiB  because it needs more than it has\n");
}

static void
test_cut (void)
{
  g_autoptr (McTable) table = new_table ();
  g_autofree char *lines = mc_table_format (table, FALSE, 30);

  g_assert_cmpstr (lines, ==, "NAME   SIZE  WHY\nweb   1 GiB  because it needs…\n");
}

/* Too narrow a terminal wraps: a column of two letters would help nobody. */
static void
test_too_narrow (void)
{
  g_autoptr (McTable) table = new_table ();
  g_autofree char *lines = mc_table_format (table, FALSE, 15);

  g_assert_nonnull (strstr (lines, "because it needs more than it has"));
}

static void
test_colors (void)
{
  g_autoptr (McTable) table = new_table ();
  g_autofree char *lines = mc_table_format (table, TRUE, 0);

  g_assert_nonnull (strstr (lines, "\033[1;31mbecause it needs more than it has\033[0m\n"));
}

/* A VM's name is chosen by whoever made the VM. */
static void
test_escapes (void)
{
  g_autofree char *clean = mc_plain_text ("evil\033[2J\nname\302\233x\377");

  g_assert_cmpstr (clean, ==, "evil?[2J?name?x\357\277\275");
}

static void
test_widths (void)
{
  g_autofree char *cut = mc_text_ellipsize ("虚拟机", 5);
  g_autofree char *whole = mc_text_ellipsize ("虚拟机", 6);
  g_autofree char *nothing = mc_text_ellipsize ("abc", 0);

  g_assert_cmpuint (mc_text_width ("虚拟机"), ==, 6);
  g_assert_cmpuint (mc_text_width ("e\314\201t"), ==, 2);
  g_assert_cmpstr (cut, ==, "虚拟…");
  g_assert_cmpstr (whole, ==, "虚拟机");
  g_assert_cmpstr (nothing, ==, "");
}

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/plain", test_plain);
  g_test_add_func ("/table/cut", test_cut);
  g_test_add_func ("/table/too-narrow", test_too_narrow);
  g_test_add_func ("/table/colors", test_colors);
  g_test_add_func ("/text/escapes", test_escapes);
  g_test_add_func ("/text/widths", test_widths);
  return g_test_run ();
}
