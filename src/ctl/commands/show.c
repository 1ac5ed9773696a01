/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl show: everything about one VM. */
#include "config.h"

#include "command.h"
#include "duration.h"
#include "model.h"
#include "output/json.h"
#include "output/table.h"
#include "output/times.h"
#include "setting.h"
#include "size.h"

#include <glib/gi18n.h>

static void
add_text (McTable *table, const char *label, GVariant *vm, const char *name)
{
  mc_table_add_label (table, label, mc_properties_text (vm, name), MC_STYLE_PLAIN);
}

static void
add_size (McTable *table, const char *label, GVariant *vm, const char *name)
{
  mc_table_add (table, label, MC_STYLE_STRONG);
  mc_table_add_size (table, mc_properties_number (vm, name));
}

/* Of which nothing is something, too. */
static void
add_bytes (McTable *table, const char *label, GVariant *vm, const char *name)
{
  g_autofree char *size = mc_size_format (mc_properties_number (vm, name));

  mc_table_add_label (table, label, size, MC_STYLE_PLAIN);
}

static void
add_rate (McTable *table, const char *label, GVariant *vm, const char *name)
{
  g_autofree char *rate = mc_size_format (mc_properties_number (vm, name));
  g_autofree char *text = g_strdup_printf ("%s/s", rate);

  mc_table_add_label (table, label, text, MC_STYLE_PLAIN);
}

static void
add_time (McTable *table, const char *label, GVariant *vm, const char *name)
{
  g_autofree char *text = mc_times_format (mc_properties_number (vm, name));

  mc_table_add_label (table, label, text, MC_STYLE_PLAIN);
}

static void
add_duration (McTable *table, const char *label, GVariant *vm, const char *name)
{
  g_autofree char *text = mc_duration_format (mc_properties_number (vm, name));

  mc_table_add_label (table, label, text, MC_STYLE_PLAIN);
}

static void
add_number (McTable *table, const char *label, GVariant *vm, const char *name)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, mc_properties_number (vm, name));

  mc_table_add_label (table, label, text, MC_STYLE_PLAIN);
}

static void
add_thresholds (McTable *table, GVariant *vm)
{
  for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
    {
      g_autofree char *text = mc_setting_format (mc_vm_thresholds, vm, threshold->name);

      mc_table_add_label (table, _ (threshold->shown), text, MC_STYLE_PLAIN);
    }
}

static void
add_who (McTable *table, GVariant *vm)
{
  const char *status = mc_properties_text (vm, "Status");

  add_text (table, _ ("Name"), vm, "Name");
  add_text (table, _ ("UUID"), vm, "UUID");
  add_number (table, _ ("Id"), vm, "Id");
  mc_table_add_label (table, _ ("Persistent"),
                      mc_properties_flag (vm, "Persistent") ? _ ("yes") : _ ("no"), MC_STYLE_PLAIN);
  mc_table_add_label (table, _ ("Status"), status, mc_text_style_of_state (status));
  if (*mc_properties_text (vm, "StatusDetail") != '\0')
    add_text (table, _ ("Detail"), vm, "StatusDetail");
  if (g_strcmp0 (status, "paused") != 0)
    return;
  add_text (table, _ ("Pause reason"), vm, "PauseReason");
  add_time (table, _ ("Paused until"), vm, "PausedUntil");
}

static void
print_vm (const McClient *client, GVariant *vm)
{
  g_autoptr (McTable) table = mc_table_new_labels ();
  g_autofree const char **own = NULL;

  add_who (table, vm);
  add_size (table, _ ("Balloon"), vm, "Balloon");
  add_size (table, _ ("Target"), vm, "Target");
  add_size (table, _ ("Unused"), vm, "Unused");
  add_size (table, _ ("Usable"), vm, "Usable");
  add_size (table, _ ("Available"), vm, "Available");
  add_size (table, _ ("Resident"), vm, "Resident");
  add_rate (table, _ ("Swapped in"), vm, "SwapInRate");
  add_rate (table, _ ("Swapped out"), vm, "SwapOutRate");
  add_time (table, _ ("Last report"), vm, "StatsTime");
  add_thresholds (table, vm);
  add_text (table, _ ("Last decision"), vm, "LastReason");
  add_time (table, _ ("Decided"), vm, "LastChange");
  add_duration (table, _ ("Time in need"), vm, "NeedSeconds");
  add_bytes (table, _ ("Given in all"), vm, "GrantedBytes");
  add_bytes (table, _ ("Taken in all"), vm, "ReclaimedBytes");
  if (g_variant_lookup (vm, "Overridden", "^a&s", &own) && own[0] != NULL)
    mc_table_add_label (
        table, "",
        _ ("* this VM's own; \"memcoordctl reset VM\" returns to what holds for all VMs"),
        MC_STYLE_PLAIN);
  mc_table_print (table, client);
}

int
mc_cmd_show (McClient *client, int argc, char **argv)
{
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  McModelVm *vm;

  if (!mc_command_parse (client, NULL, (McArity){ 1, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  vm = model != NULL ? mc_model_find_vm (model, argv[1], &error) : NULL;
  if (vm == NULL)
    return mc_client_fail (client, error);
  if (client->json)
    mc_json_print (vm->properties);
  else
    print_vm (client, vm->properties);
  return MC_EXIT_OK;
}
