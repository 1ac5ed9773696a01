/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl set: thresholds of the host, or of one VM. */
#include "config.h"

#include "call.h"
#include "command.h"
#include "model.h"
#include "output/json.h"
#include "output/paragraph.h"
#include "setting.h"

#include <glib/gi18n.h>

/* As the VM's metadata has them; among thresholds on the bus they are 1 and 0. */
#define MANAGED_YES "yes"
#define MANAGED_NO  "no"

typedef struct
{
  const McThreshold *threshold; /* (nullable): not known here, or whether a VM is managed */
  char *name;                   /* on the bus */
  guint64 value;
} Assignment;

static void
clear_assignment (Assignment *assignment)
{
  g_free (assignment->name);
}

static gboolean
parse_managed (const char *text, guint64 *value)
{
  *value = g_strcmp0 (text, MANAGED_YES) == 0;
  if (*value != 0 || g_strcmp0 (text, MANAGED_NO) == 0)
    return TRUE;
  mc_command_misused ("set", _ ("managed takes yes or no, not \"%s\""), text);
  return FALSE;
}

static gboolean
parse_threshold (const McThreshold *threshold, const char *typed, const char *text, guint64 *value)
{
  if (mc_threshold_parse (threshold, text, value))
    return TRUE;
  mc_command_misused (
      "set", _ ("\"%s\" is not a value for %s: write 150M, 75%% or 2s, depending on the threshold"),
      text, typed);
  return FALSE;
}

/* Reads "NAME=VALUE". FALSE where it is invalid, which was printed. */
static gboolean
parse_assignment (const McThreshold *thresholds, const char *text, GArray *assignments)
{
  Assignment assignment = { 0 };
  const char *equals = strchr (text, '=');
  g_autofree char *typed = NULL;

  if (equals == NULL || equals == text)
    {
      mc_command_misused ("set", _ ("\"%s\" is not NAME=VALUE"), text);
      return FALSE;
    }
  typed = g_strndup (text, (gsize)(equals - text));
  assignment.threshold = mc_threshold_find_typed (thresholds, typed);
  if (mc_setting_is_managed (thresholds, typed)
          ? !parse_managed (equals + 1, &assignment.value)
          : !parse_threshold (assignment.threshold, typed, equals + 1, &assignment.value))
    return FALSE;
  assignment.name = g_strdup (mc_setting_bus_name (thresholds, typed));
  g_array_append_val (assignments, assignment);
  return TRUE;
}

/* Returns: floating a{st}. */
static GVariant *
assignments_variant (GArray *assignments)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  for (guint i = 0; i < assignments->len; i++)
    {
      const Assignment *assignment = &g_array_index (assignments, Assignment, i);

      g_variant_builder_add (&builder, "{st}", assignment->name, assignment->value);
    }
  return g_variant_builder_end (&builder);
}

/* Returns: (transfer full) */
static char *
format_value (const Assignment *assignment, guint64 value)
{
  if (g_strcmp0 (assignment->name, MC_SETTING_MANAGED) == 0)
    return g_strdup (value != 0 ? MANAGED_YES : MANAGED_NO);
  return mc_threshold_format (assignment->threshold, value);
}

/* Only its status shows whether a VM is managed. */
static guint64
value_before (GVariant *before, const Assignment *assignment)
{
  if (g_strcmp0 (assignment->name, MC_SETTING_MANAGED) == 0)
    return g_strcmp0 (mc_properties_text (before, "Status"), "opted-out") != 0;
  return mc_properties_number (before, assignment->name);
}

static void
print_assignments (GVariant *before, GArray *assignments)
{
  for (guint i = 0; i < assignments->len; i++)
    {
      const Assignment *assignment = &g_array_index (assignments, Assignment, i);
      g_autofree char *old = format_value (assignment, value_before (before, assignment));
      g_autofree char *value = format_value (assignment, assignment->value);

      mc_paragraph_print (_ ("%s is %s now, was %s."), assignment->name, value, old);
    }
}

/* One value alone may only conflict because the other one is not set with it. */
static int
fail (McClient *client, const GError *error, const GArray *assignments)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  int code = mc_client_fail (client, error);

  if (assignments->len == 1 && g_strcmp0 (name, MC_ERROR_CONFLICT) == 0)
    g_printerr ("%s\n", _ ("Set what depends on each other at once: memcoordctl set NAME=VALUE "
                           "NAME=VALUE"));
  return code;
}

static int
set (McClient *client, McModel *model, McModelVm *vm, char **texts)
{
  const McThreshold *thresholds = vm != NULL ? mc_vm_thresholds : mc_host_thresholds;
  g_autoptr (GArray) assignments = g_array_new (FALSE, FALSE, sizeof (Assignment));
  g_autoptr (GError) error = NULL;

  g_array_set_clear_func (assignments, (GDestroyNotify)clear_assignment);
  for (; *texts != NULL; texts++)
    {
      if (!parse_assignment (thresholds, *texts, assignments))
        return MC_EXIT_USAGE;
    }
  if (!mc_call_change (client, vm, "SetThresholds",
                       g_variant_new ("(@a{st})", assignments_variant (assignments)), &error))
    return fail (client, error, assignments);
  if (client->json)
    mc_json_print (assignments_variant (assignments));
  else
    print_assignments (vm != NULL ? vm->properties : model->host, assignments);
  return MC_EXIT_OK;
}

int
mc_cmd_set (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  McModelVm *vm = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 1, -1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  if (model == NULL)
    return mc_client_fail (client, error);
  if (!mc_setting_read_scope (model, strchr (argv[1], '=') != NULL, &argc, &argv, &vm, &error))
    return mc_client_fail (client, error);
  if (argc < 2)
    return mc_command_misused ("set", _ ("which threshold? Write NAME=VALUE"));
  return set (client, model, vm, argv + 1);
}
