/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the host's memory nobody has a claim to, and what a new VM could have. */
#include "config.h"

#include "headroom.h"

#include "arithmetic.h"

/* Of the margin, this part may be needed for what processes turn out to occupy. */
#define DOUBT_DIVISOR 8

guint64
mc_headroom_firm_margin (const McPolicySettings *settings)
{
  return mc_policy_tuning (settings)->margin_mib * MC_MIB;
}

guint64
mc_headroom_margin (const McPolicySettings *settings, guint64 total)
{
  guint64 part
      = per_mille (MIN (total, MC_CAPACITY_MOST), mc_policy_tuning (settings)->margin_per_mille);

  return MAX (mc_headroom_firm_margin (settings), part);
}

guint64
mc_headroom_doubted (guint64 margin, guint64 doubt)
{
  return saturating_sub (doubt, margin / DOUBT_DIVISOR);
}

gint64
mc_headroom_free (const McPolicySettings *settings, const McHostFigures *host, guint64 promised)
{
  guint64 kept = MIN (settings->thresholds.host_reserve, MC_CAPACITY_MOST)
                 + mc_headroom_margin (settings, host->total);

  return (gint64)MIN (host->available, MC_CAPACITY_MOST) - (gint64)kept - (gint64)promised;
}

guint64
mc_headroom_spare (const McVmFacts *facts,
                   McVmStatus status,
                   guint64 high_watermark,
                   guint64 minimum)
{
  guint64 headroom = MIN (facts->unused, facts->usable);

  if (status != MC_VM_MANAGED || headroom == MC_UNKNOWN || facts->balloon == MC_UNKNOWN)
    return 0;
  return MIN (saturating_sub (headroom, high_watermark), saturating_sub (facts->balloon, minimum));
}

guint64
mc_headroom_for_new_vm (gint64 free, guint64 spare, guint64 reserved)
{
  gint64 left = free + (gint64)MIN (spare, MC_CAPACITY_MOST);

  return saturating_sub ((guint64)MAX (left, 0), reserved);
}
