/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every part of the service works with, and how a part speaks upward: it knows nobody above
 * it, and says here what has happened. Main thread.
 *
 * An origin says who asked, for people: ":1.42 uid 1000", "configuration", "metadata", "timer",
 * "disk".
 */
#pragma once

#include "clock.h"
#include "domain.h"
#include "recorder.h"
#include "settings.h"
#include "store.h"

G_BEGIN_DECLS

/* Who hears of it. @domain: of the VM that it is about, or NULL for the host. */
typedef struct
{
  /* Something that is published, and that the next cycle uses. */
  void (*changed) (gpointer listener, McDomain *domain);

  /* After "changed". */
  void (*setting_changed) (gpointer listener,
                           McDomain *domain,
                           const char *setting,
                           GVariant *before,
                           GVariant *after,
                           const char *origin);

  /* Something happened that the next cycle should not wait for. @for_woken: VMs that slept are to
   * be asked */
  void (*cycle_wanted) (gpointer listener, gboolean for_woken);

  /* What a cycle brought can be published. @pressing: the next one should come early. */
  void (*cycle_ended) (gpointer listener, gboolean pressing);

  /* The configuration was read again, and is in force. */
  void (*reloaded) (gpointer listener);

  /* It can be shown; it is gone. */
  void (*vm_added) (gpointer listener, McDomain *domain);
  void (*vm_removed) (gpointer listener, McDomain *domain);

  /* A target that was decided on is in force. */
  void (*vm_moved) (
      gpointer listener, McDomain *domain, guint64 from, guint64 to, const char *sentence);

  /* The call that was to set a target has ended, after "vm_moved". @error: (nullable) */
  void (*target_ended) (gpointer listener, McDomain *domain, const GError *error);
} McListener;

typedef struct
{
  McHypervisor *hypervisor;
  McClock *clock;
  McStore *store;       /* of what was set, and of notes about VMs */
  McStore *counters;    /* of what is counted */
  McRecorder *recorder; /* of the past */
  McSettings *settings;
  GCancellable *ending; /* cancelled when the service ends: nothing is begun any more */
  const McListener *heard_by;
  gpointer listener;
} McContext;

/* @config: (transfer full); @state_dir: (nullable) */
McContext *mc_context_new (McHypervisor *hypervisor,
                           McClock *clock,
                           McConfig *config,
                           const char *state_dir,
                           const McListener *heard_by,
                           gpointer listener);
McContext *mc_context_ref (McContext *self);
void mc_context_unref (McContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McContext, mc_context_unref)

gboolean mc_context_is_ending (const McContext *self);

/* Returns: the thresholds in force, without what is reserved. */
const McPolicySettings *mc_context_get_policy (const McContext *self);

gint64 mc_context_now (const McContext *self);

/* For the parts. Nothing is said of a VM that nobody has seen yet, or that is gone. */
void mc_context_emit_changed (McContext *self, McDomain *domain);

/* Where the two values differ. Both are consumed where they are floating. */
void mc_context_emit_setting_changed (McContext *self,
                                      McDomain *domain,
                                      const char *setting,
                                      GVariant *before,
                                      GVariant *after,
                                      const char *origin);

void mc_context_want_cycle (McContext *self);

/* Where many VMs wake after each other it is not for each of them. */
void mc_context_want_cycle_for_woken (McContext *self);

G_END_DECLS
