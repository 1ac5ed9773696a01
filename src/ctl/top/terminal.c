/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal as a screen that is redrawn and sends single keys. */
#include "config.h"

#include "terminal.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Lines that are too long are cut and not wrapped. */
#define ENTER_SCREEN           "\033[?1049h\033[?25l\033[?7l"
#define LEAVE_SCREEN           "\033[?7h\033[?25h\033[?1049l"
#define HOME                   "\033[H"
#define CLEAR_TO_END_OF_LINE   "\033[K"
#define CLEAR_TO_END_OF_SCREEN "\033[J"

struct _McTerminal
{
  gboolean keys;
  struct termios before;
  char input[16]; /* bytes read and not yet understood */
  gsize length;
};

static void
write_all (const char *text, gsize length)
{
  while (length > 0)
    {
      gssize written = write (STDOUT_FILENO, text, length);

      if (written <= 0)
        return;
      text += written;
      length -= (gsize)written;
    }
}

static void
start_keys (McTerminal *self)
{
  struct termios keys;

  if (!isatty (STDIN_FILENO) || tcgetattr (STDIN_FILENO, &self->before) != 0)
    return;
  keys = self->before;
  keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  keys.c_cc[VMIN] = 0;
  keys.c_cc[VTIME] = 0;
  /* Stopped by ^Z, we would leave the shell with a terminal it cannot use. */
  keys.c_cc[VSUSP] = _POSIX_VDISABLE;
  self->keys = tcsetattr (STDIN_FILENO, TCSANOW, &keys) == 0;
}

McTerminal *
mc_terminal_open (void)
{
  McTerminal *self;

  if (!isatty (STDOUT_FILENO))
    return NULL;
  self = g_new0 (McTerminal, 1);
  start_keys (self);
  write_all (ENTER_SCREEN, strlen (ENTER_SCREEN));
  return self;
}

void
mc_terminal_close (McTerminal *self)
{
  if (self->keys)
    tcsetattr (STDIN_FILENO, TCSANOW, &self->before);
  write_all (LEAVE_SCREEN, strlen (LEAVE_SCREEN));
  g_free (self);
}

void
mc_terminal_get_size (McTerminal *self, guint *columns, guint *rows)
{
  struct winsize size = { 0 };

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
  *columns = size.ws_col;
  *rows = size.ws_row;
}

void
mc_terminal_draw (McTerminal *self, const char *lines)
{
  g_auto (GStrv) split = g_strsplit (lines, "\n", -1);
  g_autoptr (GString) screen = g_string_new (HOME);

  /* Cleared before it is written: behind a line that is as wide as the terminal, the cursor still
   * stands on its last character, which would be lost. */
  for (guint i = 0; split[i] != NULL; i++)
    {
      gboolean last = split[i + 1] == NULL;

      g_string_append_printf (screen, "%s%s%s",
                              last ? CLEAR_TO_END_OF_SCREEN : CLEAR_TO_END_OF_LINE, split[i],
                              last ? "" : "\r\n");
    }
  write_all (screen->str, screen->len);
}

/* How many bytes of the input the sequence at its start takes, and which key it is. */
static gsize
read_sequence (const McTerminal *self, guint *key)
{
  static const struct
  {
    const char *sequence;
    guint key;
  } sequences[] = {
    { "\033[A", MC_KEY_UP },   { "\033OA", MC_KEY_UP },       { "\033[B", MC_KEY_DOWN },
    { "\033OB", MC_KEY_DOWN }, { "\033[5~", MC_KEY_PAGE_UP }, { "\033[6~", MC_KEY_PAGE_DOWN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sequences); i++)
    {
      gsize length = strlen (sequences[i].sequence);

      if (self->length < length || memcmp (self->input, sequences[i].sequence, length) != 0)
        continue;
      *key = sequences[i].key;
      return length;
    }
  *key = (guchar)self->input[0];
  return 1;
}

guint
mc_terminal_read_key (McTerminal *self)
{
  gsize taken;
  guint key;

  if (self->keys && self->length < sizeof self->input)
    {
      gssize length
          = read (STDIN_FILENO, self->input + self->length, sizeof self->input - self->length);

      self->length += length > 0 ? (gsize)length : 0;
    }
  if (self->length == 0)
    return MC_KEY_NONE;
  taken = read_sequence (self, &key);
  self->length -= taken;
  memmove (self->input, self->input + taken, self->length);
  return key;
}

gboolean
mc_terminal_has_keys (McTerminal *self)
{
  return self->keys;
}
