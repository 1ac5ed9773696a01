/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that is published, brought up to date together: the host's view and those of the VMs,
 * and the line that the service manager shows. Nothing is decided here, and nothing is kept on the
 * disk. Main thread.
 */
#pragma once

#include "host-view.h"

G_BEGIN_DECLS

/* Zero-initialised: nothing was published. */
typedef struct
{
  McHostView host;
  McHostCondition condition; /* that was logged */
  char *status;              /* that the service manager was notified of, or NULL */
} McViews;

void mc_views_update (McViews *self, const McHostParts *host);

/* That of one VM alone. */
void mc_views_update_vm (const McHostParts *host, McVm *vm);
void mc_views_clear (McViews *self);

G_END_DECLS
