/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small generator of random figures (splitmix64) that gives the same on every machine. */
#pragma once

#include <glib.h>

typedef struct
{
  guint64 state;
} SimRandom;

static inline guint64
sim_random_next (SimRandom *random)
{
  guint64 z = (random->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double
sim_random_unit (SimRandom *random)
{
  return (double)(sim_random_next (random) >> 11) / (double)((guint64)1 << 53);
}

static inline double
sim_random_between (SimRandom *random, double least, double most)
{
  return least + (most - least) * sim_random_unit (random);
}

/* In 0 … n − 1. */
static inline guint
sim_random_below (SimRandom *random, guint n)
{
  return (guint)(sim_random_next (random) % n);
}
