/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is shown and logged of a VM: what lasts. A guest that alternates between sound and absurd
 * figures, or a process that is busy now and then because somebody else asks it, too, must neither
 * fill the log nor make the bus busy.
 */
#include "config.h"

#include "coordinator-private.h"
#include "events.h"

/* A missed figure is a hiccup; one that is missed again is not. */
#define HICCUP_US (G_USEC_PER_SEC / 2)

/* One that has changed so often within a minute is shown anew when something lasts. */
#define RESTLESS_WITHIN_US (60 * G_USEC_PER_SEC)
#define LASTS_US           (10 * G_USEC_PER_SEC)

#define STATUS_EVERY_US (60 * G_USEC_PER_SEC)

/* Entries about one VM: so many at once, one more in each so long, and one now and then that counts
 * what was left out: 60 in the first hour at the most. */
#define ENTRIES_AT_ONCE   18
#define ENTRY_EVERY_US    (100 * G_USEC_PER_SEC)
#define LEFT_OUT_EVERY_US (600 * G_USEC_PER_SEC)

gboolean
mc_vm_may_log (McVm *self, gint64 now_us)
{
  McVmEntries *entries = &self->entries;
  gint64 again = (now_us - entries->counted_us) / ENTRY_EVERY_US;

  entries->n -= (guint)MIN (entries->n, again);
  entries->counted_us = entries->n == 0 ? now_us : entries->counted_us + again * ENTRY_EVERY_US;
  if (entries->left_out > 0 && now_us - entries->left_out_us >= LEFT_OUT_EVERY_US)
    {
      mc_event_left_out (self->view.name, self->uuid, entries->left_out);
      entries->left_out = 0;
    }
  if (entries->n < ENTRIES_AT_ONCE)
    {
      entries->n++;
      return TRUE;
    }
  if (entries->left_out++ == 0)
    entries->left_out_us = now_us;
  return FALSE;
}

/* Its own process did not answer, and it is not known to be kept from it. */
static gboolean
may_be_a_hiccup (McVm *self, McVmStatus found)
{
  return found == MC_VM_BUSY && self->facts.busy && !self->target.late;
}

/* Whoever pauses a VM, takes it out, or suspends and resumes it, sees that at once. */
static gboolean
is_by_wish (McVmStatus status)
{
  return status == MC_VM_PAUSED || status == MC_VM_OPTED_OUT || status == MC_VM_SUSPENDED;
}

static gboolean
is_to_be_shown (McVm *self, gint64 now_us)
{
  const McVmStatusHistory *history = &self->status;
  gint64 lasted_us = now_us - history->found_us;

  if (!self->announced || is_by_wish (history->found) || is_by_wish (history->shown))
    return TRUE;
  if (may_be_a_hiccup (self, history->found) && lasted_us < HICCUP_US)
    return FALSE;
  /* The oldest of the last changes. */
  return history->changes_us[0] == 0 || now_us - history->changes_us[0] >= RESTLESS_WITHIN_US
         || lasted_us >= LASTS_US;
}

static void
show (McVm *self, gint64 now_us)
{
  McVmStatusHistory *history = &self->status;

  history->shown = history->found;
  if (!self->announced)
    {
      history->logged = history->shown;
      return;
    }
  for (guint i = 1; i < G_N_ELEMENTS (history->changes_us); i++)
    history->changes_us[i - 1] = history->changes_us[i];
  history->changes_us[G_N_ELEMENTS (history->changes_us) - 1] = now_us;
  history->unlogged++;
}

static void
log_status (McVm *self, gint64 now_us)
{
  McVmStatusHistory *history = &self->status;

  if (history->unlogged == 0
      || (history->logged_us != 0 && now_us - history->logged_us < STATUS_EVERY_US))
    return;
  history->logged_us = now_us;
  if (!mc_vm_may_log (self, now_us))
    return;
  mc_event_vm_status (self->view.name, self->uuid, mc_vm_status_nick (history->logged),
                      mc_vm_status_nick (history->shown), history->unlogged - 1);
  history->logged = history->shown;
  history->unlogged = 0;
}

void
mc_vm_follow_status (McVm *self, gint64 now_us)
{
  McVmStatusHistory *history = &self->status;
  McVmStatus found = self->decision.status;

  /* What is only tried again after a failure is not well yet. */
  if (found == MC_VM_MANAGED && self->target.refusal.times > 0 && self->decision.move)
    found = MC_VM_BUSY;
  if (found != history->found)
    {
      history->found = found;
      history->found_us = now_us;
    }
  if (found != history->shown && is_to_be_shown (self, now_us))
    show (self, now_us);
  log_status (self, now_us);
}
