/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl set and reset: the thresholds of the host, or of one VM. */
#include "config.h"

#include "command.h"
#include "json.h"
#include "model.h"
#include "threshold.h"

#include <glib/gi18n.h>

/* As the VM's metadata has it; among thresholds on the bus it is 1 or 0. */
#define MANAGED_KEY "managed"
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
is_managed (const McThreshold *thresholds, const char *typed)
{
  return thresholds == mc_vm_thresholds && g_ascii_strcasecmp (typed, MANAGED_KEY) == 0;
}

/* Returns: (transfer none): one that is not known here may be known to the service. */
static const char *
bus_name (const McThreshold *thresholds, const char *typed)
{
  const McThreshold *threshold = mc_threshold_find_typed (thresholds, typed);

  if (is_managed (thresholds, typed))
    return MC_SETTING_MANAGED;
  return threshold != NULL ? threshold->name : typed;
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
      "set", _ ("\"%s\" is no value for %s: write 150M, 75%% or 2s, as the threshold asks for"),
      text, typed);
  return FALSE;
}

/* Reads "NAME=VALUE". FALSE where the person was told what is wrong. */
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
  if (is_managed (thresholds, typed)
          ? !parse_managed (equals + 1, &assignment.value)
          : !parse_threshold (assignment.threshold, typed, equals + 1, &assignment.value))
    return FALSE;
  assignment.name = g_strdup (bus_name (thresholds, typed));
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

/* A VM tells whether it is managed by its status alone. */
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

      g_print (_ ("%s is %s now, was %s."), assignment->name, value, old);
      g_print ("\n");
    }
}

/* Takes the VM that argv[1] may name, and moves the rest up. */
static gboolean
take_vm (McModel *model, int *argc, char ***argv, McModelVm **vm, GError **error)
{
  *vm = mc_model_find_vm (model, (*argv)[1], error);
  (*argc)--;
  (*argv)++;
  return *vm != NULL;
}

/* A VM may be called like a threshold of the host. FALSE where @text is the name of one. */
static gboolean
check_no_vm (McModel *model, const char *text, GError **error)
{
  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      g_autofree char *typed = g_strndup (text, strcspn (text, "="));
      const McThreshold *threshold = mc_threshold_find_typed (mc_host_thresholds, typed);

      if (g_strcmp0 (vm->name, text) != 0)
        continue;
      g_set_error (error, MC_CLIENT_ERROR, MC_EXIT_NO_VM,
                   _ ("\"%s\" is the name of a VM and of a threshold of the host: name the VM by "
                      "its UUID, %s, or "
                      "write the threshold as \"%s\""),
                   text, mc_properties_text (vm->properties, "UUID"),
                   threshold != NULL && g_strcmp0 (threshold->name, typed) != 0 ? threshold->name
                   : threshold != NULL                                          ? threshold->key
                                                                                : typed);
      return FALSE;
    }
  return TRUE;
}

static int
set (McClient *client, McModel *model, McModelVm *vm, char **texts)
{
  const McThreshold *thresholds = vm != NULL ? mc_vm_thresholds : mc_host_thresholds;
  g_autoptr (GArray) assignments = g_array_new (FALSE, FALSE, sizeof (Assignment));
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  g_array_set_clear_func (assignments, (GDestroyNotify)clear_assignment);
  for (; *texts != NULL; texts++)
    {
      if (!parse_assignment (thresholds, *texts, assignments))
        return MC_EXIT_USAGE;
    }
  answer = mc_client_change (client, mc_scope_path (vm), mc_scope_interface (vm), "SetThresholds",
                             g_variant_new ("(@a{st})", assignments_variant (assignments)), "()",
                             NULL, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
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
  if (strchr (argv[1], '=') != NULL ? !check_no_vm (model, argv[1], &error)
                                    : !take_vm (model, &argc, &argv, &vm, &error))
    return mc_client_fail (client, error);
  if (argc < 2)
    return mc_command_misused ("set", _ ("which threshold? Write NAME=VALUE"));
  return set (client, model, vm, argv + 1);
}

static GVariant *
names_variant (const McThreshold *thresholds, char **typed)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (; *typed != NULL; typed++)
    g_variant_builder_add (&builder, "s", bus_name (thresholds, *typed));
  return g_variant_builder_end (&builder);
}

static int
reset (McClient *client, const McModelVm *vm, char **typed)
{
  g_autoptr (GVariant) names = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  names = g_variant_ref_sink (
      names_variant (vm != NULL ? mc_vm_thresholds : mc_host_thresholds, typed));
  answer = mc_client_change (client, mc_scope_path (vm), mc_scope_interface (vm), "ResetThresholds",
                             g_variant_new ("(@as)", names), "()", NULL, &error);
  if (answer == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (g_variant_new_parsed ("{'reset': <%@as>}", names));
  else
    g_print ("%s\n", _ ("Back to what is configured."));
  return MC_EXIT_OK;
}

int
mc_cmd_reset (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  McModelVm *vm = NULL;

  if (!mc_command_parse (client, NULL, (McArity){ 0, -1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (argc < 2)
    return reset (client, NULL, argv + 1);
  model = mc_model_load (client, &error);
  if (model == NULL)
    return mc_client_fail (client, error);
  if (mc_threshold_find_typed (mc_host_thresholds, argv[1]) != NULL
          ? !check_no_vm (model, argv[1], &error)
          : !take_vm (model, &argc, &argv, &vm, &error))
    return mc_client_fail (client, error);
  return reset (client, vm, argv + 1);
}
