/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy's own numbers by name, so that each can be tried at other values. */
#include "config.h"

#include "knobs.h"

#include <stddef.h>
#include <string.h>

/* No figure of the policy is larger: percents, seconds, MiB. */
#define VALUE_MOST 100000

#define KNOB(member) { #member, offsetof (McTuning, member) }

static const struct
{
  const char *name;
  gsize offset;
} knobs[] = {
  KNOB (hold_s),
  KNOB (half_life_s),
  KNOB (surge_times),
  KNOB (headroom_percent),
  KNOB (floor_percent),
  KNOB (swap_percent),
  KNOB (ahead_percent),
  KNOB (margin_mib),
  KNOB (margin_per_mille),
  KNOB (pool_percent),
  KNOB (pool_slack_percent),
  KNOB (keep_in_comfort_s),
  KNOB (keep_when_tight_s),
  KNOB (keep_for_pool_s),
  KNOB (keep_from_need_s),
  KNOB (keep_after_start_s),
  KNOB (comfort_pace_s),
  KNOB (trifle_percent),
  KNOB (need_trifle_percent),
  KNOB (tight_trifle_percent),
  KNOB (comfort_trifle_percent),
  KNOB (squeeze_percent),
  KNOB (comfort_step_percent),
  KNOB (sleep_turn_s),
  KNOB (sleep_least_s),
};

G_STATIC_ASSERT (G_N_ELEMENTS (knobs) * sizeof (guint) == sizeof (McTuning));

const char *const *
sim_knob_names (void)
{
  static const char *names[G_N_ELEMENTS (knobs) + 1];

  for (gsize i = 0; i < G_N_ELEMENTS (knobs); i++)
    names[i] = knobs[i].name;
  return names;
}

guint *
sim_knob_find (McTuning *tuning, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (knobs); i++)
    if (strcmp (knobs[i].name, name) == 0)
      return (guint *)((char *)tuning + knobs[i].offset);
  return NULL;
}

gboolean
sim_knob_set (McTuning *tuning, const char *assignment, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (assignment, "=", 2);
  guint64 value;
  guint *knob = parts[0] != NULL ? sim_knob_find (tuning, parts[0]) : NULL;

  if (knob == NULL || parts[1] == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "'%s' is not NAME=VALUE with a name that --list shows", assignment);
      return FALSE;
    }
  if (!g_ascii_string_to_unsigned (parts[1], 10, 0, VALUE_MOST, &value, error))
    {
      g_prefix_error (error, "%s: ", parts[0]);
      return FALSE;
    }
  *knob = (guint)value;
  return TRUE;
}
