/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what a guest reports can be: its figures are input from a stranger. */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* Whether its figures are implausible: beyond its capacity, or of another size altogether. */
gboolean mc_plausibility_contradicts (const McVmFacts *facts, const McVmHistory *history);

/* Takes in whether they can be. Call after the report was taken in. */
void mc_plausibility_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history);

G_END_DECLS
