/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What loads are made of: VMs, demands over time, a host. Sizes are MiB. */
#pragma once

#include "load.h"

/* One of the earlier loads' VMs; callers change what is other. */
SimPlan *sim_part_vm (SimLoad *load, double capacity);

/* The most that it can use and be well. */
double sim_part_most (const SimPlan *plan);

void sim_part_constant (SimLoad *load, SimPlan *plan, double level);

/* Follows its demand no faster than @rate MiB a second upwards; freeing is at once. */
void sim_part_limit_rate (SimLoad *load, SimPlan *plan, double rate);

void sim_part_markov (
    SimLoad *load, SimPlan *plan, SimRandom *random, double low, double high, double stay);
void sim_part_sawtooth (
    SimLoad *load, SimPlan *plan, double low, double high, guint period, guint phase);
void sim_part_staircase (
    SimLoad *load, SimPlan *plan, SimRandom *random, double low, double high, guint step_seconds);
void sim_part_bursts (SimLoad *load,
                      SimPlan *plan,
                      SimRandom *random,
                      double low,
                      double high,
                      guint every,
                      guint lasts);

/* One of these, or nothing but little. */
void sim_part_demand (SimLoad *load, SimPlan *plan, SimRandom *random);

void sim_part_event (SimPlan *plan, guint t, SimHand what, double value);

/* What the host itself uses. */
void sim_part_host (SimLoad *load, SimRandom *random, double base);

/* What all need in the worst second, with @headroom each as far as it is not most of a VM. */
double sim_part_peak (const SimLoad *load, double headroom);

/* Gives the host its size, when all else is there. */
void sim_part_settle (SimLoad *load, double total);

/* Whether the host has room in every second for what all need, and what balloons have not taken
 * yet of what was needed before. */
gboolean sim_part_keeps_up (const SimLoad *load);
