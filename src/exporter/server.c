/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmicrohttpd runs without a thread of its own: its epoll descriptor and its timeout are a source
 * of the main context. A request for metrics is suspended until they have been read; libmicrohttpd
 * then asks for its answer again. A connection has one request.
 */
#include "config.h"

#include "server.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <microhttpd.h>
#include <string.h>

#include "connections.h"

/* connections.c keeps to fewer: this is for those that are shut down and not closed yet. */
#define MOST_CONNECTIONS 64
#define MEMORY_EACH      (16 << 10) /* headers that are longer are refused with 431 */
#define IDLE_S           5

struct _McServer
{
  struct MHD_Daemon *daemon;
  GSource *source;
  McConnections *connections;
  GQueue waiting; /* of Request */
  const McServerListener *listener;
  gpointer user_data;
};

typedef struct
{
  McServer *server;
  struct MHD_Connection *connection;
  McFormat format;
  char *answer; /* (nullable) */
} Request;

typedef struct
{
  GSource source;
  struct MHD_Daemon *daemon;
} HttpSource;

static const char index_page[]
    = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>MemCoord exporter</title></head>\n"
      "<body><h1>MemCoord exporter</h1><p>Version " PACKAGE_VERSION
      "</p><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

/* The library sleeps for this long at most; it says so anew after each run. */
static void
set_timeout (HttpSource *self)
{
  MHD_UNSIGNED_LONG_LONG ms;
  gint64 ready_us = -1;

  if (MHD_get_timeout (self->daemon, &ms) == MHD_YES)
    ready_us = g_get_monotonic_time () + (gint64)MIN (ms, 60 * 1000) * 1000;
  g_source_set_ready_time (&self->source, ready_us);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  HttpSource *self = (HttpSource *)source;

  MHD_run (self->daemon);
  set_timeout (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { NULL, NULL, dispatch, NULL, NULL, NULL };

static GSource *
source_new (struct MHD_Daemon *daemon)
{
  GSource *source = g_source_new (&source_funcs, sizeof (HttpSource));
  const union MHD_DaemonInfo *info = MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_EPOLL_FD);

  ((HttpSource *)source)->daemon = daemon;
  g_source_set_static_name (source, "http");
  g_source_add_unix_fd (source, info->epoll_fd, G_IO_IN);
  g_source_attach (source, NULL);
  return source;
}

/* Answers */

static enum MHD_Result
answer (struct MHD_Connection *connection,
        guint status,
        const char *type,
        const char *text,
        const char *allow)
{
  struct MHD_Response *response
      = MHD_create_response_from_buffer (strlen (text), (void *)text, MHD_RESPMEM_MUST_COPY);
  enum MHD_Result result;

  if (response == NULL)
    return MHD_NO;
  MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  MHD_add_response_header (response, "X-Content-Type-Options", "nosniff");
  /* A connection on loopback costs nothing; one that is kept would have to be watched. */
  MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
  if (allow != NULL)
    MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, allow);
  result = MHD_queue_response (connection, status, response);
  MHD_destroy_response (response);
  return result;
}

static enum MHD_Result
answer_in_words (struct MHD_Connection *connection,
                 guint status,
                 const char *words,
                 const char *allow)
{
  return answer (connection, status, "text/plain; charset=utf-8", words, allow);
}

/* Prometheus names what it prefers first; whoever names nothing gets what all can read. */
static McFormat
choose_format (struct MHD_Connection *connection)
{
  const char *accepted
      = MHD_lookup_connection_value (connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

  return accepted != NULL && strstr (accepted, "application/openmetrics-text") != NULL
             ? MC_FORMAT_OPENMETRICS
             : MC_FORMAT_PROMETHEUS;
}

/* Requests */

static void
request_free (Request *request)
{
  g_queue_remove (&request->server->waiting, request);
  g_free (request->answer);
  g_free (request);
}

/* Its line and its headers are there. What follows, if anything, is not looked at. */
static enum MHD_Result
begin_request (McServer *self,
               struct MHD_Connection *connection,
               const char *path,
               const char *method,
               void **state)
{
  Request *request;

  if (!g_str_equal (method, MHD_HTTP_METHOD_GET) && !g_str_equal (method, MHD_HTTP_METHOD_HEAD))
    return answer_in_words (connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                            "Only GET and HEAD are allowed.\n", "GET, HEAD");
  if (g_str_equal (path, "/"))
    return answer (connection, MHD_HTTP_OK, "text/html; charset=utf-8", index_page, NULL);
  if (!g_str_equal (path, "/metrics"))
    return answer_in_words (connection, MHD_HTTP_NOT_FOUND, "There is /metrics, and no more.\n",
                            NULL);
  request = g_new0 (Request, 1);
  request->server = self;
  request->connection = connection;
  request->format = choose_format (connection);
  *state = request;
  return MHD_YES;
}

static enum MHD_Result
on_request (void *data,
            struct MHD_Connection *connection,
            const char *path,
            const char *method,
            const char *version,
            const char *body,
            size_t *body_size,
            void **state)
{
  McServer *self = data;
  Request *request = *state;

  if (request == NULL)
    return begin_request (self, connection, path, method, state);
  if (*body_size > 0)
    {
      *body_size = 0;
      return MHD_YES;
    }
  if (request->answer != NULL)
    return answer (connection, MHD_HTTP_OK, mc_format_content_type (request->format),
                   request->answer, NULL);
  MHD_suspend_connection (connection);
  g_queue_push_tail (&self->waiting, request);
  self->listener->wanted (self->user_data);
  return MHD_YES;
}

static void
on_request_over (void *data,
                 struct MHD_Connection *connection,
                 void **state,
                 enum MHD_RequestTerminationCode code)
{
  if (*state != NULL)
    request_free (*state);
  *state = NULL;
}

static void
on_connection (void *data,
               struct MHD_Connection *connection,
               void **state,
               enum MHD_ConnectionNotificationCode code)
{
  McServer *self = data;

  if (code == MHD_CONNECTION_NOTIFY_STARTED)
    {
      const union MHD_ConnectionInfo *info
          = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD);

      *state = mc_connections_add (self->connections, info->connect_fd);
      self->listener->visited (self->user_data);
      return;
    }
  mc_connections_remove (self->connections, *state);
  *state = NULL;
}

/* The server */

static struct MHD_Daemon *
start_daemon (McServer *self, int fd)
{
  return MHD_start_daemon (
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, self,
      MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_CONNECTION_LIMIT,
      (guint)MOST_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_EACH,
      MHD_OPTION_CONNECTION_TIMEOUT, (guint)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, on_request_over,
      self, MHD_OPTION_NOTIFY_CONNECTION, on_connection, self, MHD_OPTION_END);
}

McServer *
mc_server_new (int fd, const McServerListener *listener, gpointer user_data, GError **error)
{
  g_autofree McServer *self = g_new0 (McServer, 1);

  self->listener = listener;
  self->user_data = user_data;
  g_queue_init (&self->waiting);
  if (!g_unix_set_fd_nonblocking (fd, TRUE, error))
    return NULL;
  self->daemon = start_daemon (self, fd);
  if (self->daemon == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("HTTP cannot be served"));
      return NULL;
    }
  self->connections = mc_connections_new ();
  self->source = source_new (self->daemon);
  return g_steal_pointer (&self);
}

void
mc_server_answer (McServer *self, const McMetrics *metrics)
{
  Request *request;

  while ((request = g_queue_pop_head (&self->waiting)) != NULL)
    {
      request->answer = mc_metrics_format (metrics, request->format);
      MHD_resume_connection (request->connection);
    }
  g_source_set_ready_time (self->source, 0);
}

gboolean
mc_server_is_busy (const McServer *self)
{
  return mc_connections_count (self->connections) > 0;
}

void
mc_server_free (McServer *self)
{
  g_autoptr (McMetrics) away = mc_metrics_new ();

  /* The library does not stop beside a connection that is suspended. */
  mc_server_answer (self, away);
  MHD_run (self->daemon);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  MHD_stop_daemon (self->daemon);
  mc_connections_free (self->connections);
  g_free (self);
}
