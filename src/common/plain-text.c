/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stranger's text, made plain. */
#include "config.h"

#include "plain-text.h"

#include <string.h>

/* Marks that turn the direction of what follows, or hide in it. */
static gboolean
is_mark (gunichar character)
{
  return character == 0x061c || character == 0x200b || character == 0x200e || character == 0x200f
         || (character >= 0x2028 && character <= 0x202e)
         || (character >= 0x2060 && character <= 0x206f) || character == 0xfeff;
}

/* Control characters are those of ASCII, and C1, which terminals take for escape sequences. */
gboolean
mc_plain_text_allows (gunichar character)
{
  return !g_unichar_iscntrl (character) && !is_mark (character);
}

gboolean
mc_plain_text_is (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!mc_plain_text_allows (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

char *
mc_plain_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *plain = g_string_sized_new (strlen (valid));

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      g_string_append_unichar (plain, mc_plain_text_allows (character) ? character : '?');
    }
  return g_string_free (plain, FALSE);
}

char *
mc_plain_text_as_word (const char *text, const char *instead)
{
  static const char harmless[]
      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@%+=";

  if (*text == '\0' || *text == '-' || !mc_plain_text_is (text))
    return g_strdup (instead);
  return text[strspn (text, harmless)] == '\0' ? g_strdup (text) : g_shell_quote (text);
}
