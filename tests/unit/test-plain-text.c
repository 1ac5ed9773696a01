/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stranger's text, made plain. */
#include "config.h"

#include "plain-text.h"

static void
test_plain (void)
{
  static const struct
  {
    const char *text, *plain;
  } texts[] = {
    { "web-1", "web-1" },
    { "Größe 数据库 🙂", "Größe 数据库 🙂" },
    { "", "" },
    { "a\033[2Jb", "a?[2Jb" },
    { "a\nb\tc\x7f", "a?b?c?" },
    { "a\xc2\x9b"
      "b\xc2\x85",
      "a?b?" },                            /* C1: a terminal takes the first for ESC [ */
    { "a\u202eb\u2066c\u200f", "a?b?c?" }, /* directions */
    { "a\u2028b\u2029\ufeff", "a?b??" },
    { "a\xff"
      "b",
      "a\ufffdb" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *plain = mc_plain_text (texts[i].text);

      g_assert_cmpstr (plain, ==, texts[i].plain);
      g_assert_true (mc_plain_text_is (plain));
      g_assert_cmpint (mc_plain_text_is (texts[i].text), ==, g_str_equal (plain, texts[i].text));
    }
}

static void
test_nothing (void)
{
  g_autofree char *plain = mc_plain_text (NULL);

  g_assert_cmpstr (plain, ==, "");
}

static void
test_word (void)
{
  static const struct
  {
    const char *text, *word;
  } texts[] = {
    { "web-1", "web-1" },
    { "a b", "'a b'" },
    { "x; rm -rf ~", "'x; rm -rf ~'" },
    { "it's", "'it'\\''s'" },
    { "$(reboot)", "'$(reboot)'" },
    { "-f", "UUID" },
    { "", "UUID" },
    { "a\nb", "UUID" },
    { "Größe", "'Größe'" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *word = mc_plain_text_as_word (texts[i].text, "UUID");

      g_assert_cmpstr (word, ==, texts[i].word);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plain-text/plain", test_plain);
  g_test_add_func ("/plain-text/nothing", test_nothing);
  g_test_add_func ("/plain-text/word", test_word);
  return g_test_run ();
}
