/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl status: the host, and a table of its VMs. */
#include "config.h"

#include "command.h"
#include "duration.h"
#include "forecast.h"
#include "model.h"
#include "output/json.h"
#include "output/table.h"
#include "output/times.h"
#include "setting.h"
#include "size.h"

#include <glib/gi18n.h>

/* VMs that are named in a list. */
#define OWN_AT_MOST 8

static void
add_state (McTable *table, GVariant *host)
{
  const char *state = mc_properties_text (host, "State");
  g_autofree char *text = NULL;

  text = g_strdup_printf ("%s%s", state,
                          mc_properties_flag (host, "DryRun")
                              ? _ (", dry run: decides and reports, moves nothing")
                              : "");
  mc_table_add_label (table, _ ("State"), text, mc_text_style_of_state (state));
  if (mc_properties_overrides_dry_run (host))
    mc_table_add_label (table, "",
                        mc_properties_flag (host, "DryRun")
                            ? _ ("The dry run was turned on at run time; \"memcoordctl dry-run "
                                 "off\" returns to the "
                                 "configuration")
                            : _ ("The dry run was turned off at run time; \"memcoordctl dry-run "
                                 "on\" returns to the "
                                 "configuration"),
                        MC_STYLE_WARN);
}

static void
add_reload (McTable *table, GVariant *host)
{
  const char *refused = mc_properties_text (host, "ReloadError");

  if (*refused == '\0')
    return;
  mc_table_add_label (table, _ ("Reload"), _ ("refused; the settings in force stay"), MC_STYLE_BAD);
  mc_table_add_label (table, "", refused, MC_STYLE_PLAIN);
  mc_table_add_label (table, "", _ ("Correct that, then \"memcoordctl reload\""), MC_STYLE_PLAIN);
}

/* @forecast: (nullable) */
static void
add_forecast (McTable *table, const McForecast *forecast)
{
  g_autofree char *text = forecast != NULL ? mc_forecast_summarize (forecast) : NULL;

  if (text != NULL)
    mc_table_add_label (table, _ ("Dry run"), text, MC_STYLE_PLAIN);
}

static void
add_pause (McTable *table, GVariant *host)
{
  const char *reason = mc_properties_text (host, "PauseReason");
  guint64 until = mc_properties_number (host, "PausedUntil");
  g_autofree char *time = mc_times_format (until);
  g_autofree char *text = NULL;
  gboolean inhibited = mc_properties_flag (host, "Inhibited");

  if (inhibited)
    mc_table_add_label (table, _ ("Inhibited"), _ ("yes; see \"memcoordctl inhibitors\""),
                        MC_STYLE_PLAIN);
  /* A pause without a reason and without an end shows in the state alone. */
  if (*reason == '\0' && until == 0
      && (inhibited || g_strcmp0 (mc_properties_text (host, "State"), "paused") != 0))
    return;
  text = until != 0 ? g_strdup_printf (_ ("until %s"), time)
                    : g_strdup (_ ("until \"memcoordctl resume\""));
  mc_table_add_label (table, _ ("Paused"), text, MC_STYLE_PLAIN);
  if (*reason != '\0')
    mc_table_add_label (table, "", reason, MC_STYLE_PLAIN);
}

static void
add_hypervisor (McTable *table, GVariant *host)
{
  gboolean connected = mc_properties_flag (host, "HypervisorConnected");
  g_autofree char *text = g_strdup_printf ("%s, %s", mc_properties_text (host, "HypervisorUri"),
                                           connected ? _ ("connected") : _ ("not connected"));

  mc_table_add_label (table, _ ("Hypervisor"), text, connected ? MC_STYLE_PLAIN : MC_STYLE_BAD);
}

static void
add_host (McTable *table, GVariant *host)
{
  g_autofree char *available = mc_size_format (mc_properties_number (host, "HostAvailable"));
  g_autofree char *total = mc_size_format (mc_properties_number (host, "HostTotal"));
  const char *condition = mc_properties_text (host, "HostCondition");
  g_autofree char *text = NULL;

  if (mc_properties_number (host, "HostTotal") == 0)
    {
      mc_table_add_label (table, _ ("Host"), _ ("not known yet"), MC_STYLE_PLAIN);
      return;
    }
  text = g_strdup_printf (_ ("%s: %.1f %% used, %s of %s available"), condition,
                          mc_properties_double (host, "HostUsedPercent"), available, total);
  mc_table_add_label (table, _ ("Host"), text, mc_text_style_of_state (condition));
}

static void
add_figures (McTable *table, GVariant *host)
{
  g_autofree char *promised = mc_size_format (mc_properties_number (host, "HostPromised"));
  g_autofree char *reserved = mc_size_format (mc_properties_number (host, "Reserved"));
  g_autofree char *free_for_new = mc_size_format (mc_properties_number (host, "FreeForNewVM"));
  g_autofree char *text
      = g_strdup_printf (_ ("%s promised to VMs, %s reserved, %s free for a new VM"), promised,
                         reserved, free_for_new);

  mc_table_add_label (table, "", text, MC_STYLE_PLAIN);
}

/* Returns: how many VMs have their part in the sum. */
static guint
count_reclaimed (McModel *model)
{
  guint n = 0;

  for (guint i = 0; i < model->vms->len; i++)
    {
      GVariant *vm = ((const McModelVm *)g_ptr_array_index (model->vms, i))->properties;

      if (g_strcmp0 (mc_properties_text (vm, "Status"), "managed") == 0
          && mc_properties_number (vm, "Balloon") < mc_properties_number (vm, "Maximum"))
        n++;
    }
  return n;
}

/* What it is good for, and what that costs. */
static void
add_reclaimed (McTable *table, McModel *model)
{
  g_autofree char *reclaimed = mc_size_format (mc_properties_number (model->host, "Reclaimed"));
  g_autofree char *need
      = mc_duration_format (mc_properties_number (model->host, "NeedSecondsLastHour"));
  guint n_vms = count_reclaimed (model);
  g_autofree char *text = NULL;

  if (!mc_properties_have (model->host, "NeedSecondsLastHour"))
    return; /* the service is older than this */
  if (n_vms == 0)
    text = g_strdup_printf (_ ("no VM holds less than its maximum; %s in need in the last hour"),
                            need);
  else if (n_vms == 1)
    text = g_strdup_printf (_ ("1 VM holds %s less than its maximum; %s in need in the last hour"),
                            reclaimed, need);
  else
    text = g_strdup_printf (
        _ ("%u VMs hold %s less than their maximum; %s in need in the last hour"), n_vms, reclaimed,
        need);
  mc_table_add_label (table, _ ("Reclaimed"), text, MC_STYLE_PLAIN);
}

/* @of_vms: those that VMs can have of their own, or all others. */
static void
add_limits (McTable *table, const char *label, GVariant *host, gboolean of_vms)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const McThreshold *limit = mc_host_thresholds; limit->name != NULL; limit++)
    {
      g_autofree char *value = NULL;

      if (of_vms != (mc_threshold_find (mc_vm_thresholds, limit->name) != NULL))
        continue;
      value = mc_setting_format (mc_host_thresholds, host, limit->name);
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", _ (limit->shown));
      g_string_replace (text, "%s", value, 1);
    }
  mc_table_add_label (table, label, text->str, MC_STYLE_PLAIN);
}

static void
add_thresholds (McTable *table, GVariant *host)
{
  g_autofree const char **overridden = NULL;

  add_limits (table, _ ("Watermarks"), host, TRUE);
  add_limits (table, _ ("Limits"), host, FALSE);
  if (g_variant_lookup (host, "Overridden", "^a&s", &overridden) && overridden[0] != NULL)
    mc_table_add_label (
        table, "", _ ("* changed at run time; \"memcoordctl reset\" returns to the configuration"),
        MC_STYLE_PLAIN);
}

/* VMs with thresholds of their own, as far as there is room to name them. */
static void
add_vms_own (McTable *table, McModel *model)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint named = 0, more = 0;

  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      g_autofree char *names = mc_properties_list_overridden (vm->properties);

      if (names != NULL && named == OWN_AT_MOST)
        more++;
      else if (names != NULL)
        g_string_append_printf (text, "%s%s (%s)", named++ > 0 ? ", " : "", vm->name, names);
    }
  if (named == 0)
    return;
  if (more > 0)
    {
      g_string_append_c (text, ' ');
      g_string_append_printf (text, _ ("and %u more"), more);
    }
  mc_table_add_label (table, _ ("VMs' own"), text->str, MC_STYLE_PLAIN);
  mc_table_add_label (table, "", _ ("\"memcoordctl reset VM\" returns to what holds for all VMs"),
                      MC_STYLE_PLAIN);
}

static void
print_host (const McClient *client, McModel *model, const McForecast *forecast)
{
  g_autoptr (McTable) table = mc_table_new_labels ();
  GVariant *host = model->host;

  add_state (table, host);
  add_forecast (table, forecast);
  add_reload (table, host);
  add_pause (table, host);
  add_hypervisor (table, host);
  add_host (table, host);
  add_figures (table, host);
  add_reclaimed (table, model);
  add_thresholds (table, host);
  add_vms_own (table, model);
  mc_table_print (table, client);
}

/* What a reader of the table wants to know: what keeps a VM from being managed, which is so now, or
 * else what was decided, and how long ago. */
static void
add_detail (McTable *table, GVariant *vm)
{
  const char *detail = mc_properties_text (vm, "StatusDetail");
  gboolean decided
      = g_strcmp0 (mc_properties_text (vm, "Status"), "managed") == 0 || *detail == '\0';
  g_autofree char *age = mc_times_format_age (decided ? mc_properties_number (vm, "LastChange") : 0,
                                              (guint64)g_get_real_time ());

  mc_table_add (table, age, MC_STYLE_PLAIN);
  mc_table_add (table, decided ? mc_properties_text (vm, "LastReason") : detail, MC_STYLE_PLAIN);
}

static void
print_vms (const McClient *client, McModel *model)
{
  const char *titles[]
      = { _ ("NAME"),    _ ("STATUS"),  _ ("BALLOON"), _ ("TARGET"), _ ("UNUSED"), _ ("USABLE"),
          _ ("MINIMUM"), _ ("MAXIMUM"), _ ("AGE"),     _ ("DETAIL"), NULL };
  g_autoptr (McTable) table = mc_table_new (titles, "nlrrrrrrrl");

  if (model->vms->len == 0)
    {
      g_print ("%s\n", mc_model_describe_no_vms (model));
      return;
    }
  for (guint i = 0; i < model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (model->vms, i);
      const char *status = mc_properties_text (vm->properties, "Status");

      mc_table_add (table, vm->name, MC_STYLE_PLAIN);
      mc_table_add (table, status, mc_text_style_of_state (status));
      mc_table_add_size (table, mc_properties_number (vm->properties, "Balloon"));
      mc_table_add_size (table, mc_properties_number (vm->properties, "Target"));
      mc_table_add_size (table, mc_properties_number (vm->properties, "Unused"));
      mc_table_add_size (table, mc_properties_number (vm->properties, "Usable"));
      mc_table_add_size (table, mc_properties_number (vm->properties, "Minimum"));
      mc_table_add_size (table, mc_properties_number (vm->properties, "Maximum"));
      add_detail (table, vm->properties);
    }
  mc_table_print (table, client);
}

/* @forecast: (nullable). Returns: floating: a{sv} */
static GVariant *
as_variant (McModel *model, const McForecast *forecast)
{
  GVariantBuilder members;

  g_variant_builder_init (&members, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&members, "{sv}", "host", model->host);
  g_variant_builder_add (&members, "{sv}", "vms", mc_model_vms_variant (model));
  if (forecast != NULL)
    g_variant_builder_add (&members, "{sv}", "forecast", forecast->sums);
  return g_variant_builder_end (&members);
}

/* The host that is asked now. @json: (nullable): gets what would be printed else. */
static int
show (McClient *client, GVariant **json)
{
  g_autoptr (McForecast) forecast = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (McModel) model = mc_model_load (client, &error);

  if (model == NULL)
    return mc_client_fail (client, error);
  /* The status is shown without it as well. */
  if (mc_properties_flag (model->host, "DryRun"))
    forecast = mc_forecast_load (client, NULL);
  if (json != NULL)
    {
      *json = as_variant (model, forecast);
      return MC_EXIT_OK;
    }
  print_host (client, model, forecast);
  g_print ("\n");
  print_vms (client, model);
  return MC_EXIT_OK;
}

static void
print_heading (McClient *client, const char *host, gboolean first)
{
  gboolean colored = mc_text_colored (client);

  g_print ("%s%s%s%s\n", first ? "" : "\n", mc_text_begin (colored, MC_STYLE_STRONG), host,
           mc_text_end (colored, MC_STYLE_STRONG));
}

/* One after the other. Returns: what the last one that failed would exit with. */
static int
show_hosts (McClient *client)
{
  int code = MC_EXIT_OK;
  GVariantBuilder hosts;

  g_variant_builder_init (&hosts, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; client->hosts[i] != NULL; i++)
    {
      GVariant *status = NULL;
      int of_host;

      client->host = client->hosts[i];
      if (!client->json)
        print_heading (client, client->host, i == 0);
      of_host = show (client, client->json ? &status : NULL);
      if (of_host != MC_EXIT_OK)
        code = of_host;
      if (status != NULL)
        g_variant_builder_add (&hosts, "{sv}", client->host, status);
      mc_client_disconnect (client);
    }
  if (client->json)
    mc_json_print (g_variant_builder_end (&hosts));
  else
    g_variant_builder_clear (&hosts);
  return code;
}

int
mc_cmd_status (McClient *client, int argc, char **argv)
{
  GVariant *status = NULL;
  int code;

  if (!mc_command_parse (client, NULL, (McArity){ 0, 0 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (g_strv_length (client->hosts) > 1)
    return show_hosts (client);
  code = show (client, client->json ? &status : NULL);
  if (status != NULL)
    mc_json_print (status);
  return code;
}
