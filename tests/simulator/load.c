/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loads: named ones that each show one thing, and random ones made of the same parts. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "parts.h"
#include "policy-settings.h"

const char *const sim_load_names[] = {
  "steady",     "ramp",       "spike",   "spikes",      "pairs",     "diurnal",
  "boot-storm", "hog",        "cache",   "stuck",       "host-step", "markov",
  "sawtooth",   "staircase",  "weights", "reboot-loop", "period",    "clock",
  "kinds",      "infeasible", "idle",    NULL,
};

/*
 * Seeds are spread by the generator; the two sets start far from each other and never meet. The
 * hold-out is drawn anew when anybody may have looked at it while changing the policy: this is the
 * third draw.
 */

double
sim_default_minimum (double capacity)
{
  return (double)mc_policy_default_minimum ((guint64)(capacity * MC_MIB)) / MC_MIB;
}

double
sim_load_need (const SimLoad *load, guint vm, guint t)
{
  const SimPlan *plan = &load->vms[vm];

  if (t < plan->start)
    return 0;
  return sim_kernel_holds (plan->kernel, plan->capacity)
         + sim_kernel_bias (plan->kernel, plan->capacity) + plan->demand[t] + plan->hot_cache[t];
}

/* Named loads */

static void
named_steady (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    sim_part_constant (load, sim_part_vm (load, i % 2 ? 2048 : 1024), i % 2 ? 900 : 450);
}

static void
named_ramp (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 4; i++)
    {
      SimPlan *plan = sim_part_vm (load, 4096);

      sim_part_constant (load, plan, 500);
      for (guint t = 60; i == 0 && t < load->seconds; t++)
        plan->demand[t] = (float)MIN (3400, 500 + (t - 60) * 10.0);
    }
}

static void
named_spike (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 5; i++)
    {
      SimPlan *plan = sim_part_vm (load, 4096);

      sim_part_constant (load, plan, 600);
      for (guint t = 300; i == 0 && t < 420; t++)
        plan->demand[t] = 3200;
      sim_part_limit_rate (load, plan, 800);
    }
}

static void
named_spikes (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 8; i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      sim_part_constant (load, plan, 400);
      for (guint t = 60 + 100 * i; t < MIN (120 + 100 * i, load->seconds); t++)
        plan->demand[t] = 1600;
      sim_part_limit_rate (load, plan, 400);
    }
}

static void
named_pairs (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      for (guint t = 0; t < load->seconds; t++)
        plan->demand[t]
            = (float)(900 + (i % 2 ? -600 : 600) * sin (t * 2 * G_PI / (180 + 40 * (i / 2))));
    }
}

static void
named_diurnal (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 8; i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      for (guint t = 0; t < load->seconds; t++)
        plan->demand[t]
            = (float)(800 + 550 * sin ((double)t / load->seconds * 4 * G_PI + i * G_PI / 4)
                      + sim_random_between (random, -20, 20));
    }
}

static void
named_boot_storm (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 16; i++)
    {
      SimPlan *plan = sim_part_vm (load, 1024);

      plan->start = 30 + 5 * i;
      plan->reads = 15; /* what a boot reads stays in its cache: untended, it fills its memory */
      for (guint t = plan->start; t < load->seconds; t++)
        plan->demand[t] = (float)(t - plan->start < 30 ? 120 + 10 * (t - plan->start) : 250);
    }
}

static void
named_hog (SimLoad *load, SimRandom *random)
{
  sim_part_constant (load, sim_part_vm (load, 4096), 5000);
  for (guint i = 0; i < 4; i++)
    sim_part_markov (load, sim_part_vm (load, 1024), random, 300, 700, 60);
  sim_part_limit_rate (load, &load->vms[0], 50);
}

static void
named_cache (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      if (i < 3)
        {
          sim_part_constant (load, plan, 400);
          plan->reads = 20;
          for (guint t = 0; t < load->seconds; t++)
            plan->hot_cache[t] = 300;
        }
      else
        sim_part_bursts (load, plan, random, 400, 1400, 90, 40);
      sim_part_limit_rate (load, plan, 200);
    }
}

static void
named_stuck (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      if (i < 2)
        plan->kind = SIM_STUCK;
      if (i < 2)
        sim_part_constant (load, plan, 400);
      else
        sim_part_markov (load, plan, random, 500, 1300, 80);
      sim_part_limit_rate (load, plan, 100);
    }
}

static void
named_host_step (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    sim_part_markov (load, sim_part_vm (load, 2048), random, 400, 900, 100);
  for (guint t = 300; t < 600; t++)
    load->base[t] += (float)MIN (2500, (t - 299) * 100.0);
}

static void
named_markov (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 8; i++)
    {
      sim_part_markov (load, sim_part_vm (load, 2048), random, 300, 1600, 45);
      sim_part_limit_rate (load, &load->vms[i], 200);
    }
}

static void
named_sawtooth (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    sim_part_sawtooth (load, sim_part_vm (load, 2048), 300, 1600, 240, 40 * i);
}

static void
named_staircase (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    {
      sim_part_staircase (load, sim_part_vm (load, 3072), random, 500, 2400, 60);
      sim_part_limit_rate (load, &load->vms[i], 300);
    }
}

static void
named_weights (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 4; i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      plan->weight = 50 << i;
      sim_part_constant (load, plan, 1700);
      sim_part_limit_rate (load, plan, 20);
    }
}

static void
named_reboot_loop (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 5; i++)
    sim_part_markov (load, sim_part_vm (load, 2048), random, 400, 1100, 90);
  load->vms[0].reboot_every = 45;
  sim_part_constant (load, &load->vms[0], 500);
}

static void
named_kinds (SimLoad *load, SimRandom *random)
{
  const guint kinds[] = { SIM_AUTODEFLATE, SIM_REPORTING, SIM_NO_SWAP, SIM_PARTIAL,
                          SIM_SLOW,        SIM_LYING,     SIM_FOREIGN, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      SimPlan *plan = sim_part_vm (load, 2048);

      plan->kind = kinds[i];
      sim_part_markov (load, plan, random, 400, 1200, 70);
      sim_part_limit_rate (load, plan, 60);
    }
}

static void
named_infeasible (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 6; i++)
    {
      sim_part_constant (load, sim_part_vm (load, 2048), 1500);
      sim_part_limit_rate (load, &load->vms[i], 20);
    }
}

static void
named_idle (SimLoad *load, SimRandom *random)
{
  for (guint i = 0; i < 12; i++)
    sim_part_constant (load, sim_part_vm (load, 2048), 150 + 10 * i);
}

typedef struct
{
  const char *name;
  void (*make) (SimLoad *load, SimRandom *random);
  double part; /* of the peak that the host has */
} Named;

static const Named named[] = {
  { "steady", named_steady, 1.25 },
  { "ramp", named_ramp, 1.15 },
  { "spike", named_spike, 1.15 },
  { "spikes", named_spikes, 1.15 },
  { "pairs", named_pairs, 1.12 },
  { "diurnal", named_diurnal, 1.15 },
  { "boot-storm", named_boot_storm, 1.3 },
  { "hog", named_hog, 0.75 },
  { "cache", named_cache, 1.1 },
  { "stuck", named_stuck, 1.3 },
  { "host-step", named_host_step, 1.12 },
  { "markov", named_markov, 1.1 },
  { "sawtooth", named_sawtooth, 1.12 },
  { "staircase", named_staircase, 1.1 },
  { "weights", named_weights, 0.7 },
  { "reboot-loop", named_reboot_loop, 1.15 },
  { "period", named_markov, 1.15 },
  { "clock", named_markov, 1.15 },
  { "kinds", named_kinds, 1.2 },
  { "infeasible", named_infeasible, 0.75 },
  { "idle", named_idle, 2 },
};

SimLoad *
sim_load_named (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    if (strcmp (named[i].name, name) == 0)
      {
        SimLoad *load = g_new0 (SimLoad, 1);
        SimRandom random = { .state = i + 1 };

        g_strlcpy (load->name, name, sizeof load->name);
        load->seed = i + 1;
        load->seconds = 900;
        sim_part_host (load, &random, 800);
        named[i].make (load, &random);
        sim_part_settle (load, sim_part_peak (load, 0) * named[i].part);
        load->period_changed_at = strcmp (name, "period") == 0 ? 300 : 0;
        load->clock_jumps_at = strcmp (name, "clock") == 0 ? 300 : 0;
        return load;
      }
  return NULL;
}

/* Random loads */

guint sim_fresh_number = 1;

const char *
sim_set_name (SimSet set)
{
  static const char *const names[] = { "tuning", "hold-out", "fresh" };

  return names[set];
}

guint64
sim_set_seeds (SimSet set, guint kind)
{
  static const guint64 seeds[][2] = {
    [SIM_TUNING]
    = { G_GUINT64_CONSTANT (0x7475000000000000), G_GUINT64_CONSTANT (0x7475636c61000000) },
    [SIM_HOLD_OUT]
    = { G_GUINT64_CONSTANT (0x686f6c6433000000), G_GUINT64_CONSTANT (0x686f636c33000000) },
    [SIM_FRESH]
    = { G_GUINT64_CONSTANT (0x6672000000000000), G_GUINT64_CONSTANT (0x6673000000000000) },
  };

  return seeds[set][kind] + (set == SIM_FRESH ? (guint64)sim_fresh_number << 24 : 0);
}

SimLoad *
sim_load_random (SimSet set, guint number)
{
  SimLoad *load = g_new0 (SimLoad, 1);
  SimRandom random = { .state = sim_set_seeds (set, 0) + number };
  guint n = 4 + sim_random_below (&random, 9);

  load->seed = random.state;
  load->seconds = 900;
  g_snprintf (load->name, sizeof load->name, "%s-%02u", sim_set_name (set), number);
  sim_part_host (load, &random, sim_random_between (&random, 500, 1200));
  for (guint i = 0; i < n; i++)
    {
      SimPlan *plan = sim_part_vm (load, 1024.0 * (1 + sim_random_below (&random, 4)));

      sim_part_demand (load, plan, &random);
      if (sim_random_unit (&random) < 0.3)
        plan->reads = sim_random_between (&random, 2, 30);
      for (guint t = 0; plan->reads > 0 && t < load->seconds; t++)
        plan->hot_cache[t] = (float)MIN (100, plan->capacity / 20);
    }
  sim_part_settle (load, sim_part_peak (load, 0) * sim_random_between (&random, 0.9, 1.35));
  return load;
}
