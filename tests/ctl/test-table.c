/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in columns: widths, cuts, colours, and what must not reach a terminal. */
#include "config.h"

#include "output/paragraph.h"
#include "output/table.h"

#include <locale.h>
#include <unistd.h>

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

/* The last column is broken at its words. */
static void
test_broken (void)
{
  g_autoptr (McTable) table = new_table ();
  g_autofree char *lines = mc_table_format (table, FALSE, 42);

  g_assert_cmpstr (lines, ==,
                   "NAME   SIZE  WHY\n"
                   "web   1 GiB  because it needs more than it\n"
                   "             has\n");
}

/* A column of two letters would help nobody: it goes below the others. */
static void
test_too_narrow (void)
{
  g_autoptr (McTable) table = new_table ();
  g_autofree char *lines = mc_table_format (table, FALSE, 30);
  g_autofree char *narrow = mc_table_format (table, FALSE, 15);

  g_assert_cmpstr (lines, ==,
                   "NAME   SIZE\n"
                   "    WHY\n"
                   "web   1 GiB\n"
                   "    because it needs more than\n"
                   "    it has\n");
  g_assert_cmpstr (narrow, ==,
                   "NAME   SIZE\n"
                   "    WHY\n"
                   "web   1 GiB\n"
                   "    because it\n"
                   "    needs more\n"
                   "    than it has\n");
}

/* Names are broken wherever that is, and never cut: two may differ in their middle. */
static void
test_long_name (void)
{
  const char *titles[] = { "NAME", "STATUS", "WHY", NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "nll");
  g_autofree char *lines = NULL, *whole = NULL;

  mc_table_add (table, "production-database-of-the-shop-01", MC_STYLE_PLAIN);
  mc_table_add (table, "managed", MC_STYLE_PLAIN);
  mc_table_add (table, "it needs more than it has, and gets it", MC_STYLE_PLAIN);
  lines = mc_table_format (table, FALSE, 60);
  g_assert_cmpstr (lines, ==,
                   "NAME                   STATUS   WHY\n"
                   "production-database-o  managed  it needs more than it has,\n"
                   "f-the-shop-01                   and gets it\n");
  whole = mc_table_format (table, FALSE, 0);
  g_assert_nonnull (strstr (
      whole,
      "production-database-of-the-shop-01  managed  it needs more than it has, and gets it\n"));
}

/* No column, however many there are, is beyond the terminal. */
static void
test_many_columns (void)
{
  const char *titles[] = { "NAME", "ONE", "TWO", "THREE", "FOUR", "WHY", NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "nrrrrl");
  g_autofree char *lines = NULL;

  mc_table_add (table, "web", MC_STYLE_PLAIN);
  for (guint i = 0; i < 4; i++)
    mc_table_add (table, "1023.9 GiB", MC_STYLE_PLAIN);
  mc_table_add (table, "all is well", MC_STYLE_PLAIN);
  lines = mc_table_format (table, FALSE, 45);
  g_assert_cmpstr (lines, ==,
                   "NAME         ONE         TWO       THREE\n"
                   "          FOUR  WHY\n"
                   "web   1023.9 GiB  1023.9 GiB  1023.9 GiB\n"
                   "    1023.9 GiB  all is well\n");
}

/* A terminal of so many columns; none where it is 0. This stands before libc's. */
static guint terminal_columns;

int
isatty (int fd)
{
  return terminal_columns > 0;
}

static char *printed;

static void
on_printed (const char *text)
{
  g_free (printed);
  printed = g_strdup (text);
}

static void
check_paragraph (const char *text, guint columns, const char *expected)
{
  GPrintFunc before = g_set_print_handler (on_printed);
  g_autofree char *width = g_strdup_printf ("%u", columns);
  g_autofree char *lines = g_strconcat (expected, "\n", NULL);

  terminal_columns = columns;
  g_setenv ("COLUMNS", width, TRUE);
  mc_paragraph_print ("%s", text);
  terminal_columns = 0;
  g_set_print_handler (before);
  g_assert_cmpstr (printed, ==, lines);
  g_clear_pointer (&printed, g_free);
}

static void
test_paragraphs (void)
{
  check_paragraph ("", 10, "");
  check_paragraph ("one two three", 0, "one two three");
  check_paragraph ("one two three", 13, "one two three");
  check_paragraph ("one two three", 12, "one two\n  three");
  check_paragraph ("one  two", 5, "one\n  two");
  check_paragraph ("abcdefghij", 4, "abcd\n  ef\n  gh\n  ij");
  check_paragraph ("ab", 1, "a\n  b");
  check_paragraph ("e\314\201e\314\201e\314\201", 2, "e\314\201e\314\201\n  e\314\201");
  /* Wide ones are two columns each, and a line does not begin with what closes a clause. */
  check_paragraph ("虚拟机没有内存", 8, "虚拟机没\n  有内存");
  check_paragraph ("虚拟机没，有", 8, "虚拟机\n  没，有");
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
check_shortened (const char *text, guint columns, const char *expected)
{
  g_autofree char *found = mc_text_shorten (text, columns);

  g_assert_cmpstr (found, ==, expected);
  g_assert_cmpuint (mc_text_width (found), <=, columns);
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
  check_shortened ("production-web-01", 9, "prod…b-01");
  check_shortened ("production-web-01", 2, "p…");
  check_shortened ("production-web-01", 17, "production-web-01");
  check_shortened ("虚拟机甲乙丙", 8, "虚拟…丙");
}

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/plain", test_plain);
  g_test_add_func ("/table/broken", test_broken);
  g_test_add_func ("/table/too-narrow", test_too_narrow);
  g_test_add_func ("/table/long-name", test_long_name);
  g_test_add_func ("/table/many-columns", test_many_columns);
  g_test_add_func ("/table/colors", test_colors);
  g_test_add_func ("/text/paragraphs", test_paragraphs);
  g_test_add_func ("/text/escapes", test_escapes);
  g_test_add_func ("/text/widths", test_widths);
  return g_test_run ();
}
