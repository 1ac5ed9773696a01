/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy on raw figures: a few VMs over a few cycles, each figure whatever the bytes say. No
 * figure crashes it, moves a VM that may not be moved, leaves a VM's range, or gives more than is
 * free.
 */
#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "policy.h"
#include "policy-settings.h"

#define VMS_MOST    4
#define CYCLES_MOST 12

typedef struct
{
  const guint8 *data;
  gsize left;
} Bytes;

static guint8
next_byte (Bytes *bytes)
{
  if (bytes->left == 0)
    return 0;
  bytes->left--;
  return *bytes->data++;
}

/* Most figures are near what can be; some are anything at all. */
static guint64
next_figure (Bytes *bytes)
{
  guint8 kind = next_byte (bytes);
  guint64 figure = 0;

  if (kind < 16)
    return MC_UNKNOWN;
  if (kind < 200)
    return (guint64)(next_byte (bytes) << 8 | next_byte (bytes)) * MC_MIB / 16;
  for (guint i = 0; i < sizeof figure; i++)
    figure = figure << 8 | next_byte (bytes);
  return figure;
}

static McPolicySettings
next_settings (Bytes *bytes)
{
  McPolicySettings settings = mc_policy_settings_default ();

  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    if (next_byte (bytes) & 1)
      {
        McPolicySettings changed = settings;

        if (mc_host_threshold_set (&changed.thresholds, threshold, next_figure (bytes), NULL)
            && mc_policy_settings_check (&changed, NULL, NULL))
          settings = changed;
      }
  settings.cache_growth = next_byte (bytes) % (MC_CACHE_GROWTH_ALWAYS + 1);
  return settings;
}

static void
next_facts (Bytes *bytes, gint64 now_us, McVmFacts *facts)
{
  guint8 flags = next_byte (bytes), more = next_byte (bytes);

  facts->running = (flags & 0x07) != 0;
  facts->busy = (flags & 0x38) == 0;
  facts->has_balloon = (flags & 0xc0) != 0;
  facts->immovable = (more & 0x0f) == 1 ? "its memory is locked" : NULL;
  facts->opted_out = (more & 0x0f) == 2;
  facts->paused = (more & 0x0f) == 3;
  if ((more & 0xf0) == 0x10)
    facts->started_us = now_us;
  facts->give_back = (more & 0xe0) == 0x20;
  facts->released = (more & 0xf0) == 0x40;
  facts->capacity = next_figure (bytes);
  facts->balloon = next_figure (bytes);
  facts->resident = next_figure (bytes);
  facts->unused = next_figure (bytes);
  facts->usable = next_figure (bytes);
  facts->available = next_figure (bytes);
  facts->swap_in = next_figure (bytes);
  facts->swap_out = next_figure (bytes);
  facts->stats_time_s += (gint8)next_byte (bytes);
  /* As the service does it, whatever a VM's metadata says. */
  facts->policy.maximum = next_figure (bytes);
  facts->policy.maximum = MIN (facts->policy.maximum, facts->capacity);
  facts->policy.minimum = next_figure (bytes);
  facts->policy.minimum = MIN (facts->policy.minimum, facts->policy.maximum);
  facts->policy.low_watermark = (guint64)next_byte (bytes) << 24;
  facts->policy.high_watermark = facts->policy.low_watermark + ((guint64)next_byte (bytes) << 22);
  facts->policy.weight = 1 + next_byte (bytes) * 39u;
}

/* What a device that pins came upon is given back: that alone moves memory that cannot be taken. */
static gboolean
may_be_moved (const McVmFacts *facts, const McVmDecision *decision)
{
  if (!facts->running || facts->busy || !facts->has_balloon)
    return FALSE;
  return facts->immovable == NULL
         || (decision->reason == MC_REASON_IN_VAIN && decision->target > decision->before);
}

/* Its guest's figures are not asked for that, nor whether it is managed. */
static gboolean
may_be_given_back (const McVmFacts *facts)
{
  return (facts->give_back || facts->released) && facts->has_balloon && facts->immovable == NULL
         && !facts->busy && !facts->paused && facts->balloon <= facts->capacity;
}

/* A target that is only what the guest has already. */
static gboolean
tells_what_is (const McVmDecision *decision)
{
  return decision->reason == MC_REASON_UNREACHABLE || decision->reason == MC_REASON_FOREIGN
         || decision->reason == MC_REASON_REPEATED;
}

/* What it is given beyond what it has, or may come to have. Where its balloon is still larger than
 * its target, to leave it there costs nothing. */
static guint64
cost_of (const McVmFacts *facts, const McVmDecision *decision)
{
  guint64 has = facts->target == MC_UNKNOWN ? facts->balloon : MAX (facts->target, facts->balloon);

  return decision->target - MIN (decision->target, has);
}

static void
check_given_back (const McVmFacts *facts, const McVmDecision *decision)
{
  g_assert_true (may_be_given_back (facts));
  g_assert_cmpuint (decision->target, >, decision->before);
  g_assert_cmpuint (decision->target, >=, facts->balloon);
  g_assert_cmpuint (decision->target, <=, MIN (facts->policy.maximum, facts->capacity));
}

/* A critical host withdraws what it does not have yet, and a maximum may have been lowered. */
static void
check_nothing_is_taken (const McVmFacts *facts, const McVmDecision *decision)
{
  if (facts->give_back && decision->reason != MC_REASON_ABOVE_MAXIMUM)
    g_assert_cmpuint (decision->target, >=, MIN (decision->before, facts->balloon));
}

/* Returns: what this VM is granted beyond what it has. */
static guint64
check_decision (const McVmFacts *facts, const McVmDecision *decision)
{
  g_autofree char *sentence = mc_decision_describe (decision);

  g_assert_true (sentence != NULL && g_utf8_validate (sentence, -1, NULL));
  g_assert_nonnull (mc_vm_status_nick (decision->status));
  if (!decision->move)
    {
      g_assert_cmpuint (decision->target, ==, decision->before);
      return 0;
    }
  if (decision->reason == MC_REASON_GIVEN_BACK)
    {
      check_given_back (facts, decision);
      return 0;
    }
  g_assert_true (may_be_moved (facts, decision));
  g_assert_cmpuint (decision->target, <=, facts->capacity);
  if (tells_what_is (decision))
    return 0;
  check_nothing_is_taken (facts, decision);
  g_assert_false (facts->opted_out || facts->paused || facts->balloon > facts->capacity);
  /* Whatever a guest says of memory that is pinned, none of it is the host's. */
  g_assert_true (facts->immovable != NULL || facts->unused <= facts->capacity);
  g_assert_cmpuint (decision->target, <=, MAX (decision->before, facts->policy.maximum));
  g_assert_cmpuint (decision->target, >=, MIN (decision->before, facts->policy.minimum));
  /* What was taken in vain is given back as far as the host backs it: that costs nothing. */
  if (decision->target <= decision->before || decision->reason == MC_REASON_IN_VAIN)
    return 0;
  return decision->target - decision->before;
}

/* All that was granted comes before what is given back, and what is lent is for need alone. */
static void
check_given_back_is_free (guint n,
                          const McVmFacts *facts,
                          const McVmDecision *decisions,
                          const McHostDecision *host)
{
  guint64 cost = 0, given_back = 0;

  for (guint i = 0; i < n; i++)
    {
      guint64 more = decisions[i].move && facts[i].immovable == NULL
                         ? cost_of (&facts[i], &decisions[i])
                         : 0;

      cost += more;
      given_back += decisions[i].reason == MC_REASON_GIVEN_BACK ? more : 0;
    }
  if (given_back > 0)
    g_assert_cmpuint (cost, <=, MIN (host->free, host->grantable));
}

static void
run_cycle (Bytes *bytes,
           const McPolicySettings *settings,
           gint64 now_us,
           guint n,
           McVmFacts *facts,
           McVmHistory **histories)
{
  McHostFigures host = { .total = next_figure (bytes), .available = next_figure (bytes) };
  McVmDecision decisions[VMS_MOST];
  McHostDecision host_decision;
  guint64 given = 0;

  for (guint i = 0; i < n; i++)
    next_facts (bytes, now_us, &facts[i]);
  mc_policy_decide (settings, &host, now_us, n, facts, histories, decisions, &host_decision);
  check_given_back_is_free (n, facts, decisions, &host_decision);
  for (guint i = 0; i < n; i++)
    {
      given += check_decision (&facts[i], &decisions[i]);
      if (!decisions[i].move || next_byte (bytes) % 4 == 0)
        continue;
      facts[i].reclaimed |= decisions[i].target < decisions[i].before;
      facts[i].target = decisions[i].target;
    }
  g_assert_cmpuint (given, <=, host_decision.grantable);
  g_assert_cmpuint (host_decision.free, <=, host.available);
  g_assert_cmpuint (host_decision.grantable, <=, host.available);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  Bytes bytes = { data, size };
  McPolicySettings settings = next_settings (&bytes);
  guint n = next_byte (&bytes) % (VMS_MOST + 1);
  McVmFacts facts[VMS_MOST] = { 0 };
  McVmHistory history[VMS_MOST] = { 0 }, *histories[VMS_MOST];
  gint64 now_us = 1000 * G_USEC_PER_SEC;

  for (guint i = 0; i < n; i++)
    {
      histories[i] = &history[i];
      facts[i].uuid[0] = (guint8)i;
      facts[i].target = MC_UNKNOWN;
    }
  for (guint cycle = 0; cycle < CYCLES_MOST && bytes.left > 0; cycle++)
    {
      run_cycle (&bytes, &settings, now_us, n, facts, histories);
      now_us += (gint64)next_byte (&bytes) * G_USEC_PER_SEC / 8;
    }
  return 0;
}
