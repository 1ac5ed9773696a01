/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in force: the configuration, and over it what was set at run time, which the store keeps.
 * Main thread. Everything is all or nothing: on an error nothing has changed.
 */
#pragma once

#include "config-file.h"
#include "store.h"

G_BEGIN_DECLS

typedef struct _McSettings McSettings;

/*
 * @config: (transfer full); @store: (transfer none). What the store has and does not fit (any more)
 * is dropped, with a warning in the log that names it.
 */
McSettings *mc_settings_new (McConfig *config, McStore *store);
void mc_settings_free (McSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSettings, mc_settings_free)

/* Returns: (transfer none): in force, until the next change. */
const McPolicySettings *mc_settings_get_policy (const McSettings *self);
const McConfig *mc_settings_get_config (const McSettings *self);

/* Returns: (transfer full): the thresholds that were set at run time, by the bus's names. */
char **mc_settings_list_overridden (const McSettings *self);
gboolean mc_settings_get_dry_run (const McSettings *self);

/* @values: a{st}, by the bus's names. Errors: MC_THRESHOLD_ERROR. */
gboolean
mc_settings_set (McSettings *self, GVariant *values, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Back to the configuration. @names: NULL or empty = all thresholds. Errors: MC_THRESHOLD_ERROR. */
gboolean mc_settings_reset (McSettings *self,
                            const char *const *names,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is in force now, to return to. */
typedef struct _McSettingsState McSettingsState;

McSettingsState *mc_settings_get_state (const McSettings *self);
void mc_settings_state_free (McSettingsState *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSettingsState, mc_settings_state_free)

void mc_settings_return_to (McSettings *self, const McSettingsState *state);

void mc_settings_set_dry_run (McSettings *self, gboolean dry_run);

/*
 * Takes a configuration that was read again, @config: (transfer full). Fails, with nothing changed,
 * where what was set at run time conflicts with it. A dry run that was set at run time gives way to
 * a configuration that changed it.
 */
gboolean
mc_settings_reload (McSettings *self, McConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
