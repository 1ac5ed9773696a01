/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few VMs as the sharing leaves them. */
#include "config.h"

#include "candidates.h"

void
stage_init (Stage *stage)
{
  *stage = (Stage){
    .settings = { .thresholds = { .low_watermark = 100 * MC_MIB,
                                  .high_watermark = 150 * MC_MIB,
                                  .host_reserve = 200 * MC_MIB,
                                  .host_usage_limit = 75,
                                  .step_limit = 20 },
                  .cache_growth = MC_CACHE_GROWTH_COMFORTABLE },
    .host = { .total = 8192 * MC_MIB, .available = 4096 * MC_MIB },
  };
  stage->cycle = (McPolicyCycle){
    .settings = &stage->settings,
    .tuning = &mc_tuning_default,
    .host = &stage->host,
    .now_us = STAGE_NOW,
    .condition = MC_HOST_COMFORTABLE,
    .ease = 1,
    .comfort = 1000 * MC_MIB,
  };
  stage->candidates = (McCandidates){ .items = stage->items, .figures = stage->figures };
}

McCandidate *
stage_add (Stage *stage, guint64 target, guint64 used, guint64 share)
{
  gsize i = stage->candidates.n++;

  stage->facts[i] = (McVmFacts){ .capacity = 1000 * MC_MIB, .balloon = target * MC_MIB };
  stage->histories[i] = (McVmHistory){ .effective = TRUE };
  stage->decisions[i] = (McVmDecision){ .status = MC_VM_MANAGED,
                                        .reason = MC_REASON_ENOUGH,
                                        .before = target * MC_MIB,
                                        .target = target * MC_MIB };
  stage->items[i] = (McCandidate){
    .facts = &stage->facts[i],
    .history = &stage->histories[i],
    .decision = &stage->decisions[i],
    .share = share * MC_MIB,
    .backing.backed = target * MC_MIB,
    .room = G_MAXUINT64,
    .budget = G_MAXUINT64,
    .demand = { .low = 100 * MC_MIB,
                .high = 150 * MC_MIB,
                .most = 1000 * MC_MIB,
                .step = 200 * MC_MIB,
                .target = target * MC_MIB,
                .committed = target * MC_MIB,
                .used = used * MC_MIB,
                .need = used * MC_MIB,
                .bare = 30 * MC_MIB,
                .floor = (used + 30) * MC_MIB,
                .desired = (used + 350) * MC_MIB,
                .desired_now = (used + 350) * MC_MIB,
                .with_cache = target * MC_MIB,
                .headroom = (gint64)(target - used) * (gint64)MC_MIB,
                .unused = (target - used) * MC_MIB },
  };
  return &stage->items[i];
}

McCandidate *
stage_add_in_need (Stage *stage, guint64 target, guint64 share)
{
  McCandidate *candidate = stage_add (stage, target, target - 80, share);

  candidate->demand.in_need = TRUE;
  return candidate;
}

gint64
stage_taken (const McCandidate *candidate)
{
  gint64 taken = (gint64)candidate->decision->before - (gint64)candidate->decision->target;

  g_assert_cmpint (candidate->decision->move, ==, taken != 0);
  return taken / (gint64)MC_MIB;
}
