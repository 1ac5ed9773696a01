/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guest kernels do with a balloon. Figures are measured in Debian 12 and 13 guests of 128 MiB
 * to 4 GiB; for larger guests they are drawn out: page descriptors are a 64th of the memory, zone
 * watermarks 0.2 %.
 */
#include "config.h"

#include "kernel.h"

/* The earlier loads' */
#define PLAIN_OUTSIDE 40.0
#define PLAIN_HOLDS   40.0
#define PLAIN_PART    0.03
#define PLAIN_BIAS    66.0
#define PLAIN_HIDES   46.0

/* MemTotal below the balloon: 36, 38, 42, 51 at 128, 256, 512, 1024 MiB; from 3 GiB on with a
 * bounce buffer of 64; in Debian 13 five more. */
#define OUTSIDE_AT_1024 51.0
#define BOUNCE_BUFFER   64.0
#define BOUNCE_FROM     3072.0
#define OUTSIDE_OF_6_12 5.0

/* Beside that an idle guest uses so much: 27, 35, 38 at 512, 1024, 2048 MiB. */
#define IDLE 32.0

/* Free and not usable: 1, 65, 69 at 512, 1024, 2048 MiB. */
#define BIAS_FROM  1000.0
#define BIAS       66.0
#define BIAS_PART  0.002
#define SMALL_BIAS 1.0

/* Of these two an idle guest's inflating balloon leaves all but: 6.12 stops at 129 and 148 in
 * guests of 1 and 2 GiB, 6.1 is silent at 112 and 144, and answers at 132 and 164. */
#define STOPS_BELOW 27.0
#define DIES_BELOW  32.0

/* Hidden after a deflate: 6.1 has 52 of 312 MiB at 1 GiB and 72 of 820 at 4 GiB, and keeps them;
 * 6.12 has 84 and 214 of the same, and drains. */
#define HIDES_6_1       45.0
#define HIDES_6_1_GIB   7.0
#define HIDES_6_12      40.0
#define HIDES_6_12_GIB  44.0
#define HIDES_6_12_MOST 1024.0
#define HIDES_6_12_PART 0.27
#define DRAINS_6_12     8.0

double
sim_kernel_outside (SimKernel kernel, double capacity)
{
  double outside;

  if (kernel == SIM_KERNEL_PLAIN)
    return PLAIN_OUTSIDE;
  if (capacity <= 1024)
    outside = OUTSIDE_AT_1024 - (1024 - capacity) / 60;
  else
    outside = OUTSIDE_AT_1024 + (capacity - 1024) / 64;
  if (capacity > BOUNCE_FROM)
    outside += BOUNCE_BUFFER;
  return outside + (kernel == SIM_KERNEL_6_12 ? OUTSIDE_OF_6_12 : 0);
}

double
sim_kernel_holds (SimKernel kernel, double capacity)
{
  if (kernel == SIM_KERNEL_PLAIN)
    return MAX (PLAIN_HOLDS, capacity * PLAIN_PART);
  return sim_kernel_outside (kernel, capacity) + IDLE;
}

double
sim_kernel_bias (SimKernel kernel, double capacity)
{
  if (capacity < BIAS_FROM)
    return SMALL_BIAS;
  return kernel == SIM_KERNEL_PLAIN ? PLAIN_BIAS : BIAS + capacity * BIAS_PART;
}

double
sim_kernel_hides (SimKernel kernel, double capacity)
{
  double gib = capacity / 1024;

  if (kernel == SIM_KERNEL_6_1)
    return MIN (HIDES_6_1 + HIDES_6_1_GIB * gib, capacity / 10);
  if (kernel == SIM_KERNEL_6_12)
    return MIN (MIN (HIDES_6_12 + HIDES_6_12_GIB * gib, HIDES_6_12_MOST), capacity / 10);
  return PLAIN_HIDES;
}

double
sim_kernel_hides_part (SimKernel kernel)
{
  return kernel == SIM_KERNEL_6_12 ? HIDES_6_12_PART : 1;
}

double
sim_kernel_drains (SimKernel kernel)
{
  return kernel == SIM_KERNEL_6_12 ? DRAINS_6_12 : 0;
}

double
sim_kernel_stops_at (SimKernel kernel, double capacity)
{
  double least = sim_kernel_holds (kernel, capacity) + sim_kernel_bias (kernel, capacity);

  if (kernel == SIM_KERNEL_6_12 && capacity >= BIAS_FROM)
    return least - STOPS_BELOW;
  if (kernel == SIM_KERNEL_6_1 && capacity >= BIAS_FROM)
    return least - DIES_BELOW;
  return least;
}

double
sim_kernel_dies_at (SimKernel kernel, double capacity)
{
  if (kernel == SIM_KERNEL_6_1 && capacity >= BIAS_FROM)
    return sim_kernel_stops_at (kernel, capacity);
  return 0;
}
