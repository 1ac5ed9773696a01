/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the service would end, as it forecasts it. */
#include "config.h"

#include "forecast.h"

#include "duration.h"
#include "model.h"
#include "output/paragraph.h"
#include "size.h"

#include <glib/gi18n.h>

/* Such a VM is managed once its guest reports: what it would come to is not known now. */
static gboolean
is_silent (const char *status)
{
  static const char *const silent[] = { "booting", "busy", "no-stats", "stale", NULL };

  return g_strv_contains (silent, status);
}

static McForecast *
forecast_new (GVariant *answer)
{
  McForecast *self = g_new0 (McForecast, 1);
  g_autoptr (GVariantIter) vms = NULL;
  const char *path, *status;
  guint64 from, to;

  self->ends = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (answer == NULL)
    {
      self->sums = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
      return self;
    }
  g_variant_get (answer, "(a(ottss)@a{sv})", &vms, &self->sums);
  while (g_variant_iter_next (vms, "(&ott&ss)", &path, &from, &to, &status, NULL))
    {
      self->n_vms++;
      self->n_silent += is_silent (status);
      if (from > 0)
        g_hash_table_insert (self->ends, g_strdup (path), g_memdup2 (&to, sizeof to));
    }
  return self;
}

McForecast *
mc_forecast_load (McClient *client, GError **error)
{
  GError *problem = NULL;
  McForecast *self;
  g_autoptr (GVariant) answer = mc_client_read (client, MC_ROOT_PATH, MC_ROOT_INTERFACE, "Forecast",
                                                NULL, "(a(ottss)a{sv})", &problem);

  if (problem != NULL && !mc_client_is_late (problem)
      && !g_error_matches (problem, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  self = forecast_new (answer);
  self->is_late = problem != NULL && mc_client_is_late (problem);
  g_clear_error (&problem);
  return self;
}

void
mc_forecast_free (McForecast *self)
{
  g_variant_unref (self->sums);
  g_hash_table_unref (self->ends);
  g_free (self);
}

gboolean
mc_forecast_lookup (const McForecast *self, const char *path, guint64 *end)
{
  const guint64 *known = g_hash_table_lookup (self->ends, path);

  if (known != NULL)
    *end = *known;
  return known != NULL;
}

static gboolean
moves_nothing (const McForecast *self)
{
  return mc_properties_number (self->sums, "TakenFrom") == 0
         && mc_properties_number (self->sums, "GivenTo") == 0;
}

char *
mc_forecast_summarize (const McForecast *self)
{
  g_autofree char *taken = mc_size_format (mc_properties_number (self->sums, "Taken"));
  g_autofree char *given = mc_size_format (mc_properties_number (self->sums, "Given"));

  if (g_variant_n_children (self->sums) == 0)
    return NULL;
  if (moves_nothing (self) && self->n_silent > 0)
    return g_strdup_printf (_ ("would move nothing yet; %u of %u VMs do not report"),
                            self->n_silent, self->n_vms);
  if (moves_nothing (self))
    return g_strdup (_ ("would move nothing"));
  return g_strdup_printf (_ ("would take %s and give %s in all; see \"memcoordctl plan\""), taken,
                          given);
}

static void
print_moves (const McForecast *self)
{
  guint n_vms = g_hash_table_size (self->ends);
  g_autofree char *taken = mc_size_format (mc_properties_number (self->sums, "Taken"));
  g_autofree char *given = mc_size_format (mc_properties_number (self->sums, "Given"));

  mc_paragraph_print (_ ("In all: %s taken from %u of %u VMs, %s given to %u."), taken,
                      (guint)mc_properties_number (self->sums, "TakenFrom"), n_vms, given,
                      (guint)mc_properties_number (self->sums, "GivenTo"));
}

static void
print_host (const McForecast *self)
{
  g_autofree char *available = mc_size_format (mc_properties_number (self->sums, "HostAvailable"));
  g_autofree char *after = mc_duration_format_short (mc_properties_number (self->sums, "Seconds"));

  mc_paragraph_print (_ ("After about %s the host would have %s available."), after, available);
}

static void
print_sum (const McForecast *self)
{
  if (!moves_nothing (self))
    {
      print_moves (self);
      print_host (self);
    }
  else if (self->n_silent < self->n_vms)
    mc_paragraph_print ("%s", _ ("Nothing would be moved while guests use what they use now."));
  if (self->n_silent > 0)
    mc_paragraph_print (_ ("Not known of %u of %u VMs, whose guests report nothing yet, or no "
                           "longer: ask again when they do."),
                        self->n_silent, self->n_vms);
}

void
mc_forecast_print (const McForecast *self)
{
  guint n_short = (guint)mc_properties_number (self->sums, "Short");

  if (g_variant_n_children (self->sums) == 0 && !self->is_late)
    return;
  g_print ("\n");
  if (self->is_late)
    {
      mc_paragraph_print ("%s", _ ("It takes too long to find where that would end: there are many "
                                   "VMs, or many who ask."));
      return;
    }
  print_sum (self);
  if (n_short > 0)
    mc_paragraph_print (_ ("Short of memory even then: %u of %u VMs."), n_short,
                        g_hash_table_size (self->ends));
  if (!mc_properties_flag (self->sums, "AtRest"))
    mc_paragraph_print ("%s", _ ("Memory would still be moved after that."));
}
