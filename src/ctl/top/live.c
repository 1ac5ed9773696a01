/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VMs' memory, live on a terminal, plain elsewhere. */
#include "config.h"

#include "live.h"

#include "output/json.h"
#include "output/text.h"
#include "screen.h"
#include "terminal.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* What a pipe gets: wide enough for a bar. */
#define PLAIN_COLUMNS 100

typedef struct
{
  McClient *client;
  GMainLoop *loop;
  GCancellable *cancellable;
  McTerminal *terminal; /* (nullable): plain output */
  McModel *model;       /* (nullable): the newest */
  McView view;
  gboolean frozen;
  gboolean loading;
  guint count; /* frames yet to show; 0 = any number */
  int code;
} Live;

static const char *
order_name (McOrder order)
{
  static const char *const names[MC_N_ORDERS]
      = { N_ ("name"), N_ ("balloon"), N_ ("used"), N_ ("unused") };

  return _ (names[order]);
}

static void
draw (Live *self)
{
  g_autofree char *notice = NULL;
  g_autofree char *lines = NULL;

  if (self->model == NULL || self->terminal == NULL)
    return;
  notice = g_strdup_printf (
      _ ("%sby %s | n name  b balloon  u used  f unused  r reverse  p pause  q quit"),
      self->frozen ? _ ("PAUSED, ") : "", order_name (self->view.order));
  mc_terminal_get_size (self->terminal, &self->view.columns, &self->view.rows);
  self->view.notice
      = self->code == MC_EXIT_OK ? notice : _ ("memcoordd does not answer; these are old figures");
  lines = mc_screen_format (self->model, &self->view);
  self->view.notice = NULL;
  mc_terminal_draw (self->terminal, lines);
}

static void
print_frame (Live *self)
{
  g_autofree char *lines = NULL;

  if (self->client->json)
    {
      mc_screen_sort (self->model, &self->view);
      mc_json_print_line (g_variant_new_parsed ("{'host': <%@a{sv}>, 'vms': <%@aa{sv}>}",
                                                self->model->host,
                                                mc_model_vms_variant (self->model)));
      return;
    }
  self->view.columns = PLAIN_COLUMNS;
  lines = mc_screen_format (self->model, &self->view);
  g_print ("%s%s", lines, self->count == 1 ? "" : "\n");
  fflush (stdout);
}

static void
show (Live *self)
{
  if (self->terminal != NULL)
    {
      if (!self->frozen)
        draw (self);
    }
  else
    print_frame (self);
  if (self->count > 0 && --self->count == 0)
    g_main_loop_quit (self->loop);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Live *self = user_data;
  g_autoptr (GError) error = NULL;
  McModel *model = mc_model_load_finish (result, &error);

  self->loading = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (model != NULL)
    {
      g_clear_pointer (&self->model, mc_model_free);
      self->model = model;
      self->code = MC_EXIT_OK;
      show (self);
      return;
    }
  self->code = (int)mc_client_exit_code (error);
  /* A screen that somebody watches outlives a restart of the service. */
  if (self->terminal != NULL && self->model != NULL)
    {
      draw (self);
      return;
    }
  g_clear_pointer (&self->terminal, mc_terminal_close);
  mc_client_fail (self->client, error);
  g_main_loop_quit (self->loop);
}

static gboolean
on_tick (gpointer user_data)
{
  Live *self = user_data;

  if (self->loading || self->frozen)
    return G_SOURCE_CONTINUE;
  self->loading = TRUE;
  mc_model_load_async (self->client, self->cancellable, on_loaded, self);
  return G_SOURCE_CONTINUE;
}

static gboolean
set_order (Live *self, guint key)
{
  static const struct
  {
    guint key;
    McOrder order;
  } keys[] = {
    { 'n', MC_ORDER_NAME },
    { 'b', MC_ORDER_BALLOON },
    { 'u', MC_ORDER_USED },
    { 'f', MC_ORDER_UNUSED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (keys[i].key != key)
        continue;
      self->view.order = keys[i].order;
      self->view.first = 0;
      return TRUE;
    }
  return FALSE;
}

static void
scroll (Live *self, int lines)
{
  self->view.first = (guint)MAX ((int)self->view.first + lines, 0);
}

static void
handle_key (Live *self, guint key)
{
  switch (key)
    {
    case 'q':
    case 'Q':
      g_main_loop_quit (self->loop);
      return;
    case 'p':
    case ' ':
      self->frozen = !self->frozen;
      break;
    case 'r':
      self->view.reversed = !self->view.reversed;
      break;
    case 'k':
    case MC_KEY_UP:
      scroll (self, -1);
      break;
    case 'j':
    case MC_KEY_DOWN:
      scroll (self, 1);
      break;
    case MC_KEY_PAGE_UP:
      scroll (self, -(int)self->view.rows / 2);
      break;
    case MC_KEY_PAGE_DOWN:
      scroll (self, (int)self->view.rows / 2);
      break;
    default:
      if (!set_order (self, key))
        return;
    }
  draw (self);
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer user_data)
{
  Live *self = user_data;
  guint key;

  if (condition & (G_IO_HUP | G_IO_ERR) || self->terminal == NULL)
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_REMOVE;
    }
  while ((key = mc_terminal_read_key (self->terminal)) != MC_KEY_NONE)
    handle_key (self, key);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_resize (gpointer user_data)
{
  draw (user_data);
  return G_SOURCE_CONTINUE;
}

int
mc_live_run (McClient *client, guint interval_s, guint count)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Live self = { client, loop, cancellable, .count = count };

  self.terminal = client->json ? NULL : mc_terminal_open ();
  self.view.colored = mc_text_colored (client);
  if (self.terminal != NULL && mc_terminal_has_keys (self.terminal))
    g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, &self);
  g_unix_signal_add (SIGINT, mc_client_on_end, loop);
  g_unix_signal_add (SIGTERM, mc_client_on_end, loop);
  g_unix_signal_add (SIGHUP, mc_client_on_end, loop);
  g_unix_signal_add (SIGWINCH, on_resize, &self);
  g_timeout_add_seconds (interval_s, on_tick, &self);
  on_tick (&self);
  g_main_loop_run (loop);
  g_cancellable_cancel (cancellable);
  g_clear_pointer (&self.terminal, mc_terminal_close);
  g_clear_pointer (&self.model, mc_model_free);
  return self.code;
}
