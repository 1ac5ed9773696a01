/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy's own numbers by name, so that each can be tried at other values. */
#pragma once

#include "policy.h"

/* Ends with NULL. */
const char *const *sim_knob_names (void);

/* Returns: (nullable): the figure of that name in @tuning. */
guint *sim_knob_find (McTuning *tuning, const char *name);

/* Sets what "NAME=VALUE" says. */
gboolean sim_knob_set (McTuning *tuning, const char *assignment, GError **error);
