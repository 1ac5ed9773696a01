/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers to GetHistory() and GetMoves(). */
#include "config.h"

#include "history-answers.h"

#include "error.h"
#include "errors.h"
#include "names.h"

typedef struct
{
  GDBusMethodInvocation *invocation;
  char *object;
  gboolean known; /* it is the host, or a VM that is there */
  McHistoryQuery query;
} Call;

static Call *
call_new (McCoordinator *coordinator, GDBusMethodInvocation *invocation, const char *object)
{
  const McFleet *fleet = &mc_coordinator_get_parts (coordinator)->fleet;
  Call *call = g_new (Call, 1);

  *call = (Call){ invocation, g_strdup (object), g_str_equal (object, MC_ROOT_PATH) };
  call->query.uuid = mc_vm_path_get_uuid (object);
  if (call->query.uuid != NULL)
    call->known = g_hash_table_contains (fleet->by_uuid, call->query.uuid);
  return call;
}

static void
call_free (Call *call)
{
  g_free (call->object);
  g_free (call->query.uuid);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
answer_unknown (const Call *call)
{
  g_dbus_method_invocation_return_error (
      call->invocation, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM,
      "There is no VM %s, and no history of it: it never was, or is gone for more than a week",
      call->object);
}

/* @error: (transfer full) */
static void
answer_failure (const Call *call, GError *error)
{
  mc_answer_error (call->invocation, mc_service_error_from (error));
}

/* From here on in the recorder's thread: long answers are written for the bus there, too, as GDBus
 * does that in the thread of who answers. */

/* Nothing was kept of it yet. */
static GVariant *
build_nothing (const Call *call)
{
  const McHistoryKind *kind
      = g_str_equal (call->object, MC_ROOT_PATH) ? &mc_history_of_host : &mc_history_of_vm;

  return g_variant_new ("(@as@aad)", mc_history_kind_list_columns (kind),
                        g_variant_new_array (G_VARIANT_TYPE ("ad"), NULL, 0));
}

static void
on_read (GVariant *history, GError *error, gpointer user_data)
{
  g_autoptr (Call) call = user_data;

  if (error != NULL)
    answer_failure (call, error);
  else if (history != NULL)
    g_dbus_method_invocation_return_value (call->invocation, history);
  else if (call->known)
    g_dbus_method_invocation_return_value (call->invocation, build_nothing (call));
  else
    answer_unknown (call);
}

/* @moves: (nullable): a(sttts). Returns: (transfer full): floating: (a(ottts)) */
static GVariant *
build_moves (GVariant *moves)
{
  const char *uuid, *code;
  guint64 when, from, to;
  GVariantBuilder list;
  GVariantIter iter;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ottts)"));
  if (moves != NULL)
    g_variant_iter_init (&iter, moves);
  while (moves != NULL && g_variant_iter_next (&iter, "(&sttt&s)", &uuid, &when, &from, &to, &code))
    {
      g_autofree char *path = mc_vm_path (uuid);

      g_variant_builder_add (&list, "(ottts)", path, when, from, to, code);
    }
  return g_variant_new ("(a(ottts))", &list);
}

static void
on_moves_read (GVariant *moves, GError *error, gpointer user_data)
{
  g_autoptr (Call) call = user_data;

  if (error != NULL)
    answer_failure (call, error);
  else if (moves != NULL || call->known)
    g_dbus_method_invocation_return_value (call->invocation, build_moves (moves));
  else
    answer_unknown (call);
}

/* Rounded so that whatever was in the span is in it. FALSE: the arguments make no sense, which was
 * answered. */
static gboolean
read_span (McCoordinator *coordinator, Call *call, guint64 since_us, guint64 until_us)
{
  gint64 now_us = mc_clock_wall (mc_coordinator_get_parts (coordinator)->context->clock);
  guint64 end_us = until_us != 0 ? until_us : (guint64)now_us + 1;

  if (since_us > end_us)
    {
      g_dbus_method_invocation_return_error (call->invocation, MC_SERVICE_ERROR,
                                             MC_SERVICE_ERROR_INVALID_ARGUMENT,
                                             "The argument \"start\" is %" G_GUINT64_FORMAT
                                             ", which is after \"until\", %s%" G_GUINT64_FORMAT,
                                             since_us, until_us == 0 ? "now, " : "", end_us);
      return FALSE;
    }
  call->query.now_s = now_us / G_USEC_PER_SEC;
  call->query.until_s = (gint64)MIN (end_us / G_USEC_PER_SEC + 1, (guint64)call->query.now_s + 1);
  call->query.since_s = (gint64)(since_us / G_USEC_PER_SEC);
  return TRUE;
}

/* Returns: (transfer full) (nullable): NULL: there is nothing to ask for, which was answered */
static Call *
begin (McCoordinator *coordinator,
       GDBusMethodInvocation *invocation,
       const char *object,
       guint64 since_us,
       guint64 until_us)
{
  g_autoptr (Call) call = call_new (coordinator, invocation, object);

  if (call->query.uuid == NULL && !call->known)
    answer_unknown (call);
  else if (read_span (coordinator, call, since_us, until_us))
    return g_steal_pointer (&call);
  return NULL;
}

static McRecorder *
recorder_of (McCoordinator *coordinator)
{
  return mc_coordinator_get_parts (coordinator)->context->recorder;
}

void
mc_history_answers_get (McCoordinator *coordinator,
                        GDBusMethodInvocation *invocation,
                        const char *object,
                        guint64 since_us,
                        guint64 until_us,
                        guint points)
{
  Call *call = begin (coordinator, invocation, object, since_us, until_us);

  if (call == NULL)
    return;
  call->query.points = points;
  mc_recorder_read (recorder_of (coordinator), &call->query, on_read, call);
}

void
mc_history_answers_get_moves (McCoordinator *coordinator,
                              GDBusMethodInvocation *invocation,
                              const char *object,
                              guint64 since_us,
                              guint64 until_us)
{
  Call *call = begin (coordinator, invocation, object, since_us, until_us);

  if (call != NULL)
    mc_recorder_read_moves (recorder_of (coordinator), &call->query, on_moves_read, call);
}
