/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reply for each sample. The protocol has to know with a reply whether it is the last one, so
 * each is sent when the next is there.
 */
#include "config.h"

#include "report.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-varlink.h>

#include "event-source.h"
#include "report-family.h"

#define LIFETIME_S 10

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sd_json_variant, sd_json_variant_unref)

struct _McReport
{
  sd_event *event;
  GSource *source;
  sd_varlink_server *server;
  sd_varlink *link;  /* to the client */
  gboolean is_asked; /* the client waits for samples */
  guint deadline;    /* 0 = it has passed */
  const McReportListener *listener;
  gpointer user_data;
};

/* Replies on their way. */
typedef struct
{
  sd_varlink *link;
  sd_json_variant *latest; /* (nullable): not sent yet */
  int result;              /* negative: what the first that could not be made or sent failed with */
} Replies;

/* What the interface is, for those who ask for it; the library refuses what it does not allow. */

static SD_VARLINK_DEFINE_ENUM_TYPE (MetricFamilyType,
                                    SD_VARLINK_FIELD_COMMENT ("Only grows"),
                                    SD_VARLINK_DEFINE_ENUM_VALUE (counter),
                                    SD_VARLINK_FIELD_COMMENT ("Grows and shrinks"),
                                    SD_VARLINK_DEFINE_ENUM_VALUE (gauge),
                                    SD_VARLINK_FIELD_COMMENT ("A word"),
                                    SD_VARLINK_DEFINE_ENUM_VALUE (string));

static SD_VARLINK_DEFINE_ERROR (NoSuchMetric);

static SD_VARLINK_DEFINE_METHOD_FULL (
    List,
    SD_VARLINK_REQUIRES_MORE,
    SD_VARLINK_FIELD_COMMENT ("The family, as Describe() has it"),
    SD_VARLINK_DEFINE_OUTPUT (name, SD_VARLINK_STRING, 0),
    SD_VARLINK_FIELD_COMMENT ("The name of the VM; none: it is of the host"),
    SD_VARLINK_DEFINE_OUTPUT (object, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
    SD_VARLINK_FIELD_COMMENT ("The uuid of the VM"),
    SD_VARLINK_DEFINE_OUTPUT (fields, SD_VARLINK_OBJECT, SD_VARLINK_NULLABLE),
    SD_VARLINK_FIELD_COMMENT ("A number in base units, or a word"),
    SD_VARLINK_DEFINE_OUTPUT (value, SD_VARLINK_ANY, 0));

static SD_VARLINK_DEFINE_METHOD_FULL (Describe,
                                      SD_VARLINK_REQUIRES_MORE,
                                      SD_VARLINK_DEFINE_OUTPUT (name, SD_VARLINK_STRING, 0),
                                      SD_VARLINK_DEFINE_OUTPUT (description, SD_VARLINK_STRING, 0),
                                      SD_VARLINK_DEFINE_OUTPUT_BY_TYPE (type, MetricFamilyType, 0));

static SD_VARLINK_DEFINE_INTERFACE (io_systemd_Metrics,
                                    "io.systemd.Metrics",
                                    SD_VARLINK_SYMBOL_COMMENT ("What values a family has"),
                                    &vl_type_MetricFamilyType,
                                    SD_VARLINK_SYMBOL_COMMENT ("Each sample of this moment"),
                                    &vl_method_List,
                                    SD_VARLINK_SYMBOL_COMMENT ("Each family that there may be"),
                                    &vl_method_Describe,
                                    &vl_error_NoSuchMetric);

/* Replies */

/* @reply: (transfer full) (nullable): NULL = it could not be made, as @result says */
static void
replies_add (Replies *self, sd_json_variant *reply, int result)
{
  if (result >= 0 && self->result >= 0 && self->latest != NULL)
    result = sd_varlink_notify (self->link, self->latest);
  if (result < 0 && self->result >= 0)
    self->result = result;
  if (self->latest != NULL)
    sd_json_variant_unref (self->latest);
  self->latest = reply;
}

/* There is one at least. Returns: negative: as the replies' result says */
static int
replies_end (Replies *self)
{
  g_autoptr (sd_json_variant) last = g_steal_pointer (&self->latest);

  return self->result < 0 ? self->result : sd_varlink_reply (self->link, last);
}

static void
add_sample (Replies *replies,
            const McFamilyHead *head,
            const McMetricsVm *vm,
            sd_json_variant *value)
{
  g_autofree char *name = mc_report_family_name (head);
  gboolean of_vm = vm != NULL;
  sd_json_variant *reply = NULL;
  int result = sd_json_buildo (
      &reply, SD_JSON_BUILD_PAIR_STRING ("name", name),
      SD_JSON_BUILD_PAIR_CONDITION (of_vm, "object", SD_JSON_BUILD_STRING (of_vm ? vm->name : "")),
      SD_JSON_BUILD_PAIR_CONDITION (
          of_vm, "fields",
          SD_JSON_BUILD_OBJECT (SD_JSON_BUILD_PAIR_STRING ("uuid", of_vm ? vm->uuid : ""))),
      SD_JSON_BUILD_PAIR_VARIANT ("value", value));

  replies_add (replies, reply, result);
}

/* A whole number stays exact: as a double, a large one would not. */
static int
make_number (const char *text, sd_json_variant **number)
{
  if (strspn (text, "0123456789") == strlen (text))
    return sd_json_variant_new_unsigned (number, g_ascii_strtoull (text, NULL, 10));
  return sd_json_variant_new_real (number, g_ascii_strtod (text, NULL));
}

static void
add_number (gpointer replies, const McFamilyHead *head, const McMetricsVm *vm, const char *text)
{
  g_autoptr (sd_json_variant) number = NULL;
  int result = make_number (text, &number);

  if (result >= 0)
    add_sample (replies, head, vm, number);
  else
    replies_add (replies, NULL, result);
}

static void
add_text (gpointer replies, const McFamilyHead *head, const McMetricsVm *vm, const char *text)
{
  g_autoptr (sd_json_variant) word = NULL;
  int result = sd_json_variant_new_string (&word, text);

  if (result >= 0)
    add_sample (replies, head, vm, word);
  else
    replies_add (replies, NULL, result);
}

static void
add_family (const McFamilyHead *head, gpointer replies)
{
  g_autofree char *name = mc_report_family_name (head);
  sd_json_variant *reply = NULL;
  int result = sd_json_buildo (
      &reply, SD_JSON_BUILD_PAIR_STRING ("name", name),
      SD_JSON_BUILD_PAIR_STRING ("description", mc_report_family_description (head)),
      SD_JSON_BUILD_PAIR_STRING ("type", mc_report_family_type (head)));

  replies_add (replies, reply, result);
}

/* Calls */

static int
on_list (sd_varlink *link,
         sd_json_variant *parameters,
         sd_varlink_method_flags_t flags,
         void *user_data)
{
  McReport *self = user_data;
  int result = sd_varlink_dispatch (link, parameters, NULL, NULL);

  if (result != 0)
    return result;
  self->is_asked = TRUE;
  self->listener->wanted (self->user_data);
  return 0;
}

static int
on_describe (sd_varlink *link,
             sd_json_variant *parameters,
             sd_varlink_method_flags_t flags,
             void *user_data)
{
  Replies replies = { .link = link };
  int result = sd_varlink_dispatch (link, parameters, NULL, NULL);

  if (result != 0)
    return result;
  mc_metrics_foreach_family (add_family, &replies);
  return replies_end (&replies);
}

static void
on_disconnected (sd_varlink_server *server, sd_varlink *link, void *user_data)
{
  McReport *self = user_data;

  self->is_asked = FALSE;
  self->listener->over (self->user_data);
}

static gboolean
on_deadline (gpointer user_data)
{
  McReport *self = user_data;

  self->deadline = 0;
  self->listener->over (self->user_data);
  return G_SOURCE_REMOVE;
}

/* The report */

gboolean
mc_report_is_asked (void)
{
  return sd_varlink_invocation (SD_VARLINK_ALLOW_ACCEPT) > 0;
}

/* Returns: negative: what the library says */
static int
connect_client (McReport *self)
{
  sd_varlink *link = NULL;
  int result = sd_event_new (&self->event);

  if (result >= 0)
    result = sd_varlink_server_new (&self->server, SD_VARLINK_SERVER_INHERIT_USERDATA);
  if (result < 0)
    return result;
  sd_varlink_server_set_userdata (self->server, self);
  result = sd_varlink_server_set_info (self->server, "MemCoord", "memcoord-exporter",
                                       PACKAGE_VERSION, NULL);
  if (result >= 0)
    result = sd_varlink_server_add_interface (self->server, &vl_interface_io_systemd_Metrics);
  if (result >= 0)
    result = sd_varlink_server_bind_method_many (self->server, "io.systemd.Metrics.List", on_list,
                                                 "io.systemd.Metrics.Describe", on_describe);
  if (result >= 0)
    result = sd_varlink_server_bind_disconnect (self->server, on_disconnected);
  if (result >= 0)
    result = sd_varlink_server_attach_event (self->server, self->event, SD_EVENT_PRIORITY_NORMAL);
  if (result >= 0)
    result = sd_varlink_server_add_connection (self->server, SD_LISTEN_FDS_START, &link);
  self->link = sd_varlink_ref (link);
  return result;
}

McReport *
mc_report_new (const McReportListener *listener, gpointer user_data, GError **error)
{
  g_autoptr (McReport) self = g_new0 (McReport, 1);
  int result;

  self->listener = listener;
  self->user_data = user_data;
  result = connect_client (self);
  if (result < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-result),
                   _ ("Varlink cannot be served: %s"), g_strerror (-result));
      return NULL;
    }
  self->source = mc_event_source_new (self->event);
  self->deadline = g_timeout_add_seconds (LIFETIME_S, on_deadline, self);
  return g_steal_pointer (&self);
}

void
mc_report_answer (McReport *self, const McMetrics *metrics)
{
  static const McMetricsVisitor visitor = { add_number, add_text };
  Replies replies = { .link = self->link };

  if (!self->is_asked)
    return;
  self->is_asked = FALSE;
  mc_metrics_visit (metrics, &visitor, &replies);
  if (replies_end (&replies) < 0)
    self->listener->over (self->user_data);
}

void
mc_report_free (McReport *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  sd_varlink_close_unref (self->link);
  sd_varlink_server_unref (self->server);
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  sd_event_unref (self->event);
  g_free (self);
}
