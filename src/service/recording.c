/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records what is published. */
#include "config.h"

#include "recording.h"

#include <math.h>

#include "size.h"

#define EVERY_US (MC_HISTORY_FINE_S * G_USEC_PER_SEC)

static gint64
wall_now (const McRecording *self)
{
  return mc_clock_wall (self->host->context->clock);
}

static McHistoryRow
row_new (gint64 wall_us)
{
  McHistoryRow row = { .step = (guint32)(wall_us / EVERY_US) };

  for (guint i = 0; i < MC_HISTORY_MOST_COLUMNS; i++)
    row.figures[i] = NAN;
  return row;
}

static float
figure_of (guint64 bytes)
{
  return bytes == MC_UNKNOWN ? NAN : (float)bytes;
}

static void
record_host (const McRecording *self, gint64 wall_us)
{
  const McHostView *view = &self->views->host;
  McHistoryRow row = row_new (wall_us);

  if (!mc_host_state_has_figures (&self->host->state))
    return;
  row.figures[MC_HISTORY_HOST_TOTAL] = (float)view->host_total;
  row.figures[MC_HISTORY_HOST_AVAILABLE] = (float)view->host_available;
  row.figures[MC_HISTORY_HOST_PROMISED] = (float)view->host_promised;
  row.figures[MC_HISTORY_HOST_CONDITION] = (float)view->host_condition;
  row.figures[MC_HISTORY_HOST_RECLAIMED] = (float)view->reclaimed;
  mc_recorder_add (self->host->context->recorder, NULL, &row);
}

static void
record_guest (McHistoryRow *row, const McVmFacts *facts, const McVmHistory *history)
{
  row->figures[MC_HISTORY_VM_UNUSED] = figure_of (facts->unused);
  row->figures[MC_HISTORY_VM_USABLE] = figure_of (facts->usable);
  row->figures[MC_HISTORY_VM_AVAILABLE] = figure_of (facts->available);
  row->figures[MC_HISTORY_VM_SWAP_IN_RATE] = (float)history->swap_in_rate;
  row->figures[MC_HISTORY_VM_SWAP_OUT_RATE] = (float)history->swap_out_rate;
  if (facts->balloon != MC_UNKNOWN && facts->unused != MC_UNKNOWN)
    row->figures[MC_HISTORY_VM_USED] = (float)saturating_sub (facts->balloon, facts->unused);
}

/* Figures of a guest that has fallen silent would look like those of one at rest. */
static gboolean
is_heard (McVm *vm, const McVmFacts *facts)
{
  gboolean hangs = mc_vm_get_parts (vm)->domain.facts.busy;

  return facts->stats_time_s > 0 && !hangs && mc_vm_get_status (vm) != MC_VM_STALE;
}

static void
record_vm (const McRecording *self, McVm *vm, gint64 wall_us)
{
  McVmFacts facts = mc_vm_get_facts (vm, FALSE);
  McHistoryRow row = row_new (wall_us);

  row.figures[MC_HISTORY_VM_BALLOON] = figure_of (facts.balloon);
  row.figures[MC_HISTORY_VM_TARGET]
      = figure_of (facts.target == MC_UNKNOWN ? facts.balloon : facts.target);
  row.figures[MC_HISTORY_VM_RESIDENT] = figure_of (facts.resident);
  row.figures[MC_HISTORY_VM_MAXIMUM] = figure_of (facts.policy.maximum);
  if (is_heard (vm, &facts))
    record_guest (&row, &facts, mc_vm_get_history (vm));
  mc_recorder_add (self->host->context->recorder, mc_vm_get_uuid (vm), &row);
}

static void
record_all (const McRecording *self, gint64 wall_us)
{
  const GPtrArray *vms = self->host->fleet.vms;

  if (self->host->state.degraded != NULL || !self->host->fleet.synced)
    return;
  record_host (self, wall_us);
  for (guint i = 0; i < vms->len; i++)
    if (mc_vm_get_parts (vms->pdata[i])->domain.announced)
      record_vm (self, vms->pdata[i], wall_us);
}

static void
sweep (const McRecording *self, gint64 wall_us)
{
  const GPtrArray *vms = self->host->fleet.vms;
  GHashTable *present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < vms->len; i++)
    g_hash_table_add (present, g_strdup (mc_vm_get_uuid (vms->pdata[i])));
  mc_recorder_sweep (self->host->context->recorder, present, wall_us / G_USEC_PER_SEC);
}

/* With the end of a coarse step, whose row is then written once. */
static void
flush_due (const McRecording *self, gint64 wall_us)
{
  if (wall_us / EVERY_US % MC_HISTORY_FINES != MC_HISTORY_FINES - 1)
    return;
  mc_recorder_flush (self->host->context->recorder);
  if (self->host->fleet.synced)
    sweep (self, wall_us);
}

static void on_time (gpointer user_data);

/* At the begin of the next step by the wall, which may have been set meanwhile. */
static void
wait_for_step (McRecording *self)
{
  gint64 left_us = EVERY_US - wall_now (self) % EVERY_US;

  self->timer = mc_clock_call_at (self->host->context->clock,
                                  mc_context_now (self->host->context) + left_us, on_time, self);
}

static void
on_time (gpointer user_data)
{
  McRecording *self = user_data;
  gint64 wall_us = wall_now (self);

  self->timer = 0;
  record_all (self, wall_us);
  flush_due (self, wall_us);
  wait_for_step (self);
}

void
mc_recording_init (McRecording *self, const McHostParts *host, const McViews *views)
{
  *self = (McRecording){ .host = host, .views = views };
}

void
mc_recording_start (McRecording *self)
{
  wait_for_step (self);
}

void
mc_recording_stop (McRecording *self)
{
  mc_clock_cancel (self->host->context->clock, &self->timer);
}

void
mc_recording_add_move (McRecording *self, McVm *vm)
{
  const GPtrArray *moves = mc_vm_get_moves (vm);
  const McVmMove *last = moves->pdata[moves->len - 1];
  McLoggedMove move = { .time_us = last->time, .from = last->from, .to = last->to };

  g_strlcpy (move.code, mc_reason_nick (last->reason), sizeof move.code);
  mc_recorder_add_move (self->host->context->recorder, mc_vm_get_uuid (vm), &move);
}
