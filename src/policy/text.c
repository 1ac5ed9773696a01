/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision in words. */
#include "config.h"

#include "policy.h"

static const char *const status_nicks[MC_N_VM_STATUSES] = {
  [MC_VM_MANAGED] = "managed",
  [MC_VM_PAUSED] = "paused",
  [MC_VM_OPTED_OUT] = "opted-out",
  [MC_VM_BOOTING] = "booting",
  [MC_VM_BUSY] = "busy",
  [MC_VM_SUSPENDED] = "suspended",
  [MC_VM_NO_STATS] = "no-stats",
  [MC_VM_STALE] = "stale",
  [MC_VM_STUCK] = "stuck",
  [MC_VM_INEFFECTIVE] = "ineffective",
  [MC_VM_UNSUPPORTED] = "unsupported",
};

static const char *const reason_nicks[MC_N_REASONS] = {
  [MC_REASON_NONE] = "none",
  [MC_REASON_ENOUGH] = "enough",
  [MC_REASON_NEEDS] = "needs",
  [MC_REASON_SWAPPING] = "swapping",
  [MC_REASON_GROWS] = "grows",
  [MC_REASON_CACHE] = "cache",
  [MC_REASON_BELOW_MINIMUM] = "below-minimum",
  [MC_REASON_ABOVE_MAXIMUM] = "above-maximum",
  [MC_REASON_RELEASES] = "releases",
  [MC_REASON_HOST_TIGHT] = "host-tight",
  [MC_REASON_OVERCOMMITTED] = "overcommitted",
  [MC_REASON_FUNDS_OTHERS] = "funds-others",
  [MC_REASON_EMERGENCY] = "emergency",
  [MC_REASON_NO_FREE_MEMORY] = "no-free-memory",
  [MC_REASON_AT_MAXIMUM] = "at-maximum",
  [MC_REASON_COOLING_DOWN] = "cooling-down",
  [MC_REASON_UNREACHABLE] = "unreachable",
  [MC_REASON_REPEATED] = "repeated",
  [MC_REASON_IN_VAIN] = "in-vain",
  [MC_REASON_FOREIGN] = "foreign",
  [MC_REASON_LEFT_ALONE] = "left-alone",
};

const char *
mc_vm_status_nick (McVmStatus status)
{
  g_return_val_if_fail ((guint)status < MC_N_VM_STATUSES, "unsupported");
  return status_nicks[status];
}

const char *
mc_reason_nick (McReason reason)
{
  g_return_val_if_fail ((guint)reason < MC_N_REASONS, "none");
  return reason_nicks[reason];
}

const char *
mc_host_condition_nick (McHostCondition condition)
{
  switch (condition)
    {
    case MC_HOST_COMFORTABLE:
      return "comfortable";
    case MC_HOST_TIGHT:
      return "tight";
    case MC_HOST_CRITICAL:
      return "critical";
    default:
      g_return_val_if_reached ("critical");
    }
}

static guint64
mib (guint64 bytes)
{
  return mc_size_to_mib (bytes);
}

/* What there is may be too little, or the others' by their weights. */
static char *
describe_lack (const McVmDecision *decision)
{
  guint64 figure = mib (decision->figure), budget = mib (decision->budget);

  if (budget == 0)
    return g_strdup_printf ("needs more with a headroom of %" G_GUINT64_FORMAT
                            " MiB, and the host has nothing to give",
                            figure);
  return g_strdup_printf ("needs more with a headroom of %" G_GUINT64_FORMAT
                          " MiB, and has its part of what is shared by weight; the host has "
                          "%" G_GUINT64_FORMAT " MiB to give to all",
                          figure, budget);
}

/* Headroom is what is usable at the target, or what is unused where that is less. */
char *
mc_decision_describe (const McVmDecision *decision)
{
  guint64 moved
      = MAX (decision->target, decision->before) - MIN (decision->target, decision->before);
  guint64 figure = mib (decision->figure), limit = mib (decision->limit);

  switch (decision->reason)
    {
    case MC_REASON_ENOUGH:
      return g_strdup_printf ("headroom of %" G_GUINT64_FORMAT " MiB is enough", figure);
    case MC_REASON_NEEDS:
      return g_strdup_printf ("headroom of %" G_GUINT64_FORMAT
                              " MiB is at or below %" G_GUINT64_FORMAT " MiB; +%" G_GUINT64_FORMAT
                              " MiB of %" G_GUINT64_FORMAT " MiB free",
                              figure, limit, mib (moved), mib (decision->budget));
    case MC_REASON_SWAPPING:
      return g_strdup_printf ("it swaps with a headroom of %" G_GUINT64_FORMAT
                              " MiB; +%" G_GUINT64_FORMAT " MiB of %" G_GUINT64_FORMAT " MiB free",
                              figure, mib (moved), mib (decision->budget));
    case MC_REASON_GROWS:
      return g_strdup_printf ("it grows with a headroom of %" G_GUINT64_FORMAT
                              " MiB; +%" G_GUINT64_FORMAT " MiB of %" G_GUINT64_FORMAT " MiB free",
                              figure, mib (moved), mib (decision->budget));
    case MC_REASON_CACHE:
      return g_strdup_printf ("unused %" G_GUINT64_FORMAT " MiB is at or below %" G_GUINT64_FORMAT
                              " MiB and the host is comfortable; +%" G_GUINT64_FORMAT " MiB",
                              figure, limit, mib (moved));
    case MC_REASON_BELOW_MINIMUM:
      return g_strdup_printf ("below its minimum of %" G_GUINT64_FORMAT " MiB; +%" G_GUINT64_FORMAT
                              " MiB",
                              limit, mib (moved));
    case MC_REASON_ABOVE_MAXIMUM:
      return g_strdup_printf ("above its maximum of %" G_GUINT64_FORMAT " MiB; -%" G_GUINT64_FORMAT
                              " MiB",
                              limit, mib (moved));
    case MC_REASON_RELEASES:
      return g_strdup_printf ("headroom of %" G_GUINT64_FORMAT
                              " MiB is at or above %" G_GUINT64_FORMAT " MiB; -%" G_GUINT64_FORMAT
                              " MiB",
                              figure, limit, mib (moved));
    case MC_REASON_HOST_TIGHT:
      return g_strdup_printf ("the host is used above its limit and headroom is %" G_GUINT64_FORMAT
                              " MiB; -%" G_GUINT64_FORMAT " MiB",
                              figure, mib (moved));
    case MC_REASON_OVERCOMMITTED:
      return g_strdup_printf (
          "guests were promised more than the host has left and headroom is %" G_GUINT64_FORMAT
          " MiB; -%" G_GUINT64_FORMAT " MiB",
          figure, mib (moved));
    case MC_REASON_FUNDS_OTHERS:
      return g_strdup_printf ("others are in need and headroom is %" G_GUINT64_FORMAT
                              " MiB; -%" G_GUINT64_FORMAT " MiB",
                              figure, mib (moved));
    case MC_REASON_EMERGENCY:
      return g_strdup_printf ("the host is at its reserve; -%" G_GUINT64_FORMAT " MiB",
                              mib (moved));
    case MC_REASON_NO_FREE_MEMORY:
      return describe_lack (decision);
    case MC_REASON_AT_MAXIMUM:
      return g_strdup_printf ("headroom of %" G_GUINT64_FORMAT
                              " MiB is low, and it has all that it may have, %" G_GUINT64_FORMAT
                              " MiB",
                              figure, mib (decision->before));
    case MC_REASON_COOLING_DOWN:
      return g_strdup_printf (
          "waits after its last move, with a headroom of %" G_GUINT64_FORMAT " MiB", figure);
    case MC_REASON_UNREACHABLE:
      return g_strdup_printf (
          "it does not reach its target; the target is what it has, %" G_GUINT64_FORMAT " MiB",
          mib (decision->target));
    case MC_REASON_REPEATED:
      return g_strdup_printf (
          "it has not taken what it was given; set to %" G_GUINT64_FORMAT " MiB again", figure);
    case MC_REASON_IN_VAIN:
      return g_strdup_printf (
          "the host gained nothing from what it gave; +%" G_GUINT64_FORMAT " MiB", mib (moved));
    case MC_REASON_FOREIGN:
      if (decision->move)
        return g_strdup_printf ("somebody else had set its balloon to %" G_GUINT64_FORMAT
                                " MiB; taken over from there",
                                figure);
      return g_strdup_printf ("somebody else has set its balloon to %" G_GUINT64_FORMAT
                              " MiB; respected for %" G_GUINT64_FORMAT " s more",
                              figure, decision->limit);
    case MC_REASON_LEFT_ALONE:
      return g_strdup_printf ("left alone: %s", mc_vm_status_nick (decision->status));
    case MC_REASON_NONE:
    default:
      return g_strdup ("");
    }
}
