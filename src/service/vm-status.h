/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is shown and logged of a VM's status: what lasts. A guest that alternates between sound and
 * absurd figures, or a process that is busy now and then because somebody else asks it, too, must
 * neither fill the log nor make the bus busy. What makes a VM stuck: progress.h. Main thread.
 */
#pragma once

#include "domain.h"

G_BEGIN_DECLS

/* Zero-initialised: nothing was decided yet. */
typedef struct
{
  McVmStatus found; /* by the last decision */
  gint64 found_us;  /* since when */
  McVmStatus shown;
  gint64 changes_us[6]; /* when another was shown, the oldest first; 0 = never */
  McVmStatus logged;
  gint64 logged_us;
  guint unlogged; /* changes that were shown since */
} McVmStatusHistory;

/*
 * After a decision. Where nobody has seen the VM yet everything is shown, and nothing logged.
 * @hiccup: its process did not answer, and it is not known to be kept from it.
 */
void mc_vm_status_update (
    McVmStatusHistory *self, McDomain *domain, McVmStatus found, gboolean hiccup, gint64 now_us);

/* Whether another status is about to be shown. */
gboolean mc_vm_status_is_changing (const McVmStatusHistory *self);

G_END_DECLS
