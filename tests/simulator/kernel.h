/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guest kernels do with a balloon, by version and by the memory that they booted with. MiB. */
#pragma once

#include <glib.h>

typedef enum
{
  SIM_KERNEL_PLAIN, /* of the earlier loads: the same at every size */
  SIM_KERNEL_6_1,   /* Debian 12 */
  SIM_KERNEL_6_12,  /* Debian 13 */
} SimKernel;

/* What MemTotal is below the balloon. */
double sim_kernel_outside (SimKernel kernel, double capacity);

/* What it holds for itself, what is outside of MemTotal included. */
double sim_kernel_holds (SimKernel kernel, double capacity);

/* What it keeps free for itself, which is unused and not usable. */
double sim_kernel_bias (SimKernel kernel, double capacity);

/* What its per-CPU lists hide at most of what a balloon gives back, which part of a grant goes
 * there, and how much of it comes out in a second by itself. */
double sim_kernel_hides (SimKernel kernel, double capacity);
double sim_kernel_hides_part (SimKernel kernel);
double sim_kernel_drains (SimKernel kernel);

/* Where an inflating balloon stops by itself, whatever it was told. */
double sim_kernel_stops_at (SimKernel kernel, double capacity);

/* At this balloon and below it the guest is silent for good; 0 = never. */
double sim_kernel_dies_at (SimKernel kernel, double capacity);
