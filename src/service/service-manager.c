/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notifies the service manager of readiness, status, and life. */
#include "config.h"

#include "service-manager.h"

#include <systemd/sd-daemon.h>

#include "plain-text.h"

/* Messages of libvirt are part of a status; a second line in it would be an assignment to the
 * service manager. */

void
mc_service_manager_notify_ready (const char *status)
{
  g_autofree char *line = mc_plain_text (status);

  sd_notifyf (0, "READY=1\nSTATUS=%s", line);
}

void
mc_service_manager_notify_status (const char *status)
{
  g_autofree char *line = mc_plain_text (status);

  sd_notifyf (0, "STATUS=%s", line);
}

void
mc_service_manager_notify_reloading (void)
{
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
}

void
mc_service_manager_notify_stopping (void)
{
  sd_notify (0, "STOPPING=1");
}

void
mc_service_manager_notify_alive (void)
{
  sd_notify (0, "WATCHDOG=1");
}

gint64
mc_service_manager_get_watchdog_us (void)
{
  guint64 timeout_us = 0;

  /* Half of it, as sd_watchdog_enabled(3) advises. */
  return sd_watchdog_enabled (0, &timeout_us) > 0 ? (gint64)(timeout_us / 2) : 0;
}
