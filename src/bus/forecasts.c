/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers to Forecast(). */
#include "config.h"

#include "forecasts.h"

#include "error.h"
#include "forecast-run.h"
#include "names.h"

/* One forecast, and what becomes of it where those who asked are gone. */
typedef struct
{
  McForecasts *owner; /* NULL: nobody waits any more */
  McForecastRun *run;
  GQueue waiting; /* (element-type GDBusMethodInvocation): for this one */
  GVariant *vms, *sums;
  gint64 took_us;
} Job;

struct _McForecasts
{
  McCoordinator *coordinator;
  GQueue waiting; /* (element-type GDBusMethodInvocation): for the next one */
  Job *under_way; /* (unowned) (nullable): its thread's, and then its idle source's */
  guint rest;     /* source: until the next one */
};

static void
caller_refuse (gpointer data)
{
  g_dbus_method_invocation_return_error_literal (data, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                                                 "The service is ending");
}

static void
job_free (Job *job)
{
  g_queue_clear_full (&job->waiting, caller_refuse);
  mc_forecast_run_free (job->run);
  g_clear_pointer (&job->vms, g_variant_unref);
  g_clear_pointer (&job->sums, g_variant_unref);
  g_free (job);
}

static GVariant *
build_vms (const McForecastRun *run)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ottss)"));
  for (gsize i = 0; i < mc_forecast_run_count_vms (run); i++)
    {
      const char *uuid;
      const McVmForecast *vm = mc_forecast_run_get_vm (run, i, &uuid);
      g_autofree char *path = mc_vm_path (uuid);

      g_variant_builder_add (&list, "(ottss)", path, vm->from, vm->to,
                             mc_vm_status_nick (vm->status), mc_reason_nick (vm->reason));
    }
  return g_variant_builder_end (&list);
}

static GVariant *
build_sums (const McForecast *sum)
{
  if (sum == NULL)
    return g_variant_new_parsed ("@a{sv} {}");
  return g_variant_new_parsed (
      "{'Taken': <%t>, 'TakenFrom': <%u>, 'Given': <%t>, 'GivenTo': <%u>, 'Short': <%u>, "
      "'HostAvailable': <%t>, 'Seconds': <%u>, 'AtRest': <%b>}",
      sum->taken, sum->taken_from, sum->given, sum->given_to, sum->n_short, sum->host_available,
      (guint)(sum->until_us / G_USEC_PER_SEC), sum->at_rest);
}

static void forecast_begin (McForecasts *self);

static gboolean
on_rested (gpointer user_data)
{
  McForecasts *self = user_data;

  self->rest = 0;
  forecast_begin (self);
  return G_SOURCE_REMOVE;
}

/* Anybody may ask, again and again: for half a processor at the most. */
static void
rest (McForecasts *self, gint64 took_us)
{
  self->under_way = NULL;
  self->rest = g_timeout_add ((guint)(took_us / G_TIME_SPAN_MILLISECOND), on_rested, self);
}

/* One answer a turn of the main loop: each may be as long as there are VMs. */
static gboolean
on_made (gpointer user_data)
{
  Job *job = user_data;
  GDBusMethodInvocation *invocation = g_queue_pop_head (&job->waiting);

  if (job->owner != NULL && invocation != NULL)
    mc_dbus_mem_coord1_complete_forecast (NULL, invocation, job->vms, job->sums);
  else if (invocation != NULL)
    caller_refuse (invocation);
  if (!g_queue_is_empty (&job->waiting))
    return G_SOURCE_CONTINUE;
  if (job->owner != NULL)
    rest (job->owner, job->took_us);
  job_free (job);
  return G_SOURCE_REMOVE;
}

static gpointer
make (gpointer data)
{
  Job *job = data;
  gint64 began_us = g_get_monotonic_time ();

  mc_forecast_run_carry_out (job->run);
  job->vms = g_variant_ref_sink (build_vms (job->run));
  job->sums = g_variant_ref_sink (build_sums (mc_forecast_run_get_sum (job->run)));
  job->took_us = g_get_monotonic_time () - began_us;
  g_idle_add_full (G_PRIORITY_DEFAULT, on_made, job, NULL);
  return NULL;
}

static void
forecast_begin (McForecasts *self)
{
  Job *job;

  if (self->under_way != NULL || self->rest != 0 || g_queue_is_empty (&self->waiting))
    return;
  job = g_new0 (Job, 1);
  job->owner = self;
  job->run = mc_forecast_run_new (mc_coordinator_get_parts (self->coordinator));
  job->waiting = self->waiting;
  g_queue_init (&self->waiting);
  self->under_way = job;
  g_thread_unref (g_thread_new ("forecast", make, job));
}

void
mc_forecasts_ask (McForecasts *self, GDBusMethodInvocation *invocation)
{
  g_queue_push_tail (&self->waiting, invocation);
  forecast_begin (self);
}

McForecasts *
mc_forecasts_new (McCoordinator *coordinator)
{
  McForecasts *self = g_new0 (McForecasts, 1);

  self->coordinator = coordinator;
  g_queue_init (&self->waiting);
  return self;
}

void
mc_forecasts_free (McForecasts *self)
{
  if (self->under_way != NULL)
    {
      self->under_way->owner = NULL;
      g_queue_clear_full (&self->under_way->waiting, caller_refuse);
    }
  g_clear_handle_id (&self->rest, g_source_remove);
  g_queue_clear_full (&self->waiting, caller_refuse);
  g_free (self);
}
