/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every part of the service works with. */
#include "config.h"

#include "context.h"

#include "counters-file.h"
#include "events.h"
#include "state-file.h"

static const McArchiveNews news
    = { .set_aside = mc_event_history_set_aside, .not_kept = mc_event_history_not_kept };

/* @state_dir: (nullable) */
static McRecorder *
new_recorder (const char *state_dir)
{
  g_autofree char *directory
      = state_dir != NULL ? g_build_filename (state_dir, "history", NULL) : NULL;

  return mc_recorder_new (directory, &news);
}

McContext *
mc_context_new (McHypervisor *hypervisor,
                McClock *clock,
                McConfig *config,
                const char *state_dir,
                const McListener *heard_by,
                gpointer listener)
{
  McContext *self = g_rc_box_new0 (McContext);

  self->hypervisor = g_object_ref (hypervisor);
  self->clock = g_object_ref (clock);
  self->store = mc_store_new (&mc_state_file_kind, state_dir);
  self->counters = mc_store_new (&mc_counters_file_kind, state_dir);
  self->recorder = new_recorder (state_dir);
  if (mc_hypervisor_is_local (hypervisor))
    {
      mc_state_file_begin_boot (self->store);
      mc_counters_file_begin_boot (self->counters);
    }
  self->settings = mc_settings_new (config, self->store);
  self->ending = g_cancellable_new ();
  self->heard_by = heard_by;
  self->listener = listener;
  return self;
}

McContext *
mc_context_ref (McContext *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  McContext *self = data;

  mc_settings_free (self->settings);
  g_object_unref (self->store);
  g_object_unref (self->counters);
  mc_recorder_free (self->recorder);
  g_object_unref (self->hypervisor);
  g_object_unref (self->clock);
  g_object_unref (self->ending);
}

void
mc_context_unref (McContext *self)
{
  g_rc_box_release_full (self, clear);
}

gboolean
mc_context_is_ending (const McContext *self)
{
  return g_cancellable_is_cancelled (self->ending);
}

const McPolicySettings *
mc_context_get_policy (const McContext *self)
{
  return mc_settings_get_policy (self->settings);
}

gint64
mc_context_now (const McContext *self)
{
  return mc_clock_now (self->clock);
}

static gboolean
is_shown (const McDomain *domain)
{
  return domain == NULL || (domain->announced && !domain->gone);
}

void
mc_context_emit_changed (McContext *self, McDomain *domain)
{
  if (is_shown (domain))
    self->heard_by->changed (self->listener, domain);
}

void
mc_context_emit_setting_changed (McContext *self,
                                 McDomain *domain,
                                 const char *setting,
                                 GVariant *before,
                                 GVariant *after,
                                 const char *origin)
{
  g_autoptr (GVariant) old = g_variant_ref_sink (before);
  g_autoptr (GVariant) new = g_variant_ref_sink (after);

  if (is_shown (domain) && !g_variant_equal (old, new))
    self->heard_by->setting_changed (self->listener, domain, setting, old, new, origin);
}

void
mc_context_want_cycle (McContext *self)
{
  self->heard_by->cycle_wanted (self->listener, FALSE);
}

void
mc_context_want_cycle_for_woken (McContext *self)
{
  self->heard_by->cycle_wanted (self->listener, TRUE);
}
