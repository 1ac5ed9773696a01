/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service writes into the log. */
#include "config.h"

#include "events.h"

#include "plain-text.h"
#include "size.h"

/* Fixed for ever: data/memcoord.catalog explains each. */
#define ID_STARTED               "5b1f0e0cf0f94c2d9a3f6a5d2c7e9b10"
#define ID_STOPPED               "a2c5b7d64e0f4d3ab1c86f1e7d90352b"
#define ID_VM_APPEARED           "0c9d1c8b5f8e4d65a6b5d71b5a4f8e21"
#define ID_VM_VANISHED           "d7e3a94c1b2f4f0e8c57a90b6e14d3f8"
#define ID_VM_STATUS             "3e8b6f2d97c14a0bb4d50c9e1f7a6283"
#define ID_VM_FOREIGN            "0f4b8d6a2c9e4713a5d1e86b3f70c29d"
#define ID_LEFT_OUT              "b1d47f0a62ce4c3f9d85e2a7034c9b1e"
#define ID_MEMORY_MOVED          "91f4d2a7c3e84b5f8a06b1d9e5c7f302"
#define ID_MEMORY_WOULD_MOVE     "6ad90b3e5f214c7d9e8170c4b2a5d6f1"
#define ID_TARGET_FAILED         "f02c7b91d6e54a38b3a9e8d7c1f50642"
#define ID_POLICY_CHANGED        "48e1c6a0b97d4f2c85d3f9b6a7e01c5d"
#define ID_INHIBITED             "b75d3f1e8c6a4029a1e4d0c9f2b87a63"
#define ID_UNINHIBITED           "2f9a8e7d6c5b4a1398d7e6f5a4b3c2d0"
#define ID_RESERVED              "c41e7a905b3f4d82a6e0917f5c2d8b34"
#define ID_RESERVATION_ENDED     "9f05d7c2e81b4a63b7d4c6a1f2e3950d"
#define ID_HYPERVISOR_LOST       "c8d6e4f2a1b3495d87e9f0a2b4c6d8e1"
#define ID_HYPERVISOR_BACK       "7e5c3a1908f64d2bb0d9e7c5a3f18264"
#define ID_HOST_UNREADABLE       "40f9d2c7b8e14a6d93a15e7c0b2d6f83"
#define ID_HOST_READABLE         "d98c15e3a7204f5bb6e07d1f4a3c9258"
#define ID_RESERVE_TOO_LARGE     "b3e0c6f19d2749a8856b1f4e7a0cd293"
#define ID_RESERVE_FITS          "1f7d94a2e05b4c6e93d8b6a4f2c1e750"
#define ID_PERIOD_CHANGED        "a70b5d2e94f64c18b3e6d9017fc25a48"
#define ID_VM_REFUSED            "6c3e0b9f517d4d28a4f1c8e2709b5da3"
#define ID_HOST_CONDITION        "1d3f5b7a9c8e4062af1b3d5e7c9a0b24"
#define ID_CONFIGURATION_REFUSED "e6a4c2908b7d4f1e93c5a7b9d1f3e508"
#define ID_METADATA_REFUSED      "84b2d0f6e8c94a7cb5d3f1a9e7c5b362"
#define ID_HISTORY_SET_ASIDE     "2b9e61d7f4084c3a95c0e7d13f6a8b52"
#define ID_HISTORY_NOT_KEPT      "e7104b9c6ad24f58b2f3085d9c1e6a47"
#define ID_ENTRIES_LOST          "5d0a7be1c3f24698b1e47c92a6d8f035"

void
mc_event_started (const char *version, const char *uri)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_STARTED, "MEMCOORD_VERSION",
                    version, "MEMCOORD_URI", uri, "MESSAGE", "memcoordd %s manages the VMs of %s",
                    version, uri);
}

void
mc_event_stopped (void)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_STOPPED, "MESSAGE",
                    "Stopped");
}

void
mc_event_vm_appeared (const char *name, const char *uuid)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "MESSAGE_ID", ID_VM_APPEARED, "MEMCOORD_VM",
                    name, "MEMCOORD_UUID", uuid, "MESSAGE", "%s is active", name);
}

void
mc_event_vm_vanished (const char *name, const char *uuid)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "MESSAGE_ID", ID_VM_VANISHED, "MEMCOORD_VM",
                    name, "MEMCOORD_UUID", uuid, "MESSAGE", "%s is no longer active", name);
}

void
mc_event_vm_status (
    const char *name, const char *uuid, const char *before, const char *after, guint left_out)
{
  g_autofree char *more = left_out == 0
                              ? g_strdup ("")
                              : g_strdup_printf (" (%u changes in between not logged)", left_out);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "MESSAGE_ID", ID_VM_STATUS, "MEMCOORD_VM", name,
                    "MEMCOORD_UUID", uuid, "MEMCOORD_OLD", before, "MEMCOORD_NEW", after, "MESSAGE",
                    "%s: %s, was %s%s", name, after, before, more);
}

void
mc_event_vm_foreign (const char *name, const char *uuid)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_VM_FOREIGN, "MEMCOORD_VM",
                    name, "MEMCOORD_UUID", uuid, "MESSAGE",
                    "%s is left alone: something else sets its balloon repeatedly; switch "
                    "that off, or set managed=no for this VM",
                    name);
}

void
mc_event_left_out (const char *name, const char *uuid, guint entries)
{
  g_autofree char *count = g_strdup_printf ("%u", entries);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "MESSAGE_ID", ID_LEFT_OUT, "MEMCOORD_VM", name,
                    "MEMCOORD_UUID", uuid, "MEMCOORD_COUNT", count, "MESSAGE",
                    "%s: %u log entries suppressed", name, entries);
}

void
mc_event_period_changed (const char *name, const char *uuid, guint found, guint wanted)
{
  g_autofree char *old = g_strdup_printf ("%u", wanted);
  g_autofree char *new = g_strdup_printf ("%u", found);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "MESSAGE_ID", ID_PERIOD_CHANGED, "MEMCOORD_VM",
                    name, "MEMCOORD_UUID", uuid, "MEMCOORD_OLD", old, "MEMCOORD_NEW", new,
                    "MESSAGE",
                    "%s: somebody else has set its statistics period to %u s; it was set to %u s",
                    name, found, wanted);
}

void
mc_event_vm_refused (const char *name, const char *uuid, const char *what, const char *why)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_VM_REFUSED, "MEMCOORD_VM",
                    name, "MEMCOORD_UUID", uuid, "MEMCOORD_WHAT", what, "MESSAGE",
                    "%s: libvirt did not %s: %s", name, what, why);
}

static void
log_move (GLogLevelFlags level,
          const char *id,
          const char *name,
          const char *uuid,
          guint64 from,
          guint64 to,
          const char *reason,
          const char *message)
{
  g_autofree char *from_text = g_strdup_printf ("%" G_GUINT64_FORMAT, from);
  g_autofree char *to_text = g_strdup_printf ("%" G_GUINT64_FORMAT, to);

  g_log_structured (G_LOG_DOMAIN, level, "MESSAGE_ID", id, "MEMCOORD_VM", name, "MEMCOORD_UUID",
                    uuid, "MEMCOORD_FROM", from_text, "MEMCOORD_TO", to_text, "MEMCOORD_REASON",
                    reason, "MESSAGE", "%s", message);
}

void
mc_event_memory_moved (const char *name,
                       const char *uuid,
                       guint64 from,
                       guint64 to,
                       const char *reason,
                       const char *sentence)
{
  g_autofree char *before = mc_size_format (from);
  g_autofree char *after = mc_size_format (to);
  g_autofree char *message = g_strdup_printf ("%s: %s → %s: %s", name, before, after, sentence);

  log_move (G_LOG_LEVEL_INFO, ID_MEMORY_MOVED, name, uuid, from, to, reason, message);
}

void
mc_event_memory_would_move (const char *name,
                            const char *uuid,
                            guint64 from,
                            guint64 to,
                            const char *reason,
                            const char *sentence)
{
  g_autofree char *before = mc_size_format (from);
  g_autofree char *after = mc_size_format (to);
  g_autofree char *message
      = g_strdup_printf ("%s: would go from %s to %s: %s", name, before, after, sentence);

  log_move (G_LOG_LEVEL_INFO, ID_MEMORY_WOULD_MOVE, name, uuid, from, to, reason, message);
}

void
mc_event_target_failed (const char *name, const char *uuid, guint64 to, const char *message)
{
  g_autofree char *to_text = g_strdup_printf ("%" G_GUINT64_FORMAT, to);
  g_autofree char *size = mc_size_format (to);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_TARGET_FAILED,
                    "MEMCOORD_VM", name, "MEMCOORD_UUID", uuid, "MEMCOORD_TO", to_text, "MESSAGE",
                    "%s: cannot set the balloon to %s: %s", name, size, message);
}

/* A setting's value as people write it; on the bus sizes are bytes, and moments microseconds. */
static char *
readable (const char *setting, GVariant *value)
{
  g_autoptr (GDateTime) moment = NULL;
  guint64 number;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_print (value, FALSE);
  number = g_variant_get_uint64 (value);
  if (!g_str_equal (setting, "PausedUntil"))
    return mc_size_format_exact (number);
  moment = g_date_time_new_from_unix_local ((gint64)(number / G_USEC_PER_SEC));
  return number == 0 || moment == NULL ? g_strdup ("unset") : g_date_time_format (moment, "%F %T");
}

void
mc_event_policy_changed (const char *name,
                         const char *uuid,
                         const char *setting,
                         GVariant *before,
                         GVariant *after,
                         const char *origin)
{
  g_autofree char *old = g_variant_print (before, FALSE), *new = g_variant_print (after, FALSE);
  g_autofree char *was = readable (setting, before), *is = readable (setting, after);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_POLICY_CHANGED,
                    "MEMCOORD_VM", name != NULL ? name : "", "MEMCOORD_UUID",
                    uuid != NULL ? uuid : "", "MEMCOORD_SETTING", setting, "MEMCOORD_OLD", old,
                    "MEMCOORD_NEW", new, "MEMCOORD_ORIGIN", origin, "MESSAGE",
                    "%s%s%s is %s, was %s (by %s)", name != NULL ? name : "",
                    name != NULL ? ": " : "", setting, is, was, origin);
}

void
mc_event_inhibited (const char *who, const char *why, guint uid, guint pid)
{
  g_autofree char *uid_text = g_strdup_printf ("%u", uid);
  g_autofree char *pid_text = g_strdup_printf ("%u", pid);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_INHIBITED, "MEMCOORD_WHO",
                    who, "MEMCOORD_WHY", why, "MEMCOORD_UID", uid_text, "MEMCOORD_PID", pid_text,
                    "MESSAGE", "Balancing is inhibited by %s (uid %u, pid %u): %s", who, uid, pid,
                    why);
}

void
mc_event_uninhibited (const char *who)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_UNINHIBITED, "MEMCOORD_WHO",
                    who, "MESSAGE", "%s no longer inhibits balancing", who);
}

static void
log_reservation (const char *message_id, const char *id, guint64 bytes, const char *message)
{
  g_autofree char *bytes_text = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", message_id,
                    "MEMCOORD_RESERVATION", id, "MEMCOORD_BYTES", bytes_text, "MESSAGE", "%s",
                    message);
}

void
mc_event_reserved (const char *id, guint64 bytes)
{
  g_autofree char *size = mc_size_format (bytes);
  g_autofree char *message = g_strdup_printf ("%s are held for a VM about to start (%s)", size, id);

  log_reservation (ID_RESERVED, id, bytes, message);
}

void
mc_event_reservation_ended (const char *id, guint64 bytes)
{
  g_autofree char *size = mc_size_format (bytes);
  g_autofree char *message = g_strdup_printf (
      "Reservation %s has ended; %s of it were still held, and are free again", id, size);

  log_reservation (ID_RESERVATION_ENDED, id, bytes, message);
}

void
mc_event_hypervisor_lost (const char *uri, const char *why)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_HYPERVISOR_LOST,
                    "MEMCOORD_URI", uri, "MESSAGE", "Nothing is moved: %s", why);
}

void
mc_event_hypervisor_back (const char *uri)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_HYPERVISOR_BACK,
                    "MEMCOORD_URI", uri, "MESSAGE", "The hypervisor is reachable again");
}

void
mc_event_host_unreadable (const char *why)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_HOST_UNREADABLE, "MESSAGE",
                    "Nothing is moved until the host's memory can be read: %s", why);
}

void
mc_event_host_readable (void)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_HOST_READABLE, "MESSAGE",
                    "The host's memory can be read again");
}

void
mc_event_reserve_too_large (const char *why)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_RESERVE_TOO_LARGE,
                    "MESSAGE", "Nothing is moved: %s", why);
}

void
mc_event_reserve_fits (void)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_RESERVE_FITS, "MESSAGE",
                    "HostReserve is below HostTotal again");
}

void
mc_event_host_condition (const char *before, const char *after, guint64 available)
{
  g_autofree char *available_text = g_strdup_printf ("%" G_GUINT64_FORMAT, available);
  g_autofree char *size = mc_size_format (available);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_HOST_CONDITION,
                    "MEMCOORD_OLD", before, "MEMCOORD_NEW", after, "MEMCOORD_AVAILABLE",
                    available_text, "MESSAGE", "The host is %s, was %s; %s are available", after,
                    before, size);
}

void
mc_event_history_set_aside (const char *path, const char *aside, const char *why)
{
  g_autofree char *shown = mc_plain_text (path);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_HISTORY_SET_ASIDE,
                    "MEMCOORD_FILE", shown, "MESSAGE", "The history in %s is not used: %s%s%s",
                    shown, why, aside != NULL ? "; the file is now " : "",
                    aside != NULL ? aside : "");
}

void
mc_event_history_not_kept (const char *why)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_HISTORY_NOT_KEPT, "MESSAGE",
                    "History is not kept: %s", why);
}

void
mc_event_entries_lost (guint64 n_entries)
{
  g_autofree char *count = g_strdup_printf ("%" G_GUINT64_FORMAT, n_entries);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_ENTRIES_LOST,
                    "MEMCOORD_LOST", count, "MESSAGE",
                    "%s log entries were lost while the journal did not answer", count);
}

void
mc_event_configuration_refused (const char *message)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_CONFIGURATION_REFUSED,
                    "MESSAGE", "The configuration was refused; the settings in force stay: %s",
                    message);
}

void
mc_event_metadata_refused (const char *name, const char *uuid, const char *message)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", ID_METADATA_REFUSED,
                    "MEMCOORD_VM", name, "MEMCOORD_UUID", uuid, "MESSAGE",
                    "%s is not managed, as its memcoord metadata is invalid: %s", name, message);
}
