/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The moves of a VM in a file. */
#include "config.h"

#include "moves-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk-file.h"
#include "file-error.h"

/* About 500 moves. */
#define MOST_BYTES (32 * 1024)

/* A line that was half written when the power was lost, now and then. */
#define DAMAGED_LINES_MOST 8

/* Lines */

static gboolean
read_number (const char **text, guint64 *number)
{
  char *end;

  if (!g_ascii_isdigit (**text))
    return FALSE;
  errno = 0;
  *number = g_ascii_strtoull (*text, &end, 10);
  if (errno != 0 || *end != ' ')
    return FALSE;
  *text = end + 1;
  return TRUE;
}

static gboolean
is_code (const char *text)
{
  gsize length = strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-");

  return length > 0 && length < MC_MOVES_LOG_CODE_MOST && text[length] == '\0';
}

static gboolean
parse_line (const char *line, McLoggedMove *move)
{
  if (!read_number (&line, &move->time_us) || !read_number (&line, &move->from)
      || !read_number (&line, &move->to) || !is_code (line))
    return FALSE;
  g_strlcpy (move->code, line, sizeof move->code);
  return TRUE;
}

GArray *
mc_moves_log_parse (const char *text, gsize length, guint *damaged)
{
  GArray *moves = g_array_new (FALSE, TRUE, sizeof (McLoggedMove));
  const char *end = text + length;

  *damaged = 0;
  while (text < end)
    {
      const char *newline = memchr (text, '\n', (gsize)(end - text));
      g_autofree char *line = g_strndup (text, (gsize)((newline ? newline : end) - text));
      McLoggedMove move;

      if (newline != NULL && parse_line (line, &move))
        g_array_append_val (moves, move);
      else
        (*damaged)++;
      text = newline != NULL ? newline + 1 : end;
    }
  return moves;
}

static char *
format_lines (const McLoggedMove *moves, gsize n_moves)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < n_moves; i++)
    g_string_append_printf (
        text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
        moves[i].time_us, moves[i].from, moves[i].to, moves[i].code);
  return g_string_free (text, FALSE);
}

/* The file */

/* Returns: how long it is, or -1 */
static off_t
find_length (int fd)
{
  struct stat info;

  return fstat (fd, &info) == 0 ? info.st_size : -1;
}

/* Returns: (nullable) its moves */
static GArray *
read_moves (int fd, const char *path, GError **error)
{
  off_t length = find_length (fd);
  g_autofree char *text = NULL;
  g_autoptr (GArray) moves = NULL;
  guint damaged;

  if (length < 0 || length > 2 * MOST_BYTES)
    mc_disk_file_fail_damaged (error, "it is larger than this version writes");
  else
    text = g_malloc ((gsize)length + 1);
  if (text == NULL || !mc_disk_file_read_at (fd, text, (gsize)length, 0, path, error))
    return NULL;
  moves = mc_moves_log_parse (text, (gsize)length, &damaged);
  if (damaged <= DAMAGED_LINES_MOST)
    return g_steal_pointer (&moves);
  mc_disk_file_fail_damaged (error, "many of its lines are no moves");
  return NULL;
}

GArray *
mc_moves_log_read (const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  int fd = mc_disk_file_open (path, O_RDONLY, &failure);
  GArray *moves = NULL;

  if (fd < 0 && g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_array_new (FALSE, TRUE, sizeof (McLoggedMove));
  if (fd >= 0)
    {
      moves = read_moves (fd, path, &failure);
      close (fd);
    }
  if (moves == NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return moves;
}

/* On the disk before the old one goes. */
static gboolean
fill_new (int fd, const char *path, gconstpointer text, GError **error)
{
  return mc_disk_file_write_at (fd, text, strlen (text), 0, path, error)
         && (fsync (fd) == 0 || mc_file_error_set (error, "make", path));
}

/* Drops the older half. */
static gboolean
shorten (const char *path, GError **error)
{
  g_autoptr (GArray) moves = mc_moves_log_read (path, error);
  g_autofree char *text = NULL;
  guint first;

  if (moves == NULL)
    return FALSE;
  first = moves->len / 2;
  text = format_lines (&g_array_index (moves, McLoggedMove, first), moves->len - first);
  return mc_disk_file_make (path, fill_new, text, error);
}

/* What was half written before has a line of its own. */
static gboolean
append (int fd, off_t length, const char *text, const char *path, GError **error)
{
  char last = '\n';

  if (length > 0 && pread (fd, &last, 1, length - 1) != 1)
    return mc_file_error_set (error, "read", path);
  if (last != '\n' && !mc_disk_file_write_at (fd, "\n", 1, length++, path, error))
    return FALSE;
  return mc_disk_file_write_at (fd, text, strlen (text), length, path, error);
}

/* Where it would grow too long, it is shortened first: it does not grow where it cannot be.
 * Returns: a descriptor, or -1 */
static int
open_with_room (const char *path, gsize more, GError **error)
{
  int fd = mc_disk_file_open (path, O_RDWR | O_CREAT, error);

  if (fd < 0 || find_length (fd) + (off_t)more <= MOST_BYTES)
    return fd;
  close (fd);
  return shorten (path, error) ? mc_disk_file_open (path, O_RDWR | O_CREAT, error) : -1;
}

gboolean
mc_moves_log_write (const char *path, const McLoggedMove *moves, gsize n_moves, GError **error)
{
  g_autofree char *text = format_lines (moves, n_moves);
  gboolean written;
  int fd;

  if (n_moves == 0)
    return TRUE;
  fd = open_with_room (path, strlen (text), error);
  if (fd < 0)
    return FALSE;
  written = append (fd, find_length (fd), text, path, error);
  close (fd);
  return written;
}
