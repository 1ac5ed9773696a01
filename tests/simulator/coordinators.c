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
          targets[i] = MIN (has + step, sim_mib (facts->maximum));
          available -= targets[i] - has;
        }
      else if (unused >= 150 || (total - available > 0.75 * total && unused > 150))
        targets[i] = MAX (has - MIN (step, unused - 100), sim_mib (facts->minimum));
    }
  return interval;
}

/* MemCoord: the same objects as the daemon's. */

typedef struct
{
  McPolicySettings settings;
  McVmHistory histories[SIM_VMS_MOST];
} MemCoord;

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

static gboolean
memcoord_cycle (MemCoord *state, const SimView *view, double *targets)
{
  McVmHistory *histories[SIM_VMS_MOST];
  McVmDecision decisions[SIM_VMS_MOST];
  McHostDecision host;
  gboolean pressing;

  for (guint i = 0; i < view->n; i++)
    histories[i] = &state->histories[i];
  mc_policy_decide (&state->settings, view->host, (gint64)(view->t + 1) * G_USEC_PER_SEC, view->n,
                    view->facts, histories, decisions, &host);
  pressing = host.pressing;
  for (guint i = 0; i < view->n; i++)
    {
      pressing |= decisions[i].pressing;
      if (decisions[i].move)
        targets[i] = sim_mib (decisions[i].target);
    }
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
