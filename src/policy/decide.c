/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One cycle: what is known of each VM, what each should have, and what moves now.
 *
 * The budget is what all managed VMs hold, and what the host can still give beside everything that
 * it has promised. One number, λ, squeezes everyone's headroom alike when the budget does not cover
 * what all want.
 */
#include "config.h"

#include "demand.h"
#include "moves.h"
#include "policy.h"
#include "share.h"
#include "triage.h"

/* Page cache grows up to a little below the usage limit, so that taking and giving do not follow
 * each other. */
#define COMFORT_GAP_PERCENT 2

/* Of the host: the most that is kept free for whoever needs it next. */
#define POOL_PART 8

/* Part of what VMs that cannot be managed may still touch, for which others are left without what
 * they need. */
#define STRANGERS_PART 4

typedef struct
{
  McCandidate *candidates;
  McClaim *claims;
  guint64 *figures;
  gsize n;          /* candidates */
  guint64 largest;  /* capacity of a candidate */
  guint64 promised; /* to all VMs */
  guint64 doubtful; /* of that, what need not be funded by leaving anybody without what it needs */
} Scratch;

static guint64
percent (guint64 bytes, guint parts)
{
  return bytes / 100 * parts;
}

static guint64
less (guint64 from, guint64 what)
{
  return from - MIN (from, what);
}

static guint64
used_of (const McHostFigures *host)
{
  return less (host->total, host->available);
}

McHostCondition
mc_policy_host_condition (const McPolicySettings *settings, const McHostFigures *host)
{
  if (host->available <= settings->host_reserve)
    return MC_HOST_CRITICAL;
  if (used_of (host) > percent (host->total, settings->host_usage_limit))
    return MC_HOST_TIGHT;
  return MC_HOST_COMFORTABLE;
}

static void
leave_alone (const McVmFacts *facts, McVmMemory *memory, McVmStatus status, McVmDecision *decision)
{
  *decision = (McVmDecision){ .status = status, .reason = MC_REASON_LEFT_ALONE };
  decision->before = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;
  decision->target = decision->before;
  decision->promise = mc_demand_promise (facts, memory);
}

static gboolean
may_be_moved (McVmStatus status)
{
  return status == MC_VM_MANAGED || status == MC_VM_STUCK || status == MC_VM_INEFFECTIVE;
}

/* On its way to a target that it does not reach, also where nobody wants it to be moved any more.
 */
static gboolean
is_stuck (gint64 now_us,
          const McVmFacts *facts,
          const McVmMemory *memory,
          const McVmDecision *decision)
{
  if (decision->status == MC_VM_PAUSED || decision->status == MC_VM_OPTED_OUT)
    return facts->running && !facts->busy && facts->balloon <= facts->capacity
           && now_us < memory->stuck_until_us;
  return decision->status == MC_VM_STUCK;
}

/* A target that is not reached is withdrawn; the guest would go on to give up every page it frees.
 */
static gboolean
withdraw (gint64 now_us, const McVmFacts *facts, const McVmMemory *memory, McVmDecision *decision)
{
  if (!is_stuck (now_us, facts, memory, decision) || facts->target == MC_UNKNOWN
      || facts->target >= facts->balloon)
    return FALSE;
  decision->target = facts->balloon;
  decision->move = TRUE;
  decision->reason = MC_REASON_UNREACHABLE;
  return TRUE;
}

/* After a while it is taken over from where it then is: what it was told before is no longer true.
 */
static gboolean
respect (gint64 now_us, const McVmFacts *facts, McVmMemory *memory, McVmDecision *decision)
{
  if (memory->foreign_until_us == 0)
    return FALSE;
  decision->reason = MC_REASON_FOREIGN;
  decision->figure = facts->balloon;
  if (now_us >= memory->foreign_until_us)
    {
      memory->foreign_until_us = 0;
      decision->target = MIN (facts->balloon, facts->maximum);
      decision->move = TRUE;
      return TRUE;
    }
  decision->limit
      = (guint64)((memory->foreign_until_us - now_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
  return TRUE;
}

static void
add_candidate (const McPolicySettings *settings,
               const McTuning *tuning,
               gint64 now_us,
               const McVmFacts *facts,
               McVmMemory *memory,
               McVmDecision *decision,
               Scratch *scratch)
{
  McCandidate *candidate = &scratch->candidates[scratch->n];
  McClaim *claim = &scratch->claims[scratch->n++];
  McDemand demand = mc_demand_of (settings, tuning, now_us, facts, memory);
  guint64 least = demand.least;

  *candidate
      = (McCandidate){ .facts = facts, .memory = memory, .decision = decision, .demand = demand };
  /* What cannot be taken is not shared out either. */
  if (decision->status != MC_VM_MANAGED)
    least = MAX (least, demand.held);
  *claim = (McClaim){
    .least = least,
    .base = MAX (demand.base, least),
    .want = MAX (demand.want, least),
    .weight = MAX (facts->weight, 1),
  };
  decision->reason = MC_REASON_ENOUGH;
  decision->figure = MIN ((guint64)MAX (demand.headroom, 0), demand.unused);
  decision->pressing = demand.growing && demand.told < demand.most;
  scratch->largest = MAX (scratch->largest, facts->capacity);
}

/* Promises are counted in full before anything is given, but nobody is made to swap for what may
 * never be touched. */
static guint64
doubtful (const McVmFacts *facts, const McVmDecision *decision)
{
  guint64 untouched = facts->resident == MC_UNKNOWN ? decision->promise
                                                    : less (decision->promise, MC_OVERHEAD_ASSUMED);

  if (!may_be_moved (decision->status))
    untouched /= STRANGERS_PART;
  return decision->promise - untouched;
}

static void
gather (const McPolicySettings *settings,
        const McTuning *tuning,
        gint64 now_us,
        gsize n_vms,
        const McVmFacts *facts,
        McVmMemory *memories[],
        McVmDecision *decisions,
        Scratch *scratch)
{
  for (gsize i = 0; i < n_vms; i++)
    {
      mc_demand_remember (settings, tuning, now_us, &facts[i], memories[i]);
      mc_triage_remember (now_us, &facts[i], memories[i]);
      leave_alone (&facts[i], memories[i],
                   mc_triage_status (settings, now_us, &facts[i], memories[i]), &decisions[i]);
      scratch->promised += decisions[i].promise;
      scratch->doubtful += doubtful (&facts[i], &decisions[i]);
      if (withdraw (now_us, &facts[i], memories[i], &decisions[i])
          || !may_be_moved (decisions[i].status)
          || respect (now_us, &facts[i], memories[i], &decisions[i]))
        continue;
      add_candidate (settings, tuning, now_us, &facts[i], memories[i], &decisions[i], scratch);
    }
}

/* Returns: λ. @pool, to be kept free for whoever needs it next, is a claim like the others'
 * headroom, and shrinks with it. */
static double
share_out (const McTuning *tuning, Scratch *scratch, gint64 free, guint64 *pool)
{
  gint64 budget = free, bases = 0;
  McClaim *of_pool = &scratch->claims[scratch->n];
  double lambda;

  for (gsize i = 0; i < scratch->n; i++)
    {
      budget += (gint64)scratch->candidates[i].demand.held;
      bases += (gint64)scratch->claims[i].base;
    }
  if (bases > budget)
    budget = MIN (bases, budget + (gint64)(tuning->margin_mib * MC_MIB + scratch->doubtful));
  *of_pool = (McClaim){ .want = *pool, .weight = 1 };
  lambda = mc_share_out (scratch->claims, scratch->n + 1, budget);
  for (gsize i = 0; i < scratch->n; i++)
    scratch->candidates[i].share = scratch->claims[i].share;
  *pool = of_pool->share;
  return lambda;
}

/* Whether the next cycle should come early: somebody lacks something, or may soon where there is
 * not room for everybody's wants. */
static gboolean
presses (const McCycle *cycle, const Scratch *scratch)
{
  gboolean scarce = cycle->condition == MC_HOST_TIGHT || cycle->lambda < MC_LAMBDA_PLENTY;

  if (cycle->condition == MC_HOST_CRITICAL)
    return TRUE;
  for (gsize i = 0; i < scratch->n; i++)
    if (scratch->candidates[i].lacks > 0 || (scarce && scratch->candidates[i].demand.restless))
      return TRUE;
  return FALSE;
}

void
mc_policy_decide (const McPolicySettings *settings,
                  const McHostFigures *host,
                  gint64 now_us,
                  gsize n_vms,
                  const McVmFacts *facts,
                  McVmMemory *memories[],
                  McVmDecision *decisions,
                  McHostDecision *host_decision)
{
  const McTuning *tuning = settings->tuning != NULL ? settings->tuning : &mc_tuning_default;
  g_autofree McCandidate *candidates = g_new (McCandidate, n_vms + 1);
  g_autofree McClaim *claims = g_new (McClaim, n_vms + 1); /* the last is the pool's */
  g_autofree guint64 *figures = g_new (guint64, n_vms + 1);
  Scratch scratch = { .candidates = candidates, .claims = claims, .figures = figures };
  guint64 limit = percent (host->total, settings->host_usage_limit);
  guint64 kept = MIN (settings->host_reserve, MC_CAPACITY_MOST) + tuning->margin_mib * MC_MIB;
  McCycle cycle = {
    .settings = settings,
    .tuning = tuning,
    .now_us = now_us,
    .condition = mc_policy_host_condition (settings, host),
    .excess = less (used_of (host), limit),
    .comfort = less (less (limit, percent (host->total, COMFORT_GAP_PERCENT)), used_of (host)),
  };

  gather (settings, tuning, now_us, n_vms, facts, memories, decisions, &scratch);
  cycle.free
      = (gint64)MIN (host->available, MC_CAPACITY_MOST) - (gint64)kept - (gint64)scratch.promised;
  if (scratch.n > 1) /* one alone has nobody to wait for */
    cycle.pool = MIN (percent (scratch.largest, tuning->pool_percent), host->total / POOL_PART);
  cycle.lambda = share_out (tuning, &scratch, cycle.free, &cycle.pool);
  mc_moves_take (&cycle, candidates, scratch.n, figures);
  mc_moves_give (&cycle, candidates, scratch.n, figures);

  *host_decision = (McHostDecision){
    .condition = cycle.condition,
    .promised = scratch.promised,
    .free = (guint64)MAX (cycle.free, 0),
    .used_percent = host->total == 0 ? 0 : 100.0 * used_of (host) / host->total,
    .pressing = presses (&cycle, &scratch),
    .lambda = cycle.lambda,
  };
}
