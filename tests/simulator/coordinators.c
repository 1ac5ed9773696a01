/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MemCoord in the simulated world, and the end of the scale: nobody at all. */
#include "config.h"

#include "coordinator.h"
#include "policy-settings.h"

/* Nobody. */

static guint
static_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  return interval;
}

/* The rules as they are written: whole steps of 20 %, from unused alone, no promises. */

static guint
rules_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  double total = sim_mib (view->host->total), available = sim_mib (view->host->available);

  for (guint i = 0; i < view->n; i++)
    {
      const McVmFacts *facts = &view->facts[i];
      double has = sim_mib (facts->balloon), step = 0.2 * sim_mib (facts->capacity), unused;

      if (!sim_has_stats (facts))
        continue;
      unused = sim_mib (facts->unused);
      if (unused <= 100 && available - step > SIM_RESERVE)
        {
          targets[i] = MIN (has + step, sim_mib (facts->policy.maximum));
          available -= targets[i] - has;
        }
      else if (unused >= 150 || (total - available > 0.75 * total && unused > 150))
        targets[i] = MAX (has - MIN (step, unused - 100), sim_mib (facts->policy.minimum));
    }
  return interval;
}

/* MemCoord: the same objects as the daemon's. */

typedef struct
{
  McPolicySettings settings;
  McVmHistory histories[SIM_VMS_MOST];
  McVmFacts facts[SIM_VMS_MOST]; /* as far as guests were asked */
  McAttention attention[SIM_VMS_MOST];
  guint64 told[SIM_VMS_MOST]; /* as the hypervisor would know it */
} MemCoord;

#define ASKED_AGAIN_US (G_USEC_PER_SEC / 5)

McTuning sim_tuning;

static gpointer
memcoord_start (const SimLoad *load, guint interval)
{
  MemCoord *state = g_new0 (MemCoord, 1);

  state->settings = mc_policy_settings_default ();
  state->settings.tuning = &sim_tuning;
  state->settings.thresholds.interval_s = interval;
  return state;
}

/* What is known of a guest that is not asked. */
static void
look_at (McVmFacts *known, const McVmFacts *facts)
{
  known->asleep = TRUE;
  known->running = facts->running;
  known->balloon = facts->balloon;
  known->cpu_time_us = facts->cpu_time_us;
}

static void
take_sample (MemCoord *state, const SimView *view)
{
  for (guint i = 0; i < view->n; i++)
    {
      if (state->attention[i] == MC_ATTENTION_ASLEEP
          && state->facts[i].started_us == view->facts[i].started_us
          && state->facts[i].running == view->facts[i].running)
        {
          look_at (&state->facts[i], &view->facts[i]);
          state->facts[i].target = state->told[i];
          continue;
        }
      state->facts[i] = view->facts[i];
      state->facts[i].target = state->told[i];
      ++*view->asked;
    }
}

/* Returns: whether a guest was woken. */
static gboolean
decide_once (
    MemCoord *state, const SimView *view, gint64 now_us, gboolean *pressing, double *targets)
{
  McVmHistory *histories[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;
  gboolean woken = FALSE;

  for (guint i = 0; i < view->n; i++)
    histories[i] = &state->histories[i];
  mc_policy_decide (&state->settings, view->host, now_us, view->n, state->facts, histories,
                    decisions, &host);
  *pressing = host.pressing;
  for (guint i = 0; i < view->n; i++)
    {
      *pressing |= decisions[i].pressing;
      woken |= state->facts[i].asleep && decisions[i].woken;
      state->attention[i] = decisions[i].attention;
      view->seldom[i] = decisions[i].attention != MC_ATTENTION_AWAKE;
      if (!decisions[i].move)
        continue;
      targets[i] = sim_mib (decisions[i].target);
      state->told[i] = decisions[i].target;
    }
  return woken;
}

/* As the daemon does it: guests that are woken are asked a moment later. */
static gboolean
memcoord_cycle (MemCoord *state, const SimView *view, double *targets)
{
  gint64 now_us = (gint64)(view->t + 1) * G_USEC_PER_SEC;
  gboolean pressing;

  *view->asked = 0;
  for (guint i = 0; i < view->n; i++)
    state->told[i] = view->facts[i].target;
  take_sample (state, view);
  if (!decide_once (state, view, now_us, &pressing, targets))
    return pressing;
  take_sample (state, view);
  decide_once (state, view, now_us + ASKED_AGAIN_US, &pressing, targets);
  return pressing;
}

/* As the daemon runs: attentive when something presses. */
static guint
memcoord_decide (gpointer state, guint interval, const SimView *view, double *targets)
{
  return memcoord_cycle (state, view, targets) ? 1 : interval;
}

static guint
memcoord_decide_evenly (gpointer state, guint interval, const SimView *view, double *targets)
{
  memcoord_cycle (state, view, targets);
  return interval;
}

const SimCoordinator sim_coordinators[] = {
  { "none (static)", 10, NULL, static_decide },
  { "rules, literal", 2, NULL, rules_decide },
  { "MOM", 10, sim_mom_start, sim_mom_decide },
  { "MOM, 2 s", 2, sim_mom_start, sim_mom_decide },
  { "Proxmox VE", 10, NULL, sim_proxmox_decide },
  { "Proxmox VE, 2 s", 2, NULL, sim_proxmox_decide },
  { "squeezed", 10, sim_squeezed_start, sim_squeezed_decide },
  { "squeezed, 2 s", 2, sim_squeezed_start, sim_squeezed_decide },
  { "qmemman", 1, sim_qmemman_start, sim_qmemman_decide },
  { "qmemman, 2 s", 2, sim_qmemman_start, sim_qmemman_decide },
  { "qmemman, scaled", 1, sim_qmemman_scaled_start, sim_qmemman_decide },
  { "Hyper-V-like", 10, NULL, sim_hyperv_decide },
  { "Hyper-V-like, 2 s", 2, NULL, sim_hyperv_decide },
  { "ESX-like", 15, sim_esx_start, sim_esx_decide },
  { "ESX-like, 2 s", 2, sim_esx_start, sim_esx_decide },
  { "MemCoord, 10 s", 10, memcoord_start, memcoord_decide_evenly },
  { "MemCoord, 5 s", 5, memcoord_start, memcoord_decide_evenly },
  { "MemCoord, 2 s", 2, memcoord_start, memcoord_decide_evenly },
  { "MemCoord", 2, memcoord_start, memcoord_decide },
  { "oracle of reports, in steps", 1, sim_oracle_of_steps_start, sim_oracle_decide },
  { "oracle of reports", 1, sim_oracle_of_reports_start, sim_oracle_decide },
  { "oracle of the present", 1, sim_oracle_of_the_present_start, sim_oracle_decide },
  { "oracle", 1, sim_oracle_start, sim_oracle_decide },
  { NULL },
};
