/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a guest was asked, and what it can have come to use since: no more memory than its
 * processors had time to fill, which is known without asking it.
 */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

/* Take in whether it was asked in this cycle, before what it reported; the time that its process
 * has used, after that; and that there was a report that is new. */
void mc_asked_remember (gint64 now_us, const McVmFacts *facts, McVmHistory *history);
void mc_asked_remember_look (gint64 now_us, const McVmFacts *facts, McVmHistory *history);
void mc_asked_remember_report (gint64 now_us, const McVmFacts *facts, McVmHistory *history);

/* Returns: how long it took to come about, what is seen now and was not at the time @then_us: of
 * one that its own CPU time woke, since it was last seen to be calm. */
gint64 mc_asked_elapsed_us (gint64 now_us, gint64 then_us, const McVmHistory *history);

/* Returns: the most that it can have come to use since its newest report, and will in @ahead_us
 * more. */
guint64 mc_asked_filled_most (const McVmFacts *facts, const McVmHistory *history, gint64 ahead_us);

/* Returns: of one that has slept since its newest report, or was asleep when it was made, how much
 * less it can have than it reported. */
guint64 mc_asked_filled_meanwhile (const McVmFacts *facts, const McVmHistory *history);

G_END_DECLS
