/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl set and reset: the thresholds of the host, or of one VM. */
#include "config.h"

#include "command.h"
#include "json.h"
#include "model.h"
#include "threshold.h"

#include <glib/gi18n.h>

typedef struct
{
  const McThreshold *threshold; /* (nullable): not known here */
  char *name;                   /* on the bus */
  guint64 value;
  gboolean done;
} Assignment;

static void
clear_assignment (Assignment *assignment)
{
  g_free (assignment->name);
}

/* One that is not known here may be known to the service. */
static const char *
bus_name (const McThreshold *threshold, const char *typed)
{
  return threshold != NULL ? threshold->name : typed;
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
  if (!mc_threshold_parse (assignment.threshold, equals + 1, &assignment.value))
    {
      mc_command_misused (
          "set", _ ("\"%s\" is no value for %s: write 150M, 75%% or 2s, as the threshold asks for"),
          equals + 1, typed);
      return FALSE;
    }
  assignment.name = g_strdup (bus_name (assignment.threshold, typed));
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

static gboolean
set_host (McClient *client, GArray *assignments, GError **error)
{
  g_autoptr (GVariant) answer = NULL;

  answer = mc_client_change (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "SetThresholds",
                             g_variant_new ("(@a{st})", assignments_variant (assignments)), "()",
                             NULL, error);
  return answer != NULL;
}

static gboolean
set_one (McClient *client, const McModelVm *vm, Assignment *assignment, GError **error)
{
  g_autoptr (GVariant) answer = NULL;

  answer = mc_client_change (client, vm->path, MC_VM_INTERFACE, "SetThreshold",
                             g_variant_new ("(st)", assignment->name, assignment->value), "()",
                             NULL, error);
  assignment->done = answer != NULL;
  return assignment->done;
}

/*
 * A VM's thresholds are set one by one, each judged against those that are in force: raising both
 * watermarks works with the high one first, lowering them with the low one first. So what was
 * refused is tried again after something else was accepted.
 */
static gboolean
set_vm (McClient *client, const McModelVm *vm, GArray *assignments, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  guint pending = assignments->len, before;

  do
    {
      before = pending;
      pending = 0;
      g_clear_error (&refusal);
      for (guint i = 0; i < assignments->len; i++)
        {
          Assignment *assignment = &g_array_index (assignments, Assignment, i);

          if (!assignment->done
              && !set_one (client, vm, assignment, refusal == NULL ? &refusal : NULL))
            pending++;
        }
    }
  while (pending > 0 && pending < before);
  if (pending > 0)
    g_propagate_error (error, g_steal_pointer (&refusal));
  return pending == 0;
}

static void
print_assignments (GVariant *before, GArray *assignments, gboolean all)
{
  for (guint i = 0; i < assignments->len; i++)
    {
      const Assignment *assignment = &g_array_index (assignments, Assignment, i);
      g_autofree char *old = mc_threshold_format (assignment->threshold,
                                                  mc_properties_number (before, assignment->name));
      g_autofree char *value = mc_threshold_format (assignment->threshold, assignment->value);

      if (!all && !assignment->done)
        continue;
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
  g_autoptr (GError) error = NULL;
  gboolean done;

  g_array_set_clear_func (assignments, (GDestroyNotify)clear_assignment);
  for (; *texts != NULL; texts++)
    {
      if (!parse_assignment (thresholds, *texts, assignments))
        return MC_EXIT_USAGE;
    }
  done = vm != NULL ? set_vm (client, vm, assignments, &error)
                    : set_host (client, assignments, &error);
  if (done && client->json)
    mc_json_print (assignments_variant (assignments));
  else if (!client->json)
    print_assignments (vm != NULL ? vm->properties : model->host, assignments, done);
  return done ? MC_EXIT_OK : mc_client_fail (client, error);
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
    {
      const McThreshold *threshold = mc_threshold_find_typed (thresholds, *typed);

      g_variant_builder_add (&builder, "s", bus_name (threshold, *typed));
    }
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
  answer = mc_client_change (client, vm != NULL ? vm->path : MC_ROOT_PATH,
                             vm != NULL ? MC_VM_INTERFACE : MC_ROOT_INTERFACE, "ResetThresholds",
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
