/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * org.freedesktop.LogControl1: how much is logged, to be asked and changed at run time, as
 * "systemctl service-log-level" does. Root, and the user that the service runs as, may change it.
 * Main thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MC_LOG_CONTROL_PATH "/org/freedesktop/LogControl1"

#define MC_TYPE_LOG_CONTROL (mc_log_control_get_type ())
G_DECLARE_FINAL_TYPE (McLogControl, mc_log_control, MC, LOG_CONTROL, GObject)

/* Returns: (transfer full): exported until it is freed. */
McLogControl *
mc_log_control_new (GDBusConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
