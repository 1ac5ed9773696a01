/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl check: one line for a monitoring system, as its plugins print it. */
#include "config.h"

#include "command.h"
#include "duration.h"
#include "health.h"
#include "output/json.h"
#include "size.h"

#include <glib/gi18n.h>

#define WARNING_S  (10 * 60)
#define CRITICAL_S 60

/* NRPE and others give up on a plugin after ten seconds, and never hear why. */
#define PATIENCE_MS 4000

/* Some monitoring systems take a kilobyte of all, and the figures need a good third of it. */
#define TEXT_AT_MOST 600

typedef struct
{
  guint64 managed, lost, starving, paused, reclaimed;
} Sums;

static Sums
sum_up (McModel *model)
{
  Sums sums = { 0 };

  for (guint i = 0; i < model->vms->len; i++)
    {
      GVariant *vm = ((const McModelVm *)g_ptr_array_index (model->vms, i))->properties;
      const char *status = mc_properties_text (vm, "Status");
      guint64 maximum = mc_properties_number (vm, "Maximum");
      gboolean managed = g_strcmp0 (status, "managed") == 0;

      sums.managed += managed ? 1 : 0;
      sums.paused += g_strcmp0 (status, "paused") == 0 ? 1 : 0;
      sums.lost += mc_health_is_lost (vm) ? 1 : 0;
      sums.starving += mc_health_is_short (vm) ? 1 : 0;
      if (managed)
        sums.reclaimed += saturating_sub (maximum, mc_properties_number (vm, "Balloon"));
    }
  return sums;
}

/* Figures for graphs: 'label'=value[unit];warning;critical;least;most, in the C locale. */

static void
append_count (GString *line, const char *label, guint64 value)
{
  g_string_append_printf (line, " %s=%" G_GUINT64_FORMAT ";;;0", label, value);
}

static void
append_bytes (GString *line, const char *label, guint64 value, const char *critical, guint64 most)
{
  g_string_append_printf (line, " %s=%" G_GUINT64_FORMAT "B;;%s;0;%" G_GUINT64_FORMAT, label, value,
                          critical, most);
}

static void
append_figures (GString *line, McModel *model)
{
  GVariant *host = model->host;
  Sums sums = sum_up (model);
  guint64 total = mc_properties_number (host, "HostTotal");
  char used[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *below
      = g_strdup_printf ("%" G_GUINT64_FORMAT ":", mc_properties_number (host, "HostReserve"));

  g_ascii_formatd (used, sizeof used, "%.1f", mc_properties_double (host, "HostUsedPercent"));
  g_string_append_printf (line, "host_used=%s%%;%" G_GUINT64_FORMAT ";;0;100", used,
                          mc_properties_number (host, "HostUsageLimit"));
  append_bytes (line, "host_available", mc_properties_number (host, "HostAvailable"), below, total);
  append_bytes (line, "host_promised", mc_properties_number (host, "HostPromised"), "", total);
  append_bytes (line, "reserved", mc_properties_number (host, "Reserved"), "", total);
  append_bytes (line, "free_for_new_vm", mc_properties_number (host, "FreeForNewVM"), "", total);
  g_string_append_printf (line, " reclaimed=%" G_GUINT64_FORMAT "B;;;0", sums.reclaimed);
  append_count (line, "vms", model->vms->len);
  append_count (line, "vms_managed", sums.managed);
  append_count (line, "vms_in_need", sums.starving);
  append_count (line, "vms_lost", sums.lost);
  append_count (line, "vms_paused", sums.paused);
}

/* Returns: (transfer full): how it is doing, whether well or not */
static char *
summarise (McModel *model)
{
  GVariant *host = model->host;
  g_autofree char *available = mc_size_format (mc_properties_number (host, "HostAvailable"));
  g_autofree char *total = mc_size_format (mc_properties_number (host, "HostTotal"));

  return g_strdup_printf (
      _ ("%s, host %s: %.1f %% used, %s of %s available, %u VMs"),
      mc_properties_text (host, "State"), mc_properties_text (host, "HostCondition"),
      mc_properties_double (host, "HostUsedPercent"), available, total, model->vms->len);
}

/* Nothing in the text may begin the figures, and it ends where some would cut the line. */
static void
bound (GString *text)
{
  for (char *at = text->str; *at != '\0'; at++)
    if (*at == '|')
      *at = '?';
  if (text->len <= TEXT_AT_MOST)
    return;
  g_string_truncate (
      text, (gsize)(g_utf8_find_prev_char (text->str, text->str + TEXT_AT_MOST) - text->str));
  g_string_append (text, "…");
}

/* @model: (nullable) */
static void
print_line (McHealth health, GPtrArray *findings, McModel *model)
{
  gboolean known = model != NULL && mc_health_is_known (model->host)
                   && mc_properties_number (model->host, "HostTotal") > 0;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) figures = g_string_new (NULL);
  g_autofree char *summary = known ? summarise (model) : NULL;

  for (guint i = 0; i < findings->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "",
                            ((const McFinding *)findings->pdata[i])->text);
  if (summary != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", summary);
  bound (text);
  if (known)
    {
      g_string_append (figures, " | ");
      append_figures (figures, model);
    }
  g_print ("MEMCOORD %s: %s%s\n", mc_health_name (health), text->str, figures->str);
}

static void
print_json (McHealth health, GPtrArray *findings, McModel *model)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < findings->len; i++)
    {
      const McFinding *finding = findings->pdata[i];

      g_variant_builder_add_value (&list, g_variant_new_parsed ("{'Health': <%s>, 'Text': <%s>}",
                                                                mc_health_name (finding->health),
                                                                finding->text));
    }
  mc_json_print (
      g_variant_new_parsed ("{'Health': <%s>, 'Findings': <%@aa{sv}>, 'host': <%@a{sv}>}",
                            mc_health_name (health), g_variant_builder_end (&list),
                            model != NULL ? model->host : g_variant_new_parsed ("@a{sv} {}")));
}

static int
report (const McClient *client, GPtrArray *findings, McModel *model)
{
  McHealth health
      = findings->len > 0 ? ((const McFinding *)findings->pdata[0])->health : MC_HEALTH_OK;

  if (client->json)
    print_json (health, findings, model);
  else
    print_line (health, findings, model);
  return (int)health;
}

/* @text: (nullable): NULL leaves what is there. FALSE where it is invalid, which was printed. */
static gboolean
read_patience (const char *text, guint64 *seconds)
{
  if (text == NULL || mc_duration_parse (text, seconds))
    return TRUE;
  mc_command_misused ("check", _ ("\"%s\" is not a duration: write 90s, 10m, 2h or 1d"), text);
  return FALSE;
}

static gboolean
parse (McClient *client, int *argc, char ***argv, McPatience *patience)
{
  g_autofree char *warning = NULL;
  g_autofree char *critical = NULL;
  const GOptionEntry entries[] = {
    { "warning", 'w', 0, G_OPTION_ARG_STRING, &warning,
      N_ ("Warn of what has lasted this long (default: 10m)"), N_ ("TIME") },
    { "critical", 'c', 0, G_OPTION_ARG_STRING, &critical,
      N_ ("Be critical of what has lasted this long (default: 1m)"), N_ ("TIME") },
    { NULL },
  };

  return mc_command_parse (client, entries, (McArity){ 0, 0 }, argc, argv)
         && read_patience (warning, &patience->warning_s)
         && read_patience (critical, &patience->critical_s);
}

int
mc_cmd_check (McClient *client, int argc, char **argv)
{
  McPatience patience = { WARNING_S, CRITICAL_S };
  g_autoptr (McModel) model = NULL;
  g_autoptr (GPtrArray) findings = NULL;
  g_autoptr (GError) error = NULL;

  if (!parse (client, &argc, &argv, &patience))
    return MC_HEALTH_UNKNOWN;
  client->patience_ms = PATIENCE_MS;
  model = mc_model_load (client, &error);
  if (model != NULL)
    {
      findings = mc_health_judge (model, &patience, (guint64)g_get_real_time ());
      return report (client, findings, model);
    }
  findings = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_finding_free);
  g_ptr_array_add (findings, mc_health_judge_error (error));
  return report (client, findings, NULL);
}
