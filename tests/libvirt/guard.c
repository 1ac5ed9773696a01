/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "guard.h"

#include <dlfcn.h>
#include <glib.h>
#include <libvirt/libvirt.h>
#include <unistd.h>

static pid_t guarded;
static GMutex lock;
static GHashTable *calls; /* name → number */

void
mc_guard_main_thread (void)
{
  guarded = gettid ();
}

static void
count (const char *name)
{
  gsize number;

  g_mutex_lock (&lock);
  if (calls == NULL)
    calls = g_hash_table_new (g_str_hash, g_str_equal);
  number = GPOINTER_TO_SIZE (g_hash_table_lookup (calls, name)) + 1;
  g_hash_table_insert (calls, (gpointer)name, GSIZE_TO_POINTER (number));
  g_mutex_unlock (&lock);
}

GHashTable *
mc_guard_take_calls (void)
{
  GHashTable *taken;

  g_mutex_lock (&lock);
  taken = calls != NULL ? g_steal_pointer (&calls) : g_hash_table_new (g_str_hash, g_str_equal);
  g_mutex_unlock (&lock);
  return taken;
}

/* The library's own function, which stays found. */
static void *
pass (gsize *found, const char *name)
{
  count (name);
  if (gettid () == guarded)
    {
      g_printerr ("%s() was called on the main thread\n", name);
      g_abort ();
    }
  if (g_once_init_enter (found))
    g_once_init_leave (found, (gsize)dlsym (RTLD_NEXT, name));
  return (void *)*found;
}

/* What each VM of a call costs libvirtd, where a test wants it to: VM_COSTS_US in the environment.
 */
static int
wait_for_vms (int n_vms)
{
  const char *us = g_getenv ("VM_COSTS_US");

  if (us != NULL && n_vms > 0)
    g_usleep ((gulong)n_vms * (gulong)g_ascii_strtoull (us, NULL, 10));
  return n_vms;
}

#define GUARD(type, name, parameters, arguments) GUARD_THEN (, type, name, parameters, arguments)
#define GUARD_THEN(then, type, name, parameters, arguments)                                        \
  type name parameters                                                                             \
  {                                                                                                \
    static gsize found;                                                                            \
    type (*real) parameters = pass (&found, #name);                                                \
                                                                                                   \
    return then (real arguments);                                                                  \
  }

GUARD (virConnectPtr, virConnectOpen, (const char *name), (name))
GUARD (int, virConnectClose, (virConnectPtr conn), (conn))
GUARD (int,
       virConnectSetKeepAlive,
       (virConnectPtr conn, int interval, unsigned int count),
       (conn, interval, count))
GUARD (int,
       virConnectRegisterCloseCallback,
       (virConnectPtr conn, virConnectCloseFunc cb, void *opaque, virFreeCallback freecb),
       (conn, cb, opaque, freecb))
GUARD (int,
       virConnectUnregisterCloseCallback,
       (virConnectPtr conn, virConnectCloseFunc cb),
       (conn, cb))
GUARD (int,
       virConnectDomainEventRegisterAny,
       (virConnectPtr conn,
        virDomainPtr dom,
        int id,
        virConnectDomainEventGenericCallback cb,
        void *opaque,
        virFreeCallback freecb),
       (conn, dom, id, cb, opaque, freecb))
GUARD (int, virConnectDomainEventDeregisterAny, (virConnectPtr conn, int id), (conn, id))
GUARD_THEN (
    wait_for_vms,
    int,
    virConnectGetAllDomainStats,
    (virConnectPtr conn, unsigned int stats, virDomainStatsRecordPtr **records, unsigned int flags),
    (conn, stats, records, flags))
GUARD (
    int,
    virNodeGetMemoryStats,
    (virConnectPtr conn, int cell, virNodeMemoryStatsPtr params, int *nparams, unsigned int flags),
    (conn, cell, params, nparams, flags))
GUARD (virDomainPtr,
       virDomainLookupByUUIDString,
       (virConnectPtr conn, const char *uuid),
       (conn, uuid))
GUARD (char *, virDomainGetXMLDesc, (virDomainPtr domain, unsigned int flags), (domain, flags))
GUARD (int, virDomainIsPersistent, (virDomainPtr domain), (domain))
GUARD (int,
       virConnectListAllDomains,
       (virConnectPtr connection, virDomainPtr **domains, unsigned int flags),
       (connection, domains, flags))
GUARD_THEN (wait_for_vms,
            int,
            virDomainListGetStats,
            (virDomainPtr * domains,
             unsigned int stats,
             virDomainStatsRecordPtr **records,
             unsigned int flags),
            (domains, stats, records, flags))
GUARD (int, virDomainGetInfo, (virDomainPtr domain, virDomainInfoPtr info), (domain, info))
GUARD (int,
       virDomainMemoryStats,
       (virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned int n, unsigned int flags),
       (domain, stats, n, flags))
GUARD (int,
       virDomainSetMemoryFlags,
       (virDomainPtr domain, unsigned long memory, unsigned int flags),
       (domain, memory, flags))
GUARD (int,
       virDomainSetMemoryStatsPeriod,
       (virDomainPtr domain, int period, unsigned int flags),
       (domain, period, flags))
GUARD (int,
       virDomainSetMetadata,
       (virDomainPtr domain,
        int type,
        const char *metadata,
        const char *key,
        const char *uri,
        unsigned int flags),
       (domain, type, metadata, key, uri, flags))
