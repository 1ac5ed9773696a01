/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memcoordctl metrics: what memcoord-exporter serves, once. */
#include "config.h"

#include "command.h"
#include "metrics.h"
#include "model.h"

#include <glib/gi18n.h>
#include <stdio.h>

/* @text: (nullable): NULL = the default. FALSE where it is invalid, which was printed. */
static gboolean
read_format (const char *text, McFormat *format)
{
  if (text == NULL || g_strcmp0 (text, "openmetrics") == 0)
    *format = MC_FORMAT_OPENMETRICS;
  else if (g_strcmp0 (text, "prometheus") == 0)
    *format = MC_FORMAT_PROMETHEUS;
  else
    {
      mc_command_misused ("metrics", _ ("--format takes openmetrics or prometheus, not \"%s\""),
                          text);
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse (McClient *client, int *argc, char ***argv, McFormat *format)
{
  g_autofree char *name = NULL;
  const GOptionEntry entries[] = {
    { "format", 'f', 0, G_OPTION_ARG_STRING, &name, N_ ("openmetrics (the default) or prometheus"),
      N_ ("FORMAT") },
    { NULL },
  };

  if (!mc_command_parse (client, entries, (McArity){ 0, 0 }, argc, argv)
      || !read_format (name, format))
    return FALSE;
  if (!client->json)
    return TRUE;
  mc_command_misused ("metrics", "%s",
                      _ ("metrics are not JSON: see \"memcoordctl status --json\""));
  return FALSE;
}

/* @model: (nullable) */
static void
print (McModel *model, McFormat format)
{
  g_autoptr (McMetrics) metrics = mc_metrics_new ();
  g_autofree char *text = NULL;

  if (model != NULL)
    mc_metrics_set_host (metrics, model->host);
  for (guint i = 0; model != NULL && i < model->vms->len; i++)
    mc_metrics_add_vm (metrics, ((const McModelVm *)g_ptr_array_index (model->vms, i))->properties);
  text = mc_metrics_format (metrics, format);
  /* It is UTF-8 whatever the locale, so it does not go through g_print(). */
  fputs (text, stdout);
}

int
mc_cmd_metrics (McClient *client, int argc, char **argv)
{
  McFormat format = MC_FORMAT_OPENMETRICS;
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;

  if (!parse (client, &argc, &argv, &format))
    return MC_EXIT_USAGE;
  model = mc_model_load (client, &error);
  /* A service that is away is a figure, too, for whoever collects the output. */
  print (model, format);
  return model != NULL ? MC_EXIT_OK : mc_client_fail (client, error);
}
