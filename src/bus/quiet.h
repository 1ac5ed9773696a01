/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which figures have changed by enough to be sent: less is noise, and rest is to be silent. Any
 * thread. */
#pragma once

#include "size.h"

G_BEGIN_DECLS

/* Less than this is noise, in every figure of bytes. */
#define MC_QUIET_BYTES MC_MIB

/* To and from nothing is always worth sending: it is where a figure begins to be known. */
gboolean mc_quiet_has_moved (guint64 shown, guint64 now, guint64 quiet);

G_END_DECLS
