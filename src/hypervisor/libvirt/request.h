/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call on its way: made on the main thread, carried out by a worker, ended on the main one. */
#pragma once

#include "calls.h"
#include "connection.h"
#include "hypervisor.h"
#include "memory-devices.h"
#include "memory-groups.h"

G_BEGIN_DECLS

typedef enum
{
  MC_REQUEST_SAMPLE,
  MC_REQUEST_DESCRIBE,
  MC_REQUEST_SET_TARGET,
  MC_REQUEST_SET_STATS_PERIOD,
  MC_REQUEST_SET_METADATA,
  MC_N_REQUEST_KINDS
} McRequestKind;

typedef struct _McRequest McRequest;

struct _McRequest
{
  /* What is asked. */
  McRequestKind kind;
  McHypervisor *hypervisor; /* is there until the request has ended */
  McConnectionPool *pool;
  char *uuid;             /* NULL for a sample */
  McSubset subset;        /* of a sample: who is asked */
  GHashTable *asleep;     /* of a sample (nullable): UUIDs of those that are not asked */
  GHashTable *groups;     /* of a sample: name → McMemoryGroup: what is left of them is read */
  guint *count;           /* of a sample (nullable): is set to how many VMs there are, before any
                             is asked; atomic, and of who outlives the request */
  guint64 value;          /* of a target or a period */
  gboolean at_once;       /* of a period */
  char *element, *stored; /* metadata */

  /* Of the main thread. */
  gpointer owner;                  /* for these two: */
  void (*begun) (McRequest *self); /* a worker has it now; NULL where nobody wants to know */
  void (*ended) (McRequest *self); /* what came of it is there; it is freed afterwards */
  GTask *task;                     /* who waits for it; NULL: nobody, or not any more */
  guint generation;                /* of the connection */
  gint64 began_us;                 /* 0: it waits for a worker */
  guint deadline;                  /* source */

  /* What came of it, of the worker until it has ended. */
  gpointer result;         /* McSample, McVmDescription */
  gboolean fine;           /* of the other kinds */
  McMemoryDevices devices; /* of a description */
  GPtrArray *vm_groups;    /* of a description (nullable): of mc_memory_groups_new() */
  GHashTable *of_vms;      /* of a sample: UUID → McMemoryDevices, read again with it */
  GPtrArray *others;       /* of a sample (nullable): who is in other subsets */
  GError *error;
};

/* @uuid: NULL for a sample */
McRequest *mc_request_new (McRequestKind kind,
                           const char *uuid,
                           McHypervisor *hypervisor,
                           McConnection *connection);
void mc_request_free (McRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McRequest, mc_request_free)

/* Worker threads: it waits for libvirtd. */
void mc_request_carry_out (McRequest *self);

G_END_DECLS
