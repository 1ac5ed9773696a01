/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision in words: a nick and a sentence for each reason. */
#include "config.h"

#include <string.h>

#include "policy.h"

static const char *const status_nicks[MC_N_VM_STATUSES] = {
  [MC_VM_MANAGED] = "managed",
  [MC_VM_PAUSED] = "paused",
  [MC_VM_OPTED_OUT] = "opted-out",
  [MC_VM_BOOTING] = "booting",
  [MC_VM_BUSY] = "busy",
  [MC_VM_SUSPENDED] = "suspended",
  [MC_VM_FOREIGN] = "foreign",
  [MC_VM_NO_STATS] = "no-stats",
  [MC_VM_STALE] = "stale",
  [MC_VM_STUCK] = "stuck",
  [MC_VM_INEFFECTIVE] = "ineffective",
  [MC_VM_UNSUPPORTED] = "unsupported",
};

static const char *const condition_nicks[] = {
  [MC_HOST_COMFORTABLE] = "comfortable",
  [MC_HOST_TIGHT] = "tight",
  [MC_HOST_CRITICAL] = "critical",
};

/*
 * The sizes in a sentence: {figure}, {limit}, {budget}, {before} and {target} of the decision, and
 * {moved} from one to the other. {seconds} is its limit as it is, {status} its status, {group} the
 * name of the limit that decided.
 * Headroom is what is usable at the target, or what is unused where that is less.
 */
static const struct
{
  const char *nick, *sentence;
} reasons[MC_N_REASONS] = {
  [MC_REASON_NONE] = { "none", "" },
  [MC_REASON_ENOUGH] = { "enough", "headroom of {figure} is enough" },
  [MC_REASON_NEEDS]
  = { "needs", "headroom of {figure} is at or below {limit}; +{moved} of {budget} free" },
  [MC_REASON_SWAPPING]
  = { "swapping", "it swaps with a headroom of {figure}; +{moved} of {budget} free" },
  [MC_REASON_GROWS]
  = { "grows", "it grows with a headroom of {figure}; +{moved} of {budget} free" },
  [MC_REASON_CACHE]
  = { "cache", "unused {figure} is at or below {limit} and the host is comfortable; +{moved}" },
  [MC_REASON_BELOW_MINIMUM] = { "below-minimum", "below its minimum of {limit}; +{moved}" },
  [MC_REASON_ABOVE_MAXIMUM] = { "above-maximum", "above its maximum of {limit}; -{moved}" },
  [MC_REASON_RELEASES] = { "releases", "headroom of {figure} is at or above {limit}; -{moved}" },
  [MC_REASON_HOST_TIGHT]
  = { "host-tight", "the host is used above its limit and headroom is {figure}; -{moved}" },
  [MC_REASON_OVERCOMMITTED]
  = { "overcommitted",
      "guests were promised more than the host has left and headroom is {figure}; -{moved}" },
  [MC_REASON_FUNDS_OTHERS]
  = { "funds-others", "others are in need and headroom is {figure}; -{moved}" },
  [MC_REASON_EMERGENCY] = { "emergency", "the host is at its reserve; -{moved}" },
  [MC_REASON_NO_FREE_MEMORY]
  = { "no-free-memory", "needs more with a headroom of {figure}, and already has its share by "
                        "weight; the host has {budget} left for all VMs" },
  [MC_REASON_AT_MAXIMUM]
  = { "at-maximum", "headroom of {figure} is low, and it has all that it may have, {before}" },
  [MC_REASON_GROUP_FULL]
  = { "group-full", "needs more with a headroom of {figure}, and nothing is left of {group}" },
  [MC_REASON_COOLING_DOWN]
  = { "cooling-down", "waits after its last move, with a headroom of {figure}" },
  [MC_REASON_UNREACHABLE]
  = { "unreachable", "it does not reach its target; the target is what it has, {target}" },
  [MC_REASON_REPEATED]
  = { "repeated", "it has not taken what it was given; set to {figure} again" },
  [MC_REASON_IN_VAIN] = { "in-vain", "the host gained nothing from what it gave; +{moved}" },
  [MC_REASON_GIVEN_BACK]
  = { "given-back", "what was taken from it is given back; +{moved} of {budget} free" },
  [MC_REASON_FOREIGN]
  = { "foreign", "somebody else has set its balloon to {figure}; respected for {seconds} s more" },
  [MC_REASON_LEFT_ALONE] = { "left-alone", "not managed: {status}" },
};

/* What some are when they are not as above. */
static const char nothing_to_give[]
    = "needs more with a headroom of {figure}, and the host has nothing to give";
static const char taken_over[]
    = "somebody else had set its balloon to {figure}; taken over from there";

static const char group_overcommitted[]
    = "guests were promised more than is left of {group} and headroom is {figure}; -{moved}";
static const char funds_group[]
    = "others that share {group} are in need and headroom is {figure}; -{moved}";

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
  return reasons[reason].nick;
}

const char *
mc_host_condition_nick (McHostCondition condition)
{
  g_return_val_if_fail ((guint)condition < G_N_ELEMENTS (condition_nicks), "critical");
  return condition_nicks[condition];
}

static const char *
sentence_of (const McVmDecision *decision)
{
  g_return_val_if_fail ((guint)decision->reason < MC_N_REASONS, "");
  if (decision->reason == MC_REASON_NO_FREE_MEMORY && decision->budget < MC_MIB)
    return nothing_to_give;
  if (decision->reason == MC_REASON_FOREIGN && decision->move)
    return taken_over;
  if (decision->reason == MC_REASON_OVERCOMMITTED && decision->group != NULL)
    return group_overcommitted;
  if (decision->reason == MC_REASON_FUNDS_OTHERS && decision->group != NULL)
    return funds_group;
  return reasons[decision->reason].sentence;
}

/* Appends what @name stands for. */
static void
append_figure (GString *words, const McVmDecision *decision, const char *name, gsize length)
{
  const struct
  {
    const char *name;
    guint64 bytes;
  } sizes[] = {
    { "figure", decision->figure }, { "limit", decision->limit },
    { "budget", decision->budget }, { "before", decision->before },
    { "target", decision->target }, { "moved", distance (decision->target, decision->before) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (strlen (sizes[i].name) == length && strncmp (sizes[i].name, name, length) == 0)
      {
        g_autofree char *size = mc_size_format (sizes[i].bytes);

        g_string_append (words, size);
        return;
      }
  if (strncmp ("seconds", name, length) == 0)
    g_string_append_printf (words, "%" G_GUINT64_FORMAT, decision->limit);
  else if (strncmp ("group", name, length) == 0)
    g_string_append (words, decision->group);
  else
    g_string_append (words, mc_vm_status_nick (decision->status));
}

char *
mc_decision_describe (const McVmDecision *decision)
{
  GString *words = g_string_new (NULL);
  const char *rest = sentence_of (decision), *open;

  while ((open = strchr (rest, '{')) != NULL)
    {
      const char *close = strchr (open, '}');

      g_string_append_len (words, rest, open - rest);
      append_figure (words, decision, open + 1, (gsize)(close - open - 1));
      rest = close + 1;
    }
  g_string_append (words, rest);
  return g_string_free (words, FALSE);
}
