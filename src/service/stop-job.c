/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a stop is for good.
 *
 * A restart, also that of a package's upgrade, is one job of the type "restart" until the unit has
 * stopped; "stop" is what systemctl stop, disable --now and mask --now make, and a shutdown of the
 * host, which the manager's state shows. systemd lets everybody ask these four things.
 */
#include "config.h"

#include "stop-job.h"

#include <unistd.h>

#include "names.h"

#define MANAGER_INTERFACE MC_SYSTEMD_NAME ".Manager"
#define UNIT_INTERFACE    MC_SYSTEMD_NAME ".Unit"
#define JOB_INTERFACE     MC_SYSTEMD_NAME ".Job"

#define ANSWERS_WITHIN_MS 1000

typedef struct
{
  GDBusConnection *connection;
  GCancellable *late;
  guint timer; /* source */
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_clear_handle_id (&question->timer, g_source_remove);
  g_object_unref (question->connection);
  g_object_unref (question->late);
  g_free (question);
}

static gboolean
on_late (gpointer user_data)
{
  Question *question = user_data;

  question->timer = 0;
  g_cancellable_cancel (question->late);
  return G_SOURCE_REMOVE;
}

/* @task: (transfer full) */
static void
job_answer (GTask *task, gboolean for_good)
{
  g_task_return_boolean (task, for_good);
  g_object_unref (task);
}

/* Calls a method of the service manager that answers with one value of @type. Its answer ends
 * @task, or goes on with it. */
static void
job_ask (GTask *task,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         const char *type,
         GAsyncReadyCallback on_answer)
{
  Question *question = g_task_get_task_data (task);

  g_dbus_connection_call (question->connection, MC_SYSTEMD_NAME, path, interface, method,
                          parameters, G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          question->late, on_answer, task);
}

static void
ask_property (GTask *task,
              const char *path,
              const char *interface,
              const char *property,
              GAsyncReadyCallback on_answer)
{
  job_ask (task, path, MC_PROPERTIES_INTERFACE, "Get", g_variant_new ("(ss)", interface, property),
           "(v)", on_answer);
}

/* Returns: (transfer full) (nullable): what was answered; NULL where @task has ended for lack of
 * it. */
static GVariant *
read_answer (GTask *task, GObject *connection, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) parameters
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  if (parameters != NULL)
    return g_variant_get_child_value (parameters, 0);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_message ("systemd has not said within %d ms whether this stop is for good: nothing is given "
               "back to VMs",
               ANSWERS_WITHIN_MS);
  else
    g_debug ("Nobody says whether this stop is for good: %s", error->message);
  job_answer (task, FALSE);
  return NULL;
}

/* The same of a property, which is to be of @type. */
static GVariant *
read_property (GTask *task, GObject *connection, GAsyncResult *result, const char *type)
{
  g_autoptr (GVariant) boxed = read_answer (task, connection, result);
  g_autoptr (GVariant) value = boxed != NULL ? g_variant_get_variant (boxed) : NULL;

  if (value == NULL)
    return NULL;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return g_steal_pointer (&value);
  job_answer (task, FALSE);
  return NULL;
}

static void
on_state (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) state = read_property (user_data, source, result, "s");

  if (state != NULL)
    job_answer (user_data, g_strcmp0 (g_variant_get_string (state, NULL), "stopping") != 0);
}

static void
on_job_type (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) type = read_property (user_data, source, result, "s");

  if (type == NULL)
    return;
  if (g_strcmp0 (g_variant_get_string (type, NULL), "stop") != 0)
    job_answer (user_data, FALSE);
  else
    ask_property (user_data, MC_SYSTEMD_PATH, MANAGER_INTERFACE, "SystemState", on_state);
}

static void
on_job (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) job = read_property (user_data, source, result, "(uo)");
  const char *path;
  guint id;

  if (job == NULL)
    return;
  g_variant_get (job, "(u&o)", &id, &path);
  if (id == 0)
    job_answer (user_data, FALSE);
  else
    ask_property (user_data, path, JOB_INTERFACE, "JobType", on_job_type);
}

static void
on_unit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) unit = read_answer (user_data, source, result);

  if (unit != NULL)
    ask_property (user_data, g_variant_get_string (unit, NULL), UNIT_INTERFACE, "Job", on_job);
}

void
mc_stop_job_is_for_good_async (GDBusConnection *connection,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Question *question = g_new (Question, 1);

  *question = (Question){ g_object_ref (connection), g_cancellable_new (), 0 };
  question->timer = g_timeout_add (ANSWERS_WITHIN_MS, on_late, question);
  g_task_set_task_data (task, question, question_free);
  job_ask (task, MC_SYSTEMD_PATH, MANAGER_INTERFACE, "GetUnitByPID",
           g_variant_new ("(u)", (guint)getpid ()), "(o)", on_unit);
}

gboolean
mc_stop_job_is_for_good_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}
