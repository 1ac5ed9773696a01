/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what. The connection to polkit is made once, at the start, since making one takes a
 * thread of GLib's shared pool; checks that come before it is there wait for it, each no longer
 * than its own time.
 */
#include "config.h"

#include "authority.h"

#include <polkit/polkit.h>

#define PATIENCE_S             10
#define INTERACTIVE_PATIENCE_S 120

struct _McAuthority
{
  GObject parent;

  GDBusConnection *connection;
  GDBusConnection *shared; /* polkit's library asks GLib for it again, and a new one would end the
                              process with its bus, as if it had been asked to */
  gboolean ready;          /* it is known whether there is a polkit */
  PolkitAuthority *polkit; /* NULL: none that decides about this bus */
  GPtrArray *waiting;      /* (element-type GTask) until it is ready */
  gboolean logged;         /* that there is no polkit */
};

typedef struct
{
  char *name;
  char *action;
  gboolean trusted;
  gboolean interactive;
  gboolean late;
  GCancellable *cancellable;
  guint timer;
} Check;

G_DEFINE_FINAL_TYPE (McAuthority, mc_authority, G_TYPE_OBJECT)

static void
check_free (gpointer data)
{
  Check *check = data;

  g_clear_handle_id (&check->timer, g_source_remove);
  g_object_unref (check->cancellable);
  g_free (check->name);
  g_free (check->action);
  g_free (check);
}

static void
check_answer (GTask *task, gboolean allowed, const char *why)
{
  const Check *check = g_task_get_task_data (task);

  if (allowed)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                             "%s needs the authorisation %s: %s", check->name, check->action, why);
}

static void
answer_without_polkit (McAuthority *self, GTask *task)
{
  const Check *check = g_task_get_task_data (task);

  if (!self->logged)
    g_message ("polkit is not available on this bus: only root and the service's own user are "
               "authorised");
  self->logged = TRUE;
  check_answer (
      task, check->trusted,
      "polkit is not available, and the caller is neither root nor the service's own user");
}

/* There is nobody behind polkit's name: it is not installed, or cannot be started. */
static gboolean
means_no_polkit (const GError *error)
{
  static const GDBusError codes[] = {
    G_DBUS_ERROR_SERVICE_UNKNOWN,
    G_DBUS_ERROR_NAME_HAS_NO_OWNER,
    G_DBUS_ERROR_SPAWN_EXEC_FAILED,
    G_DBUS_ERROR_SPAWN_FORK_FAILED,
    G_DBUS_ERROR_SPAWN_CHILD_EXITED,
    G_DBUS_ERROR_SPAWN_CHILD_SIGNALED,
    G_DBUS_ERROR_SPAWN_FAILED,
    G_DBUS_ERROR_SPAWN_SERVICE_INVALID,
    G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND,
    G_DBUS_ERROR_SPAWN_CONFIG_INVALID,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, G_DBUS_ERROR, (int)codes[i]))
      return TRUE;
  return FALSE;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) decided = NULL;
  const Check *check = g_task_get_task_data (task);

  decided = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);
  if (check->late)
    check_answer (task, FALSE, "polkit did not answer in time");
  else if (decided != NULL)
    check_answer (task, polkit_authorization_result_get_is_authorized (decided),
                  polkit_authorization_result_get_is_challenge (decided)
                      ? "authentication is required, and the call does not allow interaction"
                      : "the caller is not authorised");
  else if (means_no_polkit (error))
    answer_without_polkit (g_task_get_source_object (task), task);
  else
    check_answer (task, FALSE, error->message);
}

static void
check_ask (McAuthority *self, GTask *task)
{
  const Check *check = g_task_get_task_data (task);
  g_autoptr (PolkitSubject) subject = NULL;

  if (self->polkit == NULL)
    {
      answer_without_polkit (self, task);
      return;
    }
  subject = polkit_system_bus_name_new (check->name);
  polkit_authority_check_authorization (
      self->polkit, subject, check->action, NULL,
      check->interactive ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                         : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
      check->cancellable, on_checked, g_object_ref (task));
}

static gboolean
on_late (gpointer user_data)
{
  GTask *task = user_data;
  McAuthority *self = g_task_get_source_object (task);
  Check *check = g_task_get_task_data (task);

  check->timer = 0;
  check->late = TRUE;
  if (g_ptr_array_remove (self->waiting, task))
    check_answer (task, FALSE, "polkit could not be reached in time");
  else
    g_cancellable_cancel (check->cancellable);
  return G_SOURCE_REMOVE;
}

static Check *
check_new (const McCaller *caller, const char *action, gboolean interactive)
{
  Check *check = g_new0 (Check, 1);

  check->name = g_strdup (caller->name);
  check->action = g_strdup (action);
  check->trusted = mc_caller_is_trusted (caller);
  check->interactive = interactive;
  check->cancellable = g_cancellable_new ();
  return check;
}

void
mc_authority_check_async (McAuthority *self,
                          const McCaller *caller,
                          const char *action,
                          gboolean interactive,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Check *check;

  if (caller->uid == 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  check = check_new (caller, action, interactive);
  g_task_set_task_data (task, check, check_free);
  check->timer = g_timeout_add_seconds_full (G_PRIORITY_DEFAULT,
                                             interactive ? INTERACTIVE_PATIENCE_S : PATIENCE_S,
                                             on_late, g_object_ref (task), g_object_unref);
  if (self->ready)
    check_ask (self, task);
  else
    g_ptr_array_add (self->waiting, g_object_ref (task));
}

gboolean
mc_authority_check_finish (McAuthority *self, GAsyncResult *result, GError **error)
{
  Check *check = g_task_get_task_data (G_TASK (result));

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  if (check != NULL)
    g_clear_handle_id (&check->timer, g_source_remove); /* it holds the task */
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
become_ready (McAuthority *self, PolkitAuthority *polkit)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->polkit = polkit;
  self->ready = TRUE;
  for (guint i = 0; i < waiting->len; i++)
    check_ask (self, waiting->pdata[i]);
}

static void
on_polkit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McAuthority) self = user_data;
  g_autoptr (GError) error = NULL;
  PolkitAuthority *polkit = polkit_authority_get_finish (result, &error);

  if (polkit == NULL)
    g_message ("polkit cannot be reached: %s", error->message);
  become_ready (self, polkit);
}

/* polkit knows callers by their names on the system bus. On another bus the same names are somebody
 * else's. */
static void
on_system_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (McAuthority) self = user_data;

  self->shared = g_bus_get_finish (result, NULL);
  if (self->shared != NULL)
    g_dbus_connection_set_exit_on_close (self->shared, FALSE);
  if (self->shared != NULL
      && g_str_equal (g_dbus_connection_get_guid (self->shared),
                      g_dbus_connection_get_guid (self->connection)))
    polkit_authority_get_async (NULL, on_polkit, g_steal_pointer (&self));
  else
    {
      g_clear_object (&self->shared);
      become_ready (self, NULL);
    }
}

static void
mc_authority_dispose (GObject *object)
{
  McAuthority *self = MC_AUTHORITY (object);

  g_clear_object (&self->polkit);
  g_clear_object (&self->shared);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  G_OBJECT_CLASS (mc_authority_parent_class)->dispose (object);
}

static void
mc_authority_class_init (McAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = mc_authority_dispose;
}

static void
mc_authority_init (McAuthority *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

McAuthority *
mc_authority_new (GDBusConnection *connection)
{
  McAuthority *self = g_object_new (MC_TYPE_AUTHORITY, NULL);

  self->connection = g_object_ref (connection);
  g_bus_get (G_BUS_TYPE_SYSTEM, NULL, on_system_bus, g_object_ref (self));
  return self;
}
