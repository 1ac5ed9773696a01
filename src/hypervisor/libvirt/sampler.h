/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sample of every VM after the other, each by its deadline, past VMs whose process hangs. Main
 * thread. */
#pragma once

#include "connection.h"
#include "known-vms.h"
#include "thread-pool.h"

G_BEGIN_DECLS

typedef struct _McSampler McSampler;

/* The parts belong to @hypervisor, which owns the sampler. */
McSampler *mc_sampler_new (McHypervisor *hypervisor,
                           McConnection *connection,
                           McThreadPool *threads,
                           McKnownVms *vms);

/* Drops who still waits. */
void mc_sampler_free (McSampler *self);

/* @task: (transfer full): is given the sample, as mc_hypervisor_sample_async() has it. */
void mc_sampler_begin (McSampler *self, gint64 deadline_us, GTask *task);

/* Whoever waits gets this error. */
void mc_sampler_fail (McSampler *self, McHypervisorError code, const char *message);

G_END_DECLS
