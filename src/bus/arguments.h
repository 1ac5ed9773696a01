/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What callers may say. Their texts go into logs, sentences and terminals, so these hold no more
 * than people write. Each fails with MC_SERVICE_ERROR_INVALID_ARGUMENT and a message that names the
 * argument. Any thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @text is UTF-8, as all strings of D-Bus are. */
gboolean mc_argument_check_text (const char *argument,
                                 const char *text,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and not empty. */
gboolean mc_argument_check_name (const char *argument,
                                 const char *text,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Each a name. */
gboolean mc_argument_check_names (const char *argument,
                                  const char *const *names,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @values: a{st}: at least one, each name once. */
gboolean mc_argument_check_values (const char *argument,
                                   GVariant *values,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
