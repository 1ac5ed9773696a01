/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy's own numbers: what nobody sets, and what was chosen by trying. All are whole numbers
 * of the unit in their name. What the important ones trade is shown by tests/simulator.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  /* What a guest once used, and how fast it once grew, is expected to come back: in full for a
   * while, and then less and less. */
  guint hold_s;
  guint half_life_s;

  /* The headroom that a VM wants is the larger of the two. */
  guint surge_times;      /* so many reports' worth of the fastest growth that was seen */
  guint headroom_percent; /* of its capacity */

  guint floor_percent; /* of the low watermark: what a VM is left with when everyone is short */
  guint swap_percent;  /* of a step: what a guest that swaps asks for, for each such report */
  guint ahead_percent; /* of a step: freed for it beyond what it can be given at once */

  /* Beside the host's reserve. The margin, for what grows unmanaged between two cycles, is the
   * larger of the first two; who swaps is granted what it has above the first. */
  guint margin_mib;
  guint margin_per_mille;   /* of the host's memory */
  guint pool_percent;       /* of the largest VM's capacity: kept free for whoever needs it next */
  guint pool_slack_percent; /* of that: may be missing before anybody is asked for it */

  /* How long a VM keeps what it was given, while … */
  guint keep_in_comfort_s;  /* … nothing presses */
  guint keep_when_tight_s;  /* … the host is used above its limit */
  guint keep_for_pool_s;    /* … the pool is low */
  guint keep_from_need_s;   /* … others are in need */
  guint keep_after_start_s; /* what a VM was started with, while no other VM needs it and the host
                               is not tight */
  guint comfort_pace_s;     /* between two releases of one VM while nothing presses */

  /* What is worth a move, in percent of a VM's capacity. */
  guint trifle_percent;         /* at all */
  guint need_trifle_percent;    /* when others need it */
  guint tight_trifle_percent;   /* when the host is tight or the pool is low */
  guint comfort_trifle_percent; /* when nothing presses */
  guint squeeze_percent;      /* to a VM that even its share would leave below its low watermark */
  guint comfort_step_percent; /* the most that is released at once when nothing presses */

  /* How long a guest is not asked. */
  guint sleep_turn_s;  /* at the most; 0 = all are asked in every cycle */
  guint sleep_least_s; /* for so long one is asleep, at the CPU time that it uses, or awake */
} McTuning;

extern const McTuning mc_tuning_default;

G_END_DECLS
