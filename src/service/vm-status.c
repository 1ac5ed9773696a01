/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is shown and logged of a VM's status. */
#include "config.h"

#include "vm-status.h"

#include "events.h"

/* A missed figure is a hiccup; one that is missed again is not. */
#define HICCUP_US (G_USEC_PER_SEC / 2)

/* One that has changed so often within a minute is updated when something lasts. */
#define ALTERNATES_WITHIN_US (60 * G_USEC_PER_SEC)
#define LASTS_US             (10 * G_USEC_PER_SEC)

#define STATUS_EVERY_US (60 * G_USEC_PER_SEC)

/* Whoever pauses a VM, takes it out, or suspends and resumes it, sees that at once. */
static gboolean
is_by_wish (McVmStatus status)
{
  return status == MC_VM_PAUSED || status == MC_VM_OPTED_OUT || status == MC_VM_SUSPENDED;
}

static gboolean
is_to_be_shown (const McVmStatusHistory *self, gboolean hiccup, gint64 now_us)
{
  gint64 lasted_us = now_us - self->found_us;

  if (is_by_wish (self->found) || is_by_wish (self->shown))
    return TRUE;
  if (hiccup && lasted_us < HICCUP_US)
    return FALSE;
  /* The oldest of the last changes. */
  return self->changes_us[0] == 0 || now_us - self->changes_us[0] >= ALTERNATES_WITHIN_US
         || lasted_us >= LASTS_US;
}

static void
show (McVmStatusHistory *self, gint64 now_us)
{
  self->shown = self->found;
  for (guint i = 1; i < G_N_ELEMENTS (self->changes_us); i++)
    self->changes_us[i - 1] = self->changes_us[i];
  self->changes_us[G_N_ELEMENTS (self->changes_us) - 1] = now_us;
  self->unlogged++;
}

static void
log_change (McVmStatusHistory *self, McDomain *domain, gint64 now_us)
{
  if (self->unlogged == 0 || (self->logged_us != 0 && now_us - self->logged_us < STATUS_EVERY_US))
    return;
  self->logged_us = now_us;
  if (!mc_domain_may_log (domain, now_us))
    return;
  mc_event_vm_status (domain->name, domain->uuid, mc_vm_status_nick (self->logged),
                      mc_vm_status_nick (self->shown), self->unlogged - 1);
  self->logged = self->shown;
  self->unlogged = 0;
}

void
mc_vm_status_update (
    McVmStatusHistory *self, McDomain *domain, McVmStatus found, gboolean hiccup, gint64 now_us)
{
  if (found != self->found)
    {
      self->found = found;
      self->found_us = now_us;
    }
  if (!domain->announced)
    self->logged = self->shown = found;
  else if (found != self->shown && is_to_be_shown (self, hiccup, now_us))
    show (self, now_us);
  log_change (self, domain, now_us);
}

gboolean
mc_vm_status_is_changing (const McVmStatusHistory *self)
{
  return self->found == MC_VM_BUSY && self->shown != MC_VM_BUSY;
}
