/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a monitoring system is to know. It may wake somebody: critical is what somebody has to look
 * at now, warning what somebody should look at by day. A host that fills up, a libvirtd that is
 * restarted and a guest that boots pass by themselves, so each counts once it has lasted; and what
 * somebody did on purpose and ends by itself counts once it was forgotten.
 */
#include "config.h"

#include "health.h"

#include "output/text.h"
#include "output/times.h"
#include "plain-text.h"
#include "size.h"

#include <glib/gi18n.h>

/* A pause with an end, and an inhibitor, that last longer than this were forgotten. */
#define FORGOTTEN_S (24 * 60 * 60)

/* VMs that are named in a finding, and how much of each name. */
#define NAMED_AT_MOST 4
#define NAME_AT_MOST  33

typedef struct
{
  GVariant *host;
  McModel *model;
  const McPatience *patience;
  guint64 now_us;
  GPtrArray *findings;
} Judge;

const char *
mc_health_name (McHealth health)
{
  static const char *const names[] = {
    [MC_HEALTH_OK] = "OK",
    [MC_HEALTH_WARNING] = "WARNING",
    [MC_HEALTH_CRITICAL] = "CRITICAL",
    [MC_HEALTH_UNKNOWN] = "UNKNOWN",
  };

  g_return_val_if_fail ((guint)health < G_N_ELEMENTS (names), "UNKNOWN");
  return names[health];
}

void
mc_finding_free (McFinding *self)
{
  g_free (self->text);
  g_free (self);
}

/* @text: (transfer full) */
static McFinding *
finding_new (McHealth health, char *text)
{
  McFinding *self = g_new (McFinding, 1);

  *self = (McFinding){ health, mc_plain_text (text) };
  g_free (text);
  return self;
}

static void
add (Judge *self, McHealth health, char *text)
{
  g_ptr_array_add (self->findings, finding_new (health, text));
}

/* What has no beginning has always been so: the service is older than these properties. */
static guint64
age_of (const Judge *self, GVariant *properties, const char *since)
{
  guint64 began_us = mc_properties_number (properties, since);

  return self->now_us > began_us ? (self->now_us - began_us) / G_USEC_PER_SEC : 0;
}

static char *
format_age (const Judge *self, GVariant *properties, const char *since)
{
  return mc_times_format_age (mc_properties_number (properties, since), self->now_us);
}

/* The service and the host */

static void
judge_degraded (Judge *self)
{
  gboolean lasts = age_of (self, self->host, "StateSince") >= self->patience->critical_s;
  g_autofree char *age = format_age (self, self->host, "StateSince");

  add (self, lasts ? MC_HEALTH_CRITICAL : MC_HEALTH_WARNING,
       mc_properties_flag (self->host, "HypervisorConnected")
           ? g_strdup_printf (_ ("degraded for %s: nothing is moved; see \"memcoordctl status\""),
                              age)
           : g_strdup_printf (_ ("degraded for %s: %s is not connected, and nothing is moved"), age,
                              mc_properties_text (self->host, "HypervisorUri")));
}

/* It connects within seconds, or is degraded soon. */
static void
judge_starting (Judge *self)
{
  gboolean lasts = age_of (self, self->host, "StateSince") >= self->patience->critical_s;
  g_autofree char *age = format_age (self, self->host, "StateSince");

  add (self, lasts ? MC_HEALTH_CRITICAL : MC_HEALTH_OK,
       g_strdup_printf (_ ("starting for %s"), age));
}

/* Returns: (transfer full) */
static char *
describe_pause (const Judge *self)
{
  const char *reason = mc_properties_text (self->host, "PauseReason");
  guint64 until_us = mc_properties_number (self->host, "PausedUntil");
  gboolean inhibited = mc_properties_flag (self->host, "Inhibited");
  g_autofree char *until = mc_times_format (until_us);
  g_autofree char *age = format_age (self, self->host, "StateSince");
  g_autofree char *shown = *reason != '\0' ? g_strconcat (": ", reason, NULL) : g_strdup ("");

  if (until_us > 0)
    return g_strdup_printf (_ ("paused until %s%s"), until, shown);
  if (inhibited && *reason == '\0')
    return g_strdup_printf (_ ("inhibited for %s; see \"memcoordctl inhibitors\""), age);
  return g_strdup_printf (_ ("paused for %s, until \"memcoordctl resume\"%s"), age, shown);
}

static void
judge_paused (Judge *self)
{
  gboolean forever = mc_properties_number (self->host, "PausedUntil") == 0
                     && (!mc_properties_flag (self->host, "Inhibited")
                         || *mc_properties_text (self->host, "PauseReason") != '\0');
  guint64 patience_s = forever ? self->patience->warning_s : FORGOTTEN_S;
  gboolean lasts = age_of (self, self->host, "StateSince") >= patience_s;

  add (self, lasts ? MC_HEALTH_WARNING : MC_HEALTH_OK, describe_pause (self));
}

static void
judge_state (Judge *self)
{
  static const struct
  {
    const char *state;
    void (*judge) (Judge *self);
  } states[] = {
    { "degraded", judge_degraded },
    { "starting", judge_starting },
    { "paused", judge_paused },
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_strcmp0 (states[i].state, mc_properties_text (self->host, "State")) == 0)
      states[i].judge (self);
}

/* A host that is above its limit has VMs that can spare nothing, or gets below it in a while. */
static void
judge_condition (Judge *self)
{
  const char *condition = mc_properties_text (self->host, "HostCondition");
  guint64 lasted_s = age_of (self, self->host, "HostConditionSince");
  g_autofree char *age = format_age (self, self->host, "HostConditionSince");
  g_autofree char *available = mc_size_format (mc_properties_number (self->host, "HostAvailable"));
  g_autofree char *reserve = mc_size_format (mc_properties_number (self->host, "HostReserve"));

  if (g_strcmp0 (condition, "critical") == 0)
    add (self, lasted_s >= self->patience->critical_s ? MC_HEALTH_CRITICAL : MC_HEALTH_WARNING,
         g_strdup_printf (_ ("the host is critical for %s: %s available, its reserve is %s"), age,
                          available, reserve));
  else if (g_strcmp0 (condition, "tight") == 0 && lasted_s >= self->patience->warning_s)
    add (self, MC_HEALTH_WARNING,
         g_strdup_printf (_ ("the host is tight for %s: used above its limit of %u %%"), age,
                          (guint)mc_properties_number (self->host, "HostUsageLimit")));
}

static void
judge_settings (Judge *self)
{
  const char *refused = mc_properties_text (self->host, "ReloadError");

  if (*refused != '\0')
    add (self, MC_HEALTH_WARNING,
         g_strdup_printf (_ ("the last reload was refused, and a restart may fail: %s"), refused));
  if (!mc_properties_flag (self->host, "DryRun"))
    return;
  if (mc_properties_overrides_dry_run (self->host))
    add (self, MC_HEALTH_WARNING,
         g_strdup (_ ("dry run, turned on at run time: nothing is moved")));
  else
    add (self, MC_HEALTH_OK, g_strdup (_ ("dry run, as configured")));
}

/* The VMs */

gboolean
mc_health_is_short (GVariant *vm)
{
  return mc_properties_number (vm, "ShortSince") > 0;
}

/* Some never report, or never had a balloon: that is how they were made. */
gboolean
mc_health_is_lost (GVariant *vm)
{
  static const char *const always[] = { "stuck", "busy", "stale", "foreign", NULL };
  static const char *const once_managed[] = { "no-stats", "unsupported", NULL };
  const char *status = mc_properties_text (vm, "Status");

  return g_strv_contains (always, status)
         || (g_strv_contains (once_managed, status) && mc_properties_number (vm, "LastChange") > 0);
}

/* Returns: (transfer full): "web (stuck, 12m)" */
static char *
describe_vm (const Judge *self, const McModelVm *vm, const char *since, gboolean with_status)
{
  const char *status = mc_properties_text (vm->properties, "Status");
  g_autofree char *plain = mc_plain_text (vm->name);
  /* A name may be as long as somebody likes, and identifies its VM at both ends. */
  g_autofree char *name = mc_text_shorten (plain, NAME_AT_MOST);
  g_autofree char *age = format_age (self, vm->properties, since);

  return with_status ? g_strdup_printf ("%s (%s, %s)", name, status, age)
                     : g_strdup_printf ("%s (%s)", name, age);
}

/* Returns: (transfer full) (nullable): those for which that has lasted; NULL = none */
static char *
list_vms (const Judge *self,
          gboolean (*is_so) (GVariant *vm),
          const char *since,
          gboolean with_status)
{
  GString *list = g_string_new (NULL);
  guint named = 0, more = 0;

  for (guint i = 0; i < self->model->vms->len; i++)
    {
      const McModelVm *vm = g_ptr_array_index (self->model->vms, i);
      g_autofree char *described = NULL;

      if (!is_so (vm->properties)
          || age_of (self, vm->properties, since) < self->patience->warning_s)
        continue;
      described = named < NAMED_AT_MOST ? describe_vm (self, vm, since, with_status) : NULL;
      if (described != NULL)
        g_string_append_printf (list, "%s%s", named++ > 0 ? ", " : "", described);
      else
        more++;
    }
  if (more > 0)
    {
      g_string_append_c (list, ' ');
      g_string_append_printf (list, _ ("and %u more"), more);
    }
  return g_string_free (list, named == 0);
}

static void
judge_vms (Judge *self)
{
  g_autofree char *starving = list_vms (self, mc_health_is_short, "ShortSince", FALSE);
  g_autofree char *lost = list_vms (self, mc_health_is_lost, "StatusSince", TRUE);

  if (starving != NULL)
    add (self, MC_HEALTH_WARNING,
         g_strdup_printf (_ ("in need of memory, and given none: %s"), starving));
  if (lost != NULL)
    add (self, MC_HEALTH_WARNING, g_strdup_printf (_ ("cannot be managed: %s"), lost));
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const McFinding *left = *(McFinding *const *)a, *right = *(McFinding *const *)b;

  return (int)right->health - (int)left->health;
}

/* While nothing is read, what is shown of the host and its VMs is old. */
gboolean
mc_health_is_known (GVariant *host)
{
  const char *state = mc_properties_text (host, "State");

  return g_strcmp0 (state, "degraded") != 0 && g_strcmp0 (state, "starting") != 0;
}

GPtrArray *
mc_health_judge (McModel *model, const McPatience *patience, guint64 now_us)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func ((GDestroyNotify)mc_finding_free);
  Judge self = { model->host, model, patience, now_us, findings };

  judge_state (&self);
  if (mc_health_is_known (model->host))
    {
      judge_condition (&self);
      judge_vms (&self);
    }
  judge_settings (&self);
  g_ptr_array_sort (findings, compare); /* stable */
  return findings;
}

/* Down, or silent, is known to be bad; what cannot be asked is not known. */
McFinding *
mc_health_judge_error (const GError *error)
{
  static const char *const down[] = { "org.freedesktop.DBus.Error.ServiceUnknown",
                                      "org.freedesktop.DBus.Error.NameHasNoOwner", NULL };
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autoptr (GError) copy = g_error_copy (error);

  if (name != NULL && g_strv_contains (down, name))
    return finding_new (MC_HEALTH_CRITICAL, g_strdup (_ ("memcoordd is not running")));
  if (mc_client_is_late (error))
    return finding_new (MC_HEALTH_CRITICAL, g_strdup (_ ("memcoordd does not answer")));
  g_dbus_error_strip_remote_error (copy);
  return finding_new (MC_HEALTH_UNKNOWN, g_strdup (copy->message));
}
