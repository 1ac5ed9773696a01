/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be set, as people name it. */
#include "config.h"

#include "setting.h"

#include <glib/gi18n.h>

gboolean
mc_setting_is_managed (const McThreshold *thresholds, const char *typed)
{
  return thresholds == mc_vm_thresholds && g_ascii_strcasecmp (typed, MC_SETTING_MANAGED_KEY) == 0;
}

const char *
mc_setting_bus_name (const McThreshold *thresholds, const char *typed)
{
  const McThreshold *threshold = mc_threshold_find_typed (thresholds, typed);

  if (mc_setting_is_managed (thresholds, typed))
    return MC_SETTING_MANAGED;
  return threshold != NULL ? threshold->name : typed;
}

char *
mc_setting_format (const McThreshold *thresholds, GVariant *properties, const char *name)
{
  const McThreshold *threshold = mc_threshold_find_typed (thresholds, name);
  g_autofree char *value = mc_threshold_format (threshold, mc_properties_number (properties, name));

  return g_strconcat (value, mc_properties_overrides (properties, name) ? "*" : "", NULL);
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

gboolean
mc_setting_read_scope (
    McModel *model, gboolean names_host, int *argc, char ***argv, McModelVm **vm, GError **error)
{
  *vm = NULL;
  if (names_host)
    return check_no_vm (model, (*argv)[1], error);
  *vm = mc_model_find_vm (model, (*argv)[1], error);
  (*argc)--;
  (*argv)++;
  return *vm != NULL;
}
