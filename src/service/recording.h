/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks every ten seconds at what is published, and records it: of a VM that sleeps, what is known
 * of it. What is recorded goes to the disk every five minutes, in the background; while nothing is
 * known of any VM, nothing is recorded. Main thread.
 */
#pragma once

#include "views.h"

G_BEGIN_DECLS

typedef struct
{
  const McHostParts *host;
  const McViews *views;
  guint timer; /* of the clock */
} McRecording;

/* @host, @views: (unowned) */
void mc_recording_init (McRecording *self, const McHostParts *host, const McViews *views);

void mc_recording_start (McRecording *self);

/* The service ends; also where it is stopped, or was never started. */
void mc_recording_stop (McRecording *self);

/* A target is in force: the last of the VM's moves. */
void mc_recording_add_move (McRecording *self, McVm *vm);

G_END_DECLS
