/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which calls are under way, and how many more each sender may have. Any one thread. */
#pragma once

#include "access.h"

G_BEGIN_DECLS

typedef struct _McLedger McLedger;

McLedger *mc_ledger_new (void);
void mc_ledger_free (McLedger *self);

/* A call has come, and is under way until it is answered. @awaited: whether its sender wants to
 * have the answer. FALSE where there are too many already. */
gboolean mc_ledger_enter (McLedger *self,
                          const char *sender,
                          guint32 serial,
                          McCallKind kind,
                          gboolean awaited) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): why that was FALSE, for the sender. */
char *mc_ledger_describe_limit (McCallKind kind);

/* A call has been answered. Returns: whether its sender wants to have the answer. */
gboolean mc_ledger_leave (McLedger *self, const char *sender, guint32 serial);

G_END_DECLS
