/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any number of VMs whose figures move a little from cycle to cycle. */
#include "config.h"

#include "crowd.h"

#include <string.h>

#include "policy-settings.h"

SimCrowd *
sim_crowd_new (guint n)
{
  SimCrowd *crowd = g_new0 (SimCrowd, 1);

  crowd->n = n;
  crowd->random.state = n;
  crowd->settings = mc_policy_settings_default ();
  crowd->host = (McHostFigures){ .total = n * MC_GIB, .available = n * MC_GIB / 5 };
  crowd->facts = g_new0 (McVmFacts, n);
  crowd->history = g_new0 (McVmHistory, n);
  crowd->histories = g_new (McVmHistory *, n);
  crowd->decisions = g_new0 (McVmDecision, n);
  for (guint i = 0; i < n; i++)
    {
      guint64 balloon = (600 + sim_random_below (&crowd->random, 400)) * MC_MIB;

      crowd->histories[i] = &crowd->history[i];
      crowd->history[i].looked = TRUE; /* the first report is news */
      crowd->facts[i] = (McVmFacts){
        .running = TRUE,
        .has_balloon = TRUE,
        .capacity = 2 * MC_GIB,
        .balloon = balloon,
        .target = balloon,
        .resident = balloon,
        .policy = {
          .minimum = 256 * MC_MIB,
          .maximum = 2 * MC_GIB,
          .low_watermark = crowd->settings.thresholds.low_watermark,
          .high_watermark = crowd->settings.thresholds.high_watermark,
          .weight = 100,
        },
      };
      memcpy (crowd->facts[i].uuid, &i, sizeof i);
    }
  return crowd;
}

void
sim_crowd_free (SimCrowd *crowd)
{
  g_free (crowd->facts);
  g_free (crowd->history);
  g_free (crowd->histories);
  g_free (crowd->decisions);
  g_free (crowd);
}

void
sim_crowd_report (SimCrowd *crowd)
{
  crowd->now_us += 2 * G_USEC_PER_SEC;
  for (guint i = 0; i < crowd->n; i++)
    {
      McVmFacts *facts = &crowd->facts[i];

      if (crowd->decisions[i].move)
        facts->target = facts->balloon = facts->resident = crowd->decisions[i].target;
      facts->usable = sim_random_below (&crowd->random, 300) * MC_MIB;
      facts->usable = MIN (facts->usable, facts->balloon);
      facts->unused = facts->usable / 2;
      facts->available = facts->balloon;
      facts->swap_in += sim_random_below (&crowd->random, 10) == 0 ? 4 * MC_MIB : 0;
      facts->stats_time_s++;
    }
}

void
sim_crowd_decide (SimCrowd *crowd)
{
  McHostDecision host;

  mc_policy_decide (&crowd->settings, &crowd->host, crowd->now_us, crowd->n, crowd->facts,
                    crowd->histories, crowd->decisions, &host);
}
