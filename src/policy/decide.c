/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One cycle: what is known of each VM, what each should have, and what moves now.
 *
 * The budget is what all managed VMs hold, and what the host can still give beside everything that
 * it has promised. One number, λ, squeezes everyone's headroom alike when the budget does not cover
 * what all want.
 */
#include "config.h"

#include "arithmetic.h"
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

/*
 * What nobody of ours granted and nobody has touched (a balloon that was full from the start, or
 * that somebody else has set) is watched: of such a promise this part is kept back from VMs in
 * need, and what the VM was seen to touch in so many seconds if that is more. The whole of it is
 * kept back from everything else. The part is the one that stood the boot storm best when it was
 * tried.
 */
#define UNGRANTED_DIVISOR 4
#define UNGRANTED_QUIET   (256 * MC_MIB) /* no more than that of one that touches nothing */
#define UNGRANTED_WATCH_S 5

/* Of the margin, this part may be needed for what processes turn out to occupy. */
#define DOUBT_DIVISOR 8

/* Of guesses, the part that is left where not all can survive: tried on the tuning set with all of
 * them (73,955 stalled seconds), two thirds (73,736), half (73,006), a third (73,696) and none
 * (73,103; the largest VMs of unequal hosts stall half as long again). */
#define GUESS_DIVISOR 2

typedef struct
{
  McCandidate *candidates;
  McClaim *claims;
  guint64 *figures;
  gsize n;           /* candidates */
  guint64 largest;   /* capacity of a candidate */
  guint64 promised;  /* to all VMs */
  guint64 doubt;     /* and what they may touch beyond, at the worst */
  guint64 doubtful;  /* of that, what their processes may occupy already */
  guint64 ungranted; /* of that, what nobody of ours granted, and nobody can take */
  guint64 lendable; /* of that, what nobody of ours granted, and is not touched before something can
                       be done about it */
  guint64 dubious;  /* the same of the doubt about those who can be taken from */
} Scratch;

static guint64
used_of (const McHostFigures *host)
{
  return saturating_sub (host->total, host->available);
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

static double
ease_of (const McPolicySettings *settings, const McHostFigures *host)
{
  guint64 at_limit
      = saturating_sub (host->total, percent (host->total, settings->host_usage_limit));
  guint64 room = saturating_sub (at_limit, settings->host_reserve);

  if (room == 0)
    return 1;
  return MIN (1, (double)saturating_sub (host->available, settings->host_reserve) / (double)room);
}

static void
leave_alone (const McVmFacts *facts, McVmStatus status, McBacking *backing, McVmDecision *decision)
{
  *decision = (McVmDecision){ .status = status, .reason = MC_REASON_LEFT_ALONE };
  decision->before = facts->target == MC_UNKNOWN ? facts->balloon : facts->target;
  decision->target = decision->before;
  /* Memory that cannot be moved is the host's no longer, touched or not: it is pinned, or comes
   * from a pool of huge pages. */
  if (facts->immovable != NULL)
    backing->promise = backing->doubt = 0;
  decision->promise = backing->promise;
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

/* A guest that swaps, or has as good as nothing left, comes before what somebody has set. */
static gboolean
cannot_bear (const McPolicySettings *settings,
             const McTuning *tuning,
             gint64 now_us,
             const McVmFacts *facts,
             const McVmMemory *memory)
{
  McVmFacts as_it_is = *facts;

  as_it_is.target = facts->balloon;
  return memory->stats_seen_us == now_us
         && mc_demand_of (settings, tuning, now_us, &as_it_is, memory).hot;
}

/* What it is about to touch would take the host to its reserve. */
static gboolean
host_cannot_bear (const McPolicySettings *settings,
                  const McTuning *tuning,
                  const McHostFigures *host,
                  const McVmMemory *memory)
{
  guint64 soon = memory->touching * UNGRANTED_WATCH_S;

  return host->available <= settings->host_reserve + tuning->margin_mib * MC_MIB + soon;
}

/* After a while it is taken over from where it then is: what it was told before is no longer true.
 * What is beyond its limits is brought back by steps, like everything. */
static gboolean
respect (const McPolicySettings *settings,
         const McTuning *tuning,
         const McHostFigures *host,
         gint64 now_us,
         const McVmFacts *facts,
         McVmMemory *memory,
         McVmDecision *decision)
{
  if (memory->foreign_until_us == 0)
    return FALSE;
  decision->reason = MC_REASON_FOREIGN;
  decision->figure = facts->balloon;
  decision->pressing = memory->hot > 0;
  if (now_us >= memory->foreign_until_us || host_cannot_bear (settings, tuning, host, memory)
      || cannot_bear (settings, tuning, now_us, facts, memory))
    {
      memory->foreign_until_us = 0;
      decision->target = facts->balloon;
      decision->move = TRUE;
      return TRUE;
    }
  decision->limit
      = (guint64)((memory->foreign_until_us - now_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
  return TRUE;
}

/* A balloon that does not give back what it was told to is told again. */
static gboolean
repeat (gint64 now_us, const McVmFacts *facts, McVmMemory *memory, McVmDecision *decision)
{
  if (decision->target > facts->capacity || !mc_triage_is_to_repeat (now_us, memory))
    return FALSE;
  memory->repeated++;
  memory->deflated_us = now_us;
  decision->reason = MC_REASON_REPEATED;
  decision->figure = decision->target;
  decision->move = TRUE;
  return TRUE;
}

/* What was taken and brings the host nothing is given back, as far as the host backs it anyhow. */
static gboolean
give_backed (const McVmFacts *facts, guint64 backed, guint64 step, McVmDecision *decision)
{
  guint64 most = MIN (MIN (backed, MIN (facts->maximum, facts->capacity)), decision->target + step);

  if (most < decision->target + MAX (percent (facts->capacity, 1), MC_MIB))
    return FALSE;
  decision->target = most / MC_MIB * MC_MIB;
  decision->reason = MC_REASON_IN_VAIN;
  decision->figure = backed;
  decision->move = TRUE;
  return TRUE;
}

static gboolean
give_back (const McPolicySettings *settings,
           const McVmFacts *facts,
           guint64 backed,
           McVmDecision *decision)
{
  guint64 step = percent (facts->capacity, MIN (settings->step_limit, 100));

  return decision->status == MC_VM_INEFFECTIVE && give_backed (facts, backed, step, decision);
}

/* A device that came to a squeezed VM has pinned its memory: all of it is the host's no longer, so
 * what was taken is given back at once. Whose memory was pinned before has nothing taken from it.
 */
static gboolean
free_pinned (const McVmFacts *facts,
             guint64 backed,
             const McVmMemory *memory,
             McVmDecision *decision)
{
  if (decision->status != MC_VM_UNSUPPORTED || facts->immovable == NULL || memory->taken_us == 0
      || !facts->has_balloon || facts->opted_out || facts->paused || !facts->running || facts->busy
      || facts->balloon > facts->capacity || facts->target == MC_UNKNOWN
      || facts->resident == MC_UNKNOWN)
    return FALSE;
  /* What its process has of its own is part of this, but such a process has all of its guest's. */
  if (facts->resident >= facts->capacity)
    backed = facts->capacity;
  return give_backed (facts, backed, facts->capacity, decision);
}

static void
add_candidate (const McPolicySettings *settings,
               const McTuning *tuning,
               gint64 now_us,
               const McVmFacts *facts,
               guint64 backed,
               McVmMemory *memory,
               McVmDecision *decision,
               Scratch *scratch)
{
  McCandidate *candidate = &scratch->candidates[scratch->n];
  McClaim *claim = &scratch->claims[scratch->n++];
  McDemand demand = mc_demand_of (settings, tuning, now_us, facts, memory);
  guint64 least = demand.least;
  *candidate = (McCandidate){
    .facts = facts, .memory = memory, .decision = decision, .demand = demand, .backed = backed
  };
  /* What cannot be taken is not shared out either. */
  if (decision->status != MC_VM_MANAGED)
    least = MAX (least, demand.held);
  least = MAX (least, MIN (MIN (demand.base, demand.told), mc_demand_kernel (facts, memory)));
  /* What it has of its minimum is not taken from it; for what it lacks of that nobody is made to
   * swap. */
  if (demand.told < least)
    {
      least = demand.told;
      demand.base = MAX (least, MIN (demand.base, demand.survives + demand.need - demand.used));
      candidate->demand.guess = 0;
    }
  candidate->base = MAX (demand.base, least);
  candidate->demand.guess = MIN (candidate->demand.guess, candidate->base - least);
  *claim = (McClaim){
    .least = least,
    .base = candidate->base,
    .fair
    = MAX (MIN (MAX (demand.need + (demand.low + demand.high) / 2, demand.least), demand.want),
           candidate->base),
    .want = MAX (demand.want, least),
    .weight = MAX (facts->weight, 1),
  };
  decision->reason = MC_REASON_ENOUGH;
  decision->figure = MIN ((guint64)MAX (demand.headroom, 0), demand.unused);
  decision->pressing = demand.growing && demand.told < demand.most;
  scratch->largest = MAX (scratch->largest, facts->capacity);
}

/* What nobody of ours granted: what it had from the start, or from somebody else, or without its
 * driver. @doubt of what the host seems to back is its process's own. */
static guint64
ungranted (const McVmMemory *memory, const McBacking *backing, guint64 doubt)
{
  guint64 backed = saturating_sub (backing->backed, doubt);

  return saturating_sub (backing->promise + doubt, saturating_sub (memory->granted, backed));
}

/* A VM that has only just started is about to touch what it was started with. */
static guint64
watched (const McVmMemory *memory, const McVmDecision *decision, guint64 promise)
{
  if (decision->status == MC_VM_BOOTING)
    return promise;
  return MIN (promise, MAX (MIN (promise / UNGRANTED_DIVISOR, UNGRANTED_QUIET),
                            memory->touching * UNGRANTED_WATCH_S));
}

/*
 * Most of what nobody granted is lent to those in need; where it cannot be taken back either,
 * nobody pays for it with what it uses. What of that may or may not be touched already is lent like
 * the rest; of one that can be taken from, to those who swap alone.
 */
static void
watch (const McVmMemory *memory,
       const McVmDecision *decision,
       const McBacking *backing,
       gboolean can_be_taken,
       Scratch *scratch)
{
  guint64 promise = ungranted (memory, backing, 0);
  guint64 most = ungranted (memory, backing, backing->doubt);
  guint64 lent = promise - watched (memory, decision, promise);
  guint64 lent_most = most - watched (memory, decision, most);

  if (can_be_taken)
    {
      scratch->lendable += lent;
      scratch->dubious += lent_most - lent;
      return;
    }
  scratch->lendable += lent_most;
  scratch->ungranted += promise;
}

static void
remember (const McPolicySettings *settings,
          const McTuning *tuning,
          gint64 now_us,
          const McVmFacts *facts,
          McVmMemory *memory)
{
  mc_demand_remember (settings, tuning, now_us, facts, memory);
  mc_triage_remember (now_us, facts, memory);
  if (facts->balloon > facts->capacity || facts->capacity > MC_CAPACITY_MOST)
    return;
  mc_demand_remember_balloon (now_us, facts, memory);
}

/* Returns: whether the others' needs have no part in what is done with it in this cycle. */
static gboolean
is_settled (const McPolicySettings *settings,
            const McTuning *tuning,
            const McHostFigures *host,
            gint64 now_us,
            const McVmFacts *facts,
            guint64 backed,
            McVmMemory *memory,
            McVmDecision *decision)
{
  return withdraw (now_us, facts, memory, decision) || free_pinned (facts, backed, memory, decision)
         || !may_be_moved (decision->status)
         || respect (settings, tuning, host, now_us, facts, memory, decision)
         || give_back (settings, facts, backed, decision)
         || repeat (now_us, facts, memory, decision);
}

static void
gather (const McPolicySettings *settings,
        const McTuning *tuning,
        const McHostFigures *host,
        gint64 now_us,
        gsize n_vms,
        const McVmFacts *facts,
        McVmMemory *memories[],
        McVmDecision *decisions,
        Scratch *scratch)
{
  for (gsize i = 0; i < n_vms; i++)
    {
      gboolean settled;
      McBacking backing;

      remember (settings, tuning, now_us, &facts[i], memories[i]);
      backing = mc_demand_backing (&facts[i], memories[i]);
      leave_alone (&facts[i], mc_triage_status (settings, now_us, &facts[i], memories[i]), &backing,
                   &decisions[i]);
      scratch->promised += backing.promise;
      scratch->doubt += backing.doubt;
      settled = is_settled (settings, tuning, host, now_us, &facts[i], backing.backed, memories[i],
                            &decisions[i]);
      watch (memories[i], &decisions[i], &backing, !settled && decisions[i].status == MC_VM_MANAGED,
             scratch);
      if (settled)
        continue;
      scratch->doubtful += MIN (backing.promise, mc_demand_likely_doubt (memories[i]));
      add_candidate (settings, tuning, now_us, &facts[i], backing.backed, memories[i],
                     &decisions[i], scratch);
    }
}

/*
 * Sets what each claims to survive, and returns the sum. What a guest that swaps may lack, and is
 * not known to have swapped out, is a guess: where not all can survive, it is halved, and where
 * some of the budget is what nobody granted, given up, so that nobody is made to swap for two
 * guesses.
 */
static gint64
set_bases (Scratch *scratch, gint64 budget)
{
  gint64 sum = 0, guesses = 0, cut;

  for (gsize i = 0; i < scratch->n; i++)
    {
      scratch->claims[i].base = scratch->candidates[i].base;
      sum += (gint64)scratch->claims[i].base;
      guesses += (gint64)scratch->candidates[i].demand.guess;
    }
  cut = CLAMP (sum - budget, 0, scratch->ungranted > 0 ? guesses : guesses / GUESS_DIVISOR);
  if (cut == 0)
    return sum;
  for (gsize i = 0; i < scratch->n; i++)
    {
      double part = (double)scratch->candidates[i].demand.guess / (double)guesses;

      scratch->claims[i].base -= (guint64)(part * (double)cut);
    }
  return sum - cut;
}

/* Returns: λ. One claim more than candidates: that of the pool. */
static double
share_out_once (const McTuning *tuning, Scratch *scratch, gint64 budget, guint64 pool)
{
  gint64 more = (gint64)(tuning->margin_mib * MC_MIB + scratch->doubtful);
  gint64 bases = set_bases (scratch, budget + more);

  /* Nobody is made to swap for the margin, nor for what a process may occupy and may not. */
  if (bases > budget)
    budget = MIN (bases, budget + more);
  scratch->claims[scratch->n] = (McClaim){ .want = pool, .weight = 1 };
  return mc_share_out (scratch->claims, scratch->n + 1, budget);
}

/*
 * Returns: λ. @pool, to be kept free for whoever needs it next, is a claim like the others'
 * headroom, and shrinks with it.
 *
 * What nobody granted and nobody touched is paid from headroom, never from what anybody uses or
 * needs to stay clear of its low watermark: so it is shared out twice, without such promises and
 * with them.
 */
static double
share_out (const McTuning *tuning, Scratch *scratch, gint64 free, guint64 *pool)
{
  gint64 budget = free;
  double lambda, in_full;

  for (gsize i = 0; i < scratch->n; i++)
    budget += (gint64)scratch->candidates[i].demand.held;
  lambda = share_out_once (tuning, scratch, budget + (gint64)scratch->ungranted, *pool);
  for (gsize i = 0; i < scratch->n; i++)
    scratch->candidates[i].share = scratch->claims[i].share;
  if (scratch->ungranted > 0)
    {
      in_full = share_out_once (tuning, scratch, budget, *pool);
      for (gsize i = 0; i < scratch->n; i++)
        {
          McCandidate *candidate = &scratch->candidates[i];
          const McDemand *demand = &candidate->demand;
          guint64 untouchable = demand->need + (demand->low + demand->high) / 2;

          candidate->share = MAX (scratch->claims[i].share, MIN (candidate->share, untouchable));
        }
      lambda = in_full >= 0 ? in_full : MIN (lambda, 0);
    }
  *pool = scratch->claims[scratch->n].share;
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
    .ease = ease_of (settings, host),
    .excess = saturating_sub (used_of (host), limit),
    .comfort = saturating_sub (saturating_sub (limit, percent (host->total, COMFORT_GAP_PERCENT)),
                               used_of (host)),
  };

  gather (settings, tuning, host, now_us, n_vms, facts, memories, decisions, &scratch);
  cycle.free
      = (gint64)MIN (host->available, MC_CAPACITY_MOST) - (gint64)kept - (gint64)scratch.promised;
  cycle.lent = (gint64)scratch.lendable;
  cycle.grantable
      = cycle.free + cycle.lent
        - (gint64)saturating_sub (scratch.doubt, tuning->margin_mib * MC_MIB / DOUBT_DIVISOR);
  cycle.grantable_to_hot = cycle.grantable + (gint64)scratch.dubious;
  if (scratch.n > 1) /* one alone has nobody to wait for */
    cycle.pool = MIN (percent (scratch.largest, tuning->pool_percent), host->total / POOL_PART);
  cycle.lambda = share_out (tuning, &scratch, cycle.free, &cycle.pool);
  mc_moves_take (&cycle, candidates, scratch.n, figures);
  mc_moves_give (&cycle, candidates, scratch.n, figures);

  *host_decision = (McHostDecision){
    .condition = cycle.condition,
    .promised = scratch.promised,
    .free = (guint64)MAX (cycle.free, 0),
    .grantable = (guint64)MAX (cycle.grantable_to_hot, 0),
    .used_percent = host->total == 0 ? 0 : 100.0 * used_of (host) / host->total,
    .pressing = presses (&cycle, &scratch),
    .lambda = cycle.lambda,
  };
}
