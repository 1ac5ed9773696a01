/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random loads by what is special in them. Each class has loads for tuning and others to hold out,
 * whose seeds never meet: a third comfortable, a third tight, and a third that does not fit.
 */
#pragma once

#include "load.h"

#define SIM_CLASS_SIZE 24

/* Ends with NULL. The first is "earlier": the sets of sim_load_random(). */
extern const char *const sim_class_names[];

/* Returns: (nullable): what is in class @load_class, for people. */
const char *sim_class_about (guint load_class);

/* How many loads a set of this class has. */
guint sim_class_size (guint load_class);

/* Returns: (transfer full): free with g_free(). */
SimLoad *sim_load_of_class (SimSet set, guint load_class, guint number);
