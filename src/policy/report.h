/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a new report of a guest says, and what is remembered of it: use, growth, swapping.
 *
 * usable is what counts, not unused: unused shrinks with every file that is read, and flatters a
 * squeezed guest. The guest's report and the balloon's size are read at different moments;
 * MemTotal, which comes with the report, shows how large the balloon was then.
 */
#pragma once

#include "policy-cycle.h"

G_BEGIN_DECLS

/* Of a capacity: what the low watermark of a small VM is, and what a guest of any size is said to
 * have nothing below a part of. */
#define MC_SMALL_LOW_PERCENT 20

/* Growth of this part of a VM's capacity between two reports is noise. */
#define MC_TRIFLE_PERCENT 2

/* Takes in a report that is new and plausible. */
void mc_report_remember (const McPolicyCycle *cycle, const McVmFacts *facts, McVmHistory *history);

/* Without MemAvailable page cache cannot be distinguished from need. */
gboolean mc_report_is_blind (const McVmFacts *facts);

/*
 * Who uses much, little, and much again, every few seconds, is taken to need what it has, all the
 * time: what it gave up each time would be asked back from the others, and they would have no rest.
 */
gboolean mc_report_toggles (const McVmHistory *history);

G_END_DECLS
